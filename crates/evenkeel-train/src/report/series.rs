//! What a chart draws under a name.

use super::regions::Region;

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
    Points(Size, Vec<Point>),
    Band(Vec<BandPoint>),
    Region(Region),
    /// A value for each category.
    Bars(Vec<f64>),
    Reference(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Thin,
    Dashed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    Bold,
}

impl Mark {
    /// The places along the horizontal axis; bars stand on categories and have none.
    pub(super) fn xs(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            Self::Line(_, points) | Self::Points(_, points) => Box::new(points.iter().map(|point| point.x)),
            Self::Band(points) => Box::new(points.iter().map(|point| point.x)),
            Self::Region(region) => Box::new(region.patches.iter().flat_map(|patch| [patch.x.0, patch.x.1])),
            Self::Bars(_) | Self::Reference(_) => Box::new(std::iter::empty()),
        }
    }

    /// The places along the vertical axis; where bars end depends on what they are stacked on.
    pub(super) fn ys(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            Self::Line(_, points) | Self::Points(_, points) => Box::new(points.iter().map(|point| point.y)),
            Self::Band(points) => Box::new(points.iter().flat_map(|point| [point.lower, point.upper])),
            Self::Region(region) => Box::new(region.patches.iter().flat_map(|patch| [patch.y.0, patch.y.1])),
            Self::Bars(_) => Box::new(std::iter::empty()),
            Self::Reference(y) => Box::new(std::iter::once(*y)),
        }
    }

    /// What is broad and pale goes below what is fine and strong.
    pub(super) fn layer(&self) -> u8 {
        match self {
            Self::Region(_) => 0,
            Self::Band(_) | Self::Bars(_) => 1,
            Self::Reference(_) => 2,
            Self::Line(Stroke::Thin, _) => 3,
            Self::Line(..) => 4,
            Self::Points(Size::Small, _) => 5,
            Self::Points(Size::Bold, _) => 6,
        }
    }

    /// The number of layers.
    pub(super) const LAYERS: u8 = 7;
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

impl Size {
    /// The class of the mark.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Small => "point",
            Self::Bold => "point bold",
        }
    }
}

/// The mean of the runs at each place of the first that all of them have.
pub(super) fn mean(runs: &[Vec<Point>]) -> Vec<Point> {
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
