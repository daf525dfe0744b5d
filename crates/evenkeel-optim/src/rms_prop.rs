//! RMSProp.

use evenkeel_tensor::Float;

use crate::{Bounds, OptimError, Rule, StepInfo, each};

/// RMSProp (Tieleman & Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"), as in PyTorch.
///
/// With the learning rate lr, the weight alpha of the past, eps, momentum mu and weight decay lambda, for the
/// gradient g of a value w:
///
/// ```text
/// g <- g + lambda w
/// v <- alpha v + (1 - alpha) g^2                  (v and b start at 0)
/// w <- w - lr g / (sqrt(v) + eps)                 without momentum
/// b <- mu b + g / (sqrt(v) + eps),  w <- w - lr b with momentum
/// ```
///
/// v is not corrected for its start, so that first steps are longer, by 1/sqrt(1 - alpha). Defaults: lr 0.01,
/// alpha 0.99, eps 1e-8, momentum 0, weight decay 0.
///
/// ```
/// use evenkeel_optim::{Optimizer, RmsProp};
///
/// Optimizer::<f32>::new(RmsProp::new(1e-3).with_alpha(0.95).with_momentum(0.9)).validate()?;
/// # Ok::<(), evenkeel_optim::OptimError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// lr, finite and not negative.
    pub learning_rate: f64,
    /// alpha, the weight of the past in the average of squares, in [0, 1).
    pub alpha: f64,
    /// eps, above 0: keeps the division defined.
    pub epsilon: f64,
    /// mu, the weight of the past in the momentum, finite and not negative.
    pub momentum: f64,
    /// lambda, finite and not negative.
    pub weight_decay: f64,
}

impl RmsProp {
    /// The rule with its usual settings.
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, alpha: 0.99, epsilon: 1e-8, momentum: 0.0, weight_decay: 0.0 }
    }

    /// The same with another weight of the past in the average of squares.
    #[must_use]
    pub const fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// The same with another eps.
    #[must_use]
    pub const fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same with the weight `momentum` for past steps.
    #[must_use]
    pub const fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The same with (coupled) weight decay.
    #[must_use]
    pub const fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

/// A learning rate of 0.01.
impl Default for RmsProp {
    fn default() -> Self {
        Self::new(1e-2)
    }
}

impl<F: Float> Rule<F> for RmsProp {
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn state_names(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &["square_avg"] } else { &["square_avg", "momentum_buffer"] }
    }

    fn validate(&self) -> Result<(), OptimError> {
        OptimError::check::<F>("RmsProp", "alpha", self.alpha, Bounds::BelowOne, "0.99 is usual")?;
        OptimError::check::<F>("RmsProp", "epsilon", self.epsilon, Bounds::Positive, "1e-8 is usual")?;
        OptimError::check::<F>("RmsProp", "momentum", self.momentum, Bounds::NonNegative, "0.9 is usual")
    }

    fn update(&self, at: &StepInfo, w: &mut [F], g: &[F], state: &mut [F]) {
        let [rate, decay, momentum] = [at.learning_rate, at.weight_decay, self.momentum].map(F::from_f64);
        let [alpha, new, epsilon] = [self.alpha, 1.0 - self.alpha, self.epsilon].map(F::from_f64);
        let normalized = move |w: F, g: F, v: F| {
            let g = g + decay * w;
            let v = alpha * v + new * g * g;
            (g / (v.sqrt() + epsilon), v)
        };
        if self.momentum == 0.0 {
            each(w, g, state, move |w, g, [v]| {
                let (direction, v) = normalized(w, g, v);
                (w - rate * direction, [v])
            });
        } else {
            each(w, g, state, move |w, g, [v, b]| {
                let (direction, v) = normalized(w, g, v);
                let b = momentum * b + direction;
                (w - rate * b, [v, b])
            });
        }
    }
}
