//! Two rings.

use evenkeel_tensor::Seed;

use super::{check_spread, generate, in_disc, jitter};
use crate::{DataError, Dataset};

/// Two classes on circles around the origin: class 0 of radius 0.5, class 1 of radius 1, uniform in the angle.
///
/// No line parts them, and a circle of radius 0.75 nearly does: for a noise s well below the radii it is wrong about
/// Φ(-0.25 / s) of the time, with Φ the standard normal distribution (0.1 % for 0.08, 0.6 % for 0.1). Scikit-learn's
/// `make_circles(factor=0.5)` has the same circles, with evenly spaced angles.
///
/// **Noise** is the standard deviation of the Gaussian number added to each coordinate.
///
/// # Errors
/// If `samples` is 0, or the noise is negative or not finite.
///
/// ```
/// use evenkeel_data::{Seed, synthetic};
///
/// let rings = synthetic::concentric_rings(2, 0.0, Seed(7))?.batch::<f32>(&[0, 1]);
/// let radii = [rings.inputs.as_slice()[0].hypot(rings.inputs.as_slice()[1]),
///              rings.inputs.as_slice()[2].hypot(rings.inputs.as_slice()[3])];
/// assert!((radii[0] - 0.5).abs() < 1e-6 && (radii[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn concentric_rings(samples: usize, noise: f64, seed: Seed) -> Result<Dataset, DataError> {
    const RADII: [f64; 2] = [0.5, 1.0];
    check_spread("concentric_rings", noise)?;
    generate("concentric_rings", samples, seed, |i, rng| {
        let class = i % RADII.len();
        let (point, square) = in_disc(rng);
        (jitter(point.map(|x| RADII[class] * x / square.sqrt()), noise, rng), class as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;

    /// Pins what a seed gives: a change here changes every user's results.
    #[test]
    fn value_stability() {
        let rings = concentric_rings(1000, 0.1, Seed(7)).unwrap();
        assert_eq!(
            points(&rings)[..2],
            [[-0.17326857149600983, 0.5923029184341431], [-0.8446511030197144, 0.7333872318267822]]
        );
        assert_eq!(rings.fingerprint(), 11_606_657_739_397_236_862);
    }

    #[test]
    fn classes_take_turns_and_small_sets_begin_large_ones() {
        let large = concentric_rings(101, 0.1, Seed(3)).unwrap();
        assert_eq!(large.class_counts(), Some(vec![51, 50]));
        assert!((0..101).all(|i| large.label(i) == Some(i as u32 % 2)));
        let small = concentric_rings(40, 0.1, Seed(3)).unwrap();
        assert_eq!(points(&small), points(&large)[..40]);
        assert_ne!(points(&small), points(&concentric_rings(40, 0.1, Seed(4)).unwrap()));
    }

    #[test]
    fn rings_are_round() {
        let rings = points(&concentric_rings(20_000, 0.0, Seed(1)).unwrap());
        for (i, [x, y]) in rings.iter().enumerate() {
            assert!((x.hypot(*y) - [0.5, 1.0][i % 2]).abs() < 1e-7);
        }
        // Of a uniform angle, cos(k a) has mean 0 and variance 1/2: five deviations of the mean of 20 000 are 0.025.
        for k in 1..=4 {
            let angles = rings.iter().map(|[x, y]| f64::from(k) * y.atan2(*x));
            let (sin, cos) = angles.fold((0.0, 0.0), |(s, c), a| (s + a.sin() / 20_000.0, c + a.cos() / 20_000.0));
            assert!(sin.abs() < 0.025 && cos.abs() < 0.025, "harmonic {k}: {sin}, {cos}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(matches!(concentric_rings(0, 0.1, Seed(0)), Err(DataError::Empty { .. })));
        for noise in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(concentric_rings(10, noise, Seed(0)), Err(DataError::Setting { .. })));
        }
        assert!(matches!(concentric_rings(10, 1e300, Seed(0)), Err(DataError::NotFinite { .. })));
        assert_eq!(concentric_rings(1, 0.1, Seed(0)).unwrap().class_counts(), Some(vec![1, 0]));
    }
}
