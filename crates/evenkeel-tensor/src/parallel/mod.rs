//! Work split into fixed blocks: the same bits at any thread count.
//!
//! Blocks depend on the data's length alone, never on the number of threads, and reductions combine
//! block results along a fixed binary tree. Inside a rayon pool a split costs tens of nanoseconds;
//! from outside tens of microseconds, so let a whole training step run inside [`install`]. Threads stay awake
//! for 200 µs after a split ([`join`]), which spares most steps the waking of any.

mod join;
mod strip;

pub use join::join;
pub use strip::{Strip, strips_mut, strips_mut2};

use std::ops::Range;

/// Runs `f` inside the current rayon pool, so that the splits in it are cheap.
pub fn install<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    // A join's first arm runs on a pool thread; where we already are on one, nothing moves.
    join(f, || ()).0
}

/// Calls `f` with each block of `0..len`, blocks of `block` (the last may be shorter).
pub fn for_blocks(len: usize, block: usize, f: impl Fn(Range<usize>) + Sync) {
    let block = block.max(1);
    for_each(len.div_ceil(block), &|b| f(b * block..((b + 1) * block).min(len)));
}

/// Calls `f` with each number below `n`. Compiled once for all functions, as everything here that meets rayon is.
fn for_each(n: usize, f: &(dyn Fn(usize) + Sync)) {
    fn split(tasks: Range<usize>, f: &(dyn Fn(usize) + Sync)) {
        if tasks.len() == 1 {
            return f(tasks.start);
        }
        let middle = tasks.start + tasks.len() / 2;
        join(|| split(tasks.start..middle, f), || split(middle..tasks.end, f));
    }
    if n <= 1 || rayon::current_num_threads() == 1 {
        (0..n).for_each(f);
    } else {
        split(0..n, f);
    }
}

/// Calls `f(index, chunk)` with each chunk of `data`, chunks of `chunk` elements (the last may be shorter).
pub fn chunks_mut<T: Send>(data: &mut [T], chunk: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let len = data.len();
    strips_mut(data, len, chunk.max(1), |i, mut chunk| f(i, chunk.row(0)));
}

/// As [`chunks_mut`], over two arrays in step: chunk `i` of `a` (of `chunk_a` elements) meets chunk `i` of `b`.
///
/// # Panics
/// If the arrays do not have the same number of chunks.
pub fn chunks_mut2<A: Send, B: Send>(
    a: &mut [A],
    chunk_a: usize,
    b: &mut [B],
    chunk_b: usize,
    f: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    let (len_a, len_b, chunk_a, chunk_b) = (a.len(), b.len(), chunk_a.max(1), chunk_b.max(1));
    assert_eq!(len_a.div_ceil(chunk_a), len_b.div_ceil(chunk_b), "chunks_mut2: as many chunks in both");
    strips_mut2((a, len_a, chunk_a), (b, len_b, chunk_b), |i, mut a, mut b| f(i, a.row(0), b.row(0)));
}

/// Combines `map` of each block of `0..len` along a binary tree that depends on `len` and `block` alone.
/// `None` if `len` is 0.
pub fn reduce<R: Send>(
    len: usize,
    block: usize,
    map: impl Fn(Range<usize>) -> R + Sync,
    combine: impl Fn(R, R) -> R + Sync,
) -> Option<R> {
    fn recurse<R: Send>(
        blocks: Range<usize>,
        map: &(dyn Fn(usize) -> R + Sync),
        combine: &(dyn Fn(R, R) -> R + Sync),
    ) -> R {
        if blocks.len() == 1 {
            return map(blocks.start);
        }
        let middle = blocks.start + blocks.len() / 2;
        let (first, second) = (blocks.start..middle, middle..blocks.end);
        let (left, right) = if rayon::current_num_threads() == 1 {
            (recurse(first, map, combine), recurse(second, map, combine))
        } else {
            join(|| recurse(first, map, combine), || recurse(second, map, combine))
        };
        combine(left, right)
    }
    let block = block.max(1);
    let blocks = len.div_ceil(block);
    (blocks > 0).then(|| recurse(0..blocks, &|b| map(b * block..((b + 1) * block).min(len)), &combine))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// The result of `f` in pools of 1, 2, 3 and 7 threads, which must be the same.
    fn in_every_pool<R: Send + PartialEq + std::fmt::Debug>(f: impl Fn() -> R + Sync) -> R {
        let in_pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(&f);
        let one = in_pool(1);
        for threads in [2, 3, 7] {
            assert_eq!(in_pool(threads), one, "{threads} threads");
        }
        one
    }

    /// Values whose sum depends on the order of the additions.
    fn rough(i: usize) -> f32 {
        (i as f32 * 0.37).sin() * 10f32.powi((i % 9) as i32 - 4)
    }

    #[test]
    fn reduce_has_one_tree() {
        for len in [0, 1, 7, 64, 1000, 12_345] {
            let sum = |block| {
                in_every_pool(|| reduce(len, block, |r| r.map(rough).sum::<f32>(), |a, b| a + b).map(f32::to_bits))
            };
            assert_eq!(sum(64).is_none(), len == 0);
            assert_eq!(sum(0), sum(1), "a block of 0 counts as 1");
        }
        // The test can fail: another tree gives other bits.
        let tree = reduce(12_345, 64, |r| r.map(rough).sum::<f32>(), |a, b| a + b).unwrap();
        assert_ne!(tree.to_bits(), (0..12_345).map(rough).sum::<f32>().to_bits());
    }

    #[test]
    fn chunks_cover_the_data_once() {
        for (len, chunk) in [(0, 4), (1, 4), (4, 4), (5, 4), (1001, 10), (3, 0)] {
            let numbered = in_every_pool(|| {
                let mut data = vec![0; len];
                chunks_mut(&mut data, chunk, |i, part| {
                    part.iter_mut().enumerate().for_each(|(j, x)| *x += 1 + i * chunk.max(1) + j)
                });
                data
            });
            assert_eq!(numbered, (1..=len).collect::<Vec<_>>());
        }
    }

    #[test]
    fn paired_chunks_meet() {
        let pairs = in_every_pool(|| {
            let (mut a, mut b) = (vec![0; 1000], vec![0; 100]);
            chunks_mut2(&mut a, 30, &mut b, 3, |i, a, b| {
                a.fill(i);
                b.fill(i + a.len());
            });
            (a, b)
        });
        assert!(pairs.0.iter().enumerate().all(|(k, &i)| i == k / 30));
        assert!(pairs.1.iter().enumerate().all(|(k, &i)| i == k / 3 + if k == 99 { 10 } else { 30 }));
    }

    #[test]
    #[should_panic(expected = "as many chunks in both")]
    fn chunks_that_do_not_pair_panic() {
        chunks_mut2(&mut [0; 4], 1, &mut [0; 4], 2, |_, _: &mut [i32], _: &mut [i32]| {});
    }

    #[test]
    fn blocks_are_those_of_the_length() {
        for (len, block) in [(0, 3), (10, 3), (9, 3), (2, 0)] {
            let blocks = in_every_pool(|| {
                let seen = Mutex::new(Vec::new());
                for_blocks(len, block, |r| seen.lock().unwrap().push((r.start, r.end)));
                let mut seen = seen.into_inner().unwrap();
                seen.sort_unstable();
                seen
            });
            let block = block.max(1);
            assert_eq!(blocks, (0..len).step_by(block).map(|s| (s, (s + block).min(len))).collect::<Vec<_>>());
        }
    }

    #[test]
    fn installed_work_runs_in_the_pool() {
        assert!(install(|| rayon::current_thread_index().is_some()));
    }
}
