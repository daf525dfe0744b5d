//! A plane coloured by name: what a classifier says at each place.

use std::collections::HashMap;

use super::Point;

/// Equal cells over a rectangle of the plane.
///
/// [`points`](Self::points) gives the cells' centres, to be put before a classifier; what it says of each, in the same order,
/// is drawn by [`Chart::regions`](super::Chart::regions).
///
/// ```
/// use evenkeel_train::report::{Chart, Grid};
///
/// let grid = Grid::new((-1.5, 1.5), (-1.0, 1.0), 120, 80);
/// let said = grid.points().map(|p| if p.x * p.x + p.y * p.y < 0.5 { "inside" } else { "outside" });
/// let svg = Chart::new("A disc").equal_axes().regions(&grid, said).to_svg();
/// assert!(svg.contains("inside covers 26 % of the plane."));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    x: (f64, f64),
    y: (f64, f64),
    columns: usize,
    rows: usize,
}

impl Grid {
    /// `columns` x `rows` cells over the values from `x.0` to `x.1` and from `y.0` to `y.1`.
    ///
    /// A cell of two pixels looks smooth: 200 cells along an edge of a chart of its own, 120 in a row of charts.
    #[must_use]
    pub fn new(x: (f64, f64), y: (f64, f64), columns: usize, rows: usize) -> Self {
        Self { x, y, columns, rows }
    }

    /// The cells' centres, row by row from the lowest y, and in a row from the lowest x.
    pub fn points(&self) -> impl Iterator<Item = Point> + use<> {
        let grid = *self;
        let centre = |(low, high): (f64, f64), i: usize, n: usize| at((low, high), i as f64 + 0.5, n);
        (0..grid.rows).flat_map(move |row| {
            let y = centre(grid.y, row, grid.rows);
            (0..grid.columns).map(move |column| Point { x: centre(grid.x, column, grid.columns), y })
        })
    }
}

/// The place `i` cells of `n` up the range. Both ends are weighted, so that they are met exactly.
fn at((low, high): (f64, f64), i: f64, n: usize) -> f64 {
    let share = i / n as f64;
    (1.0 - share) * low + share * high
}

/// What stands in a cell of a [`Grid`]: a name (none: a gap), and how strongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    /// The name, which is the colour.
    pub name: &'a str,
    /// How much of the colour, from 0 to 1; shown in eight steps. NaN leaves a gap.
    pub strength: f64,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, strength: 1.0 }
    }
}

/// A class and how sure of it one is, such as 2p - 1 for the likelier of two classes.
impl<'a> From<(&'a str, f64)> for Cell<'a> {
    fn from((name, strength): (&'a str, f64)) -> Self {
        Self { name, strength }
    }
}

/// The cells of one name, merged.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    pub(super) patches: Vec<Patch>,
    /// How much of the plane these cells are, from 0 to 1.
    pub(super) share: f64,
}

/// A rectangle of equal cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Patch {
    pub(super) x: (f64, f64),
    pub(super) y: (f64, f64),
    /// From 1 to [`LEVELS`].
    pub(super) level: u8,
}

/// Eight steps look like a slope, and let equal neighbours be merged.
pub(super) const LEVELS: u8 = 8;

/// Equal neighbours in a row, over one row or several.
#[derive(Clone, Copy)]
struct Run {
    name: usize,
    level: u8,
    columns: (usize, usize),
    rows: (usize, usize),
}

/// The regions of each name, in the order in which the names come up. Cells beyond the grid's are left out, and missing ones are
/// gaps.
pub(super) fn regions<'a>(grid: &Grid, cells: impl Iterator<Item = Cell<'a>>) -> Vec<(&'a str, Region)> {
    let mut names: HashMap<&'a str, usize> = HashMap::new();
    let mut regions: Vec<(&'a str, Region)> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    let place = |run: &Run| Patch {
        x: (at(grid.x, run.columns.0 as f64, grid.columns), at(grid.x, run.columns.1 as f64, grid.columns)),
        y: (at(grid.y, run.rows.0 as f64, grid.rows), at(grid.y, run.rows.1 as f64, grid.rows)),
        level: run.level,
    };
    // Runs of the row below that go on for as long as the row above has the same.
    let mut open: Vec<Run> = Vec::new();
    let mut cells = cells.take(grid.columns.saturating_mul(grid.rows)).peekable();
    for row in 0..grid.rows {
        if cells.peek().is_none() {
            break;
        }
        let mut runs: Vec<Run> = Vec::new();
        for (column, cell) in cells.by_ref().take(grid.columns).enumerate() {
            if cell.name.is_empty() || cell.strength.is_nan() {
                continue;
            }
            let level = (cell.strength.clamp(0.0, 1.0) * f64::from(LEVELS)).ceil().max(1.0) as u8;
            let name = *names.entry(cell.name).or_insert_with(|| {
                regions.push((cell.name, Region::default()));
                counts.push(0);
                regions.len() - 1
            });
            counts[name] += 1;
            match runs.last_mut() {
                Some(run) if (run.name, run.level, run.columns.1) == (name, level, column) => run.columns.1 += 1,
                _ => runs.push(Run { name, level, columns: (column, column + 1), rows: (row, row + 1) }),
            }
        }
        for run in &mut runs {
            let same = |below: &Run| (below.name, below.level, below.columns) == (run.name, run.level, run.columns);
            if let Some(below) = open.iter().position(same) {
                run.rows.0 = open.swap_remove(below).rows.0;
            }
        }
        open.drain(..).for_each(|run| regions[run.name].1.patches.push(place(&run)));
        open = runs;
    }
    open.iter().for_each(|run| regions[run.name].1.patches.push(place(run)));
    let all: usize = counts.iter().sum();
    for ((_, region), count) in regions.iter_mut().zip(counts) {
        region.share = count as f64 / all as f64;
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_are_one_patch() {
        let grid = Grid::new((0.0, 3.0), (0.0, 3.0), 3, 3);
        // Seen from above: b b b / a b a / a b a.
        let cells = ["a", "b", "a", "a", "b", "a", "b", "b", "b"];
        let regions = regions(&grid, cells.into_iter().map(Cell::from));
        let patch = |x, y| Patch { x, y, level: LEVELS };
        assert_eq!(regions.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(regions[0].1.patches, [patch((0.0, 1.0), (0.0, 2.0)), patch((2.0, 3.0), (0.0, 2.0))]);
        assert_eq!(regions[1].1.patches, [patch((1.0, 2.0), (0.0, 2.0)), patch((0.0, 3.0), (2.0, 3.0))]);
        assert_eq!(regions[1].1.share, 5.0 / 9.0);
    }

    #[test]
    fn patches_cover_each_cell_once_and_gaps_not_at_all() {
        let grid = Grid::new((-1.0, 1.0), (2.0, 4.0), 20, 10);
        let cells = grid.points().map(|p| match (p.x * 7.0 + p.y * 3.0).sin() {
            s if s < -0.8 => Cell::from(("gap", f64::NAN)),
            s if s < 0.0 => Cell::from(("a", -s)),
            s => Cell::from(("b", 1.1 * s)),
        });
        let cells: Vec<_> = cells.collect();
        let regions = regions(&grid, cells.iter().copied());
        for (point, cell) in grid.points().zip(&cells) {
            let inside = |(low, high): (f64, f64), value: f64| low < value && value < high;
            let covering = regions.iter().flat_map(|(name, region)| region.patches.iter().map(move |p| (*name, p)));
            let found: Vec<_> = covering.filter(|(_, p)| inside(p.x, point.x) && inside(p.y, point.y)).collect();
            match cell.name {
                "gap" => assert!(found.is_empty()),
                name => {
                    assert_eq!((found.len(), found[0].0), (1, name), "at {point:?}");
                    let strength = f64::from(found[0].1.level) / f64::from(LEVELS);
                    assert!((0.0..=0.125).contains(&(strength - cell.strength.min(1.0))), "{strength} for {cell:?}");
                }
            }
        }
    }

    #[test]
    fn too_few_and_too_many_cells_are_borne() {
        for (columns, rows, cells) in [(0, 0, 3), (0, 5, 3), (5, 0, 3), (4, 4, 0), (4, 4, 6), (2, 2, 9)] {
            let grid = Grid::new((0.0, 1.0), (0.0, 1.0), columns, rows);
            let regions = regions(&grid, std::iter::repeat_n(Cell::from("a"), cells));
            let area: f64 = regions.iter().flat_map(|r| &r.1.patches).map(|p| (p.x.1 - p.x.0) * (p.y.1 - p.y.0)).sum();
            let expected =
                if columns * rows == 0 { 0.0 } else { cells.min(columns * rows) as f64 / (columns * rows) as f64 };
            assert!((area - expected).abs() < 1e-12, "{area} for {expected}");
        }
    }
}
