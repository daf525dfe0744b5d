//! Pooling: planes and lines made smaller by maxima and averages.

mod kernel;
mod op;

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;

use crate::Extents;
use crate::window::Window;
use op::{Kind, PoolOp};

/// The largest value under a sliding window, channel by channel: [`MaxPool2d`] and [`MaxPool1d`].
///
/// # Shapes
/// Input (N, C, L) or (N, C, H, W), output (N, C, ...) with `floor((L + 2 padding - kernel) / stride) + 1` positions along each
/// axis.
///
/// # Defaults
/// The stride is the kernel, the padding 0. Padding takes no part in the maximum.
///
/// # Gradient
/// All of an output's goes to the input that it came from, the first in order of rows among equal ones. NaN under the window
/// gives NaN. Both as in PyTorch.
///
/// # Errors
/// A kernel or stride of 0, a padding of more than half the kernel, a kernel larger than the padded input, planes without
/// elements: a panic that names the cure, and an error from [`check_network`](evenkeel_module::check_network) beforehand.
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_nn::MaxPool2d;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let x = pass.constant(Tensor::from_vec([1, 1, 2, 4], vec![1.0f32, 2.0, 5.0, 0.0, 4.0, 3.0, 7.0, 6.0])?);
/// assert_eq!(&MaxPool2d::new(2).forward(&pass, x).value()[..], [4.0, 7.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool<const AXES: usize>(Settings<AXES>);

/// The largest value under a window of images (N, C, H, W); see [`MaxPool`].
pub type MaxPool2d = MaxPool<2>;

/// The largest value under a window of sequences (N, C, L); see [`MaxPool`].
pub type MaxPool1d = MaxPool<1>;

/// The mean of the values under a sliding window, channel by channel: [`AvgPool2d`] and [`AvgPool1d`].
///
/// # Shapes
/// As [`MaxPool`].
///
/// # Defaults
/// The stride is the kernel, the padding 0. Padding counts as zeros: each sum is divided by the number of the window's taps,
/// unless [`with_count_include_pad`](AvgPool::with_count_include_pad)`(false)` divides by those that meet an input. Both as in
/// PyTorch.
///
/// # Errors
/// As [`MaxPool`].
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_nn::AvgPool1d;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::new();
/// let pass = workspace.begin(Mode::Evaluation, Seed(0));
/// let x = pass.constant(Tensor::from_vec([1, 1, 4], vec![2.0f32, 4.0, 6.0, 8.0])?);
/// let pool = AvgPool1d::new(2).with_padding(1);
/// assert_eq!(&pool.forward(&pass, x).value()[..], [1.0, 5.0, 4.0]);
/// let pool = pool.with_count_include_pad(false);
/// assert_eq!(&pool.forward(&pass, x).value()[..], [2.0, 5.0, 8.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPool<const AXES: usize> {
    settings: Settings<AXES>,
    count_include_pad: bool,
}

/// The mean under a window of images (N, C, H, W); see [`AvgPool`].
pub type AvgPool2d = AvgPool<2>;

/// The mean under a window of sequences (N, C, L); see [`AvgPool`].
pub type AvgPool1d = AvgPool<1>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settings<const AXES: usize> {
    kernel: Extents<AXES>,
    stride: Extents<AXES>,
    padding: Extents<AXES>,
}

impl<const AXES: usize> Settings<AXES> {
    fn new(kernel: Extents<AXES>) -> Self {
        Self { kernel, stride: kernel, padding: 0.into() }
    }

    fn op(&self, kind: Kind) -> PoolOp {
        let (kernel, stride, padding) = (self.kernel.of_plane(1), self.stride.of_plane(1), self.padding.of_plane(0));
        PoolOp { kind, axes: AXES, window: Window { kernel, stride, padding, dilation: [1; 2] } }
    }
}

impl<const AXES: usize> MaxPool<AXES> {
    /// Under a window of these extents, side by side.
    pub fn new(kernel: impl Into<Extents<AXES>>) -> Self {
        Self(Settings::new(kernel.into()))
    }

    /// With another distance from one window to the next.
    #[must_use]
    pub fn with_stride(self, stride: impl Into<Extents<AXES>>) -> Self {
        Self(Settings { stride: stride.into(), ..self.0 })
    }

    /// With so many positions on either side of the input, at most half the kernel.
    #[must_use]
    pub fn with_padding(self, padding: impl Into<Extents<AXES>>) -> Self {
        Self(Settings { padding: padding.into(), ..self.0 })
    }

    /// The largest values under the window, outside a network.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn pool<'t, F: Float>(&self, x: Var<'t, F>) -> Var<'t, F> {
        x.tape().record(self.0.op(Kind::Max), &[x])
    }
}

impl<const AXES: usize> AvgPool<AXES> {
    /// Under a window of these extents, side by side.
    pub fn new(kernel: impl Into<Extents<AXES>>) -> Self {
        Self { settings: Settings::new(kernel.into()), count_include_pad: true }
    }

    /// With another distance from one window to the next.
    #[must_use]
    pub fn with_stride(self, stride: impl Into<Extents<AXES>>) -> Self {
        Self { settings: Settings { stride: stride.into(), ..self.settings }, ..self }
    }

    /// With so many zeros on either side of the input, at most half the kernel.
    #[must_use]
    pub fn with_padding(self, padding: impl Into<Extents<AXES>>) -> Self {
        Self { settings: Settings { padding: padding.into(), ..self.settings }, ..self }
    }

    /// Whether the padding's zeros count in the mean, as they do by default.
    #[must_use]
    pub fn with_count_include_pad(self, count_include_pad: bool) -> Self {
        Self { count_include_pad, ..self }
    }

    /// The means under the window, outside a network.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn pool<'t, F: Float>(&self, x: Var<'t, F>) -> Var<'t, F> {
        x.tape().record(self.settings.op(Kind::Mean { count_padding: self.count_include_pad }), &[x])
    }
}

/// A layer without parts that is called after the number of its axes.
macro_rules! partless {
    ($name:ident, $one:literal, $two:literal) => {
        impl<F: Float, const AXES: usize> Module<F> for $name<AXES> {
            fn kind(&self) -> &'static str {
                if AXES == 1 { $one } else { $two }
            }
            fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
                visitor.enter(path, Module::<F>::kind(self));
            }
            fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
                visitor.enter(path, Module::<F>::kind(self));
            }
        }

        impl<F: Float, const AXES: usize> Forward<F> for $name<AXES> {
            fn forward<'t>(&self, _pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
                self.pool(x)
            }
        }
    };
}

partless!(MaxPool, "MaxPool1d", "MaxPool2d");
partless!(AvgPool, "AvgPool1d", "AvgPool2d");
