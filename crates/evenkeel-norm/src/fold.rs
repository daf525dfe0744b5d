//! Folding: in evaluation, a batch normalisation beside a linear layer and that layer are one linear layer.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::BatchNorm;
use crate::normalizer::check_settings;

impl<F: Float> BatchNorm<F> {
    /// The weight and bias of one layer that does what a linear layer or convolution with `weight` (C, ...) and `bias` (C),
    /// followed by this normalisation with its stored statistics, does:
    ///
    /// `W' = gamma / sqrt(var + eps) W`, `b' = gamma (b - mean) / sqrt(var + eps) + beta`
    ///
    /// # Errors
    /// If the weight's first axis or the bias do not have as many entries as this layer has channels, or eps makes no sense.
    ///
    /// ```
    /// use evenkeel_norm::BatchNorm;
    /// use evenkeel_tensor::Tensor;
    ///
    /// let norm = BatchNorm::<f64>::new(2).with_eps(0.0);       // stored mean 0, variance 1
    /// let (weight, bias) = norm.fold(&Tensor::eye(2), None)?;
    /// assert_eq!(weight, Tensor::eye(2));
    /// assert_eq!(bias, Tensor::zeros([2]));
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    pub fn fold(&self, weight: &Tensor<F>, bias: Option<&Tensor<F>>) -> Result<(Tensor<F>, Tensor<F>), ShapeError> {
        let channels = self.running_mean().shape().numel();
        let fits =
            weight.shape().first() == Some(&channels) && bias.is_none_or(|b| b.shape() == Shape::from([channels]));
        if !fits {
            return Err(ShapeError::new(
                "BatchNorm::fold",
                format!("a weight ({channels}, ...) and a bias ({channels})"),
                format!("weight {}, bias {:?}", weight.shape(), bias.map(Tensor::shape)),
                "fold into the layer whose output this one normalises",
            ));
        }
        check_settings("BatchNorm::fold", self.eps(), None)?;
        let (scale, shift) = self.line();
        let mut folded = weight.clone();
        let row = (folded.shape().numel() / channels.max(1)).max(1);
        for (weights, &s) in folded.as_mut_slice().chunks_exact_mut(row).zip(&scale) {
            weights.iter_mut().for_each(|w| *w *= s);
        }
        let bias = Tensor::from_fn([channels], |c| bias.map_or(F::ZERO, |b| b.as_slice()[c]) * scale[c] + shift[c]);
        Ok((folded, bias))
    }

    /// The weight and bias of one layer that does what this normalisation with its stored statistics, followed by a linear layer or
    /// convolution with `weight` (out, in / groups, kernel...) and `bias` (out), does. With
    /// `s = gamma / sqrt(var + eps)` and `t = beta - s mean`, each of the input channel that an entry belongs to,
    ///
    /// `W' = W s`, `b' = b + sum of W t` over all entries of an output
    ///
    /// `groups` is the convolution's, 1 for a linear layer. A linear layer that comes after flattening (C, ...) has P neighbouring
    /// entries a channel: reshape its weight (out, C P) to (out, C, P) and back.
    ///
    /// A convolution that pads its input with zeros (`zero_padded`) pads what the normalisation gives: at the border part of
    /// `sum of W t` is missing, which no bias can do. It is refused unless all t are 0. (Folding into the layer
    /// [before](BatchNorm::fold) knows no such case.)
    ///
    /// # Errors
    /// If the weight does not take as many channels as this layer has, the bias or the groups do not fit the weight, eps makes no
    /// sense, or the input is padded and a t is not 0.
    ///
    /// ```
    /// use evenkeel_norm::BatchNorm;
    /// use evenkeel_tensor::Tensor;
    ///
    /// let norm = BatchNorm::<f64>::new(2).with_eps(0.0);       // stored mean 0, variance 1
    /// let (weight, bias) = norm.fold_into_next(&Tensor::eye(2), None, 1, false)?;
    /// assert_eq!((weight, bias), (Tensor::eye(2), Tensor::zeros([2])));
    /// # Ok::<(), evenkeel_tensor::ShapeError>(())
    /// ```
    pub fn fold_into_next(
        &self,
        weight: &Tensor<F>,
        bias: Option<&Tensor<F>>,
        groups: usize,
        zero_padded: bool,
    ) -> Result<(Tensor<F>, Tensor<F>), ShapeError> {
        let channels = self.running_mean().shape().numel();
        let (outputs, inputs) = match weight.shape().dims() {
            &[outputs, inputs, ..] => (outputs, inputs),
            _ => (0, 0),
        };
        let fits = weight.shape().rank() >= 2
            && groups > 0
            && outputs % groups == 0
            && inputs * groups == channels
            && bias.is_none_or(|b| b.shape() == Shape::from([outputs]));
        if !fits {
            return Err(ShapeError::new(
                "BatchNorm::fold_into_next",
                format!("a weight (out, {channels} / groups, ...) and a bias (out), with groups that divide both"),
                format!("weight {}, bias {:?}, {groups} groups", weight.shape(), bias.map(Tensor::shape)),
                "fold into the layer whose input this one normalises",
            ));
        }
        check_settings("BatchNorm::fold_into_next", self.eps(), None)?;
        let (scale, shift) = self.line();
        if zero_padded && let Some(c) = shift.iter().position(|&t| t != F::ZERO) {
            return Err(ShapeError::new(
                "BatchNorm::fold_into_next",
                "a layer that does not pad its input with zeros, or a normalisation that maps 0 to 0",
                format!("padding, and channel {c} that maps 0 to {}", shift[c]),
                "fold into the layer before, or leave the normalisation",
            ));
        }
        let mut folded = weight.clone();
        let mut bias = bias.cloned().unwrap_or_else(|| Tensor::zeros([outputs]));
        let kernel = weight.shape()[2..].iter().product::<usize>().max(1);
        let values = folded.as_mut_slice().chunks_exact_mut((inputs * kernel).max(1));
        for (o, (weights, bias)) in values.zip(bias.as_mut_slice()).enumerate() {
            let first = o / (outputs / groups) * inputs;
            for (i, weights) in weights.chunks_exact_mut(kernel).enumerate() {
                for w in weights {
                    *bias += *w * shift[first + i];
                    *w *= scale[first + i];
                }
            }
        }
        Ok((folded, bias))
    }

    /// The scale s and the shift t of each channel with which an evaluation gives s x + t.
    fn line(&self) -> (Vec<F>, Vec<F>) {
        let eps = F::from_f64(self.eps());
        let gamma = |c: usize| self.weight().map_or(F::ONE, |w| w.value().as_slice()[c]);
        let beta = |c: usize| self.bias().map_or(F::ZERO, |b| b.value().as_slice()[c]);
        let (mean, variance) = (self.running_mean().as_slice(), self.running_var().as_slice());
        let line = |c: usize| {
            let v = variance[c] + eps;
            let scale = if v == F::ZERO { F::ZERO } else { gamma(c) / v.sqrt() };
            (scale, beta(c) - mean[c] * scale)
        };
        (0..mean.len()).map(line).unzip()
    }
}
