//! The singular value decomposition by rotations of rows (Hestenes 1958, "Inversion of matrices by
//! biorthogonalization").
//!
//! A rotation from the left makes two rows orthogonal; swept over all pairs until none is left to turn, A has become S
//! Vᵀ, the product of the rotations being Uᵀ. Chosen over bidiagonalisation since it is a page long and accurate, works
//! in parallel, and needs no matrix products, whose bits differ on processors without fused multiply-add; nalgebra's
//! decomposition is the oracle in the tests.

use evenkeel_tensor::kernel::{self, sum_zip};
use evenkeel_tensor::{Float, parallel};

/// Convergence is quadratic: ten sweeps or so at any size. This only stops what would go on for ever.
const MOST_SWEEPS: usize = 60;

/// Writes Vᵀ of `a` = U S Vᵀ, singular values falling; `a`, of rows of `columns`, is scratch afterwards.
pub(super) fn orthonormal_rows<F: Float>(a: &mut [F], columns: usize, w: &mut [F]) {
    // As far as rounding leaves a product of orthogonal unit rows from 0.
    let rule = Rule { columns, tolerance: F::EPSILON * F::from_usize(columns).sqrt() };
    let mut squares: Vec<F> = Vec::new();
    for _ in 0..MOST_SWEEPS {
        squares.clear();
        squares.extend(a.chunks_exact(columns).map(|row| kernel::dot(row, row)));
        if !parallel::install(|| rule.within(Rows { values: a, squares: &mut squares })) {
            break;
        }
    }
    let mut order: Vec<usize> = (0..squares.len()).collect();
    order.sort_by(|&i, &j| squares[j].to_f64().total_cmp(&squares[i].to_f64()));
    for (from, w) in order.into_iter().zip(w.chunks_exact_mut(columns)) {
        let row = &a[from * columns..][..columns];
        let norm = kernel::dot(row, row).sqrt();
        if norm > F::ZERO {
            let scale = F::ONE / norm;
            w.iter_mut().zip(row).for_each(|(w, &x)| *w = scale * x);
        } else {
            // A row of nothing but 0 can only come from a draw of 0 for a 1 x 1 matrix.
            w.fill(F::ZERO);
            w[0] = F::ONE;
        }
    }
}

/// Neighbouring rows, and the square of the length of each.
struct Rows<'a, F> {
    values: &'a mut [F],
    squares: &'a mut [F],
}

impl<F: Float> Rows<'_, F> {
    fn halves(&mut self, columns: usize) -> (Rows<'_, F>, Rows<'_, F>) {
        let half = self.squares.len() / 2;
        let (values, squares) = (self.values.split_at_mut(half * columns), self.squares.split_at_mut(half));
        (Rows { values: values.0, squares: squares.0 }, Rows { values: values.1, squares: squares.1 })
    }

    fn again(&mut self) -> Rows<'_, F> {
        Rows { values: self.values, squares: self.squares }
    }
}

/// Rows this few are turned by one thread, in its first-level cache.
const FEW: usize = 8;

#[derive(Clone, Copy)]
struct Rule<F> {
    columns: usize,
    tolerance: F,
}

impl<F: Float> Rule<F> {
    /// Turns each pair of rows; whether there was anything to do. The order of the pairs depends on the number of rows
    /// alone: first those within each half, then those between the halves.
    fn within(self, mut rows: Rows<'_, F>) -> bool {
        if rows.squares.len() < 2 {
            return false;
        }
        let (mut a, mut b) = rows.halves(self.columns);
        let (in_a, in_b) = parallel::join(|| self.within(a.again()), || self.within(b.again()));
        in_a | in_b | self.between(a, b)
    }

    /// Turns each row of `a` with each row of `b`, in quarters, of which two at a time have no row in common.
    fn between(self, mut a: Rows<'_, F>, mut b: Rows<'_, F>) -> bool {
        if a.squares.len() <= FEW {
            return self.every_pair(a, b);
        }
        let ((mut a0, mut a1), (mut b0, mut b1)) = (a.halves(self.columns), b.halves(self.columns));
        let (first, second) =
            parallel::join(|| self.between(a0.again(), b0.again()), || self.between(a1.again(), b1.again()));
        let (third, fourth) = parallel::join(|| self.between(a0, b1), || self.between(a1, b0));
        first | second | third | fourth
    }

    fn every_pair(self, a: Rows<'_, F>, b: Rows<'_, F>) -> bool {
        let mut turned = false;
        for (x, xx) in a.values.chunks_exact_mut(self.columns).zip(a.squares) {
            for (y, yy) in b.values.chunks_exact_mut(self.columns).zip(&mut *b.squares) {
                turned |= kernel::simd(
                    #[inline(always)]
                    || rotate((x, xx), (y, yy), self.tolerance),
                );
            }
        }
        turned
    }
}

/// Turns two rows, given with the squares of their lengths, in their plane until they are orthogonal; whether there was
/// anything to do.
#[inline(always)]
fn rotate<F: Float>((x, xx): (&mut [F], &mut F), (y, yy): (&mut [F], &mut F), tolerance: F) -> bool {
    let xy = sum_zip(
        x,
        y,
        #[inline(always)]
        |x, y| x * y,
    );
    if xy.abs() <= tolerance * (*xx * *yy).sqrt() {
        return false;
    }
    // The smaller of the two angles (Rutishauser 1966): t = tan θ solves t² + 2 ζ t - 1 = 0.
    let zeta = (*yy - *xx) / (xy + xy);
    let t = F::ONE.copysign(zeta) / (zeta.abs() + (F::ONE + zeta * zeta).sqrt());
    let cos = F::ONE / (F::ONE + t * t).sqrt();
    let sin = cos * t;
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
    *xx -= t * xy;
    *yy += t * xy;
    true
}
