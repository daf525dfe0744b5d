//! Charts and pages are well-formed and small for any text and any numbers.

use evenkeel_train::{
    history::{Evaluation, History, Step},
    report::{Chart, ContactSheet, Grid, Panels, Picture, Report, Table},
};
use proptest::prelude::*;
use roxmltree::Document;

const HOSTILE: &str = "</title><script>alert('1')</script><b>&\"]]>\u{0}\u{1b}[31m\u{ffff}";

/// The SVG parsed, after a look at every coordinate.
fn check(svg: &str) -> Document<'_> {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error} in\n{svg}"));
    for node in document.descendants() {
        assert!(!node.has_tag_name("script") && !node.has_tag_name("b"), "text became markup in\n{svg}");
        for attribute in node.attributes().filter(|attribute| attribute.name() != "class" && attribute.name() != "role")
        {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{} is {value}", attribute.name());
        }
    }
    document
}

fn number() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e30, 0.0, -0.0];
    prop_oneof![any::<f64>(), proptest::sample::select(odd.to_vec()), -1.0..1.0, 1e4..1e4 + 1e-6]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_numbers_and_any_text_give_a_chart(
        points in proptest::collection::vec((number(), number(), number()), 0..30),
        text in prop_oneof![any::<String>(), Just(HOSTILE.to_owned()), "\\PC{300}"],
        log in any::<(bool, bool)>(),
        range in proptest::option::of((number(), number())),
        equal in any::<bool>(),
        categories in proptest::option::of(proptest::collection::vec("\\PC{0,40}", 0..5)),
        stacked in any::<bool>(),
        columns in 0usize..8,
    ) {
        let chart = Chart::new(&text).x_label(&text).y_label(&text).caption(&text);
        let chart = if log.0 { chart.log_x() } else { chart };
        let chart = if log.1 { chart.log_y() } else { chart };
        let chart = if let Some((low, high)) = range { chart.x_range(high, low).y_range(low, high) } else { chart };
        let chart = if equal { chart.equal_axes() } else { chart };
        let chart = if stacked { chart.stacked() } else { chart };
        // Bars make an axis of categories; without them there is one of numbers.
        let chart = if let Some(names) = categories {
            chart.categories(names).bars(&text, points.iter().map(|point| point.0)).bars("", points.iter().map(|point| point.2))
        } else {
            chart
        };
        let grid = points.first().map_or(Grid::new((0.0, 1.0), (0.0, 1.0), 3, 3), |p| Grid::new((p.0, p.1), (p.1, p.2), 3, 4));
        let cells = points.iter().map(|&(x, y, _)| (if x < y { text.as_str() } else { "other" }, y));
        let chart = chart
            .band(&text, points.iter().copied())
            .line(&text, points.iter().map(|&(x, y, _)| (x, y)))
            .thin_line("", points.iter().map(|&(x, _, y)| (x, y)))
            .runs("mean", [1.0, 2.0].map(|factor| points.iter().map(move |&(x, y, _)| (x, factor * y))))
            .points(&text, points.iter().map(|&(x, y, _)| (x, y)))
            .bold_points("bold", points.iter().map(|&(x, _, y)| (x, y)))
            .regions(&grid, cells)
            .reference_line("reference", points.first().map_or(0.0, |point| point.1));
        check(&chart.to_svg());
        let panels = Panels::new(&text, [chart.clone(), Chart::new(&text), chart.clone()]).caption(&text).columns(columns);
        check(&panels.to_svg());
        let picture = Picture::new(columns, points.iter().map(|point| point.1));
        let sheet = ContactSheet::new(&text).caption(&text).columns([&text, &text]);
        let sheet = sheet.row(&text, []).row(&text, [picture.clone(), picture]);
        check(&sheet.to_svg());
        let report = Report::new(&text).heading(&text).paragraph(&text).preformatted(&text).chart(chart).panels(panels);
        let report = report.sheet(sheet);
        check_page(&report.table(Table::new([&text], [[&text, &text]]).caption(&text)).to_html());
    }

    #[test]
    fn a_table_is_aligned(rows in proptest::collection::vec(proptest::collection::vec("[a-z0-9\n]{0,9}", 1..4), 1..6)) {
        let table = Table::new(["one", "two"], rows.clone()).to_string();
        let lines: Vec<&str> = table.lines().collect();
        prop_assert_eq!(lines.len(), rows.len() + 2);
        let width = lines[1].len();
        prop_assert!(lines.iter().all(|line| line.len() <= width), "{}", table);
        prop_assert!(lines[1].chars().all(|c| c == '-' || c == ' '));
    }
}

/// The page as XML, its unclosed elements closed.
fn check_page(html: &str) {
    let mut xml = html.replace("<!DOCTYPE html>\n", "");
    for (start, _) in html.match_indices("<meta ").collect::<Vec<_>>().into_iter().rev() {
        let at = start + html[start..].find('>').expect("a tag ends") - "<!DOCTYPE html>\n".len();
        xml.insert(at, '/');
    }
    let document = check(&xml);
    let links = document.descendants().flat_map(|node| node.attributes()).map(|attribute| attribute.name());
    assert!(links.into_iter().all(|name| !["src", "href", "style"].contains(&name)), "the page loads something");
    for name in ["title", "h1", "main"] {
        assert!(document.descendants().any(|node| node.has_tag_name(name)), "the page has no {name}");
    }
}

#[test]
fn charts_without_data_have_axes() {
    let nothing: [(f64, f64); 0] = [];
    let gaps = [(0.0, f64::NAN), (1.0, f64::INFINITY)];
    for chart in [Chart::new("empty"), Chart::new("no points").line("a", nothing), Chart::new("gaps").line("a", gaps)] {
        let svg = chart.to_svg();
        let ticks = check(&svg).descendants().filter(|node| node.has_tag_name("text")).count();
        assert!(ticks >= 8, "{ticks} texts in\n{svg}");
    }
}

#[test]
fn single_points_are_dots_and_gaps_part_a_line() {
    let svg = Chart::new("dots").line("a", [(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.5), (3.0, 2.0)]).to_svg();
    let document = check(&svg);
    let path = |class: &str| {
        let node = document.descendants().rfind(|node| node.attribute("class") == Some(class));
        node.and_then(|node| node.attribute("d")).unwrap_or_default().to_owned()
    };
    assert_eq!(path("line dot s0").matches('M').count(), 1);
    assert_eq!(path("line s0").matches(['M', 'L']).count(), 2);
}

/// The mark of a step: two points above each other.
#[test]
fn an_upright_line_is_a_line() {
    let svg = Chart::new("mark").dashed_line("stop", [(5.0, 0.0), (5.0, 1.0)]).y_range(0.0, 1.0).to_svg();
    let document = check(&svg);
    assert_eq!(paths(&document, "line dot dashed s0"), [""; 0]);
    let drawn = paths(&document, "line dashed s0");
    assert!(drawn.iter().any(|path| path.matches('L').count() == 1), "{drawn:?}");
}

#[test]
fn a_name_is_a_colour_and_an_entry() {
    let runs = [vec![(1, 0.1), (2, 0.9)], vec![(1, 0.2), (2, 0.8)]];
    let svg =
        Chart::new("runs").runs("plain", runs.clone()).runs("BatchNorm", runs).band("plain", [(1, 0.0, 1.0)]).to_svg();
    let document = check(&svg);
    let text =
        |wanted: &str| document.descendants().filter(|node| node.is_text() && node.text() == Some(wanted)).count();
    assert_eq!((text("plain"), text("BatchNorm")), (1, 1));
    let classes = |class: &str| document.descendants().filter(|node| node.attribute("class") == Some(class)).count();
    assert_eq!((classes("line thin s0"), classes("line thin s1")), (2, 2));
    // The mean and the entry of the legend.
    assert_eq!((classes("line s0"), classes("line s1"), classes("band s0"), classes("band s1")), (2, 2, 2, 0));
}

#[test]
fn fifty_thousand_points_stay_small() {
    let noise = |i: u64| ((i * 2_654_435_761) % 1_000_003) as f64;
    let svg = Chart::new("noise")
        .line("line", (0..50_000).map(|i| (i, noise(i))))
        .line("gaps", (0..50_000).map(|i| (i, if i % 2 == 0 { noise(i) } else { f64::NAN })))
        .band("band", (0..50_000).map(|i| (i, noise(i), noise(i + 1))))
        .to_svg();
    check(&svg);
    assert!(svg.len() < 150_000, "{} bytes", svg.len());
}

/// The `d` of each path of the class.
fn paths<'a>(document: &'a Document<'_>, class: &str) -> Vec<&'a str> {
    let with_class = document.descendants().filter(|node| node.attribute("class") == Some(class));
    with_class.filter_map(|node| node.attribute("d")).collect()
}

#[test]
fn points_are_dots_of_their_names_colour_and_gaps_are_none() {
    let places = [(0.0, 0.0), (f64::NAN, 0.5), (1.0, f64::INFINITY), (1.0, 1.0)];
    let svg = Chart::new("classes").points("a", places).points("b", [(0.5, 0.5)]).bold_points("a", places).to_svg();
    let document = check(&svg);
    let dots = |class: &str| paths(&document, class).iter().map(|path| path.matches('M').count()).collect::<Vec<_>>();
    // The legend's, and the plot's.
    assert_eq!((dots("point s0"), dots("point s1"), dots("point bold s0")), (vec![1, 2], vec![1, 1], vec![1, 2]));
    assert_eq!(paths(&document, "rim"), paths(&document, "point bold s0")[1..]);
    assert!(svg.contains("a has 4 points around 0.5 (0.5)."));
    let log = Chart::new("log").log_x().log_y().points("a", [(0.0, 1.0), (1.0, -1.0), (10.0, 10.0)]).to_svg();
    assert_eq!(paths(&check(&log), "point s0")[1].matches('M').count(), 1);
}

#[test]
fn many_points_and_cells_stay_small() {
    let noise = |i: u64| ((i * 2_654_435_761) % 1_000_003) as f64 / 1e6;
    let svg = Chart::new("points").points("a", (0..50_000).map(|i| (noise(i), noise(i + 1)))).to_svg();
    check(&svg);
    assert!(svg.len() < 500_000, "{} bytes", svg.len());
    let grid = Grid::new((-1.0, 1.0), (-1.0, 1.0), 200, 200);
    let rings = grid.points().map(|p| ["even", "odd"][(p.x.hypot(p.y) * 5.0) as usize % 2]);
    let svg = Chart::new("rings").equal_axes().regions(&grid, rings).to_svg();
    check(&svg);
    assert!(svg.len() < 60_000, "{} bytes", svg.len());
}

#[test]
fn regions_are_below_all_else_and_their_strength_is_their_opacity() {
    let grid = Grid::new((0.0, 1.0), (0.0, 1.0), 2, 1);
    let svg = Chart::new("two halves")
        .points("right", [(0.75, 0.5)])
        .regions(&grid, [("left", 0.5), ("right", 1.0)])
        .regions(&grid, [("left", f64::NAN), ("", 1.0)])
        .to_svg();
    let document = check(&svg);
    let opacity = |class: &str| {
        let node =
            document.descendants().find(|node| node.has_tag_name("path") && node.attribute("class") == Some(class));
        node.and_then(|node| node.attribute("fill-opacity")).unwrap_or_default().to_owned()
    };
    assert_eq!((opacity("region s0"), opacity("region s1")), ("0.32".to_owned(), "0.16".to_owned()));
    assert!(svg.rfind("\"region") < svg.rfind("\"point"), "the points are covered");
    // Neighbours share an edge to the last digit.
    let (left, right) = (paths(&document, "region s1")[0], paths(&document, "region s0")[0]);
    let edge = |path: &str, after: char| {
        path.split(after).nth(1).and_then(|rest| rest.split(['V', ' ']).next()).map(str::to_owned)
    };
    assert_eq!(edge(left, 'H'), edge(right, 'M'), "{left} and {right}");
    assert!(svg.contains("left covers 50 % of the plane."));
}

#[test]
fn axes_are_equal_where_asked_for() {
    // A unit square is a square, in a chart and in a row of charts.
    let square = Chart::new("square").equal_axes().regions(&Grid::new((0.0, 1.0), (0.0, 1.0), 1, 1), ["a"]);
    for svg in [square.to_svg(), Panels::new("two", [square.clone(), square.clone()]).to_svg()] {
        let document = check(&svg);
        let path = paths(&document, "region s0")[0];
        let numbers: Vec<f64> =
            path.split(['M', ' ', 'H', 'V', 'Z']).filter_map(|number| number.parse().ok()).collect();
        let [x0, y0, x1, y1, _] = numbers[..] else { panic!("{path}") };
        assert!((x1 - x0 - (y0 - y1)).abs() < 0.11 && x1 - x0 > 200.0, "{path}");
    }
}

#[test]
fn bars_stand_on_zero_over_their_categories() {
    let chart =
        Chart::new("shares").categories(["conv1", "<conv2>"]).bars("in", [0.25, 0.75]).bars("ln", [0.75, f64::NAN]);
    for (chart, top) in [(chart.clone(), 0.75), (chart.stacked().y_range(0.0, 1.0), 1.0)] {
        let svg = chart.to_svg();
        let document = check(&svg);
        let axis = paths(&document, "axis")[0];
        let floor = axis.split(['V', 'H']).nth(1).expect("the axis goes down");
        let (first, second) = (paths(&document, "bar s0")[0], paths(&document, "bar s1")[0]);
        assert_eq!((first.matches('M').count(), second.matches('M').count()), (2, 1), "NaN has no bar");
        assert!(first.split('M').skip(1).all(|bar| bar.contains(&format!(" {floor}H"))), "{first} above {floor}");
        assert_eq!(second.contains(&format!(" {floor}H")), top < 1.0, "{second} on {floor}");
        assert!(svg.contains(">conv1<") && svg.contains("&lt;conv2&gt;"));
        assert!(svg.contains("in: conv1 0.25, &lt;conv2&gt; 0.75."));
    }
}

#[test]
fn panels_share_colours_and_a_legend() {
    let first = Chart::new("first").line("a", [(0, 0.0), (1, 1.0)]).line("b", [(0, 1.0), (1, 0.0)]);
    let panels = Panels::new("both", [first, Chart::new("second").line("b", [(0, 0.0), (1, 1.0)])]);
    let svg = panels.to_svg();
    let document = check(&svg);
    assert_eq!(svg.matches(">b<").count(), 1, "one entry of the legend");
    assert_eq!(paths(&document, "line s1").len(), 3, "the legend's and one in each chart");
    assert!([">both<", ">first<", ">second<"].iter().all(|title| svg.contains(title)));
    let report = Report::new("report").panels(panels).chart(Chart::new("after")).to_html();
    check_page(&report);
    assert!(
        report.contains("Figure 1. <strong>both.</strong>") && report.contains("Figure 2. <strong>after.</strong>")
    );
    check(&Panels::new("none", []).columns(0).to_svg());
}

#[test]
fn sentences_in_a_table_are_broken_into_lines() {
    let table = Table::new(["name", "sentence"], [["short", &"a word or two ".repeat(6)]]);
    let page = Report::new("").table(table).to_html();
    assert!(page.contains("<th scope=\"row\">short</th><td class=\"sentence\">a word"), "{page}");
}

#[test]
fn the_report_of_a_history_groups_its_metrics() {
    let mut history = History::new();
    for step in 1..=300 {
        let metrics = [("accuracy", 1.0 - 1.0 / step as f64)];
        history.record_step(Step { step, epoch: 0, loss: 1.0 / step as f64, learning_rate: 0.1, metrics: &metrics });
    }
    let metrics = [("test_loss", 0.1), ("test_accuracy", 0.9), ("train_loss", 0.05)];
    history.record_evaluation(Evaluation { step: 300, epoch: 0, seconds: 1.5, metrics: &metrics });
    let html = history.report("a <title>").to_html();
    check_page(&html);
    assert_eq!(html.matches("<figure>").count(), 2, "one for accuracies, one for losses, none for a constant rate");
    assert!(
        html.contains("Steps: 300. Epochs: 1. Evaluations: 1 in 1.5 s.") && html.contains("loss (mean of 6 steps)")
    );
    check_page(&History::new().report("nothing").to_html());
}

#[test]
fn a_report_is_written_whole_and_for_everybody() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("report.html");
    let report = Report::new("title").paragraph("text");
    report.write(&path).expect("the folder can be written to");
    assert_eq!(std::fs::read_to_string(&path).expect("it was written"), report.to_html());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let ordinary = folder.path().join("ordinary");
        std::fs::write(&ordinary, "").expect("the folder can be written to");
        let mode = |path| std::fs::metadata(path).expect("it was written").permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}
