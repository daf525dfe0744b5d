//! A step allocates nothing after the first.

use evenkeel_module::{Forward, Mode, Workspace};
use evenkeel_norm::{GroupNorm, InstanceNorm, LayerNorm, RmsNorm};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_testing::assert_repeats_without_allocating;

#[test]
fn a_step_that_repeats_the_last_allocates_nothing() {
    let mut workspace = Workspace::<f32>::new();
    let x = Tensor::from_fn([8, 6, 12], |i| (i % 17) as f32);
    let layers: [&dyn Forward; 5] = [
        &LayerNorm::new([12]),
        &RmsNorm::new([6, 12]),
        &GroupNorm::new(3, 6),
        &InstanceNorm::new(6),
        &LayerNorm::new([12]).without_affine(),
    ];
    assert_repeats_without_allocating(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let x = pass.tape().variable(x.clone());
        let y = layers.iter().fold(x, |y, layer| layer.forward(&pass, y));
        pass.backward((y * x).sum());
        workspace.finish();
    });
}
