//! Whose mean and variance normalise a batch, and with what limits.

use evenkeel_tensor::{Float, ShapeError, Tensor};

/// Whose mean and variance normalise a batch.
#[derive(Clone, Debug)]
pub enum Normalizer<F: Float> {
    /// The batch's own; gradients flow through them.
    Batch,
    /// Given ones: running or population statistics.
    Stored {
        /// The mean of each channel.
        mean: Tensor<F>,
        /// The variance of each channel.
        variance: Tensor<F>,
    },
    /// The batch's own, corrected towards given ones: x̂ = r (x - batch mean) / batch deviation + d with
    /// `r = batch deviation / deviation` and `d = (batch mean - mean) / deviation`, both within limits. Gradients flow through the
    /// batch's statistics and not through r and d ([`BatchRenorm`](crate::BatchRenorm)).
    Corrected {
        /// The mean of each channel.
        mean: Tensor<F>,
        /// The deviation of each channel, eps included.
        deviation: Tensor<F>,
        /// r lies between `1 / r_max` and `r_max`, which is finite and 1 or more.
        r_max: f64,
        /// d lies between `-d_max` and `d_max`, which is finite and 0 or more.
        d_max: f64,
    },
}

impl<F: Float> Normalizer<F> {
    /// Whether statistics are of the batch.
    pub(crate) fn is_of_batch(&self) -> bool {
        !matches!(self, Self::Stored { .. })
    }

    /// The given statistics, if there are any.
    pub(crate) fn given(&self) -> Option<[&Tensor<F>; 2]> {
        match self {
            Self::Batch => None,
            Self::Stored { mean, variance: spread } | Self::Corrected { mean, deviation: spread, .. } => {
                Some([mean, spread])
            }
        }
    }

    /// Writes the corrections r and d of the channels from `first` on, whose batch means and variances are given.
    pub(crate) fn correct(
        &self,
        (mean, low, variance): (&[F], &[F], &[F]),
        eps: F,
        first: usize,
        r: &mut [F],
        d: &mut [F],
    ) {
        let Self::Corrected { mean: given, deviation, r_max, d_max } = self else {
            r.fill(F::ONE);
            return d.fill(F::ZERO);
        };
        let (r_max, d_max) = (F::from_f64(*r_max), F::from_f64(*d_max));
        for c in 0..mean.len() {
            let (given, deviation) = (given.as_slice()[first + c], deviation.as_slice()[first + c]);
            r[c] = clip(ratio((variance[c] + eps).sqrt(), deviation, F::ONE), F::ONE / r_max, r_max);
            d[c] = clip(ratio((mean[c] - given) + low[c], deviation, F::ZERO), -d_max, d_max);
        }
    }

    /// # Errors
    /// If limits are no limits.
    pub(crate) fn check(&self, operation: &'static str) -> Result<(), ShapeError> {
        match *self {
            // Written so that NaN fails; whether they are finite is looked at in the network's own float.
            Self::Corrected { r_max, d_max, .. }
                if !(r_max >= 1.0
                    && d_max >= 0.0
                    && F::from_f64(r_max).is_finite()
                    && F::from_f64(d_max).is_finite()) =>
            {
                Err(ShapeError::new(
                    operation,
                    "a finite r_max of 1 or more and a finite d_max of 0 or more",
                    format!("r_max {r_max}, d_max {d_max}"),
                    "1 and 0 give plain batch normalisation; 3 and 5 are usual in the end",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// a / b; `of_zeros` where both are 0.
fn ratio<F: Float>(a: F, b: F, of_zeros: F) -> F {
    if a == F::ZERO && b == F::ZERO { of_zeros } else { a / b }
}

/// NaN stays.
fn clip<F: Float>(x: F, low: F, high: F) -> F {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// Refuses an eps that is negative or not finite, and a momentum that is no weight.
pub(crate) fn check_settings(operation: &'static str, eps: f64, momentum: Option<f64>) -> Result<(), ShapeError> {
    // Written so that NaN fails.
    if !(eps >= 0.0 && eps.is_finite()) {
        let (expected, cure) = ("a finite eps of 0 or more", "1e-5 is usual");
        return Err(ShapeError::new(operation, expected, format!("eps {eps}"), cure));
    }
    if let Some(momentum) = momentum.filter(|m| !(0.0..=1.0).contains(m)) {
        return Err(ShapeError::new(
            operation,
            "a momentum between 0 and 1, the weight of the new batch",
            format!("momentum {momentum}"),
            "0.1 is usual (where the weight of the old is meant, 1 minus that)",
        ));
    }
    Ok(())
}
