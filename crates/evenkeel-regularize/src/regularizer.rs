//! What applies to which parameters of a network.

use std::sync::Arc;

use evenkeel_autograd::Var;
use evenkeel_module::{Module, ModuleExt, Parameter, Pass, Path, Role};
use evenkeel_tensor::Float;

use crate::{Constraint, Penalty, PenaltyOp, RegularizeError};

/// Penalties and constraints for the parameters of a network, by path.
///
/// # Convention
/// With N training examples and penalties p, training minimises
///
/// `J = 1/N (sum_n loss_n + sum p(w))`, for instance `p(w) = lambda sum |w|` or `lambda sum w²`.
///
/// Losses are means over a batch, so the penalties come in divided by N, the number of examples in the *training set*, whatever
/// the size of the batch: a given lambda means the same for any batch size, and counts less the more data there are.
///
/// # How an entry acts
/// - [`penalty`](Regularizer::penalty): through the gradient, as a term of the loss ([`loss`](Regularizer::loss)).
/// - [`proximal`](Regularizer::proximal): by a proximal step of size learning rate / N after each update
///   ([`apply`](Regularizer::apply)), which is what gives weights that are exactly 0. With plain gradient descent that is the
///   proximal gradient method (ISTA); after the update of a rule with other step sizes for each weight, such as Adam, it is
///   a step of the same kind whose fixed point is another.
/// - [`constraint`](Regularizer::constraint): by a projection after that.
///
/// An entry applies to every parameter of [`Role::Weight`] whose path fits its pattern ([`Path::matches`]; all of them: `*`).
/// Biases and normalisation parameters are left out unless [`all_roles`](Regularizer::all_roles) follows. Where several entries
/// fit, all apply, in their order. Frozen parameters are left as they are and do not count.
///
/// ```
/// use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
/// use evenkeel_regularize::{L1, MaxNorm, Regularizer};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// /// y = w x, of which only the first two inputs matter.
/// #[derive(Module)]
/// struct Line {
///     weight: Parameter,
/// }
///
/// let mut line = Line { weight: Parameter::new(Tensor::full([1, 4], 0.3), Role::Weight) };
/// let x = Tensor::from_fn([8, 4], |i| ((i * i * 7 + i) % 11) as f32 / 5.0 - 1.0);
/// let y = Tensor::from_fn([8, 1], |n| x.as_slice()[4 * n] - 2.0 * x.as_slice()[4 * n + 1]);
/// let examples = 8;
///
/// let regularizer = Regularizer::new().proximal("*", L1::new(0.5)).constraint("weight", MaxNorm::new(3.0));
/// regularizer.validate(&line)?;
/// let rate = 0.1;
/// let mut workspace = Workspace::new();
/// for step in 0..500 {
///     let pass = workspace.begin(Mode::Training, Seed(1).at(step));
///     let predicted = pass.constant(x.clone()).linear(pass.parameter(&line.weight), None);
///     let mut loss = (predicted - pass.constant(y.clone())).square().mean();
///     if let Some(penalty) = regularizer.loss(&pass, &line, examples) {
///         loss = loss + penalty;                          // none here: all of it is proximal
///     }
///     pass.backward(loss);
///     workspace.finish().update(&mut line.weight, |w, g| w.iter_mut().zip(g).for_each(|(w, g)| *w -= rate * g));
///     regularizer.apply(&mut line, examples, |_| f64::from(rate));
/// }
/// let w = line.weight.value().as_slice();
/// assert!(w[0] > 0.7 && w[1] < -1.7);
/// assert_eq!(w[2..], [0.0, 0.0]);                         // exactly
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regularizer<F: Float = f32> {
    entries: Vec<Entry<F>>,
}

#[derive(Clone, Debug)]
struct Entry<F: Float> {
    pattern: String,
    all_roles: bool,
    action: Action<F>,
}

#[derive(Clone, Debug)]
enum Action<F: Float> {
    Penalty(Arc<dyn Penalty<F>>),
    Proximal(Arc<dyn Penalty<F>>),
    Constraint(Arc<dyn Constraint<F>>),
}

impl<F: Float> Action<F> {
    fn check(&self) -> Result<(), RegularizeError> {
        match self {
            Action::Penalty(penalty) | Action::Proximal(penalty) => penalty.check(),
            Action::Constraint(constraint) => constraint.check(),
        }
    }

    fn check_shape(&self, shape: &[usize]) -> Result<(), RegularizeError> {
        match self {
            Action::Penalty(penalty) | Action::Proximal(penalty) => penalty.check_shape(shape),
            Action::Constraint(constraint) => constraint.check_shape(shape),
        }
    }
}

impl<F: Float> Entry<F> {
    fn fits(&self, path: &Path<'_>, parameter: &Parameter<F>) -> bool {
        (self.all_roles || parameter.role() == Role::Weight) && path.matches(&self.pattern)
    }
}

impl<F: Float> Default for Regularizer<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float> Regularizer<F> {
    /// Without entries.
    pub fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Adds a penalty that acts through the gradient.
    #[must_use]
    pub fn penalty(self, pattern: &str, penalty: impl Penalty<F> + 'static) -> Self {
        self.with(pattern, Action::Penalty(Arc::new(penalty)))
    }

    /// Adds a penalty that acts by its proximal step after the update.
    #[must_use]
    pub fn proximal(self, pattern: &str, penalty: impl Penalty<F> + 'static) -> Self {
        self.with(pattern, Action::Proximal(Arc::new(penalty)))
    }

    /// Adds a constraint: a projection after the update.
    #[must_use]
    pub fn constraint(self, pattern: &str, constraint: impl Constraint<F> + 'static) -> Self {
        self.with(pattern, Action::Constraint(Arc::new(constraint)))
    }

    fn with(mut self, pattern: &str, action: Action<F>) -> Self {
        self.entries.push(Entry { pattern: pattern.to_owned(), all_roles: false, action });
        self
    }

    /// Lets the entry added last also touch biases and normalisation parameters.
    ///
    /// ```
    /// use evenkeel_regularize::{L1, L2, Regularizer};
    ///
    /// let regularizer = Regularizer::<f32>::new()
    ///     .penalty("*", L2::new(1e-2))
    ///     .penalty("head", L1::new(1e-3)).all_roles();
    /// # assert!(regularizer.settings().contains("all_roles: true"));
    /// ```
    #[must_use]
    pub fn all_roles(mut self) -> Self {
        if let Some(last) = self.entries.last_mut() {
            last.all_roles = true;
        }
        self
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All settings in one line, to tell whether two regularisers would do the same.
    pub fn settings(&self) -> String {
        format!("{:?}", self.entries)
    }

    /// Checks every setting, that every pattern fits some parameter, and that the shapes have the groups that are asked for.
    ///
    /// # Errors
    /// At the first entry that cannot be applied to this network.
    pub fn validate(&self, module: &(impl Module<F> + ?Sized)) -> Result<(), RegularizeError> {
        for entry in &self.entries {
            entry.action.check()?;
            let (mut fits, mut misfit) = (false, Ok(()));
            module.for_each_parameter(|path, parameter| {
                if entry.fits(path, parameter) {
                    fits = true;
                    if misfit.is_ok() {
                        misfit = entry.action.check_shape(&parameter.shape());
                    }
                }
            });
            misfit?;
            if !fits {
                return Err(entry.without_parameter(module));
            }
        }
        Ok(())
    }

    /// The sum of the penalties that act through the gradient, divided by the number of `examples` in the training set (0 counts
    /// as 1): a term to add to a loss that is a mean over the batch. `None` if there is none.
    ///
    /// # Panics
    /// If an entry's settings or shapes are refused by [`validate`](Regularizer::validate), or a parameter has no value yet.
    #[track_caller]
    pub fn loss<'t>(
        &self,
        pass: &Pass<'t, F>,
        module: &(impl Module<F> + ?Sized),
        examples: usize,
    ) -> Option<Var<'t, F>> {
        let mut total: Option<Var<'t, F>> = None;
        module.for_each_parameter(|path, parameter| {
            for entry in &self.entries {
                if let Action::Penalty(penalty) = &entry.action
                    && !parameter.is_frozen()
                    && entry.fits(path, parameter)
                {
                    let op = PenaltyOp::new(Arc::clone(penalty), per_example(examples));
                    let term = pass.tape().record(op, &[pass.parameter(parameter)]);
                    total = Some(total.map_or(term, |total| total + term));
                }
            }
        });
        total
    }

    /// The value of all penalties, proximal ones included, divided by the number of `examples` in the training set (0 counts as
    /// 1): what the objective J has beside the mean of the losses.
    ///
    /// # Panics
    /// As [`loss`](Regularizer::loss), but a parameter without a value counts as 0.
    #[track_caller]
    pub fn value(&self, module: &(impl Module<F> + ?Sized), examples: usize) -> f64 {
        self.expect_settings();
        let mut total = 0.0;
        module.for_each_parameter(|path, parameter| {
            for entry in &self.entries {
                if let Action::Penalty(penalty) | Action::Proximal(penalty) = &entry.action
                    && !parameter.is_frozen()
                    && entry.fits(path, parameter)
                {
                    total += penalty.value(parameter.value().as_slice(), &parameter.shape());
                }
            }
        });
        total * per_example(examples)
    }

    /// To be called after each update: the proximal steps, of size `learning_rate(path) / examples` (0 examples count as 1), then
    /// the projections. Frozen parameters and those without a value are left alone.
    ///
    /// # Panics
    /// If an entry's settings or shapes are refused by [`validate`](Regularizer::validate), or a learning rate is negative or not
    /// finite.
    #[track_caller]
    pub fn apply(
        &self,
        module: &mut (impl Module<F> + ?Sized),
        examples: usize,
        learning_rate: impl Fn(&Path<'_>) -> f64,
    ) {
        self.expect_settings();
        module.for_each_parameter_mut(|path, parameter| {
            if parameter.is_frozen() || !parameter.is_initialized() {
                return;
            }
            let shape = parameter.shape();
            for entry in &self.entries {
                if let Action::Proximal(penalty) = &entry.action
                    && entry.fits(path, parameter)
                {
                    let rate = learning_rate(path);
                    assert!(
                        rate >= 0.0 && rate.is_finite(),
                        "Regularizer: `{path}`: expected a learning rate that is finite and not negative, got {rate}; give that of \
                         the update before"
                    );
                    penalty.prox(parameter.as_mut_slice(), &shape, rate * per_example(examples));
                }
            }
            for entry in &self.entries {
                if let Action::Constraint(constraint) = &entry.action
                    && entry.fits(path, parameter)
                {
                    constraint.project(parameter.as_mut_slice(), &shape);
                }
            }
        });
    }

    /// Before anything is changed.
    #[track_caller]
    fn expect_settings(&self) {
        if let Err(error) = self.entries.iter().try_for_each(|entry| entry.action.check()) {
            panic!("{error}");
        }
    }
}

fn per_example(examples: usize) -> f64 {
    1.0 / examples.max(1) as f64
}

impl<F: Float> Entry<F> {
    /// The error that names the paths there are.
    fn without_parameter(&self, module: &(impl Module<F> + ?Sized)) -> RegularizeError {
        const NAMED: usize = 8;
        let (mut paths, mut other_role) = (Vec::new(), false);
        module.for_each_parameter(|path, _| {
            paths.push(path.to_string());
            other_role |= path.matches(&self.pattern);
        });
        if paths.len() > NAMED {
            paths.truncate(NAMED);
            paths.push("...".to_owned());
        }
        RegularizeError::EmptyPattern {
            pattern: self.pattern.clone(),
            kind: if self.all_roles { "parameter" } else { "weight" },
            paths: paths.join(", "),
            cure: if other_role {
                "add .all_roles() to include biases and normalisation parameters"
            } else {
                "correct the pattern"
            },
        }
    }
}
