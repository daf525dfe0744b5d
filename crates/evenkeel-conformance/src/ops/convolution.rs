//! Convolution and pooling of images.

use evenkeel_nn::{AvgPool2d, Conv2d, MaxPool2d};
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, forward};

pub(super) const CONV2D: Operation = Operation { name: "conv2d", double: conv2d::<f64>, single: conv2d::<f32> };

pub(super) const MAX_POOL2D: Operation =
    Operation { name: "max_pool2d", double: max_pool2d::<f64>, single: max_pool2d::<f32> };

pub(super) const AVG_POOL2D: Operation =
    Operation { name: "avg_pool2d", double: avg_pool2d::<f64>, single: avg_pool2d::<f32> };

fn conv2d<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let mut layer = Conv2d::<F>::from_parts(case.input("weight")?, case.optional("bias")?)?;
    if let Some(stride) = case.attribute::<usize>("stride")? {
        layer = layer.with_stride(stride);
    }
    if let Some(padding) = case.attribute::<usize>("padding")? {
        layer = layer.with_padding(padding);
    }
    if let Some(dilation) = case.attribute::<usize>("dilation")? {
        layer = layer.with_dilation(dilation);
    }
    if let Some(groups) = case.attribute("groups")? {
        layer = layer.with_groups(groups);
    }
    forward(case, layer)
}

fn max_pool2d<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let mut pool = MaxPool2d::new(case.required::<usize>("kernel")?);
    if let Some(stride) = case.attribute::<usize>("stride")? {
        pool = pool.with_stride(stride);
    }
    forward::<F>(case, pool)
}

fn avg_pool2d<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let mut pool = AvgPool2d::new(case.required::<usize>("kernel")?);
    if let Some(stride) = case.attribute::<usize>("stride")? {
        pool = pool.with_stride(stride);
    }
    forward::<F>(case, pool)
}
