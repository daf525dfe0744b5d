//! A network on a data set: loss, accuracy, predictions.

use evenkeel_autograd::Var;
use evenkeel_data::{Dataset, Samples, Targets};
use evenkeel_module::{Forward, Mode, Pass, Workspace, check_network};
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
    inputs: Tensor<F>,
    targets: Targets<F>,
    positions: Vec<usize>,
}

impl<F: Float> Evaluator<F> {
    pub(crate) fn new() -> Self {
        let (inputs, targets) = (Tensor::zeros([0]), Targets::default());
        Self { workspace: Workspace::new(), inputs, targets, positions: Vec::new() }
    }

    /// Shows the outputs for each batch of samples, with the buffer of targets and the samples' positions.
    fn each(
        &mut self,
        network: &(impl Forward<F> + ?Sized),
        data: &(impl Samples<F> + ?Sized),
        mut see: impl for<'t> FnMut(&Pass<'t, F>, Var<'t, F>, &mut Targets<F>, &[usize]),
    ) {
        let shape = stacked(BATCH, &data.sample_shape());
        for start in (0..data.count()).step_by(BATCH) {
            self.positions.clear();
            self.positions.extend(start..data.count().min(start + BATCH));
            let positions = &self.positions;
            self.inputs.refill(shape.with_dim(0, positions.len()), |out| data.read(positions, out));
            let pass = self.workspace.begin(Mode::Evaluation, Seed(0));
            let output = network.forward(&pass, pass.constant(self.inputs.clone()));
            see(&pass, output, &mut self.targets, positions);
            self.workspace.finish();
        }
    }

    pub(crate) fn evaluate(
        &mut self,
        network: &(impl Forward<F> + ?Sized),
        loss: &(impl Loss<F> + ?Sized),
        data: &Dataset,
    ) -> Evaluation {
        let (mut total, mut weights, mut right) = (0.0, 0.0, 0);
        self.each(network, data, |pass, output, targets, positions| {
            data.fill_targets(positions, targets);
            let weight = loss.weight(targets);
            total += loss.loss(pass, output, targets).item().to_f64() * weight;
            weights += weight;
            if let Some(labels) = targets.classes() {
                right += correct(&output.value(), labels);
            }
        });
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

/// The outputs of `network` for each of the samples, one row an example, in evaluation mode: of a data set, or of features alone,
/// such as what a [pipeline](evenkeel_data::pipeline) makes of new rows.
///
/// The network is given the same batches as in [`evaluate`], so that these are, to the bit, the outputs that are evaluated there.
///
/// ```
/// use evenkeel_data::Digits;
/// use evenkeel_init::XavierUniform;
/// use evenkeel_module::ModuleExt;
/// use evenkeel_nn::Linear;
/// use evenkeel_tensor::{Seed, Tensor};
/// use evenkeel_train::predict;
///
/// let net = Linear::<f32>::new(64, 10).initialize(XavierUniform::default(), Seed(7))?;
/// let outputs = predict(&net, &Digits::embedded())?;
/// assert_eq!(outputs.shape(), [1797, 10].into());
///
/// let blank = predict(&net, &Tensor::<f32>::zeros([2, 64]))?;         // no labels
/// assert_eq!(blank, Tensor::zeros([2, 10]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the network does not fit the samples, there are none, or one is not finite.
pub fn predict<F: Float>(
    network: &(impl Forward<F> + ?Sized),
    data: &(impl Samples<F> + ?Sized),
) -> Result<Tensor<F>, TrainError> {
    data.check()?;
    let shape = check_network(network, Mode::Evaluation, stacked(data.count(), &data.sample_shape()))?;
    let mut outputs = Vec::with_capacity(shape.numel());
    parallel::install(|| {
        Evaluator::new().each(network, data, |_, output, _, _| outputs.extend_from_slice(&output.value()));
    });
    Ok(Tensor::from_vec(shape, outputs).expect("the dry run gave the shape"))
}

/// The shape of a batch of `n` samples.
pub(crate) fn stacked(n: usize, sample: &[usize]) -> Shape {
    let dims: Vec<usize> = std::iter::once(n).chain(sample.iter().copied()).collect();
    Shape::from(&dims[..])
}
