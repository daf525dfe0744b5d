//! Layer-sequential unit variance: weights scaled by what the data does to them.

use evenkeel_tensor::{Float, Seed, Shape, kernel};

use crate::error::in_range;
use crate::{InitError, Initializer, Orthogonal};

/// Layer-sequential unit variance: an orthogonal weight, divided by the deviation of the layer's outputs on a batch of
/// data until their variance is 1.
///
/// Mishkin & Matas 2016, "All you need is a good init" (arXiv 1511.06422), algorithm 1. Here the part for one layer,
/// which knows no network: [`start`](Lsuv::start) fills the weight, and [`rescale`](Lsuv::rescale) asks what variance
/// it gives. A network's layers are first all started, then rescaled in the order in which the signal passes them, each
/// on what those before it, already rescaled, make of the same batch.
///
/// The variance is that of all the values of a layer's output over the batch, about their mean, before the activation.
/// One division would do if the outputs were linear in the weight; with a bias, or where rounding matters, it takes
/// more.
///
/// ```
/// use evenkeel_init::{InitError, Lsuv, Seed, Tensor, random};
///
/// // A batch of 200 inputs of deviation 3, and a layer from 50 inputs to 20 outputs.
/// let mut batch = Tensor::<f32>::zeros([200, 50]);
/// random::normal(batch.as_mut_slice(), 0.0, 3.0, Seed(1));
/// let lsuv = Lsuv::default();
/// let mut weight = vec![0.0; 20 * 50];
/// lsuv.start(&mut weight, &[20, 50].into(), Seed(7))?;
/// let report = lsuv.rescale(&mut weight, |weight| {
///     let weight = Tensor::from_vec([20, 50], weight.to_vec())?;
///     let y = batch.view().matmul(weight.t());
///     let mean = y.as_slice().iter().sum::<f32>() / 4000.0;
///     Ok::<_, InitError>(f64::from(y.as_slice().iter().map(|y| (y - mean).powi(2)).sum::<f32>() / 4000.0))
/// })?;
/// assert!(report.converged && (report.variance - 1.0).abs() <= 0.01);
/// # Ok::<(), InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lsuv {
    /// How far the variance may stay from 1; 0.01 by default. (The paper's code has 0.1.)
    pub tolerance: f64,
    /// How often the weight is divided at most; 10 by default.
    pub max_iterations: usize,
}

/// How far [`Lsuv::rescale`] came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LsuvReport {
    /// The variance of the layer's output before anything was done.
    pub first_variance: f64,
    /// The variance of the layer's output with the final weight.
    pub variance: f64,
    /// How often the weight was divided.
    pub iterations: usize,
    /// Whether the variance is within the tolerance of 1.
    pub converged: bool,
}

impl Lsuv {
    /// The same rule with another tolerance.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// The same rule with another limit of iterations.
    #[must_use]
    pub fn with_max_iterations(self, max_iterations: usize) -> Self {
        Self { max_iterations, ..self }
    }

    /// Fills the weight with an [`Orthogonal`] matrix: the first step, for every layer of a network before the second.
    ///
    /// # Errors
    /// As for [`Orthogonal`].
    pub fn start<F: Float>(&self, weight: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        Orthogonal::default().fill(weight, shape, seed)
    }

    /// Divides the weight by the square root of what `variance` returns for it, until that is within the tolerance of 1
    /// or the limit of iterations is reached: see [`LsuvReport::converged`]. Where it is not, the weight is the last one
    /// all the same.
    ///
    /// # Errors
    /// What `variance` gives; and the weight is as it was, as with all that follow:
    /// - [`InitError::OutputVariance`] if it returns 0, NaN, an infinity or a negative number: the layer's inputs or
    ///   weights are all 0, or not finite.
    /// - [`InitError::UnresponsiveOutput`] if the first division hardly changes it. A variance above 1 must come a tenth
    ///   of its way down to 1 (in the logarithm); one below 1 must change at all, beyond rounding, since the weight
    ///   grows until it outweighs what is added to it. Neither does with a layer that normalises its weight.
    /// - [`InitError::Parameter`] if the tolerance is negative or not finite, or the weight is not finite, before or
    ///   after a division.
    pub fn rescale<F: Float, E: From<InitError>>(
        &self,
        weight: &mut [F],
        mut variance: impl FnMut(&[F]) -> Result<f64, E>,
    ) -> Result<LsuvReport, E> {
        if !(self.tolerance.is_finite() && self.tolerance >= 0.0) {
            let expected = "finite and not negative".into();
            return Err(refused("tolerance", expected, self.tolerance, "give a small number such as 0.01").into());
        }
        let before = weight.to_vec();
        self.divide(weight, &mut variance).inspect_err(|_| weight.copy_from_slice(&before))
    }

    fn divide<F: Float, E: From<InitError>>(
        &self,
        weight: &mut [F],
        variance: &mut impl FnMut(&[F]) -> Result<f64, E>,
    ) -> Result<LsuvReport, E> {
        let mut measure = |weight: &[F]| {
            check_finite(weight)?;
            match variance(weight) {
                Ok(got) if !(got.is_finite() && got > 0.0) => Err(InitError::OutputVariance { got }.into()),
                result => result,
            }
        };
        let first_variance = measure(weight)?;
        let (mut got, mut iterations) = (first_variance, 0);
        let is_one = |got: f64| (got - 1.0).abs() <= self.tolerance;
        while !is_one(got) && iterations < self.max_iterations {
            let deviation: F = in_range("Lsuv", "output's deviation", got.sqrt())?;
            weight.iter_mut().for_each(|w| *w /= deviation);
            iterations += 1;
            got = measure(weight)?;
            if iterations == 1 && !responds::<F>(first_variance, got) {
                return Err(InitError::UnresponsiveOutput { before: first_variance, after: got }.into());
            }
        }
        Ok(LsuvReport { first_variance, variance: got, iterations, converged: is_one(got) })
    }
}

/// Whether the variance has followed a division by its root: see [`Lsuv::rescale`].
fn responds<F: Float>(before: f64, after: f64) -> bool {
    let share = (before / after).ln() / before.ln();
    if (before - 1.0).abs() < 0.01 {
        true // The answer may be lost in rounding, and ten divisions so near to 1 do no harm.
    } else if before > 1.0 {
        share >= 0.1
    } else {
        share.abs() >= F::EPSILON.to_f64().sqrt()
    }
}

fn check_finite<F: Float>(weight: &[F]) -> Result<(), InitError> {
    if kernel::all_finite(weight) {
        return Ok(());
    }
    let value = weight.iter().find(|w| !w.is_finite()).map_or(f64::NAN, |w| w.to_f64());
    Err(refused("weight", format!("finite in {}", F::NAME), value, "check the weight, and the scale of the batch"))
}

fn refused(parameter: &'static str, expected: String, got: f64, cure: &'static str) -> InitError {
    InitError::Parameter { initializer: "Lsuv", parameter, expected, got, cure }
}

impl Default for Lsuv {
    fn default() -> Self {
        Self { tolerance: 0.01, max_iterations: 10 }
    }
}
