//! A step allocates nothing after the first.

use evenkeel_module::{Mode, Workspace};
use evenkeel_optim::{AdamW, Optimizer, Schedule};
use evenkeel_tensor::Seed;

use crate::common::{Net, Single};

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
            let before = evenkeel_testing::allocations();
            assert_eq!(optimizer.step(&mut net, &step).unwrap().updated, 6);
            assert_eq!(split.step(&mut large, &step).unwrap().updated, 1);
            *count = evenkeel_testing::allocations() - before;
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
