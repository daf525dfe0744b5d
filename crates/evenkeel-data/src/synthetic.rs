//! Generated data: points in the plane from a law that is known, as many as are asked for.
//!
//! A set is a function of the number of points, the noise and the seed. Classes take turns, so that they are balanced to
//! within one point, and the first points of a large set are the points of a small one. Coordinates are computed in `f64` and kept
//! in `f32`: the last bits, in which mathematical libraries differ, are rounded away.
//!
//! **Noise** is the standard deviation of the Gaussian number added to each coordinate, in the units of the coordinates.
//!
//! ```
//! use evenkeel_data::{Seed, synthetic};
//!
//! let rings = synthetic::concentric_rings(5000, 0.08, Seed(7))?;
//! assert_eq!(rings.class_counts(), Some(vec![2500, 2500]));
//! let (train, test) = rings.split_stratified(0.8, Seed(7))?;
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

use evenkeel_tensor::{Seed, Tensor};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::{DataError, Dataset};

/// Two classes on circles around the origin: class 0 of radius 0.5, class 1 of radius 1, uniform in the angle.
///
/// No line parts them, and a circle of radius 0.75 nearly does: for a noise s well below the radii it is wrong about
/// Φ(-0.25 / s) of the time, with Φ the standard normal distribution (0.1 % for 0.08, 0.6 % for 0.1). Scikit-learn's
/// `make_circles(factor=0.5)` has the same circles, with evenly spaced angles.
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
    plane("concentric_rings", RADII.len(), samples, noise, seed, |class, rng| {
        let (point, square) = in_disc(rng);
        point.map(|x| RADII[class] * x / square.sqrt())
    })
}

/// `samples` points whose classes take turns. `place` says where a point of a class lies before the noise is added.
fn plane(
    name: &'static str,
    classes: usize,
    samples: usize,
    noise: f64,
    seed: Seed,
    mut place: impl FnMut(usize, &mut ChaCha8Rng) -> [f64; 2],
) -> Result<Dataset, DataError> {
    if !(noise.is_finite() && noise >= 0.0) {
        let expected = "a noise that is finite and not negative, the deviation of what is added to each coordinate";
        return Err(DataError::Setting { operation: name, expected, got: noise });
    }
    let mut rng = seed.stream(name).rng();
    let (mut points, mut labels) = (Vec::new(), Vec::new());
    for class in (0..classes).cycle().take(samples) {
        let place = place(class, &mut rng);
        let error = gaussian(&mut rng);
        points.extend([0, 1].map(|axis| (place[axis] + noise * error[axis]) as f32));
        labels.push(class as u32);
    }
    Dataset::classification(Tensor::from_vec([samples, 2], points)?, labels, classes)
}

/// A point uniform in the unit disc without its centre, and the square of its distance from there.
fn in_disc(rng: &mut ChaCha8Rng) -> ([f64; 2], f64) {
    loop {
        let point = [(); 2].map(|()| 2.0 * rng.random::<f64>() - 1.0);
        let square = point[0] * point[0] + point[1] * point[1];
        if square > 0.0 && square < 1.0 {
            return (point, square);
        }
    }
}

/// Two independent standard normal numbers, by the polar method (Marsaglia & Bray 1964).
fn gaussian(rng: &mut ChaCha8Rng) -> [f64; 2] {
    let (point, square) = in_disc(rng);
    point.map(|x| x * (-2.0 * square.ln() / square).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(data: &Dataset) -> Vec<[f64; 2]> {
        let all = data.batch::<f64>(&Vec::from_iter(0..data.len()));
        all.inputs.as_slice().as_chunks().0.to_vec()
    }

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
    fn noise_is_the_deviation_of_each_coordinate() {
        let (noise, n) = (0.08, 20_000);
        let clean = plane("test", 1, n, 0.0, Seed(2), |_, _| [3.0, -1.0]).unwrap();
        assert!(points(&clean).iter().all(|point| *point == [3.0, -1.0]));
        let noisy = points(&plane("test", 1, n, noise, Seed(2), |_, _| [3.0, -1.0]).unwrap());
        let mean = |of: &dyn Fn(&[f64; 2]) -> f64| noisy.iter().map(of).sum::<f64>() / n as f64;
        // Five deviations of a mean of n: noise / sqrt(n) = 5.7e-4; of squares: sqrt(2 / n) = 1 %; of the product: 0.7 %.
        for (axis, centre) in [(0, 3.0), (1, -1.0)] {
            assert!((mean(&|p| p[axis]) - centre).abs() < 5.0 * 5.7e-4);
            assert!((mean(&|p| ((p[axis] - centre) / noise).powi(2)) - 1.0).abs() < 0.05);
        }
        assert!(mean(&|p| (p[0] - 3.0) * (p[1] + 1.0) / (noise * noise)).abs() < 0.036);
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
