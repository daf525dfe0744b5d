//! Curves and bands over two axes, as a value.

use std::{io::Write, path::Path};

use super::{WriteError, axis::Scale, svg::Svg, write_atomically};

/// A point of a line; what is not finite (or not positive on a logarithmic axis) leaves a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Place along the horizontal axis.
    pub x: f64,
    /// Place along the vertical axis.
    pub y: f64,
}

impl From<(f64, f64)> for Point {
    fn from((x, y): (f64, f64)) -> Self {
        Self { x, y }
    }
}

/// A value at a step, as [`History::curve`](crate::history::History::curve) gives them.
impl From<(u64, f64)> for Point {
    fn from((step, y): (u64, f64)) -> Self {
        Self { x: step as f64, y }
    }
}

/// A slice of a band, from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandPoint {
    /// Place along the horizontal axis.
    pub x: f64,
    /// One end of the band.
    pub lower: f64,
    /// The other end.
    pub upper: f64,
}

impl From<(f64, f64, f64)> for BandPoint {
    fn from((x, lower, upper): (f64, f64, f64)) -> Self {
        Self { x, lower, upper }
    }
}

impl From<(u64, f64, f64)> for BandPoint {
    fn from((step, lower, upper): (u64, f64, f64)) -> Self {
        Self { x: step as f64, lower, upper }
    }
}

/// Something drawn under a name.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) mark: Mark,
}

#[derive(Clone, Debug)]
pub(super) enum Mark {
    Line(Stroke, Vec<Point>),
    Band(Vec<BandPoint>),
    Reference(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Thin,
    Dashed,
}

/// A chart: a title, two axes, and series of lines and bands.
///
/// **A name is a colour.** Series of the same name are drawn in the same colour and share an entry of the legend, so a band
/// and its median, or the runs of one network with several seeds, belong together by being called the same. Colours come
/// from Okabe and Ito's palette (Color Universal Design, 2008), which the colour-blind can tell apart; from the eighth name
/// on they repeat. A series without a name is drawn, but has no entry.
///
/// Any number of points is welcome: each curve is reduced to what the picture can show, keeping every extreme.
///
/// ```
/// use evenkeel_train::report::Chart;
///
/// let (lower, upper): (Vec<_>, Vec<_>) = (0..1000).map(|i| (-(i as f64), i as f64)).unzip();
/// let svg = Chart::new("Input of a sigmoid")
///     .x_label("step")
///     .y_label("15th, 50th and 85th percentile")
///     .band("BatchNorm", lower.iter().zip(&upper).enumerate().map(|(step, (&l, &u))| (step as f64, l, u)))
///     .line("BatchNorm", (0..1000).map(|step| (step as f64, 0.0)))
///     .to_svg();
/// assert!(svg.starts_with("<svg") && svg.contains("15th, 50th and 85th percentile"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Chart {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) x_scale: Scale,
    pub(super) y_scale: Scale,
    pub(super) y_range: Option<(f64, f64)>,
    pub(super) series: Vec<Series>,
}

impl Chart {
    /// A chart without series, on linear axes.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Sets the text that follows the title under the figure of a report.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..self }
    }

    /// Names the horizontal axis.
    #[must_use]
    pub fn x_label(self, label: impl Into<String>) -> Self {
        Self { x_label: label.into(), ..self }
    }

    /// Names the vertical axis.
    #[must_use]
    pub fn y_label(self, label: impl Into<String>) -> Self {
        Self { y_label: label.into(), ..self }
    }

    /// Makes the horizontal axis logarithmic.
    #[must_use]
    pub fn log_x(self) -> Self {
        Self { x_scale: Scale::Log, ..self }
    }

    /// Makes the vertical axis logarithmic.
    #[must_use]
    pub fn log_y(self) -> Self {
        Self { y_scale: Scale::Log, ..self }
    }

    /// Shows this part of the vertical axis, whatever the data; an empty or infinite range shows all of them.
    #[must_use]
    pub fn y_range(self, low: f64, high: f64) -> Self {
        Self { y_range: Some((low, high)), ..self }
    }

    fn series(mut self, name: impl Into<String>, mark: Mark) -> Self {
        self.series.push(Series { name: name.into(), mark });
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(self, name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        self.series(name, Mark::Line(Stroke::Solid, points.into_iter().map(Into::into).collect()))
    }

    /// Adds a thin, pale line: one run of several, or the noise behind a mean.
    #[must_use]
    pub fn thin_line(self, name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        self.series(name, Mark::Line(Stroke::Thin, points.into_iter().map(Into::into).collect()))
    }

    /// Adds a dashed line.
    #[must_use]
    pub fn dashed_line(self, name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        self.series(name, Mark::Line(Stroke::Dashed, points.into_iter().map(Into::into).collect()))
    }

    /// Adds the area between two values at each place.
    #[must_use]
    pub fn band(self, name: impl Into<String>, points: impl IntoIterator<Item: Into<BandPoint>>) -> Self {
        self.series(name, Mark::Band(points.into_iter().map(Into::into).collect()))
    }

    /// Adds a dotted grey line across the chart.
    #[must_use]
    pub fn reference_line(self, name: impl Into<String>, y: f64) -> Self {
        self.series(name, Mark::Reference(y))
    }

    /// Adds runs of the same training (with several seeds, say) as thin lines, and their mean as a line.
    ///
    /// The mean is taken at the places that the runs have in common; of a single run it is the run.
    #[must_use]
    pub fn runs<P: Into<Point>>(
        self,
        name: impl Into<String>,
        runs: impl IntoIterator<Item: IntoIterator<Item = P>>,
    ) -> Self {
        let name = name.into();
        let runs: Vec<Vec<Point>> = runs.into_iter().map(|run| run.into_iter().map(Into::into).collect()).collect();
        let mean = mean(&runs);
        let thin = if runs.len() > 1 { runs } else { Vec::new() };
        thin.into_iter().fold(self, |chart, run| chart.thin_line(name.as_str(), run)).line(name.as_str(), mean)
    }

    /// The chart as an SVG document of its own.
    #[must_use]
    pub fn to_svg(&self) -> String {
        Svg::standalone(self).to_string()
    }

    /// Writes the chart to an SVG file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn write_svg(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| file.write_all(self.to_svg().as_bytes()))
    }
}

/// The mean of the runs at each place of the first that all of them have.
fn mean(runs: &[Vec<Point>]) -> Vec<Point> {
    let Some((first, others)) = runs.split_first() else { return Vec::new() };
    let by_place: Vec<std::collections::HashMap<u64, f64>> =
        others.iter().map(|run| run.iter().map(|point| (point.x.to_bits(), point.y)).collect()).collect();
    let at = |point: &Point| {
        let rest: Option<Vec<f64>> = by_place.iter().map(|run| run.get(&point.x.to_bits()).copied()).collect();
        rest.map(|rest| Point { x: point.x, y: (point.y + rest.iter().sum::<f64>()) / runs.len() as f64 })
    };
    first.iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_taken_where_all_runs_have_a_value() {
        let runs = [vec![(1, 1.0), (2, 2.0), (3, 3.0)], vec![(1, 3.0), (3, 5.0)]];
        let runs = runs.map(|run| run.into_iter().map(Point::from).collect());
        assert_eq!(mean(&runs), [Point { x: 1.0, y: 2.0 }, Point { x: 3.0, y: 4.0 }]);
        assert_eq!(mean(&[]), []);
    }
}
