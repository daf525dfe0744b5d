//! Where the bars of each category stand.

use super::series::{Mark, Series};

/// A bar in the chart's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    /// The position of its series.
    pub(super) series: usize,
    pub(super) x: (f64, f64),
    /// Where it begins, and where it ends.
    pub(super) y: (f64, f64),
}

/// The share of a category's room that its bars take.
const FILLED: f64 = 0.8;

/// The bars of all series: side by side around their category's number, or each on top of those before it. Stacked bars below 0
/// hang from 0 downwards. What is not finite has no bar.
pub(super) fn bars(series: &[Series], stacked: bool) -> Vec<Bar> {
    let values = |series: &Series| match &series.mark {
        Mark::Bars(values) => Some(values.clone()),
        _ => None,
    };
    let rows: Vec<(usize, Vec<f64>)> =
        series.iter().enumerate().filter_map(|(i, series)| Some((i, values(series)?))).collect();
    let side_by_side = if stacked { 1 } else { rows.len() };
    let width = FILLED / side_by_side as f64;
    let mut bars = Vec::new();
    for category in 0..count(series) {
        let (mut above, mut below) = (0.0, 0.0);
        for (position, (series, values)) in rows.iter().enumerate() {
            let Some(value) = values.get(category).copied().filter(|value| value.is_finite()) else { continue };
            let left = category as f64 - 0.5 * FILLED + if stacked { 0.0 } else { position as f64 * width };
            let end = if value < 0.0 { &mut below } else { &mut above };
            let from = if stacked { *end } else { 0.0 };
            *end = from + value;
            bars.push(Bar { series: *series, x: (left, left + width), y: (from, *end) });
        }
    }
    bars
}

/// How many categories the longest row of bars has.
pub(super) fn count(series: &[Series]) -> usize {
    let length = |series: &Series| match &series.mark {
        Mark::Bars(values) => values.len(),
        _ => 0,
    };
    series.iter().map(length).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rows: &[&[f64]]) -> Vec<Series> {
        let one = |row: &&[f64]| Series { name: String::new(), mark: Mark::Bars(row.to_vec()) };
        rows.iter().map(one).collect()
    }

    #[test]
    fn stacked_bars_begin_where_the_last_ended() {
        let bars = bars(&series(&[&[1.0, -2.0], &[3.0, f64::NAN], &[-4.0, -5.0]]), true);
        let ends: Vec<_> = bars.iter().map(|bar| (bar.series, bar.y)).collect();
        assert_eq!(ends, [(0, (0.0, 1.0)), (1, (1.0, 4.0)), (2, (0.0, -4.0)), (0, (0.0, -2.0)), (2, (-2.0, -7.0))]);
        assert!(bars.iter().all(|bar| (bar.x.1 - bar.x.0 - FILLED).abs() < 1e-12));
    }

    #[test]
    fn bars_side_by_side_share_their_categorys_room() {
        let bars = bars(&series(&[&[1.0, 2.0], &[3.0]]), false);
        let close = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12;
        let expected = [(-0.4, 0.0), (0.0, 0.4), (0.6, 1.0)];
        assert!(bars.iter().zip(expected).all(|(bar, x)| close(bar.x, x) && bar.y.0 == 0.0), "{bars:?}");
        assert_eq!(bars.len(), 3);
    }
}
