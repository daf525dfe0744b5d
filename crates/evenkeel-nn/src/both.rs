//! A tensor in both precisions.

use std::any::Any;

use evenkeel_tensor::{Float, Tensor};

/// Settings of a loss as a tensor in both precisions, so that a step shares one instead of making it.
#[derive(Clone, Debug)]
pub(crate) struct Both {
    single: Tensor<f32>,
    double: Tensor<f64>,
}

impl Both {
    pub(crate) fn new(values: Vec<f64>) -> Self {
        let double = Tensor::from(values);
        Self { single: double.cast(), double }
    }

    pub(crate) fn get<F: Float>(&self) -> Tensor<F> {
        let either: [&dyn Any; 2] = [&self.single, &self.double];
        either.into_iter().find_map(|t| t.downcast_ref::<Tensor<F>>()).expect("F is f32 or f64").clone()
    }

    pub(crate) fn as_slice(&self) -> &[f64] {
        self.double.as_slice()
    }
}
