//! The trait at the bottom, and the sugar above it.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use crate::InitError;

/// A rule by which a weight gets its first values.
///
/// The values are a plain slice in row-major order and the shape is the weight's in PyTorch's layout
/// (out, in, kernel...), so any framework's parameters can be filled. The trait is open; a rule of one's
/// own is one method, and [`check_init`](crate::check::check_init) holds it to the contract:
///
/// - every value is written; what was there is not read;
/// - the same shape and seed give the same bits, on any number of threads;
/// - an error leaves the values as they were.
///
/// ```
/// use evenkeel_init::{Float, InitError, Initializer, InitializerExt, Seed, Shape};
///
/// /// 0, 1, 2, ...
/// struct Ramp;
///
/// impl<F: Float> Initializer<F> for Ramp {
///     fn fill(&self, values: &mut [F], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
///         InitError::check_length("Ramp", values.len(), shape)?;
///         values.iter_mut().enumerate().for_each(|(i, x)| *x = F::from_usize(i));
///         Ok(())
///     }
/// }
///
/// assert_eq!(Ramp.tensor::<f32>([2, 2], Seed(7))?.as_slice(), [0.0, 1.0, 2.0, 3.0]);
/// # Ok::<(), InitError>(())
/// ```
pub trait Initializer<F: Float = f32>: Send + Sync {
    /// Writes the first values of a weight of shape `shape`.
    ///
    /// # Errors
    /// If `values` does not have as many elements as the shape, the rule has no meaning for the shape, or a
    /// parameter of the rule is out of range.
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError>;
}

/// A rule chosen at run time.
impl<F: Float, I: Initializer<F> + ?Sized> Initializer<F> for Box<I> {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        (**self).fill(values, shape, seed)
    }
}

/// Initialised tensors; implemented for every [`Initializer`].
pub trait InitializerExt {
    /// A new tensor of shape `shape`, (out, in, kernel...).
    ///
    /// # Errors
    /// As [`Initializer::fill`].
    ///
    /// ```
    /// use evenkeel_init::{InitializerExt, Seed, XavierUniform};
    ///
    /// let weight = XavierUniform::default().tensor::<f32>([100, 64], Seed(7))?;
    /// assert_eq!(weight.shape(), [100, 64].into());
    /// # Ok::<(), evenkeel_init::InitError>(())
    /// ```
    fn tensor<F: Float>(&self, shape: impl Into<Shape>, seed: Seed) -> Result<Tensor<F>, InitError>
    where
        Self: Initializer<F>,
    {
        let mut tensor = Tensor::zeros(shape);
        let shape = tensor.shape();
        self.fill(tensor.as_mut_slice(), &shape, seed)?;
        Ok(tensor)
    }
}

impl<I: ?Sized> InitializerExt for I {}
