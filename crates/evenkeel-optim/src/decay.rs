//! Weight decay with a rate of its own.

use evenkeel_tensor::{Float, kernel};

use crate::Optimizer;

impl<F: Float> Optimizer<F> {
    /// Weight decay with a rate of its own: before each step w <- (1 - eta_t `rate`) w, where eta_t is what schedule and
    /// [scale](Optimizer::set_learning_rate_scale) multiply the learning rate by. Neither the learning rate itself nor a
    /// group's factor plays a part, so that the two can be chosen apart (Loshchilov & Hutter 2019, "Decoupled Weight Decay
    /// Regularization", [arXiv 1711.05101](https://arxiv.org/abs/1711.05101), algorithms 1 and 2; the
    /// [table](crate#weight-decay) has the other forms).
    ///
    /// `rate` is from 0, which is the default, to 1, and decay stops at w = 0. It comes on top of the rule's own weight decay,
    /// and touches weights alone; see [`decay_all`](Optimizer::decay_all) and [`Group::decay`](crate::Group::decay). It is part
    /// of the same walk through memory as the step.
    ///
    /// For plain gradient descent with the learning rate a on a mean loss over N examples, the penalty lambda/N w^2, whose
    /// gradient is 2 lambda/N w, is decay with the rate 2 a lambda/N:
    ///
    /// ```
    /// use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
    /// use evenkeel_optim::{Optimizer, Sgd};
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// fn train(mut optimizer: Optimizer<f64>) -> f64 {
    ///     let mut weight = Parameter::new(Tensor::ones([1]), Role::Weight);
    ///     let mut workspace = Workspace::new();
    ///     for step in 0..10 {
    ///         let pass = workspace.begin(Mode::Training, Seed(step));
    ///         pass.backward((pass.parameter(&weight) - 3.0).square().sum());
    ///         optimizer.step(&mut weight, &workspace.finish()).unwrap();
    ///     }
    ///     weight.value().item()
    /// }
    ///
    /// let (a, lambda, n) = (0.1, 5.0, 100.0);
    /// let penalty = train(Sgd::new(a).with_weight_decay(2.0 * lambda / n).into());
    /// let decay = train(Optimizer::new(Sgd::new(a)).decay(2.0 * a * lambda / n));
    /// assert!((penalty - decay).abs() < 1e-12 && decay < 2.9);
    /// ```
    #[must_use]
    pub fn decay(mut self, rate: f64) -> Self {
        (self.decay, self.settled) = (rate, false);
        self
    }

    /// eta_t: what the learning rate of the next step is multiplied by, before groups.
    pub(crate) fn multiplier(&self) -> f64 {
        self.schedule.factor(self.steps) * self.scale
    }
}

/// What a step takes from a value, of a parameter that decays at `rate`.
pub(crate) fn share<F: Float>(multiplier: f64, rate: f64) -> F {
    F::from_f64((multiplier * rate).min(1.0))
}

/// w <- w - share w: not times 1 - share, in which a small share has lost most of its digits.
pub(crate) fn shrink<F: Float>(w: &mut [F], share: F) {
    kernel::simd(
        #[inline(always)]
        move || w.iter_mut().for_each(|w| *w -= share * *w),
    );
}
