//! Samples with their targets, in memory.

use std::fmt;
use std::sync::Arc;

use evenkeel_tensor::{Float, MAX_RANK, Shape, ShapeError, Tensor};

use crate::fingerprint::Fingerprint;
use crate::inputs::{Rows, check_number, check_values, gather};
use crate::{Batch, Batches, DataError, Inputs, Targets};

/// Samples with their targets, in memory; never empty.
///
/// A data set is a handle: cloning it, taking subsets and splitting it copy lists of positions at
/// most and share the samples.
///
/// ```
/// use evenkeel_data::{Dataset, Tensor};
///
/// let inputs = Tensor::from_vec([4, 2], vec![0.0f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])?;
/// let xor = Dataset::classification(inputs, vec![0, 1, 1, 0], 2)?;
/// assert_eq!(xor.len(), 4);
/// assert_eq!(xor.sample_shape(), [2].into());
/// assert_eq!(xor.class_counts(), Some(vec![2, 2]));
///
/// let batch = xor.batch::<f32>(&[2, 1]);
/// assert_eq!(batch.inputs.as_slice(), [1.0, 0.0, 0.0, 1.0]);
/// assert_eq!(batch.targets.classes(), Some(&[1, 1][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Dataset {
    inputs: Inputs,
    sample_shape: Shape,
    // Real values are kept in f64, which holds an f32 exactly.
    pub(crate) targets: Targets<f64>,
    classes: Option<usize>,
    // The storage row of each sample; all rows in order if `None`.
    rows: Option<Arc<[usize]>>,
    // Whether classes have been resampled: then no part may validate another.
    is_resampled: bool,
}

impl Dataset {
    /// Samples that each belong to one of `classes` classes, numbered from 0. The first axis of
    /// `inputs` counts samples.
    ///
    /// # Errors
    /// If there is no sample or no value in it, an input is not finite, the labels are not as many
    /// as the samples, or one is not below `classes`.
    pub fn classification(inputs: impl Into<Inputs>, labels: Vec<u32>, classes: usize) -> Result<Self, DataError> {
        if let Some(sample) = labels.iter().position(|&label| label as usize >= classes) {
            return Err(DataError::Label { sample, label: labels[sample], classes });
        }
        let labels = Tensor::from_vec([labels.len()], labels)?;
        Self::new("Dataset::classification", inputs.into(), Targets::Classes(labels), Some(classes))
    }

    /// Samples that each have real values as targets. The first axis of `inputs` and of `values`
    /// counts samples.
    ///
    /// # Errors
    /// If there is no sample or no value in it, an input or a target is not finite, or the targets
    /// are not as many as the samples.
    pub fn regression<F: Float>(inputs: impl Into<Inputs>, values: Tensor<F>) -> Result<Self, DataError> {
        const OPERATION: &str = "Dataset::regression";
        check_samples(OPERATION, values.shape())?;
        check_values("target", &values)?;
        Self::new(OPERATION, inputs.into(), Targets::Values(values.cast()), None)
    }

    fn new(
        operation: &'static str,
        inputs: Inputs,
        targets: Targets<f64>,
        classes: Option<usize>,
    ) -> Result<Self, DataError> {
        check_samples(operation, inputs.shape())?;
        inputs.check_as::<f64>()?;
        let (samples, targets_len) = (inputs.shape()[0], targets.len());
        if samples != targets_len {
            return Err(DataError::Lengths { operation: operation.into(), samples, targets: targets_len });
        }
        let sample_shape = Shape::from(&inputs.shape()[1..]);
        Ok(Self { inputs, sample_shape, targets, classes, rows: None, is_resampled: false })
    }

    /// The number of samples, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.rows.as_ref().map_or_else(|| self.targets.len(), |rows| rows.len())
    }

    /// A number that tells data sets apart: a hash of the samples in their order, inputs and
    /// targets. Reads all of them.
    ///
    /// ```
    /// use evenkeel_data::Digits;
    ///
    /// let digits = Digits::embedded();
    /// assert_eq!(digits.fingerprint(), Digits::embedded().fingerprint());
    /// assert_ne!(digits.fingerprint(), digits.subset(&[1, 0])?.fingerprint());
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fingerprint::new();
        for batch in self.batches::<f64>(256).epoch(0) {
            hash.add_all(batch.inputs.as_slice());
            match &batch.targets {
                Targets::Classes(classes) => classes.as_slice().iter().for_each(|&c| hash.add(u64::from(c))),
                Targets::Values(values) => hash.add_all(values.as_slice()),
            }
        }
        hash.finish()
    }

    /// What is stored, of this data set and of those that share it.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The same, known to be resampled.
    pub(crate) fn marked_resampled(self) -> Self {
        Self { is_resampled: true, ..self }
    }

    /// Refuses samples that cannot be split any more, because some are copies of others or made from them.
    pub(crate) fn check_not_resampled(&self, operation: &'static str) -> Result<(), DataError> {
        if self.is_resampled { Err(DataError::Resampled { operation }) } else { Ok(()) }
    }

    /// The extents of one sample.
    pub fn sample_shape(&self) -> Shape {
        self.sample_shape
    }

    /// The number of classes; `None` if the targets are real values.
    pub fn classes(&self) -> Option<usize> {
        self.classes
    }

    /// The class of the sample at `position`; `None` if the targets are real values.
    ///
    /// # Panics
    /// If there is no such sample.
    #[track_caller]
    pub fn label(&self, position: usize) -> Option<u32> {
        assert!(position < self.len(), "sample {position} of a data set of {}", self.len());
        self.targets.classes().map(|labels| labels[self.row(position)])
    }

    /// The target values of the sample at `position`; `None` if the targets are classes.
    ///
    /// # Panics
    /// If there is no such sample.
    #[track_caller]
    pub fn values(&self, position: usize) -> Option<&[f64]> {
        assert!(position < self.len(), "sample {position} of a data set of {}", self.len());
        let values = self.targets.values()?;
        let width = values.shape()[1..].iter().product();
        Some(&values.as_slice()[self.row(position) * width..][..width])
    }

    /// The number of samples of each class; `None` if the targets are real values.
    pub fn class_counts(&self) -> Option<Vec<usize>> {
        let mut counts = vec![0; self.classes?];
        for label in (0..self.len()).filter_map(|i| self.label(i)) {
            counts[label as usize] += 1;
        }
        Some(counts)
    }

    /// The samples at `positions`, in that order; a position may come more than once. Shares the samples.
    ///
    /// # Errors
    /// If there is no position, or one is beyond the samples.
    pub fn subset(&self, positions: &[usize]) -> Result<Self, DataError> {
        if positions.is_empty() {
            return Err(DataError::Empty { operation: "subset", cure: "give at least one position" });
        }
        if let Some(&position) = positions.iter().find(|&&p| p >= self.len()) {
            return Err(DataError::Position { position, samples: self.len() });
        }
        let rows = positions.iter().map(|&p| self.row(p)).collect();
        Ok(Self { rows: Some(rows), ..self.clone() })
    }

    /// The first `n` samples, or all if there are fewer. Shares the samples.
    ///
    /// # Errors
    /// If `n` is 0.
    pub fn take(&self, n: usize) -> Result<Self, DataError> {
        let first: Vec<_> = (0..n.min(self.len())).collect();
        self.subset(&first)
    }

    /// The same samples under another shape, such as images flattened for a linear layer. Shares the samples.
    ///
    /// # Errors
    /// If the number of values in a sample differs.
    pub fn reshape_samples(&self, shape: impl Into<Shape>) -> Result<Self, DataError> {
        let shape = shape.into();
        if shape.numel() != self.sample_shape.numel() || shape.rank() == MAX_RANK {
            return Err(DataError::Shape(ShapeError::new(
                "reshape_samples",
                format!("at most {} axes of together {} values", MAX_RANK - 1, self.sample_shape.numel()),
                format!("{shape} for {}", self.sample_shape),
                "keep the product of a sample's extents; the axis of samples is not part of them",
            )));
        }
        Ok(Self { sample_shape: shape, ..self.clone() })
    }

    /// The same samples in black and white: 1 where an input, as it would be batched, is at least
    /// `threshold`, and 0 elsewhere. The result is stored as bytes.
    ///
    /// It is a copy of the whole storage: do it before splitting, so that the parts share it.
    ///
    /// # Errors
    /// If the threshold is not finite.
    pub fn binarize(&self, threshold: f64) -> Result<Self, DataError> {
        check_number("threshold of binarize", threshold)?;
        Ok(Self { inputs: self.inputs.binarize(threshold), ..self.clone() })
    }

    /// The samples at `positions` as a batch.
    ///
    /// # Panics
    /// If a position is beyond the samples.
    #[track_caller]
    pub fn batch<F: Float>(&self, positions: &[usize]) -> Batch<F> {
        let mut batch = Batch::default();
        self.fill_batch(positions, &mut batch);
        batch
    }

    /// Fills `batch` with the samples at `positions`. Allocates nothing if the batch's buffers are
    /// large enough and nobody else holds them.
    ///
    /// # Panics
    /// If a position is beyond the samples.
    #[track_caller]
    pub fn fill_batch<F: Float>(&self, positions: &[usize], batch: &mut Batch<F>) {
        batch.inputs.refill(stacked(positions.len(), &self.sample_shape), |out| self.fill_inputs(positions, out));
        self.fill_targets(positions, &mut batch.targets);
    }

    /// Writes the inputs of the samples at `positions` to `out`.
    #[track_caller]
    pub(crate) fn fill_inputs<F: Float>(&self, positions: &[usize], out: &mut [F]) {
        self.inputs.gather(self.sample_shape.numel(), &self.rows(positions), out);
    }

    /// Fills `targets` with those of the samples at `positions`; allocates as [`fill_batch`](Self::fill_batch) does.
    ///
    /// # Panics
    /// If a position is beyond the samples.
    #[track_caller]
    pub fn fill_targets<F: Float>(&self, positions: &[usize], targets: &mut Targets<F>) {
        let rows = self.rows(positions);
        match (&self.targets, targets) {
            (Targets::Classes(from), Targets::Classes(to)) => {
                to.refill([positions.len()], |out| gather(from.as_slice(), 1, &rows, out, |label| label));
            }
            (Targets::Values(from), Targets::Values(to)) => {
                let shape = &from.shape()[1..];
                let width = shape.iter().product();
                to.refill(stacked(positions.len(), shape), |out| {
                    gather(from.as_slice(), width, &rows, out, F::from_f64)
                });
            }
            (Targets::Classes(_), to) => {
                *to = Targets::default();
                self.fill_targets(positions, to);
            }
            (Targets::Values(_), to) => {
                *to = Targets::Values(Tensor::zeros([0]));
                self.fill_targets(positions, to);
            }
        }
    }

    /// The data set in batches of `batch_size` samples; the last batch of an epoch may be smaller.
    ///
    /// # Panics
    /// If `batch_size` is 0.
    #[track_caller]
    pub fn batches<F: Float>(&self, batch_size: usize) -> Batches<F> {
        Batches::new(self.clone(), batch_size)
    }

    /// Where the samples at `positions` are stored.
    #[track_caller]
    fn rows<'a>(&'a self, positions: &'a [usize]) -> Rows<'a> {
        if let Some(&last) = positions.iter().max() {
            assert!(last < self.len(), "sample {last} of a data set of {}", self.len());
        }
        Rows { positions, stored: self.rows.as_deref() }
    }

    pub(crate) fn row(&self, position: usize) -> usize {
        self.rows.as_ref().map_or(position, |rows| rows[position])
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Dataset");
        out.field("len", &self.len()).field("sample_shape", &self.sample_shape);
        match &self.targets {
            Targets::Classes(_) => out.field("classes", &self.classes.unwrap_or(0)),
            Targets::Values(values) => out.field("target_shape", &&values.shape()[1..]),
        };
        out.finish()
    }
}

/// Refuses arrays without an axis of samples, without samples, or without values in a sample.
pub(crate) fn check_samples(operation: &'static str, shape: Shape) -> Result<(), DataError> {
    if shape.rank() == 0 {
        return Err(DataError::Shape(ShapeError::new(
            operation,
            "arrays whose first axis counts samples",
            "an array without axes",
            "reshape it to [samples, ...]",
        )));
    }
    if shape.numel() == 0 {
        return Err(DataError::Empty { operation, cure: "check that the data were read" });
    }
    Ok(())
}

/// The shape of `n` samples of `shape`.
pub(crate) fn stacked(n: usize, shape: &[usize]) -> Shape {
    let mut extents = [n; MAX_RANK];
    extents[1..=shape.len()].copy_from_slice(shape);
    Shape::from(&extents[..=shape.len()])
}
