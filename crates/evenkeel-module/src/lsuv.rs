//! Layer-sequential unit variance for a whole network: weights scaled by what a batch of data does to them.

use evenkeel_init::{InitError, Lsuv, LsuvReport, Orthogonal};
use evenkeel_tensor::{Float, Seed, Tensor, parallel};
use thiserror::Error;

use crate::{Forward, Mode, ModuleExt, NetworkError, Pass, Workspace, check_network, weight_uses};

/// A network that could not be initialised by its data. It is unchanged.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum LsuvError {
    /// The batch does not fit the network.
    #[error("lsuv: {0}")]
    Misfit(#[from] NetworkError),
    /// A weight has no orthogonal start.
    #[error("lsuv: {0}")]
    Start(#[from] InitError),
    /// The output of a layer cannot be brought to variance 1.
    #[error("lsuv: weight `{path}`: {source}")]
    Layer {
        /// The path of the weight.
        path: String,
        /// Why.
        source: InitError,
    },
}

/// Initialises a network by layer-sequential unit variance: orthogonal weights and biases of 0, then, in the order in which the
/// signal passes the layers, each weight divided by the deviation of its layer's output on `batch` until that is 1.
///
/// A layer's output is that of the first operation that joins the weight with the data: of a linear layer or convolution
/// what it hands to the activation. A layer whose output does not answer to the scale of its weight (weight or spectral
/// normalisation, an embedding that is added) is an error: initialise the plain layer and wrap it afterwards, or freeze the
/// parameter. Frozen parameters and weights that the batch does not reach stay as they are.
/// Normalisations use the statistics of the batch, and noise is off. Returns the path of each weight and how far it came.
///
/// # Errors
/// If the batch does not fit the network, a weight has fewer than two axes, or an output has no positive, finite variance or
/// does not answer to its weight.
///
/// # Source
/// Mishkin & Matas, *All you need is a good init*, 2016, [arXiv 1511.06422](https://arxiv.org/abs/1511.06422), algorithm 1.
///
/// ```
/// use evenkeel_init::Lsuv;
/// use evenkeel_module::{Forward, Module, Parameter, Pass, Role, lsuv};
/// use evenkeel_autograd::Var;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// #[derive(Module, Clone)]
/// struct Net {
///     first: Parameter,
///     second: Parameter,
/// }
/// impl Forward for Net {
///     fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
///         x.linear(pass.parameter(&self.first), None).relu().linear(pass.parameter(&self.second), None)
///     }
/// }
///
/// let weight = |shape: [usize; 2]| Parameter::uninitialized(shape, Role::Weight);
/// let mut net = Net { first: weight([32, 8]), second: weight([4, 32]) };
/// let batch = Tensor::from_fn([100, 8], |i| (i * 37 % 100) as f32);       // far from variance 1
/// let reports = lsuv(&mut net, &batch, Lsuv::default(), Seed(7))?;
/// assert_eq!(reports[1].0, "second");
/// assert!(reports.iter().all(|(_, report)| report.converged));
/// # Ok::<(), evenkeel_module::LsuvError>(())
/// ```
pub fn lsuv<F: Float, N: Forward<F> + Clone>(
    network: &mut N,
    batch: &Tensor<F>,
    rule: Lsuv,
    seed: Seed,
) -> Result<Vec<(String, LsuvReport)>, LsuvError> {
    let mut copy = network.clone().initialize(Orthogonal::default(), seed)?;
    check_network(&copy, Mode::Population, batch.shape())?;
    let reports = parallel::install(|| {
        let mut workspace = Workspace::new();
        weights_in_order(&copy, batch, &mut workspace)
            .into_iter()
            .map(|(path, output)| {
                let report = rescale(&mut copy, batch, rule, &mut workspace, &path, output)
                    .map_err(|source| LsuvError::Layer { path: path.clone(), source })?;
                Ok((path, report))
            })
            .collect::<Result<Vec<_>, LsuvError>>()
    })?;
    *network = copy;
    Ok(reports)
}

fn run<'w, F: Float>(
    network: &impl Forward<F>,
    batch: &Tensor<F>,
    workspace: &'w mut Workspace<F>,
) -> (Pass<'w, F>, usize) {
    let pass = workspace.begin(Mode::Population, Seed(0));
    let x = pass.constant(batch.clone());
    network.forward(&pass, x);
    (pass, x.index())
}

/// The path of each weight that learns, and the value on the tape that is its layer's output, in the order of these. A weight that
/// is used twice counts where it is used first.
fn weights_in_order<F: Float>(
    network: &impl Forward<F>,
    batch: &Tensor<F>,
    workspace: &mut Workspace<F>,
) -> Vec<(String, usize)> {
    let (pass, x) = run(network, batch, workspace);
    let mut weights: Vec<(String, usize)> = Vec::new();
    for one in weight_uses(network, &pass, x).into_iter().filter(|one| !one.frozen) {
        if weights.iter().all(|(path, _)| *path != one.path) {
            weights.push((one.path, one.output));
        }
    }
    weights
}

fn rescale<F: Float>(
    network: &mut impl Forward<F>,
    batch: &Tensor<F>,
    rule: Lsuv,
    workspace: &mut Workspace<F>,
    path: &str,
    output: usize,
) -> Result<LsuvReport, InitError> {
    let mut weight = Vec::new();
    with_parameter(network, path, |values| weight = values.to_vec());
    rule.rescale(&mut weight, |weight| {
        with_parameter(network, path, |values| values.copy_from_slice(weight));
        let (pass, _) = run(network, batch, workspace);
        let variance = pass.tape().nth(output).signal().variance;
        workspace.finish();
        Ok(variance)
    })
}

fn with_parameter<F: Float>(network: &mut impl Forward<F>, path: &str, mut f: impl FnMut(&mut [F])) {
    network.for_each_parameter_mut(|at, parameter| {
        if at.to_string() == path {
            f(parameter.as_mut_slice());
        }
    });
}
