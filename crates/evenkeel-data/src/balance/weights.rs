//! Weights that make rare classes count.

use evenkeel_tensor::{Float, Tensor};

use crate::DataError;

/// A weight for each class, for a loss or for [`Batches::weighted`](crate::Batches::weighted).
///
/// With n samples, n_c of class c, and C classes:
///
/// | | weight of class c |
/// |---|---|
/// | [`balanced`](Self::balanced) | n / (C n_c) |
/// | [`inverse_frequency`](Self::inverse_frequency) | n / n_c |
/// | [`effective_number`](Self::effective_number) | (1 - β) / (1 - β^n_c), normalised to the sum C |
///
/// It becomes a `Vec<f64>` wherever one is wanted, such as in `CrossEntropy::default().with_class_weights(weights)` of
/// evenkeel-nn, or in `FocalCrossEntropy`: with the effective number these are the class-balanced losses of Cui et al., up to the
/// normalisation (`Reduction::Mean` divides by the sum of the batch's weights, `Reduction::Sum` by nothing, theirs by the number of
/// samples) and with softmax where their focal loss has sigmoids.
///
/// ```
/// use evenkeel_data::balance::ClassWeights;
///
/// let weights = ClassWeights::balanced(&[1502, 18])?;
/// assert!((weights.as_slice()[1] - 1520.0 / 36.0).abs() < 1e-12);
/// let gentler = weights.tempered(0.5)?.normalized();               // square roots, of sum 2
/// let for_a_loss: Vec<f64> = gentler.into();
/// assert!((for_a_loss.iter().sum::<f64>() - 2.0).abs() < 1e-12);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassWeights(Vec<f64>);

impl ClassWeights {
    /// n / (C n_c): each class weighs the same in all, and the mean weight of a sample is 1. scikit-learn's
    /// `class_weight="balanced"` (G. King, L. Zeng 2001, "Logistic regression in rare events data").
    ///
    /// # Errors
    /// If there is no class, or one without members.
    pub fn balanced(counts: &[usize]) -> Result<Self, DataError> {
        let (n, classes) = (total("ClassWeights::balanced", counts)?, counts.len() as f64);
        Ok(Self(counts.iter().map(|&count| n / (classes * count as f64)).collect()))
    }

    /// n / n_c, the inverse of the class's share.
    ///
    /// # Errors
    /// If there is no class, or one without members.
    pub fn inverse_frequency(counts: &[usize]) -> Result<Self, DataError> {
        let n = total("ClassWeights::inverse_frequency", counts)?;
        Ok(Self(counts.iter().map(|&count| n / count as f64).collect()))
    }

    /// (1 - β) / (1 - β^n_c), the inverse of the effective number of samples, normalised to the sum C: Y. Cui et al.
    /// 2019, "Class-balanced loss based on effective number of samples", CVPR. β = 0 weighs all classes alike; the
    /// nearer to 1 (the paper takes 0.9 to 0.9999), the nearer to the inverse frequency.
    ///
    /// # Errors
    /// If there is no class, or one without members, or `beta` is not from 0 to below 1.
    pub fn effective_number(counts: &[usize], beta: f64) -> Result<Self, DataError> {
        const OPERATION: &str = "ClassWeights::effective_number";
        total(OPERATION, counts)?;
        if !(0.0..1.0).contains(&beta) {
            return Err(DataError::Setting { operation: OPERATION, expected: "a beta from 0 to below 1", got: beta });
        }
        // 1 - β^n without cancellation; ln 0 is -∞, of which e^x - 1 is -1.
        let effective = |&count: &usize| -(count as f64 * f64::ln(beta)).exp_m1();
        Ok(Self(counts.iter().map(|count| (1.0 - beta) / effective(count)).collect()).normalized())
    }

    /// The same weights scaled to the sum C, so that their mean is 1.
    #[must_use]
    pub fn normalized(self) -> Self {
        let scale = self.0.len() as f64 / self.0.iter().sum::<f64>();
        Self(self.0.into_iter().map(|w| w * scale).collect())
    }

    /// Each weight to the power `exponent`: 0 weighs all classes alike, 1 changes nothing, 0.5 lies between.
    ///
    /// # Errors
    /// If the exponent is not finite, or a power is 0 or beyond `f64`.
    pub fn tempered(self, exponent: f64) -> Result<Self, DataError> {
        let powers: Vec<f64> = self.0.into_iter().map(|w| w.powf(exponent)).collect();
        if exponent.is_finite() && powers.iter().all(|&w| w > 0.0 && w.is_finite()) {
            return Ok(Self(powers));
        }
        let expected = "a finite exponent of which an f64 holds the powers";
        Err(DataError::Setting { operation: "ClassWeights::tempered", expected, got: exponent })
    }

    /// The weights, one for each class.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// The weight of each sample, by its label.
    ///
    /// # Errors
    /// If a label is not below the number of classes.
    pub fn of_samples(&self, labels: &[u32]) -> Result<Vec<f64>, DataError> {
        let weight = |(sample, &label): (usize, &u32)| {
            let error = DataError::Label { sample, label, classes: self.0.len() };
            self.0.get(label as usize).copied().ok_or(error)
        };
        labels.iter().enumerate().map(weight).collect()
    }
}

impl From<ClassWeights> for Vec<f64> {
    fn from(weights: ClassWeights) -> Self {
        weights.0
    }
}

/// ln(n_c / n), the logarithm of each class's share: output biases with which a network that has seen nothing predicts the
/// classes as often as they come, so that training does not begin with learning that. For one output of a sigmoid, the
/// difference of the two.
///
/// To start a network of evenkeel so, give its output layer the initialiser `ClassPrior::softmax(counts)` or
/// `ClassPrior::sigmoid([positives], n)` of evenkeel-init with these same counts: it fills in these numbers, and smooths counts of
/// 0 where asked to; where training weights or balances the classes, it takes the weights too. As plain numbers they are
/// for networks of other libraries, and for correcting the logits of a network that was trained on
/// [balanced batches](crate::Batches::balanced) to the real shares.
///
/// ```
/// use evenkeel_data::balance::log_prior;
///
/// let bias = log_prior(&[900, 100])?;
/// assert!((bias[1] - 0.1f64.ln()).abs() < 1e-12);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If there is no class, or one without members.
pub fn log_prior(counts: &[usize]) -> Result<Vec<f64>, DataError> {
    let n = total("log_prior", counts)?;
    Ok(counts.iter().map(|&count| (count as f64 / n).ln()).collect())
}

/// n₀ / n₁ for each column of `targets` (N, C), which holds 0 and 1: the weight of the positives that makes both sides
/// of a binary cross-entropy count the same, as `BceWithLogits::default().with_pos_weight(weights)` takes it.
///
/// Targets between 0 and 1 count in proportion.
///
/// ```
/// use evenkeel_data::Tensor;
/// use evenkeel_data::balance::pos_weight;
///
/// let targets = Tensor::from([[0.0f32, 1.0], [0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
/// assert_eq!(pos_weight(&targets)?, [3.0, 1.0 / 3.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
///
/// # Errors
/// If a target is not from 0 to 1, or a column has no negatives or no positives.
pub fn pos_weight<F: Float>(targets: &Tensor<F>) -> Result<Vec<f64>, DataError> {
    const OPERATION: &str = "pos_weight";
    let columns = targets.shape()[..].get(1..).map_or(1, |rest| rest.iter().product::<usize>());
    let mut positives = vec![0.0; columns];
    for row in targets.as_slice().chunks_exact(columns.max(1)) {
        for (sum, target) in positives.iter_mut().zip(row) {
            let target = target.to_f64();
            if !(0.0..=1.0).contains(&target) {
                return Err(DataError::Setting { operation: OPERATION, expected: "targets from 0 to 1", got: target });
            }
            *sum += target;
        }
    }
    let n = (targets.as_slice().len() / columns.max(1)) as f64;
    let weight = |&positives: &f64| {
        if positives > 0.0 && positives < n {
            return Ok((n - positives) / positives);
        }
        let expected = "positives and negatives in each column (the share of positives above 0 and below 1)";
        Err(DataError::Setting { operation: OPERATION, expected, got: positives / n })
    };
    positives.iter().map(weight).collect()
}

/// The number of samples, if each class has members.
fn total(operation: &'static str, counts: &[usize]) -> Result<f64, DataError> {
    if counts.is_empty() {
        return Err(DataError::Empty { operation, cure: "give the number of members of each class" });
    }
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        let cure = "leave such classes out of the labels";
        return Err(DataError::TooFewMembers { operation, class, members: 0, needed: 1, cure });
    }
    Ok(counts.iter().sum::<usize>() as f64)
}
