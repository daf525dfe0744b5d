//! What a user hangs into the loop.

use evenkeel_module::Forward;
use evenkeel_tensor::Float;

use crate::history::History;

/// Whether a training goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    #[default]
    Continue,
    /// It ends here, as if this had been the last step.
    Stop,
}

/// The state of a training, shown to a callback.
pub struct Event<'a, F: Float, N: ?Sized> {
    /// The number of steps done.
    pub step: u64,
    /// The number of epochs begun.
    pub epoch: u64,
    /// The loss of the last step's batch.
    pub loss: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The seconds of training so far.
    pub seconds: f64,
    /// Everything recorded so far; the last evaluation is its last.
    pub history: &'a History,
    /// The network after the step.
    pub network: &'a N,
    pub(crate) float: std::marker::PhantomData<F>,
}

/// Something that watches a training, and may end it. Two callbacks make one as a tuple.
///
/// ```
/// use evenkeel_data::Digits;
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::{Forward, ModuleExt};
/// use evenkeel_nn::{CrossEntropy, Linear};
/// use evenkeel_optim::Sgd;
/// use evenkeel_tensor::Seed;
/// use evenkeel_train::{Callback, Event, Flow, Trainer};
///
/// /// Ends the training at a given loss.
/// struct GoodEnough(f64);
///
/// impl<N: Forward> Callback<f32, N> for GoodEnough {
///     fn after_step(&mut self, event: &Event<'_, f32, N>) -> Flow {
///         if event.loss < self.0 { Flow::Stop } else { Flow::Continue }
///     }
/// }
///
/// let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7))?;
/// let mut net = Linear::new(64, 10).initialize(XavierUniform::default(), Seed(7))?;
/// let history = Trainer::new(Sgd::new(0.5))
///     .epochs(50)
///     .callback(GoodEnough(0.3))
///     .fit(&mut net, CrossEntropy::default(), &train, &test)?;
/// assert!(history.last("loss").unwrap() < 0.3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Callback<F: Float, N: Forward<F> + ?Sized>: Send {
    /// After the first shapes are known to fit and before the first step of this run.
    fn at_start(&mut self, event: &Event<'_, F, N>) {
        let _ = event;
    }

    /// Adds metrics of its own to an evaluation: they become part of the history, and of checkpoints.
    fn measure(&mut self, network: &N, metrics: &mut Vec<(&'static str, f64)>) {
        let _ = (network, metrics);
    }

    /// After each step.
    fn after_step(&mut self, event: &Event<'_, F, N>) -> Flow {
        let _ = event;
        Flow::Continue
    }

    /// After each evaluation on the held-out data.
    fn after_evaluation(&mut self, event: &Event<'_, F, N>) -> Flow {
        let _ = event;
        Flow::Continue
    }
}

impl<F: Float, N: Forward<F> + ?Sized> Callback<F, N> for () {}

impl<F: Float, N: Forward<F> + ?Sized, A: Callback<F, N>, B: Callback<F, N>> Callback<F, N> for (A, B) {
    fn at_start(&mut self, event: &Event<'_, F, N>) {
        self.0.at_start(event);
        self.1.at_start(event);
    }

    fn measure(&mut self, network: &N, metrics: &mut Vec<(&'static str, f64)>) {
        self.0.measure(network, metrics);
        self.1.measure(network, metrics);
    }

    fn after_step(&mut self, event: &Event<'_, F, N>) -> Flow {
        either(self.0.after_step(event), self.1.after_step(event))
    }

    fn after_evaluation(&mut self, event: &Event<'_, F, N>) -> Flow {
        either(self.0.after_evaluation(event), self.1.after_evaluation(event))
    }
}

fn either(a: Flow, b: Flow) -> Flow {
    if a == Flow::Stop { a } else { b }
}
