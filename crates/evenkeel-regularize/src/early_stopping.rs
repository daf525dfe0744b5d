//! Ending a training when the held-out data say that it gets no better.

use crate::monitor::Watch;
use crate::{Best, Monitor, RegularizeError};

/// Early stopping: after `patience` evaluations in a row without an improvement, training ends, and the weights of the best
/// evaluation are what it has found.
///
/// This is algorithm 7.1 of Goodfellow, Bengio & Courville 2016, "Deep Learning", section 7.8; Prechelt 1998, "Early
/// Stopping - But When?", compares such criteria and finds that slower ones generalise a little better and take much longer.
/// It acts on validation data alone and leaves training as it is; near a minimum of a quadratic loss, stopping gradient descent
/// after `t` steps at the rate `e` shrinks weights about as the penalty `sum w² / (2 e t)` on the mean loss would (section 7.8 of
/// the book): [`L2`](crate::L2) with `lambda = N / (2 e t)` for N examples.
/// The evaluations that decide are no longer unseen data: keep others for the final error.
///
/// What an improvement is, and on which metric, is told by a [`Monitor`]; by default any smaller `test_loss`.
///
/// The value holds settings; [`start`](EarlyStopping::start) gives the state of a run, for any framework's loop:
///
/// ```
/// use evenkeel_regularize::{Decision, EarlyStopping};
///
/// let losses = [0.9, 0.5, 0.6, 0.4, 0.45, 0.43, 0.41, 0.2];
/// let mut run = EarlyStopping::new(3).start()?;
/// for (epoch, loss) in losses.into_iter().enumerate() {
///     match run.observe(loss)? {
///         Decision::Improved => {}                               // keep a copy of the weights
///         Decision::Waiting { left } => assert!(left > 0),
///         Decision::Stop => {
///             assert_eq!(epoch, 6);                              // three after the best one
///             break;
///         }
///     }
/// }
/// let best = run.best().unwrap();                                // give the copy back
/// assert_eq!((best.index, best.value), (3, 0.4));
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
///
/// The state depends on the values alone, so an interrupted run is resumed by observing the recorded ones again.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStopping {
    patience: u64,
    monitor: Monitor,
}

/// What an evaluation means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The best so far: keep these weights.
    Improved,
    /// No improvement; the run ends if the next `left` evaluations bring none either. In the warm-up, `left` is the patience.
    Waiting {
        /// At least 1.
        left: u64,
    },
    /// The patience is used up: end the run, and take the best weights. A run that goes on regardless is told so again until it
    /// improves.
    Stop,
}

impl EarlyStopping {
    /// Waits for `patience` evaluations, at least 1, for an improvement of `test_loss`.
    pub fn new(patience: u64) -> Self {
        Self { patience, monitor: Monitor::default() }
    }

    /// Watches another metric, by name, or with settings of its own.
    ///
    /// ```
    /// use evenkeel_regularize::{EarlyStopping, Monitor};
    ///
    /// assert_eq!(EarlyStopping::new(5).on("test_accuracy"), EarlyStopping::new(5).on(Monitor::of("test_accuracy")));
    /// ```
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
    /// If the patience is 0 or a setting of the monitor is out of its range.
    pub fn start(&self) -> Result<EarlyStoppingState, RegularizeError> {
        let (of, patience) = ("EarlyStopping", self.patience as f64);
        RegularizeError::check(self.patience > 0, of, "patience", "at least 1", patience, "5 to 20 is usual")?;
        self.monitor.validate()?;
        Ok(EarlyStoppingState { patience: self.patience, waited: 0, watch: Watch::new(self.monitor.clone()) })
    }
}

/// [`EarlyStopping`] at work; from [`EarlyStopping::start`].
#[derive(Clone, Debug, PartialEq)]
pub struct EarlyStoppingState {
    patience: u64,
    /// Evaluations since the last improvement.
    waited: u64,
    watch: Watch,
}

impl EarlyStoppingState {
    /// Takes the value of the next evaluation.
    ///
    /// # Errors
    /// If it is infinite or NaN, which no patience would mend. The state is unchanged then.
    pub fn observe(&mut self, value: f64) -> Result<Decision, RegularizeError> {
        let improved = self.watch.observe("EarlyStopping", value)?;
        self.waited = if improved == Some(false) { self.waited.saturating_add(1) } else { 0 };
        Ok(match self.patience.saturating_sub(self.waited) {
            _ if improved == Some(true) => Decision::Improved,
            0 => Decision::Stop,
            left => Decision::Waiting { left },
        })
    }

    /// The best evaluation; `None` before the first one after the warm-up.
    pub fn best(&self) -> Option<Best> {
        self.watch.best()
    }

    /// Whether the last decision was [`Decision::Stop`].
    pub fn has_stopped(&self) -> bool {
        self.waited >= self.patience
    }
}
