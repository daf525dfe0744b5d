//! A candle network that starts from orthogonal weights: `cargo run --release` in this folder.

use candle_core::{DType, Device, Tensor};
use candle_nn::{Module, VarBuilder, VarMap};
use evenkeel_init::{Gain, Orthogonal, Policy, Seed};

/// Thirty rectified layers of 128, from candle's default start and from an orthogonal one: how large is what comes out?
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variables = VarMap::new();
    let vb = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let mut net = candle_nn::seq();
    for layer in 0..30 {
        net = net.add(candle_nn::linear(128, 128, vb.pp(layer))?).add(candle_nn::Activation::Relu);
    }
    let x = Tensor::randn(0f32, 1.0, (256, 128), &Device::Cpu)?;
    let size = || -> candle_core::Result<f32> { net.forward(&x)?.sqr()?.mean_all()?.sqrt()?.to_scalar() };
    println!("candle's default:      {:.2e}", size()?);
    let policy = Policy::new(Orthogonal::default().with_gain(Gain::RELU));
    evenkeel_candle_example::initialize(&variables, &policy, Seed(7))?;
    println!("orthogonal, gain √2:   {:.2e}", size()?);
    Ok(())
}
