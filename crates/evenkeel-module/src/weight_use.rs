//! Where a pass joins weights with data.

use evenkeel_tensor::Float;

use crate::{Module, ModuleExt, Pass, Role};

/// An operation that joins a weight with the data: a linear layer or convolution, whatever computes its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightUse {
    /// The path of the parameter.
    pub path: String,
    /// Whether the parameter is frozen.
    pub frozen: bool,
    /// The number on the tape of the weight as it is used: the parameter, or what is computed from it.
    pub weight: usize,
    /// The number on the tape of the result.
    pub output: usize,
}

/// The uses of the weights of `network` in a pass whose data is value `data` of the tape, in the order in which the signal meets
/// them. A weight that is used twice is there twice.
pub fn weight_uses<F: Float>(network: &(impl Module<F> + ?Sized), pass: &Pass<'_, F>, data: usize) -> Vec<WeightUse> {
    let tape = pass.tape();
    let mut weights = Vec::new();
    // Which weight a value is made of, while it has not met the data: the weight itself, or what a layer computes from it.
    let mut made_of = vec![None; tape.len()];
    network.for_each_parameter(|path, parameter| {
        if let Some(index) = pass.bound(parameter)
            && parameter.role() == Role::Weight
            && parameter.shape().rank() >= 2
        {
            made_of[index] = Some(weights.len());
            weights.push((path.to_string(), parameter.is_frozen()));
        }
    });
    let mut depends = vec![false; tape.len()];
    depends[data] = true;
    let mut uses = Vec::new();
    for index in 0..tape.len() {
        let Some(recorded) = tape.recorded(index) else { continue };
        depends[index] |= recorded.inputs.iter().any(|&i| depends[i]);
        let weight = recorded.inputs.iter().find_map(|&i| Some((made_of[i]?, i)));
        match weight {
            Some((number, weight)) if depends[index] => {
                let (path, frozen) = weights[number].clone();
                uses.push(WeightUse { path, frozen, weight, output: index });
            }
            Some((number, _)) => made_of[index] = Some(number),
            None => {}
        }
    }
    uses
}
