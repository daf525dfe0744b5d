//! Local response normalisation.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

use crate::local_response_norm_op::LocalResponseNormOp;

/// Local response normalisation: `b_c = a_c / (k + alpha / n sum a²)^beta`, the sum being over the `n` channels around
/// `c` at the same position.
///
/// # Shapes
/// Input and output (N, C, ...) of any rank from 2. The window of channel c is `c - n/2 ..= c + (n-1)/2` (whole
/// divisions, so that an even window reaches one channel further down than up), as far as there are such channels; the
/// sum is divided by n in any case. This is PyTorch's definition, with its defaults alpha 1e-4, beta 0.75 and k 1.
///
/// The paper's formula has alpha without the division by n, and k 2, n 5, alpha 1e-4:
/// [`alexnet`](LocalResponseNorm::alexnet) is just that, for which alpha is 5e-4 here.
///
/// # Training and evaluation
/// The same: there are no parameters and no statistics.
///
/// # Errors
/// A size of 0, a k that is not above 0, an alpha or beta below 0, or any of them not finite: a panic that names the
/// cure, and an error from [`check_network`](evenkeel_module::check_network) beforehand.
///
/// # Range
/// Finite inputs never give NaN. Where the sum of squares overflows (inputs from about 1e19 on in `f32`), output and
/// gradient are 0.
///
/// # Source
/// Krizhevsky, Sutskever & Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, 2012, section 3.3.
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_norm::LocalResponseNorm;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let norm = LocalResponseNorm::new(2).with_alpha(2.0).with_beta(1.0);
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let y = norm.forward(&pass, pass.constant(Tensor::from([[1.0, 2.0, 3.0]])));
/// assert_eq!(y.to_tensor(), Tensor::from([[1.0 / 2.0, 2.0 / 6.0, 3.0 / 14.0]]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalResponseNorm {
    pub(crate) size: usize,
    pub(crate) alpha: f64,
    pub(crate) beta: f64,
    pub(crate) k: f64,
}

impl LocalResponseNorm {
    /// Over windows of `size` channels, with alpha 1e-4, beta 0.75 and k 1.
    pub fn new(size: usize) -> Self {
        Self { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }

    /// The paper's: windows of 5, k 2, beta 0.75, and 1e-4 times the sum itself (alpha / size is 1e-4).
    pub fn alexnet() -> Self {
        Self { size: 5, alpha: 5e-4, beta: 0.75, k: 2.0 }
    }

    /// With another factor of the mean square, finite and not negative.
    #[must_use]
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// With another exponent, finite and not negative.
    #[must_use]
    pub fn with_beta(self, beta: f64) -> Self {
        Self { beta, ..self }
    }

    /// With another constant, finite and above 0.
    #[must_use]
    pub fn with_k(self, k: f64) -> Self {
        Self { k, ..self }
    }
}

impl<F: Float> Module<F> for LocalResponseNorm {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.enter(path, "LocalResponseNorm");
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.enter(path, "LocalResponseNorm");
    }
}

impl<F: Float> Forward<F> for LocalResponseNorm {
    fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        local_response_norm(x, *self)
    }
}

/// Local response normalisation of `x` (N, C, ...) with these settings.
///
/// # Panics
/// If x has fewer than two axes, or a setting is out of range.
#[track_caller]
pub fn local_response_norm<'t, F: Float>(x: Var<'t, F>, settings: LocalResponseNorm) -> Var<'t, F> {
    x.tape().record(LocalResponseNormOp(settings), &[x])
}
