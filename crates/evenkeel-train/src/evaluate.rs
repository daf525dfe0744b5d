//! A network on a data set: loss, accuracy, predictions.

use evenkeel_data::{Batch, Dataset};
use evenkeel_module::{Forward, Mode, NetworkError, Workspace, check_network};
use evenkeel_tensor::{Float, Seed, Shape, Tensor, parallel};

use crate::{Loss, TrainError};

/// Examples in a batch of an evaluation: enough for full speed, few enough to stay in the caches.
const BATCH: usize = 500;

/// What a network achieves on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The loss, averaged over the examples.
    pub loss: f64,
    /// The share of examples whose largest output is their class's, or whose only output is above 0 for class 1 and not for
    /// class 0; `None` where targets are not classes.
    pub accuracy: Option<f64>,
    /// The number of examples.
    pub examples: usize,
}

/// How many rows of `outputs` (N, C) have their largest value at the label. A single output is a logit: class 1 where it is
/// above 0, else class 0. NaN is never the largest: a row of them is wrong.
pub(crate) fn correct<F: Float>(outputs: &[F], labels: &[u32]) -> usize {
    let classes = outputs.len() / labels.len().max(1);
    let is_right = |row: &[F], label: usize| {
        if let &[logit] = row {
            return !logit.is_nan() && usize::from(logit > F::ZERO) == label;
        }
        let own = row[label];
        // Of equal values the first counts.
        let beats = |(c, &x): (usize, &F)| x > own || (x == own && c < label);
        !own.is_nan() && !row.iter().enumerate().any(beats)
    };
    let rows = outputs.chunks_exact(classes.max(1)).zip(labels);
    rows.filter(|(row, label)| is_right(row, **label as usize)).count()
}

/// Buffers of evaluations, kept between them.
pub(crate) struct Evaluator<F: Float> {
    workspace: Workspace<F>,
    batch: Batch<F>,
    positions: Vec<usize>,
}

impl<F: Float> Evaluator<F> {
    pub(crate) fn new() -> Self {
        Self { workspace: Workspace::new(), batch: Batch::default(), positions: Vec::new() }
    }

    pub(crate) fn evaluate(
        &mut self,
        network: &(impl Forward<F> + ?Sized),
        loss: &(impl Loss<F> + ?Sized),
        data: &Dataset,
    ) -> Evaluation {
        let (mut total, mut weights, mut right) = (0.0, 0.0, 0);
        for start in (0..data.len()).step_by(BATCH) {
            let end = (start + BATCH).min(data.len());
            self.positions.clear();
            self.positions.extend(start..end);
            data.fill_batch(&self.positions, &mut self.batch);
            let pass = self.workspace.begin(Mode::Evaluation, Seed(0));
            let output = network.forward(&pass, pass.constant(self.batch.inputs.clone()));
            let weight = loss.weight(&self.batch.targets);
            total += loss.loss(&pass, output, &self.batch.targets).item().to_f64() * weight;
            weights += weight;
            if let Some(labels) = self.batch.targets.classes() {
                right += correct(&output.value(), labels);
            }
            self.workspace.finish();
        }
        let n = data.len();
        Evaluation { loss: total / weights, accuracy: data.classes().map(|_| right as f64 / n as f64), examples: n }
    }
}

/// The loss and accuracy of `network` on `data`, in evaluation mode: nothing in the network changes.
///
/// # Errors
/// If the network does not fit the data.
///
/// ```
/// use evenkeel_data::Digits;
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::ModuleExt;
/// use evenkeel_nn::{CrossEntropy, Linear};
/// use evenkeel_tensor::Seed;
///
/// let net = Linear::<f32>::new(64, 10).initialize(XavierUniform::default(), Seed(7))?;
/// let untrained = evenkeel_train::evaluate(&net, &CrossEntropy::default(), &Digits::embedded())?;
/// assert!(untrained.accuracy.unwrap() < 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate<F: Float>(
    network: &(impl Forward<F> + ?Sized),
    loss: &(impl Loss<F> + ?Sized),
    data: &Dataset,
) -> Result<Evaluation, TrainError> {
    let output = check_network(network, Mode::Evaluation, stacked(BATCH.min(data.len()), &data.sample_shape()))?;
    loss.check(output, data).map_err(TrainError::Targets)?;
    Ok(parallel::install(|| Evaluator::new().evaluate(network, loss, data)))
}

/// The outputs of `network` for the inputs of `data`, one row an example, in evaluation mode.
///
/// # Errors
/// If the network does not fit the data.
pub fn predict<F: Float>(network: &(impl Forward<F> + ?Sized), data: &Dataset) -> Result<Tensor<F>, NetworkError> {
    let shape = check_network(network, Mode::Evaluation, stacked(data.len(), &data.sample_shape()))?;
    parallel::install(|| {
        let mut workspace = Workspace::new();
        let mut outputs = Vec::with_capacity(shape.numel());
        for batch in data.batches::<F>(BATCH).epoch(0) {
            let pass = workspace.begin(Mode::Evaluation, Seed(0));
            outputs.extend_from_slice(&network.forward(&pass, pass.constant(batch.inputs)).value());
        }
        Ok(Tensor::from_vec(shape, outputs).expect("the dry run gave the shape"))
    })
}

/// The shape of a batch of `n` samples.
pub(crate) fn stacked(n: usize, sample: &[usize]) -> Shape {
    let dims: Vec<usize> = std::iter::once(n).chain(sample.iter().copied()).collect();
    Shape::from(&dims[..])
}
