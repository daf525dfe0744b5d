//! Adam, with coupled and with decoupled weight decay.

use evenkeel_tensor::Float;

use crate::rule::power;
use crate::{Bounds, OptimError, Rule, StepInfo, each};

macro_rules! adam {
    ($(#[$doc:meta])* $name:ident, $decay:expr, $how:literal, $split:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name {
            /// lr, finite and not negative.
            pub learning_rate: f64,
            /// (beta1, beta2): the weights of the past in the two averages, both in [0, 1).
            pub betas: (f64, f64),
            /// eps, above 0: keeps the division defined.
            pub epsilon: f64,
            /// lambda, finite and not negative.
            pub weight_decay: f64,
        }

        impl $name {
            /// The rule with its usual settings.
            pub const fn new(learning_rate: f64) -> Self {
                Self { learning_rate, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: $decay }
            }

            /// The same with other weights of the past in the averages of the gradient and of its square.
            #[must_use]
            pub const fn with_betas(self, beta1: f64, beta2: f64) -> Self {
                Self { betas: (beta1, beta2), ..self }
            }

            /// The same with another eps.
            #[must_use]
            pub const fn with_epsilon(self, epsilon: f64) -> Self {
                Self { epsilon, ..self }
            }

            #[doc = concat!("The same with ", $how, " weight decay.")]
            #[must_use]
            pub const fn with_weight_decay(self, weight_decay: f64) -> Self {
                Self { weight_decay, ..self }
            }
        }

        /// A learning rate of 0.001.
        impl Default for $name {
            fn default() -> Self {
                Self::new(1e-3)
            }
        }

        impl<F: Float> Rule<F> for $name {
            fn learning_rate(&self) -> f64 {
                self.learning_rate
            }

            fn weight_decay(&self) -> f64 {
                self.weight_decay
            }

            fn state_names(&self) -> &'static [&'static str] {
                &["exp_avg", "exp_avg_sq"]
            }

            fn validate(&self) -> Result<(), OptimError> {
                let name = stringify!($name);
                OptimError::check::<F>(name, "beta1", self.betas.0, Bounds::BelowOne, "0.9 is usual")?;
                OptimError::check::<F>(name, "beta2", self.betas.1, Bounds::BelowOne, "0.999 is usual")?;
                OptimError::check::<F>(name, "epsilon", self.epsilon, Bounds::Positive, "1e-8 is usual")
            }

            fn update(&self, at: &StepInfo, w: &mut [F], g: &[F], state: &mut [F]) {
                let split: fn(&StepInfo) -> (f64, f64) = $split;
                adam_update(self.betas, self.epsilon, split(at), at, w, g, state);
            }
        }
    };
}

adam! {
    /// Adam (Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1), with coupled weight decay
    /// as in PyTorch.
    ///
    /// With the learning rate lr, the betas, eps and the weight decay lambda, at update t of a value w with gradient g:
    ///
    /// ```text
    /// g <- g + lambda w
    /// m <- beta1 m + (1 - beta1) g                    (m and v start at 0)
    /// v <- beta2 v + (1 - beta2) g^2
    /// w <- w - lr m' / (sqrt(v') + eps)     with m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)
    /// ```
    ///
    /// Defaults: lr 0.001, betas (0.9, 0.999), eps 1e-8, weight decay 0. With decay, prefer [`AdamW`]: here lambda w
    /// is divided by sqrt(v') too, so that values with large gradients hardly decay.
    ///
    /// ```
    /// use evenkeel_optim::{Adam, Optimizer};
    ///
    /// let adam = Adam::new(3e-4).with_betas(0.9, 0.98);
    /// Optimizer::<f32>::new(adam).validate()?;
    /// assert!(Optimizer::<f32>::new(adam.with_betas(0.9, 1.0)).validate().is_err());
    /// # Ok::<(), evenkeel_optim::OptimError>(())
    /// ```
    Adam, 0.0, "(coupled)", |at| (at.weight_decay, 1.0)
}

adam! {
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization",
    /// algorithm 2), as in PyTorch.
    ///
    /// ```text
    /// w <- w - lr lambda w
    /// m <- beta1 m + (1 - beta1) g                    (m and v start at 0)
    /// v <- beta2 v + (1 - beta2) g^2
    /// w <- w - lr m' / (sqrt(v') + eps)     with m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)
    /// ```
    ///
    /// Every weight decays by the same factor 1 - lr lambda a step, whatever its gradients. Defaults: lr 0.001, betas
    /// (0.9, 0.999), eps 1e-8, weight decay 0.01. Decay touches weights alone; see
    /// [`Optimizer::decay_all`](crate::Optimizer::decay_all).
    ///
    /// ```
    /// use evenkeel_optim::{AdamW, Optimizer, Schedule};
    ///
    /// let optimizer = Optimizer::<f32>::new(AdamW::new(3e-4).with_weight_decay(0.1))
    ///     .schedule(Schedule::cosine(10_000, 0.1).warm_up(500))
    ///     .clip_norm(1.0);
    /// optimizer.validate()?;
    /// # Ok::<(), evenkeel_optim::OptimError>(())
    /// ```
    AdamW, 1e-2, "decoupled", |at| (0.0, 1.0 - at.learning_rate * at.weight_decay)
}

/// `coupled` is what of a value is added to its gradient, `kept` what of it remains whatever the gradient.
fn adam_update<F: Float>(
    (beta1, beta2): (f64, f64),
    epsilon: f64,
    (coupled, kept): (f64, f64),
    at: &StepInfo,
    w: &mut [F],
    g: &[F],
    state: &mut [F],
) {
    // The bias corrections go into two factors, which leaves one root and one division an element.
    let rate = F::from_f64(at.learning_rate / (1.0 - power(beta1, at.update)));
    let unbias = F::from_f64(1.0 / (1.0 - power(beta2, at.update)).sqrt());
    let [coupled, kept, epsilon] = [coupled, kept, epsilon].map(F::from_f64);
    let [b1, b2, new1, new2] = [beta1, beta2, 1.0 - beta1, 1.0 - beta2].map(F::from_f64);
    each(w, g, state, move |w, g, [m, v]| {
        let g = g + coupled * w;
        let m = b1 * m + new1 * g;
        let v = b2 * v + new2 * g * g;
        (kept * w - rate * (m / (v.sqrt() * unbias + epsilon)), [m, v])
    });
}
