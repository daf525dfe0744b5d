//! A step allocates nothing after the first.
#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{Net, Single};
use evenkeel_module::{Mode, Workspace};
use evenkeel_optim::{AdamW, Optimizer, Schedule};
use evenkeel_tensor::Seed;

struct Counting;

thread_local! {
    /// By thread: the test harness allocates, too, in its own.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: forwards to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How much each of a few steps allocates.
fn allocations(threads: usize) -> Vec<usize> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut net = Net::<f32>::new(3);
        let mut large = Single::<f32>::new(&vec![0.5; 100_000]);
        let mut optimizer = Optimizer::new(AdamW::new(0.01))
            .schedule(Schedule::cosine(100, 0.0).warm_up(10))
            .group("*.bias", |g| g.learning_rate_factor(2.0))
            .clip_norm(0.1);
        let mut split = Optimizer::new(AdamW::new(0.01)).clip_value(0.1);
        let mut workspace = Workspace::new();
        let mut counts = vec![0; 6];
        for count in &mut counts {
            let pass = workspace.begin(Mode::Training, Seed(0));
            let parameters = net.layers.iter().flat_map(|l| [&l.weight, &l.bias]).chain([&large.weight]);
            pass.backward(parameters.map(|p| pass.parameter(p).square().sum()).reduce(|a, b| a + b).unwrap());
            let step = workspace.finish();
            let before = ALLOCATIONS.get();
            assert_eq!(optimizer.step(&mut net, &step).unwrap().updated, 6);
            assert_eq!(split.step(&mut large, &step).unwrap().updated, 1);
            *count = ALLOCATIONS.get() - before;
        }
        counts
    })
}

#[test]
fn a_step_after_the_first_allocates_nothing() {
    let counts = allocations(1);
    assert!(counts[0] > 0, "the counter counts");
    assert_eq!(counts[1..], [0; 5]);
    // With several threads, one allocates a little when it first steals work, whenever that is.
    assert_eq!(allocations(2)[1..].iter().min(), Some(&0));
}
