//! The minimum of a function of one variable.

/// A golden section of an interval: 2 - φ of its length.
const GOLDEN: f64 = 0.381_966_011_250_105_1;
/// Steps out to a bracket; each widens it by more than φ.
const WIDEST: usize = 60;
/// Steps in. Golden sections alone need 40 from one unit to [`TOLERANCE`].
const MOST: usize = 200;
/// Relative: closer, a minimum is flat to the last bit.
const TOLERANCE: f64 = 1e-8;

/// Where `f` has a minimum, found from `a` and `b` outwards and then by parabolas and golden sections (Brent 1973, *Algorithms for
/// minimization without derivatives*). `f` may be infinite or NaN where it is not to be; `None` if it was nowhere finite.
pub(super) fn minimize(f: impl Fn(f64) -> f64, a: f64, b: f64) -> Option<f64> {
    let f = |x: f64| Some(f(x)).filter(|y| !y.is_nan()).unwrap_or(f64::INFINITY);
    let (low, middle, high, value) = bracket(&f, a, b);
    let (x, y) = descend(&f, (low.min(high), high.max(low)), (middle, value));
    y.is_finite().then_some(x)
}

/// Goes downhill from `a` and `b` until it goes up again: two ends, and a point between them (with its value) that is no higher.
fn bracket(f: &impl Fn(f64) -> f64, a: f64, b: f64) -> (f64, f64, f64, f64) {
    let ((mut a, fa), (mut b, mut fb)) = ((a, f(a)), (b, f(b)));
    if fb > fa || (fb == fa && b.abs() > a.abs()) {
        ((a, b), fb) = ((b, a), fa);
    }
    for _ in 0..WIDEST {
        let c = b + (b - a) * (1.0 - GOLDEN) / GOLDEN;
        let fc = f(c);
        if fc >= fb {
            return (a, b, c, fb);
        }
        (a, b, fb) = (b, c, fc);
    }
    (a, b, b, fb)
}

/// The lowest point that is found between two ends.
fn descend(f: &impl Fn(f64) -> f64, (mut low, mut high): (f64, f64), start: (f64, f64)) -> (f64, f64) {
    // The lowest points so far, lowest first.
    let (mut x, mut second, mut third) = (start, start, start);
    let (mut step, mut before) = (0.0f64, 0.0f64);
    for _ in 0..MOST {
        let middle = 0.5 * (low + high);
        let tolerance = TOLERANCE * (x.0.abs() + 1e-3);
        if (x.0 - middle).abs() <= 2.0 * tolerance - 0.5 * (high - low) {
            break;
        }
        // The lowest point of the parabola through the three, if it lies inside and steps shrink.
        let r = (x.0 - second.0) * (x.1 - third.1);
        let q = (x.0 - third.0) * (x.1 - second.1);
        let numerator = (x.0 - third.0) * q - (x.0 - second.0) * r;
        let denominator = 2.0 * (r - q);
        let parabola = numerator / denominator;
        let to = x.0 + parabola;
        let usable = parabola.is_finite() && parabola.abs() < 0.5 * before.abs() && to > low && to < high;
        before = step;
        step = if usable {
            let near_an_end = to - low < 2.0 * tolerance || high - to < 2.0 * tolerance;
            if near_an_end { tolerance.copysign(middle - x.0) } else { parabola }
        } else {
            before = if x.0 >= middle { low - x.0 } else { high - x.0 };
            GOLDEN * before
        };
        let at = x.0 + if step.abs() >= tolerance { step } else { tolerance.copysign(step) };
        let new = (at, f(at));
        if new.1 <= x.1 {
            if at >= x.0 {
                low = x.0
            } else {
                high = x.0
            }
            (third, second, x) = (second, x, new);
        } else {
            if at < x.0 {
                low = at
            } else {
                high = at
            }
            if new.1 <= second.1 || second.0 == x.0 {
                (third, second) = (second, new);
            } else if new.1 <= third.1 || third.0 == x.0 || third.0 == second.0 {
                third = new;
            }
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn minima_are_found_inside_and_outside_of_the_start() {
        for at in [-300.0, -2.0, 0.0, 0.3, 1.9, 55.0] {
            let calls = Cell::new(0);
            let found = minimize(
                |x| {
                    calls.set(calls.get() + 1);
                    (x - at) * (x - at) + 0.1 * (x - at).powi(4) + 3.0
                },
                -2.0,
                2.0,
            );
            // A minimum is known to the square root of the rounding of its value.
            assert!((found.unwrap() - at).abs() < 1e-6 * (1.0 + at.abs()), "{at}: {found:?}");
            assert!(calls.get() < 80, "{at}: {} calls", calls.get());
        }
    }

    #[test]
    fn what_is_not_finite_is_avoided() {
        let wall = |x: f64| if x > 1.0 { f64::NAN } else { (x - 0.5).abs() };
        assert!((minimize(wall, -2.0, 2.0).unwrap() - 0.5).abs() < 1e-6);
        assert_eq!(minimize(|_| f64::INFINITY, -2.0, 2.0), None);
        assert!(minimize(|x| -x, -2.0, 2.0).unwrap() > 1e9, "no minimum: far down");
    }
}
