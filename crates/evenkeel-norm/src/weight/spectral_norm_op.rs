//! Division of a weight by its largest singular value, as one operation.

use evenkeel_autograd::{Backward, Gradient, Inputs, Op, Var};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use super::power_iteration::{SingularPair, check_pair, iterate, matrix};

/// w = W / (uᵀ W v), after improving u and v by power iteration.
///
/// Inputs are W (out, ...), u (out) and v (everything else), the latter two constants. What the operation keeps begins with
/// u, v and sigma = uᵀ W v. As in Miyato et al. 2018, equation 12, u and v count as constants in the gradient:
///
/// `dW = (dw - u vᵀ sum(dw w)) / sigma`
///
/// With sigma = 0, w and the gradient are 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpectralNormOp {
    pub(crate) iterations: usize,
    /// Products of at most this norm leave u and v as they are.
    pub(crate) eps: f64,
}

impl<F: Float> Op<F> for SpectralNormOp {
    fn name(&self) -> &'static str {
        "spectral_norm"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        check_pair(inputs[0], inputs[1], inputs[2])?;
        // Written so that NaN fails.
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return Err(ShapeError::new(
                "spectral_norm",
                "a finite eps of 0 or more",
                format!("eps {}", self.eps),
                "1e-12 is usual",
            ));
        }
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        2 * (inputs[1].numel() + inputs[2].numel()) + 1
    }

    fn forward(&mut self, x: &Inputs<'_, F>, w: &mut [F], saved: &mut [F]) {
        let (weight, rows) = (x.value(0), x.value(1).len());
        let (pair, scratch) = saved.split_at_mut(rows + x.value(2).len());
        let (u, v) = pair.split_at_mut(rows);
        u.copy_from_slice(x.value(1));
        v.copy_from_slice(x.value(2));
        let (sigma, scratch) = scratch.split_at_mut(1);
        sigma[0] = iterate(weight, self.iterations, F::from_f64(self.eps), (u, v), scratch);
        let sigma = sigma[0];
        if sigma == F::ZERO {
            w.fill(F::ZERO);
        } else {
            // A division, because the inverse of a subnormal number may be infinite.
            kernel::map(
                weight,
                w,
                #[inline(always)]
                move |w| w / sigma,
            );
        }
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let Some(dx) = dx[0].wanted() else { return };
        let (rows, columns) = matrix(at.shape).expect("checked when recorded");
        let (u, rest) = at.saved.split_at(rows);
        let (v, sigma) = (&rest[..columns], rest[columns]);
        if sigma == F::ZERO || dx.is_empty() {
            return dx.fill(F::ZERO);
        }
        let along = kernel::dot(at.dy, at.y);
        let group = kernel::BLOCK.div_ceil(columns);
        let dy = at.dy;
        parallel::chunks_mut(dx, group * columns, |task, dx| {
            kernel::simd(
                #[inline(always)]
                move || {
                    let first = task * group;
                    for (r, dx) in dx.chunks_exact_mut(columns).enumerate() {
                        let share = along * u[first + r];
                        let dy = &dy[(first + r) * columns..][..columns];
                        dx.iter_mut().zip(dy).zip(v).for_each(
                            #[inline(always)]
                            |((dx, &dy), &v)| *dx = (dy - share * v) / sigma,
                        );
                    }
                },
            );
        });
    }
}

impl SpectralNormOp {
    /// Records the operation on the tape of `weight`.
    #[track_caller]
    pub(super) fn record<'t, F: Float>(self, weight: Var<'t, F>, pair: &SingularPair<F>) -> Var<'t, F> {
        let constant = |x: &evenkeel_tensor::Tensor<F>| weight.tape().constant(x.clone());
        weight.tape().record(self, &[weight, constant(&pair.u), constant(&pair.v)])
    }
}

/// The weight (out, in, kernel...) divided by `uᵀ W v`, the estimate of its largest singular value for these vectors,
/// which count as constants; see [`SpectralNorm`](crate::SpectralNorm).
///
/// # Panics
/// If the vectors are not those of a weight of this shape.
#[track_caller]
pub fn spectral_norm<'t, F: Float>(weight: Var<'t, F>, pair: &SingularPair<F>) -> Var<'t, F> {
    SpectralNormOp { iterations: 0, eps: 0.0 }.record(weight, pair)
}
