//! A step allocates nothing after the first.

use evenkeel_init::XavierUniform;
use evenkeel_module::{Forward, Mode, ModuleExt, Workspace, sequential};
use evenkeel_nn::{
    AvgPool2d, Conv1d, Conv2d, CrossEntropy, Flatten, Gelu, GlobalAvgPool, Linear, MaxPool2d, Parallel, Relu, Residual,
    Softplus,
};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_testing::assert_repeats_without_allocating;

#[test]
fn a_step_that_repeats_the_last_allocates_nothing() {
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
    assert_repeats_without_allocating(|| {
        let pass = workspace.begin(Mode::Training, Seed(0));
        let logits = net.forward(&pass, pass.constant(images.clone()));
        let sequences = sequence.forward(&pass, pass.constant(signals.clone()));
        pass.backward(loss.loss(logits, &labels) + sequences.square().mean());
        let done = workspace.finish();
        let learns = |weight: &evenkeel_module::Parameter| done.with_gradient(weight, |g| g.iter().any(|g| *g != 0.0));
        assert!(learns(sequence.weight()).unwrap());
        net.for_each_parameter(|_, parameter| assert!(learns(parameter).is_some()));
    });
}
