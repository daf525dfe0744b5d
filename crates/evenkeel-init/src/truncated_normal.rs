//! Gaussian starts without outliers.

use evenkeel_tensor::{Float, Seed, Shape};

use crate::error::{in_range, not_negative, scale_in_range};
use crate::random::Window;
use crate::{InitError, Initializer, random};

/// Gaussian of mean `mean` and standard deviation `std`, conditioned on lying in \[mean + low std, mean + high std\];
/// by default of mean 0, deviation 1, and cut off at two deviations.
///
/// `std` is the deviation *before* truncation, as in PyTorch, TensorFlow and JAX; that of the values is smaller, `std`
/// times [`relative_std`](TruncatedNormal::relative_std), 0.8796 at two deviations. For values of a given deviation see
/// [`VarianceScaling`](crate::VarianceScaling), or [`with_std_after`](TruncatedNormal::with_std_after).
///
/// The bounds are in units of `std`, counted from the mean, as in JAX. (PyTorch's `trunc_normal_` takes the bounds as
/// values, so with its defaults, a deviation of 0.02 and bounds of ±2, it truncates at 100 deviations: not at all.)
///
/// Drawn through the inverse of the distribution function, so the law is exact in each window, far tails included.
///
/// # Errors
/// [`fill`](Initializer::fill) if the mean is not finite, the deviation is negative or not finite, the window is empty
/// or so far out (beyond 37 deviations) that it has no probability in `f64`, an end of it is a value that is not finite,
/// or the slice does not fit the shape.
///
/// ```
/// use evenkeel_init::{InitializerExt, Seed, TruncatedNormal};
///
/// let embedding = TruncatedNormal::default().with_std(0.02).tensor::<f32>([100, 64], Seed(7))?;
/// assert!(embedding.as_slice().iter().all(|w| w.abs() <= 0.04));
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruncatedNormal {
    /// The mean before truncation.
    pub mean: f64,
    /// The standard deviation before truncation.
    pub std: f64,
    /// The lower end of the window, in deviations from the mean.
    pub low: f64,
    /// The upper end of the window, in deviations from the mean.
    pub high: f64,
}

impl TruncatedNormal {
    /// The same law with the deviation `std` before truncation.
    #[must_use]
    pub fn with_std(self, std: f64) -> Self {
        Self { std, ..self }
    }

    /// The same law with the deviation `std` after truncation, which widens the window as well.
    #[must_use]
    pub fn with_std_after(self, std: f64) -> Self {
        self.with_std(std / self.relative_std())
    }

    /// The same law with the mean `mean` before truncation, which moves the window along.
    #[must_use]
    pub fn with_mean(self, mean: f64) -> Self {
        Self { mean, ..self }
    }

    /// The same law truncated at `low` and `high`, in deviations from the mean.
    #[must_use]
    pub fn with_window(self, low: f64, high: f64) -> Self {
        Self { low, high, ..self }
    }

    /// The deviation of the values over that before truncation: sqrt(1 + (a φ(a) - b φ(b)) / Z - ((φ(a) - φ(b)) / Z)²),
    /// Z = Φ(b) - Φ(a), for the window \[a, b\]; in a narrow window, where that cancels, by integration. NaN for a window that [`fill`](Initializer::fill) refuses.
    ///
    /// ```
    /// use evenkeel_init::TruncatedNormal;
    ///
    /// assert!((TruncatedNormal::default().relative_std() - 0.879_625_661_034_239_8).abs() < 1e-15);
    /// ```
    pub fn relative_std(&self) -> f64 {
        Window::new(self.low, self.high).map_or(f64::NAN, |window| window.std())
    }
}

impl Default for TruncatedNormal {
    fn default() -> Self {
        Self { mean: 0.0, std: 1.0, low: -2.0, high: 2.0 }
    }
}

impl<F: Float> Initializer<F> for TruncatedNormal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        fill_truncated("TruncatedNormal", *self, values, shape, seed)
    }
}

/// Fills with the truncated law, of the initialiser named.
pub(crate) fn fill_truncated<F: Float>(
    initializer: &'static str,
    law: TruncatedNormal,
    values: &mut [F],
    shape: &Shape,
    seed: Seed,
) -> Result<(), InitError> {
    InitError::check_length(initializer, values.len(), shape)?;
    let mean: F = in_range(initializer, "mean", law.mean)?;
    let window = Window::new(law.low, law.high).ok_or_else(|| InitError::Parameter {
        initializer,
        parameter: "low",
        expected: format!("below high = {}, with some probability in between", law.high),
        got: law.low,
        cure: "give a window in deviations from the mean, such as -2 and 2",
    })?;
    let std = not_negative(initializer, "std", law.std)?;
    let std: F = scale_in_range(initializer, "std", std, |std| {
        let end = |deviations: f64| (mean.to_f64() + std * deviations).abs();
        end(law.low).max(end(law.high))
    })?;
    random::truncated_normal(values, mean, std, window, seed);
    Ok(())
}
