//! The report of a search.

use std::fmt;

use super::{Fitted, Minimum, SearchError};
use crate::report::{Chart, Table};

/// The errors of one λ.
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaPoint {
    /// The weight of the penalty.
    pub lambda: f64,
    /// The training error, cross-validated.
    pub train: CrossValidated,
    /// The validation error, cross-validated.
    pub validation: CrossValidated,
    /// The fits, by seed and fold.
    pub fits: Vec<Vec<Fitted>>,
}

/// The mean over all fits, and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossValidated {
    /// The mean over seeds and folds.
    pub mean: f64,
    /// The standard error over folds: the root mean square over seeds of s / √k, with s the standard deviation (k - 1) of the k
    /// folds' errors. Further seeds fold and train anew, but bring no new data, so they make it no smaller. Of a
    /// [pooled](LambdaReport::pooled) report it is that over data sets.
    pub standard_error: f64,
}

impl CrossValidated {
    /// By seed and fold, as many of each.
    pub(super) fn of(errors: &[Vec<f64>]) -> Self {
        let (seeds, k) = (errors.len() as f64, errors[0].len() as f64);
        let variance = |errors: &Vec<f64>| {
            let mean = errors.iter().sum::<f64>() / k;
            errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / (k - 1.0) / k
        };
        Self {
            mean: errors.iter().flatten().sum::<f64>() / (seeds * k),
            standard_error: (errors.iter().map(variance).sum::<f64>() / seeds).sqrt(),
        }
    }
}

impl fmt::Display for CrossValidated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.4} ± {:.4}", self.mean, self.standard_error))
    }
}

impl LambdaPoint {
    pub(super) fn of(lambda: f64, fits: Vec<Vec<Fitted>>) -> Self {
        let errors = |of: fn(&Fitted) -> f64| {
            CrossValidated::of(&fits.iter().map(|folds| folds.iter().map(of).collect()).collect::<Vec<_>>())
        };
        let (train, validation) = (errors(|fit| fit.train_error), errors(|fit| fit.validation_error));
        Self { lambda, train, validation, fits }
    }

    /// The mean number of weights that are exactly 0; `None` if no weights were given.
    pub fn exact_zeros(&self) -> Option<f64> {
        let fits = || self.fits.iter().flatten();
        let zeros = fits().flat_map(|fit| &fit.weights).filter(|(_, weight)| *weight == 0.0).count();
        fits().any(|fit| !fit.weights.is_empty()).then(|| zeros as f64 / fits().count() as f64)
    }
}

/// What a [`LambdaSearch`](super::LambdaSearch) found. `Display` is a table, and what it says about λ.
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaReport {
    points: Vec<LambdaPoint>,
    best: usize,
    one_standard_error: usize,
}

impl LambdaReport {
    /// The report on λ in ascending order, of which there is at least one.
    pub(super) fn of(points: Vec<LambdaPoint>) -> Self {
        let mean = |i: usize| points[i].validation.mean;
        // Of equal errors the larger λ: the simpler network.
        let best = (0..points.len()).reduce(|best, i| if mean(i) <= mean(best) { i } else { best }).expect("a λ");
        let limit = mean(best) + points[best].validation.standard_error;
        let one_standard_error = (best..points.len()).rfind(|&i| mean(i) <= limit).unwrap_or(best);
        Self { best, one_standard_error, points }
    }

    /// The report on several data sets, drawn independently of each other, from the reports on each: the means of their mean
    /// errors, with the standard error of that mean, s / √n for n data sets with s the standard deviation (n - 1) between them.
    ///
    /// It tells what λ does to data of this kind, where each single report tells it of its own data. The fits are those of all
    /// reports, in their order; one report by itself is given back as it is.
    ///
    /// # Errors
    /// If there is no report, or they are not on the same λ.
    pub fn pooled(reports: impl IntoIterator<Item = Self>) -> Result<Self, SearchError> {
        let mut reports: Vec<Self> = reports.into_iter().collect();
        let lambdas = |report: &Self| report.points.iter().map(|point| point.lambda).collect::<Vec<_>>();
        if reports.iter().any(|report| lambdas(report) != lambdas(&reports[0])) {
            return Err(SearchError::Pooled { got: "reports on different λ" });
        }
        if reports.len() < 2 {
            return reports.pop().ok_or(SearchError::Pooled { got: "none" });
        }
        let pool = |i: usize| {
            let points = || reports.iter().map(move |report| &report.points[i]);
            let over = |of: fn(&LambdaPoint) -> f64| CrossValidated::of(&[points().map(of).collect()]);
            LambdaPoint {
                lambda: reports[0].points[i].lambda,
                train: over(|point| point.train.mean),
                validation: over(|point| point.validation.mean),
                fits: points().flat_map(|point| point.fits.iter().cloned()).collect(),
            }
        };
        Ok(Self::of((0..reports[0].points.len()).map(pool).collect()))
    }

    /// The errors of each λ, in ascending order; at least one.
    pub fn points(&self) -> &[LambdaPoint] {
        &self.points
    }

    /// The λ of the lowest mean validation error; of equal ones the largest.
    pub fn best(&self) -> &LambdaPoint {
        &self.points[self.best]
    }

    /// The largest λ whose mean validation error is within one standard error of the best: the simplest network of which the
    /// data do not say that it is worse. L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), Classification and regression
    /// trees; T. Hastie, R. Tibshirani, J. Friedman (2009), The elements of statistical learning, 7.10.
    pub fn one_standard_error(&self) -> &LambdaPoint {
        &self.points[self.one_standard_error]
    }

    /// Where the lowest validation error is on the range of λ, and so whether the range was wide enough.
    pub fn minimum(&self) -> Minimum {
        let limit = self.best().validation.mean + self.best().validation.standard_error;
        if self.points.iter().all(|point| point.validation.mean <= limit) {
            Minimum::Flat
        } else if self.best + 1 == self.points.len() {
            Minimum::AtLargest
        } else if self.best == 0 {
            Minimum::AtSmallest
        } else {
            Minimum::Inside
        }
    }

    /// The names of the weights, in the order in which they came up.
    fn weight_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for (name, _) in self.points.iter().flat_map(|point| &point.fits[0][0].weights) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Each weight against λ, by name, in the first fold of the first seed. (Weights of other folds and seeds are those of other
    /// networks, with hidden units in another order: their mean would mean nothing.)
    pub fn weight_paths(&self) -> Vec<(&str, Vec<(f64, f64)>)> {
        let of = |point: &LambdaPoint, name: &str| {
            let weights = &point.fits[0][0].weights;
            weights.iter().find(|(one, _)| one == name).map(|(_, weight)| (point.lambda, *weight))
        };
        let path = |name| (name, self.points.iter().filter_map(|point| of(point, name)).collect());
        self.weight_names().into_iter().map(path).collect()
    }

    /// The errors of each λ.
    pub fn table(&self) -> Table {
        let columns = if self.points.iter().any(|point| point.exact_zeros().is_some()) { 5 } else { 4 };
        let rows = self.points.iter().enumerate().map(|(i, point)| {
            let choice = match (i == self.best, i == self.one_standard_error) {
                (true, true) => "best, one standard error",
                (true, false) => "best",
                (false, true) => "one standard error",
                (false, false) => "",
            };
            let zeros = point.exact_zeros().map_or(String::new(), |zeros| format!("{zeros:.1}"));
            [short(point.lambda), point.train.to_string(), point.validation.to_string(), choice.into(), zeros]
                .into_iter()
                .take(columns)
        });
        Table::new(["λ", "training", "validation", "choice", "weights at 0"].into_iter().take(columns), rows)
    }

    /// Training and validation error against λ, with bands of one standard error, and the two choices of λ. The validation error
    /// of λ = 0, which has no place on a logarithmic axis, is a dotted line across.
    pub fn chart(&self) -> Chart {
        let positive = || self.points.iter().filter(|point| point.lambda > 0.0);
        let draw = |chart: Chart, name: &str, of: fn(&LambdaPoint) -> CrossValidated| {
            let band = |point: &LambdaPoint| {
                let CrossValidated { mean, standard_error } = of(point);
                (point.lambda, mean - standard_error, mean + standard_error)
            };
            chart.band(name, positive().map(band)).line(name, positive().map(|point| (point.lambda, of(point).mean)))
        };
        let chart = Chart::new("Error against λ").x_label("λ").y_label("error").log_x();
        let chart = chart.caption("Cross-validated means, with bands of one standard error.");
        let chart = draw(draw(chart, "training", |point| point.train), "validation", |point| point.validation);
        let choices = [("best", self.best()), ("one standard error", self.one_standard_error())];
        let chart = choices
            .into_iter()
            .filter(|(_, point)| point.lambda > 0.0)
            .fold(chart, |chart, (name, point)| chart.bold_points(name, [(point.lambda, point.validation.mean)]));
        match self.points.first() {
            Some(zero) if zero.lambda == 0.0 => chart.reference_line("λ = 0", zero.validation.mean),
            _ => chart,
        }
    }

    /// Each weight against λ, from the [paths](Self::weight_paths); of more than 24 weights as thin lines without their names.
    pub fn weights_chart(&self) -> Chart {
        let paths = self.weight_paths();
        let chart = Chart::new("Weights against λ").x_label("λ").y_label("weight").log_x();
        let chart = chart.caption("One fold of one seed.");
        let has_names = paths.len() <= 24;
        paths.into_iter().fold(
            chart,
            |chart, (name, path)| {
                if has_names { chart.line(name, path) } else { chart.thin_line("", path) }
            },
        )
    }
}

/// λ to three digits.
fn short(lambda: f64) -> String {
    if lambda == 0.0 { "0".into() } else { format!("{lambda:.2e}") }
}

impl fmt::Display for LambdaReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table())?;
        let (best, simple) = (self.best(), self.one_standard_error());
        writeln!(f, "best: λ = {}, validation error {}", short(best.lambda), best.validation)?;
        writeln!(f, "within one standard error: λ = {}, validation error {}", short(simple.lambda), simple.validation)?;
        if self.minimum() == Minimum::AtSmallest && best.lambda == 0.0 {
            writeln!(
                f,
                "the lowest error is without a penalty: there is no need for one, or only for a smaller λ than was tried"
            )
        } else {
            writeln!(f, "{}", self.minimum())
        }
    }
}
