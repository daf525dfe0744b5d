//! Activations: functions of one number, each with its derivative beside it.
//!
//! Finite inputs of any size give finite results, and derivatives that are finite too.

use evenkeel_tensor::{Float, ShapeError};

use super::pointwise::pointwise;
use crate::{Pointwise, Var};

pointwise!(
    /// Logistic sigmoid: y = 1 / (1 + e^-x), y' = y (1 - y).
    Sigmoid, "sigmoid", sigmoid, |x| x.sigmoid(), |_x, y| y * (F::ONE - y)
);
pointwise!(
    /// Hyperbolic tangent: y = tanh x, y' = 1 - y².
    Tanh, "tanh", tanh, |x| x.tanh(), |_x, y| F::ONE - y * y
);
pointwise!(
    /// Rectifier: y = max(x, 0), y' = 1 where x > 0, else 0 (also at 0, as in PyTorch). NaN stays NaN, and passes the gradient on;
    /// where x <= 0 the gradient is 0 also if what comes back is infinite or NaN.
    Relu, "relu", relu,
    |x| if x < F::ZERO { F::ZERO } else { x },
    |x, _y| if x <= F::ZERO { F::ZERO } else { F::ONE },
    gradient: |x, dy| if x <= F::ZERO { F::ZERO } else { dy }
);
pointwise!(
    /// Scaled exponential linear unit: y = scale x for x > 0, else scale alpha (e^x - 1), with the scale 1.0507... and
    /// alpha 1.6732... that keep mean 0 and variance 1 from layer to layer; y' = scale for x > 0, else scale alpha e^x.
    ///
    /// Klambauer et al., *Self-Normalizing Neural Networks*, 2017, [arXiv 1706.02515](https://arxiv.org/abs/1706.02515).
    Selu, "selu", selu,
    |x| F::from_f64(SELU_SCALE) * if x > F::ZERO { x } else { F::from_f64(SELU_ALPHA) * x.exp_m1() },
    |x, _y| F::from_f64(SELU_SCALE) * if x > F::ZERO { F::ONE } else { F::from_f64(SELU_ALPHA) * x.exp() }
);

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

pointwise!(
    /// Gaussian error linear unit: y = x P(x) with P the standard normal distribution function, P(x) = erfc(-x / √2) / 2;
    /// y' = P(x) + x p(x) with the density p(x) = e^(-x² / 2) / √(2 π).
    ///
    /// Hendrycks & Gimpel, *Gaussian Error Linear Units*, 2016, [arXiv 1606.08415](https://arxiv.org/abs/1606.08415).
    Gelu, "gelu", gelu,
    |x| x * normal_distribution(x),
    |x, _y| normal_distribution(x) + x * normal_density(x)
);
pointwise!(
    /// [GELU](Var::gelu) by its approximation y = x s with s = (1 + tanh u) / 2 = sigmoid(2 u) and
    /// u = √(2 / π) (x + 0.044715 x³), as in GPT-2 and PyTorch's `approximate="tanh"`; off by up to 0.0005. y' = s + 2 x s (1 - s) u'.
    GeluTanh, "gelu_tanh", gelu_tanh,
    |x| x * gelu_tanh_gate(x).0,
    |x, _y| {
        let (s, slope) = gelu_tanh_gate(x);
        s + x * slope
    }
);
pointwise!(
    /// Sigmoid linear unit, also called swish: y = x s with s = sigmoid(x); y' = s (1 + x (1 - s)).
    ///
    /// Elfwing et al., *Sigmoid-Weighted Linear Units*, 2017, [arXiv 1702.03118](https://arxiv.org/abs/1702.03118).
    Silu, "silu", silu,
    |x| x * x.sigmoid(),
    |x, _y| {
        let s = x.sigmoid();
        s * (F::ONE + x * (F::ONE - s))
    }
);

/// The standard normal distribution function.
#[inline(always)]
fn normal_distribution<F: Float>(x: F) -> F {
    F::from_f64(0.5) * (x * F::from_f64(-std::f64::consts::FRAC_1_SQRT_2)).erfc()
}

/// The standard normal density.
#[inline(always)]
fn normal_density<F: Float>(x: F) -> F {
    // FRAC_2_SQRT_PI / SQRT_8 = 1 / sqrt(2 pi)
    let peak = F::from_f64(std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2 / 2.0);
    peak * (F::from_f64(-0.5) * x * x).exp()
}

/// s = sigmoid(2 u) and ds/dx = 2 s (1 - s) u'.
#[inline(always)]
fn gelu_tanh_gate<F: Float>(x: F) -> (F, F) {
    // From here on s is 0 or 1 to the last bit, and u would overflow further out.
    let far = F::from_f64(30.0);
    let x = if x > far { far } else { x };
    let x = if x < -far { -far } else { x };
    // 2 sqrt(2 / pi)
    let (c, cubic) = (F::from_f64(std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::SQRT_2), F::from_f64(0.044715));
    let s = (c * (x + cubic * x * x * x)).sigmoid();
    (s, s * (F::ONE - s) * c * (F::ONE + F::from_f64(3.0) * cubic * x * x))
}

/// Leaky rectifier: y = x for x > 0, else slope x; y' = 1 for x > 0, else the slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyRelu<F> {
    /// The slope for negative x.
    pub negative_slope: F,
}

impl<F: Float> Pointwise<F> for LeakyRelu<F> {
    const NAME: &'static str = "leaky_relu";
    #[inline(always)]
    fn value(&self, x: F) -> F {
        if x > F::ZERO { x } else { self.negative_slope * x }
    }
    #[inline(always)]
    fn derivative(&self, x: F, _y: F) -> F {
        if x > F::ZERO { F::ONE } else { self.negative_slope }
    }
    fn check(&self) -> Result<(), ShapeError> {
        finite("leaky_relu", "negative slope", self.negative_slope, "0.01 is usual")
    }
}

/// Exponential linear unit: y = x for x > 0, else alpha (e^x - 1); y' = 1 for x > 0, else alpha e^x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elu<F> {
    /// Minus the limit for large negative x.
    pub alpha: F,
}

impl<F: Float> Pointwise<F> for Elu<F> {
    const NAME: &'static str = "elu";
    #[inline(always)]
    fn value(&self, x: F) -> F {
        if x > F::ZERO { x } else { self.alpha * x.exp_m1() }
    }
    #[inline(always)]
    fn derivative(&self, x: F, _y: F) -> F {
        if x > F::ZERO { F::ONE } else { self.alpha * x.exp() }
    }
    fn check(&self) -> Result<(), ShapeError> {
        finite("elu", "alpha", self.alpha, "1 is usual")
    }
}

/// Softplus: y = ln(1 + e^(beta x)) / beta, and y = x where beta x exceeds the threshold; y' = sigmoid(beta x), there 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softplus<F> {
    /// How sharp the bend at 0 is.
    pub beta: F,
    /// From where on the function counts as linear.
    pub threshold: F,
}

impl<F: Float> Pointwise<F> for Softplus<F> {
    const NAME: &'static str = "softplus";
    #[inline(always)]
    fn value(&self, x: F) -> F {
        let z = self.beta * x;
        // max(z, 0) + ln(1 + e^-|z|) overflows nowhere.
        let rest = (-z.abs()).exp().ln_1p();
        let y = if z > F::ZERO { x + rest / self.beta } else { rest / self.beta };
        if z > self.threshold { x } else { y }
    }
    #[inline(always)]
    fn derivative(&self, x: F, _y: F) -> F {
        let z = self.beta * x;
        if z > self.threshold { F::ONE } else { z.sigmoid() }
    }
    fn check(&self) -> Result<(), ShapeError> {
        if self.beta > F::ZERO && self.beta.is_finite() && !self.threshold.is_nan() {
            return Ok(());
        }
        Err(ShapeError::new(
            "softplus",
            "a positive, finite beta and a threshold that is a number",
            format!("beta {}, threshold {}", self.beta, self.threshold),
            "beta 1 and threshold 20 are usual",
        ))
    }
}

fn finite<F: Float>(operation: &'static str, what: &str, value: F, cure: &str) -> Result<(), ShapeError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(ShapeError::new(operation, format!("a finite {what}"), value.to_string(), cure))
}

impl<F: Float> Var<'_, F> {
    /// Leaky rectifier: y = x for x > 0, else `negative_slope` x.
    ///
    /// Maas, Hannun & Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*, 2013.
    ///
    /// # Panics
    /// If the slope is not finite.
    #[track_caller]
    #[must_use]
    pub fn leaky_relu(self, negative_slope: F) -> Self {
        self.pointwise(LeakyRelu { negative_slope })
    }

    /// Exponential linear unit: y = x for x > 0, else `alpha` (e^x - 1).
    ///
    /// Clevert, Unterthiner & Hochreiter, 2015, [arXiv 1511.07289](https://arxiv.org/abs/1511.07289).
    ///
    /// # Panics
    /// If alpha is not finite.
    #[track_caller]
    #[must_use]
    pub fn elu(self, alpha: F) -> Self {
        self.pointwise(Elu { alpha })
    }

    /// Softplus: y = ln(1 + e^(`beta` x)) / `beta`, and y = x where `beta` x exceeds `threshold`.
    ///
    /// # Panics
    /// If beta is not positive and finite, or the threshold is NaN.
    #[track_caller]
    #[must_use]
    pub fn softplus(self, beta: F, threshold: F) -> Self {
        self.pointwise(Softplus { beta, threshold })
    }
}
