//! The QR decomposition by Householder reflections, in blocks (Schreiber & Van Loan 1989: compact WY form), so that
//! nearly all of the work is matrix products.
//!
//! Matrices are stored by rows, so it is Aᵀ that is decomposed, and a reflection I - τ v vᵀ acts from the right on rows
//! that are contiguous in memory. The b reflections of a block are together I - Vᵀ T V, with the v as the rows of V and
//! T an upper triangle.

use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
use evenkeel_tensor::kernel::{self, sum_map, sum_zip};
use evenkeel_tensor::{Float, parallel};

/// Reflections in a block: enough for products to be efficient, few enough for the work within a block, which is not
/// products, to stay small.
const BLOCK: usize = 48;

/// Writes W, where `a` = L W (see [`Decomposition::Qr`](super::Decomposition::Qr)); `a`, of rows of `columns`, is
/// scratch afterwards.
pub(super) fn orthonormal_rows<F: Float>(a: &mut [F], columns: usize, w: &mut [F]) {
    // Splits among threads are cheap inside the pool.
    parallel::install(|| {
        let mut blocks = Vec::with_capacity(a.len() / columns / BLOCK + 1);
        for first in (0..a.len() / columns).step_by(BLOCK) {
            let rest = &mut a[first * columns..];
            let (rows, rest) = rest.split_at_mut(rest.len().min(BLOCK * columns));
            let block = Block::reduce(rows, columns, first);
            block.reflect(rows, rest, false);
            blocks.push(block);
        }
        // W = D (I 0) Hₙ ... H₁ with the signs on the diagonal D. Rows above a block are 0 where it acts.
        w.fill(F::ZERO);
        for block in blocks.iter().rev() {
            for (i, &sign) in block.signs.iter().enumerate() {
                w[(block.first + i) * (columns + 1)] = sign;
            }
            let reflections = &a[block.first * columns..][..block.signs.len() * columns];
            block.reflect(reflections, &mut w[block.first * columns..], true);
        }
    });
}

/// Reflections that reduce neighbouring rows.
struct Block<F> {
    /// The first row, and the first column that the reflections touch.
    first: usize,
    columns: usize,
    /// The signs of L's diagonal.
    signs: Vec<F>,
    /// -T
    t: Vec<F>,
}

impl<F: Float> Block<F> {
    /// Reduces `rows`, which start at row and column `first`, and puts V in their place: 1 on the diagonal, 0 left of
    /// it.
    fn reduce(rows: &mut [F], columns: usize, first: usize) -> Self {
        let count = rows.len() / columns;
        let (mut signs, mut tau) = (vec![F::ONE; count], vec![F::ZERO; count]);
        for i in 0..count {
            let (above, below) = rows.split_at_mut((i + 1) * columns);
            let (left, v) = above[i * columns..].split_at_mut(first + i);
            left.fill(F::ZERO);
            kernel::simd(
                #[inline(always)]
                || {
                    (signs[i], tau[i]) = reflector(v);
                    for row in below.chunks_exact_mut(columns) {
                        reflect_row(&mut row[first + i..], v, tau[i]);
                    }
                },
            );
        }
        let t = triangle(&part(rows, columns, first), &tau);
        Self { first, columns, signs, t }
    }

    /// C (I - Vᵀ T V), or C (I - Vᵀ Tᵀ V), in place of C; V is in `v`.
    fn reflect(&self, v: &[F], c: &mut [F], transposed: bool) {
        let (rows, count) = (c.len() / self.columns, self.signs.len());
        if rows == 0 {
            return;
        }
        let t = Matrix::new(&self.t, count, count);
        let (mut cv, mut cvt) = (vec![F::ZERO; rows * count], vec![F::ZERO; rows * count]);
        matmul(part(c, self.columns, self.first), part(v, self.columns, self.first).t(), &mut cv, Write::Overwrite);
        matmul(Matrix::new(&cv, rows, count), if transposed { t.t() } else { t }, &mut cvt, Write::Overwrite);
        // V is 0 left of `first`: a quarter more work than on the part alone, but C stays contiguous.
        matmul(Matrix::new(&cvt, rows, count), Matrix::new(v, count, self.columns), c, Write::Accumulate);
    }
}

/// The columns of `rows` from `first` on.
fn part<F: Float>(rows: &[F], columns: usize, first: usize) -> Matrix<'_, F> {
    let width = columns - first;
    Matrix { data: &rows[first..], rows: rows.len() / columns, columns: width, row_stride: columns, column_stride: 1 }
}

/// Puts v, with v₀ = 1, in the place of x, so that x (I - τ v vᵀ) = (β, 0, ...); returns the sign of β, and τ.
#[inline(always)]
fn reflector<F: Float>(x: &mut [F]) -> (F, F) {
    let squares = sum_map(
        x,
        #[inline(always)]
        |x| x * x,
    );
    let alpha = x[0];
    if squares == F::ZERO {
        x[0] = F::ONE;
        return (F::ONE, F::ZERO);
    }
    // The sign that does not cancel.
    let beta = -squares.sqrt().copysign(alpha);
    let scale = F::ONE / (alpha - beta);
    x.iter_mut().for_each(|x| *x *= scale);
    x[0] = F::ONE;
    (F::ONE.copysign(beta), (beta - alpha) / beta)
}

/// row (I - τ v vᵀ) in place of row.
#[inline(always)]
fn reflect_row<F: Float>(row: &mut [F], v: &[F], tau: F) {
    let along = tau
        * sum_zip(
            row,
            v,
            #[inline(always)]
            |x, v| x * v,
        );
    row.iter_mut().zip(v).for_each(|(x, &v)| *x -= along * v);
}

/// -T: τ on the diagonal of T, and above it, column by column, Tᵢⱼ = -τⱼ (T V vⱼ)ᵢ with the columns before.
fn triangle<F: Float>(v: &Matrix<'_, F>, tau: &[F]) -> Vec<F> {
    let count = tau.len();
    let (mut products, mut t) = (vec![F::ZERO; count * count], vec![F::ZERO; count * count]);
    matmul(*v, v.t(), &mut products, Write::Overwrite);
    for j in 0..count {
        t[j * count + j] = -tau[j];
        for i in 0..j {
            let sum: F = (i..j).map(|k| t[i * count + k] * products[k * count + j]).sum();
            t[i * count + j] = -tau[j] * sum;
        }
    }
    t
}
