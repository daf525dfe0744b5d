//! Which inputs a network needs.
//!
//! [`InputLasso`] is the embedded method: a penalty that cuts whole inputs off while the network learns. Methods that see a model
//! from outside, or no model at all, are in [`evenkeel_data::select`]; it chooses here too, from the [`Path`] of the penalty.

use evenkeel_data::select::{L1Path, Path};
use evenkeel_data::{DataError, Dataset};
use evenkeel_module::{Module, ModuleExt};
use evenkeel_regularize::{GroupLasso, Groups, Regularizer};
use evenkeel_tensor::{Float, Seed};

use crate::TrainError;

/// Group lasso on the first layer: the weights that lead out of an input are a group, and as the penalty λ grows, one input after the
/// other is cut off, its weights exactly 0.
///
/// For each fold a network is trained with the weakest λ, and from there on with each stronger one: so it has learnt what inputs say
/// together before they are cut off (Lemhadri et al. 2021; from a strong penalty none would come in again, since a network without inputs
/// has no gradient). The penalty is `λ Σ_j sqrt(h) |w_j|` over the inputs j, with w_j the h weights out of it, by its proximal step
/// ([`Regularizer::proximal`]). An input is in where |w_j| > 0 in more than half of the folds. What comes back tells the [order of entry](Path::order_of_entry), chooses the inputs at the strongest penalty that does
/// as well as the best within one standard error ([`Path::selection`]), and gives the number of inputs against score and time
/// ([`Path::trade_off`]).
///
/// | setting | default |
/// |---|---|
/// | weights of the first layer | `0.weight`, as in a [`Sequential`](evenkeel_module::Sequential) that begins with a linear layer |
/// | folds | 5, of the same class shares where the targets are classes |
/// | seed, of folds and fits | `Seed(0)` |
/// | further penalties | none |
///
/// - Scale the columns first: the penalty weighs units too. Of images (channels, height, width) an input is a channel.
/// - **Penalise the other layers as well** ([`with`](Self::with)), at least weakly. Layers of ReLUs can shrink the first layer and grow
///   the next without any change of the output, and so get around a penalty on the first alone.
/// - Train with gradient descent ([`Sgd`](evenkeel_optim::Sgd)), on batches as large as can be: their noise brings weights back that were
///   0. With momentum μ the network comes to rest where (1 - μ) λ would bring it without; after the update of a rule that rescales
///   each gradient, such as Adam, the proximal step has another fixed point altogether.
/// - λ is a price for all examples together, as everywhere in [`Regularizer`]: with more examples it counts less.
///
/// # Source
/// Yuan & Lin 2006 for the penalty; Scardapane, Comminiello, Hussain & Uncini, *Group Sparse Regularization for Deep Neural Networks*,
/// 2017, for its use on inputs; Lemhadri, Ruan, Abraham & Tibshirani, *LassoNet*, 2021, for the way from weak to strong.
///
/// ```
/// use evenkeel_data::select::lambdas;
/// use evenkeel_data::{Dataset, Tensor};
/// use evenkeel_init::HeNormal;
/// use evenkeel_module::{ModuleExt, sequential};
/// use evenkeel_nn::{BceWithLogits, Linear, Relu};
/// use evenkeel_optim::Sgd;
/// use evenkeel_regularize::{L2, Regularizer};
/// use evenkeel_tensor::Seed;
/// use evenkeel_train::selection::InputLasso;
/// use evenkeel_train::{Trainer, evaluate};
///
/// // Of four inputs the middle two decide together, by the sign of their product: no single one tells anything.
/// let mut x = vec![0.0; 1200];
/// evenkeel_tensor::random::uniform(&mut x, -1.5, 1.5, Seed(1));
/// let labels = x.chunks(4).map(|row: &[f32]| u32::from(row[1] * row[2] > 0.0)).collect();
/// let data = Dataset::classification(Tensor::from_vec([300, 4], x)?, labels, 2)?;
///
/// let net = |seed| sequential![Linear::new(4, 12), Relu, Linear::new(12, 1)].initialize(HeNormal::default(), seed);
/// let path = InputLasso::new(lambdas(8.0, 0.5, 5)?)
///     .folds(2)
///     .with(Regularizer::new().penalty("2.weight", L2::new(0.1)))
///     .run(&data, |seed| Ok::<_, Box<dyn std::error::Error>>(net(seed)?), |net, regularizer, train, validation, seed| {
///         Trainer::new(Sgd::new(0.5)).steps(300).batch_size(150).seed(seed).regularizer(regularizer)
///             .fit(net, BceWithLogits::default(), train, validation)?;
///         Ok(evaluate(net, &BceWithLogits::default(), validation)?.accuracy.unwrap())
///     })?;
/// let mut first = path.order_of_entry()[..2].to_vec();
/// first.sort();
/// assert_eq!(first, [1, 2], "{path:?}");
/// println!("{}", path.trade_off());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct InputLasso<F: Float = f32> {
    lambdas: Vec<f64>,
    pattern: String,
    folds: usize,
    seed: Seed,
    others: Regularizer<F>,
}

impl<F: Float> InputLasso<F> {
    /// With these penalties, which fall: [`lambdas`](evenkeel_data::select::lambdas) makes them.
    pub fn new(lambdas: impl Into<Vec<f64>>) -> Self {
        Self {
            lambdas: lambdas.into(),
            pattern: "0.weight".to_owned(),
            folds: 5,
            seed: Seed(0),
            others: Regularizer::new(),
        }
    }

    /// Says where the first layer's weights (out, in, ...) are, by path. Of several parameters each is penalised by itself.
    #[must_use]
    pub fn on(self, pattern: &str) -> Self {
        Self { pattern: pattern.to_owned(), ..self }
    }

    /// Sets the number of folds.
    #[must_use]
    pub fn folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// Adds the penalties and constraints of the other layers.
    #[must_use]
    pub fn with(self, others: Regularizer<F>) -> Self {
        Self { others, ..self }
    }

    /// Goes through the penalties. `start(seed)` gives a new network for a fold; `train(network, regularizer, train, validation, seed)`
    /// trains it further with this regulariser and gives its score in validation, higher being better. The seed differs between folds.
    ///
    /// # Errors
    /// What `start` and `train` give; and if the data cannot be folded so, penalties do not fall or are negative, no weight (out, in, ...)
    /// of the network fits the pattern, those that do have not as many inputs as the data have columns, or a score or a weight is not
    /// finite.
    pub fn run<N: Module<F>, E: From<DataError> + From<TrainError>>(
        &self,
        data: &Dataset,
        mut start: impl FnMut(Seed) -> Result<N, E>,
        mut train: impl FnMut(&mut N, Regularizer<F>, &Dataset, &Dataset, Seed) -> Result<f64, E>,
    ) -> Result<Path, E> {
        let parts = match data.classes() {
            Some(_) => data.folds_stratified(self.folds, self.seed),
            None => data.folds(self.folds, self.seed),
        }?;
        let seed = |fold: usize| self.seed.stream("fit").at(fold as u64);
        let mut networks = (0..parts.len()).map(|fold| start(seed(fold))).collect::<Result<Vec<N>, E>>()?;
        let folds: Vec<(usize, usize)> = (0..parts.len()).map(|fold| (fold, fold)).collect();
        let columns = data.sample_shape().first().copied().unwrap_or(1);
        L1Path::default().from_weakest().run(columns, &self.lambdas, &folds, |lambda, &fold, _| {
            let (network, (training, validation)) = (&mut networks[fold], &parts[fold]);
            let lasso = GroupLasso::new(lambda).over(Groups::Inputs);
            let regularizer = self.others.clone().proximal(&self.pattern, lasso);
            regularizer.validate(network).map_err(TrainError::from)?;
            let score = train(network, regularizer, training, validation, seed(fold))?;
            Ok((score, input_norms(network, &self.pattern)))
        })
    }
}

/// The Euclidean norm of the weights that lead out of each input, of the weights (out, in, ...) that fit the pattern; of several
/// parameters that of all their weights together. Empty if no parameter fits.
///
/// ```
/// use evenkeel_nn::Linear;
/// use evenkeel_tensor::Tensor;
/// use evenkeel_train::selection::input_norms;
///
/// let layer = Linear::from_parts(Tensor::from([[3.0, 0.0], [4.0, 0.0]]), None)?;
/// assert_eq!(input_norms(&layer, "weight"), [5.0, 0.0]);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
pub fn input_norms<F: Float>(network: &(impl Module<F> + ?Sized), pattern: &str) -> Vec<f64> {
    let mut norms: Vec<f64> = Vec::new();
    network.for_each_parameter(|path, parameter| {
        let shape = parameter.shape();
        if !parameter.is_initialized() || shape.len() < 2 || !path.matches(pattern) {
            return;
        }
        let inner = shape[2..].iter().product::<usize>();
        norms.resize(norms.len().max(shape[1]), 0.0);
        // Neither overflow nor underflow: a weight that is not 0 leaves a norm that is not.
        for row in parameter.value().as_slice().chunks_exact((shape[1] * inner).max(1)) {
            for (norm, weights) in norms.iter_mut().zip(row.chunks_exact(inner.max(1))) {
                *norm = weights.iter().fold(*norm, |norm, w| norm.hypot(w.to_f64()));
            }
        }
    });
    norms
}
