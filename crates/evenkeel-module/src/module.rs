//! What a layer is: a list of its parts, and one `forward`.

use evenkeel_autograd::Var;
use evenkeel_init::{InitError, Policy};
use evenkeel_tensor::{Float, Seed};

use crate::load::{compare, copy};
use crate::{Buffer, LoadError, LoadReport, Parameter, Pass, Path, StateDict};

/// Something made of parameters, buffers and other modules.
///
/// Derive it: a struct's parts are its fields. Everything else (counting, freezing, saving, loading,
/// optimising) walks through the parts with a visitor; see [`ModuleExt`].
pub trait Module<F: Float = f32>: Send + Sync {
    /// The kind of layer, for tables and messages, e.g. `Linear`.
    fn kind(&self) -> &'static str {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name)
    }

    /// Shows every part to `visitor`, always in the same order.
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>);

    /// Shows every part to `visitor`, to be changed; in the order of [`visit`](Module::visit).
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>);
}

/// A module with one input and one output.
///
/// `forward` changes nothing in the module: what training is to change is recorded in the [`Pass`] and
/// applied afterwards, in one place.
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_module::{Forward, Mode, Module, ModuleExt, Parameter, Pass, Role, Workspace};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// /// y = x + a x
/// #[derive(Module)]
/// struct Gate {
///     a: Parameter,
/// }
///
/// impl Forward for Gate {
///     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         x + x * pass.parameter(&self.a)
///     }
/// }
///
/// let gate = Gate { a: Parameter::new(Tensor::full([3], 2.0), Role::Scale) };
/// assert_eq!(gate.parameter_count(), 3);
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = gate.forward(&pass, pass.constant(Tensor::ones([2, 3])));
/// assert_eq!(&y.value()[..], [3.0; 6]);
/// ```
pub trait Forward<F: Float = f32>: Module<F> {
    /// The output for the input `x`.
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F>;
}

/// Looks at the parts of a network, one after another.
pub trait Visitor<F: Float> {
    /// A module begins; its parts follow.
    fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
        let _ = (path, kind);
    }
    /// A parameter.
    fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
        let _ = (path, parameter);
    }
    /// A buffer.
    fn buffer(&mut self, path: &Path<'_>, buffer: &Buffer<F>) {
        let _ = (path, buffer);
    }
}

/// Changes the parts of a network, one after another.
pub trait VisitorMut<F: Float> {
    /// Whether this visitor gives parameters their first values. A module whose parameters follow from one another (the
    /// magnitude of a weight that is normalised) then computes those that follow, after it has shown the others.
    fn initializes(&self) -> bool {
        false
    }
    /// A module begins; its parts follow.
    fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
        let _ = (path, kind);
    }
    /// A parameter.
    fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
        let _ = (path, parameter);
    }
    /// A buffer.
    fn buffer(&mut self, path: &Path<'_>, buffer: &mut Buffer<F>) {
        let _ = (path, buffer);
    }
}

/// What can be done with every module.
pub trait ModuleExt<F: Float = f32>: Module<F> {
    /// Calls `f` with the path of each parameter and the parameter.
    fn for_each_parameter(&self, f: impl FnMut(&Path<'_>, &Parameter<F>)) {
        struct Each<G>(G);
        impl<F: Float, G: FnMut(&Path<'_>, &Parameter<F>)> Visitor<F> for Each<G> {
            fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
                (self.0)(path, parameter);
            }
        }
        self.visit(&Path::root(), &mut Each(f));
    }

    /// Calls `f` with the path of each parameter and the parameter, to be changed.
    fn for_each_parameter_mut(&mut self, f: impl FnMut(&Path<'_>, &mut Parameter<F>)) {
        struct Each<G>(G);
        impl<F: Float, G: FnMut(&Path<'_>, &mut Parameter<F>)> VisitorMut<F> for Each<G> {
            fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
                (self.0)(path, parameter);
            }
        }
        self.visit_mut(&Path::root(), &mut Each(f));
    }

    /// Calls `f` with the path of each buffer and the buffer, to be changed.
    fn for_each_buffer_mut(&mut self, f: impl FnMut(&Path<'_>, &mut Buffer<F>)) {
        struct Each<G>(G);
        impl<F: Float, G: FnMut(&Path<'_>, &mut Buffer<F>)> VisitorMut<F> for Each<G> {
            fn buffer(&mut self, path: &Path<'_>, buffer: &mut Buffer<F>) {
                (self.0)(path, buffer);
            }
        }
        self.visit_mut(&Path::root(), &mut Each(f));
    }

    /// The number of learnt values, frozen ones included.
    fn parameter_count(&self) -> usize {
        let mut count = 0;
        self.for_each_parameter(|_, p| count += p.shape().numel());
        count
    }

    /// Freezes every parameter and buffer whose path fits `pattern` ([`Path::matches`]; all of them: `*`): no gradient, no
    /// update, and statistics stay as they are. Returns how many it froze; 0 means that nothing fits.
    fn freeze(&mut self, pattern: &str) -> usize {
        set_frozen(self, pattern, true)
    }

    /// Undoes [`freeze`](ModuleExt::freeze) for what fits `pattern`.
    fn unfreeze(&mut self, pattern: &str) -> usize {
        set_frozen(self, pattern, false)
    }

    /// The values of all parameters and buffers, by path.
    fn state_dict(&self) -> StateDict {
        StateDict::of(self)
    }

    /// Loads values by path: all of them, or none.
    ///
    /// # Errors
    /// If anything is missing, unexpected, of another shape, infinite, NaN, or negative where nothing can be (variances,
    /// counts); the network is then unchanged.
    fn load_state_dict(&mut self, dict: &StateDict) -> Result<(), LoadError> {
        let report = compare(self, dict);
        if !report.is_complete() {
            return Err(LoadError { report: Box::new(report) });
        }
        copy(self, dict, &report);
        Ok(())
    }

    /// Loads what fits by path, shape and range, and says what does not: for transfer from another network.
    fn load_matching(&mut self, dict: &StateDict) -> LoadReport {
        let report = compare(self, dict);
        copy(self, dict, &report);
        report
    }

    /// Draws every weight and bias that is not frozen; see [`evenkeel_init`] for the choices. Normalisations
    /// keep their scale of 1 and shift of 0. A value depends on the seed and on the parameter's path alone.
    ///
    /// # Errors
    /// If an initialiser does not suit a shape.
    fn initialize(mut self, policy: impl Into<Policy<F>>, seed: Seed) -> Result<Self, InitError>
    where
        Self: Sized,
    {
        crate::initialize::initialize(&mut self, &policy.into(), seed)?;
        Ok(self)
    }
}

impl<F: Float, M: Module<F> + ?Sized> ModuleExt<F> for M {}

fn set_frozen<F: Float>(module: &mut (impl Module<F> + ?Sized), pattern: &str, frozen: bool) -> usize {
    struct Freeze<'a> {
        pattern: &'a str,
        frozen: bool,
        count: usize,
    }
    impl<F: Float> VisitorMut<F> for Freeze<'_> {
        fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
            if path.matches(self.pattern) {
                parameter.set_frozen(self.frozen);
                self.count += 1;
            }
        }
        fn buffer(&mut self, path: &Path<'_>, buffer: &mut Buffer<F>) {
            if path.matches(self.pattern) {
                buffer.set_frozen(self.frozen);
                self.count += 1;
            }
        }
    }
    let mut visitor = Freeze { pattern, frozen, count: 0 };
    module.visit_mut(&Path::root(), &mut visitor);
    visitor.count
}
