//! Lines, bands, points, bars and regions over two axes, as a value.

use std::{io::Write, path::Path};

use super::{
    WriteError,
    axis::Scale,
    document::Document,
    regions::{Cell, Grid, regions},
    series::{BandPoint, Mark, Point, Series, Size, Stroke, mean},
    write_atomically,
};

/// A chart: a title, two axes, and series of lines, bands, points, bars and regions.
///
/// **A name is a colour.** Series of the same name are drawn in the same colour and share an entry of the legend, so a band
/// and its median, the runs of one network with several seeds, or the points of a class and the region where a classifier
/// sees it, belong together by being called the same. Colours are given in the order in which names come up, from Okabe and
/// Ito's palette (Color Universal Design, 2008), which the colour-blind can tell apart; from the eighth name
/// on they repeat. A series without a name is drawn, but has no entry.
///
/// Any number of points is welcome: each curve is reduced to what the picture can show, keeping every extreme. What is broad and
/// pale is drawn below what is fine and strong, in whatever order it is added.
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
    pub(super) x_range: Option<(f64, f64)>,
    pub(super) y_range: Option<(f64, f64)>,
    pub(super) equal_axes: bool,
    pub(super) categories: Vec<String>,
    pub(super) stacked: bool,
    pub(super) series: Vec<Series>,
}

impl Chart {
    /// A chart without series, on linear axes.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Sets another title: for a chart made elsewhere that is to be one of several.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
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

    /// Shows this part of the horizontal axis, whatever the data; an empty or infinite range shows all of them.
    #[must_use]
    pub fn x_range(self, low: f64, high: f64) -> Self {
        Self { x_range: Some((low, high)), ..self }
    }

    /// Shows this part of the vertical axis, whatever the data; an empty or infinite range shows all of them.
    #[must_use]
    pub fn y_range(self, low: f64, high: f64) -> Self {
        Self { y_range: Some((low, high)), ..self }
    }

    /// Gives a unit the same length on both axes, as a plane needs. Without effect on a logarithmic axis, on categories, and where
    /// the axes' extents differ more than eightfold.
    #[must_use]
    pub fn equal_axes(self) -> Self {
        Self { equal_axes: true, ..self }
    }

    /// Puts names on the horizontal axis in place of numbers: the first at 0, the next at 1, and so on. [`bars`](Self::bars) stand
    /// on them; points and lines may too.
    #[must_use]
    pub fn categories(self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        Self { categories: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Stacks the bars of a category on each other, as shares of a whole, instead of side by side.
    #[must_use]
    pub fn stacked(self) -> Self {
        Self { stacked: true, ..self }
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

    /// Adds a small dot at each point. Of dots in the same two pixels one is drawn.
    #[must_use]
    pub fn points(self, name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        self.series(name, Mark::Points(Size::Small, points.into_iter().map(Into::into).collect()))
    }

    /// Adds a large dot with a rim at each point.
    #[must_use]
    pub fn bold_points(self, name: impl Into<String>, points: impl IntoIterator<Item: Into<Point>>) -> Self {
        self.series(name, Mark::Points(Size::Bold, points.into_iter().map(Into::into).collect()))
    }

    /// Adds a bar for each of the [`categories`](Self::categories), in their order.
    ///
    /// ```
    /// use evenkeel_train::report::Chart;
    ///
    /// let shares = Chart::new("What the layers learnt to normalise over")
    ///     .categories(["conv1", "conv2", "conv3"])
    ///     .stacked()
    ///     .bars("instance", [0.5, 0.2, 0.1])
    ///     .bars("layer", [0.2, 0.3, 0.1])
    ///     .bars("batch", [0.3, 0.5, 0.8]);
    /// assert!(shares.to_svg().contains("conv3"));
    /// ```
    #[must_use]
    pub fn bars(self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.series(name, Mark::Bars(values.into_iter().collect()))
    }

    /// Colours the plane by the names of the grid's cells, in the order of [`Grid::points`]: the decision regions of a classifier.
    ///
    /// A cell is a name, or a name and how strong its colour is. Colours are given in the order in which names come up, so that
    /// points added before decide on the classes' colours.
    #[must_use]
    pub fn regions<'a>(self, grid: &Grid, cells: impl IntoIterator<Item: Into<Cell<'a>>>) -> Self {
        let regions = regions(grid, cells.into_iter().map(Into::into));
        regions.into_iter().fold(self, |chart, (name, region)| chart.series(name, Mark::Region(region)))
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
        Document::of_chart(self, true).to_string()
    }

    /// Writes the chart to an SVG file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn write_svg(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| file.write_all(self.to_svg().as_bytes()))
    }
}
