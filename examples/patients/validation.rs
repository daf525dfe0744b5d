//! Recipes under cross-validation, and what they reach.

use std::collections::BTreeMap;

use evenkeel::data::DataError;
use evenkeel::data::metrics::{BinaryCounts, Bootstrap, ConfusionMatrix, Interval, Ranking};
use evenkeel::prelude::*;
use evenkeel_examples::{Failure, side_by_side};

use crate::cohort::Cohort;
use crate::model::Training;
use crate::recipe::Recipe;

/// What is measured of held-out patients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Measure {
    Recall,
    Precision,
    /// Average precision, which needs no threshold.
    PrAuc,
    Mcc,
    /// Of 1 000 patients, in false alarms; a miss costs so many.
    Cost(f64),
}

impl Measure {
    pub(crate) fn all(cost: f64) -> [Self; 5] {
        [Self::Recall, Self::Precision, Self::PrAuc, Self::Mcc, Self::Cost(cost)]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::Precision => "precision",
            Self::PrAuc => "pr_auc",
            Self::Mcc => "mcc",
            Self::Cost(_) => "cost",
        }
    }

    /// Two digits, or none of a cost.
    pub(crate) fn show(self, value: f64) -> String {
        if matches!(self, Self::Cost(_)) { format!("{value:.0}") } else { format!("{value:.2}") }
    }

    /// Of one repeat: labels, probabilities and decisions of the same patients.
    fn of(self, ill: &[u32], probabilities: &[f64], decisions: &[bool]) -> Result<f64, DataError> {
        let counts = || Ok::<BinaryCounts, DataError>(ConfusionMatrix::new(2, ill, decisions)?.class(1));
        Ok(match self {
            Self::Recall => counts()?.recall(),
            Self::Precision => counts()?.precision(),
            Self::PrAuc => Ranking::new(ill, probabilities)?.average_precision(),
            Self::Mcc => counts()?.mcc(),
            Self::Cost(miss) => 1000.0 * counts()?.cost(1.0, miss) / ill.len() as f64,
        })
    }
}

/// What a recipe says of every patient, each time from a model that was fitted without that patient.
pub(crate) struct HeldOut {
    pub(crate) ill: Vec<u32>,
    pub(crate) repeats: Vec<Repeat>,
    /// How many of the models see each column.
    pub(crate) kept: BTreeMap<String, usize>,
    pub(crate) models: usize,
    pub(crate) diverged: usize,
}

/// One cross-validation.
pub(crate) struct Repeat {
    pub(crate) probabilities: Vec<f64>,
    pub(crate) decisions: Vec<bool>,
    /// The threshold of each fold.
    pub(crate) thresholds: Vec<f64>,
}

/// How often, and in how many folds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folds {
    pub(crate) folds: usize,
    pub(crate) repeats: u64,
}

impl HeldOut {
    /// Cross-validates; repeat `r` of any recipe has the same folds and seeds, so that recipes differ in nothing else.
    pub(crate) fn run(
        training: &Training,
        recipe: &Recipe,
        cohort: &Cohort,
        Folds { folds, repeats }: Folds,
        seed: Seed,
    ) -> Result<Self, Failure> {
        let mut jobs = Vec::new();
        for repeat in 0..repeats {
            let seed = seed.stream("repeat").at(repeat);
            let parts = cohort.folds(folds, seed)?.into_iter().zip(0..);
            jobs.extend(parts.map(|(rows, fold)| (repeat as usize, rows, seed.stream("fold").at(fold))));
        }
        let results = side_by_side(jobs, |(repeat, (train, held_out), seed)| {
            let model = training.fit(recipe, &cohort.subset(train)?, *seed)?;
            let probabilities = model.probabilities(&cohort.subset(held_out)?)?;
            Ok((*repeat, held_out.clone(), probabilities, model))
        })?;

        let models = results.len();
        let blank = || Repeat {
            probabilities: vec![0.0; cohort.len()],
            decisions: vec![false; cohort.len()],
            thresholds: Vec::new(),
        };
        let mut repeats: Vec<_> = (0..repeats).map(|_| blank()).collect();
        let (mut kept, mut diverged) = (BTreeMap::<String, usize>::new(), 0);
        for (repeat, rows, probabilities, model) in results {
            let repeat = &mut repeats[repeat];
            for (row, p) in rows.into_iter().zip(probabilities) {
                repeat.probabilities[row] = p;
                repeat.decisions[row] = p >= model.threshold();
            }
            repeat.thresholds.push(model.threshold());
            diverged += usize::from(model.has_diverged);
            model.columns().into_iter().for_each(|name| *kept.entry(name.to_owned()).or_default() += 1);
        }
        Ok(Self { ill: cohort.ill.clone(), repeats, kept, models, diverged })
    }

    /// The mean over repeats.
    pub(crate) fn value(&self, measure: Measure) -> Result<f64, DataError> {
        let values = self.repeats.iter().map(|repeat| measure.of(&self.ill, &repeat.probabilities, &repeat.decisions));
        Ok(values.collect::<Result<Vec<_>, _>>()?.iter().sum::<f64>() / self.repeats.len() as f64)
    }

    /// As [`value`](Self::value), of these patients.
    fn value_of(&self, measure: Measure, rows: &[usize]) -> Option<f64> {
        let ill: Vec<u32> = rows.iter().map(|&row| self.ill[row]).collect();
        let mut sum = 0.0;
        for repeat in &self.repeats {
            let probabilities: Vec<f64> = rows.iter().map(|&row| repeat.probabilities[row]).collect();
            let decisions: Vec<bool> = rows.iter().map(|&row| repeat.decisions[row]).collect();
            sum += measure.of(&ill, &probabilities, &decisions).ok()?;
        }
        Some(sum / self.repeats.len() as f64)
    }

    /// The interval over the choice of patients, with as many ill among them.
    pub(crate) fn interval(&self, measure: Measure, resamples: usize, seed: Seed) -> Result<Interval, DataError> {
        let bootstrap = Bootstrap::new().with_resamples(resamples).stratified(&self.ill);
        bootstrap.interval(self.ill.len(), seed, |rows| self.value_of(measure, rows))
    }

    /// The interval of how much more this has than `other`, on the same patients in both.
    pub(crate) fn gain(
        &self,
        other: &Self,
        measure: Measure,
        resamples: usize,
        seed: Seed,
    ) -> Result<Interval, DataError> {
        let bootstrap = Bootstrap::new().with_resamples(resamples).stratified(&self.ill);
        bootstrap
            .interval(self.ill.len(), seed, |rows| Some(self.value_of(measure, rows)? - other.value_of(measure, rows)?))
    }

    /// The confusion matrix, mean over repeats.
    pub(crate) fn counts(&self) -> Result<BinaryCounts, DataError> {
        let mut sum = ConfusionMatrix::new(2, &self.ill, &self.repeats[0].decisions)?;
        for repeat in &self.repeats[1..] {
            sum.merge(&ConfusionMatrix::new(2, &self.ill, &repeat.decisions)?)?;
        }
        let (sum, n) = (sum.class(1), self.repeats.len() as f64);
        Ok(BinaryCounts {
            true_positive: sum.true_positive / n,
            false_positive: sum.false_positive / n,
            false_negative: sum.false_negative / n,
            true_negative: sum.true_negative / n,
        })
    }

    /// How many columns a model sees, on average.
    pub(crate) fn columns(&self) -> f64 {
        self.kept.values().sum::<usize>() as f64 / self.models as f64
    }
}
