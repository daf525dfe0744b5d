//! Dropout.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Pass};
use evenkeel_tensor::{Float, Seed, ShapeError, Tensor, random};

use super::rate::{Rate, rated};
use super::{Scaling, Unit, check_keep};
use crate::noisy::partless;

/// Dropout: in training each value is kept with probability q and set to 0 otherwise.
///
/// With m = 1 with probability q, else 0, for each value by itself:
///
/// | | training | evaluation |
/// |---|---|---|
/// | by default (inverted dropout) | y = m x / q | y = x |
/// | [`scaled_in_evaluation`](Dropout::scaled_in_evaluation) (the paper's) | y = m x | y = q x |
///
/// The expected output of training is in either form what evaluation gives. The constructors say which probability is meant:
/// [`Dropout::drop`] that of being dropped, as in PyTorch and Keras, [`Dropout::keep`] that of being kept, as in the paper.
/// The gradient is `dx = m dy / q` (`m dy` in the paper's form).
///
/// # Shapes
/// Any; the output has that of the input.
///
/// # Noise
/// Drawn from [`Pass::next_seed`](evenkeel_module::Pass::next_seed): another mask at each use and each step, and the same for
/// the same seed at any number of threads. Noise is on in [`Mode::Training`](evenkeel_module::Mode::Training) and in
/// [`Mode::Sampling`](evenkeel_module::Mode::Sampling). Nothing is dropped for p = 0, and no operation recorded.
///
/// # Errors
/// A probability of dropping outside \[0, 1) or NaN: an error of [`check_network`](evenkeel_module::check_network), and a panic
/// in a pass.
///
/// # Source
/// Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, *Dropout: A Simple Way to Prevent Neural Networks from
/// Overfitting*, [JMLR 15, 2014](https://jmlr.org/papers/v15/srivastava14a.html).
///
/// ```
/// use evenkeel_module::{Forward, Mode, Workspace};
/// use evenkeel_regularize::Dropout;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let mut workspace = Workspace::<f32>::new();
/// let x = Tensor::full([1000], 3.0);
/// let mut run = |layer: Dropout, mode| {
///     let pass = workspace.begin(mode, Seed(7));
///     layer.forward(&pass, pass.constant(x.clone())).to_tensor()
/// };
/// let y = run(Dropout::drop(0.25), Mode::Training);
/// assert!(y.as_slice().iter().all(|&y| y == 0.0 || y == 4.0));     // 3 / 0.75
/// assert_eq!(run(Dropout::drop(0.25), Mode::Evaluation), x);
/// // The paper's form.
/// let y = run(Dropout::keep(0.75).scaled_in_evaluation(), Mode::Training);
/// assert!(y.as_slice().iter().all(|&y| y == 0.0 || y == 3.0));
/// let y = run(Dropout::keep(0.75).scaled_in_evaluation(), Mode::Evaluation);
/// assert!(y.as_slice().iter().all(|&y| y == 2.25));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    rate: Rate,
}

impl Dropout {
    /// Each value is dropped with probability `p`.
    pub fn drop(p: f64) -> Self {
        Self::keep(1.0 - p)
    }

    /// Each value is kept with probability `q`.
    pub fn keep(q: f64) -> Self {
        Self { rate: Rate { keep: q, scaling: Scaling::Training } }
    }

    /// What training does, on plain slices: y = m x / q, or m x in the paper's form, with the mask m of `seed`. The map is linear
    /// and acts on each value alone, so the same call takes dL/dy to dL/dx.
    ///
    /// # Errors
    /// If the slices differ in length, or the probability is none.
    ///
    /// ```
    /// use evenkeel_regularize::Dropout;
    /// use evenkeel_tensor::Seed;
    ///
    /// let (x, mut y, mut mask) = ([1f32; 100], [0f32; 100], [false; 100]);
    /// Dropout::drop(0.5).apply(&x, &mut y, Seed(7))?;
    /// Dropout::drop(0.5).draw_mask(&mut mask, Seed(7));
    /// assert!(y.iter().zip(&mask).all(|(&y, &kept)| y == if kept { 2.0 } else { 0.0 }));
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    pub fn apply<F: Float>(&self, x: &[F], y: &mut [F], seed: Seed) -> Result<(), ShapeError> {
        self.rate.op("dropout", Unit::Element, seed).apply([x.len()], x, y)
    }

    /// The mask that [`apply`](Dropout::apply) uses with this seed: whether each value is kept.
    pub fn draw_mask(&self, mask: &mut [bool], seed: Seed) {
        random::bernoulli(mask, self.rate.keep, seed);
    }

    /// What training does to `x` where the mask is given; `mask` says for each value, in row-major order, whether it is kept. A
    /// mask shorter than `x` is that of each row: its length is then a multiple of the mask's.
    ///
    /// With [`every_mask`](crate::every_mask) and [`mask_probability`](Dropout::mask_probability) this gives exact expectations.
    ///
    /// # Errors
    /// If the length of `x` is no multiple of the mask's, or the probability is none.
    ///
    /// ```
    /// use evenkeel_regularize::{Dropout, every_mask};
    /// use evenkeel_tensor::Tensor;
    ///
    /// let (dropout, x) = (Dropout::drop(0.2), Tensor::from([3.0f64, -1.0]));
    /// // The expected square of the sum, over all 4 masks.
    /// let mut expected = 0.0;
    /// for mask in every_mask(2) {
    ///     let y = dropout.with_mask(&x, &mask)?;
    ///     expected += dropout.mask_probability(&mask) * (y.as_slice()[0] + y.as_slice()[1]).powi(2);
    /// }
    /// // (3 - 1)² and the variance, (1 - q) / q (3² + 1²).
    /// assert!((expected - (4.0 + 0.25 * 10.0)).abs() < 1e-12);
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    pub fn with_mask<F: Float>(&self, x: &Tensor<F>, mask: &[bool]) -> Result<Tensor<F>, ShapeError> {
        check_keep("dropout", self.rate.keep)?;
        let numel = x.shape().numel();
        if numel > 0 && (mask.is_empty() || !numel.is_multiple_of(mask.len())) {
            return Err(ShapeError::new(
                "dropout",
                format!("a mask whose length divides that of shape {}", x.shape()),
                format!("a mask of {}", mask.len()),
                "give a mask for all values, or one for each row",
            ));
        }
        let scale = F::from_f64(self.rate.factor());
        let mut y = x.clone();
        for (y, &kept) in y.as_mut_slice().iter_mut().zip(mask.iter().cycle()) {
            *y = if kept { scale * *y } else { F::ZERO };
        }
        Ok(y)
    }

    /// The probability of this mask: q to the number of values kept, times 1 - q to that of values dropped.
    pub fn mask_probability(&self, mask: &[bool]) -> f64 {
        let q = self.rate.keep;
        mask.iter().map(|&kept| if kept { q } else { 1.0 - q }).product()
    }
}

rated!(Dropout);
partless!(Dropout);

impl<F: Float> Forward<F> for Dropout {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.rate.forward("dropout", Unit::Element, pass, x)
    }
}
