//! Four groups of points.

use evenkeel_tensor::Seed;

use super::{check_spread, generate, jitter};
use crate::{DataError, Dataset};

/// Four groups of points around the corners (±1, ±1), two classes: opposite corners belong together, class 0 at (1, 1) and
/// (-1, -1), class 1 at (1, -1) and (-1, 1).
///
/// The points of a group are Gaussian around their corner with the standard deviation `spread` of each coordinate. Groups take
/// turns, so a few points are enough to have all four, and too few to learn more than noise where the groups overlap: the best
/// possible answer, the sign of the product of the coordinates, is wrong about 2 p (1 - p) of the time with p = Φ(-1 / spread)
/// and Φ the standard normal distribution (4.4 % for 0.5, 27 % for 1). No line parts the classes; a hidden layer of a few units
/// does.
///
/// # Errors
/// If `samples` is 0, or the spread is negative or not finite.
///
/// ```
/// use evenkeel_data::{Seed, synthetic};
///
/// let corners = synthetic::four_groups(4, 0.0, Seed(7))?.batch::<f32>(&[0, 1, 2, 3]);
/// assert_eq!(corners.inputs.as_slice(), [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0]);
/// assert_eq!(corners.targets.classes(), Some(&[0, 1, 0, 1][..]));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub fn four_groups(samples: usize, spread: f64, seed: Seed) -> Result<Dataset, DataError> {
    const CORNERS: [[f64; 2]; 4] = [[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [-1.0, 1.0]];
    check_spread("four_groups", spread)?;
    generate("four_groups", samples, seed, |i, rng| (jitter(CORNERS[i % 4], spread, rng), (i % 2) as u32))
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;

    /// Pins what a seed gives: a change here changes every user's results.
    #[test]
    fn value_stability() {
        let groups = four_groups(100, 0.5, Seed(7)).unwrap();
        assert_eq!(
            points(&groups)[..2],
            [[0.9779805541038513, 0.43167856335639954], [0.7255238890647888, 0.27437451481819153]]
        );
        assert_eq!(groups.fingerprint(), 17_104_681_240_475_645_488);
    }

    #[test]
    fn classes_take_turns_and_small_sets_begin_large_ones() {
        let large = four_groups(103, 0.5, Seed(3)).unwrap();
        assert_eq!(large.class_counts(), Some(vec![52, 51]));
        assert_eq!(points(&four_groups(10, 0.5, Seed(3)).unwrap()), points(&large)[..10]);
    }

    /// The share of points on the wrong side of an axis-parallel cross: 2 p (1 - p) with p = Φ(-1 / spread), Φ(-2) = 0.02275
    /// and Φ(-1) = 0.15866. Five deviations of a share q of 40 000 are 0.025 sqrt(q (1 - q)) < 0.012.
    #[test]
    fn groups_overlap_as_their_spread_says() {
        for (spread, wrong) in [(0.5, 0.04446), (1.0, 0.26698)] {
            let groups = four_groups(40_000, spread, Seed(5)).unwrap();
            let is_wrong = |(i, [x, y]): (usize, &[f64; 2])| (x * y < 0.0) != (groups.label(i) == Some(1));
            let share = points(&groups).iter().enumerate().filter(|&p| is_wrong(p)).count() as f64 / 40_000.0;
            assert!((share - wrong).abs() < 0.012, "{spread}: {share}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(matches!(four_groups(0, 0.1, Seed(0)), Err(DataError::Empty { .. })));
        for spread in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(four_groups(10, spread, Seed(0)), Err(DataError::Setting { .. })));
        }
    }
}
