//! Charts of what `evenkeel-data` measures: how well a classifier ranks, how honest its probabilities are, what columns bring.

use evenkeel_data::metrics::{CalibrationCurve, Ranking};
use evenkeel_data::select::TradeOff;

use super::{BandPoint, Chart};

/// Charts of rankings, probabilities and choices of columns.
///
/// ```
/// use evenkeel_data::metrics::{Bins, CalibrationCurve, Ranking};
/// use evenkeel_train::report::{Chart, Panels};
///
/// let labels = [0u32, 0, 1, 0, 1, 1];
/// let probabilities = [0.1, 0.3, 0.35, 0.4, 0.8, 0.9];
/// let ranking = Ranking::new(&labels, &probabilities)?;
/// let calibration = CalibrationCurve::new(&labels, &probabilities, Bins::Uniform(3))?;
/// let charts = [
///     Chart::roc([("network", &ranking)]),
///     Chart::precision_recall([("network", &ranking)]),
///     Chart::calibration([("network", &calibration)]),
/// ];
/// let svg = Panels::new("A classifier", charts).to_svg();
/// assert!(svg.contains("network, area 0.889"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
impl Chart {
    /// True against false positive rate at every threshold, a line for each ranking, with its area; dashed the diagonal of chance.
    pub fn roc<'a, N: Into<String>>(rankings: impl IntoIterator<Item = (N, &'a Ranking)>) -> Self {
        let chart = unit_square("ROC").x_label("false positive rate").y_label("true positive rate");
        let chart = chart.dashed_line("chance", [(0.0, 0.0), (1.0, 1.0)]);
        rankings.into_iter().fold(chart, |chart, (name, ranking)| {
            let points = ranking.roc_corners().into_iter().map(|p| (p.false_positive_rate, p.true_positive_rate));
            chart.line(format!("{}, area {:.3}", name.into(), ranking.roc_auc()), points)
        })
    }

    /// Precision against recall at every threshold, a line for each ranking, with its average precision; dashed the share of
    /// positives, which is the precision of chance, of the first ranking.
    pub fn precision_recall<'a, N: Into<String>>(rankings: impl IntoIterator<Item = (N, &'a Ranking)>) -> Self {
        let mut chart = unit_square("Precision and recall").x_label("recall").y_label("precision");
        for (at, (name, ranking)) in rankings.into_iter().enumerate() {
            if at == 0 {
                let share = ranking.positives() / (ranking.positives() + ranking.negatives());
                chart = chart.dashed_line("chance", [(0.0, share), (1.0, share)]);
            }
            let points = ranking.precision_recall_curve().into_iter().map(|p| (p.recall, p.precision));
            chart = chart.line(format!("{}, {:.3}", name.into(), ranking.average_precision()), points);
        }
        chart
    }

    /// The share of positives against the mean probability in each bin, with the expected calibration error; dashed the diagonal, on which
    /// probabilities are honest.
    pub fn calibration<'a, N: Into<String>>(curves: impl IntoIterator<Item = (N, &'a CalibrationCurve)>) -> Self {
        let chart = unit_square("Calibration").x_label("mean probability").y_label("share of positives");
        let chart = chart.dashed_line("honest", [(0.0, 0.0), (1.0, 1.0)]);
        curves.into_iter().fold(chart, |chart, (name, curve)| {
            let bins = || curve.bins().iter().filter(|bin| bin.samples > 0);
            let points = || bins().map(|bin| (bin.mean_probability, bin.positive_share));
            let name = format!("{}, error {:.3}", name.into(), curve.expected_error());
            chart.line(name.clone(), points()).bold_points(name, points())
        })
    }

    /// The validated score against the number of columns, with its standard error; bold the smallest number within one standard error
    /// of the best.
    pub fn trade_off(trade_off: &TradeOff) -> Self {
        let mut trials: Vec<_> = trade_off.trials().iter().collect();
        trials.sort_by_key(|trial| trial.columns.len());
        let columns = |columns: usize| columns as f64;
        let band = trials.iter().map(|trial| {
            let (mean, error) = (trial.mean(), trial.standard_error());
            BandPoint { x: columns(trial.columns.len()), lower: mean - error, upper: mean + error }
        });
        let chosen = trade_off.within_one_standard_error();
        Self::new("Columns and score")
            .x_label("columns")
            .y_label("validated score")
            .band("standard error", band)
            .line("mean", trials.iter().map(|trial| (columns(trial.columns.len()), trial.mean())))
            .bold_points("within one standard error", [(columns(chosen.columns.len()), chosen.mean())])
    }
}

fn unit_square(title: &str) -> Chart {
    Chart::new(title).x_range(0.0, 1.0).y_range(0.0, 1.0)
}
