//! The scales of initialisers: what a shape makes of their rules.

use evenkeel_init::{FanMode, Gain, HeNormal, UniformFanIn, XavierNormal, XavierUniform};
use evenkeel_tensor::{Shape, Tensor};

use super::Operation;
use crate::CaseError;
use crate::case::Case;
use crate::layer::Results;

pub(super) const INIT_SCALE: Operation = Operation {
    name: "init_scale",
    double: init_scale,
    // Scales are computed in f64, whatever they are filled into.
    single: init_scale,
};

fn init_scale(case: &Case<'_>) -> Result<Results, CaseError> {
    let shape = Shape::try_new(&case.required::<Vec<usize>>("shape")?)?;
    let he = |mode| HeNormal::default().with_mode(mode).std(&shape);
    let scales = [
        ("uniform_rule1_bound", UniformFanIn.bound(&shape)?),
        ("xavier_uniform_bound", XavierUniform::default().bound(&shape)?),
        ("xavier_uniform_tanh4_bound", XavierUniform::default().with_gain(Gain::SIGMOID_UNIT_SLOPE).bound(&shape)?),
        ("xavier_normal_std", XavierNormal::default().std(&shape)?),
        ("he_fan_in_normal_std", he(FanMode::FanIn)?),
        ("he_fan_out_normal_std", he(FanMode::FanOut)?),
        ("he_fan_avg_normal_std", he(FanMode::Average)?),
        ("he_paper_sum_normal_std", he(FanMode::Sum)?),
    ];
    let outputs = scales.into_iter().map(|(name, scale)| (name.to_owned(), Tensor::scalar(scale))).collect();
    Ok(Results { outputs, ..Results::default() })
}
