//! A recipe followed on rows to learn from: columns prepared and chosen, a network trained, a threshold set.

use evenkeel::data::balance::{ClassWeights, RandomOver, Smote, Strategy};
use evenkeel::data::encode::{OneHot, Ordinal, Target, Unseen};
use evenkeel::data::impute::Impute;
use evenkeel::data::metrics::{Ranking, Threshold};
use evenkeel::data::pipeline::{self, FittedPipeline, Pipeline};
use evenkeel::data::scale::{self, MinMax, Power, Quantile, Robust, Standard};
use evenkeel::data::select::{Elimination, Mrmr, MutualInformation, Selection, Verdict, anova_f};
use evenkeel::data::synthetic::{Effect, Patients};
use evenkeel::data::table::Kind;
use evenkeel::data::{DataError, TableError, Transform};
use evenkeel::init::{ClassPrior, Constant, Policy, UniformFanIn};
use evenkeel::module::Sequential;
use evenkeel::nn::{BceWithLogits, Focal};
use evenkeel::prelude::*;
use evenkeel::train::{Loss, predict};
use evenkeel_examples::{Failure, has_diverged};

use crate::cohort::Cohort;
use crate::recipe::{Columns, Decision, Recipe, Scaling, Start, Treatment};

/// What all recipes share.
#[derive(Clone, Debug)]
pub(crate) struct Training {
    /// Rectified units of the one hidden layer.
    pub(crate) hidden: usize,
    pub(crate) learning_rate: f64,
    pub(crate) epochs: u64,
    pub(crate) batch_size: usize,
    /// λ of L2.
    pub l2: f64,
    /// What a missed patient costs, in false alarms.
    pub(crate) cost: f64,
    /// Folds within the rows to learn from, where something is chosen by validation.
    pub(crate) inner_folds: usize,
}

/// A recipe, followed.
pub(crate) struct Model {
    pipeline: FittedPipeline,
    columns: Option<Selection>,
    net: Sequential,
    /// How many times the odds of being ill were raised by weights or resampling.
    emphasis: f64,
    threshold: f64,
    pub(crate) has_diverged: bool,
}

impl Training {
    /// Follows `recipe` on `train`; nothing else is looked at.
    pub(crate) fn fit(&self, recipe: &Recipe, train: &Cohort, seed: Seed) -> Result<Model, Failure> {
        let mut model = self.fit_scores(recipe, train, seed)?;
        model.threshold = match recipe.decision {
            Decision::Half => 0.5,
            Decision::Elkan => model.emphasis / (model.emphasis + self.cost),
            Decision::Tuned => self.tuned(recipe, train, seed)?,
        };
        Ok(model)
    }

    /// The threshold of least cost on patients held out in inner folds, each scored by a model that has not seen it.
    fn tuned(&self, recipe: &Recipe, train: &Cohort, seed: Seed) -> Result<f64, Failure> {
        let mut scores = vec![0.0; train.len()];
        let folds = train.folds(self.inner_folds, seed.stream("threshold"))?;
        for (fold, (rows, held_out)) in folds.into_iter().enumerate() {
            let model = self.fit_scores(recipe, &train.subset(&rows)?, seed.at(fold as u64))?;
            let probabilities = model.probabilities(&train.subset(&held_out)?)?;
            held_out.iter().zip(probabilities).for_each(|(&row, p)| scores[row] = p);
        }
        Ok(Threshold::for_cost(&Ranking::new(&train.ill, &scores)?, 1.0, self.cost)?.value())
    }

    /// All but the threshold.
    fn fit_scores(&self, recipe: &Recipe, train: &Cohort, seed: Seed) -> Result<Model, Failure> {
        let (pipeline, x) = prepare(recipe.scaling).fit_transform::<f64>(&train.table, Target::None)?;
        let columns = self.choose(recipe, &x, pipeline.names(), train, seed)?;
        let x = match &columns {
            Some(columns) => columns.transform(&x)?,
            None => x,
        };
        let (net, emphasis, has_diverged) = self.train(recipe, x, &train.ill, seed)?;
        Ok(Model { pipeline, columns, net, emphasis, threshold: 0.5, has_diverged })
    }

    fn choose(
        &self,
        recipe: &Recipe,
        x: &Tensor<f64>,
        names: &[String],
        train: &Cohort,
        seed: Seed,
    ) -> Result<Option<Selection>, Failure> {
        let (ill, most) = (&train.ill, names.len());
        let chosen = match recipe.columns {
            Columns::All => return Ok(None),
            Columns::Anova(rate) => {
                let scores = anova_f(x, ill)?;
                match scores.false_discovery_rate(rate) {
                    Err(DataError::Table(TableError::NoColumnsLeft { .. })) => scores.top(1)?,
                    other => other?,
                }
            }
            Columns::AnovaTop(k) => anova_f(x, ill)?.top(k.min(most))?,
            Columns::Information(k) => MutualInformation::default().scores(x, ill)?.top(k.min(most))?,
            Columns::Mrmr(k) => {
                Mrmr::difference(k.min(most)).select(x, &MutualInformation::bins(10).scores(x, ill)?)?
            }
            Columns::Elimination => self.eliminate(recipe, x, train, seed)?,
            Columns::True => {
                let is_true = |name: &str| {
                    let relevant = Patients::effects().filter(|(_, e)| !matches!(e, Effect::None | Effect::Repeats(_)));
                    relevant.into_iter().any(|(column, _)| name.split('=').next() == Some(column))
                };
                let verdict = Verdict { score: None, p_value: None, reason: "the law of the table".to_owned() };
                Selection::new("True", vec![verdict; most], (0..most).filter(|&c| is_true(&names[c])).collect())?
            }
        };
        Ok(Some(chosen.with_names(names)?))
    }

    /// Recursive elimination by the norms of the first layer's weights, scored by average precision in inner folds.
    fn eliminate(&self, recipe: &Recipe, x: &Tensor<f64>, train: &Cohort, seed: Seed) -> Result<Selection, Failure> {
        let folds = train.folds(self.inner_folds, seed.stream("elimination"))?;
        let report = Elimination::default().with_share(0.2).run(x.shape()[1], &folds, |columns, rows, held_out| {
            let part = |rows: &[usize]| {
                let ill: Vec<u32> = rows.iter().map(|&row| train.ill[row]).collect();
                (x.index_select(1, columns).index_select(0, rows), ill)
            };
            let ((x, ill), (held_out, truth)) = (part(rows), part(held_out));
            let (net, ..) = self.train(recipe, x, &ill, seed)?;
            let score = Ranking::new(&truth, &probabilities(&net, &held_out)?)?.average_precision();
            let weight = net.get::<Linear>(0).ok_or("linear, ReLU, linear")?.weight().value();
            let norm = |column: usize| {
                weight.as_slice().iter().skip(column).step_by(columns.len()).map(|&w| f64::from(w * w)).sum::<f64>()
            };
            Ok::<_, Failure>((score, (0..columns.len()).map(norm).collect()))
        })?;
        Ok(report.selection()?)
    }

    /// The network, how many times the odds of being ill were raised, and whether the training diverged.
    fn train(
        &self,
        recipe: &Recipe,
        x: Tensor<f64>,
        ill: &[u32],
        seed: Seed,
    ) -> Result<(Sequential, f64, bool), Failure> {
        let width = x.shape()[1];
        let data = Dataset::classification(x, ill.to_vec(), 2)?;
        let before = ClassWeights::balanced(&data.class_counts().ok_or("classes")?)?;
        let data = match recipe.treatment {
            Treatment::Copies(share) => data.resample(&RandomOver::default().strategy(Strategy::Ratio(share)), seed)?,
            Treatment::Smote(share) => data.resample(&Smote::default().strategy(Strategy::Ratio(share)), seed)?,
            _ => data,
        };
        let counts = data.class_counts().ok_or("classes")?;
        let ratio = |weights: &ClassWeights| weights.as_slice()[1] / weights.as_slice()[0];
        let weight = match recipe.treatment {
            Treatment::Weights(power) => ratio(&before.clone().tempered(power)?),
            _ => 1.0,
        };
        let bias = match recipe.start {
            Start::HeAndPrior => ClassPrior::sigmoid([counts[1]], data.len()).with_weights([weight]).biases()?[0],
            _ => 0.0,
        };
        let policy: Policy = match recipe.start {
            Start::UniformFanIn => Policy::new(UniformFanIn).with_biases(UniformFanIn),
            _ => Policy::new(HeNormal::default())
                .for_path("2", Policy::new(XavierUniform::default()).with_biases(Constant(bias))),
        };
        let mut net =
            sequential![Linear::new(width, self.hidden), Relu, Linear::new(self.hidden, 1)].initialize(policy, seed)?;
        let has_diverged = match recipe.treatment {
            Treatment::Focal => self.minimise(Focal::default(), &mut net, &data, seed)?,
            _ => self.minimise(BceWithLogits::default().with_pos_weight([weight]), &mut net, &data, seed)?,
        };
        let emphasis = weight * ratio(&before) / ratio(&ClassWeights::balanced(&counts)?);
        Ok((net, emphasis, has_diverged))
    }

    fn minimise(&self, loss: impl Loss, net: &mut Sequential, data: &Dataset, seed: Seed) -> Result<bool, Failure> {
        let trainer = Trainer::new(Adam::new(self.learning_rate))
            .epochs(self.epochs)
            .batch_size(self.batch_size)
            .seed(seed)
            .regularizer(Regularizer::new().penalty("*", L2::new(self.l2)))
            // At the end alone; there is nothing to choose by it.
            .evaluate_every(u64::MAX);
        Ok(has_diverged(trainer.fit(net, loss, data, data))?)
    }
}

fn prepare(scaling: Scaling) -> Pipeline {
    let (all, numbers) = (pipeline::Columns::all, Kind::Numeric);
    if scaling == Scaling::Raw {
        return Pipeline::new().step(Kind::Categorical, Ordinal::default()).step(numbers, Impute::mean());
    }
    let filled = Pipeline::new()
        .step(numbers, Impute::median().with_indicators())
        .step(Kind::Categorical, OneHot::default().unseen(Unseen::Ignore));
    match scaling {
        Scaling::Raw | Scaling::None => filled,
        Scaling::MinMax => filled.step(all(), MinMax::default()),
        Scaling::Standard => filled.step(all(), Standard::default()),
        Scaling::Robust => filled.step(all(), Robust::default()),
        Scaling::Power => filled.step(all(), Power::yeo_johnson()),
        Scaling::Quantile => filled.step(all(), Quantile::to(scale::Target::Normal)),
    }
}

/// Of being ill, as the network says.
fn probabilities(net: &Sequential, x: &Tensor<f64>) -> Result<Vec<f64>, Failure> {
    let logits = predict(net, x)?;
    Ok(logits.as_slice().iter().map(|&logit| 1.0 / (1.0 + (-f64::from(logit)).exp())).collect())
}

impl Model {
    /// Of being ill, as the network says.
    pub(crate) fn probabilities(&self, patients: &Cohort) -> Result<Vec<f64>, Failure> {
        let x = self.pipeline.transform::<f64>(&patients.table)?;
        let x = match &self.columns {
            Some(columns) => columns.transform(&x)?,
            None => x,
        };
        probabilities(&self.net, &x)
    }

    pub(crate) fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The names of the columns that the network sees.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match &self.columns {
            Some(columns) => columns.kept_names(),
            None => self.pipeline.names().iter().map(String::as_str).collect(),
        }
    }
}
