//! A step allocates nothing after the first. The allocator counts for each thread, so the work runs in a pool of one thread.
#![allow(unsafe_code)]

mod weight_support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use evenkeel_module::{Forward, Mode, Sequential, Workspace};
use evenkeel_norm::{LocalResponseNorm, SpectralNorm, WeightNorm, WeightStandardization};
use evenkeel_tensor::{Seed, Tensor};
use weight_support::{Affine, random};

struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

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
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| {
        let mut workspace = Workspace::<f32>::new();
        let affine = |seed| Affine::new(random::<f32>([6, 6], seed));
        let mut net = Sequential::default()
            .with(WeightNorm::new(affine(1)))
            .with(SpectralNorm::new(affine(2), Seed(3)))
            .with(LocalResponseNorm::new(3))
            .with(WeightStandardization::new(affine(4)))
            .with(WeightStandardization::scaled(affine(5), 1.0));
        let x: Tensor<f32> = random([8, 6], 6);
        let mut step = || {
            let before = ALLOCATIONS.get();
            let pass = workspace.begin(Mode::Training, Seed(0));
            let y = net.forward(&pass, pass.constant(x.clone()));
            pass.backward(y.square().sum());
            workspace.finish().commit(&mut net);
            ALLOCATIONS.get() - before
        };
        assert!(step() > 0, "the counter counts");
        step();
        assert_eq!((0..5).map(|_| step()).sum::<usize>(), 0);
    });
}
