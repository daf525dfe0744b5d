//! What lies outside of an image.

use evenkeel_tensor::Float;

use crate::DataError;
use crate::augment::setting::check_finite;

/// What is seen outside of an image. Default: the constant 0.
///
/// For a row `a b c d`, what comes before and after it, named as NumPy and PyTorch do:
///
/// | | before | the row | after |
/// |---|---|---|---|
/// | `Constant(v)` | `v v v` | `a b c d` | `v v v` |
/// | `Edge` | `a a a` | `a b c d` | `d d d` |
/// | `Reflect` | `d c b` | `a b c d` | `c b a` |
/// | `Wrap` | `b c d` | `a b c d` | `a b c` |
///
/// `Reflect` and `Wrap` go on beyond one length. A row of one pixel is reflected into itself.
///
/// ```
/// use evenkeel_data::Tensor;
/// use evenkeel_data::augment::image::{Border, Pad, pad};
///
/// let row = Tensor::from_vec([1, 4], vec![1.0f32, 2.0, 3.0, 4.0])?;
/// let wide = pad(&row, &Pad::sides(0, 0, 3, 3).border(Border::Reflect))?;
/// assert_eq!(wide.as_slice(), [4.0, 3.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border {
    /// The same value everywhere.
    Constant(f64),
    /// The nearest pixel.
    Edge,
    /// The image mirrored at its outermost pixels, which are not repeated.
    Reflect,
    /// The image over and over.
    Wrap,
}

impl Default for Border {
    fn default() -> Self {
        Self::Constant(0.0)
    }
}

impl Border {
    pub(super) fn check<F: Float>(self, operation: &'static str) -> Result<(), DataError> {
        check_finite::<F>(operation, "a border value that is finite", self.value())
    }

    /// The value of a constant border; 0 for the others, which have none.
    #[inline(always)]
    pub(super) fn value(self) -> f64 {
        if let Self::Constant(value) = self { value } else { 0.0 }
    }

    /// Which of `len` pixels is seen at `position`; none where the border is constant.
    #[inline(always)]
    pub(super) fn index(self, position: i64, len: usize) -> Option<usize> {
        let last = len as i64 - 1;
        if (0..=last).contains(&position) {
            return Some(position as usize);
        }
        match self {
            Self::Constant(_) => None,
            Self::Edge => Some(position.clamp(0, last) as usize),
            Self::Wrap => Some(position.rem_euclid(len as i64) as usize),
            Self::Reflect if last == 0 => Some(0),
            Self::Reflect => {
                let folded = position.rem_euclid(2 * last);
                Some(folded.min(2 * last - folded) as usize)
            }
        }
    }
}
