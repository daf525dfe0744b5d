//! Memory: readers take no more than the data are worth, and batches are filled without any.
#![allow(unsafe_code)] // A global allocator can only be written so.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;

use evenkeel_data::{Batch, Dataset, Digits, Seed, Tensor, idx};
use proptest::prelude::*;

/// Counts what the current thread allocates, so that tests do not see each other.
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
static ALLOCATOR: Counting = Counting;

/// The number of allocations of `f`, and the most bytes it holds at a time.
fn cost<R>(f: impl FnOnce() -> R) -> (usize, isize) {
    let (calls, live) = (CALLS.get(), LIVE.get());
    PEAK.set(live);
    drop(f());
    (CALLS.get() - calls, PEAK.get() - live)
}

proptest! {
    /// Whatever the header promises, a reader holds at most a few times the data and its fixed buffers.
    #[test]
    fn readers_take_what_the_data_are_worth(
        extents in prop::collection::vec(any::<u32>(), 1..3), len in 0usize..300_000,
    ) {
        let mut bytes = vec![0, 0, 0x0e, extents.len() as u8];
        bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
        bytes.resize(bytes.len() + len, 0);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let zipped = encoder.finish().unwrap();
        for source in [&bytes, &zipped] {
            let (_, peak) = cost(|| idx::read_from::<f64>(&source[..], "memory"));
            // Growing by doubling holds the old and the new buffer for a moment.
            prop_assert!(peak < 4 * bytes.len() as isize + 256 * 1024, "{} for {}", peak, bytes.len());
        }
    }
}

#[test]
fn batches_are_filled_without_allocating() {
    let digits = Digits::embedded();
    let regression = Dataset::regression(Tensor::<f32>::ones([100, 3]), Tensor::<f32>::ones([100, 2])).unwrap();
    for dataset in [digits.split_stratified(0.8, Seed(1)).unwrap().0, regression] {
        let mut epoch = dataset.batches::<f32>(60).shuffled(Seed(1)).epoch(0);
        let mut batch = Batch::default();
        epoch.fill(0, &mut batch);
        let (calls, _) = cost(|| {
            for number in 1..4 {
                epoch.restart(number);
                for position in 0..epoch.per_epoch() {
                    epoch.fill(position, &mut batch);
                }
            }
        });
        assert_eq!(calls, 0);
    }
}
