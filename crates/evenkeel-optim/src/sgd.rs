//! Stochastic gradient descent.

use evenkeel_tensor::Float;

use crate::{Bounds, OptimError, Rule, StepInfo, each};

/// Stochastic gradient descent (Robbins & Monro 1951), with momentum if wanted.
///
/// With the learning rate lr, momentum mu and weight decay lambda, for the gradient g of a value w:
///
/// ```text
/// g <- g + lambda w                  (coupled decay: the gradient of lambda/2 w^2)
/// b <- mu b + g                      (mu weighs the past; b starts at 0, so that the first step is along g)
/// w <- w - lr b                      (heavy ball: Polyak 1964)
/// w <- w - lr (g + mu b)             (Nesterov: Sutskever et al. 2013, "On the importance of initialization and
///                                     momentum in deep learning", as PyTorch writes it)
/// ```
///
/// Without momentum nothing is remembered, and w <- w - lr g. As PyTorch's `SGD` with its dampening of 0.
///
/// Defaults: momentum 0, no Nesterov, weight decay 0. Weight decay touches weights alone; see
/// [`Optimizer::decay_all`](crate::Optimizer::decay_all).
///
/// ```
/// use evenkeel_optim::{Optimizer, Sgd};
///
/// let sgd = Sgd::new(0.1).with_momentum(0.9).nesterov().with_weight_decay(1e-4);
/// Optimizer::<f32>::new(sgd).validate()?;
/// let wrong = Optimizer::<f32>::new(Sgd::new(0.1).nesterov()).validate().unwrap_err();
/// assert!(wrong.to_string().contains("expected momentum finite and above 0, got 0"));
/// # Ok::<(), evenkeel_optim::OptimError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// lr, finite and not negative.
    pub learning_rate: f64,
    /// mu, the weight of the past, finite and not negative; below 1 if the run is not to diverge.
    pub momentum: f64,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
    /// lambda, finite and not negative.
    pub weight_decay: f64,
}

impl Sgd {
    /// Plain gradient descent.
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0 }
    }

    /// The same with the weight `momentum` for the past.
    #[must_use]
    pub const fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The same with Nesterov's momentum in place of the heavy ball's.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }

    /// The same with (coupled) weight decay.
    #[must_use]
    pub const fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

impl<F: Float> Rule<F> for Sgd {
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn state_names(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    fn validate(&self) -> Result<(), OptimError> {
        let check = |bounds, cure| OptimError::check::<F>("Sgd", "momentum", self.momentum, bounds, cure);
        check(Bounds::NonNegative, "0.9 is usual")?;
        if self.nesterov { check(Bounds::Positive, "set a momentum for nesterov()") } else { Ok(()) }
    }

    fn update(&self, at: &StepInfo, w: &mut [F], g: &[F], state: &mut [F]) {
        let [rate, decay, momentum] = [at.learning_rate, at.weight_decay, self.momentum].map(F::from_f64);
        if self.momentum == 0.0 {
            each(w, g, state, move |w, g, []| (w - rate * (g + decay * w), []));
        } else if self.nesterov {
            each(w, g, state, move |w, g, [b]| {
                let g = g + decay * w;
                let b = momentum * b + g;
                (w - rate * (g + momentum * b), [b])
            });
        } else {
            each(w, g, state, move |w, g, [b]| {
                let b = momentum * b + (g + decay * w);
                (w - rate * b, [b])
            });
        }
    }
}
