//! The nearest points by Euclidean distance.

use evenkeel_tensor::{Float, ShapeError, Tensor, parallel};

use super::kd_tree::KdTree;
use super::problem::check_finite;
use super::products::Products;
use crate::DataError;

/// Queries of one task.
const QUERIES: usize = 64;

/// The most columns for which a tree serves: with 8, both were measured about as fast for 20 000 normally distributed points;
/// with 2, the tree takes less than a tenth. It gains with the number of points, and where columns depend on each other.
const TREE_COLUMNS: usize = 8;

/// Points to look for nearest neighbours among.
///
/// The answer is that of comparing a query with every point by Σ (aⱼ - bⱼ)² in f64, added in the order of
/// the columns, ties to the lower index: to the bit, at any number of threads and on every processor. In up to
/// 8 columns it is found by a k-d tree, in more by blocks of matrix products; neither costs digits beside offsets.
///
/// ```
/// use evenkeel_data::Tensor;
/// use evenkeel_data::balance::Neighbours;
///
/// let points = Tensor::from([[0.0f64, 0.0], [1.0, 0.0], [5.0, 0.0]]);
/// let neighbours = Neighbours::among(&points)?;
/// let nearest = neighbours.of_points(&[0, 2], 2)?;              // without the points themselves
/// assert_eq!(nearest.row(0), [1, 2]);
/// assert_eq!(nearest.row(1), [1, 0]);
/// assert_eq!(nearest.squared_distances(1), [16.0, 25.0]);
/// let nearest = neighbours.of(&Tensor::from([[0.9, 0.1]]), 1)?;
/// assert_eq!(nearest.row(0), [1]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Neighbours<'a, F: Float> {
    points: &'a Tensor<F>,
    columns: usize,
    index: Index<F>,
}

#[derive(Clone, Debug)]
enum Index<F> {
    Tree(KdTree),
    Products(Products<F>),
}

/// The nearest points of each query, nearest first; made by [`Neighbours`].
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    k: usize,
    found: Vec<usize>,
    squared: Vec<f64>,
}

impl Nearest {
    /// The indices of the nearest points of query `query`, nearest first.
    ///
    /// # Panics
    /// If there is no such query.
    #[track_caller]
    pub fn row(&self, query: usize) -> &[usize] {
        &self.found[query * self.k..][..self.k]
    }

    /// The squared distances to the points of [`row`](Self::row).
    ///
    /// # Panics
    /// If there is no such query.
    #[track_caller]
    pub fn squared_distances(&self, query: usize) -> &[f64] {
        &self.squared[query * self.k..][..self.k]
    }

    /// The neighbours of one query after the other.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        self.found.chunks_exact(self.k)
    }
}

impl<'a, F: Float> Neighbours<'a, F> {
    /// The points are the rows of `points` (N, D).
    ///
    /// # Errors
    /// If there are no points or columns, or a value is not finite.
    pub fn among(points: &'a Tensor<F>) -> Result<Self, DataError> {
        let columns = check_matrix("Neighbours::among", points)?;
        let index = if columns <= TREE_COLUMNS {
            Index::Tree(KdTree::new(points.cast::<f64>().as_slice(), columns))
        } else {
            Index::Products(Products::new(points.as_slice(), columns))
        };
        Ok(Self { points, columns, index })
    }

    /// The `k` nearest points of each row of `queries` (Q, D).
    ///
    /// # Errors
    /// If `k` is 0 or more than there are points, the columns differ, or a value is not finite.
    pub fn of(&self, queries: &Tensor<F>, k: usize) -> Result<Nearest, DataError> {
        const OPERATION: &str = "Neighbours::of";
        let columns = check_matrix(OPERATION, queries)?;
        if columns != self.columns {
            let (expected, cure) = (format!("queries of {} columns", self.columns), "give them the points' columns");
            return Err(ShapeError::new(OPERATION, expected, queries.shape().to_string(), cure).into());
        }
        self.check_k(OPERATION, k, self.points.shape()[0])?;
        Ok(self.search(queries.as_slice(), None, k))
    }

    /// The `k` nearest other points of each of the points at `rows`: not itself, but others at the same place.
    ///
    /// # Errors
    /// If `k` is 0 or there are not so many other points.
    ///
    /// # Panics
    /// If there is no such point.
    #[track_caller]
    pub fn of_points(&self, rows: &[usize], k: usize) -> Result<Nearest, DataError> {
        self.check_k("Neighbours::of_points", k, self.points.shape()[0] - 1)?;
        let queries = self.points.index_select(0, rows);
        Ok(self.search(queries.as_slice(), Some(rows), k))
    }

    fn check_k(&self, operation: &'static str, k: usize, points: usize) -> Result<(), DataError> {
        if (1..=points).contains(&k) {
            return Ok(());
        }
        Err(DataError::Setting { operation, expected: "at least 1 neighbour, and no more than points", got: k as f64 })
    }

    /// The nearest points of the queries; query i is point `own[i]` itself, if given.
    fn search(&self, queries: &[F], own: Option<&[usize]>, k: usize) -> Nearest {
        let mut found = vec![(0.0, 0); queries.len() / self.columns * k];
        parallel::chunks_mut(&mut found, QUERIES * k, |block, found| {
            let (first, rows) = (block * QUERIES, found.len() / k);
            let queries = &queries[first * self.columns..][..rows * self.columns];
            let own = own.map(|own| &own[first..][..rows]);
            match &self.index {
                Index::Products(products) => products.search(self.points.as_slice(), queries, own, k, found),
                Index::Tree(tree) => {
                    let mut query = Vec::with_capacity(self.columns);
                    let rows = queries.chunks_exact(self.columns).zip(found.chunks_exact_mut(k));
                    for (i, (row, found)) in rows.enumerate() {
                        query.clear();
                        query.extend(row.iter().map(|x| x.to_f64()));
                        tree.search(&query, own.map(|own| own[i]), found);
                    }
                }
            }
        });
        let (squared, found) = found.into_iter().unzip();
        Nearest { k, found, squared }
    }
}

/// The number of columns of a matrix with rows, columns and finite values.
fn check_matrix<F: Float>(operation: &'static str, x: &Tensor<F>) -> Result<usize, DataError> {
    let [rows, columns] = x.shape()[..] else {
        let expected = "a matrix (rows, columns)";
        return Err(ShapeError::new(operation, expected, x.shape().to_string(), "reshape it to two axes").into());
    };
    if rows * columns == 0 {
        return Err(DataError::Empty { operation, cure: "give at least one row and one column" });
    }
    check_finite(x)?;
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute<F: Float>(query: &[F], points: &Tensor<F>, k: usize, own: Option<usize>) -> Vec<(u64, usize)> {
        let distance = |row: &[F]| query.iter().zip(row).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum::<f64>();
        let rows = points.as_slice().chunks_exact(query.len()).enumerate();
        let mut all: Vec<_> = rows.filter(|&(j, _)| Some(j) != own).map(|(j, row)| (distance(row), j)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.iter().take(k).map(|&(d, j)| (d.to_bits(), j)).collect()
    }

    /// The nearest of all points, and of queries two hundred times as large, are those of going through all of them.
    fn check<F: Float>(points: &Tensor<F>, k: usize) {
        let [n, columns] = points.shape()[..] else { unreachable!("a matrix") };
        let row = |x: &Tensor<F>, i: usize| x.as_slice()[i * columns..][..columns].to_vec();
        let queries = points.map(|x| x * F::from_f64(200.0));
        let tree = Index::Tree(KdTree::new(points.cast::<f64>().as_slice(), columns));
        for index in [tree, Index::Products(Products::new(points.as_slice(), columns))] {
            let neighbours = Neighbours { points, columns, index };
            let found = |nearest: &Nearest, i: usize| {
                let bits = nearest.squared_distances(i).iter().map(|d| d.to_bits());
                bits.zip(nearest.row(i).iter().copied()).collect::<Vec<_>>()
            };
            let others = k.min(n - 1);
            let own = neighbours.of_points(&Vec::from_iter(0..n), others).unwrap();
            let far = neighbours.of(&queries, k).unwrap();
            for i in 0..n {
                assert_eq!(found(&own, i), brute(&row(points, i), points, others, Some(i)));
                assert_eq!(found(&far, i), brute(&row(&queries, i), points, k, None));
            }
        }
    }

    fn random(rows: usize, columns: usize, seed: u64) -> Tensor<f64> {
        let mut x = Tensor::zeros([rows, columns]);
        evenkeel_tensor::random::normal(x.as_mut_slice(), 0.0, 1.0, evenkeel_tensor::Seed(seed));
        x
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_nearest_are_those_of_brute_force(
            rows in 2usize..90, columns in 1usize..20, seed: u64, k in 1usize..8, power in -160i32..140,
            offset in 0i32..9, grid: bool,
        ) {
            let x = random(rows, columns, seed);
            // On a grid most distances are equal.
            let x = x.map(|x| (if grid { x.round() } else { x } + 10f64.powi(offset) - 1.0) * 10f64.powi(power));
            check(&x, k.min(rows));
            check::<f32>(&x.map(|x| (x * 10f64.powi(-power) * 10f64.powi(power / 5)) as f32), k.min(rows));
        }
    }

    #[test]
    fn more_than_a_panel_of_points() {
        check(&random(1300, 3, 1), 5);
        check::<f32>(&random(700, 40, 2).cast(), 3);
        // All at one place, but for two.
        check(&Tensor::from_fn([1200, 2], |i| if i / 2 % 700 == 650 { i as f64 } else { 3.0 }), 4);
        // One far away, which takes the others' digits: all are candidates.
        check(&Tensor::from_fn([300, 1], |i| if i == 7 { 1e30f32 } else { (i * i % 97) as f32 }), 4);
    }

    /// 100 000 points at 8 places: going through all that are as near would take 1.25 thousand million distances.
    #[test]
    fn many_points_at_few_places() {
        let x = Tensor::from_fn([100_000, 3], |i| f64::from((i / 3 * 7 % 8) as u8 >> (i % 3) & 1));
        let nearest = Neighbours::among(&x).unwrap().of_points(&Vec::from_iter(0..100_000), 3).unwrap();
        for query in 0..100_000 {
            let place = (0..).map(|turn| query % 8 + 8 * turn).filter(|&other| other != query);
            assert_eq!(nearest.row(query), Vec::from_iter(place.take(3)));
        }
    }

    #[test]
    fn values_at_the_ends_of_the_range() {
        let f64s = [1e308, -1e308, 1e200, 1e-200, 5e-324, 0.0, -5e-324, 1e-160, 2e-160, -1e154];
        check(&Tensor::from_vec([10, 1], f64s.to_vec()).unwrap().map(|x| x / 256.0), 4);
        let f32s = [1e38, -1e38, 1e20, 1e-20, 1e-45, 0.0, -1e-45, 2e-20, 3e-23, -1e19f32];
        check(&Tensor::from_vec([10, 1], f32s.to_vec()).unwrap().map(|x| x / 256.0), 4);
        // Distances that an f64 rounds to a few multiples of its smallest value, or to 0.
        for power in [-165, -162, -161, -160, -159, -155] {
            check(&random(60, 3, 5).map(|x| x * 10f64.powi(power)), 7);
        }
        check(&Tensor::from_vec([5, 1], vec![1e-45, 3e-45, 0.0, 1e-44, 2e-44f32]).unwrap(), 2);
        check(&Tensor::from_vec([3, 3], [[1e4, 1e4 + 1.0, 1e4 + 2.0]; 3].concat()).unwrap(), 2);
    }

    #[test]
    fn the_same_at_any_number_of_threads() {
        for columns in [7, 12] {
            same_in_every_pool(&random(700, columns, 3));
        }
    }

    fn same_in_every_pool(x: &Tensor<f64>) {
        let search = || Neighbours::among(x).unwrap().of_points(&Vec::from_iter(0..700), 5).unwrap();
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(search), search(), "{threads} threads");
        }
    }

    #[test]
    fn what_has_no_neighbours() {
        let x = random(3, 2, 1);
        let neighbours = Neighbours::among(&x).unwrap();
        for (k, rows) in [(0, vec![0]), (3, vec![0]), (usize::MAX, vec![])] {
            assert!(matches!(neighbours.of_points(&rows, k), Err(DataError::Setting { .. })));
        }
        assert!(neighbours.of(&x, 3).is_ok() && neighbours.of_points(&[], 2).is_ok());
        assert!(matches!(neighbours.of(&x, 4), Err(DataError::Setting { .. })));
        assert!(matches!(neighbours.of(&random(3, 3, 1), 1), Err(DataError::Shape(_))));
        assert!(matches!(Neighbours::among(&Tensor::<f32>::zeros([3])), Err(DataError::Shape(_))));
        assert!(matches!(Neighbours::among(&Tensor::<f32>::zeros([0, 3])), Err(DataError::Empty { .. })));
        assert!(matches!(Neighbours::among(&Tensor::<f32>::zeros([3, 0])), Err(DataError::Empty { .. })));
        let error = Neighbours::among(&Tensor::from([[0.0], [f64::NAN]])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column 0 of row 1: expected a finite number, got NaN; remove or impute such values first"
        );
    }
}
