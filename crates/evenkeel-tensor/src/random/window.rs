//! The Gaussian law between two bounds, by the inverse of its distribution function.

use crate::Float;

use super::law::ln_f64;

/// A window in which a standard Gaussian number is to lie, for [`truncated_normal`](super::truncated_normal).
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The bounds, mirrored where that brings a window in the upper tail into the lower one, whose probabilities are
    /// exact.
    low: f64,
    high: f64,
    mirrored: bool,
    /// The probability below the window, and in it.
    below: f64,
    inside: f64,
}

impl Window {
    /// The window between `low` and `high`; `None` if it has no probability.
    pub fn new(low: f64, high: f64) -> Option<Self> {
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        let mirrored = low > 0.0;
        let (low, high) = if mirrored { (-high, -low) } else { (low, high) };
        let below = distribution(low);
        let inside = distribution(high) - below;
        (inside > 0.0).then_some(Self { low, high, mirrored, below, inside })
    }

    /// The number below which lies the share `u` of the window's probability (above which, if the window is mirrored).
    #[inline]
    pub(super) fn quantile(&self, u: f64) -> f64 {
        const NEARLY_ONE: f64 = 1.0 - f64::EPSILON / 2.0;
        let x = quantile((self.below + u * self.inside).min(NEARLY_ONE)).clamp(self.low, self.high);
        if self.mirrored { -x } else { x }
    }

    /// The standard deviation of the law in the window.
    pub fn std(&self) -> f64 {
        let (half, middle) = (0.5 * (self.high - self.low), 0.5 * (self.high + self.low));
        if half * (1.0 + middle.abs()) < 0.75 {
            return narrow_std(half, middle);
        }
        let density = |x: f64| Float::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt() / self.inside;
        let (a, b) = (density(self.low), density(self.high));
        let mean = a - b;
        (1.0 + self.low * a - self.high * b - mean * mean).max(0.0).sqrt()
    }
}

/// The standard deviation of the law between `middle - half` and `middle + half`, where the density is nearly constant
/// and the closed form cancels: by Gauss-Legendre integration with 8 nodes, all of whose terms are positive. Exact for
/// polynomials of degree 15, and the exponent varies by less than 1.
fn narrow_std(half: f64, middle: f64) -> f64 {
    // Nodes in (0, 1), and their weights; those in (-1, 0) mirror them.
    const RULE: [(f64, f64); 4] = [
        (0.183_434_642_495_649_8, 0.362_683_783_378_362),
        (0.525_532_409_916_329, 0.313_706_645_877_887_27),
        (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
        (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
    ];
    // Offsets from the middle, in halves, and the law there: density over that in the middle.
    let terms = || {
        RULE.into_iter().flat_map(|(node, weight)| [(-node, weight), (node, weight)]).map(|(offset, weight)| {
            let x = half * offset;
            (offset, weight * Float::exp(-x * (middle + 0.5 * x)))
        })
    };
    let total: f64 = terms().map(|(_, share)| share).sum();
    let mean = terms().map(|(offset, share)| offset * share).sum::<f64>() / total;
    half * (terms().map(|(offset, share)| (offset - mean).powi(2) * share).sum::<f64>() / total).sqrt()
}

/// Φ(x), the probability below x, with small relative error.
fn distribution(x: f64) -> f64 {
    let density = Float::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt();
    if x < -3.0 {
        // Laplace's continued fraction φ(x) / (|x| + 1/(|x| + 2/(|x| + ...))), from the end.
        let fraction = (1..=120).rev().fold(-x, |tail, k| -x + f64::from(k) / tail);
        density / fraction
    } else if x > 3.0 {
        1.0 - distribution(-x)
    } else {
        // Marsaglia's series 1/2 + φ(x) (x + x³/3 + x⁵/(3 5) + ...); its terms fall from x² < k on.
        let (mut term, mut sum, mut k) = (x, 0.0, 1.0);
        while sum + term != sum {
            sum += term;
            k += 2.0;
            term *= x * x / k;
        }
        0.5 + density * sum
    }
}

/// Φ⁻¹(p) for p in (0, 1), to about 16 digits: Wichura 1988, "Algorithm AS 241", Applied Statistics 37, PPND16.
#[inline]
fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let r = (-ln_f64(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    x.copysign(q)
}

/// The ratio of two polynomials, coefficients of the lowest power first.
#[inline]
fn ratio(r: f64, [numerator, denominator]: &[[f64; 8]; 2]) -> f64 {
    let sum = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, &c| sum * r + c);
    sum(numerator) / sum(denominator)
}

const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];

const MIDDLE: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        0.000_774_545_014_278_341_4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        0.000_547_593_808_499_534_5,
        1.050_750_071_644_416_9e-9,
    ],
];

const FAR: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        0.000_786_869_131_145_613_3,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_7e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// mpmath, 40 digits.
    #[test]
    fn distribution_values() {
        for (x, p) in [
            (0.0, 0.5),
            (-1.0, 0.158_655_253_931_457_05),
            (2.0, 0.977_249_868_051_820_8),
            (-3.0, 0.001_349_898_031_630_094_6),
            (-4.0, 3.167_124_183_311_992e-5),
            (-10.0, 7.619_853_024_160_527e-24),
            (-37.0, 5.725_571_222_524_577e-300),
        ] {
            assert!((distribution(x) / p - 1.0).abs() < 1e-12, "{x}: {} for {p}", distribution(x));
        }
    }

    proptest! {
        /// Φ and Φ⁻¹ come from different sources, so that they undo each other tests both.
        #[test]
        fn quantile_undoes_the_distribution(x in -37.0f64..3.0) {
            // dx = dp / φ(x); in the lower tail the relative error of p counts, and φ(x) / Φ(x) > |x|.
            prop_assert!((quantile(distribution(x)) - x).abs() < 1e-12 * (1.0 + x.abs()));
        }

        #[test]
        fn values_lie_in_the_window(low in -30.0f64..30.0, width in 1e-3f64..10.0, u in 0.0f64..1.0) {
            let window = Window::new(low, low + width).unwrap();
            let x = window.quantile(u);
            prop_assert!(low <= x && x <= low + width);
        }
    }

    /// mpmath, 60 digits, by integration.
    #[test]
    fn deviations() {
        for (low, high, std, tolerance) in [
            (0.0, 1e-12, 2.886_751_345_948_129e-13, 1e-15),
            (0.0, 1e-6, 2.886_751_345_948_081e-7, 1e-15),
            (1.0, 1.001, 2.886_751_225_594_325_8e-4, 1e-12), // as 1.001 is rounded
            (-10.0, -9.998, 5.773_444_584_163_158e-4, 1e-12),
            (0.5, 0.75, 0.072_049_821_265_236_79, 1e-15),
            (3.0, 3.25, 0.071_015_653_368_932_33, 1e-11),
            (-20.0, -19.9375, 0.017_367_234_217_347, 1e-9),
            (-0.75, 0.75, 0.416_925_768_169_980_5, 1e-13),
            (-0.9375, 0.9375, 0.510_045_474_249_238_5, 1e-13),
            (1.0, 2.0, 0.269_708_891_400_712_4, 1e-13),
            (-2.0, 2.0, 0.879_625_661_034_239_8, 1e-15),
            (36.0, 36.0625, 0.016_032_542_790_254_03, 1e-8),
            (30.0, 31.0, 0.033_223_056_930_921_97, 1e-9),
        ] {
            let got = Window::new(low, high).unwrap().std();
            assert!((got / std - 1.0).abs() <= 4.0 * tolerance, "[{low}, {high}]: {got:e} for {std:e}");
            let mirrored = Window::new(-high, -low).unwrap().std();
            assert!((got / mirrored - 1.0).abs() <= 4.0 * tolerance, "[{low}, {high}]: {got:e} and {mirrored:e}");
        }
    }

    #[test]
    fn windows_without_probability_are_refused() {
        for (low, high) in
            [(1.0, 1.0), (2.0, -2.0), (f64::NAN, 1.0), (0.0, f64::NAN), (40.0, 41.0), (0.0, f64::INFINITY)]
        {
            assert!(Window::new(low, high).is_none(), "({low}, {high})");
        }
        assert!(Window::new(30.0, 31.0).is_some());
    }
}
