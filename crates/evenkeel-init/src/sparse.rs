//! Sparse starts: few connections per unit, whatever its fan.

use evenkeel_tensor::{Float, Seed, Shape, parallel};
use rand::Rng;

use crate::error::{not_negative, scale_in_range};
use crate::fans::matrix;
use crate::{Gain, InitError, Initializer, random};

/// Exactly `connections` incoming weights of each unit are Gaussian of mean 0 and deviation `std`; the others are 0. By
/// default 15 connections of deviation 1.
///
/// Martens 2010, "Deep learning via Hessian-free optimization", section 5: the size of a unit's sum no longer depends
/// on its fan, units stay different, and none is saturated by many small inputs. He uses biases of 0, and of 0.5 before
/// tanh. Which inputs a unit has is drawn without replacement, for each unit alone. A unit of a convolution (out, in,
/// kernel...) has in times the kernel's extents incoming weights.
///
/// With inputs of variance 1 a unit's sum has the variance `connections` times std²: 15 by default, as in the paper,
/// which saturates most sigmoids. [`with_gain`](Sparse::with_gain) sets std = gain / sqrt(connections), which keeps the
/// variance.
///
/// Where sources differ: PyTorch's `sparse_` takes the *share of zeros* in each *column* of the weight (out, in), so it
/// fixes how many units an input reaches (at least), not how many inputs a unit has; its deviation is 0.01.
///
/// # Errors
/// [`fill`](Initializer::fill) if there are no connections or more than a unit has inputs, the deviation is negative, 0,
/// subnormal or not finite, or so large that weights would not be, the shape has no fans (rank below 2, an extent of 0), or the slice does not fit it.
///
/// ```
/// use evenkeel_init::{InitializerExt, Seed, Sparse};
///
/// let weight = Sparse::new(4).tensor::<f32>([10, 64], Seed(7))?;
/// for unit in weight.as_slice().chunks(64) {
///     assert_eq!(unit.iter().filter(|&&w| w != 0.0).count(), 4);
/// }
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparse {
    /// How many incoming weights of a unit are not 0.
    pub connections: usize,
    /// The standard deviation of those.
    pub std: f64,
}

impl Sparse {
    /// `connections` per unit, of deviation 1.
    pub fn new(connections: usize) -> Self {
        Self { connections, std: 1.0 }
    }

    /// The same rule with another deviation.
    #[must_use]
    pub fn with_std(self, std: f64) -> Self {
        Self { std, ..self }
    }

    /// The same rule with the deviation gain / sqrt(connections): what a [`Gain`] makes up for is then kept.
    #[must_use]
    pub fn with_gain(self, gain: Gain) -> Self {
        self.with_std(gain.0 / (self.connections as f64).sqrt())
    }
}

impl Default for Sparse {
    fn default() -> Self {
        Self::new(15)
    }
}

impl<F: Float> Initializer<F> for Sparse {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        const NAME: &str = "Sparse";
        InitError::check_length(NAME, values.len(), shape)?;
        let (_, inputs) = matrix(NAME, shape)?;
        let parameter = |parameter, expected, got, cure| {
            Err(InitError::Parameter { initializer: NAME, parameter, expected, got, cure })
        };
        if self.connections == 0 || self.connections > inputs {
            let expected = format!("from 1 to {inputs}, the incoming weights of a unit of shape {shape}");
            let cure = "ask for fewer connections, or fill this layer densely";
            return parameter("connections", expected, self.connections as f64, cure);
        }
        let std = not_negative(NAME, "std", self.std)?;
        let std: F = scale_in_range(NAME, "std", std, |std| random::reach::<F>() * std)?;
        if std * F::EPSILON == F::ZERO {
            let expected = format!("above 0, and no subnormal number of {}", F::NAME);
            let cure = "a connection of weight 0 is none; for no weights use Zeros";
            return parameter("std", expected, self.std, cure);
        }
        random::normal(values, F::ZERO, F::ONE, seed.stream("weights"));
        let choice = seed.stream("connections");
        parallel::chunks_mut(values, inputs, |unit, values| {
            let connected = choose(self.connections, inputs, choice.at(unit as u64));
            for (w, connected) in values.iter_mut().zip(connected) {
                // About one draw in 2^31 is 0, and with a tiny deviation a small one is rounded to 0: no connection.
                let scaled = std * *w;
                let scaled = if scaled == F::ZERO { std * F::EPSILON } else { scaled };
                *w = if connected { scaled } else { F::ZERO };
            }
        });
        Ok(())
    }
}

/// Which `count` of `n` are chosen, each set equally likely: Floyd's algorithm (Bentley & Floyd 1987).
fn choose(count: usize, n: usize, seed: Seed) -> Vec<bool> {
    let mut rng = seed.rng();
    let mut chosen = vec![false; n];
    for last in n - count..n {
        // Of 2^64 numbers, each of 0..=last gets as many, but for one.
        let any = ((u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64) as usize;
        let next = if chosen[any] { last } else { any };
        chosen[next] = true;
    }
    chosen
}
