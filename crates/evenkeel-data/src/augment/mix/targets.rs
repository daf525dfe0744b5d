//! Classes as shares of classes, and their mixtures.

use evenkeel_tensor::{Float, Tensor, kernel, parallel};

use crate::{Batch, DataError, Targets};

impl<F: Float> Targets<F> {
    /// Classes as probabilities: a row for each sample, of `classes` numbers, 1 for its class and 0 for the others. Real
    /// values stay as they are.
    ///
    /// ```
    /// use evenkeel_data::{Targets, Tensor};
    ///
    /// let targets = Targets::<f32>::Classes(Tensor::from_vec([2], vec![2, 0])?);
    /// let rows = targets.one_hot(3)?;
    /// assert_eq!(rows.values().unwrap().as_slice(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If a class is not below `classes`.
    pub fn one_hot(&self, classes: usize) -> Result<Self, DataError> {
        let labels = match self {
            Self::Values(_) => return Ok(self.clone()),
            Self::Classes(labels) => labels.as_slice(),
        };
        if let Some(sample) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(DataError::Label { sample, label: labels[sample], classes });
        }
        let mut rows = Tensor::zeros([labels.len(), classes]);
        let shares = rows.as_mut_slice();
        labels.iter().enumerate().for_each(|(sample, &label)| shares[sample * classes + label as usize] = F::ONE);
        Ok(Self::Values(rows))
    }
}

/// Writes to each sample of `batch` what `mix` makes of itself and its partner, the inputs of both, and returns the
/// share of its own target; then mixes the targets by these shares. Who is its own partner stays as it is.
///
/// # Panics
/// If the targets are classes.
pub(super) fn mix_with<F: Float>(
    batch: &mut Batch<F>,
    partners: &[usize],
    mix: impl Fn(usize, &mut [F], &[F]) -> F + Sync,
) {
    let Targets::Values(targets) = &mut batch.targets else {
        panic!("mixing classes; make them shares with `Targets::one_hot` first");
    };
    if batch.inputs.shape().numel() == 0 {
        return;
    }
    let (samples, mut shares) = (partners.len(), vec![F::ONE; partners.len()]);
    let (width, inputs) = (batch.inputs.shape().numel() / samples, batch.inputs.clone());
    let inputs = inputs.as_slice();
    let block = kernel::BLOCK.div_ceil(width);
    parallel::chunks_mut2(batch.inputs.as_mut_slice(), block * width, &mut shares, block, |b, mixed, shares| {
        for (i, (mixed, share)) in mixed.chunks_mut(width).zip(shares).enumerate() {
            let row = b * block + i;
            if partners[row] != row {
                *share = mix(row, mixed, &inputs[partners[row] * width..][..width]);
            }
        }
    });
    let (width, before) = (targets.shape().numel() / samples, targets.clone());
    for (row, mixed) in targets.as_mut_slice().chunks_mut(width.max(1)).enumerate() {
        blend(mixed, &before.as_slice()[partners[row] * width..][..width], shares[row]);
    }
}

/// x = share x + (1 - share) y
#[inline(always)]
pub(super) fn blend<F: Float>(x: &mut [F], y: &[F], share: F) {
    let other = F::ONE - share;
    x.iter_mut().zip(y).for_each(|(x, &y)| *x = share * *x + other * y);
}
