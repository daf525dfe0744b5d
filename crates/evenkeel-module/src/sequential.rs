//! Layers one after another.

use std::any::Any;
use std::ops::Index;

use evenkeel_autograd::{Segment, Var};
use evenkeel_tensor::Float;

use crate::{Forward, Module, Pass, Path, Visitor, VisitorMut};

/// A layer that can stand in a [`Sequential`]: any [`Forward`] that can be cloned.
pub trait Layer<F: Float = f32>: Forward<F> + Any {
    /// A clone in a box.
    fn clone_box(&self) -> Box<dyn Layer<F>>;
}

impl<F: Float, L: Forward<F> + Clone + 'static> Layer<F> for L {
    fn clone_box(&self) -> Box<dyn Layer<F>> {
        Box::new(self.clone())
    }
}

/// Layers one after another, as PyTorch's `Sequential`: part `i` has the path `i`.
///
/// Written with [`sequential!`](crate::sequential); see there.
pub struct Sequential<F: Float = f32> {
    layers: Vec<Box<dyn Layer<F>>>,
}

impl<F: Float> Sequential<F> {
    /// The layers `layers`.
    pub fn new(layers: Vec<Box<dyn Layer<F>>>) -> Self {
        Self { layers }
    }

    /// Adds a layer at the end.
    #[must_use]
    pub fn with(mut self, layer: impl Layer<F>) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers; then the output is the input.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Layer `index`, if it is an `L`.
    pub fn get<L: Layer<F>>(&self, index: usize) -> Option<&L> {
        (self.layers.get(index)?.as_ref() as &dyn Any).downcast_ref()
    }

    /// Layer `index`, if it is an `L`, to be changed.
    pub fn get_mut<L: Layer<F>>(&mut self, index: usize) -> Option<&mut L> {
        (self.layers.get_mut(index)?.as_mut() as &mut dyn Any).downcast_mut()
    }

    /// Removes layer `index`.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn remove(&mut self, index: usize) -> Box<dyn Layer<F>> {
        self.layers.remove(index)
    }

    /// Runs the first `count` layers only: what reaches a layer in the middle.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn forward_until<'t>(&self, count: usize, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.layers[..count]
            .iter()
            .enumerate()
            .fold(x, |x, (i, layer)| pass.part(Segment::Index(i), || layer.forward(pass, x)))
    }
}

impl<F: Float> Default for Sequential<F> {
    /// No layers.
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<F: Float> Clone for Sequential<F> {
    fn clone(&self) -> Self {
        Self { layers: self.layers.iter().map(|layer| layer.clone_box()).collect() }
    }
}

impl<F: Float> Index<usize> for Sequential<F> {
    type Output = dyn Layer<F>;
    fn index(&self, index: usize) -> &Self::Output {
        self.layers[index].as_ref()
    }
}

impl<F: Float> Module<F> for Sequential<F> {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        visitor.enter(path, "Sequential");
        self.layers.iter().enumerate().for_each(|(i, layer)| layer.visit(&path.index(i), visitor));
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        visitor.enter(path, "Sequential");
        self.layers.iter_mut().enumerate().for_each(|(i, layer)| layer.visit_mut(&path.index(i), visitor));
    }
}

impl<F: Float> Forward<F> for Sequential<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.forward_until(self.len(), pass, x)
    }
}

/// A [`Sequential`] of the given layers, in `f32`: a layer such as `Linear::new(64, 10)` does not say its float, and a
/// type that nothing decides would have to be spelt out. Other floats chain
/// `Sequential::<f64>::default().with(layer)`.
///
/// ```
/// use evenkeel_module::{Forward, Module, ModuleExt, Pass, sequential};
/// use evenkeel_autograd::Var;
///
/// #[derive(Module, Clone)]
/// struct Double;
///
/// impl Forward for Double {
///     fn forward<'t>(&self, _pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         x * 2.0
///     }
/// }
///
/// let net = sequential![Double, Double];
/// assert_eq!(net.len(), 2);
/// ```
#[macro_export]
macro_rules! sequential {
    ($($layer:expr),* $(,)?) => {
        $crate::Sequential::<f32>::new(vec![$(Box::new($layer) as Box<dyn $crate::Layer<f32>>),*])
    };
}
