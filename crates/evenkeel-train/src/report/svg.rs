//! Drawing a chart as SVG.
//!
//! Written by hand rather than through a plotting library: the picture takes its colours from style rules, so it follows the
//! reader's dark mode; places keep a tenth of a pixel; and the markup says what it shows to those who cannot see it.

use std::fmt::{self, Display};

use super::{
    axis::Axis,
    chart::{Chart, Mark, Stroke},
    legend::Legend,
    simplify::runs,
    text::{Escaped, fit, number, width},
};

pub(super) const CHART_STYLE: &str = include_str!("chart.css");
pub(super) const FONT: f64 = 12.0;
const WIDTH: f64 = 720.0;
const PLOT_HEIGHT: f64 = 320.0;
const TITLE_HEIGHT: f64 = 34.0;
const TITLE_FONT: f64 = 15.0;

/// A chart with its axes found and its places measured.
pub(super) struct Svg<'a> {
    chart: &'a Chart,
    standalone: bool,
    x: Axis,
    y: Axis,
    legend: Legend<'a>,
    plot: Frame,
}

/// The rectangle of the plot in pixels.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn x(&self, at: f64) -> f64 {
        self.left + at * (self.right - self.left)
    }

    fn y(&self, at: f64) -> f64 {
        self.bottom - at * (self.bottom - self.top)
    }
}

impl<'a> Svg<'a> {
    /// A document of its own, with the title drawn and the style inside.
    pub(super) fn standalone(chart: &'a Chart) -> Self {
        Self::new(chart, true)
    }

    /// A part of a page that has the style and shows the title.
    pub(super) fn inline(chart: &'a Chart) -> Self {
        Self::new(chart, false)
    }

    fn new(chart: &'a Chart, standalone: bool) -> Self {
        let marks = || chart.series.iter().map(|series| &series.mark);
        let x_values = marks().flat_map(|mark| -> Box<dyn Iterator<Item = f64>> {
            match mark {
                Mark::Line(_, points) => Box::new(points.iter().map(|point| point.x)),
                Mark::Band(points) => Box::new(points.iter().map(|point| point.x)),
                Mark::Reference(_) => Box::new(std::iter::empty()),
            }
        });
        let y_values = marks().flat_map(|mark| -> Box<dyn Iterator<Item = f64>> {
            match mark {
                Mark::Line(_, points) => Box::new(points.iter().map(|point| point.y)),
                Mark::Band(points) => Box::new(points.iter().flat_map(|point| [point.lower, point.upper])),
                Mark::Reference(y) => Box::new(std::iter::once(*y)),
            }
        });
        let x = Axis::new(chart.x_scale, x_values, None, 0.0, 7.0);
        let y = Axis::new(chart.y_scale, y_values, chart.y_range, 0.04, 6.0);

        let y_labels = y.ticks.iter().map(|tick| width(&tick.label, FONT)).fold(0.0, f64::max);
        let left = if chart.y_label.is_empty() { 8.0 } else { 30.0 } + y_labels.max(16.0) + 8.0;
        let last = x.ticks.last().filter(|tick| tick.at > 0.9).map_or(0.0, |tick| width(&tick.label, FONT));
        let right = WIDTH - (0.5 * last).max(12.0);
        let legend = Legend::new(&chart.series, left, right);
        let top = if standalone { TITLE_HEIGHT } else { 0.0 } + legend.height() + 10.0;
        Self { chart, standalone, x, y, legend, plot: Frame { left, right, top, bottom: top + PLOT_HEIGHT } }
    }

    fn write_axes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Frame { left, right, top, bottom } = self.plot;
        write!(f, "<path class=\"grid\" d=\"")?;
        for tick in &self.x.ticks {
            write!(f, "M{} {top}V{bottom}", Px(self.plot.x(tick.at)))?;
        }
        for tick in &self.y.ticks {
            write!(f, "M{} {}H{}", Px(left), Px(self.plot.y(tick.at)), Px(right))?;
        }
        writeln!(f, "\"/>\n<path class=\"axis\" d=\"M{} {top}V{bottom}H{}\"/>", Px(left), Px(right))?;

        writeln!(f, "<g text-anchor=\"middle\">")?;
        // Neighbours that would touch are left out.
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let (x, half) = (self.plot.x(tick.at), 0.5 * width(&tick.label, FONT));
            if x - half >= free_from {
                writeln!(f, "<text x=\"{}\" y=\"{}\">{}</text>", Px(x), Px(bottom + 18.0), Escaped(&tick.label))?;
                free_from = x + half + 6.0;
            }
        }
        if !self.chart.x_label.is_empty() {
            let label = fit(&self.chart.x_label, FONT, right - left);
            let x = Px(0.5 * (left + right));
            writeln!(f, "<text x=\"{x}\" y=\"{}\">{}</text>", Px(bottom + 40.0), Escaped(&label))?;
        }
        if !self.chart.y_label.is_empty() {
            let label = fit(&self.chart.y_label, FONT, bottom - top);
            let y = Px(0.5 * (top + bottom));
            writeln!(f, "<text transform=\"translate(16 {y}) rotate(-90)\">{}</text>", Escaped(&label))?;
        }
        writeln!(f, "</g>\n<g text-anchor=\"end\">")?;
        for tick in &self.y.ticks {
            let (x, y) = (Px(left - 8.0), Px(self.plot.y(tick.at) + 4.0));
            writeln!(f, "<text x=\"{x}\" y=\"{y}\">{}</text>", Escaped(&tick.label))?;
        }
        writeln!(f, "</g>")
    }

    fn write_series(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An inner svg clips what lies outside of a given range (but for the width of a stroke), without an id that could clash with another chart's.
        let Frame { left, right, top, bottom } = self.plot;
        let (width, height) = (Px(right - left + 6.0), Px(bottom - top + 2.0));
        let (x, y) = (Px(left - 3.0), Px(top - 1.0));
        writeln!(
            f,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">"
        )?;
        // What is broad and pale goes below what is fine and strong.
        let layer = |mark: &Mark| match mark {
            Mark::Band(_) => 0,
            Mark::Reference(_) => 1,
            Mark::Line(Stroke::Thin, _) => 2,
            Mark::Line(..) => 3,
        };
        for now in 0..4 {
            for series in self.chart.series.iter().filter(|series| layer(&series.mark) == now) {
                let colour = self.legend.colour_of(&series.name);
                match &series.mark {
                    Mark::Line(stroke, points) => {
                        let places = points.iter().map(|point| (point.x, point.y, point.y));
                        self.write_line(f, &format!("{} {colour}", stroke.class()), places)?;
                    }
                    Mark::Band(points) => {
                        let places = points.iter().map(|point| (point.x, point.lower, point.upper));
                        self.write_band(f, colour, places)?;
                    }
                    Mark::Reference(y) => {
                        if let Some(at) = self.y.place(*y) {
                            let (left, right, y) = (Px(left), Px(right), Px(self.plot.y(at)));
                            writeln!(f, "<path class=\"reference\" d=\"M{left} {y}H{right}\"/>")?;
                        }
                    }
                }
            }
        }
        writeln!(f, "</svg>")
    }

    /// The points in pixels, where they can be shown; a range of values from its top to its bottom.
    fn pixels(&self, (x, a, b): (f64, f64, f64)) -> Option<(f64, (f64, f64))> {
        let x = self.plot.x(self.x.place(x)?);
        let (a, b) = (self.plot.y(self.y.place(a)?), self.plot.y(self.y.place(b)?));
        Some((x, (a.min(b), a.max(b))))
    }

    fn write_line(
        &self,
        f: &mut fmt::Formatter<'_>,
        class: &str,
        places: impl Iterator<Item = (f64, f64, f64)>,
    ) -> fmt::Result {
        let runs = runs(places.map(|place| self.pixels(place)));
        let (dots, lines): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.len() == 1);
        if !lines.is_empty() {
            write!(f, "<path class=\"line{class}\" d=\"")?;
            for run in &lines {
                let mut last = None;
                for (x, y) in run.iter().flat_map(|column| column.line()) {
                    let place = (Px(x), Px(y));
                    if last != Some(place) {
                        write!(f, "{}{} {}", if last.is_some() { 'L' } else { 'M' }, place.0, place.1)?;
                        last = Some(place);
                    }
                }
            }
            writeln!(f, "\"/>")?;
        }
        // A point without neighbours is a line of no length, seen for its round caps.
        if !dots.is_empty() {
            write!(f, "<path class=\"line dot{class}\" d=\"")?;
            for column in dots.iter().flatten() {
                write!(f, "M{} {}V{}", Px(column.x()), Px(column.low), Px(column.high))?;
            }
            writeln!(f, "\"/>")?;
        }
        Ok(())
    }

    fn write_band(
        &self,
        f: &mut fmt::Formatter<'_>,
        colour: &str,
        places: impl Iterator<Item = (f64, f64, f64)>,
    ) -> fmt::Result {
        let runs = runs(places.map(|place| self.pixels(place)));
        if runs.is_empty() {
            return Ok(());
        }
        write!(f, "<path class=\"band {colour}\" d=\"")?;
        for run in &runs {
            let there = run.iter().map(|column| (column.x(), column.low));
            let back = run.iter().rev().map(|column| (column.x(), column.high));
            for (i, (x, y)) in there.chain(back).enumerate() {
                write!(f, "{}{} {}", if i == 0 { 'M' } else { 'L' }, Px(x), Px(y))?;
            }
            write!(f, "Z")?;
        }
        writeln!(f, "\"/>")
    }

    /// What the picture shows, in words.
    fn write_description(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |label: &'a str, otherwise: &'a str| if label.is_empty() { otherwise } else { label };
        let (x, y) = (or(&self.chart.x_label, "x"), or(&self.chart.y_label, "y"));
        write!(f, "{} against {}.", Escaped(y), Escaped(x))?;
        for series in &self.chart.series {
            let name = Escaped(or(&series.name, "A series without name"));
            match &series.mark {
                // Of runs that are told apart by nothing, the mean speaks for all.
                Mark::Line(Stroke::Thin, _) => {}
                Mark::Line(_, points) => match points.last() {
                    Some(last) => write!(f, " {name} ends at {} ({}).", number(last.y), number(last.x))?,
                    None => write!(f, " {name} has no points.")?,
                },
                Mark::Band(points) => match points.last() {
                    Some(last) => write!(f, " {name} ends between {} and {}.", number(last.lower), number(last.upper))?,
                    None => write!(f, " {name} has no points.")?,
                },
                Mark::Reference(y) => write!(f, " {name} marks {}.", number(*y))?,
            }
        }
        Ok(())
    }
}

impl Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Frame { left, right, bottom, .. } = self.plot;
        let height = bottom + if self.chart.x_label.is_empty() { 28.0 } else { 50.0 };
        write!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ek-chart\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\""
        )?;
        if self.standalone {
            write!(f, " width=\"{WIDTH}\" height=\"{height}\"")?;
        }
        write!(f, ">\n<title>{}</title>\n<desc>", Escaped(&self.chart.title))?;
        self.write_description(f)?;
        writeln!(f, "</desc>")?;
        if self.standalone {
            let title = fit(&self.chart.title, TITLE_FONT, right - left);
            writeln!(
                f,
                "<style>\n{CHART_STYLE}</style>\n<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>"
            )?;
            writeln!(f, "<text class=\"title\" x=\"{}\" y=\"24\">{}</text>", Px(left), Escaped(&title))?;
        }
        self.legend.write(f, if self.standalone { TITLE_HEIGHT } else { 0.0 })?;
        self.write_axes(f)?;
        self.write_series(f)?;
        writeln!(f, "</svg>")
    }
}

impl Stroke {
    /// The class of the stroke, with the space that parts it from others.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Thin => " thin",
            Self::Dashed => " dashed",
        }
    }
}

/// A length in pixels to a tenth.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl Px {
    fn tenths(self) -> i64 {
        (10.0 * self.0).round() as i64
    }
}

impl PartialEq for Px {
    fn eq(&self, other: &Self) -> bool {
        self.tenths() == other.tenths()
    }
}

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.tenths();
        if tenths % 10 == 0 { write!(f, "{}", tenths / 10) } else { write!(f, "{:.1}", tenths as f64 / 10.0) }
    }
}
