//! The logarithms of the two probabilities that a logit stands for, in vectors.

use evenkeel_tensor::Float;

/// What a logit x says: p = 1 / (1 + e^-x) of class 1, q = 1 - p of class 0, and their logarithms.
#[derive(Clone, Copy)]
pub(super) struct Logit<F> {
    pub(super) p: F,
    pub(super) q: F,
    pub(super) minus_ln_p: F,
    pub(super) minus_ln_q: F,
}

impl<F: Float> Logit<F> {
    /// All from one exponential of -|x|, which cannot overflow; nothing is subtracted from 1, so that small probabilities keep
    /// their relative accuracy.
    #[inline(always)]
    pub(super) fn new(x: F) -> Self {
        let e = (-x.abs()).exp();
        let (large, bend) = (F::ONE / (F::ONE + e), ln_1p_of_fraction(e));
        let small = e * large;
        let is_positive = x > F::ZERO;
        Self {
            p: if is_positive { large } else { small },
            q: if is_positive { small } else { large },
            minus_ln_p: if is_positive { bend } else { bend - x },
            minus_ln_q: if is_positive { bend + x } else { bend },
        }
    }
}

/// ln(1 + u) for u in [0, 1], within 4 units in the last place, also near 0: the library's is as accurate and is no vector code.
///
/// With s = u / (2 + u) <= 1/3 it is 2 artanh s = 2 s (1 + s²/3 + s⁴/5 + ...), cut where the next term is below a quarter of a
/// unit in the last place: s^16 / 17 = 1.4e-9 and s^34 / 35 = 1.7e-18.
#[inline(always)]
fn ln_1p_of_fraction<F: Float>(u: F) -> F {
    let s = u / (F::from_f64(2.0) + u);
    let square = s * s;
    // Written out: a loop here would keep the one around it from becoming vector code.
    macro_rules! series {
        ($($odd:literal)*) => {{
            let sum = F::ZERO;
            $( let sum = sum * square + F::from_f64(2.0 / $odd); )*
            s * sum
        }};
    }
    if F::EPSILON.to_f64() > 1e-10 {
        series!(15.0 13.0 11.0 9.0 7.0 5.0 3.0 1.0)
    } else {
        series!(33.0 31.0 29.0 27.0 25.0 23.0 21.0 19.0 17.0 15.0 13.0 11.0 9.0 7.0 5.0 3.0 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (value - reference) in units in the last place of the reference.
    fn units<F: Float>(value: F, reference: f64) -> f64 {
        (value.to_f64() - reference).abs() / (reference.abs() * F::EPSILON.to_f64())
    }

    #[test]
    fn the_series_is_the_logarithm() {
        for i in 0..=20_000 {
            let u = f64::from(i) / 20_000.0;
            for u in [u, u * u * u, u * 1e-20] {
                assert!(u == 0.0 || units(ln_1p_of_fraction(u), u.ln_1p()) <= 4.0, "{u}");
                let single = u as f32;
                assert!(u == 0.0 || units(ln_1p_of_fraction(single), f64::from(single).ln_1p()) <= 4.0, "{u}");
            }
        }
        assert_eq!(ln_1p_of_fraction(0.0f32), 0.0);
    }

    #[test]
    fn both_probabilities_keep_their_digits() {
        for i in -3000..=3000 {
            let x = f64::from(i) / 100.0;
            let logit = Logit::new(x);
            let (p, q) = (1.0 / (1.0 + (-x).exp()), 1.0 / (1.0 + x.exp()));
            let ln_p = |x: f64| if x > 0.0 { (-x).exp().ln_1p() } else { x.exp().ln_1p() - x };
            for (got, expected) in
                [(logit.p, p), (logit.q, q), (logit.minus_ln_p, ln_p(x)), (logit.minus_ln_q, ln_p(-x))]
            {
                assert!(units(got, expected) <= 8.0, "{x}: {got}, not {expected}");
            }
        }
    }

    #[test]
    fn large_logits() {
        for x in [1e4f32, 1e30, f32::MAX] {
            let (up, down) = (Logit::new(x), Logit::new(-x));
            assert_eq!((up.p, up.q, up.minus_ln_p, up.minus_ln_q), (1.0, 0.0, 0.0, x));
            assert_eq!((down.p, down.q, down.minus_ln_p, down.minus_ln_q), (0.0, 1.0, x, 0.0));
        }
        let nan = Logit::new(f32::NAN);
        assert!([nan.p, nan.q, nan.minus_ln_p, nan.minus_ln_q].iter().all(|x| x.is_nan()));
    }
}
