//! Folding: in evaluation, a batch normalisation after a linear layer is a linear layer.

use evenkeel_tensor::{Float, Shape, ShapeError, Tensor};

use crate::BatchNorm;

impl<F: Float> BatchNorm<F> {
    /// The weight and bias of one layer that does what a linear layer or convolution with `weight` (C, ...) and `bias` (C),
    /// followed by this normalisation with its stored statistics, does:
    ///
    /// `W' = gamma / sqrt(var + eps) W`, `b' = gamma (b - mean) / sqrt(var + eps) + beta`
    ///
    /// # Errors
    /// If the weight's first axis or the bias do not have as many entries as this layer has channels.
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
        let eps = F::from_f64(self.eps());
        let gamma = |c: usize| self.weight().map_or(F::ONE, |w| w.value().as_slice()[c]);
        let beta = |c: usize| self.bias().map_or(F::ZERO, |b| b.value().as_slice()[c]);
        let (mean, variance) = (self.running_mean().as_slice(), self.running_var().as_slice());
        let scale = Tensor::from_fn([channels], |c| {
            let v = variance[c] + eps;
            if v == F::ZERO { F::ZERO } else { gamma(c) / v.sqrt() }
        });
        let mut folded = weight.clone();
        let row = (folded.shape().numel() / channels.max(1)).max(1);
        for (weights, &s) in folded.as_mut_slice().chunks_exact_mut(row).zip(scale.as_slice()) {
            weights.iter_mut().for_each(|w| *w *= s);
        }
        let bias = Tensor::from_fn([channels], |c| {
            (bias.map_or(F::ZERO, |b| b.as_slice()[c]) - mean[c]) * scale.as_slice()[c] + beta(c)
        });
        Ok((folded, bias))
    }
}
