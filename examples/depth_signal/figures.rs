//! What the runs show: a row for each start, the layers of each network, and accuracy against depth.

use std::path::PathBuf;

use clap::ValueEnum;
use evenkeel::train::report::{Chart, Report, Table};
use evenkeel::train::signal::LayerSignal;
use evenkeel_examples::{Failure, median, percent};

use super::{ACTIVATIONS, Activation, Arguments, BATCH, Run, Start, WIDTH, measured_signal, predicted_signal};

/// The lowest, the middle and the highest test accuracy of one start's seeds.
fn accuracies(runs: &[&Run]) -> [f64; 3] {
    let all: Vec<f64> = runs.iter().map(|run| run.end().test_accuracy).collect();
    let (low, high) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &a| (l.min(a), h.max(a)));
    [low, median(&all), high]
}

fn of(runs: &[Run], activation: Activation, depth: usize, start: Start) -> Vec<&Run> {
    runs.iter().filter(|r| (r.activation, r.depth, r.start) == (activation, depth, start)).collect()
}

/// One network's starts, a row each.
pub(super) fn table(runs: &[Run]) -> Table {
    let header = [
        "network",
        "start",
        "signal at the end",
        "gradient at the first",
        "verdict",
        "rate",
        "loss",
        "accuracy",
        "spread",
    ];
    let rows =
        runs.chunk_by(|a, b| (a.activation, a.depth, a.start) == (b.activation, b.depth, b.start)).map(|group| {
            let group: Vec<&Run> = group.iter().collect();
            let middle = |value: &dyn Fn(&Run) -> f64| median(&group.iter().map(|run| value(run)).collect::<Vec<_>>());
            let signal = |run: &Run| run.layers().last().and_then(measured_signal).unwrap_or(f64::NAN);
            let gradient = |run: &Run| {
                let norms: Vec<f64> = run.layers().map(|layer| layer.gradient_norm).collect();
                norms[0] / norms[norms.len() - 1]
            };
            let mut verdicts: Vec<String> = group.iter().map(|run| run.signal.verdict().to_string()).collect();
            verdicts.sort();
            verdicts.dedup();
            let [low, accuracy, high] = accuracies(&group);
            [
                format!("{} {}", group[0].activation, group[0].depth),
                group[0].start.to_string(),
                format!("{:.1e}", middle(&signal)),
                format!("{:.1e}", middle(&gradient)),
                verdicts.join(" or "),
                group[0].end().rate.to_string(),
                format!("{:.4}", middle(&|run| run.end().loss)),
                percent(accuracy),
                format!("{} to {}", percent(low), percent(high)),
            ]
        });
    Table::new(header, rows)
}

/// Signal and gradient over the layers of one network, for the first seed.
fn depth_charts(runs: &[Run], activation: Activation, depth: usize) -> [Chart; 2] {
    let chart = |what: &str, label: &str| {
        Chart::new(format!("{what} over the layers, {activation}, {depth} layers"))
            .caption("Measured (solid) and predicted by mean-field theory (dashed) before any training; one seed.")
            .x_label("layer")
            .y_label(label)
            .log_y()
            .y_range(1e-12, 1e3)
    };
    let charts = [
        chart("Signal", "root mean square of the layer's output"),
        chart("Gradient", "norm of the loss's gradient at the layer's output"),
    ];
    let first = Start::value_variants().iter().filter_map(|&s| of(runs, activation, depth, s).into_iter().next());
    first.fold(charts, |[signal, gradient], run| {
        let curve = |value: fn(&LayerSignal) -> Option<f64>| {
            let points = run.layers().enumerate().filter_map(|(i, layer)| Some(((i + 1) as f64, value(layer)?)));
            points.collect::<Vec<_>>()
        };
        let name = run.start.to_string();
        [
            signal.line(&name, curve(measured_signal)).dashed_line(&name, curve(predicted_signal)),
            gradient
                .line(&name, curve(|layer| Some(layer.gradient_norm)))
                .dashed_line(&name, curve(|layer| layer.predicted_gradient_norm)),
        ]
    })
}

fn accuracy_chart(runs: &[Run], depths: &[usize], activation: Activation) -> Chart {
    let chart = Chart::new(format!("Test accuracy against depth, {activation}"))
        .caption("The median of the seeds, and from the lowest to the highest; each start at its best learning rate.")
        .x_label("layers")
        .y_label("test accuracy")
        .y_range(0.0, 1.0)
        .reference_line("chance", 0.1);
    Start::value_variants().iter().fold(chart, |chart, &start| {
        let points = || depths.iter().map(|&d| (d as f64, accuracies(&of(runs, activation, d, start))));
        chart
            .band(start.to_string(), points().map(|(depth, [low, _, high])| (depth, low, high)))
            .line(start.to_string(), points().map(|(depth, [_, middle, _])| (depth, middle)))
    })
}

/// A page of all, and each chart as an SVG file.
pub(super) fn write(arguments: &Arguments, runs: &[Run], data: &str) -> Result<PathBuf, Failure> {
    let mut report = Report::new("Signal and gradient against depth").paragraph(format!(
        "Fully connected nets of {WIDTH} units a layer on {data}, pixels of mean 0 and deviation 1, biases 0, no normalisation, \
         cross-entropy, {BATCH} examples a step, {} epochs of plain gradient descent. Every start is trained with each of the \
         rates {:?} and shown at the one with the lowest median loss on what it learnt from. The signal is the root mean \
         square of what a layer of weights gives; the gradient at the first layer is relative to that at the last.",
        arguments.epochs, arguments.rates
    ));
    for activation in ACTIVATIONS {
        let accuracy = accuracy_chart(runs, &arguments.depths, activation);
        accuracy.write_svg(arguments.out.join(format!("accuracy_{activation}.svg")))?;
        report = report.heading(format!("{activation}")).chart(accuracy);
        for &depth in &arguments.depths {
            let [signal, gradient] = depth_charts(runs, activation, depth);
            signal.write_svg(arguments.out.join(format!("signal_{activation}_{depth}.svg")))?;
            gradient.write_svg(arguments.out.join(format!("gradient_{activation}_{depth}.svg")))?;
            report = report.chart(signal).chart(gradient);
        }
    }
    let path = arguments.out.join("report.html");
    report.table(table(runs)).write(&path)?;
    Ok(path)
}
