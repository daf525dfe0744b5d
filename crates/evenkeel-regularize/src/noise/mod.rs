//! Layers that add Gaussian noise, or multiply by it, in training.

mod gaussian_dropout;
mod gaussian_noise;
mod op;

pub use gaussian_dropout::GaussianDropout;
pub use gaussian_noise::GaussianNoise;
pub use op::{Noise, NoiseOp};
