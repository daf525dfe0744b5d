//! The pictures and the page.

use std::path::PathBuf;

use evenkeel::data::select::{TradeOff, Trial};
use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel_examples::Failure;

use super::{Arguments, Run, all, mean, methods_of, samples_of};

/// Which methods are drawn together.
const FAMILIES: [(&str, &[&str]); 3] = [
    (
        "filters",
        &[
            "variance",
            "Pearson",
            "ANOVA F",
            "chi-square",
            "mutual information",
            "mRMR, information",
            "mRMR, F and correlation",
        ],
    ),
    (
        "wrappers",
        &[
            "elimination, linear",
            "elimination, quadratic",
            "forward, linear",
            "forward, quadratic",
            "backward, quadratic",
        ],
    ),
    ("embedded methods", &["L1 path, linear", "stability of L1", "permutation, network", "group lasso, network"]),
];

/// A picture for each family, each with colours of its own: measures against the number of rows.
fn families(runs: &[Run]) -> Vec<(&'static str, Panels)> {
    type Measure = (&'static str, fn(&Run) -> f64);
    let measures: [Measure; 4] = [
        ("recall", |run| run.found.recall),
        ("precision", |run| run.found.precision),
        ("symmetric feature found", |run| all(run, 2..3)),
        ("pair found", |run| all(run, 3..5)),
    ];
    let there = methods_of(runs);
    let family = |(family, methods): (&'static str, &[&str])| {
        let charts = measures.map(|(title, value)| {
            let chart = Chart::new(title).x_label("rows").log_x().y_range(0.0, 1.02);
            methods.iter().filter(|method| there.contains(method)).fold(chart, |chart, method| {
                let samples = samples_of(runs).into_iter();
                let points: Vec<(f64, f64)> = samples.map(|n| (n as f64, mean(runs, method, n, value))).collect();
                chart.line(*method, points.clone()).bold_points(*method, points)
            })
        });
        let caption = "Means over the seeds, of the first five columns of each ranking.";
        (family, Panels::new(format!("How often {family} find what matters"), charts).caption(caption))
    };
    FAMILIES.into_iter().map(family).collect()
}

fn trade_off_chart(trade_offs: &[(&'static str, TradeOff)]) -> Chart {
    let chart = Chart::new("Score against the number of columns")
        .x_label("columns")
        .y_label("share of variance explained, validated")
        .caption("Bold: the smallest set within one standard error of the best.");
    trade_offs.iter().fold(chart, |chart, (method, report)| {
        // Of several sets of a size the best.
        let mut best: Vec<&Trial> = Vec::new();
        for trial in report.trials() {
            match best.last_mut() {
                Some(last) if last.columns.len() == trial.columns.len() => {
                    if trial.mean() > last.mean() {
                        *last = trial;
                    }
                }
                _ => best.push(trial),
            }
        }
        let size = |trial: &Trial| trial.columns.len() as f64;
        let chosen = report.within_one_standard_error();
        chart
            .line(*method, best.iter().map(|trial| (size(trial), trial.mean())))
            .bold_points(*method, [(size(chosen), chosen.mean())])
    })
}

/// The figures, in a page and as SVG files.
pub(crate) fn write_report(
    arguments: &Arguments,
    runs: &[Run],
    trade_offs: &[(&'static str, TradeOff)],
    tables: Vec<Table>,
) -> Result<PathBuf, Failure> {
    let mut report = Report::new("Which method finds the columns that matter").paragraph(format!(
        "Tables of 20 columns: two linear features and three copies of them, a symmetric one, a pair of which only the product tells, and \
         twelve irrelevant columns; {} seeds.",
        arguments.seeds
    ));
    for (family, panels) in families(runs) {
        panels.write_svg(arguments.out.join(format!("{}.svg", family.split(' ').next().unwrap_or(family))))?;
        report = report.panels(panels);
    }
    if !trade_offs.is_empty() {
        let chart = trade_off_chart(trade_offs);
        chart.write_svg(arguments.out.join("trade_off.svg"))?;
        report = report.chart(chart);
    }
    let path = arguments.out.join("report.html");
    report = tables.into_iter().fold(report, Report::table);
    for (method, trade_off) in trade_offs {
        report = report.heading(*method).preformatted(trade_off.to_string());
    }
    report.write(&path)?;
    Ok(path)
}
