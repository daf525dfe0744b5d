//! Arrays as text.

use std::fmt::{self, Debug, Display, Formatter};

use crate::{Element, MAX_RANK, Tensor, TensorView};

/// Decimals of a float, unless the formatter says otherwise.
const PRECISION: usize = 4;
/// Values of a `Debug` line at each end of a longer array.
const DEBUG_EDGE: usize = 6;

/// Entries shown at each end of a longer axis: fewer along the outer axes, which multiply.
fn edge(axis: usize, rank: usize) -> usize {
    if axis + 2 >= rank { 6 } else { 2 }
}

/// The positions of an axis to show; `None` stands for those left out.
fn shown(extent: usize, edge: usize) -> impl Iterator<Item = Option<usize>> {
    let whole = extent <= 2 * edge + 1;
    let head = if whole { extent } else { edge };
    let tail = if whole { extent..extent } else { extent - edge..extent };
    (0..head).map(Some).chain((!whole).then_some(None)).chain(tail.map(Some))
}

/// Calls `f` with each value that is shown.
fn each_shown<T: Element>(view: TensorView<'_, T>, axis: usize, index: &mut [usize], f: &mut impl FnMut(T)) {
    if axis == index.len() {
        return f(view.get(index));
    }
    for position in shown(view.shape()[axis], edge(axis, index.len())).flatten() {
        index[axis] = position;
        each_shown(view, axis + 1, index, f);
    }
}

/// How the values of one array are written: all alike, so that columns align.
struct Cells {
    precision: usize,
    scientific: bool,
    width: usize,
}

impl Cells {
    fn new<T: Element>(view: TensorView<'_, T>, precision: usize) -> Self {
        let rank = view.shape().rank();
        let mut index = [0; MAX_RANK];
        let mut largest = 0f64;
        each_shown(view, 0, &mut index[..rank], &mut |x| {
            // max passes over NaN.
            largest = largest.max(x.float().filter(|x| x.is_finite()).map_or(0.0, f64::abs));
        });
        // Beyond these bounds fixed decimals are too long, or show too few digits of anything.
        let scientific = largest != 0.0 && !(1e-3..1e6).contains(&largest);
        let mut cells = Self { precision, scientific, width: 0 };
        let mut width = 0;
        each_shown(view, 0, &mut index[..rank], &mut |x| width = width.max(cells.text(x).len()));
        cells.width = width;
        cells
    }

    fn text<T: Element>(&self, x: T) -> String {
        match x.float() {
            Some(x) if self.scientific => format!("{x:.*e}", self.precision),
            Some(x) => format!("{x:.*}", self.precision),
            None => x.to_string(),
        }
    }

    /// Writes axis `depth` of an array of `rank` axes, of which `view` is the part at one position of the outer ones.
    fn write<T: Element>(
        &self,
        f: &mut Formatter<'_>,
        view: TensorView<'_, T>,
        depth: usize,
        rank: usize,
    ) -> fmt::Result {
        if view.shape().rank() == 0 {
            return write!(f, "{:>1$}", self.text(view.get(&[])), self.width);
        }
        f.write_str("[")?;
        for (i, position) in shown(view.shape()[0], edge(depth, rank)).enumerate() {
            if i > 0 && depth + 1 == rank {
                f.write_str(", ")?;
            } else if i > 0 {
                // A blank line between matrices, and the brackets below each other.
                write!(f, ",{}{:2$}", "\n".repeat(rank - depth - 1), "", depth + 1)?;
            }
            match position {
                Some(position) => self.write(f, view.select(0, position), depth + 1, rank)?,
                None => f.write_str("...")?,
            }
        }
        f.write_str("]")
    }
}

/// Nested brackets with aligned columns.
///
/// Floats have 4 decimals, or as many as the formatter's precision says; scientific notation if the largest
/// magnitude is below 1e-3 or from 1e6 on. Of a long axis both ends are shown.
///
/// ```
/// use evenkeel_tensor::Tensor;
///
/// let a = Tensor::from([[1.0, -2.5], [10.0, 0.25]]);
/// assert_eq!(format!("{a:.2}"), "[[ 1.00, -2.50],\n [10.00,  0.25]]");
/// ```
impl<T: Element> Display for TensorView<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let cells = Cells::new(*self, f.precision().unwrap_or(PRECISION));
        cells.write(f, *self, 0, self.shape().rank())
    }
}

/// As [`TensorView`]'s.
impl<T: Element> Display for Tensor<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.view(), f)
    }
}

/// One short line: type, shape, and the values (both ends, if they are many) in row-major order.
///
/// ```
/// use evenkeel_tensor::Tensor;
///
/// assert_eq!(format!("{:?}", Tensor::from([[1.0f32, 2.0], [0.1, 4.0]])), "Tensor<f32> [2, 2]: 1.0, 2.0, 0.1, 4.0");
/// ```
impl<T: Element> Debug for Tensor<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line("Tensor", self.view(), f)
    }
}

/// As [`Tensor`]'s.
impl<T: Element> Debug for TensorView<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line("TensorView", *self, f)
    }
}

fn line<T: Element>(name: &str, view: TensorView<'_, T>, f: &mut Formatter<'_>) -> fmt::Result {
    let shape = view.shape();
    write!(f, "{name}<{}> {shape}:", std::any::type_name::<T>())?;
    for (i, position) in shown(shape.numel(), DEBUG_EDGE).enumerate() {
        f.write_str(if i > 0 { ", " } else { " " })?;
        let Some(mut rest) = position else {
            f.write_str("...")?;
            continue;
        };
        let mut index = [0; MAX_RANK];
        for axis in (0..shape.rank()).rev() {
            index[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        Debug::fmt(&view.get(&index[..shape.rank()]), f)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_matrices_stand_apart() {
        let a = Tensor::from([[[1.0, -20.0], [0.5, f64::NAN]], [[f64::INFINITY, 0.0], [3.0, 4.0]]]);
        let expected = "[[[  1.0, -20.0],\n  [  0.5,   NaN]],\n\n [[  inf,   0.0],\n  [  3.0,   4.0]]]";
        assert_eq!(format!("{a:.1}"), expected);
        assert_eq!(Tensor::from([[1u8, 20], [100, 3]]).to_string(), "[[  1,  20],\n [100,   3]]");
        assert_eq!(Tensor::from([[1u8, 2], [3, 4]]).t().to_string(), "[[1, 3],\n [2, 4]]");
        assert_eq!(Tensor::scalar(1.5f32).to_string(), "1.5000");
        assert_eq!(Tensor::<f32>::zeros([0]).to_string(), "[]");
        assert_eq!(Tensor::<f32>::zeros([2, 0]).to_string(), "[[],\n []]");
    }

    #[test]
    fn extreme_magnitudes_are_scientific() {
        assert_eq!(Tensor::from([1.25e-7, 0.0]).to_string(), "[1.2500e-7,  0.0000e0]");
        assert_eq!(format!("{:.1}", Tensor::from([1.25e7f32, -3.0])), "[ 1.2e7, -3.0e0]");
        assert_eq!(Tensor::from([123_456_789usize]).to_string(), "[123456789]");
    }

    #[test]
    fn long_axes_show_their_ends() {
        let long = Tensor::from_fn([100], |i| i as i64);
        assert_eq!(long.to_string(), "[ 0,  1,  2,  3,  4,  5, ..., 94, 95, 96, 97, 98, 99]");
        let just_whole = Tensor::from_fn([13], |i| i as i64).to_string();
        assert!(!just_whole.contains("..."), "{just_whole}");
        let tall = Tensor::from_fn([50, 1], |i| i as i64).to_string();
        assert_eq!(tall.lines().count(), 13);
        assert_eq!(tall.lines().nth(6), Some(" ...,"));
        assert!(Tensor::<f32>::zeros([30, 30, 30, 30]).to_string().len() < 50_000);
    }

    #[test]
    fn debug_is_one_short_line() {
        let big = Tensor::<f32>::ones([1000, 1000]);
        let text = format!("{big:?}");
        assert!(text.starts_with("Tensor<f32> [1000, 1000]: 1.0, ") && text.contains(", ..., "), "{text}");
        assert!(text.len() < 120, "{text}");
        assert_eq!(format!("{:.1?}", Tensor::scalar(0.25)), "Tensor<f64> []: 0.2");
        assert_eq!(format!("{:?}", Tensor::<u8>::full([0, 3], 0).view()), "TensorView<u8> [0, 3]:");
    }
}
