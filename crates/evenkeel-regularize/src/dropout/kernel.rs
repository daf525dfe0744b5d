//! Keeping or dropping, on slices.

use std::ops::Range;

use evenkeel_tensor::random::Bernoulli;
use evenkeel_tensor::{Float, kernel, parallel};

/// Elements per task: several blocks of decisions, which share the work of a batch of random words.
const TASK: usize = 4 * Bernoulli::BLOCK;

/// y = scale x + shift where the decision is true, else `dropped`; decision i is for the `share` values of `x` from i `share` on.
///
/// What is dropped does not matter, be it infinite or NaN.
pub(super) fn select<F: Float>(decisions: &Bernoulli, share: usize, x: &[F], y: &mut [F], constants: [F; 3]) {
    assert_eq!(x.len(), y.len(), "select: lengths");
    parallel::chunks_mut(y, TASK, |task, y| {
        let first = task * TASK;
        let x = &x[first..][..y.len()];
        if share == 1 {
            let blocks = blocks_of(first..first + y.len());
            decisions.for_each_block(blocks, |block, bits| {
                let at = block as usize * Bernoulli::BLOCK - first;
                let len = Bernoulli::BLOCK.min(y.len() - at);
                select_each(bits, &x[at..][..len], &mut y[at..][..len], constants);
            });
        } else {
            select_runs(decisions, share, first, x, y, constants);
        }
    });
}

/// The blocks in which these decisions lie.
fn blocks_of(decisions: Range<usize>) -> Range<u64> {
    (decisions.start / Bernoulli::BLOCK) as u64..decisions.end.div_ceil(Bernoulli::BLOCK) as u64
}

/// One decision a value.
fn select_each<F: Float>(bits: &[u32], x: &[F], y: &mut [F], [scale, shift, dropped]: [F; 3]) {
    kernel::simd(
        #[inline(always)]
        move || {
            let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<32>(), y.as_chunks_mut::<32>());
            for ((x, y), &word) in xs.iter().zip(ys).zip(bits) {
                for i in 0..32 {
                    y[i] = if word & 1 << i != 0 { scale * x[i] + shift } else { dropped };
                }
            }
            let Some(&word) = bits.get(xs.len()) else { return };
            for (i, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
                *y = if word >> i & 1 == 1 { scale * *x + shift } else { dropped };
            }
        },
    );
}

/// One decision for each run of `share` values; `x` and `y` begin at value `first` of all.
fn select_runs<F: Float>(decisions: &Bernoulli, share: usize, first: usize, x: &[F], y: &mut [F], constants: [F; 3]) {
    let last = first + y.len();
    let runs = first / share..last.div_ceil(share);
    decisions.for_each_block(blocks_of(runs.clone()), |block, bits| {
        let start = block as usize * Bernoulli::BLOCK;
        for run in runs.start.max(start)..runs.end.min(start + Bernoulli::BLOCK) {
            let values = (run * share).max(first) - first..((run + 1) * share).min(last) - first;
            let (x, y) = (&x[values.clone()], &mut y[values]);
            let [scale, shift, dropped] = constants;
            if bits[(run - start) / 32] >> (run % 32) & 1 == 1 {
                kernel::simd(
                    #[inline(always)]
                    move || y.iter_mut().zip(x).for_each(|(y, &x)| *y = scale * x + shift),
                );
            } else {
                y.fill(dropped);
            }
        }
    });
}
