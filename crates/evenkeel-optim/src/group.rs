//! What is different for some parameters.

use evenkeel_module::{Path, Role};

use crate::{Bounds, OptimError};

/// What is different for the parameters whose path fits a pattern; see [`Optimizer::group`](crate::Optimizer::group).
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub(crate) pattern: String,
    pub(crate) learning_rate_factor: f64,
    weight_decay: Option<f64>,
    decay: Option<f64>,
    decay_all: bool,
}

/// The group that applies at `path`: the last one that fits.
pub(crate) fn of<'a>(groups: &'a [Group], path: &Path<'_>) -> Option<&'a Group> {
    groups.iter().rev().find(|group| path.matches(&group.pattern))
}

impl Group {
    pub(crate) fn new(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned(),
            learning_rate_factor: 1.0,
            weight_decay: None,
            decay: None,
            decay_all: false,
        }
    }

    /// The learning rate times `factor`, which is 1 by default, on top of the schedule.
    #[must_use]
    pub fn learning_rate_factor(self, factor: f64) -> Self {
        Self { learning_rate_factor: factor, ..self }
    }

    /// This weight decay in place of the rule's; for weights alone unless with [`decay_all`](Group::decay_all).
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay: Some(weight_decay), ..self }
    }

    /// This rate in place of that of [`Optimizer::decay`](crate::Optimizer::decay); for weights alone unless with
    /// [`decay_all`](Group::decay_all).
    #[must_use]
    pub fn decay(self, rate: f64) -> Self {
        Self { decay: Some(rate), ..self }
    }

    /// Biases and normalisation parameters of this group decay, too.
    #[must_use]
    pub fn decay_all(self) -> Self {
        Self { decay_all: true, ..self }
    }

    pub(crate) fn validate(&self) -> Result<(), OptimError> {
        let check = |setting, value, cure| OptimError::check::<f64>("Group", setting, value, Bounds::NonNegative, cure);
        check(
            "learning_rate_factor",
            self.learning_rate_factor,
            "1 is the default; to stop learning, freeze the part",
        )?;
        check("weight_decay", self.weight_decay.unwrap_or(0.0), "0 switches it off")?;
        OptimError::check::<f64>("Group", "decay", self.decay.unwrap_or(0.0), Bounds::Fraction, "0 switches it off")
    }
}

/// What applies to one parameter in the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) learning_rate_factor: f64,
    pub(crate) weight_decay: f64,
    pub(crate) decay: f64,
}

impl Settings {
    /// For the parameter at `path`: those of the last group that fits, over the rule's weight decay and the optimiser's own.
    pub(crate) fn of(
        groups: &[Group],
        path: &Path<'_>,
        role: Role,
        (weight_decay, decay): (f64, f64),
        decay_all: bool,
    ) -> Self {
        let plain = Group::new("");
        let group = of(groups, path).unwrap_or(&plain);
        let decays = role == Role::Weight || decay_all || group.decay_all;
        let if_decays = |rate: f64| if decays { rate } else { 0.0 };
        Self {
            learning_rate_factor: group.learning_rate_factor,
            weight_decay: if_decays(group.weight_decay.unwrap_or(weight_decay)),
            decay: if_decays(group.decay.unwrap_or(decay)),
        }
    }
}
