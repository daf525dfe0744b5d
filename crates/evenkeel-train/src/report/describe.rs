//! What a chart shows, in words, for those who cannot see it.

use std::fmt::{self, Display};

use super::{
    Chart, Point,
    series::{Mark, Stroke},
    text::{Escaped, number},
};

/// More values than this are no longer listened to.
const MOST_VALUES: usize = 24;

pub(super) struct Description<'a>(pub(super) &'a Chart);

impl Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chart = self.0;
        let (x, y) = (or(&chart.x_label, "x"), or(&chart.y_label, "y"));
        write!(f, "{} against {}.", Escaped(y), Escaped(x))?;
        for series in &chart.series {
            let name = Escaped(or(&series.name, "A series without name"));
            match &series.mark {
                // Of runs that are told apart by nothing, the mean speaks for all.
                Mark::Line(Stroke::Thin, _) => {}
                Mark::Line(_, points) => match points.last() {
                    Some(last) => write!(f, " {name} ends at {} ({}).", number(last.y), number(last.x))?,
                    None => write!(f, " {name} has no points.")?,
                },
                Mark::Points(_, points) => match centre(points) {
                    Some(Point { x, y }) => {
                        let (n, x, y) = (points.len(), number(x), number(y));
                        write!(f, " {name} has {n} points around {y} ({x}).")?;
                    }
                    None => write!(f, " {name} has no points.")?,
                },
                Mark::Band(points) => match points.last() {
                    Some(last) => write!(f, " {name} ends between {} and {}.", number(last.lower), number(last.upper))?,
                    None => write!(f, " {name} has no points.")?,
                },
                Mark::Region(region) => write!(f, " {name} covers {:.0} % of the plane.", 100.0 * region.share)?,
                Mark::Bars(values) if values.is_empty() => write!(f, " {name} has no bars.")?,
                Mark::Bars(values) => {
                    write!(f, " {name}")?;
                    for (i, &value) in values.iter().enumerate().take(MOST_VALUES) {
                        let category = chart.categories.get(i).map_or("", String::as_str);
                        write!(f, "{} {} {}", if i == 0 { ":" } else { "," }, Escaped(category), number(value))?;
                    }
                    f.write_str(if values.len() > MOST_VALUES { " and others." } else { "." })?;
                }
                Mark::Reference(y) => write!(f, " {name} marks {}.", number(*y))?,
            }
        }
        Ok(())
    }
}

fn or<'a>(label: &'a str, otherwise: &'a str) -> &'a str {
    if label.is_empty() { otherwise } else { label }
}

/// The mean of the points that can be shown.
fn centre(points: &[Point]) -> Option<Point> {
    let shown: Vec<_> = points.iter().filter(|point| point.x.is_finite() && point.y.is_finite()).collect();
    let n = shown.len() as f64;
    let mean = |of: fn(&Point) -> f64| shown.iter().map(|point| of(point) / n).sum();
    (!shown.is_empty()).then(|| Point { x: mean(|point| point.x), y: mean(|point| point.y) })
}
