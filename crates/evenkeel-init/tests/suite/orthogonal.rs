//! Orthogonal starts: what they are (orthonormal), how they are made (by the decompositions they name), and how they
//! are distributed (Haar).

use evenkeel_init::check::{check_init, check_orthogonal};
use evenkeel_init::{
    Decomposition, DeltaOrthogonal, Float, Gain, Initializer, InitializerExt, Lsuv, Orthogonal, Seed, Shape, Tensor,
    random,
};
use nalgebra::DMatrix;
use proptest::prelude::*;

const SVD: Orthogonal = Orthogonal { gain: Gain::LINEAR, decomposition: Decomposition::Svd };

/// 1e-5 in f32 up to 1024, on both sides of the block's size, for every ratio of the sides.
#[test]
fn rows_or_columns_are_orthonormal() {
    for shape in [[1, 1], [1, 7], [7, 1], [47, 47], [48, 50], [49, 97], [200, 100], [256, 256], [100, 1024], [1024, 30]]
    {
        check_orthogonal::<f32>(&Orthogonal::default(), &shape.into(), 1.0, 1e-5);
        check_orthogonal::<f64>(&Orthogonal::default(), &shape.into(), 1.0, 1e-13);
        check_orthogonal::<f32>(&SVD, &shape.into(), 1.0, 1e-5);
        check_orthogonal::<f64>(&SVD, &shape.into(), 1.0, 1e-13);
    }
    check_orthogonal::<f32>(&Orthogonal::default(), &[1024, 1024].into(), 1.0, 1e-5);
    let kernel = Shape::from([32, 16, 3, 3]);
    check_orthogonal::<f32>(&Orthogonal::default().with_gain(Gain::RELU), &kernel, 2f64.sqrt(), 1e-5);
    check_orthogonal::<f32>(&SVD.with_gain(Gain(0.1)), &kernel, 0.1, 1e-5);
}

/// The matrix that both are made from.
fn gaussian(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
    let mut values = vec![0.0; rows * columns];
    random::normal(&mut values, 0.0, 1.0, Seed(seed));
    DMatrix::from_row_slice(rows, columns, &values)
}

fn matrix(tensor: &Tensor<f64>) -> DMatrix<f64> {
    DMatrix::from_row_slice(tensor.shape()[0], tensor.shape()[1], tensor.as_slice())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A = L W with L lower triangular, positive on its diagonal: that decomposition is unique, so L = A Wᵀ shows it.
    #[test]
    fn by_qr_it_is_the_factor_of_the_gaussian_matrix(rows in 1usize..70, more in 0usize..70, seed: u64) {
        let columns = rows + more;
        let a = gaussian(rows, columns, seed);
        let w = matrix(&Orthogonal::default().tensor([rows, columns], Seed(seed)).unwrap());
        let l = &a * w.transpose();
        for i in 0..rows {
            prop_assert!(l[(i, i)] > 0.0);
            prop_assert!((i + 1..rows).all(|j| l[(i, j)].abs() < 1e-12 * a.norm()));
        }
        prop_assert!((&l * &w - &a).norm() < 1e-12 * a.norm());
    }

    /// A = U S Vᵀ with V's columns the eigenvectors of Aᵀ A, singular values falling, and nalgebra's the same up to
    /// signs (where the gap to the neighbouring values does not amplify rounding).
    #[test]
    fn by_svd_it_is_the_factor_of_the_gaussian_matrix(rows in 1usize..30, more in 0usize..30, seed: u64) {
        let columns = rows + more;
        let a = gaussian(rows, columns, seed);
        let w = matrix(&SVD.tensor([rows, columns], Seed(seed)).unwrap());
        let us = &a * w.transpose();
        let svd = a.clone().svd(false, true);
        let v_t = svd.v_t.unwrap();
        // The columns of U S are orthogonal, of the singular values' lengths.
        let square = us.transpose() * &us;
        for i in 0..rows {
            prop_assert!((us.column(i).norm() - svd.singular_values[i]).abs() < 1e-12 * a.norm());
            prop_assert!((0..i).all(|j| square[(i, j)].abs() < 1e-12 * a.norm_squared()));
            let gap = (0..rows).filter(|&j| j != i)
                .map(|j| (svd.singular_values[i] - svd.singular_values[j]).abs()).fold(f64::MAX, f64::min);
            let cosine = w.row(i).dot(&v_t.row(i)).abs();
            prop_assert!((cosine - 1.0).abs() < 1e-12 * (1.0 + (a.norm() / gap).powi(2)), "{cosine} at {i}");
        }
        prop_assert!((us * &w - &a).norm() < 1e-12 * a.norm());
    }

    /// Where there are more rows, all is transposed.
    #[test]
    fn tall_is_the_transpose_of_wide(rows in 1usize..60, columns in 1usize..60, seed: u64) {
        for rule in [Orthogonal::default(), SVD] {
            let one = rule.tensor::<f32>([rows, columns], Seed(seed)).unwrap();
            let other = rule.tensor::<f32>([columns, rows], Seed(seed)).unwrap();
            prop_assert!(rows == columns || one == other.t().to_tensor());
        }
    }
}

/// The first moments of the Haar measure on O(n), over N seeds. Independent trials, so a mean of N is within 5 of its
/// deviations but for one seed in 1.7 million (more for the few that are not nearly Gaussian; N is large).
/// - Signs: multiplying W by a diagonal of signs from either side does not change the law, so each element is positive
///   with probability 1/2, and so is the determinant, and the signs of two elements agree with probability 1/2. A QR
///   without the correction by R's diagonal fails this: its first reflection makes W₀₀ and the first draw differ in
///   sign always.
/// - wᵢⱼ² is Beta(1/2, (n-1)/2): mean 1/n, variance 2 (n-1) / (n² (n+2)).
/// - The trace has E t² = 1 and E t⁴ = 3, the numbers of pairings of 2 and 4 factors (Diaconis & Shahshahani 1994), so
///   var t² = 2. This sees whether the rows are independent of their place.
#[test]
fn by_qr_it_is_haar() {
    const N: usize = 4000;
    const SIDE: usize = 5;
    let n = SIDE as f64;
    let limit = |variance: f64| 5.0 * (variance / N as f64).sqrt();
    let draws: Vec<DMatrix<f64>> =
        (0..N).map(|i| matrix(&Orthogonal::default().tensor([SIDE, SIDE], Seed(3).at(i as u64)).unwrap())).collect();
    let mean = |f: &dyn Fn(&DMatrix<f64>) -> f64| draws.iter().map(f).sum::<f64>() / N as f64;
    for i in 0..SIDE {
        for j in 0..SIDE {
            // 25 elements, so 50 comparisons: a false alarm once in 30 000 seeds.
            let signs = mean(&|w| w[(i, j)].signum());
            assert!(signs.abs() < limit(1.0), "sign at {i}, {j}: {signs}");
            let square = mean(&|w| w[(i, j)].powi(2));
            assert!((square - 1.0 / n).abs() < limit(2.0 * (n - 1.0) / (n * n * (n + 2.0))), "{i}, {j}: {square}");
        }
    }
    assert!(mean(&|w| w.determinant().signum()).abs() < limit(1.0));
    assert!(mean(&|w| (w[(0, 0)] * w[(1, 1)]).signum()).abs() < limit(1.0));
    assert!(mean(&|w| (w[(0, 0)] * w[(0, 4)]).signum()).abs() < limit(1.0));
    let trace = mean(&|w| w.trace().powi(2));
    assert!((trace - 1.0).abs() < limit(2.0), "E t² = {trace}");
}

/// The rows of a wide matrix are uniform on the sphere, too.
#[test]
fn signs_of_wide_matrices_are_uniform() {
    const N: usize = 4000;
    let mut positive = [0; 6];
    for i in 0..N {
        let w = Orthogonal::default().tensor::<f32>([2, 3], Seed(5).at(i as u64)).unwrap();
        positive.iter_mut().zip(w.as_slice()).for_each(|(n, &w)| *n += usize::from(w > 0.0));
    }
    // Binomial(N, 1/2): 5 deviations.
    let limit = 2.5 * (N as f64).sqrt();
    assert!(positive.iter().all(|&n| (n as f64 - N as f64 / 2.0).abs() < limit), "{positive:?}");
}

#[test]
fn the_contract() {
    let shapes = [[1, 1].into(), [3, 5].into(), [130, 70].into(), [8, 4, 3, 3].into()];
    let rules: [&dyn Initializer<f32>; 2] = [&Orthogonal::default(), &SVD];
    rules.into_iter().for_each(|rule| check_init(rule, &shapes));
    check_init::<f64>(&Orthogonal::default(), &shapes);
    check_init::<f32>(&DeltaOrthogonal::default(), &[[8, 4, 3, 3].into(), [5, 5, 1].into()]);
    // Several blocks, and products and rows that are split among threads.
    let large = [[200, 333].into(), [333, 200].into()];
    for rule in [Orthogonal::default(), SVD].map(|rule| rule.with_gain(Gain::RELU)) {
        check_init::<f32>(&rule, &large);
        check_init::<f64>(&rule, &large[..1]);
    }
}

/// The convolution by definition: y(p) = the sum over taps t of K(t) x(p + t - centre), 0 beyond the edges.
#[test]
fn a_delta_orthogonal_convolution_keeps_lengths() {
    let (out, inputs, kernel, length) = (6, 4, 5, 9);
    let rule = DeltaOrthogonal::default().with_gain(Gain(2.0));
    let weight = rule.tensor::<f64>([out, inputs, kernel], Seed(7)).unwrap();
    let mut x = vec![0.0; inputs * length];
    random::normal(&mut x, 0.0, 1.0, Seed(8));
    let mut y = vec![0.0; out * length];
    for o in 0..out {
        for i in 0..inputs {
            for p in 0..length {
                for t in 0..kernel {
                    if let Some(x) = (p + t).checked_sub(kernel / 2).filter(|&q| q < length).map(|q| x[i * length + q])
                    {
                        y[o * length + p] += weight.as_slice()[(o * inputs + i) * kernel + t] * x;
                    }
                }
            }
        }
    }
    let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    assert!((square(&y) / square(&x) - 4.0).abs() < 1e-12);
}

/// A change here changes every user's results. To a tolerance, for processors without fused multiply-add; that the bits
/// are the same on any number of threads is part of the contract.
#[test]
fn value_stability() {
    fn first<F: Float>(rule: &dyn Initializer<F>) -> [f64; 3] {
        let mut values = vec![F::ZERO; 70 * 61];
        rule.fill(&mut values, &[70, 61].into(), Seed(7)).unwrap();
        [values[0], values[1], values[4200]].map(F::to_f64)
    }
    let close = |got: [f64; 3], expected: [f64; 3], tolerance: f64| {
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < tolerance), "{got:?}");
    };
    close(
        first::<f32>(&Orthogonal::default()),
        [0.17119216918945313, -0.15707826614379883, 0.026863381266593933],
        1e-6,
    );
    close(first::<f64>(&Orthogonal::default()), [-0.04417518862745551, -0.2725320737083316, 0.0831548994567717], 1e-14);
    close(first::<f32>(&SVD), [0.02008691430091858, 0.03470030426979065, 0.048006635159254074], 1e-5);
    close(first::<f64>(&SVD), [-0.1038309366191347, 0.007509295589955987, 0.036227234452967154], 1e-13);

    let mut start = vec![0.0f64; 70 * 61];
    Lsuv::default().start(&mut start, &[70, 61].into(), Seed(7)).unwrap();
    close([start[0], start[1], start[4200]], first::<f64>(&Orthogonal::default()), 1e-14);
    let kernel = DeltaOrthogonal::default().with_gain(Gain(2.0)).tensor::<f64>([6, 4, 3, 3], Seed(7)).unwrap();
    let centre = |pair: usize| kernel.as_slice()[9 * pair + 4];
    close([centre(0), centre(1), centre(23)], [-0.36042614811778684, -1.6159339011212133, 0.45970445672619137], 1e-14);
}
