//! The contract of an initialiser, and the laws that one may claim, as tests to call on an initialiser of one's own.
//!
//! [`check_init`] is for every initialiser. The others are each for those that promise what they check, and are what
//! this crate holds its own to. All panic with what does not hold.
//!
//! ```
//! use evenkeel_init::check::{check_init, check_scale};
//! use evenkeel_init::{Float, InitError, Initializer, Seed, Shape, random};
//!
//! /// A Gaussian of deviation 0.1, with one sign in each row.
//! struct Signed;
//!
//! impl<F: Float> Initializer<F> for Signed {
//!     fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
//!         InitError::check_length("Signed", values.len(), shape)?;
//!         random::normal(values, F::ZERO, F::from_f64(0.1), seed);
//!         for row in values.chunks_mut(shape[1]) {
//!             let sign = row[0];
//!             row.iter_mut().for_each(|x| *x = x.copysign(sign));
//!         }
//!         Ok(())
//!     }
//! }
//!
//! check_init::<f32>(&Signed, &[[64, 2].into(), [1, 5].into()]);
//! check_scale::<f32>(&Signed, &[5000, 2].into(), 0.1);
//! ```

mod laws;

pub use laws::{check_bound, check_connections, check_orthogonal, check_positions, check_scale};

use evenkeel_tensor::{Float, Seed, Shape};

use crate::Initializer;

/// Holds `initializer` to the contract of [`Initializer`], for each of `shapes`. For tests of initialisers of one's
/// own.
///
/// # Panics
/// If one of these does not hold: the values are finite, do not depend on what was in the slice, and are the same bits
/// for the same seed on 1, 2, 3 and 7 threads; a slice that is too short or too long is refused and left as it was.
///
/// ```
/// use evenkeel_init::{HeNormal, check::check_init};
///
/// check_init::<f32>(&HeNormal::default(), &[[3, 5].into(), [8, 4, 3, 3].into()]);
/// ```
#[track_caller]
pub fn check_init<F: Float>(initializer: &dyn Initializer<F>, shapes: &[Shape]) {
    let bits = |values: &[F]| values.iter().map(|x| x.to_bits_u64()).collect::<Vec<_>>();
    for shape in shapes {
        let fill = |before: F, seed| {
            let mut values = vec![before; shape.numel()];
            if let Err(e) = initializer.fill(&mut values, shape, seed) {
                panic!("shape {shape} is refused: {e}");
            }
            values
        };
        let values = fill(F::NAN, Seed(7));
        assert!(values.iter().all(|x| x.is_finite()), "shape {shape}: a value is not finite or was not written");
        assert!(bits(&values) == bits(&fill(F::ONE, Seed(7))), "shape {shape}: former values or chance show through");
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let again = pool.install(|| fill(F::ONE, Seed(7)));
            assert!(bits(&values) == bits(&again), "shape {shape}: {threads} threads give other values");
        }

        for len in [shape.numel() + 1, shape.numel().saturating_sub(1)] {
            if len == shape.numel() {
                continue;
            }
            let mut values = vec![F::ONE; len];
            let result = initializer.fill(&mut values, shape, Seed(7));
            assert!(result.is_err(), "shape {shape}: {len} values are accepted");
            assert!(values.iter().all(|&x| x == F::ONE), "shape {shape}: an error left changed values");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InitError;

    /// An initialiser that misbehaves as told.
    struct Bad {
        unwritten: bool,
        reads: bool,
        any_length: bool,
        threads: bool,
    }

    impl Initializer<f64> for Bad {
        fn fill(&self, values: &mut [f64], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
            if !self.any_length {
                InitError::check_length("Bad", values.len(), shape)?;
            }
            let skip = usize::from(self.unwritten);
            let reads = self.reads;
            values.iter_mut().skip(skip).for_each(|x| *x = if reads && *x == 1.0 { 2.0 } else { 3.0 });
            if self.threads && rayon::current_num_threads() == 3 {
                values.fill(4.0);
            }
            Ok(())
        }
    }

    const SOUND: Bad = Bad { unwritten: false, reads: false, any_length: false, threads: false };

    fn check(bad: Bad) {
        check_init(&bad, &[[2, 3].into()]);
    }

    #[test]
    fn a_sound_one_passes() {
        check(SOUND);
    }

    #[test]
    #[should_panic(expected = "was not written")]
    fn unwritten_values_are_found() {
        check(Bad { unwritten: true, ..SOUND });
    }

    #[test]
    #[should_panic(expected = "former values")]
    fn reading_is_found() {
        check(Bad { reads: true, ..SOUND });
    }

    #[test]
    #[should_panic(expected = "values are accepted")]
    fn any_length_is_found() {
        check(Bad { any_length: true, ..SOUND });
    }

    #[test]
    #[should_panic(expected = "3 threads give other values")]
    fn threads_that_show_are_found() {
        check(Bad { threads: true, ..SOUND });
    }
}
