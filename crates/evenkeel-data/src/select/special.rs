//! Tails of the F and chi-square distributions, by the regularised incomplete beta and gamma functions.
//!
//! Powers and gamma functions of large arguments cancel nearly. They are combined here as Loader (2000), "Fast and accurate
//! computation of binomial probabilities", does: the remainders of Stirling's formula, and ln(1 + e) - e. So a tail has about 13
//! right digits also for millions of rows.

/// The probability of an F above `f`, with `above` and `below` degrees of freedom.
pub(super) fn f_tail(f: f64, above: f64, below: f64) -> f64 {
    let total = below + above * f;
    if !total.is_finite() {
        return 0.0;
    }
    beta(below / 2.0, above / 2.0, below / total, above * f / total)
}

/// The probability of a chi-square above `x`, with `freedom` degrees of freedom.
pub(super) fn chi2_tail(x: f64, freedom: f64) -> f64 {
    gamma_upper(freedom / 2.0, x / 2.0)
}

/// I_x(a, b), the regularised incomplete beta function, for `y` = 1 - `x`.
pub(super) fn beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // x^a y^b / B(a, b)
    let u = b * x - a * y;
    let exponent = a * ln_1p_less(u / a) + b * ln_1p_less(-u / b) + stirling(a + b) - stirling(a) - stirling(b);
    let front = exponent.exp() * (a / (a + b) * b / std::f64::consts::TAU).sqrt();
    // The fraction converges fast below the mean, and the smaller tail is not a difference there.
    if u <= 0.0 { front * beta_fraction(a, b, x, -u) } else { 1.0 - front * beta_fraction(b, a, y, u) }
}

/// The continued fraction of I_x(a, b) (DiDonato & Morris 1992, formula 9), for `apart` = a (1 - x) - b x. Others have terms that cancel
/// where x is near 1.
fn beta_fraction(a: f64, b: f64, x: f64, apart: f64) -> f64 {
    lentz(a * (apart + 1.0) / (a + 1.0), |n| {
        let m = n as f64;
        let below = a + 2.0 * m - 1.0;
        let numerator = m * (a + m - 1.0) / below * ((a + b + m - 1.0) / below) * (b - m) * x * x;
        let last = (a + m) * (apart + 1.0 + m * (2.0 - x)) / (a + 2.0 * m + 1.0);
        (if n == 0 { 1.0 } else { numerator }, m + m * (b - m) * x / below + last)
    })
}

/// Q(a, x), the regularised upper incomplete gamma function.
pub(super) fn gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if !x.is_finite() {
        return 0.0;
    }
    // x^a e^-x / Γ(a)
    let front = (a * ln_1p_less((x - a) / a) - stirling(a)).exp() * (a / std::f64::consts::TAU).sqrt();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * f64::EPSILON * 0.25 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    // Abramowitz & Stegun 6.5.31, contracted to its even part.
    front
        * lentz(x + 1.0 - a, |n| {
            let m = n as f64;
            (if n == 0 { 1.0 } else { -m * (m - a) }, x + 2.0 * m + 1.0 - a)
        })
}

/// The continued fraction a0 / (b0 + a1 / (b1 + ...)) of the terms (aₙ, bₙ), by the modified method of Lentz (Thompson & Barnett
/// 1986); `first` is b0.
fn lentz(first: f64, term: impl Fn(usize) -> (f64, f64)) -> f64 {
    const TINY: f64 = 1e-300;
    // The number of terms grows with the square root of the arguments: enough for 1e11 rows.
    const MOST: usize = 1_000_000;
    let away = |x: f64| if x.abs() < TINY { TINY } else { x };
    let (mut c, mut d) = (1.0 / TINY, 1.0 / away(first));
    let mut fraction = term(0).0 * d;
    for n in 1..MOST {
        let (a, b) = term(n);
        d = 1.0 / away(b + a * d);
        c = away(b + a / c);
        let change = c * d;
        fraction *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

/// ln(1 + e) - e
fn ln_1p_less(e: f64) -> f64 {
    if e.abs() > 0.4 {
        return e.ln_1p() - e;
    }
    // ln(1 + e) = 2 (r + r³/3 + r⁵/5 + ...), and 2 r - e = - e r.
    let r = e / (2.0 + e);
    let square = r * r;
    let series = (1..=12).rev().fold(0.0, |sum, n| square * (sum + 1.0 / f64::from(2 * n + 1)));
    r * (2.0 * series - e)
}

/// What Stirling's formula leaves of ln Γ(z): ln Γ(z) - ((z - 1/2) ln z - z + ln(2π) / 2).
fn stirling(z: f64) -> f64 {
    // Γ(z + 1) = z Γ(z), until the series has its digits.
    let (mut shifted, mut product) = (z, 1.0);
    while shifted < 16.0 {
        product *= shifted;
        shifted += 1.0;
    }
    let square = 1.0 / (shifted * shifted);
    let coefficients =
        [1.0 / 156.0, -691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];
    let series = coefficients.iter().fold(0.0, |sum, c| sum * square + c) / shifted;
    if shifted == z {
        return series;
    }
    let leading = |z: f64| (z - 0.5) * z.ln() - z;
    series + leading(shifted) - leading(z) - f64::ln(product)
}

/// ψ(n), the derivative of ln Γ at a positive integer.
pub(super) fn digamma(n: usize) -> f64 {
    let (mut z, mut less) = (n as f64, 0.0);
    while z < 16.0 {
        less += 1.0 / z;
        z += 1.0;
    }
    let square = 1.0 / (z * z);
    let coefficients =
        [1.0 / 12.0, -691.0 / 32_760.0, 1.0 / 132.0, -1.0 / 240.0, 1.0 / 252.0, -1.0 / 120.0, 1.0 / 12.0];
    let series = coefficients.iter().fold(0.0, |sum, c| (sum + c) * square);
    z.ln() - 0.5 / z - series - less
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Values of `scipy.stats` and `scipy.special`, made by `tests/reference/selection.py`.
    #[test]
    fn values_are_those_of_scipy() {
        let reference: Value = serde_json::from_str(include_str!("../../tests/reference/selection.json")).unwrap();
        let check = |name: &str, least: usize, f: &dyn Fn(&[f64]) -> f64| {
            let cases = reference["special"][name].as_array().unwrap();
            assert!(cases.len() >= least, "{name}: {}", cases.len());
            for case in cases {
                let case: Vec<f64> = case.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
                let (expected, arguments) = case.split_last().unwrap();
                let got = f(arguments);
                // The logarithm of a tail of e^-300 is known to an epsilon of itself, and so the tail to 300 of them.
                let allowed = 1e-12 * f64::max(1.0, expected.ln().abs() / 100.0) * expected.abs();
                assert!((got - expected).abs() <= allowed, "{name} {arguments:?}: {got:e} for {expected:e}");
            }
        };
        check("f", 40, &|a| f_tail(a[0], a[1], a[2]));
        check("chi2", 30, &|a| chi2_tail(a[0], a[1]));
        check("beta", 30, &|a| beta(a[0], a[1], a[2], 1.0 - a[2]));
        check("gamma_upper", 20, &|a| gamma_upper(a[0], a[1]));
        check("digamma", 8, &|a| digamma(a[0] as usize));
    }

    #[test]
    fn ends_are_exact() {
        assert_eq!((f_tail(0.0, 2.0, 9.0), f_tail(f64::MAX, 2.0, 9.0)), (1.0, 0.0));
        assert_eq!((chi2_tail(0.0, 3.0), chi2_tail(f64::INFINITY, 3.0), chi2_tail(1e6, 3.0)), (1.0, 0.0, 0.0));
    }

    /// I_x(a, b) + I_(1-x)(b, a) = 1
    #[test]
    fn tails_add_up() {
        for a in [0.5, 1.0, 3.5, 40.0, 5e5] {
            for b in [0.5, 2.0, 17.0, 300.0] {
                for x in [0.01, 0.3, 0.5, 0.77, 0.999] {
                    let sum = beta(a, b, x, 1.0 - x) + beta(b, a, 1.0 - x, x);
                    assert!((sum - 1.0).abs() < 1e-12, "{a} {b} {x}: {sum}");
                }
            }
        }
    }
}
