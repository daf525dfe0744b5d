//! The choice of a normalisation as one value.

use std::fmt;
use std::str::FromStr;

use evenkeel_autograd::Var;
use evenkeel_module::{Forward, Layer, Module, Pass, Path, Visitor, VisitorMut};
use evenkeel_tensor::Float;
use thiserror::Error;

use crate::{BatchNorm, GroupNorm, InstanceNorm, RmsNorm, SwitchableNorm};

/// Which normalisation a network uses: one value swaps them all.
///
/// Each takes (N, C) and (N, C, ...) alike and has a scale and a shift a channel, as in the papers that compare them (instance
/// normalisation needs positions, so no (N, C)). Written and read as text, for arguments of programs:
///
/// | value | text | statistics over |
/// |---|---|---|
/// | `None` | `none` | nothing is normalised |
/// | `Batch` | `batch` | the batch and all positions |
/// | `Layer` | `layer` | channels and positions of an example: [`GroupNorm`] of one group, on (N, C) [`LayerNorm`](crate::LayerNorm) |
/// | `Instance` | `instance` | positions of a channel of an example |
/// | `Group { groups: 8 }` | `group:8` | positions of the channels of a group of an example |
/// | `Rms` | `rms` | as `Layer`, without the mean and without a shift |
/// | `Switchable` | `switchable` | a learnt mixture of instance, layer and batch statistics |
///
/// ```
/// use evenkeel_module::{Forward, Mode, ModuleExt, Sequential, check_network};
/// use evenkeel_norm::Normalization;
///
/// fn network(normalization: Normalization) -> Sequential {
///     Sequential::default().with(normalization.layer(6)).with(normalization.layer(6))
/// }
/// for text in ["none", "batch", "layer", "instance", "group:3", "rms", "switchable"] {
///     let normalization: Normalization = text.parse()?;
///     assert_eq!(normalization.to_string(), text);
///     assert!(check_network(&network(normalization), Mode::Training, [2, 6, 4, 4]).is_ok());
/// }
/// # Ok::<(), evenkeel_norm::UnknownNormalization>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Normalization {
    /// None: the layer returns its input.
    None,
    /// [`BatchNorm`].
    Batch,
    /// [`GroupNorm`] of one group.
    Layer,
    /// [`InstanceNorm`].
    Instance,
    /// [`GroupNorm`].
    Group {
        /// The number of groups, which has to divide the channels.
        groups: usize,
    },
    /// [`RmsNorm`] over channels and positions.
    Rms,
    /// [`SwitchableNorm`].
    Switchable,
}

impl Normalization {
    /// The layer for `channels` channels, with its usual settings.
    pub fn layer<F: Float>(self, channels: usize) -> Norm<F> {
        match self {
            Self::None => Norm::None,
            Self::Batch => Norm::Batch(BatchNorm::new(channels)),
            Self::Layer => Norm::Group(GroupNorm::new(1, channels)),
            Self::Instance => Norm::Instance(InstanceNorm::new(channels)),
            Self::Group { groups } => Norm::Group(GroupNorm::new(groups, channels)),
            Self::Rms => Norm::Rms(RmsNorm::per_channel(channels)),
            Self::Switchable => Norm::Switchable(SwitchableNorm::new(channels)),
        }
    }
}

impl fmt::Display for Normalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Batch => "batch",
            Self::Layer => "layer",
            Self::Instance => "instance",
            Self::Group { groups } => return write!(f, "group:{groups}"),
            Self::Rms => "rms",
            Self::Switchable => "switchable",
        })
    }
}

/// A text that names no normalisation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "normalization: expected none, batch, layer, instance, group:G with G groups, rms or switchable, got {got:?}; \
     write one of these"
)]
pub struct UnknownNormalization {
    /// The text.
    pub got: String,
}

impl FromStr for Normalization {
    type Err = UnknownNormalization;

    fn from_str(text: &str) -> Result<Self, UnknownNormalization> {
        // Digits alone: what parses is what is written. Whether the groups divide the channels is the layer's to say.
        let groups = || text.strip_prefix("group:").filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
        match text {
            "none" => Ok(Self::None),
            "batch" => Ok(Self::Batch),
            "layer" => Ok(Self::Layer),
            "instance" => Ok(Self::Instance),
            "rms" => Ok(Self::Rms),
            "switchable" => Ok(Self::Switchable),
            _ => groups()
                .map(|groups| Self::Group { groups })
                .ok_or_else(|| UnknownNormalization { got: text.to_owned() }),
        }
    }
}

/// The layer that a [`Normalization`] stands for, under the path and with the parts of the layer itself.
///
/// Match on it for what only one kind has, such as the learnt weights of a [`SwitchableNorm`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Norm<F: Float = f32> {
    /// Returns its input.
    None,
    /// Batch normalisation.
    Batch(BatchNorm<F>),
    /// Group normalisation; of one group, layer normalisation.
    Group(GroupNorm<F>),
    /// Instance normalisation.
    Instance(InstanceNorm<F>),
    /// RMS normalisation.
    Rms(RmsNorm<F>),
    /// Switchable normalisation.
    Switchable(SwitchableNorm<F>),
}

impl<F: Float> Norm<F> {
    fn inner(&self) -> Option<&dyn Layer<F>> {
        match self {
            Self::None => None,
            Self::Batch(layer) => Some(layer),
            Self::Group(layer) => Some(layer),
            Self::Instance(layer) => Some(layer),
            Self::Rms(layer) => Some(layer),
            Self::Switchable(layer) => Some(layer),
        }
    }

    fn inner_mut(&mut self) -> Option<&mut dyn Layer<F>> {
        match self {
            Self::None => None,
            Self::Batch(layer) => Some(layer),
            Self::Group(layer) => Some(layer),
            Self::Instance(layer) => Some(layer),
            Self::Rms(layer) => Some(layer),
            Self::Switchable(layer) => Some(layer),
        }
    }
}

impl<F: Float> Module<F> for Norm<F> {
    fn kind(&self) -> &'static str {
        self.inner().map_or("Identity", |layer| layer.kind())
    }
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<F>) {
        match self.inner() {
            Some(layer) => layer.visit(path, visitor),
            None => visitor.enter(path, "Identity"),
        }
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<F>) {
        match self.inner_mut() {
            Some(layer) => layer.visit_mut(path, visitor),
            None => visitor.enter(path, "Identity"),
        }
    }
}

impl<F: Float> Forward<F> for Norm<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        self.inner().map_or(x, |layer| layer.forward(pass, x))
    }
}
