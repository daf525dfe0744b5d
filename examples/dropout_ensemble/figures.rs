//! Tables and pictures.

use std::path::PathBuf;

use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel_examples::{Failure, median, percent, spread};

use crate::few_labels::Run;
use crate::{Arguments, Errors, REPEATS, SHOWN, Small};

/// 0.1234 as "0.123", 1e-16 as "1e-16".
fn short(x: f64) -> String {
    if x < 1e-3 { format!("{x:.0e}") } else { format!("{x:.3}") }
}

fn layers(depth: usize) -> String {
    format!("{depth} hidden layer{}", if depth == 1 { "" } else { "s" })
}

pub(super) fn approximation_table(arguments: &Arguments, small: &[Small]) -> Table {
    let rows = arguments.depths.iter().map(|&depth| {
        let of = |value: fn(&Small) -> f64| -> Vec<f64> {
            small.iter().filter(|small| small.depth == depth).map(value).collect()
        };
        let rule = of(|small| small.probabilities.rule);
        [
            layers(depth),
            percent(median(&of(|small| small.test_accuracy))),
            spread(&of(|small| small.outputs.rule), short),
            spread(&rule, short),
            spread(&of(|small| small.geometric), short),
            // The passes whose error is the rule's: their number is 1 / error².
            format!("{:.0}", median(&rule).powi(-2)),
            short(of(|small| small.forms).into_iter().fold(0.0, f64::max)),
        ]
    });
    Table::new(
        ["small network", "accuracy", "outputs", "probabilities", "geometric mean", "passes", "two forms"],
        rows.collect::<Vec<_>>(),
    )
    .caption(format!(
        "Error of the evaluation rule against the exact mean over 2^{} masks, in units of the deviation of one pass: median (smallest \
         to largest) of {} networks. Passes: as many have the rule's error of probabilities. Two forms: the largest \
         difference between inverted dropout and that scaled in evaluation.",
        arguments.units, arguments.seeds
    ))
}

pub(super) fn error_table(arguments: &Arguments, runs: &[Run]) -> Table {
    let mut table = Table::new(
        ["labels per class", "dropped", "test error", "training error", "gap", "better than none"],
        [[0; 0]; 0],
    );
    for &labels in &arguments.labels {
        let of = |drop: f64| runs.iter().filter(move |run| run.labels_per_class == labels && run.drop == drop);
        for &drop in &arguments.drops {
            let values = |value: fn(&Run) -> f64| of(drop).map(value).collect::<Vec<_>>();
            let better = of(drop).zip(of(0.0)).filter(|(run, none)| run.test_error < none.test_error).count();
            let has_none = of(0.0).next().is_some() && drop > 0.0;
            table = table.row([
                labels.to_string(),
                drop.to_string(),
                spread(&values(|run| run.test_error), percent),
                percent(median(&values(|run| run.train_error))),
                percent(median(&values(|run| run.test_error - run.train_error))),
                if has_none { format!("{better} of {}", arguments.seeds) } else { String::new() },
            ]);
        }
    }
    table.caption("Median (smallest to largest) over seeds. Better than none: with the same data, start and order.")
}

/// Error against the number of passes, a line for each depth, and the rule's beside it.
fn approximation_chart(arguments: &Arguments, small: &[Small], title: &str, errors: fn(&Small) -> &Errors) -> Chart {
    let mut chart = Chart::new(title)
        .x_label("passes of Monte Carlo")
        .y_label("error (deviations of one pass)")
        .log_x()
        .log_y()
        .y_range(0.02, 1.5);
    for &depth in &arguments.depths {
        let of: Vec<&Errors> = small.iter().filter(|small| small.depth == depth).map(errors).collect();
        let passes = of[0].monte_carlo.iter().enumerate();
        let points = passes.map(|(i, (passes, _))| {
            (*passes as f64, median(&of.iter().map(|errors| errors.monte_carlo[i].1).collect::<Vec<_>>()))
        });
        let rule = median(&of.iter().map(|errors| errors.rule).collect::<Vec<_>>());
        chart = chart.line(layers(depth), points);
        if rule > 1e-9 {
            chart = chart.dashed_line(layers(depth), [(1.0, rule), (arguments.passes as f64, rule)]);
        }
    }
    chart
}

/// Every training, a dot each: the rates side by side, and the seeds within them.
fn error_chart(arguments: &Arguments, runs: &[Run], labels: usize) -> Chart {
    let mut chart = Chart::new(format!("{labels} labels per class"))
        .x_label("probability of dropping")
        .y_label("error")
        .categories(arguments.drops.iter().map(ToString::to_string));
    for (name, error) in
        [("training", (|run| run.train_error) as fn(&Run) -> f64), ("test", |run: &Run| run.test_error)]
    {
        for (i, &drop) in arguments.drops.iter().enumerate() {
            let of: Vec<&Run> = runs.iter().filter(|run| run.labels_per_class == labels && run.drop == drop).collect();
            let place = |k: usize| i as f64 + 0.7 * (k as f64 + 0.5) / of.len() as f64 - 0.35;
            chart = chart.bold_points(name, of.iter().enumerate().map(|(k, run)| (place(k), error(run))));
        }
    }
    chart
}

/// The figures, in a page and as SVG files.
pub(super) fn write(
    arguments: &Arguments,
    small: &[Small],
    runs: &[Run],
    [approximations, errors]: [Table; 2],
) -> Result<PathBuf, Failure> {
    let charts = [
        approximation_chart(arguments, small, "Outputs", |small| &small.outputs),
        approximation_chart(arguments, small, "Probabilities", |small| &small.probabilities),
    ];
    let approximation = Panels::new("The mean over masks, by Monte Carlo and by the evaluation rule", charts).caption(
        "Solid: Monte Carlo, which falls as 1 / sqrt(passes). Dashed: the rule, one pass without masks. Where its error is 0 to \
         rounding (outputs after one hidden layer) it has no place on this axis.",
    );
    let few = Panels::new("Few labels", arguments.labels.iter().map(|&labels| error_chart(arguments, runs, labels)))
        .caption("A dot is a seed, in the same order at every rate.");
    approximation.write_svg(arguments.out.join("approximation.svg"))?;
    few.write_svg(arguments.out.join("few_labels.svg"))?;
    let path = arguments.out.join("report.html");
    Report::new("Dropout as an ensemble")
        .heading("The evaluation rule and the mean over masks")
        .paragraph(format!(
            "{} units with tanh in one or more hidden layers, each with dropout of {}, trained by 500 steps of Adam. Every one of the \
             2^{} masks is run on {SHOWN} held-out images, and the mean taken with the masks' probabilities. Monte Carlo: root mean \
             square over {REPEATS} draws; each row of the input has masks of its own.",
            arguments.units, arguments.drop, arguments.units
        ))
        .table(approximations)
        .panels(approximation)
        .heading("Few labels")
        .paragraph(format!(
            "Two hidden layers of {} rectified units, each with dropout; Adam with learning rate {}, {} steps of 50 examples.",
            arguments.width, arguments.learning_rate, arguments.steps
        ))
        .table(errors)
        .panels(few)
        .write(&path)?;
    Ok(path)
}
