#![doc = include_str!("../README.md")]

mod clip;
mod constraint;
mod dropout;
mod early_stopping;
mod elementwise;
mod error;
mod groups;
mod monitor;
mod monte_carlo;
mod noise;
mod noisy;
mod penalty;
mod plateau;
mod regularizer;
mod sparsity;

pub use clip::{clip_global_norm, clip_value};
pub use constraint::{Constraint, MaxNorm, NonNegative, UnitNorm, ValueRange};
pub use dropout::{
    AlphaDropout, DropConnect, Dropout, MaskOp, Scaling, SpatialDropout, StochasticDepth, Unit, every_mask,
};
pub use early_stopping::{Decision, EarlyStopping, EarlyStoppingState};
pub use error::RegularizeError;
pub use groups::Groups;
pub use monitor::{Best, Monitor, lower_is_better};
pub use monte_carlo::{Estimate, MonteCarlo};
pub use noise::{GaussianDropout, GaussianNoise, Noise, NoiseOp};
pub use penalty::{ElasticNet, GroupLasso, L1, L2, Lp, Penalty, PenaltyExt, PenaltyOp};
pub use plateau::{Plateau, PlateauState};
pub use regularizer::Regularizer;
pub use sparsity::{ParameterSparsity, Sparsity};
