//! How many inputs a unit has, and how many units an input reaches.

use evenkeel_tensor::{Shape, ShapeError};

/// The fans of a weight.
///
/// For a weight of shape (out, in, kernel...), PyTorch's layout, with r the product of the kernel's extents
/// (1 for a matrix): fan_in = in r is the number of products summed into one output, fan_out = out r the
/// number of outputs that one input reaches (at stride 1, away from the edges).
///
/// For grouped convolutions, whose weight is (out, in / groups, kernel...), fan_in is right and fan_out, as in
/// PyTorch, `groups` times too large. A transposed convolution stores (in, out, kernel...): its fans are
/// swapped.
///
/// ```
/// use evenkeel_init::Fans;
///
/// assert_eq!(Fans::of(&[100, 64].into())?, Fans { fan_in: 64, fan_out: 100 });
/// assert_eq!(Fans::of(&[8, 4, 3, 3].into())?, Fans { fan_in: 36, fan_out: 72 });
/// # Ok::<(), evenkeel_init::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fans {
    /// Products summed into one output.
    pub fan_in: usize,
    /// Outputs that one input reaches.
    pub fan_out: usize,
}

impl Fans {
    /// The fans of a weight of shape (out, in, kernel...).
    ///
    /// # Errors
    /// If the shape has fewer than two axes or an axis of extent 0.
    pub fn of(shape: &Shape) -> Result<Self, ShapeError> {
        let error = |cure| Err(ShapeError::new("fans", "(out, in, kernel...), no extent 0", shape.to_string(), cure));
        let &[out, input, ref kernel @ ..] = shape.dims() else {
            return error("give the weight's shape; for a bias use Zeros, Constant, Uniform or Normal, or a Policy");
        };
        if shape.contains(&0) {
            return error("an empty weight needs no initialiser; check the layer's sizes");
        }
        let receptive: usize = kernel.iter().product();
        Ok(Self { fan_in: input * receptive, fan_out: out * receptive })
    }

    /// The fan that `mode` names.
    pub fn fan(&self, mode: FanMode) -> f64 {
        let (fan_in, fan_out) = (self.fan_in as f64, self.fan_out as f64);
        match mode {
            FanMode::FanIn => fan_in,
            FanMode::FanOut => fan_out,
            FanMode::Average => 0.5 * (fan_in + fan_out),
            FanMode::Sum => fan_in + fan_out,
        }
    }
}

/// Which fan an initialiser divides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FanMode {
    /// fan_in: the forward signal keeps its variance.
    #[default]
    FanIn,
    /// fan_out: the gradient keeps its variance.
    FanOut,
    /// (fan_in + fan_out) / 2: between the two (TensorFlow's `fan_avg`, JAX).
    Average,
    /// fan_in + fan_out: half the variance of [`Average`](FanMode::Average). See [`HeNormal`](crate::HeNormal).
    Sum,
}

/// The extents of a weight (out, in, kernel...) as a matrix of a row for each unit: out, and in times the kernel's
/// extents.
pub(crate) fn matrix(initializer: &'static str, shape: &Shape) -> Result<(usize, usize), ShapeError> {
    match Fans::of(shape) {
        Ok(Fans { fan_in, .. }) => Ok((shape[0], fan_in)),
        Err(e) => Err(ShapeError { operation: initializer, ..e }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let fans = Fans::of(&[8, 4, 3, 3].into()).unwrap();
        let modes = [FanMode::FanIn, FanMode::FanOut, FanMode::Average, FanMode::Sum];
        assert_eq!(modes.map(|mode| fans.fan(mode)), [36.0, 72.0, 54.0, 108.0]);
        assert_eq!(Fans::of(&[6, 5, 7].into()).unwrap(), Fans { fan_in: 35, fan_out: 42 });
    }

    #[test]
    fn shapes_without_fans_are_refused() {
        for shape in [Shape::SCALAR, [5].into(), [0].into()] {
            let message = Fans::of(&shape).unwrap_err().to_string();
            assert!(message.contains(&shape.to_string()) && message.contains("for a bias use"), "{message}");
        }
        for shape in [Shape::from([0, 3]), [3, 0].into(), [4, 4, 0, 3].into()] {
            let message = Fans::of(&shape).unwrap_err().to_string();
            assert!(message.contains(&shape.to_string()) && message.contains("check the layer's sizes"), "{message}");
        }
    }
}
