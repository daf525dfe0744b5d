//! The methods, each of which ranks the columns.

use evenkeel::data::scale::MinMax;
use evenkeel::data::select::{
    Elimination, L1Path, Mrmr, MutualInformation, Path, Scores, Sequential, Stability, TradeOff, anova_f, chi2,
    lambdas, pearson, variance,
};
use evenkeel::data::{Fit, Transform};
use evenkeel::prelude::*;
use evenkeel::train::selection::input_norms;
use evenkeel_examples::Failure;

use super::law::Draw;
use super::moments::{Folds, Model, Moments};
use super::network::{Training, explained};

/// What a method looks at.
pub(crate) struct Task<'a> {
    pub(crate) draw: &'a Draw,
    pub(crate) training: Training,
    pub(crate) seed: Seed,
}

type Method = fn(&Task<'_>) -> Result<Vec<usize>, Failure>;

/// All of them by name.
pub(crate) const METHODS: [(&str, Method); 16] = [
    ("variance", |task| Ok(variance(&task.draw.x)?.ranking())),
    ("Pearson", |task| {
        let labels: Vec<f64> = task.draw.labels.iter().map(|&label| f64::from(label)).collect();
        Ok(pearson(&task.draw.x, &labels)?.ranking())
    }),
    ("ANOVA F", |task| Ok(anova_f(&task.draw.x, &task.draw.labels)?.ranking())),
    ("chi-square", |task| {
        let shares = MinMax::default().fit(&task.draw.x)?.transform(&task.draw.x)?;
        Ok(chi2(&shares, &task.draw.labels)?.ranking())
    }),
    ("mutual information", |task| Ok(information(task)?.ranking())),
    ("mRMR, information", |task| {
        let columns = task.draw.columns.len();
        Ok(Mrmr::difference(columns).select(&task.draw.x, &information(task)?)?.ranking().to_vec())
    }),
    ("mRMR, F and correlation", |task| {
        let relevance = anova_f(&task.draw.x, &task.draw.labels)?;
        let method = Mrmr::quotient(task.draw.columns.len()).by_correlation();
        Ok(method.select(&task.draw.x, &relevance)?.ranking().to_vec())
    }),
    ("elimination, linear", |task| Ok(order(task, &eliminate(task, Model::Linear)?))),
    ("elimination, quadratic", |task| Ok(order(task, &eliminate(task, Model::Quadratic)?))),
    ("forward, linear", |task| Ok(order(task, &forward(task, Model::Linear)?))),
    ("forward, quadratic", |task| Ok(order(task, &forward(task, Model::Quadratic)?))),
    ("backward, quadratic", |task| Ok(order(task, &backward(task, Model::Quadratic)?))),
    ("L1 path, linear", |task| Ok(completed(task, lasso_path(task)?.order_of_entry()))),
    ("stability of L1", stability),
    ("permutation, network", |task| Ok(task.training.permutation(task.draw, task.seed)?.ranking())),
    ("group lasso, network", |task| {
        Ok(completed(task, task.training.lasso(task.draw, 2, task.seed)?.order_of_entry()))
    }),
];

const FOLDS: usize = 5;

/// Continuous columns by neighbours, coins by counts.
fn information(task: &Task<'_>) -> Result<Scores, Failure> {
    let is_coin = |column: &usize| task.draw.columns[*column].name.starts_with("coin");
    let coins: Vec<usize> = (0..task.draw.columns.len()).filter(is_coin).collect();
    Ok(MutualInformation::default().with_discrete(coins).scores(&task.draw.z, &task.draw.labels)?)
}

/// A ranking with the columns that a method has not ranked at its end.
fn completed(task: &Task<'_>, mut ranking: Vec<usize>) -> Vec<usize> {
    let rest: Vec<usize> = (0..task.draw.columns.len()).filter(|column| !ranking.contains(column)).collect();
    ranking.extend(rest);
    ranking
}

/// The columns in the order in which they are in the sets of rising size.
fn order(task: &Task<'_>, report: &TradeOff) -> Vec<usize> {
    let mut ranking: Vec<usize> = Vec::new();
    for trial in report.trials() {
        let new: Vec<usize> = trial.columns.iter().copied().filter(|column| !ranking.contains(column)).collect();
        ranking.extend(new);
    }
    completed(task, ranking)
}

fn eliminate(task: &Task<'_>, model: Model) -> Result<TradeOff, Failure> {
    let folds = model.folds(task.draw, FOLDS);
    Elimination::default()
        .run(task.draw.columns.len(), &folds, |columns, train, validation| train.score(columns, validation))
}

fn forward(task: &Task<'_>, model: Model) -> Result<TradeOff, Failure> {
    search(task, Sequential::forward().up_to(10), &model.folds(task.draw, FOLDS))
}

fn backward(task: &Task<'_>, model: Model) -> Result<TradeOff, Failure> {
    search(task, Sequential::backward(), &model.folds(task.draw, FOLDS))
}

fn search(task: &Task<'_>, search: Sequential, folds: &Folds) -> Result<TradeOff, Failure> {
    search.run(task.draw.columns.len(), folds, |columns, train, validation| Ok(train.score(columns, validation)?.0))
}

/// Penalties of the lasso on z-scores and labels of ±1: none enters at the first.
fn penalties() -> Result<Vec<f64>, Failure> {
    Ok(lambdas(1.0, 0.003, 25)?)
}

fn lasso_path(task: &Task<'_>) -> Result<Path, Failure> {
    let folds = Model::Linear.folds(task.draw, FOLDS);
    L1Path::default().run(task.draw.columns.len(), &penalties()?, &folds, |lambda, train: &Moments, validation| {
        Ok(train.lasso(lambda, validation))
    })
}

/// How often a column is among the first five that enter, on halves of the rows.
fn stability(task: &Task<'_>) -> Result<Vec<usize>, Failure> {
    let (rows, columns) = (task.draw.labels.len(), task.draw.columns.len());
    let penalties = penalties()?;
    let frequencies = Stability::default().run(rows, columns, task.seed, |rows| {
        let half = Model::Linear.moments(task.draw, rows);
        let mut chosen: Vec<usize> = Vec::new();
        for &lambda in &penalties {
            let (_, weights) = half.lasso(lambda, &half);
            let mut new: Vec<usize> = (0..columns).filter(|j| weights[*j] != 0.0 && !chosen.contains(j)).collect();
            new.sort_by(|&a, &b| weights[b].abs().total_cmp(&weights[a].abs()));
            chosen.extend(new);
            if chosen.len() >= super::law::RELEVANT {
                break;
            }
        }
        chosen.truncate(super::law::RELEVANT);
        Ok::<_, Failure>(chosen)
    })?;
    Ok(Scores::new("Stability", frequencies.frequency().to_vec(), None)?.ranking())
}

/// The searches whose number of columns is held against the score, by name. All scores are shares of the label's variance
/// explained in validation.
pub(crate) fn trade_offs(task: &Task<'_>) -> Result<Vec<(&'static str, TradeOff)>, Failure> {
    Ok(vec![
        ("forward, linear", forward(task, Model::Linear)?),
        ("forward, quadratic", forward(task, Model::Quadratic)?),
        ("backward, quadratic", backward(task, Model::Quadratic)?),
        ("L1 path, linear", lasso_path(task)?.trade_off()),
        ("elimination, network", eliminate_by_network(task)?),
        ("group lasso, network", task.training.lasso(task.draw, FOLDS, task.seed)?.trade_off()),
    ])
}

/// Leaves out the input whose first-layer weights are smallest.
fn eliminate_by_network(task: &Task<'_>) -> Result<TradeOff, Failure> {
    // The same split for any columns: those of the data of all rows and some columns depend on labels and seed alone.
    let folds: Vec<(usize, usize)> = (0..FOLDS).map(|fold| (fold, fold)).collect();
    Elimination::default().run(task.draw.columns.len(), &folds, |columns, &fold, _| {
        let mut parts = task.draw.dataset_of(columns)?.folds_stratified(FOLDS, task.seed)?;
        let (train, validation) = parts.swap_remove(fold);
        let net = task.training.stopped_early(&train, &validation, task.seed)?;
        Ok::<_, Failure>((explained(&net, &validation)?, input_norms(&net, "0.weight")))
    })
}
