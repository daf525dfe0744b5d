//! The result of resampling, and how rows are chosen and made.

use evenkeel_tensor::kernel::{self, simd};
use evenkeel_tensor::{Float, Seed, Tensor, parallel};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::problem::Problem;
use crate::DataError;

/// Resampled training data, and where each of its rows comes from.
///
/// The first rows are given ones, unchanged: row i is row `rows[i]` of what was given. The others are synthetic: row
/// `rows.len() + j` is made from `made[j]`. So nothing but the given rows can be in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resampled<F: Float = f32> {
    /// The features (N', D).
    pub inputs: Tensor<F>,
    /// The class of each row.
    pub labels: Vec<u32>,
    /// Which of the given rows the first rows are.
    pub rows: Vec<usize>,
    /// What each of the other rows is made from.
    pub made: Vec<Parents>,
}

/// What a synthetic row is made from: it lies between two given rows, at (1 - t) a + t b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parents {
    /// The given row a, of the synthetic row's class.
    pub row: usize,
    /// The given row b, a neighbour of a.
    pub neighbour: usize,
    /// t, from 0 to below 1.
    pub step: f64,
}

impl<F: Float> Resampled<F> {
    /// Given rows alone.
    pub(super) fn of_rows(problem: &Problem<'_, F>, rows: Vec<usize>) -> Self {
        let labels = rows.iter().map(|&row| problem.labels[row]).collect();
        Self { inputs: problem.x.index_select(0, &rows), labels, rows, made: Vec::new() }
    }

    /// The rows at `kept` of this, which rise.
    pub(super) fn keep(&self, kept: &[usize]) -> Self {
        let (given, made) = kept.split_at(kept.partition_point(|&row| row < self.rows.len()));
        Self {
            inputs: self.inputs.index_select(0, kept),
            labels: kept.iter().map(|&row| self.labels[row]).collect(),
            rows: given.iter().map(|&row| self.rows[row]).collect(),
            made: made.iter().map(|&row| self.made[row - self.rows.len()]).collect(),
        }
    }
}

/// Synthetic rows to be made, class by class.
#[derive(Default)]
pub(super) struct Synthesis {
    labels: Vec<u32>,
    made: Vec<Parents>,
}

impl Synthesis {
    /// Adds `count` rows of `class`. Row i lies between the pair of given rows that `pick(i, rng)` names, at a step
    /// uniform from 0 to below the third number that it gives.
    pub(super) fn add(
        &mut self,
        problem: &Problem<'_, impl Float>,
        (class, count): (usize, usize),
        seed: Seed,
        pick: impl Fn(usize, &mut ChaCha8Rng) -> (usize, usize, f64) + Sync,
    ) -> Result<(), DataError> {
        // A generator for each block, so that threads do not matter.
        const BLOCK: usize = 1024;
        let first = self.made.len();
        problem.reserve(&mut self.made, count)?;
        self.made.resize(first + count, Parents { row: 0, neighbour: 0, step: 0.0 });
        let seed = seed.stream("synthesis").at(class as u64);
        parallel::chunks_mut(&mut self.made[first..], BLOCK, |block, made| {
            let mut rng = seed.at(block as u64).rng();
            for (i, parents) in made.iter_mut().enumerate() {
                let (row, neighbour, reach) = pick(block * BLOCK + i, &mut rng);
                *parents = Parents { row, neighbour, step: reach * rng.random::<f64>() };
            }
        });
        self.labels.resize(first + count, class as u32);
        Ok(())
    }

    /// The given rows, followed by the made ones; `fix(parents, row)` may change a made row in the end.
    pub(super) fn finish<F: Float>(
        self,
        problem: &Problem<'_, F>,
        fix: impl Fn(&Parents, &mut [F]) + Sync,
    ) -> Result<Resampled<F>, DataError> {
        let (given, width) = (problem.labels.len(), problem.width);
        let made = self.made.len();
        // Whether there is room is asked first: what follows does not return where there is none.
        problem.reserve(&mut Vec::<F>::new(), made.saturating_add(given).saturating_mul(width))?;
        let mut inputs = Tensor::zeros([given + made, width]);
        let block = kernel::BLOCK.div_ceil(width);
        parallel::chunks_mut(inputs.as_mut_slice(), block * width, |b, out| {
            for (row, out) in (b * block..).zip(out.chunks_exact_mut(width)) {
                if row < given {
                    out.copy_from_slice(problem.row(row));
                    continue;
                }
                let parents = &self.made[row - given];
                between(problem.row(parents.row), problem.row(parents.neighbour), F::from_f64(parents.step), out);
                fix(parents, out);
            }
        });
        Ok(Resampled {
            inputs,
            labels: [problem.labels, &self.labels].concat(),
            rows: (0..given).collect(),
            made: self.made,
        })
    }
}

/// (1 - t) a + t b, which cannot overflow; held between a and b against rounding, so that what is equal in both stays.
fn between<F: Float>(a: &[F], b: &[F], t: F, out: &mut [F]) {
    simd(
        #[inline(always)]
        move || {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                let (low, high) = if a < b { (a, b) } else { (b, a) };
                let x = (F::ONE - t) * a + t * b;
                let x = if x < low { low } else { x };
                *out = if x > high { high } else { x };
            }
        },
    );
}
