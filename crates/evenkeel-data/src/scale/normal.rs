//! The standard normal distribution function and its inverse.

use evenkeel_tensor::Float;

/// Φ(x), the probability of a value below x.
#[inline(always)]
pub(super) fn probability(x: f64) -> f64 {
    0.5 * Float::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Φ⁻¹(p): the x of that probability, to about 16 digits; infinite for 0 and 1 (Wichura 1988, "The percentage points of the normal
/// distribution", algorithm AS 241, PPND16).
pub(super) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&CENTRE, 0.180625 - q * q);
    }
    let r = (-f64::ln(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let x = if r <= 5.0 { ratio(&TAIL, r - 1.6) } else { ratio(&FAR, r - 5.0) };
    if r.is_infinite() { r.copysign(q) } else { x.copysign(q) }
}

/// A quotient of two polynomials, given by their coefficients from the highest power down.
#[inline(always)]
fn ratio(coefficients: &[[f64; 8]; 2], x: f64) -> f64 {
    let [above, below] = coefficients.map(|c| c.iter().fold(0.0, |y, c| y * x + c));
    above / below
}

const CENTRE: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    [
        5.226_495_278_852_545e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
];
const TAIL: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];
const FAR: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_8e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_undoes_the_probability() {
        for i in -80..=80 {
            let x = f64::from(i) / 10.0;
            let p = probability(x);
            // Φ is known to an epsilon of itself, or of 1 above the middle; its slope there is the density.
            let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let known = 1e-14 + 8.0 * f64::EPSILON * p / density;
            assert!((quantile(p) - x).abs() <= known, "{x}: {}", quantile(p));
        }
        assert_eq!([0.0, 0.5, 1.0].map(quantile), [-f64::INFINITY, 0.0, f64::INFINITY]);
        assert!(quantile(f64::NAN).is_nan());
    }

    /// Computed with mpmath in 40 digits, for these p as an `f64` has them.
    #[test]
    fn known_quantiles() {
        let known =
            [(0.975, 1.959_963_984_540_054_2), (1e-10, -6.361_340_902_404_056), (1e-300, -37.047_096_299_361_2)];
        for (p, x) in known {
            assert!((quantile(p) / x - 1.0).abs() < 2e-15, "{p}: {}", quantile(p));
        }
    }
}
