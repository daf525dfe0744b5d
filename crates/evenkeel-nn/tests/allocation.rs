//! A step allocates nothing after the first. The allocator counts for each thread, so the work runs in a pool of one thread;
//! with more, rayon's queues may grow at any time, which is not the step's doing.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use evenkeel_init::XavierUniform;
use evenkeel_module::{Forward, Mode, ModuleExt, Workspace, sequential};
use evenkeel_nn::{
    AvgPool2d, Conv1d, Conv2d, CrossEntropy, Flatten, Gelu, GlobalAvgPool, Linear, MaxPool2d, Parallel, Relu, Residual,
    Softplus,
};
use evenkeel_tensor::{Seed, Tensor};

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
    let net = sequential![
        Conv2d::new(3, 8, 3).with_padding(1).with_stride(2),
        Relu,
        Residual::new(Conv2d::new(8, 8, 3).with_padding(1).with_groups(2)),
        MaxPool2d::new(2),
        Parallel::summed().with(Conv2d::new(8, 8, 1)).with(AvgPool2d::new(3).with_stride(1).with_padding(1)),
        Gelu,
        Softplus::default(),
        Residual::new(GlobalAvgPool).with_shortcut(sequential![Flatten, Linear::new(8 * 16, 8)]),
        Linear::new(8, 4),
    ];
    let net = net.initialize(XavierUniform::default(), Seed(1)).unwrap();
    let sequence = Conv1d::new(2, 4, 3).initialize(XavierUniform::default(), Seed(1)).unwrap();
    let (images, signals) = (Tensor::<f32>::ones([5, 3, 16, 16]), Tensor::ones([5, 2, 30]));
    let labels = Tensor::from_vec([5], vec![3, 0, 1, 2, 1]).unwrap();
    let loss = CrossEntropy::default();
    let mut workspace = Workspace::new();
    let mut step = || {
        let before = allocations();
        let pass = workspace.begin(Mode::Training, Seed(0));
        let logits = net.forward(&pass, pass.constant(images.clone()));
        let sequences = sequence.forward(&pass, pass.constant(signals.clone()));
        pass.backward(loss.loss(logits, &labels) + sequences.square().mean());
        let done = workspace.finish();
        let learns = |weight: &evenkeel_module::Parameter| done.with_gradient(weight, |g| g.iter().any(|g| *g != 0.0));
        assert!(learns(sequence.weight()).unwrap());
        net.for_each_parameter(|_, parameter| assert!(learns(parameter).is_some()));
        allocations() - before
    };
    assert!(step() > 0, "the counter counts");
    step();
    assert_eq!((0..5).map(|_| step()).sum::<usize>(), 0);
}
