//! Weights that belong together, and what is done with each group's Euclidean norm.

use evenkeel_tensor::kernel::{self, BLOCK};
use evenkeel_tensor::{Float, parallel};

use crate::RegularizeError;
use crate::elementwise::{Factor, norm_inside, scaled_norm};

/// Which weights form a group, of an array (out, in, kernel...).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Groups {
    /// Axis 0: all weights that lead into one output unit, or make up one filter. Of a vector each element is a group.
    #[default]
    Units,
    /// Axis 1: all weights that lead out of one input, its kernels included. For arrays of at least two axes.
    Inputs,
    /// Runs of this many neighbours in memory, whatever the axes; the last run may be shorter.
    Runs(usize),
}

/// Where the groups lie in memory.
#[derive(Clone, Copy)]
enum Layout {
    /// Runs of this length, one after another.
    Runs(usize),
    /// Rows of `row` values; group `i` is the values from `i * inner` to `(i + 1) * inner` of every row.
    Columns { row: usize, inner: usize },
}

/// Columns whose norms are computed at a time: their sums stay on the stack.
const STRIP: usize = 128;

impl Groups {
    pub(crate) fn check(self, of: &'static str) -> Result<(), RegularizeError> {
        let run = if let Groups::Runs(length) = self { length } else { 1 };
        RegularizeError::check(
            run > 0,
            of,
            "the length of runs",
            "at least 1",
            0.0,
            "give the number of weights in a group",
        )
    }

    pub(crate) fn check_shape(self, of: &'static str, shape: &[usize]) -> Result<(), RegularizeError> {
        if self == Groups::Inputs && shape.len() < 2 {
            return Err(RegularizeError::Shape {
                of,
                expected: "weights (out, in, ...), since groups are those of inputs",
                got: shape.to_vec(),
                cure: "use Groups::Units, or a pattern that leaves this parameter out",
            });
        }
        Ok(())
    }

    /// # Panics
    /// If the weights do not have this shape, or [`check`](Groups::check) or [`check_shape`](Groups::check_shape) refuse.
    #[track_caller]
    fn layout(self, of: &'static str, len: usize, shape: &[usize]) -> Layout {
        assert_eq!(len, shape.iter().product::<usize>(), "{of}: as many weights as the shape {shape:?} has");
        if let Err(error) = self.check(of).and(self.check_shape(of, shape)) {
            panic!("{error}");
        }
        let from = |axis: usize| shape[axis..].iter().product::<usize>();
        match self {
            Groups::Units => Layout::Runs(if shape.is_empty() { 1 } else { from(1) }.max(1)),
            Groups::Inputs => Layout::Columns { row: from(1), inner: from(2) },
            Groups::Runs(length) => Layout::Runs(length),
        }
    }

    /// The sum over groups of `f(norm, number of weights)`.
    #[track_caller]
    pub(crate) fn sum<F: Float>(
        self,
        of: &'static str,
        w: &[F],
        shape: &[usize],
        f: impl Fn(f64, usize) -> f64 + Sync,
    ) -> f64 {
        match self.layout(of, w.len(), shape) {
            Layout::Runs(run) => {
                let of_runs = |w: &[F]| {
                    kernel::simd(
                        #[inline(always)]
                        || w.chunks(run).map(|w| f(norm_inside(w), w.len())).sum::<f64>(),
                    )
                };
                parallel::reduce(w.len(), block(run), |r| of_runs(&w[r]), |a, b| a + b).unwrap_or(0.0)
            }
            Layout::Columns { row, inner } => {
                let size = group_size(w, row, inner);
                strips(row, inner)
                    .map(|strip| column_norms(w, row, inner, strip)[..strip.1].iter().map(|&n| f(n, size)).sum::<f64>())
                    .sum()
            }
        }
    }

    /// Gives each group the norm `target(its norm, number of weights)`, in its own direction.
    #[track_caller]
    pub(crate) fn rescale<F: Float>(
        self,
        of: &'static str,
        w: &mut [F],
        shape: &[usize],
        target: impl Fn(f64, usize) -> f64 + Sync,
    ) {
        match self.layout(of, w.len(), shape) {
            Layout::Runs(run) => parallel::chunks_mut(w, block(run), |_, w| {
                kernel::simd(
                    #[inline(always)]
                    || {
                        for w in w.chunks_mut(run) {
                            let norm = norm_inside(w);
                            let factor = Factor::new(norm, target(norm, w.len()));
                            w.iter_mut().for_each(|w| *w = factor.of(*w));
                        }
                    },
                );
            }),
            Layout::Columns { row, inner } => {
                let size = group_size(w, row, inner);
                for strip in strips(row, inner) {
                    let factors = Factors::new(column_norms(w, row, inner, strip), |norm| target(norm, size));
                    let (first, width) = (strip.0 * inner, strip.1 * inner);
                    parallel::chunks_mut(w, rows_per_block(width) * row, |_, w| {
                        kernel::simd(
                            #[inline(always)]
                            || {
                                for w in w.chunks_exact_mut(row) {
                                    factors.scale(&mut w[first..][..width], inner);
                                }
                            },
                        );
                    });
                }
            }
        }
    }

    /// Adds to `g`, for each group, its unit direction w / norm times `length(number of weights)`; nothing for zeros.
    #[track_caller]
    pub(crate) fn add_directions<F: Float>(
        self,
        of: &'static str,
        w: &[F],
        shape: &[usize],
        g: &mut [F],
        length: impl Fn(usize) -> f64 + Sync,
    ) {
        assert_eq!(w.len(), g.len(), "{of}: as many gradients as weights");
        match self.layout(of, w.len(), shape) {
            Layout::Runs(run) => parallel::chunks_mut(g, block(run), |i, g| {
                let w = &w[i * block(run)..][..g.len()];
                kernel::simd(
                    #[inline(always)]
                    || {
                        for (g, w) in g.chunks_mut(run).zip(w.chunks(run)) {
                            let factor = Factor::new(norm_inside(w), length(w.len()));
                            g.iter_mut().zip(w).for_each(|(g, &w)| *g += factor.of(w));
                        }
                    },
                );
            }),
            Layout::Columns { row, inner } => {
                let length = length(group_size(w, row, inner));
                for strip in strips(row, inner) {
                    let factors = Factors::new(column_norms(w, row, inner, strip), |_| length);
                    let (first, width, rows) = (strip.0 * inner, strip.1 * inner, rows_per_block(strip.1 * inner));
                    parallel::chunks_mut(g, rows * row, |i, g| {
                        let w = &w[i * rows * row..][..g.len()];
                        kernel::simd(
                            #[inline(always)]
                            || {
                                for (g, w) in g.chunks_exact_mut(row).zip(w.chunks_exact(row)) {
                                    factors.add(&w[first..][..width], &mut g[first..][..width], inner);
                                }
                            },
                        );
                    });
                }
            }
        }
    }
}

/// The factors of a strip's groups, apart, so that rows of single values are multiplied in vectors.
struct Factors<F> {
    first: [F; STRIP],
    second: [F; STRIP],
}

impl<F: Float> Factors<F> {
    fn new(norms: [f64; STRIP], target: impl Fn(f64) -> f64) -> Self {
        let factors = norms.map(|norm| Factor::new(norm, target(norm)));
        Self { first: factors.map(|f| f.0), second: factors.map(|f| f.1) }
    }

    /// Multiplies a strip's part of a row.
    #[inline(always)]
    fn scale(&self, w: &mut [F], inner: usize) {
        let factors = self.first.iter().zip(&self.second);
        if inner == 1 {
            w.iter_mut().zip(factors).for_each(|(w, (&a, &b))| *w = *w * a * b);
        } else {
            for (w, (&a, &b)) in w.chunks_exact_mut(inner).zip(factors) {
                w.iter_mut().for_each(|w| *w = *w * a * b);
            }
        }
    }

    /// Adds the products of a strip's part of a row to `g`.
    #[inline(always)]
    fn add(&self, w: &[F], g: &mut [F], inner: usize) {
        let factors = self.first.iter().zip(&self.second);
        if inner == 1 {
            g.iter_mut().zip(w).zip(factors).for_each(|((g, &w), (&a, &b))| *g += w * a * b);
        } else {
            for ((g, w), (&a, &b)) in g.chunks_exact_mut(inner).zip(w.chunks_exact(inner)).zip(factors) {
                g.iter_mut().zip(w).for_each(|(g, &w)| *g += w * a * b);
            }
        }
    }
}

/// Values in a block of whole runs.
fn block(run: usize) -> usize {
    (BLOCK / run).max(1) * run
}

fn rows_per_block(width: usize) -> usize {
    (BLOCK / width.max(1)).max(1)
}

/// The number of weights in a column's group.
fn group_size<F>(w: &[F], row: usize, inner: usize) -> usize {
    w.len().checked_div(row).unwrap_or(0) * inner
}

/// Strips of neighbouring groups: the first group, and how many. None if there are no weights.
fn strips(row: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    let groups = row.checked_div(inner).unwrap_or(0);
    (0..groups).step_by(STRIP).map(move |first| (first, STRIP.min(groups - first)))
}

/// The norms of a strip's groups, summed in `f64` over fixed blocks of rows.
fn column_norms<F: Float>(w: &[F], row: usize, inner: usize, (first, groups): (usize, usize)) -> [f64; STRIP] {
    let squares = |w: &[F]| {
        kernel::simd(
            #[inline(always)]
            move || {
                let mut sums = [0.0; STRIP];
                for w in w.chunks_exact(row) {
                    let w = &w[first * inner..][..groups * inner];
                    let square = |w: F| w.to_f64() * w.to_f64();
                    if inner == 1 {
                        sums.iter_mut().zip(w).for_each(|(sum, &w)| *sum += square(w));
                    } else {
                        for (sum, w) in sums.iter_mut().zip(w.chunks_exact(inner)) {
                            *sum += w.iter().map(|&w| square(w)).sum::<f64>();
                        }
                    }
                }
                sums
            },
        )
    };
    let add = |a: [f64; STRIP], b: [f64; STRIP]| std::array::from_fn(|i| a[i] + b[i]);
    let rows = rows_per_block(groups * inner);
    let sums = parallel::reduce(w.len(), rows * row, |r| squares(&w[r]), add).unwrap_or([0.0; STRIP]);
    std::array::from_fn(|i| {
        // Far from where squares of `f64` overflow or vanish; beyond the last group there is nothing to look at.
        if i >= groups || (1e-280..1e280).contains(&sums[i]) {
            return sums[i].sqrt();
        }
        let group = w.chunks_exact(row).flat_map(|w| &w[(first + i) * inner..][..inner]);
        scaled_norm(group.map(|w| w.to_f64()))
    })
}
