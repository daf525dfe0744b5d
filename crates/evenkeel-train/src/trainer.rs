//! The settings of a training.

use std::path::PathBuf;

use evenkeel_data::augment::{Augment, Mix};
use evenkeel_data::{Batches, DataError, Dataset, Samples, Sampling};
use evenkeel_module::Forward;
use evenkeel_optim::Optimizer;
use evenkeel_regularize::{EarlyStopping, Plateau, Regularizer};
use evenkeel_tensor::{Float, Seed, Tensor};

use crate::settings::{Change, Length, Settings};
use crate::{Evaluation, Loss, TrainError};

/// Trains a network: settings first, then [`fit`](Trainer::fit).
///
/// Each setting has its default in its description. The seed decides the order of the examples, their augmentation and the noise;
/// the same seed gives the same bits at any number of threads, and for a run that was interrupted and resumed.
///
/// ```
/// use evenkeel_data::Digits;
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::{ModuleExt, sequential};
/// use evenkeel_nn::{CrossEntropy, Linear, Sigmoid};
/// use evenkeel_norm::BatchNorm;
/// use evenkeel_optim::Sgd;
/// use evenkeel_tensor::Seed;
/// use evenkeel_train::Trainer;
///
/// let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7))?;
/// let mut net = sequential![
///     Linear::new(64, 32).without_bias(), BatchNorm::new(32), Sigmoid,
///     Linear::new(32, 10),
/// ].initialize(&XavierUniform::default(), Seed(7))?;
/// let history = Trainer::new(Sgd::new(0.5))
///     .epochs(5)
///     .batch_size(60)
///     .fit(&mut net, CrossEntropy::default(), &train, &test)?;
/// assert!(history.last("test_accuracy").unwrap() > 0.85);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<F: Float = f32, C = ()> {
    pub(crate) settings: Settings<F>,
    pub(crate) callback: C,
}

impl<F: Float> Trainer<F> {
    /// With this optimiser, 10 epochs, batches of 32.
    pub fn new(optimizer: impl Into<Optimizer<F>>) -> Self {
        Self { settings: Settings::new(optimizer.into()), callback: () }
    }

    /// The loss and accuracy of `network` on `data`: [`evaluate`](crate::evaluate).
    ///
    /// # Errors
    /// If the network does not fit the data.
    pub fn evaluate(network: &impl Forward<F>, loss: &impl Loss<F>, data: &Dataset) -> Result<Evaluation, TrainError> {
        crate::evaluate(network, loss, data)
    }

    /// The outputs of `network` for each of the samples, with or without targets: [`predict`](crate::predict).
    ///
    /// # Errors
    /// If the network does not fit the samples, there are none, or one is not finite.
    pub fn predict(network: &impl Forward<F>, data: &(impl Samples<F> + ?Sized)) -> Result<Tensor<F>, TrainError> {
        crate::predict(network, data)
    }
}

impl<F: Float, C> Trainer<F, C> {
    /// Trains for so many passes over the data. Default: 10.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.settings.length = Length::Epochs(epochs);
        self
    }

    /// Trains for so many steps instead of whole epochs.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.settings.length = Length::Steps(steps);
        self
    }

    /// The number of examples in a step. Default: 32.
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.settings.batch_size = batch_size;
        self
    }

    /// Leaves out the last, shorter batch of each epoch. Default: it is used.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.settings.drop_last = true;
        self
    }

    /// How each epoch draws its training examples: each once, in a new order; balanced by class; or by a weight for each. Default:
    /// [`Sampling::Shuffled`].
    ///
    /// An epoch is as many examples as the training data have, in as many steps, however they are drawn: where classes are balanced
    /// or examples weighted, they are drawn with replacement, so that an epoch repeats some and leaves others out. The draws depend on
    /// the seed and the epoch alone, so that a resumed run goes on with the same batches. The steps' loss and accuracy are those of
    /// the examples drawn; evaluations see the data as they are.
    ///
    /// ```
    /// use evenkeel_data::{Dataset, Sampling, Tensor};
    /// use evenkeel_init::XavierUniform;
    /// use evenkeel_module::ModuleExt;
    /// use evenkeel_nn::{BceWithLogits, Linear};
    /// use evenkeel_optim::Sgd;
    /// use evenkeel_tensor::Seed;
    /// use evenkeel_train::{Trainer, predict};
    ///
    /// // Of 1 000 examples 20 are of class 1; between 0.5 and 1 there are a few of both.
    /// let is_rare = |i: usize| i >= 980;
    /// let x = Tensor::from_fn([1000, 1], |i| if is_rare(i) { 0.5 + (i - 980) as f32 / 10.0 } else { i as f32 / 980.0 });
    /// let patients = Dataset::classification(x, (0..1000).map(|i| u32::from(is_rare(i))).collect(), 2)?;
    /// let found = |sampling: Sampling| -> Result<usize, Box<dyn std::error::Error>> {
    ///     let mut net = Linear::<f32>::new(1, 1).initialize(XavierUniform::default(), Seed(7))?;
    ///     Trainer::new(Sgd::new(0.5))
    ///         .sampling(sampling)
    ///         .fit(&mut net, BceWithLogits::default(), &patients, &patients)?;
    ///     Ok(predict(&net, &patients)?.as_slice()[980..].iter().filter(|&&logit| logit > 0.0).count())
    /// };
    /// assert!(found(Sampling::Balanced)? > found(Sampling::Shuffled)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.settings.sampling = sampling;
        self
    }

    /// The seed of the examples' order, of noise and of augmentation. Default: `Seed(0)`.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Shows a progress bar if standard error is a terminal. Default: no.
    #[must_use]
    pub fn progress(mut self, progress: bool) -> Self {
        self.settings.progress = progress;
        self
    }

    /// Evaluates on the held-out data every so many steps, besides at the end. Default: after each epoch.
    #[must_use]
    pub fn evaluate_every(mut self, steps: u64) -> Self {
        self.settings.evaluate_every = Some(steps);
        self
    }

    /// Changes each training example at random, anew in each epoch ([`Batches::augmented`]); evaluations see the data as they are.
    /// Called again, it adds a change after those before. Default: none.
    ///
    /// ```
    /// use evenkeel_data::Digits;
    /// use evenkeel_data::augment::{Augment, Cutout, Mixup};
    /// use evenkeel_init::XavierUniform;
    /// use evenkeel_module::{ModuleExt, sequential};
    /// use evenkeel_nn::{CrossEntropy, Flatten, Linear};
    /// use evenkeel_optim::Sgd;
    /// use evenkeel_tensor::Seed;
    /// use evenkeel_train::Trainer;
    ///
    /// let (train, test) = Digits::embedded().reshape_samples([8, 8])?.split_stratified(0.8, Seed(7))?;
    /// let mut net = sequential![Flatten, Linear::new(64, 10)].initialize(XavierUniform::default(), Seed(7))?;
    /// let history = Trainer::new(Sgd::new(0.5))
    ///     .epochs(5)
    ///     .augment(Cutout::new(2).with_probability(0.5))
    ///     .mix(Mixup::new(0.2))
    ///     .fit(&mut net, CrossEntropy::default(), &train, &test)?;
    /// assert!(history.last("test_accuracy").unwrap() > 0.85);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn augment(self, augment: impl Augment<F> + 'static) -> Self {
        self.change(format!("{augment:?}"), |batches, seed| batches.augmented(augment, seed))
    }

    /// Mixes the examples of each training batch with each other, and their targets ([`Batches::mixed`]). Where the targets are
    /// classes, the loss has to take the shares of classes in their place, and steps have no accuracy. Default: none.
    #[must_use]
    pub fn mix(self, mix: impl Mix<F> + 'static) -> Self {
        self.change(format!("{mix:?}"), |batches, seed| batches.mixed(mix, seed))
    }

    fn change(
        mut self,
        settings: String,
        apply: impl FnOnce(Batches<F>, Seed) -> Result<Batches<F>, DataError> + Send + 'static,
    ) -> Self {
        self.settings.changes.push(Change { settings, apply: Box::new(apply) });
        self
    }

    /// Adds penalties to the objective, and constraints. Default: none.
    ///
    /// With N training examples the objective is the mean loss plus the penalties divided by N; see [`Regularizer`]. The history's
    /// `loss` stays the loss of the data, comparable with `test_loss`; the penalties at the weights before the step, divided by N,
    /// are the steps' metric `penalty`. After each update come the proximal steps, at the rate of that step and parameter, and
    /// the projections.
    ///
    /// ```
    /// use evenkeel_data::Digits;
    /// use evenkeel_init::XavierUniform;
    /// use evenkeel_module::ModuleExt;
    /// use evenkeel_nn::{CrossEntropy, Linear};
    /// use evenkeel_optim::Sgd;
    /// use evenkeel_regularize::{L1, Regularizer, Sparsity};
    /// use evenkeel_tensor::Seed;
    /// use evenkeel_train::Trainer;
    ///
    /// let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7))?;
    /// let mut net = Linear::<f32>::new(64, 10).initialize(XavierUniform::default(), Seed(7))?;
    /// let history = Trainer::new(Sgd::new(0.5))
    ///     .epochs(5)
    ///     .regularizer(Regularizer::new().proximal("*", L1::new(10.0)))
    ///     .fit(&mut net, CrossEntropy::default(), &train, &test)?;
    /// assert!(Sparsity::of(&net).zeros() > 100 && history.last("test_accuracy").unwrap() > 0.85);
    /// let objective = history.last("loss").unwrap() + history.last("penalty").unwrap();
    /// # assert!(objective > history.last("loss").unwrap());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn regularizer(mut self, regularizer: Regularizer<F>) -> Self {
        self.settings.regularizer = Some(regularizer);
        self
    }

    /// Ends the run when an evaluation's metric has not improved for a while, and **gives the best weights back**, statistics
    /// included: also where the run ends by its length or by a callback. [`History::restored_step`](crate::History::restored_step)
    /// tells the step that they are of. Default: none.
    ///
    /// The metric is `test_loss` unless told, or any other of the evaluations, such as `test_accuracy` or one that a callback
    /// [measures](crate::Callback::measure). Patience counts the evaluations after each epoch, or
    /// [every so many steps](Self::evaluate_every). One more, made because a run ends between two of those, may be the best, but uses
    /// up no patience: so a run that is resumed with a later end is the run that had that end from the start.
    ///
    /// A checkpoint holds both the last weights, to go on with, and the best ones.
    ///
    /// ```
    /// use evenkeel_data::Digits;
    /// use evenkeel_init::XavierUniform;
    /// use evenkeel_module::ModuleExt;
    /// use evenkeel_nn::{CrossEntropy, Linear};
    /// use evenkeel_optim::Sgd;
    /// use evenkeel_regularize::EarlyStopping;
    /// use evenkeel_tensor::Seed;
    /// use evenkeel_train::{Trainer, evaluate};
    ///
    /// let (train, rest) = Digits::embedded().split_stratified(0.05, Seed(7))?;
    /// let (validation, _test) = rest.split_stratified(0.5, Seed(7))?;
    /// let mut net = Linear::<f32>::new(64, 10).initialize(XavierUniform::default(), Seed(7))?;
    /// let history = Trainer::new(Sgd::new(1.0))
    ///     .epochs(200)
    ///     .early_stopping(EarlyStopping::new(3).on("test_accuracy"))
    ///     .fit(&mut net, CrossEntropy::default(), &train, &validation)?;
    ///
    /// let (step, best) = history.best("test_accuracy").unwrap();
    /// assert!(step < history.steps().last_step().unwrap());
    /// assert_eq!(history.restored_step(), Some(step));
    /// assert_eq!(evaluate(&net, &CrossEntropy::default(), &validation)?.accuracy, Some(best));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.settings.early_stopping = Some(early_stopping);
        self
    }

    /// Multiplies the learning rate by a factor, on top of the schedule, when an evaluation's metric has not improved for a while.
    /// The history's `learning_rate` shows it. The metric is as for [`early_stopping`](Self::early_stopping). Default: none.
    #[must_use]
    pub fn plateau(mut self, plateau: Plateau) -> Self {
        self.settings.plateau = Some(plateau);
        self
    }

    /// Prepares so many batches ahead on a second thread; the batches are the same. Default: 0, none.
    #[must_use]
    pub fn prefetch(mut self, batches: usize) -> Self {
        self.settings.prefetch = batches;
        self
    }

    /// Writes a checkpoint to `path` every so many steps, and at the end: atomically, so that the file is always whole.
    /// Default: none.
    #[must_use]
    pub fn checkpoint_every(mut self, steps: u64, path: impl Into<PathBuf>) -> Self {
        self.settings.checkpoint = Some((steps, path.into()));
        self
    }

    /// Goes on from the checkpoint at `path`, bit by bit as if the run had not been interrupted.
    #[must_use]
    pub fn resume_from(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.resume = Some(path.into());
        self
    }

    /// Adds a [`Callback`](crate::Callback).
    #[must_use]
    pub fn callback<D>(mut self, callback: D) -> Trainer<F, (C, D)> {
        self.settings.has_callbacks = true;
        Trainer { settings: self.settings, callback: (self.callback, callback) }
    }
}
