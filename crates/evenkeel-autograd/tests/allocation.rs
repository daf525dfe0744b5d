//! A step allocates nothing after the first. The allocator counts for each thread, so the work runs in a pool of one thread;
//! with more, rayon's queues may grow at any time, which is not the step's doing.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use evenkeel_autograd::Tape;
use evenkeel_tensor::Tensor;

struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

fn allocations() -> usize {
    ALLOCATIONS.get()
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

#[test]
fn a_step_that_repeats_the_last_allocates_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(repeat_a_step);
}

fn repeat_a_step() {
    let mut tape = Tape::<f32>::new();
    let x = Tensor::ones([32, 50]);
    let w = Tensor::full([20, 50], 0.01);
    let b = Tensor::zeros([20]);
    let labels = Tensor::full([32], 3u32);
    let mut step = || {
        let before = allocations();
        let (w, b) = (tape.variable(w.clone()), tape.variable(b.clone()));
        let h = tape.constant(x.clone()).linear(w, Some(b));
        let loss = (h.sigmoid() * h + h.tanh() * 0.5).cross_entropy(labels.clone());
        tape.backward(loss);
        assert!(tape.with_gradient(w, |g| g.iter().any(|g| *g != 0.0)).unwrap());
        tape.reset();
        allocations() - before
    };
    assert!(step() > 0, "the counter counts");
    step();
    assert_eq!((0..5).map(|_| step()).sum::<usize>(), 0);
}
