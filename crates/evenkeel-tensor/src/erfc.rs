//! The complementary error function.

use crate::element::fused;

/// Defines `$name(x)`: erfc(x) = 1 - erf(x), for `$f` whose values beyond `$far` are 0.
///
/// For a = |x|, (1 + 2 a) e^(a²) erfc(a) lies between 1 and 1.13, and is a polynomial of q = (a - k) / (a + k), with k chosen so
/// that few terms suffice; for x < 0 it is 2 - erfc(a). The coefficients are those of the Chebyshev interpolation over
/// 0 <= a <= `$far` in 60 digits; it is within a quarter of the last place.
macro_rules! erfc {
    ($name:ident, $f:ident, $k:expr, $far:expr, [$($c:expr),* $(,)?]) => {
        #[inline(always)]
        #[allow(clippy::excessive_precision)]
        pub(crate) fn $name(x: $f) -> $f {
            let a = x.abs();
            // A plain comparison, so that NaN passes through.
            let a = if a > $far { $far } else { a };
            let q = (a - $k) / (a + $k);
            let mut p: $f = 0.0;
            $( p = fused!(p, q, $c); )*
            // The square's rounding error counts a² times as much in its exponential.
            let square = a * a;
            let error = fused!(a, a, -square);
            let e = crate::Float::exp(-square);
            let tail = (e - e * error) * p / (1.0 + 2.0 * a);
            if x < 0.0 { 2.0 - tail } else { tail }
        }
    };
}

erfc!(
    erfc_f32,
    f32,
    3.0,
    10.5,
    [
        -0.000273595999263,
        -0.000788120753037,
        0.00200177122554,
        0.0025768565168,
        -0.0237946645342,
        0.0682930290553,
        -0.119271919337,
        0.129646714853,
        -0.047562318168,
        -0.13562114906,
        1.25300805814,
    ]
);
erfc!(
    erfc_f64,
    f64,
    4.0,
    28.0,
    [
        -1.8206098680308683344e-9,
        -1.3670989863347382443e-8,
        -7.7154186144178301303e-9,
        1.1534943745754157287e-7,
        6.2707271571983108779e-8,
        -8.351619688696847075e-7,
        3.0135049944875394771e-7,
        5.7178872846321852018e-6,
        -0.000011224789135154700706,
        -0.000024403169244974074952,
        0.0001506222439483029924,
        -0.00019925550755614952137,
        -0.0007577733414133300446,
        0.0050319697558954261144,
        -0.016197734059115007082,
        0.037167515562492865974,
        -0.066330365811529384089,
        0.093732834996794115895,
        -0.10103906603635213169,
        0.068097054254737323901,
        0.015379652102620741303,
        -0.13962111684056289354,
        1.2329951186255525067,
    ]
);

#[cfg(test)]
mod tests {
    use crate::Float;
    use proptest::prelude::*;

    /// Computed with mpmath in 60 digits at the nearest `f64`.
    #[allow(clippy::excessive_precision)]
    const REFERENCE: [(f64, f64); 15] = [
        (-5.0, 1.9999999999984625402),
        (-1.0, 1.8427007929497148693),
        (-0.3, 1.3286267594591274162),
        (1e-10, 0.99999999988716208329),
        (0.1, 0.8875370839817151016),
        (0.5, 0.47950012218695346232),
        (1.0, 0.15729920705028513066),
        (1.5, 0.033894853524689272933),
        (2.0, 0.0046777349810472658379),
        (3.0, 0.000022090496998585441373),
        (5.0, 1.5374597944280348502e-12),
        (8.0, 1.122429717298292708e-29),
        (12.0, 1.3562611692059042128e-64),
        (20.0, 5.3958656116079009289e-176),
        (26.0, 5.6631924088561428465e-296),
    ];

    #[test]
    fn erfc_has_few_wrong_bits_also_far_out() {
        for (x, y) in REFERENCE {
            assert!(
                (Float::erfc(x) - y).abs() <= 6.0 * f64::EPSILON * y,
                "erfc({x}) = {:e}, not {y:e}",
                Float::erfc(x)
            );
        }
    }

    proptest! {
        #[test]
        fn erfc_f32_agrees_with_f64(x in -6f32..9.0) {
            let y = Float::erfc(f64::from(x));
            prop_assert!((f64::from(Float::erfc(x)) - y).abs() <= 6.0 * f64::from(f32::EPSILON) * y);
        }

        #[test]
        fn erfc_is_symmetric(x in -30f64..30.0) {
            prop_assert!((Float::erfc(x) + Float::erfc(-x) - 2.0).abs() <= 2.0 * f64::EPSILON);
        }

        /// erfc' = -2 / sqrt(pi) e^(-x²), here against a central difference of error h² |erfc'''| / 6.
        #[test]
        fn erfc_has_its_derivative(x in -3f64..3.0) {
            let h = 1e-4;
            let slope = (Float::erfc(x + h) - Float::erfc(x - h)) / (2.0 * h);
            let expected = -std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
            // |erfc'''| <= 4 / sqrt(pi); and the difference of values of at most 2 has an error of 6 epsilon each.
            prop_assert!((slope - expected).abs() <= 0.4 * h * h + 2.0 * 6.0 * f64::EPSILON * 2.0 / h);
        }
    }

    #[test]
    fn limits() {
        for (x, y) in [(f32::INFINITY, 0.0), (f32::NEG_INFINITY, 2.0), (1e30, 0.0), (-1e30, 2.0), (f32::MAX, 0.0)] {
            assert_eq!(Float::erfc(x), y, "erfc({x})");
            assert_eq!(Float::erfc(f64::from(x)), f64::from(y), "erfc({x})");
        }
        assert!((Float::erfc(0.0f32) - 1.0).abs() <= f32::EPSILON && (Float::erfc(0.0f64) - 1.0).abs() <= f64::EPSILON);
        assert!(Float::erfc(f32::NAN).is_nan() && Float::erfc(f64::NAN).is_nan());
    }
}
