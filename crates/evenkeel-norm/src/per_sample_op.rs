//! Normalisation within each sample as one fused operation: layer, RMS, group and instance normalisation.

use evenkeel_autograd::{Backward, Gradient, Incoming, Inputs, Op, Propagation, Var};
use evenkeel_module::{Parameter, Pass};
use evenkeel_tensor::{Float, Shape, ShapeError, kernel, parallel};

use crate::grouping::{GroupLayout, Grouping};
use crate::normalizer::check_settings;
use crate::runs::Affine;
use crate::standardize::{Rule, Standardizer};
use crate::{rows, runs};

/// y = gamma x̂ + beta with x̂ = (x - mean) / sqrt(var + eps), the statistics those of the value's group within its own sample;
/// without the mean where values are not centred.
///
/// Inputs are x, then gamma and beta, or gamma, or neither. With n values a group and g = gamma dy, the gradients are
///
/// - `d beta = sum dy`, `d gamma = sum dy x̂` over all that they scale and shift
/// - `dx = (g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps)` over the group; without centring, without mean(g)
///
/// All four read x and dy once and write dx: a group stays in the cache between its sums and its result, and what each task adds
/// up for gamma and beta is combined afterwards in a fixed order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PerSampleOp {
    /// The operation's name in messages.
    pub(crate) name: &'static str,
    /// Which values share statistics.
    pub(crate) grouping: Grouping,
    /// Whether the mean is subtracted.
    pub(crate) centered: bool,
    /// Added to the variance.
    pub(crate) eps: f64,
}

impl PerSampleOp {
    /// Records the operation on the tape of `x`, with a scale, and a shift beside it.
    #[track_caller]
    pub(crate) fn record<'t, F: Float>(
        self,
        x: Var<'t, F>,
        affine: Option<(Var<'t, F>, Option<Var<'t, F>>)>,
    ) -> Var<'t, F> {
        match affine {
            Some((scale, Some(shift))) => x.tape().record(self, &[x, scale, shift]),
            Some((scale, None)) => x.tape().record(self, &[x, scale]),
            None => x.tape().record(self, &[x]),
        }
    }

    /// The groups of an input of shape `x`, as the kernels take them.
    fn layout(&self, x: Shape, scaled: bool) -> Result<GroupLayout, ShapeError> {
        let layout = self.grouping.layout(self.name, x)?;
        Ok(if scaled { layout } else { layout.without_scales() })
    }

    /// The number of values that are kept of the groups.
    fn kept<F: Float>(layout: GroupLayout) -> usize {
        layout.groups * Standardizer::<F>::PARTS
    }

    fn rule<F: Float>(&self) -> Rule<F> {
        Rule { centered: self.centered, eps: F::from_f64(self.eps) }
    }
}

/// A layer's scale and shift on the tape; no shift without a scale.
pub(crate) fn scale_and_shift<'t, F: Float>(
    pass: &Pass<'t, F>,
    weight: &Option<Parameter<F>>,
    bias: &Option<Parameter<F>>,
) -> Option<(Var<'t, F>, Option<Var<'t, F>>)> {
    weight.as_ref().map(|weight| (pass.parameter(weight), bias.as_ref().map(|bias| pass.parameter(bias))))
}

/// Scale and shift among the inputs.
fn affine<'a, F: Float>(x: &Inputs<'a, F>) -> Affine<'a, F> {
    let input = |i: usize| (i < x.len()).then(|| x.value(i));
    Affine { scale: input(1), shift: input(2) }
}

impl<F: Float> Op<F> for PerSampleOp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let layout = self.grouping.layout(self.name, inputs[0])?;
        let parameters = self.grouping.parameters();
        if let Some(other) = inputs[1..].iter().find(|&&s| s != parameters) {
            return Err(ShapeError::new(
                self.name,
                format!("scale and shift of shape {parameters} for input {}", inputs[0]),
                other.to_string(),
                "each normalised position, or each channel, has one",
            ));
        }
        if self.centered && layout.len() == 1 {
            return Err(ShapeError::new(
                self.name,
                "more than one value to take the statistics of",
                format!("one in each group of input {}", inputs[0]),
                "a single value minus its mean is 0: normalise over more axes or fewer groups (LayerNorm, or GroupNorm with \
                 several channels a group)",
            ));
        }
        check_settings(self.name, self.eps, None)?;
        Ok(inputs[0])
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        let layout = self.layout(inputs[0], inputs.len() > 1).expect("checked before");
        Self::kept::<F>(layout) + 2 * layout.sums().1
    }

    fn forward(&mut self, x: &Inputs<'_, F>, y: &mut [F], saved: &mut [F]) {
        if y.is_empty() {
            return saved.fill(F::ZERO);
        }
        let layout = self.layout(x.shape(0), x.len() > 1).expect("checked when recorded");
        let (x, affine, rule) = (x.value(0), affine(x), self.rule());
        let kept = &mut saved[..Self::kept::<F>(layout)];
        let per_task = layout.groups_per_task();
        let values = per_task * layout.len();
        parallel::chunks_mut2(y, values, kept, per_task * Standardizer::<F>::PARTS, |task, y, kept| {
            let x = &x[task * values..][..y.len()];
            match affine.scale.filter(|_| layout.is_rows()) {
                Some(scale) => rows::forward(layout, rule, x, (scale, affine.shift), y, kept),
                None => runs::forward(layout, rule, (task * per_task, x), affine, y, kept),
            }
        });
    }

    fn backward(&self, at: Backward<'_, F>, gradients: &mut [Gradient<F>]) {
        let layout = self.layout(at.shape, at.x.len() > 1).expect("checked when recorded");
        let (kept, sums) = at.saved.split_at_mut(Self::kept::<F>(layout));
        let [dx, parameters @ ..] = gradients else { unreachable!("one input at least") };
        let (x, dy, affine, rule) = (at.x.value(0), at.dy, affine(&at.x), self.rule());
        let per_task = layout.groups_per_task();
        let values = per_task * layout.len();
        let (sums_per_task, sums_in_all) = layout.sums();
        // Of no values, the sums are the zeros that forward has left.
        if !dy.is_empty() {
            // Matrices of one row, or none where dx is not wanted, and of two: strips of columns are each task's part.
            let dx = (dx.wanted().unwrap_or_default(), dy.len(), values);
            parallel::strips_mut2(dx, (&mut *sums, sums_in_all, sums_per_task), |task, mut dx, mut sums| {
                let first = task * per_task;
                let kept = &kept[first * Standardizer::<F>::PARTS..];
                let dx = (dx.rows() > 0).then(|| dx.row(0));
                let from = task * values;
                let until = (from + values).min(dy.len());
                let (x, dy) = (&x[from..until], &dy[from..until]);
                match affine.scale.filter(|_| layout.is_rows()) {
                    Some(scale) => rows::backward(layout, rule, (x, dy), scale, kept, dx, sums.first_rows()),
                    None => runs::backward(layout, rule, (first, x, dy), affine, kept, dx, sums.first_rows()),
                }
            });
        }
        let (dscale, dshift) = sums.split_at(sums_in_all);
        for (gradient, parts) in parameters.iter_mut().zip([dscale, dshift]) {
            if let Some(gradient) = gradient.wanted() {
                gradient.fill(F::ZERO);
                kernel::add_column_sums(parts, gradient);
            }
        }
    }

    fn propagate(&self, inputs: &[Incoming], _output: Shape) -> Option<Propagation> {
        // Random weights make the units of an example a sample of all; the positions of a channel are alike.
        let representative = matches!(self.grouping, Grouping::Trailing(_) | Grouping::Channels { groups: 1, .. });
        let affine = &inputs[1..];
        Some(Propagation::of_normalization(inputs[0].signal, affine, self.eps, self.centered, representative))
    }
}
