//! A step allocates nothing after the first. Alone in its binary: the allocator counts for the whole process.
#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Net, Single};
use evenkeel_module::{Mode, Workspace};
use evenkeel_optim::{AdamW, Optimizer, Schedule};
use evenkeel_tensor::Seed;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_step_after_the_first_allocates_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        // Threads set themselves up when they first run.
        rayon::broadcast(|_| ());
        let mut net = Net::<f32>::new(3);
        let mut large = Single::<f32>::new(&vec![0.5; 100_000]);
        let mut optimizer = Optimizer::new(AdamW::new(0.01))
            .schedule(Schedule::cosine(100, 0.0).warm_up(10))
            .group("*.bias", |g| g.learning_rate_factor(2.0))
            .clip_norm(0.1);
        let mut split = Optimizer::new(AdamW::new(0.01)).clip_value(0.1);
        let mut workspace = Workspace::new();
        let mut allocated = || {
            let pass = workspace.begin(Mode::Training, Seed(0));
            let parameters = net.layers.iter().flat_map(|l| [&l.weight, &l.bias]).chain([&large.weight]);
            pass.backward(parameters.map(|p| pass.parameter(p).square().sum()).reduce(|a, b| a + b).unwrap());
            let step = workspace.finish();
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            assert_eq!(optimizer.step(&mut net, &step).unwrap().updated, 6);
            assert_eq!(split.step(&mut large, &step).unwrap().updated, 1);
            ALLOCATIONS.load(Ordering::Relaxed) - before
        };
        assert!(allocated() > 0, "the counter counts");
        assert_eq!((0..5).map(|_| allocated()).sum::<usize>(), 0);
    });
}
