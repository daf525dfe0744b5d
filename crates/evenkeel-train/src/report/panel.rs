//! One plot of a picture: what its axes show, and where it stands.

use std::fmt;

use super::{
    Chart,
    axis::{Axis, Scale},
    bars::{Bar, bars, count},
    document::{FONT, Px},
    series::Mark,
    text::{Escaped, fit, width},
};

/// A chart with its axes found and its place measured.
pub(super) struct Panel<'a> {
    pub(super) chart: &'a Chart,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) bars: Vec<Bar>,
    pub(super) plot: Frame,
}

/// The rectangle of a plot in pixels.
#[derive(Clone, Copy, Default)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn x(&self, at: f64) -> f64 {
        self.left + at * (self.right - self.left)
    }

    pub(super) fn y(&self, at: f64) -> f64 {
        self.bottom - at * (self.bottom - self.top)
    }
}

impl<'a> Panel<'a> {
    /// The plot of the chart, with as many ticks as suit about `width` x `height` pixels; not yet at its place.
    pub(super) fn new(chart: &'a Chart, width: f64, height: f64) -> Self {
        let has = |wanted: fn(&Mark) -> bool| chart.series.iter().any(|series| wanted(&series.mark));
        let has_regions = has(|mark| matches!(mark, Mark::Region(_)));
        let bars = bars(&chart.series, chart.stacked);

        let categories = chart.categories.len().max(count(&chart.series));
        let x = if categories > 0 {
            Axis::of_categories((0..categories).map(|i| chart.categories.get(i).cloned().unwrap_or_default()))
        } else {
            let values = chart.series.iter().flat_map(|series| series.mark.xs());
            // A curve fills the width; dots are not cut in half, and a region is a background to its edges.
            let dots = has(|mark| matches!(mark, Mark::Points(..)));
            let lines = has(|mark| matches!(mark, Mark::Line(..) | Mark::Band(_)));
            let padding = if dots && !lines && !has_regions { 0.04 } else { 0.0 };
            Axis::new(chart.x_scale, values, chart.x_range, padding, (width / 100.0).clamp(2.5, 7.0))
        };

        let ends = bars.iter().flat_map(|bar| [bar.y.0, bar.y.1]);
        let values: Vec<f64> = chart.series.iter().flat_map(|series| series.mark.ys()).chain(ends).collect();
        // Bars stand on the axis, not above it.
        let highest = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
        let stand = !bars.is_empty() && chart.y_scale == Scale::Linear && !values.iter().any(|value| *value < 0.0);
        let range = chart.y_range.or_else(|| stand.then_some((0.0, 1.04 * highest)));
        let padding = if has_regions { 0.0 } else { 0.04 };
        let y = Axis::new(chart.y_scale, values.into_iter(), range, padding, (height / 50.0).clamp(2.5, 6.0));
        Self { chart, x, y, bars, plot: Frame::default() }
    }

    /// The room that labels take left of the plot.
    pub(super) fn left_room(&self) -> f64 {
        let labels = self.y.ticks.iter().map(|tick| width(&tick.label, FONT)).fold(0.0, f64::max);
        let label = if self.chart.y_label.is_empty() { 8.0 } else { 30.0 };
        label + labels.max(16.0) + 8.0
    }

    /// The room that the last label takes right of the plot.
    pub(super) fn right_room(&self) -> f64 {
        let last = self.x.ticks.last().filter(|tick| tick.at > 0.9 && self.chart.categories.is_empty());
        (0.5 * last.map_or(0.0, |tick| width(&tick.label, FONT))).max(12.0)
    }

    /// The room that labels take below the plot.
    pub(super) fn room_below(&self) -> f64 {
        if self.chart.x_label.is_empty() { 28.0 } else { 50.0 }
    }

    /// The size of the plot in a room of `width` x `height` pixels, or up to `highest` for a plane whose axes are equal.
    pub(super) fn size(&self, width: f64, height: f64, highest: f64) -> (f64, f64) {
        let linear = self.chart.x_scale == Scale::Linear && self.chart.y_scale == Scale::Linear;
        let ratio = self.y.extent() / self.x.extent();
        if !self.chart.equal_axes || !linear || !self.chart.categories.is_empty() || !(0.125..=8.0).contains(&ratio) {
            return (width, height);
        }
        let width = width.min(highest / ratio);
        (width, width * ratio)
    }

    /// Puts the plot where it stands.
    pub(super) fn place(&mut self, left: f64, top: f64, (width, height): (f64, f64)) {
        self.plot = Frame { left, right: left + width, top, bottom: top + height };
    }

    /// Writes the title above the plot.
    pub(super) fn write_title(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Frame { left, right, top, .. } = self.plot;
        let title = fit(&self.chart.title, FONT, right - left);
        writeln!(f, "<text class=\"panel\" x=\"{}\" y=\"{}\">{}</text>", Px(left), Px(top - 8.0), Escaped(&title))
    }

    /// Writes the grid, the axes and their labels.
    pub(super) fn write_axes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Frame { left, right, top, bottom } = self.plot;
        let named = !self.chart.categories.is_empty();
        let (up, down) = (Px(top), Px(bottom));
        write!(f, "<path class=\"grid\" d=\"")?;
        // Between categories there is nothing to be read off.
        for tick in self.x.ticks.iter().filter(|_| !named) {
            write!(f, "M{} {up}V{down}", Px(self.plot.x(tick.at)))?;
        }
        for tick in &self.y.ticks {
            write!(f, "M{} {}H{}", Px(left), Px(self.plot.y(tick.at)), Px(right))?;
        }
        writeln!(f, "\"/>\n<path class=\"axis\" d=\"M{} {up}V{down}H{}\"/>", Px(left), Px(right))?;

        writeln!(f, "<g text-anchor=\"middle\">")?;
        // A name may be as wide as its room; neighbours that would touch are left out.
        let room = ((right - left) / self.x.ticks.len().max(1) as f64 - 6.0).max(60.0);
        let mut free_from = f64::NEG_INFINITY;
        for tick in &self.x.ticks {
            let label = if named { &fit(&tick.label, FONT, room) } else { &tick.label };
            let (x, half) = (self.plot.x(tick.at), 0.5 * width(label, FONT));
            if x - half >= free_from {
                writeln!(f, "<text x=\"{}\" y=\"{}\">{}</text>", Px(x), Px(bottom + 18.0), Escaped(label))?;
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
            let (x, y) = (Px(left - self.left_room() + 16.0), Px(0.5 * (top + bottom)));
            writeln!(f, "<text transform=\"translate({x} {y}) rotate(-90)\">{}</text>", Escaped(&label))?;
        }
        writeln!(f, "</g>\n<g text-anchor=\"end\">")?;
        for tick in &self.y.ticks {
            let (x, y) = (Px(left - 8.0), Px(self.plot.y(tick.at) + 4.0));
            writeln!(f, "<text x=\"{x}\" y=\"{y}\">{}</text>", Escaped(&tick.label))?;
        }
        writeln!(f, "</g>")
    }
}
