//! How samples are stored until they are batched.

use evenkeel_tensor::kernel::{BLOCK, simd};
use evenkeel_tensor::{Element, Float, Shape, Tensor, parallel};

use crate::DataError;

/// The inputs of a data set: an array whose first axis counts samples.
///
/// Bytes stay bytes until they are batched, a quarter of the memory of `f32`.
///
/// ```
/// use evenkeel_data::{Inputs, Tensor};
///
/// let pixels = Tensor::from_vec([2, 3], vec![0u8, 51, 255, 255, 0, 0])?;
/// let images = Inputs::scaled(pixels, 1.0 / 255.0, 0.0);            // x / 255 when batched
/// let table = Inputs::from(Tensor::from_vec([2, 3], vec![0.5f32; 6])?);
/// # Ok::<(), evenkeel_tensor::ShapeError>(())
/// ```
#[derive(Clone)]
pub enum Inputs {
    /// Bytes, of which each x becomes x * `scale` + `shift` when batched.
    Bytes {
        /// The bytes.
        values: Tensor<u8>,
        /// The factor.
        scale: f64,
        /// What is added.
        shift: f64,
    },
    /// Numbers of single precision.
    F32(Tensor<f32>),
    /// Numbers of double precision.
    F64(Tensor<f64>),
}

impl Inputs {
    /// Bytes, of which each x becomes x * `scale` + `shift` when batched.
    pub fn scaled(values: Tensor<u8>, scale: f64, shift: f64) -> Self {
        Self::Bytes { values, scale, shift }
    }

    /// The extents, samples first.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Bytes { values, .. } => values.shape(),
            Self::F32(values) => values.shape(),
            Self::F64(values) => values.shape(),
        }
    }

    /// Refuses numbers that are not finite in the floats that are batched, naming the first.
    pub(crate) fn check_as<F: Float>(&self) -> Result<(), DataError> {
        match self {
            Self::Bytes { scale, shift, .. } => {
                check_number("scale of the bytes", *scale)?;
                check_number("shift of the bytes", *shift)?;
                // Between finite ends all is finite.
                let of = of_byte::<F>(*scale, *shift);
                [0, 255].into_iter().try_for_each(|x| {
                    check_number(&format!("byte {x} with scale and shift, as {}", F::NAME), of(x).to_f64())
                })
            }
            Self::F32(values) => check_values_as::<_, F>("input", values),
            Self::F64(values) => check_values_as::<_, F>("input", values),
        }
    }

    /// 1 where the value is at least `threshold`, and 0 elsewhere.
    pub(crate) fn binarize(&self, threshold: f64) -> Self {
        let values = match self {
            Self::Bytes { values, scale, shift } => values.map(|x| u8::from(f64::from(x) * scale + shift >= threshold)),
            Self::F32(values) => values.map(|x| u8::from(f64::from(x) >= threshold)),
            Self::F64(values) => values.map(|x| u8::from(x >= threshold)),
        };
        Self::scaled(values, 1.0, 0.0)
    }

    /// Writes the samples `rows` of `width` values each to `out`.
    pub(crate) fn gather<F: Float>(&self, width: usize, rows: &Rows<'_>, out: &mut [F]) {
        match self {
            Self::Bytes { values, scale, shift } => {
                gather(values.as_slice(), width, rows, out, of_byte(*scale, *shift));
            }
            Self::F32(values) => gather(values.as_slice(), width, rows, out, |x| F::from_f64(x.to_f64())),
            Self::F64(values) => gather(values.as_slice(), width, rows, out, |x| F::from_f64(x)),
        }
    }
}

impl From<Tensor<f32>> for Inputs {
    fn from(values: Tensor<f32>) -> Self {
        Self::F32(values)
    }
}

impl From<Tensor<f64>> for Inputs {
    fn from(values: Tensor<f64>) -> Self {
        Self::F64(values)
    }
}

/// Which rows of the storage to take: positions in a data set, and where its samples lie.
pub(crate) struct Rows<'a> {
    pub(crate) positions: &'a [usize],
    /// The storage row of each sample; all rows in order if `None`.
    pub(crate) stored: Option<&'a [usize]>,
}

impl Rows<'_> {
    #[inline(always)]
    fn at(&self, i: usize) -> usize {
        let position = self.positions[i];
        self.stored.map_or(position, |stored| stored[position])
    }
}

/// Writes `convert` of the rows of `width` values each to `out`.
pub(crate) fn gather<T: Element, U: Element>(
    values: &[T],
    width: usize,
    rows: &Rows<'_>,
    out: &mut [U],
    convert: impl Fn(T) -> U + Sync,
) {
    // Converting is a matter of bandwidth: only batches beyond the second-level cache are worth a split.
    let block = (8 * BLOCK).div_ceil(width);
    parallel::chunks_mut(out, block * width, |b, out| {
        simd(
            // The closure is called once for each instruction set, so the compiler would rather not inline it,
            // and what is not inlined is compiled for the least of them: three times slower.
            #[inline(always)]
            || {
                for (i, out) in out.chunks_exact_mut(width).enumerate() {
                    let row = &values[rows.at(b * block + i) * width..][..width];
                    out.iter_mut().zip(row).for_each(|(out, &x)| *out = convert(x));
                }
            },
        );
    });
}

/// What a byte becomes.
#[inline(always)]
fn of_byte<F: Float>(scale: f64, shift: f64) -> impl Fn(u8) -> F + Sync {
    let (scale, shift) = (F::from_f64(scale), F::from_f64(shift));
    #[inline(always)]
    move |x| F::from_f64(f64::from(x)) * scale + shift
}

pub(crate) fn check_number(what: &str, value: f64) -> Result<(), DataError> {
    if value.is_finite() { Ok(()) } else { Err(DataError::NotFinite { what: what.into(), value }) }
}

/// Refuses numbers that are not finite, in an array whose first axis counts samples.
pub(crate) fn check_values<F: Float>(what: &str, values: &Tensor<F>) -> Result<(), DataError> {
    if values.is_finite() {
        return Ok(());
    }
    let width = values.shape()[1..].iter().product::<usize>();
    let bad = values.as_slice().iter().position(|x| !x.is_finite());
    // A sum of finite differences is 0 (see `is_finite`), so there is such a value.
    let at = bad.expect("a value that is not finite");
    check_number(&format!("{what} {} of sample {}", at % width, at / width), values.as_slice()[at].to_f64())
}

/// As [`check_values`], of what the numbers become as `F`.
pub(crate) fn check_values_as<G: Float, F: Float>(what: &str, values: &Tensor<G>) -> Result<(), DataError> {
    check_values(what, values)?;
    let convert = |x: &G| F::from_f64(x.to_f64());
    // A wider float, or the same, holds them all.
    let is_narrower = size_of::<F>() < size_of::<G>();
    let Some(at) = values.as_slice().iter().position(|x| is_narrower && !convert(x).is_finite()) else { return Ok(()) };
    let width = values.shape()[1..].iter().product::<usize>();
    let value = convert(&values.as_slice()[at]).to_f64();
    check_number(&format!("{what} {} of sample {}, as {}", at % width, at / width, F::NAME), value)
}
