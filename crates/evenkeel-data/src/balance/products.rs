//! Nearest neighbours in many dimensions.

use evenkeel_tensor::Float;
use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
use evenkeel_tensor::kernel::simd;

/// Points that a block of queries is compared with at a time: their products fit the second-level cache.
const POINTS: usize = 512;
/// Points that are held against the bound at once, and after how many the bound may change.
const LANES: usize = 16;
const SCAN: usize = 128;

/// Points prepared for |a|² + |b|² - 2ab by matrix products.
///
/// The products are of the data less their column means, and leave a few candidates for each query: all those that may
/// be among the nearest within a bound of the rounding error. These are then compared exactly.
#[derive(Clone, Debug)]
pub(super) struct Products<F> {
    columns: usize,
    /// What the points are multiplied by, and then lessened by: see `scale`.
    scale: F,
    means: Vec<F>,
    centred: Vec<F>,
    /// The squared norm of each centred point, lowered and raised by the error bound.
    lowered: Vec<F>,
    raised: Vec<F>,
}

impl<F: Float> Products<F> {
    pub(super) fn new(points: &[F], columns: usize) -> Self {
        let scale = scale(points);
        let mut means = vec![F::ZERO; columns];
        for row in points.chunks_exact(columns) {
            means.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x * scale);
        }
        let n = F::from_usize(points.len() / columns);
        means.iter_mut().for_each(|mean| *mean /= n);
        let mut this = Self { columns, scale, means, centred: vec![], lowered: vec![], raised: vec![] };
        this.centred = this.centre(points);
        let (slack, underflow) = (slack::<F>(columns), underflow(columns, scale));
        let norms = || this.centred.chunks_exact(columns).map(squared_norm);
        let lowered = norms().map(|norm| norm - (slack * norm + underflow)).collect();
        let raised = norms().map(|norm| norm + (slack * norm + underflow)).collect();
        Self { lowered, raised, ..this }
    }

    /// The values scaled, less the means of the points.
    fn centre(&self, values: &[F]) -> Vec<F> {
        let mut centred = values.to_vec();
        for row in centred.chunks_exact_mut(self.columns) {
            row.iter_mut().zip(&self.means).for_each(|(x, &mean)| *x = *x * self.scale - mean);
        }
        centred
    }

    /// Fills `found` with the `k` nearest of `points` to each query but `own`, as (squared distance, point), nearest
    /// first.
    pub(super) fn search(
        &self,
        points: &[F],
        queries: &[F],
        own: Option<&[usize]>,
        k: usize,
        found: &mut [(f64, usize)],
    ) {
        let columns = self.columns;
        let centred = self.centre(queries);
        let mut candidates: Vec<Candidates<F>> = centred
            .chunks_exact(columns)
            .map(|query| Candidates::new(k + usize::from(own.is_some()), slack::<F>(columns) * squared_norm(query)))
            .collect();
        self.collect(&centred, &mut candidates);
        for (i, (candidates, found)) in candidates.iter_mut().zip(found.chunks_exact_mut(k)).enumerate() {
            candidates.shrink(&self.lowered, &self.raised);
            let query = &queries[i * columns..][..columns];
            let itself = own.map(|own| own[i]);
            let nearest_of = |all: &mut dyn Iterator<Item = usize>| {
                let others = all.filter(|&j| Some(j) != itself);
                let mut exact: Vec<_> =
                    others.map(|j| (squared_distance(query, &points[j * columns..][..columns]), j)).collect();
                exact.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                exact
            };
            let mut exact = nearest_of(&mut candidates.near.iter().map(|&(_, j)| j));
            if exact[k - 1].0.is_infinite() {
                // The squares overflow where the scaled ones tell more: all that are infinitely far are equally far.
                exact = nearest_of(&mut (0..self.lowered.len()));
            }
            found.copy_from_slice(&exact[..k]);
        }
    }

    /// Shows all points to the candidates of a block of queries.
    fn collect(&self, queries: &[F], candidates: &mut [Candidates<F>]) {
        let (rows, columns) = (candidates.len(), self.columns);
        let mut products = vec![F::ZERO; rows * POINTS.min(self.lowered.len())];
        for (panel, points) in self.centred.chunks(POINTS * columns).enumerate() {
            let (first, width) = (panel * POINTS, points.len() / columns);
            let products = &mut products[..rows * width];
            let points = Matrix::new(points, width, columns).t();
            matmul(Matrix::new(queries, rows, columns), points, products, Write::Overwrite);
            for (products, candidates) in products.chunks_exact(width).zip(&mut *candidates) {
                candidates.add(first, products, &self.lowered, &self.raised);
            }
        }
    }
}

/// The points that may be among the k nearest of a query.
///
/// Of each point, |b|² - 2ab is known up to an error e = slack (|a|² + |b|²): at least `low` = that less e, at most
/// that plus e. The k-th smallest of the upper ends bounds the k-th smallest distance, so who has a `low` above it is
/// not among the nearest.
struct Candidates<F> {
    near: Vec<(F, usize)>,
    k: usize,
    /// The error's share that is the query's own.
    error: F,
    /// No candidate has a lower end above this.
    bound: F,
    capacity: usize,
}

impl<F: Float> Candidates<F> {
    fn new(k: usize, error: F) -> Self {
        let capacity = 4 * k + 4 * LANES;
        Self { near: Vec::with_capacity(capacity), k, error, bound: F::INFINITY, capacity }
    }

    /// Adds the points from `first` on, of which `products` holds ab; `lowered` and `raised` hold all points' |b|² less
    /// and plus their part of the error.
    fn add(&mut self, first: usize, products: &[F], lowered: &[F], raised: &[F]) {
        for (chunk, products) in products.chunks(SCAN).enumerate() {
            let first = first + chunk * SCAN;
            let norms = &lowered[first..][..products.len()];
            let near = &mut self.near;
            let bound = self.bound;
            simd(
                #[inline(always)]
                move || {
                    for (lane, (products, norms)) in products.chunks(LANES).zip(norms.chunks(LANES)).enumerate() {
                        let lows = products.iter().zip(norms).map(|(&product, &norm)| norm - (product + product));
                        // Without a branch, so in vectors; there is seldom any.
                        if lows.clone().fold(false, |any, low| any | is_near(low, bound)) {
                            let lows = lows.zip(first + lane * LANES..);
                            near.extend(lows.filter(|&(low, _)| is_near(low, bound)));
                        }
                    }
                },
            );
            if self.near.len() >= self.capacity {
                self.shrink(lowered, raised);
                // Where many are equally near, they are not gone through again and again.
                self.capacity = self.capacity.max(2 * self.near.len());
            }
        }
    }

    /// Drops who cannot be among the nearest.
    fn shrink(&mut self, lowered: &[F], raised: &[F]) {
        if self.near.len() <= self.k {
            return;
        }
        let upper = |&(low, j): &(F, usize)| if low.is_nan() { F::INFINITY } else { low + (raised[j] - lowered[j]) };
        let mut uppers: Vec<F> = self.near.iter().map(upper).collect();
        let (_, kth, _) = uppers.select_nth_unstable_by(self.k - 1, |a, b| a.partial_cmp(b).expect("no NaN"));
        let bound = *kth + self.error + self.error;
        // An infinite error less an infinite value is none.
        self.bound = if bound.is_nan() { F::INFINITY } else { bound };
        let bound = self.bound;
        self.near.retain(|&(low, _)| is_near(low, bound));
    }
}

/// Written so that what is not a number, from queries whose squares overflow, counts as near.
#[inline(always)]
#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN is not above the bound")]
fn is_near<F: Float>(low: F, bound: F) -> bool {
    !(low > bound)
}

/// The share of |a|² + |b|² by which |b|² - 2ab, computed from rounded, centred values, may be wrong: D products and
/// sums each for the norm and the product, of 2 |a| |b| <= |a|² + |b|², and a few roundings for centring and
/// subtracting; doubled.
fn slack<F: Float>(columns: usize) -> F {
    F::from_usize(4 * columns + 32) * F::EPSILON
}

/// By how much it may be wrong besides, where squares underflow: those of the scaled data, which is next to nothing, and those
/// of the exact distances, in f64, of data as they were.
fn underflow<F: Float>(columns: usize, scale: F) -> F {
    let scaled = F::EPSILON * F::EPSILON * F::EPSILON * F::EPSILON * F::EPSILON;
    let exact = f64::from_bits(1) * scale.to_f64() * scale.to_f64();
    F::from_usize(columns) * scaled.max(F::from_f64(exact))
}

fn squared_norm<F: Float>(row: &[F]) -> F {
    row.iter().fold(F::ZERO, |sum, &x| sum + x * x)
}

/// The power of two that brings the values to below about 1, where squares neither overflow nor matter when they
/// underflow. A power of two, so that nothing is rounded.
fn scale<F: Float>(values: &[F]) -> F {
    let largest = values.iter().fold(F::ZERO, |largest, x| largest.max(x.abs())).to_f64();
    // The ends of the float's range must not be reached; upwards, not by the square either: see `underflow`.
    let (down, up) = if size_of::<F>() == size_of::<f32>() { (-100.0, 100.0) } else { (-1000.0, 500.0) };
    if largest == 0.0 { F::ONE } else { F::from_f64((-largest.log2().ceil()).clamp(down, up).exp2()) }
}

/// Σ (aⱼ - bⱼ)² in f64, in the order of the columns.
fn squared_distance<F: Float>(a: &[F], b: &[F]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| {
        let difference = a.to_f64() - b.to_f64();
        difference * difference
    });
    squares.fold(0.0, |sum, square| sum + square)
}
