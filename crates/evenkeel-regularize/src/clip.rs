//! Gradients of a plain slice cut to a limit.

use evenkeel_tensor::Float;

use crate::RegularizeError;
use crate::constraint::clamp;
use crate::elementwise::{Factor, apply, norm, scaled_norm};

/// Cuts each value to \[-limit, limit\]; NaN stays. The direction of a gradient changes; prefer [`clip_global_norm`].
///
/// In training with `evenkeel-optim`, `Optimizer::clip_value` does the same within the update, without a pass over the gradients of
/// its own. This function is for gradients that come from elsewhere.
///
/// ```
/// let mut g = [0.5f32, -3.0];
/// evenkeel_regularize::clip_value(&mut g, 1.0)?;
/// assert_eq!(g, [0.5, -1.0]);
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
///
/// # Errors
/// If the limit, rounded to `F`, is not above 0 or not finite. Nothing is changed then.
pub fn clip_value<F: Float>(gradient: &mut [F], limit: f64) -> Result<(), RegularizeError> {
    check("clip_value", F::from_f64(limit).to_f64())?;
    let limit = F::from_f64(limit);
    apply(
        gradient,
        #[inline(always)]
        |g| clamp(g, -limit, limit),
    );
    Ok(())
}

/// Scales all gradients by limit / norm where their global norm, the root of the sum of squares over all of them, is above `limit`,
/// and returns the norm as it was. The direction stays.
///
/// In training with `evenkeel-optim`, `Optimizer::clip_norm` does the same within the update, without a pass over the gradients of
/// its own. This function is for gradients that come from elsewhere.
///
/// # Source
/// Pascanu, Mikolov & Bengio, *On the difficulty of training recurrent neural networks*, 2013, algorithm 1.
///
/// ```
/// let (mut weight, mut bias) = ([3.0f32, 0.0], [4.0f32]);
/// let norm = evenkeel_regularize::clip_global_norm(&mut [&mut weight, &mut bias], 2.5)?;
/// assert_eq!(norm, 5.0);
/// assert_eq!((weight, bias), ([1.5, 0.0], [2.0]));
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
///
/// # Errors
/// If the limit is not above 0 or not finite, or the norm is infinite or NaN. Nothing is changed then.
pub fn clip_global_norm<F: Float>(gradients: &mut [&mut [F]], limit: f64) -> Result<f64, RegularizeError> {
    check("clip_global_norm", limit)?;
    let total = scaled_norm(gradients.iter().map(|g| norm(g)));
    if !total.is_finite() {
        return Err(RegularizeError::GradientNorm { norm: total });
    }
    if total > limit {
        let factor = Factor::new(total, limit);
        for gradient in gradients {
            apply(
                gradient,
                #[inline(always)]
                |g| factor.of(g),
            );
        }
    }
    Ok(total)
}

fn check(of: &'static str, limit: f64) -> Result<(), RegularizeError> {
    let fits = limit > 0.0 && limit.is_finite();
    RegularizeError::check(fits, of, "limit", "finite and above 0", limit, "1 is usual; leave it out for no limit")
}
