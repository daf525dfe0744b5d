//! Long curves reduced to what a screen can show: a point in, at most four points a pixel column out.

/// Consecutive points that fall into one pixel column: where they enter and leave, and how far they reach. `x` and `y` are
/// pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    first: (f64, f64),
    last: (f64, f64),
    pub(super) low: f64,
    pub(super) high: f64,
    low_before_high: bool,
}

impl Column {
    fn new(x: f64, (low, high): (f64, f64)) -> Self {
        Self { first: (x, low), last: (x, low), low, high, low_before_high: true }
    }

    fn holds(&self, x: f64) -> bool {
        self.first.0.floor() == x.floor()
    }

    fn extend(&mut self, x: f64, (low, high): (f64, f64)) {
        self.last = (x, low);
        if low < self.low {
            (self.low, self.low_before_high) = (low, false);
        }
        if high > self.high {
            (self.high, self.low_before_high) = (high, true);
        }
    }

    /// Where the column begins.
    pub(super) fn x(&self) -> f64 {
        self.first.0
    }

    /// The points that a line through the column needs; consecutive ones may coincide.
    pub(super) fn line(&self) -> [(f64, f64); 4] {
        let middle = 0.5 * (self.first.0 + self.last.0);
        let (low, high) = ((middle, self.low), (middle, self.high));
        // An extreme that is an end as well needs no point of its own.
        let own = |point: (f64, f64), instead| {
            if point.1 == self.first.1 || point.1 == self.last.1 { instead } else { point }
        };
        let (earlier, later) = if self.low_before_high { (low, high) } else { (high, low) };
        let earlier = own(earlier, self.first);
        [self.first, earlier, own(later, earlier), self.last]
    }
}

/// Parts the points into unbroken runs, and each run into columns.
///
/// `None` is a gap. A gap inside a pixel column is too small to be seen and does not break the run, which keeps a curve with
/// many gaps as short as any other.
pub(super) fn runs(points: impl Iterator<Item = Option<(f64, (f64, f64))>>) -> Vec<Vec<Column>> {
    let mut runs: Vec<Vec<Column>> = Vec::new();
    let mut gap = true;
    for point in points {
        let Some((x, reach)) = point else {
            gap = true;
            continue;
        };
        if let Some(column) = runs.last_mut().and_then(|run| run.last_mut()).filter(|column| column.holds(x)) {
            column.extend(x, reach);
        } else if let Some(run) = runs.last_mut().filter(|_| !gap) {
            run.push(Column::new(x, reach));
        } else {
            runs.push(vec![Column::new(x, reach)]);
        }
        gap = false;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: f64) -> Option<(f64, (f64, f64))> {
        Some((x, (y, y)))
    }

    #[test]
    fn a_short_curve_keeps_its_points() {
        let runs = runs([point(0.0, 3.0), point(10.0, 4.0), None, point(20.0, 5.0)].into_iter());
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(runs[0][1].line(), [(10.0, 4.0); 4]);
    }

    #[test]
    fn a_column_keeps_ends_and_extremes_in_their_order() {
        let ys = [5.0, 6.0, 1.0, 2.0, 9.0, 3.0];
        let runs = runs(ys.iter().enumerate().map(|(i, &y)| point(7.0 + 0.1 * i as f64, y)));
        let line = runs[0][0].line();
        assert_eq!((runs.len(), runs[0].len()), (1, 1));
        assert_eq!(line.map(|(_, y)| y), [5.0, 1.0, 9.0, 3.0]);
        assert_eq!((line[0].0, line[3].0), (7.0, 7.5));
    }

    #[test]
    fn every_extreme_of_a_long_curve_survives_and_gaps_cost_nothing() {
        let curve = |i: u32| (f64::from(i) * 0.012, f64::from(i * 7919 % 1009));
        let gaps = (0..50_000).flat_map(|i| [Some(curve(i)).map(|(x, y)| (x, (y, y))), None]);
        let runs = runs(gaps);
        let columns: usize = runs.iter().map(Vec::len).sum();
        assert!(columns <= 601, "{columns} columns");
        for column in runs.iter().flatten() {
            let ys = (0..50_000).map(curve).filter(|(x, _)| x.floor() == column.x().floor()).map(|(_, y)| y);
            let (low, high) = ys.fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)));
            assert_eq!((column.low, column.high), (low, high));
        }
    }
}
