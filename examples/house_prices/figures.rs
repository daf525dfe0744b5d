//! The pictures, the tables and the page.

use std::path::PathBuf;

use evenkeel::train::report::{Chart, Panels, Report, Table};
use evenkeel_examples::Failure;

use super::descent::{Problem, TOLERANCE, Weights};
use super::network::{OPTIMIZERS, Outcome};
use super::{Arguments, Run};

/// The first steps, of which the way is drawn.
const DRAWN: usize = 20;

/// A method's weights of area and rooms in the first steps.
fn way(path: &[Weights]) -> Vec<(f64, f64)> {
    path.iter().take(DRAWN + 1).map(|w| (w[0], w[1])).collect()
}

/// Contours of the loss and the way of gradient descent.
fn contours(title: &str, problem: &Problem, run: &Run) -> Chart {
    let chart = Chart::new(title).x_label("weight of the area").y_label("weight of the rooms");
    let shares = [0.01, 0.05, 0.15, 0.35, 0.65, 1.0];
    let chart =
        shares.iter().fold(chart, |chart, &share| chart.thin_line("contours of the loss", problem.contour(share)));
    let way = way(&run.descent.path);
    chart
        .bold_points("best weights", [(problem.best[0], problem.best[1])])
        .line("gradient descent", way.clone())
        .points("gradient descent", way)
}

fn planes(scalings: &[(Problem, [Run; 2])]) -> Panels {
    let of = |name: &str| {
        let found = scalings.iter().find(|(_, runs)| runs[0].features == name);
        found.map(|(problem, [plain, _])| (problem, plain))
    };
    let mut charts = Vec::new();
    if let Some((problem, run)) = of("raw") {
        let [area, rooms, _] = problem.best;
        let whole = contours("raw, both axes alike", problem, run).equal_axes();
        charts.push(whole.x_range(area - 0.7 * rooms, area + 0.7 * rooms).y_range(-0.2 * rooms, 1.3 * rooms));
        let wide = contours("raw, the area's axis stretched", problem, run);
        charts.push(wide.x_range(-0.5 * area, 3.6 * area).y_range(-0.2 * rooms, 1.3 * rooms));
    }
    for name in ["min-max", "z-score"] {
        if let Some((problem, run)) = of(name) {
            let [x, y, _] = problem.best;
            let half = 1.2 * x.abs().max(y.abs());
            let chart = contours(name, problem, run).equal_axes();
            charts.push(chart.x_range(x - half, x + half).y_range(y - half, y + half));
        }
    }
    Panels::new("The loss over the weights, and the way down", charts).caption(format!(
        "The first {DRAWN} steps from weights of 0, each with the best fixed step. Contours are for the best bias; the bias itself \
         moves too, and is not drawn."
    ))
}

fn losses(scalings: &[(Problem, [Run; 2])]) -> Chart {
    let chart =
        Chart::new("The way to the least loss").x_label("step").y_label("loss above the least, share of the start");
    let chart = chart.log_x().log_y().reference_line("arrived", TOLERANCE);
    let chart = chart.caption("Solid: gradient descent; dashed: heavy ball; each with the best fixed step.");
    // Places at equal distances on the logarithmic axis: the long descents have millions.
    let thinned = |run: &Run| -> Vec<(f64, f64)> {
        let excess = &run.descent.excess;
        let mut places: Vec<usize> =
            (0..400).map(|i| (excess.len() as f64).powf(f64::from(i) / 399.0) as usize).collect();
        places.dedup();
        places.into_iter().filter_map(|place| Some((place as f64, *excess.get(place)?))).collect()
    };
    let shown = scalings.iter().filter(|(_, [plain, _])| plain.features != "whitened");
    shown.fold(chart, |chart, (_, [plain, ball])| {
        chart.line(plain.features, thinned(plain)).dashed_line(ball.features, thinned(ball))
    })
}

fn steps(units: &[[Run; 2]]) -> Chart {
    let chart = Chart::new("Steps against the condition number").log_x().log_y();
    let chart = chart.x_label("condition number").y_label("steps to arrive");
    let chart = chart
        .caption("Dots: measured. Lines: foretold by the spectrum and the start. Dashed: the bound for any start.");
    let names = ["gradient descent", "heavy ball"];
    let chart = (0..2).fold(chart, |chart, method| {
        let of = |value: fn(&Run) -> Option<u64>| -> Vec<(f64, f64)> {
            let runs = units.iter().map(|runs| &runs[method]);
            runs.filter_map(|run| Some((run.condition, value(run)? as f64))).collect()
        };
        chart.line(names[method], of(|run| run.predicted)).bold_points(names[method], of(|run| run.descent.steps))
    });
    let bound = units.iter().map(|[plain, _]| (plain.condition, Problem::worst_case(plain.condition)));
    chart.dashed_line(names[0], bound)
}

fn network_charts(networks: &[(&str, &str, Outcome)]) -> Panels {
    let charts = OPTIMIZERS.map(|(name, _)| {
        let chart = Chart::new(name).x_label("step").y_label("training loss").log_x().log_y().y_range(0.01, 1000.0);
        let of = networks.iter().filter(|(_, method, _)| *method == name);
        of.fold(chart, |chart, (features, _, best)| chart.line(*features, best.curve.iter().copied()))
    });
    Panels::new("A network, with the best learning rate of each", charts)
        .columns(3)
        .caption("The first start of each. A loss of 1 is the answer that every house costs the mean.")
}

fn or_none(steps: Option<u64>) -> String {
    steps.map_or("not reached".to_owned(), |steps| steps.to_string())
}

/// A row for each run.
pub(crate) fn table<'a>(caption: &str, runs: impl Iterator<Item = &'a Run>) -> Table {
    let rows = runs.map(|run| {
        [
            run.features.to_owned(),
            run.method.to_owned(),
            format!("{:.4e}", run.condition),
            format!("{:.3e}", run.learning_rate),
            or_none(run.descent.steps),
            or_none(run.predicted),
            run.worst_case().map_or(String::new(), |steps| format!("{:.0}", steps.ceil())),
            run.descent.measured_rate().map_or(String::new(), |rate| format!("{rate:.8}")),
            format!("{:.8}", run.rate),
        ]
    });
    let header = [
        "features",
        "method",
        "condition number",
        "learning rate",
        "steps",
        "predicted",
        "worst case",
        "rate, second half",
        "rate in theory",
    ];
    Table::new(header, rows)
        .caption(format!("{caption}: steps until the loss is within {TOLERANCE:e} of its least value"))
}

/// A row for each network.
pub(crate) fn network_table(arguments: &Arguments, networks: &[(&str, &str, Outcome)]) -> Table {
    let rows = networks.iter().map(|(features, method, best)| {
        let steps = best.steps_to_target;
        [
            (*features).to_owned(),
            (*method).to_owned(),
            format!("{:.1e}", best.rate),
            if steps.is_finite() { format!("{steps:.0}") } else { "not reached".to_owned() },
            format!("{:.4}", best.loss),
        ]
    });
    let header = ["features", "optimiser", "best learning rate", "steps to 1.05 x the line's loss", "last loss"];
    Table::new(header, rows).caption(format!(
        "A network 2-{}-1 of ReLUs, {} steps on all houses, medians of {} starts",
        arguments.hidden, arguments.steps, arguments.seeds
    ))
}

/// The figures, in a page and as SVG files.
pub(crate) fn write_report(
    arguments: &Arguments,
    scalings: &[(Problem, [Run; 2])],
    units: &[[Run; 2]],
    networks: &[(&'static str, &'static str, Outcome)],
    tables: [Table; 3],
) -> Result<PathBuf, Failure> {
    let (planes, losses, steps) = (planes(scalings), losses(scalings), steps(units));
    planes.write_svg(arguments.out.join("contours.svg"))?;
    losses.write_svg(arguments.out.join("losses.svg"))?;
    steps.write_svg(arguments.out.join("steps.svg"))?;
    let [each, by_unit, of_networks] = tables;
    let mut report = Report::new("House prices, before and after scaling")
        .paragraph(format!(
            "{} houses; prices of 0.3 thousand a square metre and 20 thousand a room, with a spread of {} thousand. A linear model \
             with a bias, mean squared error, all houses in each step.",
            arguments.houses, arguments.noise
        ))
        .table(each)
        .panels(planes)
        .chart(losses)
        .table(by_unit)
        .chart(steps);
    if !networks.is_empty() {
        let charts = network_charts(networks);
        charts.write_svg(arguments.out.join("networks.svg"))?;
        report = report.table(of_networks).panels(charts);
    }
    let path = arguments.out.join("report.html");
    report.write(&path)?;
    Ok(path)
}
