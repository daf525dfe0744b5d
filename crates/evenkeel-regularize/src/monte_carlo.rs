//! Monte-Carlo evaluation.

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Mode, Workspace, check_network};
use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use crate::RegularizeError;

/// Monte-Carlo evaluation: runs a network many times with its noise on, and gives the mean and the spread of each output.
///
/// The mean over masks is what dropout trains; plain evaluation approximates it in one run. The spread says how much
/// the networks that dropout stands for disagree: it is large far from the training data.
///
/// Passes are in [`Mode::Sampling`]: dropout and noise draw anew in each, normalisations use their stored statistics, and the
/// network is only read. With T passes that give y_1 ... y_T, elementwise:
///
/// - mean = sum y_t / T
/// - std = sqrt(sum (y_t - mean)² / (T - 1)), the spread of a single pass; that of the mean is
///   [`std / sqrt(T)`](Estimate::standard_error)
///
/// Pass `t` over batch `b` draws from `seed.at(t).at(b)`: the same seed gives the same bits at any number of threads.
///
/// # Shapes
/// Inputs (N, ...) are taken [`rows`](MonteCarlo::with_rows) at a time. Outputs (N, ...) are of one row for each of the input.
///
/// # Source
/// Gal & Ghahramani, *Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep Learning*, 2016,
/// [arXiv 1506.02142](https://arxiv.org/abs/1506.02142).
///
/// ```
/// use evenkeel_regularize::{Dropout, MonteCarlo};
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let estimate = MonteCarlo::new(1000).evaluate(&Dropout::drop(0.5), &Tensor::full([2, 3], 1f64), Seed(7))?;
/// // Of a value that is 0 or 2.
/// assert!(estimate.std.as_slice().iter().all(|std| (std - 1.0).abs() < 0.01));
/// assert!(estimate.mean.as_slice().iter().all(|mean| (mean - 1.0).abs() < 5.0 / 1000f64.sqrt()));
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonteCarlo {
    passes: usize,
    rows: usize,
}

/// What [`MonteCarlo`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate<F: Float = f32> {
    /// The mean of each output.
    pub mean: Tensor<F>,
    /// The standard deviation of each output over passes, from squares divided by their number less one.
    pub std: Tensor<F>,
    /// The number of passes.
    pub passes: usize,
}

impl<F: Float> Estimate<F> {
    /// The standard error of each mean: std / sqrt(passes).
    pub fn standard_error(&self) -> Tensor<F> {
        let root = F::from_usize(self.passes).sqrt();
        self.std.map(|std| std / root)
    }
}

impl MonteCarlo {
    /// This many passes, over 1024 rows at a time.
    pub fn new(passes: usize) -> Self {
        Self { passes, rows: 1024 }
    }

    /// With this many rows of the input at a time, which bounds the memory that a pass takes. Batches draw from seeds
    /// of their own, so another size gives other noise.
    #[must_use]
    pub fn with_rows(self, rows: usize) -> Self {
        Self { rows, ..self }
    }

    /// Mean and spread of the outputs of `network` for the inputs `x`.
    ///
    /// # Errors
    /// For fewer than 2 passes, which have no spread, for 0 rows, or if the network does not fit the inputs, has no values yet, or
    /// does not give a row for each of the input.
    pub fn evaluate<F: Float>(
        &self,
        network: &(impl Forward<F> + ?Sized),
        x: &Tensor<F>,
        seed: Seed,
    ) -> Result<Estimate<F>, RegularizeError> {
        self.evaluate_with(network, |y| y, x, seed)
    }

    /// As [`evaluate`](MonteCarlo::evaluate), of `map` of the outputs of each pass, such as `|y| y.softmax(1)`: the mean of
    /// probabilities is not the probability of mean logits.
    ///
    /// ```
    /// use evenkeel_regularize::{Dropout, MonteCarlo};
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// let logits = Tensor::from([[4.0, 0.0, 0.0]]);
    /// let estimate =
    ///     MonteCarlo::new(100).evaluate_with(&Dropout::drop(0.5), |y| y.softmax(1), &logits, Seed(7))?;
    /// let sum: f64 = estimate.mean.as_slice().iter().sum();
    /// assert!((sum - 1.0).abs() < 1e-12);
    /// # Ok::<(), evenkeel_regularize::RegularizeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`evaluate`](MonteCarlo::evaluate).
    ///
    /// # Panics
    /// If `map` does not fit the outputs, or does not keep their rows.
    pub fn evaluate_with<F: Float>(
        &self,
        network: &(impl Forward<F> + ?Sized),
        map: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>,
        x: &Tensor<F>,
        seed: Seed,
    ) -> Result<Estimate<F>, RegularizeError> {
        let refuse = |fits, setting, expected, got: usize, cure| {
            RegularizeError::check(fits, "MonteCarlo", setting, expected, got as f64, cure)
        };
        let cure = "draw more: the error of the mean falls with the root of their number";
        refuse(self.passes >= 2, "passes", "at least 2, since one has no spread", self.passes, cure)?;
        refuse(self.rows > 0, "rows", "at least 1", self.rows, "give the number of rows to run at a time")?;
        refuse(x.shape().rank() > 0, "the rank of the input", "at least 1", 0, "give a batch (N, ...)")?;
        let shape = x.shape();
        let first = self.rows.min(shape[0]);
        let output = check_network(network, Mode::Sampling, rows_of(shape, first))?;
        let rows = output.dims().first().copied();
        let cure = "give the part of the network that treats each row for itself, without a loss or a mean over rows";
        refuse(rows == Some(first), "rows of the output", "one for each of the input", rows.unwrap_or(0), cure)?;

        let row = shape.dims()[1..].iter().product::<usize>();
        let mut workspace = Workspace::new();
        let (mut all, mut output) = (Moments::default(), shape);
        // Without rows, one batch of none tells the shape.
        for batch in 0..shape[0].div_ceil(self.rows).max(1) {
            let rows = batch * self.rows..((batch + 1) * self.rows).min(shape[0]);
            let values = x.as_slice()[rows.start * row..rows.end * row].to_vec();
            let x = Tensor::from_vec(rows_of(shape, rows.len()), values).expect("as many values as rows have");
            let mut moments = Moments::default();
            for pass in 0..self.passes {
                let pass = workspace.begin(Mode::Sampling, seed.at(pass as u64).at(batch as u64));
                let y = map(network.forward(&pass, pass.constant(x.clone())));
                assert!(
                    y.shape().dims().first() == Some(&rows.len()),
                    "MonteCarlo: expected outputs of {} rows, got shape {}; give a map that treats each row for itself",
                    rows.len(),
                    y.shape()
                );
                moments.add(&y.value());
                output = y.shape();
            }
            all.append(moments);
        }
        let divisor = (self.passes - 1) as f64;
        let output = rows_of(output, all.mean.len() / output.dims().iter().skip(1).product::<usize>().max(1));
        let tensor = |values: Vec<F>| Tensor::from_vec(output, values).expect("as many rows as the input has");
        let std = all.squares.iter().map(|s| F::from_f64((s / divisor).sqrt())).collect();
        let mean = all.mean.iter().map(|&m| F::from_f64(m)).collect();
        Ok(Estimate { mean: tensor(mean), std: tensor(std), passes: self.passes })
    }
}

/// `shape` with `n` rows.
fn rows_of(shape: Shape, n: usize) -> Shape {
    let mut dims = shape.dims().to_vec();
    if let Some(rows) = dims.first_mut() {
        *rows = n;
    }
    Shape::from(&dims[..])
}

/// Means and sums of squared deviations, by Welford's recurrence, in f64.
#[derive(Default)]
struct Moments {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    /// Takes in one more value of each.
    fn add<F: Float>(&mut self, values: &[F]) {
        self.mean.resize(values.len(), 0.0);
        self.squares.resize(values.len(), 0.0);
        self.count += 1.0;
        for ((mean, squares), value) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let value = value.to_f64();
            let off = value - *mean;
            *mean += off / self.count;
            *squares += off * (value - *mean);
        }
    }

    /// Those of further outputs.
    fn append(&mut self, other: Self) {
        self.mean.extend(other.mean);
        self.squares.extend(other.squares);
    }
}
