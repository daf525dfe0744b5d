//! A step allocates nothing after the first. Alone in its binary: the allocator counts for the whole process.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_autograd::Tape;
use evenkeel_tensor::Tensor;

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
fn a_step_that_repeats_the_last_allocates_nothing() {
    let mut tape = Tape::<f32>::new();
    let x = Tensor::ones([32, 50]);
    let w = Tensor::full([20, 50], 0.01);
    let b = Tensor::zeros([20]);
    let labels = Tensor::full([32], 3u32);
    let mut step = || {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let (w, b) = (tape.variable(w.clone()), tape.variable(b.clone()));
        let h = tape.constant(x.clone()).linear(w, Some(b));
        let loss = (h.sigmoid() * h + h.tanh() * 0.5).cross_entropy(labels.clone());
        tape.backward(loss);
        assert!(tape.with_gradient(w, |g| g.iter().any(|g| *g != 0.0)).unwrap());
        tape.reset();
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    assert!(step() > 0, "the counter counts");
    step();
    assert_eq!((0..5).map(|_| step()).sum::<usize>(), 0);
}
