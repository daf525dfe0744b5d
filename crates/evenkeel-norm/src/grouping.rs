//! Which values of a sample share a mean and a variance.

use evenkeel_tensor::{Shape, ShapeError, kernel};

/// Which values of a sample share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// The trailing axes, which have this shape; each of their positions has a scale.
    Trailing(Shape),
    /// `groups` runs of neighbouring channels with all their positions; each channel (axis 1) has a scale.
    Channels { groups: usize, channels: usize },
}

/// Where the groups lie: one after another, whatever the rank.
///
/// A sample is `per_sample` groups; a group is `scales` runs of `span` neighbours, each run with a scale and shift of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupLayout {
    /// The number of groups in all samples.
    pub(crate) groups: usize,
    /// The number of groups after which the scales begin again.
    pub(crate) per_sample: usize,
    /// The number of scales in a group.
    pub(crate) scales: usize,
    /// The number of neighbouring values with the same scale.
    pub(crate) span: usize,
}

/// Tasks of rows are at most this many, so that their sums of gradients are small beside the data.
const MOST_TASKS: usize = 64;

/// Tasks of rows are at least this many rows long, for the same reason where rows are long.
const FEWEST_ROWS: usize = 4;

impl Grouping {
    /// The shape of scale and shift.
    pub(crate) fn parameters(&self) -> Shape {
        match *self {
            Self::Trailing(shape) => shape,
            Self::Channels { channels, .. } => [channels].into(),
        }
    }

    /// The groups of an input of shape `x`.
    ///
    /// # Errors
    /// If there are none that fit.
    pub(crate) fn layout(&self, operation: &'static str, x: Shape) -> Result<GroupLayout, ShapeError> {
        match *self {
            Self::Trailing(shape) => {
                let outer = x.rank().checked_sub(shape.rank()).filter(|&outer| x[outer..] == shape[..]);
                let Some(outer) = outer else {
                    return Err(ShapeError::new(
                        operation,
                        format!("an input whose last axes are {shape}"),
                        x.to_string(),
                        "give the layer the extents of the axes to normalise, which are the last ones of its input",
                    ));
                };
                let groups = x[..outer].iter().product();
                Ok(GroupLayout { groups, per_sample: 1, scales: shape.numel(), span: 1 })
            }
            Self::Channels { groups, channels } => {
                if groups == 0 || !channels.is_multiple_of(groups) {
                    return Err(ShapeError::new(
                        operation,
                        format!("a number of groups that divides {channels} channels"),
                        format!("{groups} groups"),
                        "32 groups are usual, or 16 channels a group",
                    ));
                }
                let [samples, axis, rest @ ..] = x.dims() else {
                    return Err(channels_misfit(operation, channels, x));
                };
                if *axis != channels {
                    return Err(channels_misfit(operation, channels, x));
                }
                let span = rest.iter().product();
                Ok(GroupLayout { groups: samples * groups, per_sample: groups, scales: channels / groups, span })
            }
        }
    }
}

fn channels_misfit(operation: &'static str, channels: usize, x: Shape) -> ShapeError {
    ShapeError::new(
        operation,
        format!("an input of {channels} channels: (samples, {channels}, ...)"),
        x.to_string(),
        "give the layer as many channels as axis 1 of its input has; move the channels there with permute if they are last",
    )
}

impl GroupLayout {
    /// The number of values of a group.
    pub(crate) fn len(&self) -> usize {
        self.scales * self.span
    }

    /// The number of scales of a sample.
    pub(crate) fn parameters(&self) -> usize {
        self.per_sample * self.scales
    }

    /// The same groups where nothing scales them: one run each.
    pub(crate) fn without_scales(self) -> Self {
        Self { scales: 1, span: self.len(), ..self }
    }

    /// Whether each value of a group has a scale of its own.
    pub(crate) fn is_rows(&self) -> bool {
        self.span == 1
    }

    /// Neighbouring groups that one task takes: enough for the work to be worth a task. Of rows, whole samples.
    pub(crate) fn groups_per_task(&self) -> usize {
        let worth = kernel::BLOCK.div_ceil(self.len().max(1));
        if self.is_rows() {
            let most = self.groups.div_ceil(MOST_TASKS);
            worth.max(most).max(FEWEST_ROWS).next_multiple_of(self.per_sample)
        } else {
            worth
        }
    }

    /// How many sums for the gradients of scale and of shift a task writes, and all of them: of rows each scale's sum over the
    /// task, otherwise each run's.
    pub(crate) fn sums(&self) -> (usize, usize) {
        let per_task = self.groups_per_task();
        if self.is_rows() {
            (self.parameters(), self.groups.div_ceil(per_task) * self.parameters())
        } else {
            (per_task * self.scales, self.groups * self.scales)
        }
    }
}
