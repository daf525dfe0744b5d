//! The driver: applies a rule to every parameter of a network.

use evenkeel_module::{Module, ModuleExt, Parameter, Path, Step};
use evenkeel_tensor::Float;

use crate::gradient::{Clip, sum_of_squares};
use crate::group::Settings;
use crate::slot::Slot;
use crate::{Bounds, Group, OptimError, Rule, Schedule};

/// A [`Rule`] at work on a network: with its memory for each parameter, the number of steps, a [`Schedule`], groups
/// of parameters and gradient clipping. Any rule turns into one with `into()`.
///
/// ```
/// use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
/// use evenkeel_optim::{Adam, Optimizer, Schedule};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// #[derive(Module)]
/// struct Net {
///     weight: Parameter,
///     bias: Parameter,
/// }
///
/// let mut net = Net {
///     weight: Parameter::new(Tensor::full([3], 2.0), Role::Weight),
///     bias: Parameter::new(Tensor::full([3], 1.0), Role::Bias),
/// };
/// let mut optimizer = Optimizer::new(Adam::new(0.1))
///     .schedule(Schedule::cosine(200, 0.01))
///     .group("*bias", |group| group.learning_rate_factor(0.5))
///     .clip_norm(1.0);
/// let mut workspace = Workspace::new();
/// for step in 0..200 {
///     let pass = workspace.begin(Mode::Training, Seed(1).at(step));
///     pass.backward((pass.parameter(&net.weight) - pass.parameter(&net.bias)).square().sum());
///     let report = optimizer.step(&mut net, &workspace.finish())?;
///     assert!(report.gradient_norm.is_some_and(f64::is_finite));
/// }
/// assert!((net.weight.value().as_slice()[0] - net.bias.value().as_slice()[0]).abs() < 1e-3);
/// # Ok::<(), evenkeel_optim::OptimError>(())
/// ```
///
/// What a parameter remembers begins with its first gradient; frozen parameters and those without gradient are left
/// alone, decay included. After the first step, a step allocates nothing. The bits of the result do not depend on the
/// number of threads. Large parameters are split over the threads of the current rayon pool, so let the training loop
/// run in [`evenkeel_tensor::parallel::install`].
pub struct Optimizer<F: Float = f32> {
    pub(crate) rule: Box<dyn Rule<F>>,
    pub(crate) steps: u64,
    /// One for each parameter of the network, in its order; none before the first step.
    pub(crate) slots: Vec<Slot<F>>,
    /// Whether the slots' settings are those of the groups.
    pub(crate) settled: bool,
    pub(crate) schedule: Schedule,
    pub(crate) scale: f64,
    pub(crate) groups: Vec<Group>,
    pub(crate) decay: f64,
    decay_all: bool,
    norm_limit: Option<f64>,
    value_limit: Option<f64>,
    measures_norm: bool,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The number of this step, 1 at first.
    pub step: u64,
    /// The learning rate after the schedule, before groups.
    pub learning_rate: f64,
    /// The global norm of the gradients before clipping, where it was asked for.
    pub gradient_norm: Option<f64>,
    /// Whether the norm was above its limit, so that the gradients were scaled down.
    pub clipped: bool,
    /// How many parameters had a gradient and were updated. 0 means that no backward pass came before, or that all is
    /// frozen.
    pub updated: usize,
}

impl<F: Float> Optimizer<F> {
    /// Applies `rule`: at a constant learning rate, without clipping, one group.
    pub fn new(rule: impl Rule<F>) -> Self {
        Self {
            rule: Box::new(rule),
            steps: 0,
            slots: Vec::new(),
            settled: false,
            schedule: Schedule::constant(),
            scale: 1.0,
            groups: Vec::new(),
            decay: 0.0,
            decay_all: false,
            norm_limit: None,
            value_limit: None,
            measures_norm: false,
        }
    }

    /// Multiplies the learning rate by a schedule.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Other settings for the parameters whose path fits `pattern` ([`Path::matches`]: a part stands for everything
    /// below it, `*` for any characters). Where several groups fit, the last one alone applies, so go from the general
    /// to the particular. A pattern that fits nothing is an error at the first step.
    ///
    /// ```
    /// use evenkeel_optim::{AdamW, Optimizer};
    ///
    /// let optimizer = Optimizer::<f32>::new(AdamW::new(1e-3))
    ///     .group("encoder", |group| group.learning_rate_factor(0.1))
    ///     .group("*.embedding.weight", |group| group.weight_decay(0.0));
    /// optimizer.validate()?;
    /// # Ok::<(), evenkeel_optim::OptimError>(())
    /// ```
    #[must_use]
    pub fn group(mut self, pattern: &str, settings: impl FnOnce(Group) -> Group) -> Self {
        self.groups.push(settings(Group::new(pattern)));
        self.settled = false;
        self
    }

    /// Lets every parameter decay. By default weight decay touches [`Role::Weight`](evenkeel_module::Role::Weight)
    /// alone: pulling biases and the scales of normalisations to 0 does not make a function simpler. (PyTorch decays
    /// all.)
    #[must_use]
    pub fn decay_all(self) -> Self {
        Self { decay_all: true, settled: false, ..self }
    }

    /// Scales all gradients by limit / norm where their global norm, the root of the sum of squares over all learning
    /// parameters, is above `limit` (Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural
    /// networks", algorithm 1): the direction stays. An infinite or NaN norm is an error, and the step is not taken.
    #[must_use]
    pub fn clip_norm(self, limit: f64) -> Self {
        Self { norm_limit: Some(limit), ..self }
    }

    /// Cuts each gradient value to \[-limit, limit\], after [`clip_norm`](Optimizer::clip_norm) if both are wanted. The
    /// direction changes; prefer the norm.
    #[must_use]
    pub fn clip_value(self, limit: f64) -> Self {
        Self { value_limit: Some(limit), ..self }
    }

    /// Reports the global norm of the gradients without a limit for it. As with [`clip_norm`](Optimizer::clip_norm), an
    /// infinite or NaN norm is an error, and the step is not taken.
    #[must_use]
    pub fn measure_norm(self) -> Self {
        Self { measures_norm: true, ..self }
    }

    /// All settings in one line, to tell whether two optimisers would take the same steps. (Of
    /// [`Schedule::custom`](crate::Schedule::custom) only that it is one.)
    pub fn settings(&self) -> String {
        format!(
            "{:?}, {:?}, scale {:?}, groups {:?}, decay {:?}, decay_all {}, clip_norm {:?}, clip_value {:?}",
            self.rule,
            self.schedule,
            self.scale,
            self.groups,
            self.decay,
            self.decay_all,
            self.norm_limit,
            self.value_limit
        )
    }

    /// The number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Checks every setting of rule, schedule, groups and clipping. Each step does, too.
    ///
    /// # Errors
    /// At the first setting out of its range.
    pub fn validate(&self) -> Result<(), OptimError> {
        let of = self.rule.name();
        let check = |of, setting, value, bounds, cure| OptimError::check::<F>(of, setting, value, bounds, cure);
        check(of, "learning rate", self.rule.learning_rate(), Bounds::NonNegative, "try 0.1 for Sgd, 0.001 for Adam")?;
        check(of, "weight decay", self.rule.weight_decay(), Bounds::NonNegative, "0 switches it off")?;
        self.rule.validate()?;
        self.schedule.validate()?;
        check("Optimizer", "learning rate scale", self.scale, Bounds::NonNegative, "1 is the default")?;
        check("Optimizer", "decay", self.decay, Bounds::Fraction, "1e-4 is usual; 0 switches it off")?;
        self.groups.iter().try_for_each(Group::validate)?;
        for (setting, limit) in [("clip_norm", self.norm_limit), ("clip_value", self.value_limit)] {
            check(
                "Optimizer",
                setting,
                limit.unwrap_or(1.0),
                Bounds::Positive,
                "1 is usual; leave it out for no limit",
            )?;
        }
        Ok(())
    }

    /// Updates every parameter of `module` that is not frozen and has a gradient in `step`.
    ///
    /// Which groups a parameter belongs to is found out at the first step, and again when the network is replaced by a
    /// clone of it.
    ///
    /// # Errors
    /// If a setting is out of its range, a group fits nothing, the network is not that of the steps before, or the norm
    /// of the gradients is wanted and is infinite or NaN. Nothing is changed then.
    pub fn step(
        &mut self,
        module: &mut (impl Module<F> + ?Sized),
        step: &Step<'_, F>,
    ) -> Result<StepReport, OptimError> {
        self.validate()?;
        if !(self.settled && self.is_bound_to(module)) {
            self.slots = self.bind(module)?;
            self.settled = true;
        }
        let learning_rate = self.learning_rate();
        let cure = "correct the function given to Schedule::custom";
        OptimError::check::<F>("Schedule", "learning rate", learning_rate, Bounds::NonNegative, cure)?;
        // Decay has this one alone, which shows in no learning rate where that of the rule is 0.
        OptimError::check::<F>("Schedule", "factor", self.multiplier(), Bounds::NonNegative, cure)?;
        let gradient_norm = (self.norm_limit.is_some() || self.measures_norm).then(|| gradient_norm(&*module, step));
        if let Some(norm) = gradient_norm.filter(|norm| !norm.is_finite()) {
            return Err(OptimError::NotFinite { norm });
        }
        let norm = gradient_norm.unwrap_or(0.0);
        let excess = self.norm_limit.filter(|limit| norm > *limit);
        let clip = Clip {
            scale: excess.map_or(F::ONE, |limit| F::from_f64(limit / norm)),
            limit: self.value_limit.map_or(F::INFINITY, F::from_f64),
        };
        let multiplier = self.multiplier();
        let (mut slots, mut updated) = (self.slots.iter_mut(), 0);
        module.for_each_parameter_mut(|_, parameter| {
            let slot = slots.next().expect("bound to this network");
            updated += usize::from(slot.update(&*self.rule, learning_rate, multiplier, clip, parameter, step));
        });
        self.steps += 1;
        Ok(StepReport { step: self.steps, learning_rate, gradient_norm, clipped: excess.is_some(), updated })
    }

    /// Whether the parameters are those of the slots: by identity, since a parameter's shape never changes.
    fn is_bound_to(&self, module: &(impl Module<F> + ?Sized)) -> bool {
        let (mut slots, mut same) = (self.slots.iter(), true);
        module.for_each_parameter(|_, parameter| same &= slots.next().is_some_and(|slot| slot.id == parameter.id()));
        same && slots.next().is_none()
    }

    /// The slots for `module`, with the memory of those there are: of this network, or of one that it is a clone of.
    fn bind(&mut self, module: &(impl Module<F> + ?Sized)) -> Result<Vec<Slot<F>>, OptimError> {
        let mut slots = self.new_slots(module)?;
        if self.slots.is_empty() {
            return Ok(slots);
        }
        let show = |slot: Option<&Slot<F>>| {
            slot.map_or("no further parameter".to_owned(), |s| format!("`{}` of shape {}", s.path, s.shape))
        };
        for i in 0..slots.len().max(self.slots.len()) {
            let (expected, got) = (self.slots.get(i), slots.get(i));
            if expected.map(|s| (&s.path, s.shape)) != got.map(|s| (&s.path, s.shape)) {
                return Err(OptimError::OtherNetwork { expected: show(expected), got: show(got) });
            }
        }
        for (new, old) in slots.iter_mut().zip(&mut self.slots) {
            (new.updates, new.memory) = (old.updates, old.memory.take());
        }
        Ok(slots)
    }

    /// Slots without memory for the parameters of `module`.
    pub(crate) fn new_slots(&self, module: &(impl Module<F> + ?Sized)) -> Result<Vec<Slot<F>>, OptimError> {
        let mut slots = Vec::new();
        let mut unused: Vec<&Group> = self.groups.iter().collect();
        module.for_each_parameter(|path: &Path<'_>, parameter: &Parameter<F>| {
            unused.retain(|group| !path.matches(&group.pattern));
            let decay = (self.rule.weight_decay(), self.decay);
            slots.push(Slot {
                path: path.to_string(),
                id: parameter.id(),
                shape: parameter.shape(),
                settings: Settings::of(&self.groups, path, parameter.role(), decay, self.decay_all),
                updates: 0,
                memory: None,
            });
        });
        if let Some(group) = unused.first() {
            let mut paths: Vec<_> = slots.iter().map(|s| s.path.as_str()).take(8).collect();
            if paths.len() < slots.len() {
                paths.push("...");
            }
            return Err(OptimError::EmptyGroup { pattern: group.pattern.clone(), paths: paths.join(", ") });
        }
        Ok(slots)
    }
}

impl<F: Float, R: Rule<F>> From<R> for Optimizer<F> {
    fn from(rule: R) -> Self {
        Self::new(rule)
    }
}

/// The root of the sum of squares over the gradients of all learning parameters, added in the network's order.
fn gradient_norm<F: Float>(module: &(impl Module<F> + ?Sized), step: &Step<'_, F>) -> f64 {
    let mut squares = 0.0;
    module.for_each_parameter(|_, parameter| {
        if !parameter.is_frozen() {
            squares += step.with_gradient(parameter, sum_of_squares).unwrap_or(0.0);
        }
    });
    squares.sqrt()
}
