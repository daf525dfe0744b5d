//! Orthogonal starts: every direction of the signal keeps its length.

mod delta;
mod qr;
mod svd;

pub use delta::DeltaOrthogonal;

use evenkeel_tensor::{Float, Seed, Shape, kernel, parallel};

use crate::error::scale_in_range;
use crate::fans::matrix;
use crate::{Gain, InitError, Initializer, random};

/// A random matrix with orthonormal rows (or columns, where these are fewer), times a gain.
///
/// A weight (out, in, kernel...) counts as a matrix W of `out` rows and `in` times the kernel's extents columns. With g
/// the gain, W Wᵀ = g² I if there are no more rows than columns, and Wᵀ W = g² I if there are no fewer. So a square W
/// keeps the length of every signal and of every gradient up to g, not only on average, and the singular values of a
/// deep linear net's product stay 1 at any depth (Saxe, McClelland, Ganguli 2014, "Exact solutions to the nonlinear
/// dynamics of learning in deep linear neural networks", arXiv 1312.6120).
///
/// [`Decomposition::Qr`], the default, draws uniformly from all such matrices (the Haar measure);
/// [`Decomposition::Svd`] is the form of the paper's authors and of Lasagne.
///
/// Where sources differ:
/// - PyTorch's `orthogonal_`, too, corrects the signs by those of R's diagonal (Mezzadri 2007); a QR
///   decomposition without that correction is not uniform, since its Q has a diagonal of mostly one sign.
/// - A convolution with this start does *not* keep lengths: its taps overlap.
///   [`DeltaOrthogonal`](crate::DeltaOrthogonal) does.
/// - ReLU cuts half of the second moment: [`Gain::RELU`] makes up for it, as in PyTorch.
///
/// # Errors
/// [`fill`](Initializer::fill) if the shape has fewer than two axes (a vector has nothing to be orthogonal to) or an
/// extent of 0, the slice does not fit it, or the gain is negative, not finite or larger than half of the largest number.
///
/// ```
/// use evenkeel_init::{Gain, InitializerExt, Orthogonal, Seed};
///
/// let w = Orthogonal::default().tensor::<f64>([3, 5], Seed(7))?;
/// let product = w.view().matmul(w.t()); // W Wᵀ, 3 x 3
/// for i in 0..3 {
///     for j in 0..3 {
///         let expected = if i == j { 1.0 } else { 0.0 };
///         assert!((product.as_slice()[3 * i + j] - expected).abs() < 1e-14);
///     }
/// }
/// let kernel = Orthogonal::default().with_gain(Gain::RELU).tensor::<f32>([64, 32, 3, 3], Seed(7))?;
/// # Ok::<(), evenkeel_init::InitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Orthogonal {
    /// The singular values; 1 by default.
    pub gain: Gain,
    /// How the matrix is made; by QR by default.
    pub decomposition: Decomposition,
}

/// How an [`Orthogonal`] matrix is made from a matrix A of independent standard normal numbers.
///
/// A is drawn with the shape of W if that has no more rows than columns; otherwise W is the transpose of what the
/// transposed shape gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Decomposition {
    /// A = L W with L lower triangular and positive on its diagonal: the QR decomposition of Aᵀ with the signs of R's
    /// diagonal moved to Q. W is then uniform (Haar) among all matrices with orthonormal rows: for a fixed orthogonal
    /// U, A U has the law of A, and A U = L (W U) is its decomposition, so W U has the law of W (Stewart 1980; Mezzadri
    /// 2007, "How to generate random matrices from the classical compact groups", arXiv math-ph/0609050).
    #[default]
    Qr,
    /// W = Vᵀ of the singular value decomposition A = U S Vᵀ, rows in the order of falling singular values (Saxe et al.
    /// 2014; Lasagne). The signs of singular vectors are a matter of the algorithm, so this is not exactly the Haar
    /// measure, and it takes some tens of times as long as `Qr`. Here to reproduce what was trained from it.
    Svd,
}

impl Orthogonal {
    /// The same rule with another gain.
    #[must_use]
    pub fn with_gain(self, gain: Gain) -> Self {
        Self { gain, ..self }
    }

    /// The same rule by another decomposition.
    #[must_use]
    pub fn with_decomposition(self, decomposition: Decomposition) -> Self {
        Self { decomposition, ..self }
    }
}

impl<F: Float> Initializer<F> for Orthogonal {
    fn fill(&self, values: &mut [F], shape: &Shape, seed: Seed) -> Result<(), InitError> {
        InitError::check_length("Orthogonal", values.len(), shape)?;
        let (rows, columns) = matrix("Orthogonal", shape)?;
        let gain = checked("Orthogonal", self.gain)?;
        fill_matrix(values, rows, columns, gain, self.decomposition, seed);
        Ok(())
    }
}

/// The gain, if it is a number that also values a little larger are finite for: an orthogonal matrix has elements up to
/// 1, give or take rounding.
fn checked<F: Float>(initializer: &'static str, gain: Gain) -> Result<F, InitError> {
    let gain = gain.checked(initializer)?;
    scale_in_range(initializer, "gain", gain, |gain| 2.0 * gain)
}

/// Fills a matrix, neither of whose extents is 0.
pub(crate) fn fill_matrix<F: Float>(
    values: &mut [F],
    rows: usize,
    columns: usize,
    gain: F,
    decomposition: Decomposition,
    seed: Seed,
) {
    let (short, long) = (rows.min(columns), rows.max(columns));
    let mut gaussian = vec![F::ZERO; short * long];
    random::normal(&mut gaussian, F::ZERO, F::ONE, seed);
    let orthonormal_rows = match decomposition {
        Decomposition::Qr => qr::orthonormal_rows,
        Decomposition::Svd => svd::orthonormal_rows,
    };
    if rows <= columns {
        orthonormal_rows(&mut gaussian, long, values);
    } else {
        let mut transposed = vec![F::ZERO; short * long];
        orthonormal_rows(&mut gaussian, long, &mut transposed);
        for (i, row) in values.chunks_exact_mut(columns).enumerate() {
            row.iter_mut().enumerate().for_each(|(j, w)| *w = transposed[j * long + i]);
        }
    }
    // At the end, so that products of a huge one cannot overflow on the way.
    if gain != F::ONE {
        parallel::chunks_mut(values, kernel::BLOCK, |_, values| values.iter_mut().for_each(|w| *w *= gain));
    }
}
