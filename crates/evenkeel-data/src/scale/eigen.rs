//! Eigenvalues and eigenvectors of symmetric matrices.
//!
//! Householder's reduction to three diagonals, then QL steps with implicit shifts (Martin, Reinsch & Wilkinson 1968; Dubrulle,
//! Martin & Wilkinson 1968; EISPACK's `tred2` and `tql2`). Eigenvectors are rows here, so that every inner loop goes along a row.
//! It is a page, which does not weigh on the crate as a library of linear algebra would; nalgebra is the oracle in the tests.

use evenkeel_tensor::kernel;

use super::sort_descending;

/// QL steps for one eigenvalue; two or three are usual.
const MOST_STEPS: usize = 60;

/// The eigenvalues of the symmetric matrix `a` (n, n), falling, and their eigenvectors of length 1 as rows.
pub(super) fn symmetric(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    // In units of the largest element, so that no square overflows or underflows.
    let largest = a.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let unit = if largest > 0.0 { largest } else { 1.0 };
    a.iter_mut().for_each(|x| *x /= unit);
    let mut vectors = vec![0.0; n * n];
    vectors.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    let mut beside = tridiagonalize(&mut a, n, &mut vectors);
    let mut values: Vec<f64> = a.iter().copied().step_by(n + 1).collect();
    for l in 0..n {
        for _ in 0..MOST_STEPS {
            if !ql_step(&mut values, &mut beside, &mut vectors, l) {
                break;
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    sort_descending(&mut order, &|i| values[i]);
    let rows = order.iter().flat_map(|&i| &vectors[i * n..][..n]).copied().collect();
    (order.iter().map(|&i| values[i] * unit).collect(), rows)
}

/// Reflects `a` to three diagonals; the one beside the main one comes back, one longer than it need be. Rows of `vectors` are
/// reflected with it.
fn tridiagonalize(a: &mut [f64], n: usize, vectors: &mut [f64]) -> Vec<f64> {
    let mut beside = vec![0.0; n];
    for k in 0..n.saturating_sub(1) {
        let first = k + 1;
        // By symmetry the column below the diagonal is the row beside it.
        let mut v = a[k * n..][first..n].to_vec();
        let below = kernel::dot(&v[1..], &v[1..]);
        if below == 0.0 {
            beside[k] = v[0];
            continue;
        }
        let norm = (v[0] * v[0] + below).sqrt();
        beside[k] = -norm.copysign(v[0]);
        v[0] -= beside[k];
        let beta = 2.0 / (v[0] * v[0] + below);
        // A - v wᵀ - w vᵀ, with w = p - β/2 (p·v) v and p = β A v.
        let row = |i: usize| i * n + first..(i + 1) * n;
        let mut w: Vec<f64> = (first..n).map(|i| beta * kernel::dot(&a[row(i)], &v)).collect();
        let share = 0.5 * beta * kernel::dot(&w, &v);
        w.iter_mut().zip(&v).for_each(|(w, v)| *w -= share * v);
        for i in first..n {
            let (vi, wi) = (v[i - first], w[i - first]);
            a[row(i)].iter_mut().zip(v.iter().zip(&w)).for_each(|(a, (v, w))| *a -= vi * w + wi * v);
        }
        let mut sum = vec![0.0; n];
        for (row, v) in vectors[first * n..].chunks_exact(n).zip(&v) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += v * x);
        }
        for (row, v) in vectors[first * n..].chunks_exact_mut(n).zip(&v) {
            row.iter_mut().zip(&sum).for_each(|(x, sum)| *x -= beta * v * sum);
        }
    }
    beside
}

/// One step towards the eigenvalue `values[l]`; whether there was anything to do.
fn ql_step(values: &mut [f64], beside: &mut [f64], vectors: &mut [f64], l: usize) -> bool {
    let n = values.len();
    let negligible =
        |m: &usize| *m + 1 == n || beside[*m].abs() <= f64::EPSILON * (values[*m].abs() + values[*m + 1].abs());
    let m = (l..n).find(negligible).expect("the last is");
    if m == l {
        return false;
    }
    // Wilkinson's shift: the eigenvalue of the first two by two that is nearer to its corner.
    let ratio = (values[l + 1] - values[l]) / (2.0 * beside[l]);
    let mut g = values[m] - values[l] + beside[l] / (ratio + ratio.hypot(1.0).copysign(ratio));
    let (mut sin, mut cos, mut shift) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (sin * beside[i], cos * beside[i]);
        let r = f.hypot(g);
        beside[i + 1] = r;
        if r == 0.0 {
            // The matrix has fallen apart here.
            values[i + 1] -= shift;
            beside[m] = 0.0;
            return true;
        }
        (sin, cos) = (f / r, g / r);
        g = values[i + 1] - shift;
        let r = (values[i] - g) * sin + 2.0 * cos * b;
        shift = sin * r;
        values[i + 1] = g + shift;
        g = cos * r - b;
        let (x, y) = vectors[i * n..][..2 * n].split_at_mut(n);
        kernel::simd(
            #[inline(always)]
            || {
                for (x, y) in x.iter_mut().zip(y) {
                    (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
                }
            },
        );
    }
    values[l] -= shift;
    beside[l] = g;
    beside[m] = 0.0;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A symmetric matrix, of any rank and scale.
    fn symmetric_matrix() -> impl Strategy<Value = (usize, Vec<f64>)> {
        (1usize..12, 1usize..12, -200i32..200).prop_flat_map(|(n, rank, scale)| {
            prop::collection::vec(-1f64..1.0, n * rank).prop_map(move |b| {
                let signs = |k: usize| if k.is_multiple_of(3) { -1.0 } else { 1.0 };
                let entry = |i: usize, j: usize| (0..rank).map(|k| signs(k) * b[i * rank + k] * b[j * rank + k]).sum();
                let entry = |at: usize| -> f64 { entry(at / n, at % n) };
                (n, (0..n * n).map(|at| entry(at) * 10f64.powi(scale)).collect())
            })
        })
    }

    proptest! {
        #[test]
        fn values_and_vectors_are_those_of_the_matrix((n, a) in symmetric_matrix()) {
            let (values, vectors) = symmetric(a.clone(), n);
            let size = a.iter().fold(0.0, |m: f64, x| m.max(x.abs())) * n as f64;
            let mut oracle: Vec<f64> = nalgebra::DMatrix::from_row_slice(n, n, &a).symmetric_eigenvalues().as_slice().to_vec();
            oracle.sort_by(|a, b| b.total_cmp(a));
            for (got, expected) in values.iter().zip(&oracle) {
                prop_assert!((got - expected).abs() <= 1e-13 * size, "{} {}", got, expected);
            }
            for i in 0..n {
                let v = &vectors[i * n..][..n];
                for j in 0..n {
                    let image: f64 = (0..n).map(|k| a[j * n + k] * v[k]).sum();
                    prop_assert!((image - values[i] * v[j]).abs() <= 1e-13 * size);
                    let product: f64 = v.iter().zip(&vectors[j * n..][..n]).map(|(a, b)| a * b).sum();
                    prop_assert!((product - f64::from(u8::from(i == j))).abs() <= 1e-13 * n as f64);
                }
            }
        }
    }

    #[test]
    fn matrices_without_anything_to_do() {
        assert_eq!(symmetric(vec![], 0), (vec![], vec![]));
        assert_eq!(symmetric(vec![3.0], 1), (vec![3.0], vec![1.0]));
        assert_eq!(symmetric(vec![0.0; 4], 2).0, [0.0, 0.0]);
        assert_eq!(symmetric(vec![1.0, 0.0, 0.0, 2.0], 2), (vec![2.0, 1.0], vec![0.0, 1.0, 1.0, 0.0]));
    }
}
