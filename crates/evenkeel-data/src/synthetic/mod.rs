//! Generated data from a law that is known, as many as are asked for: points in the plane, and a table of patients.
//!
//! A set of points is a function of their number, the noise and the seed. Classes take turns, so that before noise they are
//! balanced to within one point, and the first points of a large set are the points of a small one (but for [`spiral`], whose
//! points are evenly spaced). Coordinates are computed in `f64` and kept in `f32`: the last bits, in which mathematical libraries
//! differ, are rounded away.
//!
//! - [`concentric_rings`], [`four_groups`]: Gaussian clouds around circles and corners.
//! - [`circle`], [`xor`], [`gauss`], [`spiral`]: those of the TensorFlow Playground, in its units, at most about 6 from the
//!   origin, with its meaning of noise, which differs from set to set.
//! - [`Patients`]: a table with few positives, whose columns differ in scale and in whether they matter.
//!
//! ```
//! use evenkeel_data::{Seed, synthetic};
//!
//! let rings = synthetic::concentric_rings(5000, 0.08, Seed(7))?;
//! assert_eq!(rings.class_counts(), Some(vec![2500, 2500]));
//! let (train, test) = rings.split_stratified(0.8, Seed(7))?;
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod four_groups;
mod patients;
mod playground;
mod rings;

pub use four_groups::four_groups;
pub use patients::{Effect, Patients};
pub use playground::{circle, gauss, spiral, xor};
pub use rings::concentric_rings;

use evenkeel_tensor::{Seed, Tensor};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::{DataError, Dataset};

/// `samples` points of two classes: `place` says where point `i` lies, and its class.
fn generate(
    name: &'static str,
    samples: usize,
    seed: Seed,
    mut place: impl FnMut(usize, &mut ChaCha8Rng) -> ([f64; 2], u32),
) -> Result<Dataset, DataError> {
    let mut rng = seed.stream(name).rng();
    let (mut points, mut labels) = (Vec::new(), Vec::new());
    for i in 0..samples {
        let (point, class) = place(i, &mut rng);
        points.extend(point.map(|x| x as f32));
        labels.push(class);
    }
    Dataset::classification(Tensor::from_vec([samples, 2], points)?, labels, 2)
}

/// Refuses what is no standard deviation.
fn check_spread(operation: &'static str, got: f64) -> Result<(), DataError> {
    if got.is_finite() && got >= 0.0 {
        return Ok(());
    }
    let expected = "a noise that is finite and not negative, the deviation of what is added to each coordinate";
    Err(DataError::Setting { operation, expected, got })
}

/// The point with a Gaussian number of the deviation `spread` added to each coordinate.
fn jitter(point: [f64; 2], spread: f64, rng: &mut ChaCha8Rng) -> [f64; 2] {
    let error = gaussian(rng);
    [0, 1].map(|axis| point[axis] + spread * error[axis])
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

/// The points of a data set.
#[cfg(test)]
fn points(data: &Dataset) -> Vec<[f64; 2]> {
    let all = data.batch::<f64>(&Vec::from_iter(0..data.len()));
    all.inputs.as_slice().as_chunks().0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_the_deviation_of_each_coordinate() {
        let (noise, n) = (0.08, 20_000);
        let around = |noise| generate("test", n, Seed(2), |_, rng| (jitter([3.0, -1.0], noise, rng), 0)).unwrap();
        assert!(points(&around(0.0)).iter().all(|point| *point == [3.0, -1.0]));
        let noisy = points(&around(noise));
        let mean = |of: &dyn Fn(&[f64; 2]) -> f64| noisy.iter().map(of).sum::<f64>() / n as f64;
        // Five deviations of a mean of n: noise / sqrt(n) = 5.7e-4; of squares: sqrt(2 / n) = 1 %; of the product: 0.7 %.
        for (axis, centre) in [(0, 3.0), (1, -1.0)] {
            assert!((mean(&|p| p[axis]) - centre).abs() < 5.0 * 5.7e-4);
            assert!((mean(&|p| ((p[axis] - centre) / noise).powi(2)) - 1.0).abs() < 0.05);
        }
        assert!(mean(&|p| (p[0] - 3.0) * (p[1] + 1.0) / (noise * noise)).abs() < 0.036);
    }
}
