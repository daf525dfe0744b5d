//! A step allocates nothing after the first.

use evenkeel_module::{Forward, Mode, Workspace};
use evenkeel_regularize::{AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout, StochasticDepth};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_testing::assert_repeats_without_allocating;

#[test]
fn a_step_that_repeats_the_last_allocates_nothing() {
    let mut workspace = Workspace::<f32>::new();
    let x = Tensor::from_fn([8, 6, 12], |i| (i % 17) as f32);
    let layers: [Box<dyn Forward>; 7] = [
        Box::new(Dropout::drop(0.1)),
        Box::new(Dropout::drop(0.5).scaled_in_evaluation()),
        Box::new(SpatialDropout::drop(0.2)),
        Box::new(AlphaDropout::drop(0.1)),
        Box::new(StochasticDepth::drop(0.2)),
        Box::new(GaussianDropout::drop(0.2)),
        Box::new(GaussianNoise { std: 0.1 }),
    ];
    assert_repeats_without_allocating(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let x = pass.tape().variable(x.clone());
        let y = layers.iter().fold(x, |y, layer| layer.forward(&pass, y));
        pass.backward((y * x).sum());
        workspace.finish();
    });
}
