//! Adagrad.

use evenkeel_tensor::Float;

use crate::{Bounds, OptimError, Rule, StepInfo, each};

/// Adagrad (Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic
/// Optimization"), as in PyTorch.
///
/// With the learning rate lr, eps and weight decay lambda, for the gradient g of a value w:
///
/// ```text
/// g <- g + lambda w
/// s <- s + g^2                                    (s starts at 0)
/// w <- w - lr g / (sqrt(s) + eps)
/// ```
///
/// Steps shrink for good, the more the larger the gradients have been. Defaults: lr 0.01, eps 1e-10, weight decay 0.
/// PyTorch's further decay of the learning rate is a [`Schedule`](crate::Schedule) here.
///
/// ```
/// use evenkeel_optim::{Adagrad, Optimizer};
///
/// Optimizer::<f32>::new(Adagrad::new(0.1).with_weight_decay(1e-4)).validate()?;
/// # Ok::<(), evenkeel_optim::OptimError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// lr, finite and not negative.
    pub learning_rate: f64,
    /// eps, above 0: keeps the division defined.
    pub epsilon: f64,
    /// lambda, finite and not negative.
    pub weight_decay: f64,
}

impl Adagrad {
    /// The rule with its usual settings.
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, epsilon: 1e-10, weight_decay: 0.0 }
    }

    /// The same with another eps.
    #[must_use]
    pub const fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same with (coupled) weight decay.
    #[must_use]
    pub const fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

/// A learning rate of 0.01.
impl Default for Adagrad {
    fn default() -> Self {
        Self::new(1e-2)
    }
}

impl<F: Float> Rule<F> for Adagrad {
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn state_names(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn validate(&self) -> Result<(), OptimError> {
        OptimError::check::<F>("Adagrad", "epsilon", self.epsilon, Bounds::Positive, "1e-10 is usual")
    }

    fn update(&self, at: &StepInfo, w: &mut [F], g: &[F], state: &mut [F]) {
        let [rate, decay, epsilon] = [at.learning_rate, at.weight_decay, self.epsilon].map(F::from_f64);
        each(w, g, state, move |w, g, [s]| {
            let g = g + decay * w;
            let s = s + g * g;
            (w - rate * (g / (s.sqrt() + epsilon)), [s])
        });
    }
}
