//! How a convolution becomes matrix products: the sizes.
//!
//! The output of a group of channels for an image is W X, with W the weight (out, in * taps) and X the matrix whose row
//! (channel, tap) holds, for each output, the input under that tap (im2col). Three things keep the making of X cheap:
//!
//! - The image is first spread into *phases*: the padded image, with each stride-th position along either axis in a plane of its
//!   own. In its phase a tap sees neighbours at neighbouring outputs, whatever the stride.
//! - Outputs are counted in rows as long as those of a phase. The row of X for a tap is then one run of neighbours of the
//!   phase, copied as a whole, and the gradient with respect to X is added back as a whole. The price are a few columns
//!   between the rows that are computed and dropped.
//! - X is made for a block of columns at a time, so that it stays in the second-level cache until the product has read it:
//!   a part of a large image, or several small ones.

use std::ops::Range;

use evenkeel_tensor::{Shape, ShapeError};

use super::op::ConvOp;
use crate::window::{Window, planes};

/// Groups of images that are worked on independently, each with scratch of its own. Fixed, so that gradients are added up in
/// the same order by any number of threads; the matrix products inside use further threads where they are large.
const TASKS: usize = 8;

/// Elements of X and of the product with it that a block aims at, and the least number of columns that repays reading W.
const BLOCK: usize = 96 * 1024;
const LEAST_COLUMNS: usize = 256;

/// Elements of scratch that all tasks together should not exceed.
const MOST_SCRATCH: usize = 8 * 1024 * 1024;

#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) images: usize,
    pub(super) groups: usize,
    /// Input channels of a group.
    pub(super) inputs: usize,
    /// Output channels of a group.
    pub(super) outputs: usize,
    /// Extents of an input plane.
    pub(super) input: [usize; 2],
    /// Extents of an output plane.
    pub(super) output: [usize; 2],
    pub(super) window: Window,
    /// The number of phases along each axis that a tap sees.
    pub(super) phases: [usize; 2],
    /// Extents of a phase.
    pub(super) phase: [usize; 2],
}

/// Neighbouring columns of a group's X: the same ones of one or several images.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) images: Range<usize>,
    pub(super) group: usize,
    /// Outputs, counted in rows as long as a phase's.
    pub(super) range: Range<usize>,
}

impl Block {
    pub(super) fn columns(&self) -> usize {
        self.images.len() * self.range.len()
    }
}

/// A task's scratch.
pub(super) struct Scratch<'a, F> {
    /// An image of a group of channels.
    pub(super) phases: &'a mut [F],
    /// The gradient with respect to it.
    pub(super) gradient: &'a mut [F],
    /// X, or the gradient with respect to it.
    pub(super) x: &'a mut [F],
    /// W X, or the gradient with respect to it.
    pub(super) y: &'a mut [F],
    /// The task's share of the gradient of W, [transposed](Plan::transposes) or not.
    pub(super) weight: &'a mut [F],
    /// The task's share of the gradient of the bias.
    pub(super) bias: &'a mut [F],
}

impl Plan {
    /// # Errors
    /// If the shapes do not fit.
    pub(super) fn new(op: &ConvOp, x: Shape, weight: Shape) -> Result<Self, ShapeError> {
        let name = op.operation();
        let (images, channels, input) = planes(name, op.axes, x)?;
        let misfit = |expected: String, cure: &str| {
            Err(ShapeError::new(name, expected, format!("input {x}, weight {weight}, groups {}", op.groups), cure))
        };
        if weight.rank() != x.rank() {
            return misfit(
                format!("a weight of rank {}: (out, in / groups, kernel...)", x.rank()),
                "reshape the weight",
            );
        }
        let (outputs, inputs) = (weight[0], weight[1]);
        if op.groups == 0 || channels % op.groups != 0 || outputs % op.groups != 0 {
            return misfit(
                format!("groups that divide {channels} input and {outputs} output channels"),
                "choose groups that divide both numbers of channels",
            );
        }
        if inputs * op.groups != channels {
            return misfit(
                format!("an input of {} channels", inputs * op.groups),
                "match the layer's input channels to axis 1 of its input",
            );
        }
        let mut kernel = [1; 2];
        kernel[2 - op.axes..].copy_from_slice(&weight[2..]);
        let window = Window { kernel, stride: op.stride, padding: op.padding, dilation: op.dilation };
        let (window, output) = window.on(name, input, x)?;
        Ok(Self {
            images,
            groups: op.groups,
            inputs,
            outputs: outputs / op.groups,
            input,
            output,
            window,
            phases: [0, 1].map(|axis| window.stride[axis].min(window.reach(axis) + 1)),
            phase: [0, 1].map(|axis| output[axis] + window.reach(axis) / window.stride[axis]),
        })
    }

    /// Rows of X.
    pub(super) fn depth(&self) -> usize {
        self.inputs * self.window.kernel[0] * self.window.kernel[1]
    }

    /// The share of an axis's taps that meet the input and not its padding, over all outputs.
    pub(super) fn met(&self, axis: usize) -> f64 {
        let Window { kernel, stride, padding, dilation } = self.window;
        let inside = |&at: &usize| (padding[axis]..padding[axis] + self.input[axis]).contains(&at);
        let taps = |output: usize| (0..kernel[axis]).map(move |tap| output * stride[axis] + tap * dilation[axis]);
        let met = (0..self.output[axis]).flat_map(taps).filter(inside).count();
        met as f64 / (self.output[axis] * kernel[axis]) as f64
    }

    /// Whether the gradient of W is computed as its transpose: the matrix on the right is copied into the order in which the
    /// product reads it, and that should be the smaller one.
    pub(super) fn transposes(&self) -> bool {
        self.outputs < self.depth()
    }

    /// Elements of an input plane, and of an output plane.
    pub(super) fn areas(&self) -> [usize; 2] {
        [self.input, self.output].map(|[height, width]| height * width)
    }

    /// Elements of an image in all channels, and of its output.
    pub(super) fn sizes(&self) -> [usize; 2] {
        let [input, output] = self.areas();
        [self.groups * self.inputs * input, self.groups * self.outputs * output]
    }

    /// Columns of X for an image: its outputs, and what lies between their rows.
    pub(super) fn run(&self) -> usize {
        (self.output[0] - 1) * self.phase[1] + self.output[1]
    }

    /// Images of a task.
    pub(super) fn images_per_task(&self) -> usize {
        let affordable = (MOST_SCRATCH / self.scratch()).clamp(1, TASKS);
        self.images.div_ceil(affordable).max(1)
    }

    /// The number of tasks.
    pub(super) fn tasks(&self) -> usize {
        self.images.div_ceil(self.images_per_task())
    }

    /// The images of task `task`.
    pub(super) fn images_of(&self, task: usize) -> Range<usize> {
        let each = self.images_per_task();
        task * each..((task + 1) * each).min(self.images)
    }

    /// Calls `f` with the blocks of some images: the parts of an image in a group one after another.
    pub(super) fn for_blocks(&self, images: Range<usize>, mut f: impl FnMut(Block)) {
        let (together, columns) = self.block();
        for first in images.clone().step_by(together) {
            for group in 0..self.groups {
                for start in (0..self.run()).step_by(columns) {
                    let images = first..(first + together).min(images.end);
                    f(Block { images, group, range: start..(start + columns).min(self.run()) });
                }
            }
        }
    }

    /// The number of images of a block, and of columns of each: several whole images, or a part of one.
    fn block(&self) -> (usize, usize) {
        let run = self.run();
        let columns = (BLOCK / (self.depth() + self.outputs).max(1)).max(LEAST_COLUMNS);
        if run <= columns {
            (columns / run, run)
        } else {
            // Equal parts of whole vectors.
            (1, run.div_ceil(run.div_ceil(columns)).next_multiple_of(16))
        }
    }

    /// The lengths of the parts of a task's [`Scratch`].
    fn parts(&self) -> [usize; 6] {
        let phases = self.inputs * self.phases[0] * self.phases[1] * self.phase[0] * self.phase[1];
        let (images, columns) = self.block();
        let columns = images.min(self.images) * columns;
        let outputs = self.groups * self.outputs;
        [phases, phases, self.depth() * columns, self.outputs * columns, outputs * self.depth(), outputs]
    }

    /// Elements of a task's scratch.
    pub(super) fn scratch(&self) -> usize {
        self.parts().iter().sum::<usize>().max(1)
    }

    pub(super) fn split<'a, F>(&self, scratch: &'a mut [F]) -> Scratch<'a, F> {
        let [phases, gradient, x, y, weight, _] = self.parts();
        let (phases, rest) = scratch.split_at_mut(phases);
        let (gradient, rest) = rest.split_at_mut(gradient);
        let (x, rest) = rest.split_at_mut(x);
        let (y, rest) = rest.split_at_mut(y);
        let (weight, bias) = rest.split_at_mut(weight);
        Scratch { phases, gradient, x, y, weight, bias }
    }
}
