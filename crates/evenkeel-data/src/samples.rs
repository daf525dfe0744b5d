//! Samples with or without targets.

use evenkeel_tensor::{Float, Shape, Tensor};

use crate::dataset::check_samples;
use crate::inputs::{Rows, check_number, check_values_as, gather};
use crate::{DataError, Dataset, Inputs};

/// Samples of which a network can be asked for its outputs, whether they have targets or not: a [`Dataset`]; [`Inputs`] or a
/// tensor, whose first axis counts samples; or a store of your own, such as one that is larger than memory.
///
/// ```
/// use evenkeel_data::{DataError, Samples, Shape, Tensor};
///
/// /// Each sample is its number, and the square of it.
/// struct Squares(usize);
///
/// impl Samples<f64> for Squares {
///     fn count(&self) -> usize {
///         self.0
///     }
///     fn sample_shape(&self) -> Shape {
///         [2].into()
///     }
///     fn check(&self) -> Result<(), DataError> {
///         Ok(())
///     }
///     fn read(&self, positions: &[usize], out: &mut [f64]) {
///         for (x, &i) in out.chunks_exact_mut(2).zip(positions) {
///             x.copy_from_slice(&[i as f64, (i * i) as f64]);
///         }
///     }
/// }
///
/// let mut rows = [0.0; 4];
/// Squares(9).read(&[3, 1], &mut rows);
/// assert_eq!(rows, [3.0, 9.0, 1.0, 1.0]);
/// Tensor::from([[0.0f32, 0.0], [1.0, 1.0], [2.0, 4.0], [3.0, 9.0]]).read(&[3, 1], &mut rows);
/// assert_eq!(rows, [3.0, 9.0, 1.0, 1.0]);
/// ```
pub trait Samples<F: Float = f32>: Sync {
    /// The number of samples.
    fn count(&self) -> usize;

    /// The extents of one sample.
    fn sample_shape(&self) -> Shape;

    /// Refuses what no network can be given; asked once, before the first [`read`](Self::read).
    ///
    /// # Errors
    /// If there is no sample or no value in it, or an input is not finite, as the `F` that is read.
    fn check(&self) -> Result<(), DataError>;

    /// Writes the inputs of the samples at `positions` to `out`, one after the other.
    ///
    /// # Panics
    /// If a position is beyond the samples, or `out` has not the length of so many.
    fn read(&self, positions: &[usize], out: &mut [F]);
}

/// Its samples as they are batched.
impl<F: Float> Samples<F> for Dataset {
    fn count(&self) -> usize {
        self.len()
    }

    fn sample_shape(&self) -> Shape {
        self.sample_shape()
    }

    /// A data set has been checked when it was made, but for the network's floats if these are narrower.
    fn check(&self) -> Result<(), DataError> {
        match self.inputs() {
            bytes @ Inputs::Bytes { .. } => bytes.check_as::<F>(),
            // Its own samples, not all that are stored.
            Inputs::F64(_) if size_of::<F>() < size_of::<f64>() => {
                let mut x = vec![F::ZERO; self.sample_shape().numel()];
                (0..self.len()).try_for_each(|sample| {
                    self.fill_inputs(&[sample], &mut x);
                    let Some(at) = x.iter().position(|x| !x.is_finite()) else { return Ok(()) };
                    check_number(&format!("input {at} of sample {sample}, as {}", F::NAME), x[at].to_f64())
                })
            }
            Inputs::F32(_) | Inputs::F64(_) => Ok(()),
        }
    }

    #[track_caller]
    fn read(&self, positions: &[usize], out: &mut [F]) {
        self.fill_inputs(positions, out);
    }
}

impl<F: Float> Samples<F> for Inputs {
    fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn sample_shape(&self) -> Shape {
        of_one(self.shape())
    }

    fn check(&self) -> Result<(), DataError> {
        check_samples("Inputs", self.shape())?;
        self.check_as::<F>()
    }

    #[track_caller]
    fn read(&self, positions: &[usize], out: &mut [F]) {
        self.gather(of_one(self.shape()).numel(), &Rows { positions, stored: None }, out);
    }
}

/// In the network's floats, whichever the tensor's are.
impl<F: Float, G: Float> Samples<F> for Tensor<G> {
    fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn sample_shape(&self) -> Shape {
        of_one(self.shape())
    }

    fn check(&self) -> Result<(), DataError> {
        check_samples("Samples", self.shape())?;
        check_values_as::<G, F>("input", self)
    }

    #[track_caller]
    fn read(&self, positions: &[usize], out: &mut [F]) {
        let rows = Rows { positions, stored: None };
        gather(self.as_slice(), of_one(self.shape()).numel(), &rows, out, |x| F::from_f64(x.to_f64()));
    }
}

/// The extents of one sample of an array.
fn of_one(shape: Shape) -> Shape {
    Shape::from(shape.get(1..).unwrap_or_default())
}
