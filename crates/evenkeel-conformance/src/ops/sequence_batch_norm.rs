//! A recurrent layer whose input-to-hidden products are normalised over time and batch jointly (Laurent et al. 2016, as in Deep
//! Speech 2): h_t = relu(BN(x_t Wᵀ) + h_{t-1} Uᵀ).

use evenkeel_autograd::Var;
use evenkeel_norm::{Normalizer, batch_norm};
use evenkeel_tensor::{Float, Shape, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, differentiate};

pub(super) const SEQUENCE_BATCH_NORM: Operation =
    Operation { name: "sequence_batch_norm", double: sequence_batch_norm::<f64>, single: sequence_batch_norm::<f32> };

fn sequence_batch_norm<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let eps = case.required("eps")?;
    differentiate(case, (), ["x", "w", "u", "weight", "bias"], |(), pass, [x, w, u, gamma, beta]| {
        let (shape, hidden) = (x.shape(), w.shape()[0]);
        let (time, batch) = (shape[0], shape[1]);
        let products = x.reshape([time * batch, shape[2]]).linear(w, None);
        let steps = batch_norm(products, Some((gamma, beta)), Normalizer::Batch, eps);
        let mut state = pass.constant(Tensor::zeros([batch, hidden]));
        let states: Vec<Var<'_, F>> = (0..time)
            .map(|t| {
                state = (steps.narrow(0, t * batch..(t + 1) * batch) + state.linear(u, None)).relu();
                state
            })
            .collect();
        Var::concat(&states, 0).reshape(Shape::from([time, batch, hidden]))
    })
}
