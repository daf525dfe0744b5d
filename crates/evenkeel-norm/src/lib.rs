#![doc = include_str!("../README.md")]

mod batch_norm;
mod batch_renorm;
pub mod check;
mod columns;
mod few;
mod fold;
pub mod functional;
mod group_norm;
mod grouping;
mod instance_norm;
mod layer_norm;
mod layout;
mod lengths;
mod local_response_norm;
mod local_response_norm_op;
mod masked;
mod moments;
mod normalization;
mod normalizer;
mod op;
mod per_sample_op;
mod plain;
mod planes;
mod population;
mod rms_norm;
mod rows;
mod runs;
mod sites;
mod standardize;
mod switchable;
mod switchable_norm;
mod weight;

pub use batch_norm::{BatchNorm, Statistics};
pub use batch_renorm::{BatchRenorm, Ramp};
pub use group_norm::{GroupNorm, group_norm};
pub use instance_norm::{InstanceNorm, instance_norm};
pub use layer_norm::{LayerNorm, layer_norm};
pub use lengths::{Lengths, LengthsError, SequenceLayout};
pub use local_response_norm::{LocalResponseNorm, local_response_norm};
pub use masked::MaskedBatchNormOp;
pub use moments::Moments;
pub use normalization::{Norm, Normalization, UnknownNormalization};
pub use normalizer::Normalizer;
pub use op::{BatchNormOp, batch_norm};
pub use population::{PopulationError, population_statistics};
pub use rms_norm::{RmsNorm, rms_norm};
pub use switchable::{BatchPart, SwitchableNormOp, switchable_norm};
pub use switchable_norm::SwitchableNorm;
pub use weight::{
    SingularPair, SpectralNorm, WeightNorm, WeightNormOp, WeightScaling, WeightStandardization, spectral_norm,
    weight_norm, weight_standardization,
};
