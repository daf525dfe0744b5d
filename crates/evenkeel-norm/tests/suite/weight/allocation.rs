//! A step allocates nothing after the first.

use evenkeel_module::{Forward, Mode, Sequential, Workspace};
use evenkeel_norm::{LocalResponseNorm, SpectralNorm, WeightNorm, WeightStandardization};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_testing::assert_repeats_without_allocating;

use super::{Affine, random};

#[test]
fn a_step_that_repeats_the_last_allocates_nothing() {
    let mut workspace = Workspace::<f32>::new();
    let affine = |seed| Affine::new(random::<f32>([6, 6], seed));
    let mut net = Sequential::default()
        .with(WeightNorm::new(affine(1)))
        .with(SpectralNorm::new(affine(2), Seed(3)))
        .with(LocalResponseNorm::new(3))
        .with(WeightStandardization::new(affine(4)))
        .with(WeightStandardization::scaled(affine(5), 1.0));
    let x: Tensor<f32> = random([8, 6], 6);
    assert_repeats_without_allocating(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let y = net.forward(&pass, pass.constant(x.clone()));
        pass.backward(y.square().sum());
        workspace.finish().commit(&mut net);
    });
}
