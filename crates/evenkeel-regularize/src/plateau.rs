//! A lower learning rate where the held-out data say that it gets no better.

use crate::monitor::Watch;
use crate::{Best, Monitor, RegularizeError};

/// Drops the learning rate on a plateau: after `patience` evaluations in a row without an improvement, the rate is multiplied by
/// `factor`, again and again, down to a least factor.
///
/// With the number `k` of plateaus so far, the rate is `max(factor^k, min_factor)` times what it would be without. After a drop,
/// `cooldown` evaluations use up no patience; an improvement among them still counts as the best. What an improvement is, and on
/// which metric, is told by a [`Monitor`]; by default any smaller `test_loss`.
///
/// As PyTorch's `ReduceLROnPlateau`, whose patience is one less than the one here: it drops at the first bad evaluation *beyond*
/// its patience, this one at the last one *of* it, as [`EarlyStopping`](crate::EarlyStopping) does. With both, give the plateau the
/// smaller patience. Defaults: no cooldown, no least factor.
///
/// The value holds settings; [`start`](Plateau::start) gives the state of a run, for any framework's loop:
///
/// ```
/// use evenkeel_regularize::Plateau;
///
/// let mut run = Plateau::new(0.1, 2).min_factor(0.05).start()?;
/// let factors = [0.9, 0.5, 0.6, 0.55, 0.4, 0.45, 0.43, 0.44].map(|loss| run.observe(loss).unwrap());
/// assert_eq!(factors, [1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.05, 0.05]);
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
///
/// The state depends on the values alone, so an interrupted run is resumed by observing the recorded ones again.
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    factor: f64,
    patience: u64,
    cooldown: u64,
    min_factor: f64,
    monitor: Monitor,
}

impl Plateau {
    /// Multiplies the rate by `factor`, in (0, 1), after `patience` evaluations, at least 1, without an improvement of `test_loss`.
    pub fn new(factor: f64, patience: u64) -> Self {
        Self { factor, patience, cooldown: 0, min_factor: 0.0, monitor: Monitor::default() }
    }

    /// So many evaluations after a drop use up no patience.
    #[must_use]
    pub fn cooldown(self, evaluations: u64) -> Self {
        Self { cooldown: evaluations, ..self }
    }

    /// The rate never falls below this share, in \[0, 1\], of what it would be.
    #[must_use]
    pub fn min_factor(self, factor: f64) -> Self {
        Self { min_factor: factor, ..self }
    }

    /// Watches another metric, by name, or with settings of its own.
    #[must_use]
    pub fn on(self, monitor: impl Into<Monitor>) -> Self {
        Self { monitor: monitor.into(), ..self }
    }

    /// What is watched.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The state of a run before its first evaluation.
    ///
    /// # Errors
    /// If the factor, the least factor or the patience, or a setting of the monitor, is out of its range.
    pub fn start(&self) -> Result<PlateauState, RegularizeError> {
        let check =
            |fits, setting, expected, got, cure| RegularizeError::check(fits, "Plateau", setting, expected, got, cure);
        let (factor, least) = (self.factor, self.min_factor);
        check(factor > 0.0 && factor < 1.0, "factor", "in (0, 1)", factor, "0.1 to 0.5 is usual")?;
        check((0.0..=1.0).contains(&least), "min_factor", "in [0, 1]", least, "0 is no limit")?;
        check(self.patience > 0, "patience", "at least 1", self.patience as f64, "5 to 10 is usual")?;
        self.monitor.validate()?;
        Ok(PlateauState {
            settings: self.clone(),
            factor: 1.0,
            waited: 0,
            cooling: 0,
            watch: Watch::new(self.monitor.clone()),
        })
    }
}

/// [`Plateau`] at work; from [`Plateau::start`].
#[derive(Clone, Debug, PartialEq)]
pub struct PlateauState {
    settings: Plateau,
    factor: f64,
    /// Evaluations since the last improvement or drop that used up patience.
    waited: u64,
    /// What is left of the cooldown.
    cooling: u64,
    watch: Watch,
}

impl PlateauState {
    /// Takes the value of the next evaluation and gives the factor on the learning rate from now on.
    ///
    /// # Errors
    /// If it is infinite or NaN. The state is unchanged then.
    pub fn observe(&mut self, value: f64) -> Result<f64, RegularizeError> {
        let improved = self.watch.observe("Plateau", value)?;
        let cools = self.cooling > 0;
        self.cooling -= u64::from(cools);
        self.waited = if improved == Some(false) && !cools { self.waited + 1 } else { 0 };
        if self.waited == self.settings.patience {
            self.factor = (self.factor * self.settings.factor).max(self.settings.min_factor);
            (self.waited, self.cooling) = (0, self.settings.cooldown);
        }
        Ok(self.factor)
    }

    /// The factor on the learning rate, 1 at first.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The best evaluation; `None` before the first one after the warm-up.
    pub fn best(&self) -> Option<Best> {
        self.watch.best()
    }
}
