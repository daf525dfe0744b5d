//! What the workspace's tests share: an allocator that counts.
//!
//! A test program that uses this crate allocates through it. It counts for each thread, so tests do not see each other.
#![allow(unsafe_code)] // A global allocator can only be written so.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn change(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

// SAFETY: forwards to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        change(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        change(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often this thread has allocated so far.
pub fn allocations() -> usize {
    CALLS.get()
}

/// What a piece of work took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// How often it allocated.
    pub allocations: usize,
    /// The most bytes it held at a time.
    pub peak: isize,
}

/// The cost of `work` on this thread.
pub fn cost<R>(work: impl FnOnce() -> R) -> Cost {
    let (calls, live) = (CALLS.get(), LIVE.get());
    PEAK.set(live);
    drop(work());
    Cost { allocations: CALLS.get() - calls, peak: PEAK.get() - live }
}

/// Repeats `step`, and fails if it allocates after its first two runs. In a pool of one thread: with more, rayon's queues may grow
/// at any time, which is not the step's doing.
#[track_caller]
pub fn assert_repeats_without_allocating(step: impl FnMut() + Send) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    let counts = pool.install(move || {
        let mut step = step;
        [(); 7].map(|()| cost(&mut step).allocations)
    });
    assert!(counts[0] > 0, "the first run allocates, or nothing is counted");
    assert_eq!(counts[2..], [0; 5], "allocations by run, from the third on");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_counted() {
        let kept = Vec::<u8>::with_capacity(100);
        let cost = cost(|| drop((Vec::<u8>::with_capacity(1000), Vec::<u8>::with_capacity(500))));
        assert_eq!((cost.allocations, cost.peak), (2, 1500));
        drop(kept);
    }

    #[test]
    #[should_panic(expected = "allocations by run")]
    fn a_step_that_allocates_fails() {
        assert_repeats_without_allocating(|| drop(vec![0u8; 10]));
    }
}
