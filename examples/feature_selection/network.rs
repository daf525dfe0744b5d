//! A small network on the table, and what it says of the columns.

use evenkeel::data::select::{Path, PermutationImportance, Scores, lambdas};
use evenkeel::module::Sequential;
use evenkeel::nn::BceWithLogits;
use evenkeel::prelude::*;
use evenkeel::train::selection::InputLasso;
use evenkeel::train::{TrainError, evaluate, predict};
use evenkeel_examples::Failure;

use super::law::Draw;

/// How networks are trained: 20-24-1 units, ReLU, binary cross-entropy.
#[derive(Clone, Copy)]
pub(crate) struct Training {
    pub(crate) hidden: usize,
    pub(crate) steps: u64,
}

/// The examples in a step, where there are so many.
const BATCH: usize = 256;

/// The same where noise would bring back what a penalty has made 0.
const LARGE_BATCH: usize = 1000;

impl Training {
    fn start(self, columns: usize, seed: Seed) -> Result<Sequential, Failure> {
        let net = sequential![Linear::new(columns, self.hidden), Relu, Linear::new(self.hidden, 1)];
        Ok(net.initialize(HeNormal::default(), seed)?)
    }

    /// With Adam, stopped where the validation loss is least.
    pub(crate) fn stopped_early(
        self,
        train: &Dataset,
        validation: &Dataset,
        seed: Seed,
    ) -> Result<Sequential, Failure> {
        let mut net = self.start(train.sample_shape().numel(), seed)?;
        Trainer::new(Adam::new(0.01))
            .steps(self.steps)
            .batch_size(BATCH.min(train.len()))
            .seed(seed)
            .evaluate_every(25)
            .early_stopping(EarlyStopping::new(8))
            .fit(&mut net, BceWithLogits::default(), train, validation)?;
        Ok(net)
    }

    /// How much the loss rises in the held-out quarter when a column is shuffled.
    pub(crate) fn permutation(self, draw: &Draw, seed: Seed) -> Result<Scores, Failure> {
        let (train, validation) = draw.dataset()?.split_stratified(0.75, seed)?;
        let net = self.stopped_early(&train, &validation, seed)?;
        let batch = validation.batch::<f32>(&Vec::from_iter(0..validation.len()));
        let labels = batch.targets.classes().ok_or("the targets are classes")?.to_vec();
        let importances = PermutationImportance::default().with_repeats(10).run(&batch.inputs, seed, |inputs| {
            let data = Dataset::classification(inputs.clone(), labels.clone(), 2)?;
            Ok::<_, Failure>(-evaluate(&net, &BceWithLogits::default(), &data)?.loss)
        })?;
        Ok(importances.scores()?)
    }

    /// The path of the group lasso on the first layer, with a weak L2 on the second.
    pub(crate) fn lasso(self, draw: &Draw, folds: usize, seed: Seed) -> Result<Path, Failure> {
        let data = draw.dataset()?;
        let n = data.len() as f64;
        InputLasso::new(lambdas(0.3 * n, 0.01 * n, 10)?)
            .folds(folds)
            .seed(seed)
            .with(Regularizer::new().penalty("2.weight", L2::new(0.001 * n)))
            .run(
                &data,
                |seed| self.start(data.sample_shape().numel(), seed),
                |net, regularizer, train, validation, seed| {
                    Trainer::new(Sgd::new(0.05).with_momentum(0.9))
                        .steps(self.steps)
                        .batch_size(LARGE_BATCH.min(train.len()))
                        .seed(seed)
                        .regularizer(regularizer)
                        .evaluate_every(u64::MAX)
                        .fit(net, BceWithLogits::default(), train, validation)?;
                    Ok(explained(net, validation)?)
                },
            )
    }
}

/// The share of the label's variance that the network's probabilities explain.
pub(crate) fn explained(net: &Sequential, data: &Dataset) -> Result<f64, TrainError> {
    let logits = predict(net, data)?;
    let labels = || (0..data.len()).map(|i| f64::from(data.label(i).unwrap_or(0)));
    let mean = labels().sum::<f64>() / data.len() as f64;
    let probability = |logit: &f32| 1.0 / (1.0 + f64::from(-logit).exp());
    let error: f64 = labels().zip(logits.as_slice()).map(|(y, logit)| (y - probability(logit)).powi(2)).sum();
    Ok(1.0 - error / labels().map(|y| (y - mean).powi(2)).sum::<f64>())
}

impl Draw {
    /// The scaled columns and their labels.
    pub(crate) fn dataset(&self) -> Result<Dataset, Failure> {
        Ok(Dataset::classification(self.z.clone(), self.labels.clone(), 2)?)
    }

    /// Some of the scaled columns and their labels.
    pub(crate) fn dataset_of(&self, columns: &[usize]) -> Result<Dataset, Failure> {
        Ok(Dataset::classification(self.z.index_select(1, columns), self.labels.clone(), 2)?)
    }
}
