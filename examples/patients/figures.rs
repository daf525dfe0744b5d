//! The pictures, and the page.

use std::path::PathBuf;

use evenkeel::data::metrics::{Bins, CalibrationCurve, Ranking};
use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel_examples::Failure;

use crate::recipe::{Columns, STAGES};
use crate::tables::{COST, PR_AUC};
use crate::validation::HeldOut;
use crate::{Arguments, Results};

/// As `Measure::all`.
const TITLES: [&str; 5] = ["Recall", "Precision", "PR-AUC", "Matthews' correlation", "Cost per 1000 patients"];

fn words(stage: &str) -> String {
    stage.replace('_', " ")
}

fn numbers() -> impl Iterator<Item = String> {
    (1..=STAGES.len()).map(|number| number.to_string())
}

/// Each measure with its interval, stage by stage.
fn measures(results: &Results) -> Panels {
    let charts = TITLES.into_iter().enumerate().map(|(measure, title)| {
        let chart = Chart::new(title).categories(numbers());
        let chart = results.stages.iter().enumerate().fold(chart, |chart, (i, stage)| {
            let (x, interval) = (i as f64, stage.intervals[measure]);
            chart
                .line(words(stage.name), [(x, interval.low), (x, interval.high)])
                .bold_points(words(stage.name), [(x, interval.estimate)])
        });
        match results.ideal.filter(|_| measure == PR_AUC) {
            Some(ideal) => chart.reference_line("true model", ideal),
            None => chart,
        }
    });
    Panels::new("Stage by stage", charts).columns(3).caption(
        "Means over cross-validations, with 95 % intervals over the choice of patients; dotted: the true model.",
    )
}

/// The precision at which each further ill patient is found, mean over the repeats, as steps.
fn precision_recall(held_out: &HeldOut, scores: impl Iterator<Item = Vec<f64>>) -> Result<Vec<(f64, f64)>, Failure> {
    let rankings = scores.map(|scores| Ranking::new(&held_out.ill, &scores)).collect::<Result<Vec<_>, _>>()?;
    let ill = rankings[0].positives();
    let mut steps = Vec::new();
    for found in 1..=ill as usize {
        let precision = |ranking: &Ranking| {
            let reached = ranking.cuts().find(|(_, counts)| counts.true_positive >= found as f64);
            reached.map_or(0.0, |(_, counts)| counts.precision())
        };
        let mean = rankings.iter().map(precision).sum::<f64>() / rankings.len() as f64;
        steps.extend([((found - 1) as f64 / ill, mean), (found as f64 / ill, mean)]);
    }
    Ok(steps)
}

fn curves(results: &Results) -> Result<Chart, Failure> {
    let mut chart = Chart::new("Precision and recall").x_label("recall").y_label("precision").y_range(0.0, 1.0);
    // The last stage has the scores of the one before.
    for stage in &results.stages[..results.stages.len() - 1] {
        let scores = stage.held_out.repeats.iter().map(|repeat| repeat.probabilities.clone());
        chart = chart.line(words(stage.name), precision_recall(&stage.held_out, scores)?);
    }
    if let Some(log_odds) = &results.cohort.log_odds {
        let steps = precision_recall(&results.stages[0].held_out, std::iter::once(log_odds.clone()))?;
        chart = chart.dashed_line("true model", steps);
    }
    Ok(chart.caption("At each patient found, the mean over cross-validations; a tuned threshold changes no ranking."))
}

/// What all errors cost, against the threshold; and where the folds' tuned thresholds lie.
fn costs(arguments: &Arguments, results: &Results) -> Result<Chart, Failure> {
    let thresholds: Vec<f64> = (0..=120).map(|i| 10f64.powf(-3.0 + f64::from(i) / 40.0)).collect();
    let curve = |held_out: &HeldOut| -> Result<Vec<Ranking>, Failure> {
        let rankings = held_out.repeats.iter().map(|repeat| Ranking::new(&held_out.ill, &repeat.probabilities));
        Ok(rankings.collect::<Result<_, _>>()?)
    };
    let cost = |rankings: &[Ranking], threshold: f64| {
        let sum: f64 = rankings.iter().map(|ranking| ranking.at(threshold).cost(1.0, arguments.cost)).sum();
        1000.0 * sum / (rankings.len() * results.cohort.len()) as f64
    };
    let mut chart = Chart::new("Cost against threshold").x_label("threshold").y_label("cost per 1000 patients").log_x();
    for stage in &results.stages[..results.stages.len() - 1] {
        let rankings = curve(&stage.held_out)?;
        let points = thresholds.iter().map(|&threshold| (threshold, cost(&rankings, threshold)));
        chart = chart.line(words(stage.name), points);
    }
    let last = &results.stages[results.stages.len() - 1];
    let rankings = curve(&last.held_out)?;
    let tuned = last.held_out.repeats.iter().flat_map(|repeat| &repeat.thresholds);
    let tuned = tuned.map(|&threshold| (threshold.max(1e-3), cost(&rankings, threshold)));
    let most = 1.5 * 1000.0 * arguments.cost * rankings[0].positives() / results.cohort.len() as f64;
    Ok(chart.bold_points("threshold", tuned).y_range(0.0, most).caption(
        "With one threshold for all folds; dots: the thresholds that the folds chose, on their training patients alone.",
    ))
}

fn confusion(results: &Results) -> Result<Panels, Failure> {
    let counts = results.stages.iter().map(|stage| stage.held_out.counts()).collect::<Result<Vec<_>, _>>()?;
    let bars = |title, y| Chart::new(title).categories(numbers()).stacked().y_label(y);
    let ill = bars("The ill", "patients")
        .bars("found", counts.iter().map(|counts| counts.true_positive))
        .bars("missed", counts.iter().map(|counts| counts.false_negative));
    let healthy =
        bars("The healthy", "patients").bars("false alarms", counts.iter().map(|counts| counts.false_positive));
    let names = STAGES.iter().zip(numbers()).map(|((name, _), number)| format!("{number} {}", words(name)));
    Ok(Panels::new("Found, missed and alarmed", [ill, healthy])
        .caption(format!("Stages: {}. Means over the cross-validations.", names.collect::<Vec<_>>().join(", "))))
}

/// Whether probabilities mean what they say, before and after the ill are given weight.
fn calibration(results: &Results) -> Result<Chart, Failure> {
    let mut chart = Chart::new("Calibration")
        .x_label("mean probability")
        .y_label("share of ill")
        .x_range(0.0, 1.0)
        .y_range(0.0, 1.0)
        .dashed_line("right", [(0.0, 0.0), (1.0, 1.0)]);
    for stage in &results.stages[2..4] {
        let HeldOut { ill, repeats, .. } = &stage.held_out;
        let labels = ill.repeat(repeats.len());
        let probabilities: Vec<f64> = repeats.iter().flat_map(|repeat| repeat.probabilities.clone()).collect();
        let curve = CalibrationCurve::new(&labels, &probabilities, Bins::Uniform(5))?;
        let points = || curve.bins().iter().map(|bin| (bin.mean_probability, bin.positive_share));
        chart = chart.line(words(stage.name), points()).bold_points(words(stage.name), points());
    }
    Ok(chart.caption("Fifths of the probability, all cross-validations together."))
}

/// All further tables, a dot each, and their mean.
fn further(results: &Results) -> Panels {
    let chart = |measure: usize| {
        let chart = Chart::new(TITLES[measure]).categories(numbers());
        results.across.iter().zip(STAGES).enumerate().fold(chart, |chart, (i, (stage, (name, _)))| {
            let n = stage.values.len() as f64;
            let place = |table: usize| i as f64 + 0.7 * (table as f64 + 0.5) / n - 0.35;
            let mean = stage.mean(measure);
            chart
                .points(words(name), stage.values_of(measure).enumerate().map(|(table, value)| (place(table), value)))
                .line(words(name), [(i as f64 - 0.35, mean), (i as f64 + 0.35, mean)])
        })
    };
    Panels::new("Further tables", [chart(PR_AUC), chart(COST)])
        .caption("A dot is a table, in the same order at every stage; the line is their mean.")
}

/// The number of columns against performance, for each filter.
fn trade_off(results: &Results) -> Panels {
    let chart = |measure: usize| {
        let chart = Chart::new(TITLES[measure]).x_label("columns").log_x();
        results.trade_off.iter().fold(chart, |chart, filter| {
            let name = match filter.recipe.columns {
                Columns::AnovaTop(_) => "ANOVA F",
                Columns::Information(_) => "mutual information",
                Columns::Mrmr(_) => "mRMR",
                Columns::True => "the true ones",
                _ => "all columns",
            };
            chart.bold_points(name, [(filter.columns, filter.mean(measure))])
        })
    };
    let lines = |chart: Chart, measure: usize| {
        type Is = fn(&Columns) -> bool;
        let filters: [(&str, Is); 3] = [
            ("ANOVA F", |columns| matches!(columns, Columns::AnovaTop(_))),
            ("mutual information", |columns| matches!(columns, Columns::Information(_))),
            ("mRMR", |columns| matches!(columns, Columns::Mrmr(_))),
        ];
        filters.into_iter().fold(chart, |chart, (name, is)| {
            let of = results.trade_off.iter().filter(|filter| is(&filter.recipe.columns));
            chart.line(name, of.map(|filter| (filter.columns, filter.mean(measure))))
        })
    };
    Panels::new("Number of columns against performance", [PR_AUC, COST].map(|measure| lines(chart(measure), measure)))
        .caption("Means over the further tables; the columns are chosen in each training fold.")
}

/// The figures, in a page and as SVG files.
pub(crate) fn write(arguments: &Arguments, results: &Results, tables: Vec<Table>) -> Result<PathBuf, Failure> {
    let file = |name: &str| arguments.out.join(format!("{}_{name}.svg", arguments.table));
    let (measures, curves, costs) = (measures(results), curves(results)?, costs(arguments, results)?);
    let (confusion, calibration) = (confusion(results)?, calibration(results)?);
    measures.write_svg(file("stages"))?;
    curves.write_svg(file("curves"))?;
    costs.write_svg(file("cost"))?;
    confusion.write_svg(file("confusion"))?;
    calibration.write_svg(file("calibration"))?;

    let path = arguments.out.join(format!("{}.html", arguments.table));
    let report = Report::new("Few patients among many").paragraph(format!(
        "Table: {} ({} patients, {} ill). One hidden layer of {} rectified units, Adam with learning rate {}, {} passes in batches of {}, L2 of \
         {}. Everything is fitted in the training fold. A missed patient costs {} false alarms.",
        arguments.table,
        results.cohort.len(),
        results.cohort.ill.iter().sum::<u32>(),
        arguments.hidden,
        arguments.learning_rate,
        arguments.epochs,
        arguments.batch_size,
        arguments.l2,
        arguments.cost
    ));
    let report = report.panels(measures).chart(curves).chart(costs).panels(confusion).chart(calibration);
    let report = if results.across.is_empty() {
        report
    } else {
        let (further, trade_off) = (further(results), trade_off(results));
        further.write_svg(file("tables"))?;
        trade_off.write_svg(file("columns"))?;
        report.panels(further).panels(trade_off)
    };
    tables.into_iter().fold(report, Report::table).write(&path)?;
    Ok(path)
}
