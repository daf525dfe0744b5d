//! Convolution as an operation.

use std::ops::Range;

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation};
use evenkeel_tensor::kernel::matmul::{Matrix, Write, matmul};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use super::plan::{Block, Plan, Scratch};
use crate::window::shape_of;

/// y = x * W + b for x (N, C, ...), W (out, C / groups, kernel...) and b (out), over one or two spatial axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvOp {
    /// The number of spatial axes.
    pub(super) axes: usize,
    pub(super) stride: [usize; 2],
    pub(super) padding: [usize; 2],
    pub(super) dilation: [usize; 2],
    pub(super) groups: usize,
}

impl ConvOp {
    pub(super) fn operation(&self) -> &'static str {
        if self.axes == 1 { "conv1d" } else { "conv2d" }
    }

    fn plan<F: Float>(&self, x: &Inputs<'_, F>) -> Plan {
        Plan::new(self, x.shape(0), x.shape(1)).expect("checked when recorded")
    }
}

impl<F: Float> Op<F> for ConvOp {
    fn name(&self) -> &'static str {
        self.operation()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let (x, weight) = (inputs[0], inputs[1]);
        let plan = Plan::new(self, x, weight)?;
        if let Some(bias) = inputs.get(2).filter(|bias| bias.dims() != &weight[..1]) {
            return Err(ShapeError::new(
                self.operation(),
                format!("a bias ({}) for weight {weight}", weight[0]),
                format!("bias {bias}"),
                "a bias has one value for each output channel",
            ));
        }
        shape_of(self.axes, plan.images, weight[0], plan.output)
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        let plan = Plan::new(self, inputs[0], inputs[1]).expect("checked before");
        plan.tasks() * plan.scratch()
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        let plan = self.plan(x);
        let bias = (x.len() == 3).then(|| x.value(2));
        if y.is_empty() {
            return;
        }
        let each = plan.images_per_task() * plan.sizes()[1];
        parallel::chunks_mut2(y, each, saved, plan.scratch(), |task, y, scratch| {
            plan.forward(task, (x.value(0), x.value(1), bias), y, scratch);
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let plan = self.plan(&at.x);
        let (dx, dw, db) = match dx {
            [dx, dw] => (dx.wanted(), dw.wanted(), None),
            [dx, dw, db] => (dx.wanted(), dw.wanted(), db.wanted()),
            _ => unreachable!("two or three inputs"),
        };
        if at.dy.is_empty() {
            [dx, dw, db].into_iter().flatten().for_each(|gradient| gradient.fill(F::ZERO));
            return;
        }
        let wanted = Wanted { weight: dw.is_some(), bias: db.is_some() };
        let data = (at.x.value(0), at.x.value(1), at.dy);
        match dx {
            // Of images without elements.
            Some(dx) if !dx.is_empty() => {
                let each = plan.images_per_task() * plan.sizes()[0];
                parallel::chunks_mut2(dx, each, at.saved, plan.scratch(), |task, dx, scratch| {
                    plan.backward(task, data, Some(dx), wanted, scratch);
                });
            }
            _ => parallel::chunks_mut(at.saved, plan.scratch(), |task, scratch| {
                plan.backward(task, data, None, wanted, scratch);
            }),
        }
        // The tasks' shares are added up in order.
        let (first, others) = at.saved.split_at_mut(plan.scratch());
        let first = plan.split(first);
        for other in others.chunks_exact_mut(plan.scratch()) {
            let other = plan.split(other);
            if wanted.weight {
                kernel::add_assign(first.weight, other.weight);
            }
            if wanted.bias {
                kernel::add_assign(first.bias, other.bias);
            }
        }
        if let Some(dw) = dw {
            if plan.transposes() {
                plan.transpose_weight(first.weight, dw);
            } else {
                dw.copy_from_slice(first.weight);
            }
        }
        if let Some(db) = db {
            db.copy_from_slice(first.bias);
        }
    }

    fn propagate(&self, inputs: &[Incoming], output: Shape) -> Option<Propagation> {
        let plan = Plan::new(self, inputs[0].shape, inputs[1].shape).ok()?;
        let fan_in = plan.depth() as f64 * plan.met(0) * plan.met(1);
        let bias = inputs.get(2).map(|b| b.signal);
        Some(Propagation::of_products(&inputs[0], inputs[1].signal, bias, fan_in, output.numel()))
    }
}

/// Which gradients of the layer's own are wanted.
#[derive(Clone, Copy)]
struct Wanted {
    weight: bool,
    bias: bool,
}

/// What the columns between the rows have to hold, of X or of its gradient.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gaps {
    /// What the copies and products leave there.
    Any,
    /// 0.
    Zero,
}

impl Gaps {
    /// Where dY, which is 0 there, is multiplied by `values`: 0 times infinity is not 0. The sum of finite values may overflow
    /// too, which costs time only.
    fn beside<F: Float>(values: &[F]) -> Self {
        if kernel::sum(values).is_finite() { Self::Any } else { Self::Zero }
    }
}

impl Plan {
    /// The output `y` of a task's images, for input, weight and bias.
    fn forward<F: Float>(
        &self,
        task: usize,
        (x, weight, bias): (&[F], &[F], Option<&[F]>),
        y: &mut [F],
        scratch: &mut [F],
    ) {
        let images = self.images_of(task);
        let Scratch { phases, x: matrix, y: product, .. } = self.split(scratch);
        phases.fill(F::ZERO);
        self.for_blocks(images.clone(), |block| {
            let matrix = self.matrix(&block, x, phases, matrix, Gaps::Any);
            let product = &mut product[..self.outputs * matrix.columns];
            matmul(self.weight(&block, weight), matrix, product, Write::Overwrite);
            let bias = bias.map(|bias| &bias[block.group * self.outputs..][..self.outputs]);
            for (i, image) in block.images.clone().enumerate() {
                self.emit(product, bias, &block, i, &mut y[self.output_of(image - images.start, block.group)]);
            }
        });
    }

    /// A task's images' gradient `dx`, if wanted, and the task's shares of the gradients of weight and bias, for input,
    /// weight and dy: with Y = W X, dW = dY Xᵀ and dX = Wᵀ dY.
    fn backward<F: Float>(
        &self,
        task: usize,
        (x, weight, dy): (&[F], &[F], &[F]),
        mut dx: Option<&mut [F]>,
        wanted: Wanted,
        scratch: &mut [F],
    ) {
        let images = self.images_of(task);
        let Scratch { phases, gradient, x: matrix, y: product, weight: dw, bias: db } = self.split(scratch);
        phases.fill(F::ZERO);
        db.fill(F::ZERO);
        let size = self.sizes()[0];
        let (x_gaps, weight_gaps) = (Gaps::beside(&x[images.start * size..images.end * size]), Gaps::beside(weight));
        self.for_blocks(images.clone(), |block| {
            let starts = block.range.start == 0;
            let product = &mut product[..self.outputs * block.columns()];
            for (i, image) in block.images.clone().enumerate() {
                let dy = &dy[self.output_of(image, block.group)];
                self.absorb(dy, &block, i, product);
                if wanted.bias && starts {
                    let sums = db[block.group * self.outputs..].iter_mut();
                    sums.zip(dy.chunks_exact(self.areas()[1])).for_each(|(sum, dy)| *sum += kernel::sum(dy));
                }
            }
            let dy = Matrix::new(&*product, self.outputs, block.columns());
            if wanted.weight {
                let first = starts && block.images.start == images.start;
                let write = if first { Write::Overwrite } else { Write::Accumulate };
                let size = self.outputs * self.depth();
                let dw = &mut dw[block.group * size..][..size];
                let x = self.matrix(&block, x, phases, matrix, x_gaps);
                if self.transposes() {
                    matmul(x, dy.t(), dw, write);
                } else {
                    matmul(dy, x.t(), dw, write);
                }
            }
            if let Some(dx) = dx.as_deref_mut() {
                let matrix = &mut matrix[..self.depth() * block.columns()];
                matmul(self.weight(&block, weight).t(), dy, matrix, Write::Overwrite);
                for (i, image) in block.images.clone().enumerate() {
                    if starts {
                        gradient.fill(F::ZERO);
                    }
                    if weight_gaps == Gaps::Zero {
                        self.clear_gaps(&block, i, matrix);
                    }
                    self.raise(matrix, &block, i, gradient);
                    if block.range.end == self.run() {
                        self.gather(gradient, &mut dx[self.input_of(image - images.start, block.group)]);
                    }
                }
            }
        });
    }

    /// X for a block, of the images `x`. From part to part of an image its phases stay.
    fn matrix<'a, F: Float>(
        &self,
        block: &Block,
        x: &[F],
        phases: &mut [F],
        matrix: &'a mut [F],
        gaps: Gaps,
    ) -> Matrix<'a, F> {
        let (depth, columns) = (self.depth(), block.columns());
        let matrix = &mut matrix[..depth * columns];
        for (i, image) in block.images.clone().enumerate() {
            if block.range.start == 0 {
                self.spread(&x[self.input_of(image, block.group)], phases);
            }
            self.lower(phases, block, i, matrix);
            if gaps == Gaps::Zero {
                self.clear_gaps(block, i, matrix);
            }
        }
        Matrix::new(matrix, depth, columns)
    }

    /// W for a block.
    fn weight<'a, F: Float>(&self, block: &Block, weight: &'a [F]) -> Matrix<'a, F> {
        let (outputs, depth) = (self.outputs, self.depth());
        Matrix::new(&weight[block.group * outputs * depth..][..outputs * depth], outputs, depth)
    }

    /// Where a group's channels of image `image` are in an array of inputs.
    fn input_of(&self, image: usize, group: usize) -> Range<usize> {
        let size = self.inputs * self.areas()[0];
        (image * self.groups + group) * size..(image * self.groups + group + 1) * size
    }

    /// Where a group's channels of image `image` are in an array of outputs.
    fn output_of(&self, image: usize, group: usize) -> Range<usize> {
        let size = self.outputs * self.areas()[1];
        (image * self.groups + group) * size..(image * self.groups + group + 1) * size
    }

    /// Writes the gradient of the weight, group by group, from its transpose.
    fn transpose_weight<F: Float>(&self, transposed: &[F], dw: &mut [F]) {
        let (depth, size) = (self.depth(), self.depth() * self.outputs);
        if size == 0 {
            return;
        }
        for (dw, transposed) in dw.chunks_exact_mut(size).zip(transposed.chunks_exact(size)) {
            for (out, dw) in dw.chunks_exact_mut(depth).enumerate() {
                dw.iter_mut().zip(transposed[out..].iter().step_by(self.outputs)).for_each(|(dw, &t)| *dw = t);
            }
        }
    }
}
