//! Orthogonal convolutions: an orthogonal matrix at the centre of the kernel.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError};

use super::{Decomposition, checked, fill_matrix};
use crate::{Gain, InitError, Initializer};

/// A convolution (out, in, kernel...) that multiplies each pixel by one random matrix with orthonormal columns, times a
/// gain: that matrix at the kernel's centre, 0 at its other taps.
///
/// Xiao, Bahri, Sohl-Dickstein, Schoenholz, Pennington 2018, "Dynamical isometry and a mean field theory of CNNs"
/// (arXiv 1806.05393), with which they trained plain nets of 10 000 convolutions. At stride 1 with the output as large
/// as the input it keeps the length of every signal (times the gain), which [`Orthogonal`](crate::Orthogonal) on the
/// flattened kernel does not. The matrix is uniform (Haar), by [`Decomposition::Qr`].
///
/// The centre of an extent k is at ⌊(k - 1) / 2⌋, as in TensorFlow and JAX; for odd k that is the middle.
///
/// # Errors
/// [`fill`](Initializer::fill) if there are fewer outputs than inputs (then no matrix keeps every length), fewer than
/// three axes or an extent of 0, the slice does not fit the shape, or the gain is negative, not finite or
/// larger than half of the largest number.
///
/// ```
/// use evenkeel_init::{DeltaOrthogonal, InitializerExt, Seed};
///
/// let kernel = DeltaOrthogonal::default().tensor::<f32>([8, 4, 3, 3], Seed(7))?;
/// // Four of nine taps' worth of values lie before the centre; one in nine is not 0.
/// assert_eq!(kernel.as_slice().iter().filter(|&&w| w != 0.0).count(), 8 * 4);
/// assert!(kernel.as_slice()[4] != 0.0);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeltaOrthogonal {
    /// The factor by which lengths grow; 1 by default.
    pub gain: Gain,
}

impl DeltaOrthogonal {
    /// The same rule with another gain.
    #[must_use]
    pub fn with_gain(self, gain: Gain) -> Self {
        Self { gain }
    }
}

impl<F: Float> Initializer<F> for DeltaOrthogonal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        const NAME: &str = "DeltaOrthogonal";
        InitError::check_length(NAME, values.len(), shape)?;
        let error = |expected, cure| Err(ShapeError::new(NAME, expected, shape.to_string(), cure).into());
        let &[out, input, ref kernel @ ..] = shape.dims() else {
            return error("(out, in, kernel...)", "it is for convolutions; for other weights use Orthogonal");
        };
        if kernel.is_empty() || shape.contains(&0) {
            return error("(out, in, kernel...), no extent 0", "for a linear layer use Orthogonal");
        }
        if out < input {
            return error("at least as many outputs as inputs", "widen the layer, or use Orthogonal or HeNormal here");
        }
        let gain = checked(NAME, self.gain)?;
        let taps: usize = kernel.iter().product();
        let centre = kernel.iter().fold(0, |at, &extent| at * extent + (extent - 1) / 2);
        let mut matrix = vec![F::ZERO; out * input];
        fill_matrix(&mut matrix, out, input, gain, Decomposition::Qr, seed);
        values.fill(F::ZERO);
        values.chunks_exact_mut(taps).zip(matrix).for_each(|(kernel, w)| kernel[centre] = w);
        Ok(())
    }
}
