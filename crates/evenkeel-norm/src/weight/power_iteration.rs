//! The largest singular value of a matrix by power iteration.

use evenkeel_tensor::{Float, Seed, Shape, ShapeError, Tensor, kernel, parallel};

use super::norm_kernels::norm;

/// Columns that one task adds up: their sums stay in the first-level cache while the rows stream by.
const STRIP: usize = 1024;

/// A weight (out, in, kernel...) as the matrix (out, everything else).
///
/// # Errors
/// If it has no axes.
pub(super) fn matrix(weight: Shape) -> Result<(usize, usize), ShapeError> {
    match weight.dims() {
        [rows, rest @ ..] => Ok((*rows, rest.iter().product())),
        [] => Err(ShapeError::new(
            "spectral_norm",
            "a weight (out, ...)",
            weight.to_string(),
            "a single number has no singular vectors",
        )),
    }
}

/// y = W x
fn times<F: Float>(w: &[F], x: &[F], y: &mut [F]) {
    let columns = x.len();
    let group = kernel::BLOCK.div_ceil(columns.max(1));
    parallel::chunks_mut(y, group, |task, y| {
        kernel::simd(
            #[inline(always)]
            move || {
                for (r, y) in y.iter_mut().enumerate() {
                    let row = &w[(task * group + r) * columns..][..columns];
                    *y = kernel::sum_zip(
                        row,
                        x,
                        #[inline(always)]
                        |w, x| w * x,
                    );
                }
            },
        );
    });
}

/// y = Wᵀ x
fn transposed_times<F: Float>(w: &[F], x: &[F], y: &mut [F]) {
    let columns = y.len();
    parallel::chunks_mut(y, STRIP, |task, y| {
        kernel::simd(
            #[inline(always)]
            move || {
                y.fill(F::ZERO);
                for (r, &x) in x.iter().enumerate() {
                    let row = &w[r * columns + task * STRIP..][..y.len()];
                    y.iter_mut().zip(row).for_each(
                        #[inline(always)]
                        |(y, &w)| *y += w * x,
                    );
                }
            },
        );
    });
}

/// Writes `x / ||x||`, or leaves `direction` as it is where the norm is at most `eps`, infinite or NaN: it stays a unit
/// vector.
fn normalize<F: Float>(x: &[F], eps: F, direction: &mut [F]) {
    let (scale, norm) = norm(x);
    if norm.is_finite() && norm / scale > eps {
        direction.iter_mut().zip(x).for_each(|(d, &x)| *d = x * scale / norm);
    }
}

/// Improves the estimates `u` and `v` of the singular vectors of the largest singular value of W `iterations` times, by
/// `v = Wᵀ u / ||Wᵀ u||`, `u = W v / ||W v||`, and gives `uᵀ W v`. `scratch` holds a row and a column.
pub(super) fn iterate<F: Float>(
    w: &[F],
    iterations: usize,
    eps: F,
    (u, v): (&mut [F], &mut [F]),
    scratch: &mut [F],
) -> F {
    let (product, row) = scratch.split_at_mut(u.len());
    for _ in 0..iterations {
        transposed_times(w, u, row);
        normalize(row, eps, v);
        times(w, v, product);
        normalize(product, eps, u);
    }
    if iterations == 0 {
        times(w, v, product);
    }
    kernel::dot(u, product)
}

/// An estimate of the singular vectors of the largest singular value of a weight (out, in, kernel...), taken as the matrix
/// (out, everything else).
///
/// ```
/// use evenkeel_norm::SingularPair;
/// use evenkeel_tensor::{Seed, Tensor};
///
/// let weight = Tensor::from([[3.0f64, 0.0, 0.0], [0.0, 0.0, 4.0]]);
/// let mut pair = SingularPair::start(weight.shape(), Seed(7))?;
/// let sigma = pair.iterate(&weight, 100, 0.0)?;
/// assert!((sigma - 4.0).abs() < 1e-12);
/// assert!((pair.u.as_slice()[1].abs() - 1.0).abs() < 1e-12 && (pair.v.as_slice()[2].abs() - 1.0).abs() < 1e-12);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SingularPair<F: Float = f32> {
    /// The left one (out), of length 1.
    pub u: Tensor<F>,
    /// The right one (everything else), of length 1.
    pub v: Tensor<F>,
}

impl<F: Float> SingularPair<F> {
    /// Two directions that depend on the shape of the weight and on the seed alone: entries uniform between -1 and 1,
    /// normalised.
    ///
    /// # Errors
    /// If the weight has no axes.
    pub fn start(weight: impl Into<Shape>, seed: Seed) -> Result<Self, ShapeError> {
        let (rows, columns) = matrix(weight.into())?;
        let direction = |n: usize, name: &str| {
            let seed = seed.stream(name);
            let entry = |i: usize| seed.at(i as u64).0 as f64 / u64::MAX as f64 * 2.0 - 1.0;
            let norm = (0..n).map(|i| entry(i) * entry(i)).sum::<f64>().sqrt();
            Tensor::from_fn([n], |i| F::from_f64(entry(i) / norm))
        };
        Ok(Self { u: direction(rows, "weight_u"), v: direction(columns, "weight_v") })
    }

    /// Improves the estimate by this many iterations and gives the singular value that it stands for, `uᵀ W v`: never
    /// more than the largest one, and nearer to it with each iteration.
    ///
    /// A product of norm at most `eps` has no direction to follow; the estimate then stays as it is.
    ///
    /// # Errors
    /// If the weight is not of the shape that the estimate was started for.
    pub fn iterate(&mut self, weight: &Tensor<F>, iterations: usize, eps: f64) -> Result<F, ShapeError> {
        let (rows, columns) = matrix(weight.shape())?;
        check_pair(weight.shape(), self.u.shape(), self.v.shape())?;
        let mut scratch = vec![F::ZERO; rows + columns];
        let pair = (self.u.as_mut_slice(), self.v.as_mut_slice());
        Ok(iterate(weight.as_slice(), iterations, F::from_f64(eps), pair, &mut scratch))
    }
}

/// Refuses vectors that are not those of the weight.
pub(super) fn check_pair(weight: Shape, u: Shape, v: Shape) -> Result<(), ShapeError> {
    let (rows, columns) = matrix(weight)?;
    if u == Shape::from([rows]) && v == Shape::from([columns]) {
        return Ok(());
    }
    Err(ShapeError::new(
        "spectral_norm",
        format!("u of shape ({rows}) and v of shape ({columns}) for weight {weight}"),
        format!("u {u}, v {v}"),
        "start the vectors for the shape of this weight",
    ))
}
