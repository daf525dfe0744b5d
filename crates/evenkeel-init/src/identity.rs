//! Starts that pass the signal on unchanged.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError};

use crate::error::in_range;
use crate::{InitError, Initializer};

/// A matrix with `scale` (1 by default) on its diagonal and 0 elsewhere, square or not.
///
/// A linear layer that starts from it returns its input, as far as there are outputs. Recurrent weights of ReLU units
/// start so in Le, Jaitly, Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units"
/// (arXiv 1504.00941), at scale 1 for long and 0.01 for short memory.
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape does not have two axes (for convolutions see [`Dirac`]), the scale is not
/// finite, or the slice does not fit the shape.
///
/// ```
/// use evenkeel_init::{Identity, InitializerExt, Seed};
///
/// let weight = Identity::default().tensor::<f32>([2, 3], Seed(7))?;
/// assert_eq!(weight.as_slice(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity {
    /// The values on the diagonal.
    pub scale: f64,
}

impl Identity {
    /// The identity times `scale`.
    pub fn scaled(scale: f64) -> Self {
        Self { scale }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::scaled(1.0)
    }
}

impl<F: Float> Initializer<F> for Identity {
    fn fill(&self, values: &mut [F], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
        InitError::check_length("Identity", values.len(), shape)?;
        let &[_, columns] = shape.dims() else {
            let cure = "for convolutions use Dirac";
            return Err(ShapeError::new("Identity", "(out, in)", shape.to_string(), cure).into());
        };
        let scale = in_range("Identity", "scale", self.scale)?;
        values.fill(F::ZERO);
        if columns > 0 {
            values.chunks_exact_mut(columns).enumerate().take(columns).for_each(|(i, row)| row[i] = scale);
        }
        Ok(())
    }
}

/// The identity for convolutions: 1 at the kernel's centre from each input to the output of the same number, 0
/// elsewhere.
///
/// With `groups`, each group of outputs starts as the identity on its own inputs; the weight is then (out, in / groups,
/// kernel...). Outputs beyond the inputs start at 0. At stride 1 with the output as large as the input the layer
/// returns its input (Zagoruyko & Komodakis 2017, "DiracNets", arXiv 1706.00388). As PyTorch's `dirac_`; the centre of
/// an extent k is at ⌊k / 2⌋.
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has fewer than three axes (for matrices see [`Identity`]) or an extent of
/// 0, the groups do not divide the outputs, or the slice does not fit the shape.
///
/// ```
/// use evenkeel_init::{Dirac, InitializerExt, Seed};
///
/// let weight = Dirac::default().tensor::<f32>([2, 2, 3], Seed(7))?;
/// assert_eq!(weight.as_slice(), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirac {
    /// The groups of the convolution; 1 by default.
    pub groups: usize,
}

impl Dirac {
    /// For a convolution of `groups` groups.
    pub fn grouped(groups: usize) -> Self {
        Self { groups }
    }
}

impl Default for Dirac {
    fn default() -> Self {
        Self::grouped(1)
    }
}

impl<F: Float> Initializer<F> for Dirac {
    fn fill(&self, values: &mut [F], shape: &Shape, _seed: Seed) -> Result<(), InitError> {
        InitError::check_length("Dirac", values.len(), shape)?;
        let error = |expected: String, cure| Err(ShapeError::new("Dirac", expected, shape.to_string(), cure).into());
        let (out, inputs, kernel) = match *shape.dims() {
            [out, inputs, ref kernel @ ..] if !kernel.is_empty() && !shape.contains(&0) => (out, inputs, kernel),
            _ => return error("(out, in / groups, kernel...), no extent 0".into(), "for a matrix use Identity"),
        };
        if self.groups == 0 || !out.is_multiple_of(self.groups) {
            return error(format!("outputs in {} equal groups", self.groups), "give the groups of the convolution");
        }
        let taps: usize = kernel.iter().product();
        let centre = kernel.iter().fold(0, |at, &extent| at * extent + extent / 2);
        let outputs = out / self.groups;
        values.fill(F::ZERO);
        for (i, unit) in values.chunks_exact_mut(inputs * taps).enumerate() {
            // The number of the output within its group.
            let from = i % outputs;
            if from < inputs {
                unit[from * taps + centre] = F::ONE;
            }
        }
        Ok(())
    }
}
