//! A window that slides over a plane: what convolutions and pooling have in common.

use evenkeel_tensor::{Shape, ShapeError};

/// The window's taps and steps along (height, width). On a line the height is 1 and so are its tap and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The number of taps.
    pub(crate) kernel: [usize; 2],
    /// From one output to the next.
    pub(crate) stride: [usize; 2],
    /// Positions added on either side.
    pub(crate) padding: [usize; 2],
    /// From one tap to the next.
    pub(crate) dilation: [usize; 2],
}

impl Window {
    /// How far the last tap is from the first.
    pub(crate) fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis]
    }

    /// The number of outputs along an axis: floor((extent + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
    /// `None` if the window is larger than the padded input, or a setting is 0 that cannot be.
    fn outputs(&self, axis: usize, extent: usize) -> Option<usize> {
        let taps = self.kernel[axis].checked_sub(1)?;
        let reach = taps.checked_mul(self.dilation[axis])?;
        let padded = self.padding[axis].checked_mul(2)?.checked_add(extent)?;
        let room = padded.checked_sub(reach)?.checked_sub(1)?;
        let steps = room.checked_div(self.stride[axis])?;
        (self.dilation[axis] > 0).then_some(steps + 1)
    }

    /// The extents of the output for an input plane of `extents`, which `input` ends with, and the window with no longer stride
    /// than the padded input: to a single output that makes no difference, and lanes beyond it have places that are numbers.
    ///
    /// # Errors
    /// If the window is larger than the padded input, or a setting is 0 that cannot be.
    pub(crate) fn on(
        self,
        operation: &'static str,
        extents: [usize; 2],
        input: Shape,
    ) -> Result<(Self, [usize; 2]), ShapeError> {
        match (self.outputs(0, extents[0]), self.outputs(1, extents[1])) {
            (Some(height), Some(width)) => {
                let stride = [0, 1].map(|axis| self.stride[axis].min(extents[axis] + 2 * self.padding[axis]));
                Ok((Self { stride, ..self }, [height, width]))
            }
            _ => Err(ShapeError::new(
                operation,
                "kernel, stride and dilation of at least 1, and a window that fits the padded input",
                format!(
                    "kernel {:?}, stride {:?}, padding {:?}, dilation {:?} for input {input}",
                    self.kernel, self.stride, self.padding, self.dilation
                ),
                "use a smaller kernel or dilation, more padding, or a larger input",
            )),
        }
    }
}

/// An input (examples, channels, extents of `axes` spatial axes) as examples, channels and plane.
///
/// # Errors
/// If its rank is another.
pub(crate) fn planes(
    operation: &'static str,
    axes: usize,
    input: Shape,
) -> Result<(usize, usize, [usize; 2]), ShapeError> {
    match (axes, input.dims()) {
        (1, &[examples, channels, length]) => Ok((examples, channels, [1, length])),
        (2, &[examples, channels, height, width]) => Ok((examples, channels, [height, width])),
        _ => Err(ShapeError::new(
            operation,
            if axes == 1 {
                "an input (examples, channels, length)"
            } else {
                "an input (examples, channels, height, width)"
            },
            input.to_string(),
            "reshape the input: a single example or channel has extent 1",
        )),
    }
}

/// The shape that [`planes`] takes apart.
///
/// # Errors
/// If it has too many elements.
pub(crate) fn shape_of(axes: usize, examples: usize, channels: usize, plane: [usize; 2]) -> Result<Shape, ShapeError> {
    match axes {
        1 => Shape::try_new(&[examples, channels, plane[1]]),
        _ => Shape::try_new(&[examples, channels, plane[0], plane[1]]),
    }
}
