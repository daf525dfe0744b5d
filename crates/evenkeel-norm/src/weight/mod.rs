//! Reparametrised weights: what a layer multiplies by is computed from what is learnt.

mod norm_kernels;
mod power_iteration;
mod renamed;
mod spectral_norm;
mod spectral_norm_op;
mod weight_norm;
mod weight_norm_op;
mod weight_standardization;
mod weight_standardization_op;

pub use power_iteration::SingularPair;
pub use spectral_norm::SpectralNorm;
pub(crate) use spectral_norm_op::SpectralNormOp;
pub use spectral_norm_op::spectral_norm;
pub use weight_norm::WeightNorm;
pub use weight_norm_op::{WeightNormOp, weight_norm};
pub use weight_standardization::WeightStandardization;
pub(crate) use weight_standardization_op::standardized;
pub use weight_standardization_op::{WeightScaling, weight_standardization};
