//! Drawing what is inside of a plot.

use std::{
    collections::HashSet,
    fmt::{self, Write},
};

use super::{
    Point,
    document::Px,
    legend::Legend,
    panel::{Frame, Panel},
    regions::{LEVELS, Region},
    series::{Mark, Size},
    simplify::{Column, runs},
};

/// How much of its colour a region has at full strength: the points on it have to stand out.
const REGION_OPACITY: f64 = 0.32;

impl Panel<'_> {
    /// Writes all series in the order of their layers.
    pub(super) fn write_series(&self, f: &mut fmt::Formatter<'_>, legend: &Legend<'_>) -> fmt::Result {
        // An inner svg clips what lies outside of a given range (but for the width of a stroke), without an id that could clash with another chart's.
        let Frame { left, right, top, bottom } = self.plot;
        let (width, height) = (Px(right - left + 6.0), Px(bottom - top + 2.0));
        let (x, y) = (Px(left - 3.0), Px(top - 1.0));
        writeln!(
            f,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">"
        )?;
        for layer in 0..Mark::LAYERS {
            for (i, series) in self.chart.series.iter().enumerate().filter(|(_, series)| series.mark.layer() == layer) {
                let colour = legend.colour_of(&series.name);
                match &series.mark {
                    Mark::Line(stroke, points) => {
                        let places = points.iter().map(|point| (point.x, point.y, point.y));
                        self.write_line(f, &format!("{} {colour}", stroke.class()), places)?;
                    }
                    Mark::Points(size, points) => self.write_points(f, *size, colour, points)?,
                    Mark::Band(points) => {
                        let places = points.iter().map(|point| (point.x, point.lower, point.upper));
                        self.write_band(f, colour, places)?;
                    }
                    Mark::Region(region) => self.write_region(f, colour, region)?,
                    Mark::Bars(_) => self.write_bars(f, colour, i)?,
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
        // A point without neighbours; an upright line is a single column too, with an extent.
        let is_dot = |run: &Vec<Column>| matches!(&run[..], [only] if Px(only.low) == Px(only.high));
        let (dots, lines): (Vec<_>, Vec<_>) = runs.into_iter().partition(is_dot);
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
        if !dots.is_empty() {
            write!(f, "<path class=\"line dot{class}\" d=\"")?;
            for column in dots.iter().flatten() {
                write!(f, "M{} {}h0", Px(column.x()), Px(column.low))?;
            }
            writeln!(f, "\"/>")?;
        }
        Ok(())
    }

    /// Dots are lines of no length, seen for their round caps.
    fn write_points(&self, f: &mut fmt::Formatter<'_>, size: Size, colour: &str, points: &[Point]) -> fmt::Result {
        let mut taken = HashSet::new();
        let mut path = String::new();
        for point in points {
            let Some((x, (y, _))) = self.pixels((point.x, point.y, point.y)) else { continue };
            if taken.insert(((0.5 * x).floor() as i64, (0.5 * y).floor() as i64)) {
                write!(path, "M{} {}h0", Px(x), Px(y))?;
            }
        }
        if path.is_empty() {
            return Ok(());
        }
        if size == Size::Bold {
            writeln!(f, "<path class=\"rim\" d=\"{path}\"/>")?;
        }
        writeln!(f, "<path class=\"{} {colour}\" d=\"{path}\"/>", size.class())
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

    /// A path for each strength.
    fn write_region(&self, f: &mut fmt::Formatter<'_>, colour: &str, region: &Region) -> fmt::Result {
        for level in 1..=LEVELS {
            let patches = region.patches.iter().filter(|patch| patch.level == level);
            let path: String = patches.filter_map(|patch| self.rectangle(patch.x, patch.y)).collect();
            if !path.is_empty() {
                let opacity = REGION_OPACITY * f64::from(level) / f64::from(LEVELS);
                writeln!(f, "<path class=\"region {colour}\" fill-opacity=\"{opacity:.2}\" d=\"{path}\"/>")?;
            }
        }
        Ok(())
    }

    /// The bars of the series at `position`.
    fn write_bars(&self, f: &mut fmt::Formatter<'_>, colour: &str, position: usize) -> fmt::Result {
        let bars = self.bars.iter().filter(|bar| bar.series == position);
        let path: String = bars.filter_map(|bar| self.rectangle(bar.x, bar.y)).collect();
        if !path.is_empty() {
            writeln!(f, "<path class=\"bar {colour}\" d=\"{path}\"/>")?;
        }
        Ok(())
    }

    /// A closed path around the values. Its corners are written as places, not as distances, so that rounding cannot open a seam
    /// between neighbours.
    fn rectangle(&self, x: (f64, f64), y: (f64, f64)) -> Option<String> {
        let (x0, x1) = (self.plot.x(self.x.place(x.0)?), self.plot.x(self.x.place(x.1)?));
        // What begins at the 0 that a logarithmic axis has not begins below the plot.
        let from = self.y.place(y.0).or_else(|| (y.0 == 0.0).then_some(-1.0))?;
        let (y0, y1) = (self.plot.y(from), self.plot.y(self.y.place(y.1)?));
        Some(format!("M{} {}H{}V{}H{}Z", Px(x0), Px(y0), Px(x1), Px(y1), Px(x0)))
    }
}
