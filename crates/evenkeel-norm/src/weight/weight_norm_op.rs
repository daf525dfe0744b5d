//! Weight normalisation as one fused operation, and the norms alone.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Signal, Var};
use evenkeel_tensor::parallel::{self, Strip};
use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use super::norm_kernels::{add_products, gradient, rescue, scaled};
use crate::layout::ChannelLayout;

/// w = g v / ||v||, the Euclidean norm being over all axes of v but `dim`, or over all.
///
/// Inputs are v, of any shape, and g, of the shape of v with 1 for every axis but `dim` (of shape () without `dim`). With
/// v̂ = v / ||v|| and sums over the axes of the norm, the gradients are those of Salimans & Kingma 2016, equation 3:
///
/// - `dg = sum dw v̂`
/// - `dv = g / ||v|| (dw - v̂ dg)`, which is orthogonal to v
///
/// Where v is 0 it has no direction: w is 0 there, and so are the gradients. Norms are right over the whole range of the
/// float, subnormal numbers and such whose squares overflow included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightNormOp {
    /// The axis of the units, each of which has a norm of its own; `None` for one norm over all.
    pub dim: Option<usize>,
}

/// The rows of the kept values, each of a value a unit: scale and inverse norm of the scaled unit, v̂ dw, and two of
/// scratch.
const PARTS: usize = 5;

impl WeightNormOp {
    /// v as (before, units, after).
    fn layout(self, v: Shape) -> Result<ChannelLayout, ShapeError> {
        match self.dim {
            None => Ok(ChannelLayout { outer: 1, channels: 1, inner: v.numel() }),
            Some(dim) if dim < v.rank() => Ok(ChannelLayout {
                outer: v[..dim].iter().product(),
                channels: v[dim],
                inner: v[dim + 1..].iter().product(),
            }),
            Some(dim) => Err(ShapeError::new(
                "weight_norm",
                format!("an axis of the weight {v}"),
                format!("dim {dim}"),
                "0 is the axis of the outputs; None takes one norm over all",
            )),
        }
    }

    /// The shape of g.
    pub(crate) fn magnitude_shape(self, v: Shape) -> Result<Shape, ShapeError> {
        let Some(dim) = self.dim else { return Ok(Shape::SCALAR) };
        self.layout(v)?;
        let ones = (0..v.rank()).filter(|&axis| axis != dim);
        Ok(ones.fold(v, |shape, axis| shape.with_dim(axis, 1)))
    }

    /// Writes scale and inverse norm of the units from `first` on.
    fn norms<F: Float>(layout: ChannelLayout, v: &[F], first: usize, scale: &mut [F], inverse: &mut [F]) {
        let (inner, width) = (layout.inner, scale.len() * layout.inner);
        scale.fill(F::ONE);
        inverse.fill(F::ZERO);
        for o in 0..layout.outer {
            let row = &v[o * layout.stride() + first * inner..][..width];
            add_products((row, row), inner, scale, inverse);
        }
        for (u, (scale, inverse)) in scale.iter_mut().zip(inverse).enumerate() {
            if let Some(rescue) = rescue(*inverse) {
                *scale = rescue;
                let unit = (0..layout.outer).flat_map(|o| &v[o * layout.stride() + (first + u) * inner..][..inner]);
                *inverse = unit.map(|&v| (v * rescue) * (v * rescue)).sum();
            }
            // A unit of 0 gets 0, so that nothing comes of it.
            *inverse = if *inverse == F::ZERO { F::ZERO } else { F::ONE / inverse.sqrt() };
        }
    }

    fn forward_group<F: Float>(
        layout: ChannelLayout,
        (v, g): (&[F], &[F]),
        first: usize,
        mut w: Strip<'_, F>,
        mut kept: Strip<'_, F>,
    ) {
        let [scale, inverse, _, factor] = kept.first_rows();
        Self::norms(layout, v, first, scale, inverse);
        factor.iter_mut().zip(&g[first..]).zip(&*inverse).for_each(|((f, &g), &i)| *f = g * i);
        for o in 0..w.rows() {
            let row = &v[o * layout.stride() + first * layout.inner..];
            scaled(row, layout.inner, (scale, factor), w.row(o));
        }
    }

    fn backward_group<F: Float>(
        layout: ChannelLayout,
        (v, dw): (&[F], &[F]),
        first: usize,
        mut dv: Strip<'_, F>,
        mut kept: Strip<'_, F>,
    ) {
        let [scale, inverse, product, factor, along] = kept.first_rows();
        let width = scale.len() * layout.inner;
        let row =
            |o: usize| o * layout.stride() + first * layout.inner..o * layout.stride() + first * layout.inner + width;
        product.fill(F::ZERO);
        for o in 0..layout.outer {
            add_products((&dw[row(o)], &v[row(o)]), layout.inner, scale, product);
        }
        for u in 0..scale.len() {
            product[u] *= inverse[u];
            along[u] = product[u] * inverse[u];
        }
        for o in 0..dv.rows() {
            gradient((&v[row(o)], &dw[row(o)]), layout.inner, (scale, factor, along), dv.row(o));
        }
    }
}

impl<F: Float> Op<F> for WeightNormOp {
    fn name(&self) -> &'static str {
        "weight_norm"
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let magnitude = self.magnitude_shape(inputs[0])?;
        if inputs[1] == magnitude {
            return Ok(inputs[0]);
        }
        Err(ShapeError::new(
            "weight_norm",
            format!("g of shape {magnitude} for v {}", inputs[0]),
            inputs[1].to_string(),
            "g has one value for each norm, and as many axes as v",
        ))
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        PARTS * self.layout(inputs[0]).expect("checked before").channels
    }

    fn forward(&mut self, x: &Inputs<'_, F>, w: &mut [F], saved: &mut [F]) {
        let layout = self.layout(x.shape(0)).expect("checked when recorded");
        if w.is_empty() {
            return saved.fill(F::ZERO);
        }
        let group = layout.channels_per_task();
        let w = (w, layout.stride(), group * layout.inner);
        parallel::strips_mut2(w, (saved, layout.channels, group), |task, w, kept| {
            Self::forward_group(layout, (x.value(0), x.value(1)), task * group, w, kept);
        });
    }

    fn backward(&self, at: Backward<'_, F>, dx: &mut [Gradient<F>]) {
        let layout = self.layout(at.shape).expect("checked when recorded");
        let [dv, dg] = dx else { unreachable!("two inputs") };
        let group = layout.channels_per_task();
        let dv = (dv.wanted().unwrap_or_default(), layout.stride(), group * layout.inner);
        // Of no values, the products are the zeros that forward has left.
        if !at.dy.is_empty() {
            parallel::strips_mut2(dv, (&mut *at.saved, layout.channels, group), |task, dv, kept| {
                Self::backward_group(layout, (at.x.value(0), at.dy), task * group, dv, kept);
            });
        }
        if let Some(dg) = dg.wanted() {
            dg.copy_from_slice(&at.saved[2 * layout.channels..][..layout.channels]);
        }
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        // The squares of a unit's n weights add up to g²; directions are taken to be as likely as their opposites.
        let layout = self.layout(inputs[0].shape).ok()?;
        let n = layout.count().max(1) as f64;
        let output = Signal { mean: 0.0, variance: inputs[1].signal.second_moment() / n };
        Some(Propagation { output, gains: None, limits: None })
    }
}

/// The weight `g v / ||v||` with norms over all axes but `dim`, or over all; see [`WeightNormOp`].
///
/// # Panics
/// If there is no such axis, or g does not fit.
#[track_caller]
pub fn weight_norm<'t, F: Float>(v: Var<'t, F>, g: Var<'t, F>, dim: Option<usize>) -> Var<'t, F> {
    v.tape().record(WeightNormOp { dim }, &[v, g])
}

/// The norms of `v` over all axes but `dim`, or over all: the g with which `v` is the weight itself.
pub(crate) fn norms<F: Float>(v: &Tensor<F>, dim: Option<usize>) -> Result<Tensor<F>, ShapeError> {
    let op = WeightNormOp { dim };
    let (layout, shape) = (op.layout(v.shape())?, op.magnitude_shape(v.shape())?);
    let (mut scale, mut inverse) = (vec![F::ZERO; layout.channels], vec![F::ZERO; layout.channels]);
    let group = layout.channels_per_task();
    parallel::chunks_mut2(&mut scale, group, &mut inverse, group, |task, scale, inverse| {
        WeightNormOp::norms(layout, v.as_slice(), task * group, scale, inverse);
    });
    let norm = |u: usize| if inverse[u] == F::ZERO { F::ZERO } else { F::ONE / inverse[u] / scale[u] };
    Ok(Tensor::from_fn(shape, norm))
}
