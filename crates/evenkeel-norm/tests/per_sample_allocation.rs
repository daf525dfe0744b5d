//! A step allocates nothing after the first. The allocator counts for each thread, so the work runs in a pool of one thread.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use evenkeel_module::{Forward, Mode, Workspace};
use evenkeel_norm::{GroupNorm, InstanceNorm, LayerNorm, RmsNorm};
use evenkeel_tensor::{Seed, Tensor};

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
        let x = Tensor::from_fn([8, 6, 12], |i| (i % 17) as f32);
        let layers: [&dyn Forward; 5] = [
            &LayerNorm::new([12]),
            &RmsNorm::new([6, 12]),
            &GroupNorm::new(3, 6),
            &InstanceNorm::new(6),
            &LayerNorm::new([12]).without_affine(),
        ];
        let mut step = || {
            let before = ALLOCATIONS.get();
            let pass = workspace.begin(Mode::Training, Seed(0));
            let x = pass.tape().variable(x.clone());
            let y = layers.iter().fold(x, |y, layer| layer.forward(&pass, y));
            pass.backward((y * x).sum());
            workspace.finish();
            ALLOCATIONS.get() - before
        };
        assert!(step() > 0, "the counter counts");
        step();
        assert_eq!((0..5).map(|_| step()).sum::<usize>(), 0);
    });
}
