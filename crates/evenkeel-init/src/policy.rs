//! What a whole model starts from: rules for its weights and for its biases, by kind and place of the layer.

use std::fmt;
use std::sync::Arc;

use evenkeel_tensor::{Float, Seed, Shape};

use crate::{
    BiasInitializer, Constant, DeltaOrthogonal, Dirac, HeNormal, HeUniform, Identity, InitError, Initializer,
    LeCunNormal, LeCunUniform, Normal, Orthogonal, Sparse, TruncatedNormal, Uniform, UniformFanIn, VarianceScaling,
    XavierNormal, XavierUniform, Zeros,
};

/// How the weights and the biases of a model are initialised. Cloning is cheap.
///
/// Each initialiser of this crate, or a reference to one, converts into the policy that leaves the biases at 0; one of
/// your own goes through [`Policy::new`].
///
/// ```
/// use evenkeel_init::{HeNormal, Policy, ReluOffset, Seed, UniformFanIn, XavierUniform};
///
/// let zero_biases: Policy = XavierUniform::default().into();
/// let relu_net: Policy = Policy::new(HeNormal::default()).with_biases(ReluOffset::default());
/// let like_pytorch: Policy = Policy::new(UniformFanIn).with_biases(UniformFanIn);
///
/// let (mut weight, mut bias) = ([0.0; 6], [0.0; 2]);
/// relu_net.fill_weight(&mut weight, &[2, 3].into(), Seed(7).stream("layer.weight"))?;
/// relu_net.fill_bias(&mut bias, &[2, 3].into(), Seed(7).stream("layer.bias"))?;
/// assert_eq!(bias, [0.01; 2]);
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
///
/// # Parts that start otherwise
///
/// [`for_kind`](Policy::for_kind) and [`for_path`](Policy::for_path) give a kind of layer, or a part of the network, a
/// policy of its own. **Where several fit, the last one given wins**, whatever it selects by. A policy that has rules
/// itself brings them along: they hold within the part.
///
/// ```
/// use evenkeel_init::{ClassPrior, ForgetGate, HeNormal, Orthogonal, Policy, XavierUniform};
///
/// let policy: Policy = Policy::new(XavierUniform::default())
///     .for_kind("Conv2d", HeNormal::default())
///     .for_kind("Lstm", Policy::new(Orthogonal::default()).with_biases(ForgetGate::default()))
///     .for_path("head", Policy::new(XavierUniform::default()).with_biases(ClassPrior::softmax([900, 100])));
/// ```
///
/// A rule that fits nothing in the network is an error, since it is most often a misspelt name. A policy that serves
/// many networks says so with [`allow_unmatched`](Policy::allow_unmatched).
#[derive(Clone)]
pub struct Policy<F: Float = f32> {
    start: Start<F>,
    rules: Vec<Rule<F>>,
    allow_unmatched: bool,
}

/// How a weight and the bias beside it start.
#[derive(Clone)]
struct Start<F: Float> {
    weights: Arc<dyn Initializer<F>>,
    biases: Arc<dyn BiasInitializer<F>>,
}

/// A start for what fits all of the selectors.
#[derive(Clone)]
struct Rule<F: Float> {
    selectors: Vec<Selector>,
    start: Start<F>,
}

#[derive(Clone, Debug)]
enum Selector {
    Kind(String),
    Path(String),
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "for_kind({kind:?})"),
            Self::Path(pattern) => write!(f, "for_path({pattern:?})"),
        }
    }
}

impl<F: Float> Policy<F> {
    /// Weights by `weights`, biases 0.
    pub fn new(weights: impl Initializer<F> + 'static) -> Self {
        let start = Start { weights: Arc::new(weights), biases: Arc::new(Zeros) };
        Self { start, rules: Vec::new(), allow_unmatched: false }
    }

    /// The same policy with another rule for the biases, but for those of parts with a policy of their own.
    #[must_use]
    pub fn with_biases(mut self, biases: impl BiasInitializer<F> + 'static) -> Self {
        self.start.biases = Arc::new(biases);
        self
    }

    /// Another policy for layers of the kind `kind`, a type's name such as `Linear`, and for what they contain.
    ///
    /// A wrapper around one layer, such as `WeightNorm`, has the kind of the layer that it wraps: select it as `Linear`.
    #[must_use]
    pub fn for_kind(self, kind: impl Into<String>, policy: impl Into<Self>) -> Self {
        self.with_rule(Selector::Kind(kind.into()), policy.into())
    }

    /// Another policy for parts whose path fits `pattern`, and for what they contain: `head`, `layers.0`,
    /// `*.attention`.
    ///
    /// What fits is for the network's crate to say; in evenkeel it is `Path::matches`, where `*` stands for any run of
    /// characters. A weight that a wrapper such as `WeightNorm` stores under another name (`weight_v`) is drawn, and
    /// selected here, as `weight`.
    #[must_use]
    pub fn for_path(self, pattern: impl Into<String>, policy: impl Into<Self>) -> Self {
        self.with_rule(Selector::Path(pattern.into()), policy.into())
    }

    fn with_rule(mut self, selector: Selector, policy: Self) -> Self {
        self.rules.push(Rule { selectors: vec![selector.clone()], start: policy.start });
        // Later rules win, so those of the part override its start.
        self.rules.extend(policy.rules.into_iter().map(|mut rule| {
            rule.selectors.push(selector.clone());
            rule
        }));
        self
    }

    /// The same policy, for networks that need not have all the kinds and parts it names.
    #[must_use]
    pub fn allow_unmatched(mut self) -> Self {
        self.allow_unmatched = true;
        self
    }

    /// Writes the first values of a weight that no rule is for.
    ///
    /// # Errors
    /// As [`Initializer::fill`].
    pub fn fill_weight(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        self.start.weights.fill(values, shape, seed)
    }

    /// Writes the first values of the bias of a layer whose weight has the shape `weight`, and that no rule is for.
    ///
    /// # Errors
    /// As [`BiasInitializer::fill_bias`].
    pub fn fill_bias(&self, bias: &mut [F], weight: &Shape, seed: Seed) -> Result<(), InitError> {
        self.start.biases.fill_bias(bias, weight, seed)
    }

    /// Begins to apply the policy to a network: for those who walk through one.
    ///
    /// ```
    /// use evenkeel_init::{Constant, InitError, Policy, Zeros};
    ///
    /// let policy: Policy = Policy::new(Zeros).for_kind("Linear", Constant(2.0)).for_path("head", Constant(3.0));
    /// let mut selection = policy.selection();
    /// let mut weight = [0.0; 4];
    /// for (path, kind, expected) in [("body", "Conv2d", 0.0), ("neck", "Linear", 2.0), ("head", "Linear", 3.0)] {
    ///     let part = selection.select(&[kind], |pattern| pattern == path);
    ///     part.fill_weight(&mut weight, &[2, 2].into(), evenkeel_init::Seed(7))?;
    ///     assert_eq!(weight, [expected; 4]);
    /// }
    /// selection.finish()?; // every rule has been of use
    /// # Ok::<(), InitError>(())
    /// ```
    pub fn selection(&self) -> Selection<'_, F> {
        Selection { policy: self, matched: vec![false; self.rules.len()] }
    }
}

/// A [`Policy`] being applied to a network: which of its rules is for which part, and which have been of no use.
#[derive(Debug)]
pub struct Selection<'a, F: Float = f32> {
    policy: &'a Policy<F>,
    matched: Vec<bool>,
}

impl<F: Float> Selection<'_, F> {
    /// The policy, without rules, for a weight or bias in layers of the kinds `kinds` (the one it belongs to and those
    /// around that), where `fits` tells whether a pattern fits its path.
    pub fn select(&mut self, kinds: &[&str], fits: impl Fn(&str) -> bool) -> Policy<F> {
        let holds = |selector: &Selector| match selector {
            Selector::Kind(kind) => kinds.contains(&kind.as_str()),
            Selector::Path(pattern) => fits(pattern),
        };
        let mut start = &self.policy.start;
        for (rule, matched) in self.policy.rules.iter().zip(&mut self.matched) {
            if rule.selectors.iter().all(holds) {
                (start, *matched) = (&rule.start, true);
            }
        }
        Policy { start: start.clone(), rules: Vec::new(), allow_unmatched: false }
    }

    /// Ends the walk.
    ///
    /// # Errors
    /// If a rule has fitted nothing, and the policy does not allow that.
    pub fn finish(self) -> Result<(), InitError> {
        match self.matched.iter().position(|matched| !matched) {
            Some(index) if !self.policy.allow_unmatched => {
                // From the outer part to the inner one.
                let rule = self.policy.rules[index].selectors.iter().rev().map(ToString::to_string);
                Err(InitError::UnmatchedRule { rule: rule.collect::<Vec<_>>().join(" in it ") })
            }
            _ => Ok(()),
        }
    }
}

// One by one: a blanket conversion from every Initializer<F> would overlap with From<Policy<F>> for Policy<F>,
// for which another crate might implement Initializer.
macro_rules! weights_alone {
    ($($t:ty),* $(,)?) => {$(
        impl<F: Float> From<$t> for Policy<F> {
            fn from(weights: $t) -> Self {
                Self::new(weights)
            }
        }

        impl<F: Float> From<&$t> for Policy<F> {
            fn from(weights: &$t) -> Self {
                Self::new(*weights)
            }
        }
    )*};
}
weights_alone!(
    Zeros,
    Constant,
    Identity,
    Dirac,
    Uniform,
    UniformFanIn,
    Normal,
    TruncatedNormal,
    LeCunUniform,
    LeCunNormal,
    XavierUniform,
    XavierNormal,
    HeUniform,
    HeNormal,
    VarianceScaling,
    Sparse,
    Orthogonal,
    DeltaOrthogonal,
);

impl<F: Float> From<&Policy<F>> for Policy<F> {
    fn from(policy: &Policy<F>) -> Self {
        policy.clone()
    }
}

impl<F: Float> fmt::Debug for Policy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<_> = self.rules.iter().map(|rule| &rule.selectors).collect();
        f.debug_struct("Policy").field("rules", &rules).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_follow_the_weight_or_their_own_rule() {
        let (weight, len) = (Shape::from([7, 16]), 7);
        let policy = Policy::<f64>::new(XavierUniform::default()).with_biases(UniformFanIn);
        let (mut bias, mut direct) = (vec![f64::NAN; len], vec![0.0; len]);
        policy.fill_bias(&mut bias, &weight, Seed(7)).unwrap();
        crate::random::uniform(&mut direct, -0.25, 0.25, Seed(7));
        assert_eq!(bias, direct);

        Policy::from(&policy).with_biases(Normal::new(3.0, 0.0)).fill_bias(&mut bias, &weight, Seed(7)).unwrap();
        assert_eq!(bias, [3.0; 7]);
        Policy::from(&XavierUniform::default()).fill_bias(&mut bias, &weight, Seed(7)).unwrap();
        assert_eq!(bias, [0.0; 7]);
    }

    /// The constant that a policy of constants gives a weight there.
    fn constant(selection: &mut Selection<'_, f64>, kinds: &[&str], path: &str) -> f64 {
        let mut weight = [f64::NAN];
        let part = selection.select(kinds, |pattern| pattern == path);
        part.fill_weight(&mut weight, &[1].into(), Seed(7)).unwrap();
        weight[0]
    }

    #[test]
    fn the_last_rule_that_fits_wins() {
        let policy = Policy::new(Constant(0.0))
            .for_path("head", Constant(1.0))
            .for_kind("Linear", Constant(2.0))
            .for_path("neck", Constant(3.0));
        let mut selection = policy.selection();
        assert_eq!(constant(&mut selection, &["Conv2d"], "body"), 0.0);
        assert_eq!(constant(&mut selection, &["Conv2d"], "head"), 1.0);
        assert_eq!(constant(&mut selection, &["Linear"], "head"), 2.0);
        assert_eq!(constant(&mut selection, &["Linear", "Residual"], "neck"), 3.0);
        selection.finish().unwrap();
    }

    #[test]
    fn rules_of_a_part_hold_within_it() {
        let head = Policy::new(Constant(1.0)).for_kind("Linear", Constant(2.0));
        let policy = Policy::new(Constant(0.0)).for_path("head", head);
        let mut selection = policy.selection();
        assert_eq!(constant(&mut selection, &["Linear"], "body"), 0.0);
        assert_eq!(constant(&mut selection, &["Conv2d"], "head"), 1.0);
        let message = policy.selection().finish().unwrap_err().to_string();
        assert!(message.contains("for_path(\"head\")"), "{message}");
        let message = selection.finish().unwrap_err().to_string();
        assert!(message.contains("for_path(\"head\") in it for_kind(\"Linear\")"), "{message}");
        policy.allow_unmatched().selection().finish().unwrap();
    }
}
