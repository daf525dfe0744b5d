//! evenkeel's initialisers for candle's parameters: one function, to copy.
//!
//! candle draws its own starts uniform, Gaussian or by Kaiming's rule. Everything else that `evenkeel-init` has, from
//! orthogonal matrices to biases from class frequencies, fits in through a slice: fill it, and set the variable to it.

use candle_core::{DType, Tensor};
use candle_nn::VarMap;
use evenkeel_init::{InitError, Policy, Seed, Shape};

/// A parameter that could not be initialised.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// evenkeel refuses the rule for this shape.
    #[error("parameter `{name}`: {source}")]
    Init {
        /// candle's name of the parameter.
        name: String,
        /// What does not fit.
        source: InitError,
    },
    /// candle could not store the values.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// Draws every `weight` and `bias` of `variables` anew: matrices and kernels by the policy's rule for weights, the bias beside
/// one by its rule for biases. Vectors called `weight` are the scales of normalisations and stay as they are, and so do their
/// biases.
///
/// A value depends on the seed and the parameter's name alone, not on the order in which a hash map gives them.
///
/// # Errors
/// If a rule does not suit a shape; parameters drawn before it keep their new values.
pub fn initialize(variables: &VarMap, policy: &Policy, seed: Seed) -> Result<(), Error> {
    let variables = variables.data().lock().expect("no thread has panicked while it held the variables");
    for (name, variable) in variables.iter() {
        let (owner, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        let beside = if owner.is_empty() { "weight".to_owned() } else { format!("{owner}.weight") };
        // Shapes as PyTorch has them, (out, in, kernel...), in candle as here.
        let Some(weight) = variables.get(&beside).filter(|weight| weight.rank() >= 2) else { continue };
        let weight = Shape::from(weight.dims());
        let mut values = vec![0f32; variable.elem_count()];
        let stream = seed.stream(name);
        match leaf {
            "weight" => policy.fill_weight(&mut values, &weight, stream),
            "bias" => policy.fill_bias(&mut values, &weight, stream),
            _ => continue,
        }
        .map_err(|source| Error::Init { name: name.clone(), source })?;
        let tensor = Tensor::from_vec(values, variable.shape(), variable.device())?;
        debug_assert_eq!(tensor.dtype(), DType::F32);
        variable.set(&tensor.to_dtype(variable.dtype())?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use candle_nn::{Module, VarBuilder};
    use evenkeel_init::{Constant, Orthogonal};

    fn network(variables: &VarMap) -> candle_core::Result<impl Module + use<>> {
        let vb = VarBuilder::from_varmap(variables, DType::F32, &Device::Cpu);
        let config = candle_nn::Conv2dConfig { padding: 1, ..Default::default() };
        Ok(candle_nn::seq()
            .add(candle_nn::conv2d(1, 8, 3, config, vb.pp("conv"))?)
            .add_fn(|x| x.relu()?.flatten_from(1))
            .add(candle_nn::layer_norm(8 * 16, 1e-5, vb.pp("norm"))?)
            .add(candle_nn::linear(8 * 16, 64, vb.pp("hidden"))?))
    }

    fn values(variables: &VarMap, name: &str) -> Vec<f32> {
        variables.data().lock().unwrap()[name].flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn candles_own_parameters_start_orthogonal() -> Result<(), Box<dyn std::error::Error>> {
        let variables = VarMap::new();
        let net = network(&variables)?;
        let scales = values(&variables, "norm.weight");
        initialize(&variables, &Policy::new(Orthogonal::default()).with_biases(Constant(0.01)), Seed(7))?;
        // Rows of the 64 x 128 weight are orthonormal.
        let w = values(&variables, "hidden.weight");
        for i in 0..64 {
            for j in 0..=i {
                let dot: f32 = (0..128).map(|k| w[i * 128 + k] * w[j * 128 + k]).sum();
                assert!((dot - f32::from(u8::from(i == j))).abs() < 1e-5, "rows {i} and {j}: {dot}");
            }
        }
        assert_eq!(values(&variables, "hidden.bias"), [0.01; 64]);
        assert_eq!(values(&variables, "norm.weight"), scales);
        assert_eq!(values(&variables, "norm.bias"), [0.0; 128]);
        let y = net.forward(&Tensor::ones((2, 1, 4, 4), DType::F32, &Device::Cpu)?)?;
        assert_eq!(y.dims(), [2, 64]);

        let again = VarMap::new();
        network(&again)?;
        initialize(&again, &Policy::new(Orthogonal::default()), Seed(7))?;
        assert_eq!(values(&again, "conv.weight"), values(&variables, "conv.weight"));
        Ok(())
    }

    #[test]
    fn a_rule_that_does_not_fit_is_an_error_that_names_the_parameter() {
        let variables = VarMap::new();
        network(&variables).unwrap();
        let error =
            initialize(&variables, &Policy::new(evenkeel_init::Normal::new(0.0, f64::NAN)), Seed(7)).unwrap_err();
        assert!(error.to_string().contains("weight"), "{error}");
    }
}
