//! What an optimiser is: how one value moves, given its gradient and what is remembered of those before.

use std::fmt::Debug;

use evenkeel_tensor::{Float, kernel};

use crate::OptimError;

/// An update rule. It works element by element, so that the driver ([`Optimizer`](crate::Optimizer)) may cut
/// parameters into pieces and spread them over threads without changing a bit.
///
/// A rule is a plain value of settings; what it remembers between steps is kept by the driver, as
/// [`state_names`](Rule::state_names)`.len()` arrays of each parameter's size that start at 0.
///
/// A rule of your own is three methods. Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms",
/// algorithm 2):
///
/// ```
/// use evenkeel_optim::{Optimizer, Rule, StepInfo, each};
/// use evenkeel_tensor::Float;
///
/// #[derive(Debug)]
/// struct Lion {
///     learning_rate: f64,
/// }
///
/// impl<F: Float> Rule<F> for Lion {
///     fn learning_rate(&self) -> f64 {
///         self.learning_rate
///     }
///     fn state_names(&self) -> &'static [&'static str] {
///         &["exp_avg"]
///     }
///     fn update(&self, at: &StepInfo, w: &mut [F], g: &[F], state: &mut [F]) {
///         let [rate, decay, b1, b2] = [at.learning_rate, at.weight_decay, 0.9, 0.99].map(F::from_f64);
///         each(w, g, state, move |w, g, [m]| {
///             let direction = F::ONE.copysign(b1 * m + (F::ONE - b1) * g);
///             (w - rate * (direction + decay * w), [b2 * m + (F::ONE - b2) * g])
///         });
///     }
/// }
///
/// let optimizer: Optimizer = Lion { learning_rate: 1e-4 }.into();
/// optimizer.validate()?;
/// # Ok::<(), evenkeel_optim::OptimError>(())
/// ```
pub trait Rule<F: Float = f32>: Debug + Send + Sync + 'static {
    /// The rule's name in messages and saved states.
    fn name(&self) -> &'static str {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name)
    }

    /// The learning rate before schedule and groups.
    fn learning_rate(&self) -> f64;

    /// The weight decay of parameters that decay, unless their group has its own.
    fn weight_decay(&self) -> f64 {
        0.0
    }

    /// The names of the arrays that are remembered between steps; none by default.
    fn state_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Checks the settings beyond learning rate and weight decay.
    ///
    /// # Errors
    /// If one is out of its range in the precision `F`.
    fn validate(&self) -> Result<(), OptimError> {
        Ok(())
    }

    /// Moves the values `w` along their gradients `g`. `state` holds the remembered arrays, one after another,
    /// each as long as `w`.
    ///
    /// Called with pieces of a parameter, from several threads: element `i` may depend on elements `i` alone.
    /// [`each`] is the loop for it.
    fn update(&self, at: &StepInfo, w: &mut [F], g: &[F], state: &mut [F]);
}

/// What an update knows beside the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepInfo {
    /// The learning rate after schedule and groups.
    pub learning_rate: f64,
    /// The weight decay that applies to this parameter; 0 if it does not decay.
    pub weight_decay: f64,
    /// How often this parameter has been updated, this time included: 1 at first. A parameter that was frozen for
    /// a while has fewer updates than the optimiser has steps.
    pub update: u64,
}

/// `(w, state) = f(w, g, state)`, element by element, with the `N` remembered arrays one after another in `state`,
/// compiled for the best instruction set of this processor.
///
/// `f` is `'static`, so that it must capture with `move`: constants behind a reference would be read anew for each
/// element, which takes five times as long.
///
/// ```
/// let (mut w, mut state) = ([1.0, 2.0], [0.0; 4]);
/// evenkeel_optim::each(&mut w, &[0.5, 0.25], &mut state, |w, g, [a, b]| (w - g, [a + g, b + 1.0]));
/// assert_eq!(w, [0.5, 1.75]);
/// assert_eq!(state, [0.5, 0.25, 1.0, 1.0]);
/// ```
///
/// # Panics
/// If `g` is not as long as `w`, or `state` not `N` times as long.
#[inline(always)]
#[track_caller]
pub fn each<F: Float, const N: usize>(
    w: &mut [F],
    g: &[F],
    state: &mut [F],
    f: impl Fn(F, F, [F; N]) -> (F, [F; N]) + 'static,
) {
    let n = w.len();
    assert!(
        g.len() == n && state.len() == N * n,
        "each: expected {n} gradients and {} remembered values, got {} and {}",
        N * n,
        g.len(),
        state.len()
    );
    kernel::simd(move || {
        // Cut here, inside, where the compiler then sees that all lengths are `n`.
        let n = w.len();
        let (w, g, mut rest) = (&mut w[..n], &g[..n], state);
        let mut arrays: [&mut [F]; N] = std::array::from_fn(|_| {
            let (array, after) = std::mem::take(&mut rest).split_at_mut(n);
            rest = after;
            array
        });
        for i in 0..n {
            let (moved, remembered) = f(w[i], g[i], std::array::from_fn(|k| arrays[k][i]));
            w[i] = moved;
            for (array, value) in arrays.iter_mut().zip(remembered) {
                array[i] = value;
            }
        }
    });
}

/// `base` to the power `n`, by squaring: unlike the library's, the same bits everywhere.
pub(crate) fn power(base: f64, mut n: u64) -> f64 {
    let (mut square, mut result) = (base, 1.0);
    while n > 0 {
        if n & 1 == 1 {
            result *= square;
        }
        square *= square;
        n >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers() {
        for n in [0, 1, 2, 3, 10, 1000] {
            let (got, expected) = (power(0.999, n), 0.999f64.powf(n as f64));
            assert!((got - expected).abs() <= 1e-13 * expected, "{n}: {got} {expected}");
        }
        assert_eq!(power(0.9, u64::MAX), 0.0);
        assert_eq!(power(0.0, 1), 0.0);
    }

    #[test]
    #[should_panic(expected = "expected 3 gradients and 6 remembered values, got 3 and 5")]
    fn lengths_must_agree() {
        each(&mut [0f32; 3], &[0.0; 3], &mut [0.0; 5], |w, _, s: [f32; 2]| (w, s));
    }
}
