//! The contract of an initialiser as a test to call.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::Initializer;

/// Holds `initializer` to the contract of [`Initializer`], for each of `shapes`. For tests of initialisers of one's own.
///
/// # Panics
/// If one of these does not hold: the values are finite, do not depend on what was in the slice, and are the
/// same bits for the same seed; a slice that is too short or too long is refused and left as it was.
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
    }

    impl Initializer<f64> for Bad {
        fn fill(&self, values: &mut [f64], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
            if !self.any_length {
                InitError::check_length("Bad", values.len(), shape)?;
            }
            let skip = usize::from(self.unwritten);
            let reads = self.reads;
            values.iter_mut().skip(skip).for_each(|x| *x = if reads && *x == 1.0 { 2.0 } else { 3.0 });
            Ok(())
        }
    }

    fn check(unwritten: bool, reads: bool, any_length: bool) {
        check_init(&Bad { unwritten, reads, any_length }, &[[2, 3].into()]);
    }

    #[test]
    fn a_sound_one_passes() {
        check(false, false, false);
    }

    #[test]
    #[should_panic(expected = "was not written")]
    fn unwritten_values_are_found() {
        check(true, false, false);
    }

    #[test]
    #[should_panic(expected = "former values")]
    fn reading_is_found() {
        check(false, true, false);
    }

    #[test]
    #[should_panic(expected = "values are accepted")]
    fn any_length_is_found() {
        check(false, false, true);
    }
}
