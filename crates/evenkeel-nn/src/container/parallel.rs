//! Layers side by side.

use std::fmt;

use evenkeel_autograd::{Segment, Var};
use evenkeel_module::{Forward, Layer, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

use super::sum::SumOp;

/// Branches that all take the same input, their outputs concatenated along an axis or added up.
///
/// Without branches the output is the input, as that of an empty [`Sequential`](evenkeel_module::Sequential).
///
/// # Paths
/// Branch `i` has the path `i`.
///
/// # Errors
/// Outputs that differ in another axis than that of the concatenation, or in any where they are added: a panic that
/// names the cure, and an error from [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Source
/// Concatenated branches: Szegedy et al., *Going Deeper with Convolutions*, 2014,
/// [arXiv 1409.4842](https://arxiv.org/abs/1409.4842).
///
/// ```
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::{Mode, ModuleExt, check_network, sequential};
/// use evenkeel_nn::{Conv2d, GlobalAvgPool, Parallel};
/// use evenkeel_tensor::Seed;
///
/// let net = sequential![
///     Parallel::concatenated(1).with(Conv2d::new(3, 8, 1)).with(Conv2d::new(3, 4, 3).with_padding(1)),
///     GlobalAvgPool,
/// ]
/// .initialize(XavierUniform::default(), Seed(7))?;
/// assert_eq!(check_network(&net, Mode::Training, [2, 3, 9, 9])?, [2, 12].into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Parallel<F: Float = f32> {
    branches: Vec<Box<dyn Layer<F>>>,
    join: Join,
}

#[derive(Clone, Copy, Debug)]
enum Join {
    Concatenate { axis: usize },
    Sum,
}

impl<F: Float> Parallel<F> {
    /// Outputs are concatenated along `axis`: 1 for channels and features.
    pub fn concatenated(axis: usize) -> Self {
        Self { branches: Vec::new(), join: Join::Concatenate { axis } }
    }

    /// Outputs are added up.
    pub fn summed() -> Self {
        Self { branches: Vec::new(), join: Join::Sum }
    }

    /// Adds a branch.
    #[must_use]
    pub fn with(mut self, branch: impl Layer<F>) -> Self {
        self.branches.push(Box::new(branch));
        self
    }

    /// The branches.
    pub fn branches(&self) -> &[Box<dyn Layer<F>>] {
        &self.branches
    }
}

impl<F: Float> Clone for Parallel<F> {
    fn clone(&self) -> Self {
        Self { branches: self.branches.iter().map(|branch| branch.clone_box()).collect(), join: self.join }
    }
}

impl<F: Float> fmt::Debug for Parallel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.branches.iter().map(|branch| branch.kind()).collect();
        f.debug_struct("Parallel").field("branches", &kinds).field("join", &self.join).finish()
    }
}

impl<F: Float> Module<F> for Parallel<F> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.enter(path, "Parallel");
        self.branches.visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.enter(path, "Parallel");
        self.branches.visit_mut(path, visitor);
    }
}

impl<F: Float> Forward<F> for Parallel<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let branches = self.branches.iter().enumerate();
        let mut outputs = branches.map(|(i, branch)| pass.part(Segment::Index(i), || branch.forward(pass, x)));
        match self.join {
            Join::Concatenate { .. } if self.branches.is_empty() => x,
            Join::Concatenate { axis } => Var::concat(&outputs.collect::<Vec<_>>(), axis),
            Join::Sum => {
                let cure = "make the branches' outputs alike";
                let sum = |a, b| x.tape().record(SumOp { name: "parallel", cure }, &[a, b]);
                outputs.next().map_or(x, |first| outputs.fold(first, sum))
            }
        }
    }
}
