//! A part of a network in a mode of its own.

use evenkeel_autograd::Var;
use evenkeel_tensor::Float;

use crate::{Forward, Mode, Module, Pass, Path, Visitor, VisitorMut};

/// A layer that runs in `mode`, whatever mode the pass is in: as if the layer stood alone there, under the same path.
///
/// With [`Mode::Evaluation`] a pre-trained part keeps and uses its stored statistics while the rest trains, and its weights
/// still learn unless they are frozen; with [`Mode::Population`] a part uses the statistics of the batch at evaluation too.
/// What a layer records is recorded as the part's mode says. In a forward function of one's own,
/// [`Pass::in_mode`](crate::Pass::in_mode) does the same.
///
/// ```
/// use evenkeel_autograd::Var;
/// use evenkeel_module::{Forward, InMode, Mode, Module, Pass, Workspace};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// /// Says by its output whether noise is on.
/// #[derive(Module, Clone)]
/// struct Probe;
///
/// impl Forward for Probe {
///     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         x * if pass.has_noise() { 1.0 } else { 0.0 }
///     }
/// }
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Training, Seed(0));
/// let x = pass.constant(Tensor::ones([1]));
/// assert_eq!(Probe.forward(&pass, x).item(), 1.0);
/// assert_eq!(InMode::new(Mode::Evaluation, Probe).forward(&pass, x).item(), 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct InMode<L> {
    /// The mode.
    pub mode: Mode,
    /// The layer.
    pub layer: L,
}

impl<L> InMode<L> {
    /// `layer` in `mode`.
    pub fn new(mode: Mode, layer: L) -> Self {
        Self { mode, layer }
    }
}

impl<F: Float, L: Module<F>> Module<F> for InMode<L> {
    fn kind(&self) -> &'static str {
        self.layer.kind()
    }
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        self.layer.visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        self.layer.visit_mut(path, visitor);
    }
}

impl<F: Float, L: Forward<F>> Forward<F> for InMode<L> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.layer.forward(&pass.in_mode(self.mode), x)
    }
}
