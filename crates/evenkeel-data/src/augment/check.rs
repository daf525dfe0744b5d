//! The contract of an augmentation as a test to call on one's own. It panics with what does not hold.
//!
//! ```
//! use evenkeel_data::Tensor;
//! use evenkeel_data::augment::check::{check_augment, check_random};
//! use evenkeel_data::augment::{Augment, Cutout};
//!
//! let image = Tensor::<f32>::from_fn([8, 8], |i| 1.0 + i as f32);
//! let augment = Cutout::new(3).with_probability(0.9);
//! check_augment(&augment, &image);
//! check_random(&augment, &image);
//! ```

use evenkeel_tensor::{Float, Seed, Tensor};

use super::Augment;

/// Enough for what happens to one sample in two to be missed with a probability of 2^-31.
const SEEDS: u64 = 32;

/// Holds `augment` to the contract of [`Augment`] on one sample.
///
/// # Panics
/// If one of these does not hold: samples of this shape are accepted; what comes out has the shape that was promised; it
/// is the same bits for the same seed, whatever was augmented before; finite values stay finite.
#[track_caller]
pub fn check_augment<F: Float>(augment: &dyn Augment<F>, sample: &Tensor<F>) {
    let expected = match augment.output_shape(sample.shape()) {
        Ok(shape) => shape,
        Err(e) => panic!("{augment:?} refuses samples of shape {}: {e}", sample.shape()),
    };
    let first: Vec<_> = (0..SEEDS).map(|seed| augmented(augment, sample, seed)).collect();
    for (seed, output) in (0..).zip(&first) {
        let shape = output.shape();
        assert!(shape == expected, "{augment:?}: shape {shape} from seed {seed}, where {expected} was promised");
        assert!(output.is_finite() || !sample.is_finite(), "{augment:?}: values that are not finite from seed {seed}");
    }
    for seed in (0..SEEDS).rev() {
        let again = augmented(augment, sample, seed);
        assert!(
            bits(&again) == bits(&first[seed as usize]),
            "{augment:?}: seed {seed} gives other bits the second time"
        );
    }
}

/// Checks that `augment` has more than one result for a sample, as one that is random has.
///
/// # Panics
/// If 32 seeds give the same.
#[track_caller]
pub fn check_random<F: Float>(augment: &dyn Augment<F>, sample: &Tensor<F>) {
    let first = bits(&augmented(augment, sample, 0));
    let differs = (1..SEEDS).any(|seed| bits(&augmented(augment, sample, seed)) != first);
    assert!(differs, "{augment:?}: the same result for each of {SEEDS} seeds");
}

fn augmented<F: Float>(augment: &dyn Augment<F>, sample: &Tensor<F>, seed: u64) -> Tensor<F> {
    let mut output = sample.clone();
    augment.apply(&mut output, Seed(seed));
    output
}

fn bits<F: Float>(values: &Tensor<F>) -> Vec<u64> {
    values.as_slice().iter().map(|x| x.to_bits_u64()).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicU64, Ordering};

    use evenkeel_tensor::Shape;

    use super::*;
    use crate::DataError;

    /// An augmentation that misbehaves in one way.
    #[derive(Debug)]
    enum Bad {
        Shape,
        Infinite,
        Counts(AtomicU64),
        Refuses,
        Constant,
    }

    impl Augment<f64> for Bad {
        fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
            match self {
                Self::Refuses => Err(DataError::Empty { operation: "Bad", cure: "none" }),
                _ => Ok(sample),
            }
        }

        fn apply(&self, sample: &mut Tensor<f64>, seed: Seed) {
            match self {
                Self::Shape if seed.0 == 31 => *sample = Tensor::zeros([3]),
                Self::Infinite if seed.0 == 31 => sample.as_mut_slice()[0] = f64::INFINITY,
                Self::Counts(calls) => sample.as_mut_slice()[0] = calls.fetch_add(1, Ordering::Relaxed) as f64,
                _ => {}
            }
        }
    }

    #[test]
    fn the_checks_find_what_they_are_for() {
        let sample = Tensor::ones([2]);
        let fails = |check: fn(&dyn Augment<f64>, &Tensor<f64>), bad: &Bad| {
            let panic = catch_unwind(AssertUnwindSafe(|| check(bad, &sample))).expect_err("a law that is broken");
            panic.downcast_ref::<String>().expect("a message").clone()
        };
        assert!(fails(check_augment, &Bad::Shape).contains("was promised"));
        assert!(fails(check_augment, &Bad::Infinite).contains("not finite"));
        assert!(fails(check_augment, &Bad::Counts(AtomicU64::new(0))).contains("other bits"));
        assert!(fails(check_augment, &Bad::Refuses).contains("refuses"));
        assert!(fails(check_random, &Bad::Constant).contains("the same result"));
        check_augment(&Bad::Constant, &sample);
    }
}
