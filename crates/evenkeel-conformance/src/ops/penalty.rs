//! Penalties on weights.

use std::sync::Arc;

use evenkeel_regularize::{ElasticNet, L1, L2, Penalty, PenaltyOp};
use evenkeel_tensor::Float;

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::{Results, differentiate};

pub(super) const PENALTY: Operation = Operation { name: "penalty", double: penalty::<f64>, single: penalty::<f32> };

fn penalty<F: Float>(case: &Case<'_>) -> Result<Results, CaseError> {
    let penalty: Arc<dyn Penalty<F>> = match (case.attribute("l1")?, case.attribute("l2")?) {
        (Some(l1), None) => Arc::new(L1::new(l1)),
        (None, Some(l2)) => Arc::new(L2::new(l2)),
        (Some(l1), Some(l2)) => Arc::new(ElasticNet::new(l1, l2)),
        (None, None) => return Err(CaseError::unsupported("a penalty without `l1` and `l2`".to_owned())),
    };
    differentiate::<F, _, 1>(case, (), ["w"], |_, pass, [w]| pass.tape().record(PenaltyOp::new(penalty, 1.0), &[w]))
}
