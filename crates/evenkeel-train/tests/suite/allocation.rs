//! A training step allocates nothing after the first. The allocator counts for each thread, so the work runs in a pool of one thread;
//! with more, rayon's queues may grow at any time, which is not the step's doing.

use evenkeel_data::Digits;
use evenkeel_init::XavierUniform;
use evenkeel_module::{Forward, ModuleExt, sequential};
use evenkeel_nn::{CrossEntropy, Linear, Relu, Sigmoid};
use evenkeel_norm::BatchNorm;
use evenkeel_optim::{Adam, Optimizer, Sgd};
use evenkeel_regularize::{L1, L2, MaxNorm, Regularizer};
use evenkeel_tensor::Seed;
use evenkeel_testing::allocations;
use evenkeel_train::{Callback, Event, Flow, Trainer};

/// Notes the allocations between one step's end and the next's.
struct Watch<'a> {
    seen: usize,
    by_step: &'a mut Vec<usize>,
}

impl<N: Forward> Callback<f32, N> for Watch<'_> {
    fn after_step(&mut self, _event: &Event<'_, f32, N>) -> Flow {
        let now = allocations();
        self.by_step.push(now - self.seen);
        self.seen = allocations();
        Flow::Continue
    }
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    let (train, test) = Digits::embedded().split_stratified(0.8, Seed(7)).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let sgd = || Optimizer::from(Sgd::new(0.1).with_momentum(0.9));
    let regularizer =
        Regularizer::new().penalty("*", L2::new(0.1)).proximal("*", L1::new(0.1)).constraint("*", MaxNorm::new(2.0));
    for (optimizer, regularizer) in [
        (sgd(), None),
        (Optimizer::new(Adam::new(0.01)).clip_norm(1.0), None),
        (sgd().group("*.weight", |group| group.learning_rate_factor(0.5)), Some(regularizer)),
    ] {
        let mut net = sequential![
            Linear::new(64, 100).without_bias(),
            BatchNorm::new(100),
            Sigmoid,
            Linear::new(100, 50),
            Relu,
            Linear::new(50, 10),
        ]
        .initialize(XavierUniform::default(), Seed(7))
        .unwrap();
        let mut by_step = Vec::with_capacity(100);
        let watch = Watch { seen: 0, by_step: &mut by_step };
        pool.install(|| {
            let trainer = Trainer::new(optimizer).batch_size(60).steps(47);
            let trainer = match regularizer {
                Some(regularizer) => trainer.regularizer(regularizer),
                None => trainer,
            };
            trainer.callback(watch).fit(&mut net, CrossEntropy::default(), &train, &test).unwrap();
        });
        assert!(by_step[0] > 0, "the counter counts");
        // 24 steps an epoch: the 24th is followed by the evaluation, whose buffers are new, and step 25 begins another
        // order of the examples in the same buffers.
        assert_eq!(by_step[2..23], [0; 21], "allocations by step");
        assert_eq!(by_step[25..46], [0; 21], "allocations by step in the second epoch");
    }
}
