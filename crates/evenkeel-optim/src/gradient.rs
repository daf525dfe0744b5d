//! What happens to gradients before a rule sees them.

use evenkeel_tensor::{Float, kernel, parallel};

/// What is done to each gradient value: times `scale`, then at most `limit` in magnitude.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clip<F> {
    pub(crate) scale: F,
    pub(crate) limit: F,
}

impl<F: Float> Clip<F> {
    /// Whether it leaves everything as it is.
    pub(crate) fn is_identity(self) -> bool {
        self.scale == F::ONE && self.limit == F::INFINITY
    }

    pub(crate) fn apply(self, from: &[F], to: &mut [F]) {
        kernel::simd(move || {
            for (to, &g) in to.iter_mut().zip(from) {
                let g = g * self.scale;
                // Comparisons that let NaN pass: it must not turn into a step.
                let g = if g > self.limit { self.limit } else { g };
                *to = if g < -self.limit { -self.limit } else { g };
            }
        });
    }
}

/// The sum of squares over fixed blocks and a fixed tree.
pub(crate) fn sum_of_squares<F: Float>(g: &[F]) -> f64 {
    let sum = kernel::dot(g, g).to_f64();
    if (1e-30..1e30).contains(&sum) {
        return sum;
    }
    // Next to where squares of `f32` overflow or vanish: slower, in `f64`.
    let block = |g: &[F]| g.iter().map(|g| g.to_f64() * g.to_f64()).sum::<f64>();
    parallel::reduce(g.len(), kernel::BLOCK, |r| block(&g[r]), |a, b| a + b).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_then_limited() {
        let mut to = [0.0; 5];
        Clip { scale: 0.5, limit: 2.0 }.apply(&[1.0, -3.0, 10.0, f64::NEG_INFINITY, 4.0], &mut to);
        assert_eq!(to, [0.5, -1.5, 2.0, -2.0, 2.0]);
        let mut nan = [0.0];
        Clip { scale: 1.0, limit: 1.0 }.apply(&[f32::NAN], &mut nan);
        assert!(nan[0].is_nan());
    }

    #[test]
    fn squares_neither_overflow_nor_vanish() {
        assert_eq!(sum_of_squares(&[3f32; 100_000]), 900_000.0);
        assert!((sum_of_squares(&[1e30f32, 1e30]).sqrt() / 2f64.sqrt() / 1e30 - 1.0).abs() < 1e-7);
        assert!((sum_of_squares(&[1e-30f32; 4]).sqrt() / 2e-30 - 1.0).abs() < 1e-7);
        assert_eq!(sum_of_squares::<f32>(&[]), 0.0);
        assert!(sum_of_squares(&[1.0, f32::NAN]).is_nan());
    }
}
