//! Layers made of layers that run side by side.

mod parallel;
mod residual;
mod sum;

pub use parallel::Parallel;
pub use residual::Residual;
