//! The product against its definition, over shapes, strides, instruction sets and threads.

use proptest::prelude::*;

use super::{Gemm, Matrix, Write, as_uninit, block, matmul, product};
use crate::Float;

/// Values without pattern in [-1, 1).
fn values<F: Float>(len: usize, seed: u64) -> Vec<F> {
    let hash = |i: usize| (i as u64 + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    (0..len).map(|i| F::from_f64(hash(i) as f64 / (1_u64 << 23) as f64 - 1.0)).collect()
}

/// A matrix of the given extents in one of ten layouts, on `data`, which is filled for it.
fn layout<F: Float>(data: &mut Vec<F>, rows: usize, columns: usize, kind: usize, seed: u64) -> Matrix<'_, F> {
    let (row_stride, column_stride) = match kind {
        0 => (columns, 1),                // by rows
        1 => (1, rows),                   // by columns
        2 => (columns + 3, 1),            // a slice of wider rows
        3 => (2, 2 * rows + 1),           // every second element of columns
        4 => (3 * columns + 1, 3),        // every third element of rows
        5 => (1, 1),                      // overlapping rows
        6 => (1, 0),                      // one column for all
        7 => (columns + 3, 0),            // the same, of a wider matrix
        8 => (0, 0),                      // one element for all
        _ => ([0, columns][rows % 2], 1), // one row for all, or by rows
    };
    let len = (rows.max(1) - 1) * row_stride + (columns.max(1) - 1) * column_stride + 1;
    // Longer than need be: what lies behind the last element is not read for one of the matrix.
    *data = values(len + columns, seed);
    Matrix { data, rows, columns, row_stride, column_stride }
}

fn at<F: Float>(m: &Matrix<'_, F>, i: usize, j: usize) -> f64 {
    m.data[i * m.row_stride + j * m.column_stride].to_f64()
}

/// Compares with the definition in f64. A sum of k products and what stood there before, however ordered, errs by at most about
/// k + 1 units of rounding, half the machine epsilon each, of the sum of magnitudes (Higham 2002, section 3.1); repeated values
/// come near that, since their roundings are not independent.
fn check<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, product: impl FnOnce(&mut [F], Write), write: Write) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let mut before = values::<F>(m * n, 77);
    if write == Write::Overwrite {
        before.fill(F::NAN);
    }
    let mut c = before.clone();
    product(&mut c, write);
    let unit = F::EPSILON.to_f64() / 2.0;
    for i in 0..m {
        for j in 0..n {
            let start = if write == Write::Overwrite { 0.0 } else { before[i * n + j].to_f64() };
            let products = || (0..k).map(|p| at(&a, i, p) * at(&b, p, j));
            let expected = start + products().sum::<f64>();
            let tolerance = 1.01 * unit * (k as f64 + 2.0) * (start.abs() + products().map(f64::abs).sum::<f64>());
            let got = c[i * n + j].to_f64();
            assert!((got - expected).abs() <= tolerance, "{m} x {k} x {n} at ({i}, {j}): {got}, expected {expected}");
        }
    }
}

fn check_layouts<F: Float>(m: usize, k: usize, n: usize, kinds: (usize, usize), write: Write) {
    let (mut a, mut b) = (vec![], vec![]);
    let a = layout::<F>(&mut a, m, k, kinds.0, 11);
    let b = layout::<F>(&mut b, k, n, kinds.1, 23);
    check(a, b, |c, write| matmul(a, b, c, write), write);
}

/// Shapes at the edges of tiles, panels and blocks, and those of small networks.
const SHAPES: [(usize, usize, usize); 16] = [
    (1, 1, 1),
    (1, 784, 100),
    (100, 257, 1),
    (5, 3, 2),
    (6, 128, 64),
    (7, 129, 65),
    (12, 130, 16),
    (13, 127, 33),
    (60, 784, 100),
    (100, 60, 784),
    (60, 100, 10),
    (10, 60, 100),
    (61, 4, 47),
    (130, 33, 1030),
    (515, 20, 40),
    (128, 300, 129),
];

const KINDS: [(usize, usize); 15] = [
    (0, 0),
    (0, 1),
    (1, 0),
    (1, 1),
    (2, 2),
    (3, 4),
    (4, 3),
    (5, 9),
    (9, 5),
    (2, 1),
    (1, 4),
    (0, 6),
    (6, 0),
    (7, 8),
    (8, 7),
];

#[test]
fn products_of_all_layouts_follow_the_definition() {
    for (m, k, n) in SHAPES {
        for kinds in KINDS {
            check_layouts::<f32>(m, k, n, kinds, Write::Overwrite);
            check_layouts::<f64>(m, k, n, kinds, Write::Accumulate);
        }
    }
}

#[test]
fn products_that_threads_share_follow_the_definition() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
    for kinds in [(0, 0), (1, 1), (4, 6), (7, 2)] {
        pool.install(|| check_layouts::<f32>(129, 513, 255, kinds, Write::Accumulate));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn products_of_any_extents_follow_the_definition(
        m in 0..40_usize, k in 0..300_usize, n in 0..150_usize, kinds in (0..10_usize, 0..10_usize), add in any::<bool>()
    ) {
        let write = if add { Write::Accumulate } else { Write::Overwrite };
        check_layouts::<f32>(m, k, n, kinds, write);
        check_layouts::<f64>(m, k, n, kinds, write);
    }
}

#[test]
fn an_empty_inner_dimension_gives_zero_or_leaves_the_content() {
    let empty = Matrix::<f32>::new(&[], 2, 0);
    let mut c = [f32::NAN; 6];
    matmul(empty, Matrix::new(&[], 0, 3), &mut c, Write::Overwrite);
    assert_eq!(c, [0.0; 6]);
    c.fill(7.0);
    matmul(empty, Matrix::new(&[], 0, 3), &mut c, Write::Accumulate);
    assert_eq!(c, [7.0; 6]);
}

#[test]
fn large_values_overflow_only_where_the_definition_does() {
    let (a, b) = ([1e20_f32, 1e20, 1.0, 1.0], [1e20_f32, 1.0, 1.0, 1.0]);
    let mut c = [0.0; 4];
    matmul(Matrix::new(&a, 2, 2), Matrix::new(&b, 2, 2), &mut c, Write::Overwrite);
    assert_eq!(c, [f32::INFINITY, 2e20, 1e20, 2.0]);
}

/// The bits of a product in a pool of so many threads.
fn bits<F: Float>(threads: usize, a: Matrix<'_, F>, b: Matrix<'_, F>) -> Vec<u64> {
    let mut c = values::<F>(a.rows * b.columns, 5);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| matmul(a, b, &mut c, Write::Accumulate));
    c.iter().map(|x| x.to_bits_u64()).collect()
}

#[test]
fn bits_depend_neither_on_threads_nor_on_layout() {
    let shapes = [
        (60, 784, 100),
        (100, 60, 784),
        (10, 512, 512),
        (512, 10, 512),
        (128, 784, 512),
        (512, 128, 784),
        (129, 513, 255),
        (3, 2000, 3000),
        (2000, 2000, 3),
        (300, 300, 300),
        (64, 1024, 64),
        (1, 1024, 4096),
    ];
    for (m, k, n) in shapes {
        let (a, b) = (values::<f32>(m * k, 3), values::<f32>(k * n, 7));
        let (a, b) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        let expected = bits(1, a, b);
        for threads in [2, 3, 7] {
            assert_eq!(bits(threads, a, b), expected, "{m} x {k} x {n} on {threads} threads");
        }
        let transposed: Vec<f32> = (0..n * k).map(|i| b.data[i % k * n + i / k]).collect();
        assert_eq!(bits(2, a, Matrix::new(&transposed, n, k).t()), expected, "{m} x {k} x {n} with B by columns");
    }
}

#[allow(unsafe_code)]
fn on_this_thread<F: Float>(arch: pulp::Arch, a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [F], write: Write) {
    // SAFETY: all elements are there.
    unsafe { block::product(arch, a, b, as_uninit(c), write) };
}

#[test]
fn a_new_product_is_the_one_written_over_an_old() {
    for (m, k, n) in SHAPES.into_iter().chain([(3, 0, 5), (0, 4, 5), (3, 4, 0)]) {
        let (a, b) = (values::<f32>(m * k, 3), values::<f32>(k * n, 7));
        let (a, b) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        let mut c = vec![f32::NAN; m * n];
        matmul(a, b, &mut c, Write::Overwrite);
        assert_eq!(product(a, b), c, "{m} x {k} x {n}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn instruction_sets_agree() {
    fn agree<F: Float + Gemm>(m: usize, k: usize, n: usize) {
        let (a, b) = (values::<F>(m * k, 3), values::<F>(k * n, 7));
        let (a, b) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        let on = |arch: pulp::Arch| {
            let mut c = vec![F::ZERO; m * n];
            on_this_thread(arch, a, b, &mut c, Write::Overwrite);
            c
        };
        if let Some(avx2) = pulp::x86::V3::try_new() {
            assert!(on(pulp::Arch::V3(avx2)) == on(pulp::Arch::new()), "{m} x {k} x {n}: other bits with AVX2");
        }
        check(a, b, |c, write| on_this_thread(pulp::Arch::Scalar, a, b, c, write), Write::Accumulate);
    }
    for (m, k, n) in SHAPES {
        agree::<f32>(m, k, n);
        agree::<f64>(m, k, n);
    }
}

#[test]
#[should_panic(expected = "strides lead out")]
fn strides_out_of_the_slice_are_refused() {
    let a = Matrix { data: &[1.0_f32; 10], rows: 3, columns: 4, row_stride: 4, column_stride: 1 };
    matmul(a, Matrix::new(&[1.0; 4], 4, 1), &mut [0.0; 3], Write::Overwrite);
}

#[test]
#[should_panic(expected = "strides lead out")]
fn strides_that_overflow_are_refused() {
    let a = Matrix { data: &[1.0_f32; 4], rows: 3, columns: 2, row_stride: usize::MAX / 2 + 1, column_stride: 1 };
    matmul(a, Matrix::new(&[1.0; 4], 2, 2), &mut [0.0; 6], Write::Overwrite);
}

#[test]
#[should_panic(expected = "matmul: 2 x 3 times 2 x 2")]
fn extents_that_differ_are_refused() {
    matmul(Matrix::new(&[0.0_f32; 6], 2, 3), Matrix::new(&[0.0; 4], 2, 2), &mut [0.0; 4], Write::Overwrite);
}
