//! A layer beside a shortcut.

use std::fmt;

use evenkeel_autograd::{Segment, Var};
use evenkeel_module::{Forward, Layer, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

use super::sum::SumOp;

/// Residual connection: y = body(x) + x, or y = body(x) + shortcut(x).
///
/// The shortcut is a projection where the body changes the shape: a 1x1 convolution of the same stride, or a
/// linear layer.
///
/// # Paths
/// `body` and `shortcut`.
///
/// # Errors
/// Branches whose shapes differ, also by what broadcasting would hide: a panic that names the cure, and an error from
/// [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Source
/// He et al., *Deep Residual Learning for Image Recognition*, 2015, [arXiv 1512.03385](https://arxiv.org/abs/1512.03385).
///
/// ```
/// use evenkeel_module::{ModuleExt, sequential};
/// use evenkeel_nn::{Conv2d, Relu, Residual};
///
/// let net = sequential![
///     Residual::new(sequential![Conv2d::new(8, 8, 3).with_padding(1), Relu, Conv2d::new(8, 8, 3).with_padding(1)]),
///     Relu,
///     Residual::new(Conv2d::new(8, 16, 3).with_stride(2).with_padding(1))
///         .with_shortcut(Conv2d::new(8, 16, 1).with_stride(2)),
/// ];
/// let mut paths = Vec::new();
/// net.for_each_parameter(|path, _| paths.push(path.to_string()));
/// assert_eq!(paths[0], "0.body.0.weight");
/// assert_eq!(paths[6], "2.shortcut.weight");
/// ```
pub struct Residual<F: Float = f32> {
    body: Box<dyn Layer<F>>,
    shortcut: Option<Box<dyn Layer<F>>>,
}

impl<F: Float> Residual<F> {
    /// y = body(x) + x
    pub fn new(body: impl Layer<F>) -> Self {
        Self { body: Box::new(body), shortcut: None }
    }

    /// y = body(x) + shortcut(x)
    #[must_use]
    pub fn with_shortcut(self, shortcut: impl Layer<F>) -> Self {
        Self { shortcut: Some(Box::new(shortcut)), ..self }
    }

    /// The layer beside the shortcut.
    pub fn body(&self) -> &dyn Layer<F> {
        self.body.as_ref()
    }

    /// The projection on the shortcut, if there is one.
    pub fn shortcut(&self) -> Option<&dyn Layer<F>> {
        self.shortcut.as_deref()
    }
}

impl<F: Float> Clone for Residual<F> {
    fn clone(&self) -> Self {
        Self { body: self.body.clone_box(), shortcut: self.shortcut.as_ref().map(|layer| layer.clone_box()) }
    }
}

impl<F: Float> fmt::Debug for Residual<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shortcut = self.shortcut.as_ref().map(|layer| layer.kind());
        f.debug_struct("Residual").field("body", &self.body.kind()).field("shortcut", &shortcut).finish()
    }
}

impl<F: Float> Module<F> for Residual<F> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.enter(path, "Residual");
        self.body.visit(&path.child("body"), visitor);
        self.shortcut.visit(&path.child("shortcut"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.enter(path, "Residual");
        self.body.visit_mut(&path.child("body"), visitor);
        self.shortcut.visit_mut(&path.child("shortcut"), visitor);
    }
}

impl<F: Float> Forward<F> for Residual<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let y = pass.part(Segment::Name("body"), || self.body.forward(pass, x));
        let short = match &self.shortcut {
            Some(shortcut) => pass.part(Segment::Name("shortcut"), || shortcut.forward(pass, x)),
            None => x,
        };
        let cure = "give the shortcut a projection (with_shortcut) to the body's shape";
        x.tape().record(SumOp { name: "residual", cure }, &[y, short])
    }
}
