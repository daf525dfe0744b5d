//! How the learning rate changes over a run.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use crate::{Bounds, OptimError};

/// A factor on the learning rate, as a pure function of the number of optimiser steps done: so a checkpoint
/// need only hold that number.
///
/// | schedule | factor at step s (0 at first) |
/// |---|---|
/// | [`constant`](Schedule::constant) | 1 |
/// | [`step_decay`](Schedule::step_decay)`(every, gamma)` | gamma^floor(s / every) |
/// | [`exponential`](Schedule::exponential)`(gamma)` | gamma^s |
/// | [`linear`](Schedule::linear)`(steps, end)` | from 1 to `end` in a straight line, then `end` |
/// | [`cosine`](Schedule::cosine)`(steps, end)` | end + (1 - end) (1 + cos(pi s / steps)) / 2, then `end` |
/// | [`custom`](Schedule::custom)`(f)` | f(s) |
/// | `x.`[`warm_up`](Schedule::warm_up)`(steps)` | x(0) (s + 1) / (steps + 1), then x(s - steps) |
///
/// Steps are batches, not epochs: multiply by the number of batches per epoch.
///
/// ```
/// use evenkeel_optim::Schedule;
///
/// let schedule = Schedule::cosine(100, 0.1).warm_up(4);
/// assert_eq!([0, 1, 2, 3, 4].map(|s| schedule.factor(s)), [0.2, 0.4, 0.6, 0.8, 1.0]);
/// assert!((schedule.factor(54) - 0.55).abs() < 1e-12);     // half-way down
/// assert_eq!(schedule.factor(104), 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct Schedule(Kind);

#[derive(Clone)]
enum Kind {
    StepDecay { every: u64, gamma: f64 },
    Linear { steps: u64, end: f64 },
    Cosine { steps: u64, end: f64 },
    Custom(Arc<dyn Fn(u64) -> f64 + Send + Sync>),
    WarmUp { steps: u64, then: Box<Kind> },
}

impl Schedule {
    /// Always 1.
    pub fn constant() -> Self {
        Self::exponential(1.0)
    }

    /// Times `gamma` after `every` steps, again and again.
    pub fn step_decay(every: u64, gamma: f64) -> Self {
        Self(Kind::StepDecay { every, gamma })
    }

    /// Times `gamma` after each step.
    pub fn exponential(gamma: f64) -> Self {
        Self::step_decay(1, gamma)
    }

    /// From 1 to `end` in a straight line over `steps` steps, then `end`.
    pub fn linear(steps: u64, end: f64) -> Self {
        Self(Kind::Linear { steps, end })
    }

    /// From 1 to `end` along half a cosine over `steps` steps, then `end` (Loshchilov & Hutter 2017, "SGDR: Stochastic
    /// Gradient Descent with Warm Restarts", eq. 5, without restarts).
    pub fn cosine(steps: u64, end: f64) -> Self {
        Self(Kind::Cosine { steps, end })
    }

    /// A function of the step number. It must depend on nothing else, or a resumed run will differ.
    pub fn custom(factor: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        Self(Kind::Custom(Arc::new(factor)))
    }

    /// This schedule after `steps` steps that rise to its start in a straight line (Goyal et al. 2017, "Accurate, Large
    /// Minibatch SGD", section 2.2): `steps` steps below the start, the first one not at 0, where it would be lost.
    #[must_use]
    pub fn warm_up(self, steps: u64) -> Self {
        Self(Kind::WarmUp { steps, then: Box::new(self.0) })
    }

    /// The factor for the step after `step` steps.
    pub fn factor(&self, step: u64) -> f64 {
        self.0.factor(step)
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// If a number of steps is 0, or a factor or end is not in \[0, 1\].
    pub fn validate(&self) -> Result<(), OptimError> {
        self.0.validate()
    }
}

/// [`Schedule::constant`].
impl Default for Schedule {
    fn default() -> Self {
        Self::constant()
    }
}

impl Kind {
    fn factor(&self, step: u64) -> f64 {
        let done = |steps: u64| step as f64 / steps as f64;
        match *self {
            Kind::StepDecay { every, gamma } => crate::rule::power(gamma, step / every.max(1)),
            Kind::Linear { steps, end } | Kind::Cosine { steps, end } if step >= steps => end,
            Kind::Linear { steps, end } => 1.0 - (1.0 - end) * done(steps),
            Kind::Cosine { steps, end } => end + (1.0 - end) * (1.0 + (PI * done(steps)).cos()) / 2.0,
            Kind::Custom(ref factor) => factor(step),
            Kind::WarmUp { steps, ref then } if step < steps => {
                then.factor(0) * ((step as f64 + 1.0) / (steps as f64 + 1.0))
            }
            Kind::WarmUp { steps, ref then } => then.factor(step - steps),
        }
    }

    fn validate(&self) -> Result<(), OptimError> {
        let check = |setting, value, bounds, cure| OptimError::check::<f64>("Schedule", setting, value, bounds, cure);
        let count = |steps: u64| check("number of steps", steps as f64, Bounds::Positive, "use Schedule::constant()");
        match *self {
            Kind::StepDecay { every, gamma } => {
                count(every)?;
                check("gamma", gamma, Bounds::Fraction, "0.1 is usual for a step, 0.999 for an exponential")
            }
            Kind::Linear { steps, end } | Kind::Cosine { steps, end } => {
                count(steps)?;
                check("end", end, Bounds::Fraction, "it is a fraction of the learning rate; 0 is usual")
            }
            Kind::Custom(_) => Ok(()),
            Kind::WarmUp { ref then, .. } => then.validate(),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::StepDecay { every, gamma } => write!(f, "step_decay({every}, {gamma})"),
            Kind::Linear { steps, end } => write!(f, "linear({steps}, {end})"),
            Kind::Cosine { steps, end } => write!(f, "cosine({steps}, {end})"),
            Kind::Custom(_) => write!(f, "custom(..)"),
            Kind::WarmUp { steps, then } => write!(f, "{then:?}.warm_up({steps})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn falling() -> impl Strategy<Value = Schedule> {
        prop_oneof![
            (1u64..50, 0.0..=1.0).prop_map(|(every, gamma)| Schedule::step_decay(every, gamma)),
            (0.0..=1.0).prop_map(Schedule::exponential),
            (1u64..200, 0.0..=1.0).prop_map(|(steps, end)| Schedule::linear(steps, end)),
            (1u64..200, 0.0..=1.0).prop_map(|(steps, end)| Schedule::cosine(steps, end)),
        ]
    }

    proptest! {
        #[test]
        fn starts_at_one_and_never_rises(schedule in falling()) {
            prop_assert_eq!(schedule.factor(0), 1.0);
            for s in 0..300 {
                prop_assert!(schedule.factor(s + 1) <= schedule.factor(s));
                prop_assert!((0.0..=1.0).contains(&schedule.factor(s)));
            }
            schedule.validate().unwrap();
        }

        #[test]
        fn ends_where_told(steps in 1u64..200, end in 0.0..=1.0) {
            for schedule in [Schedule::linear(steps, end), Schedule::cosine(steps, end)] {
                prop_assert_eq!(schedule.factor(steps), end);
                prop_assert_eq!(schedule.factor(u64::MAX), end);
                // The two agree half-way, and no step before the end is there yet.
                if steps % 2 == 0 {
                    prop_assert!((schedule.factor(steps / 2) - (1.0 + end) / 2.0).abs() < 1e-12);
                }
            }
        }

        #[test]
        fn warm_up_rises_evenly_into_the_schedule(schedule in falling(), steps in 1u64..100) {
            let warm = schedule.clone().warm_up(steps);
            let rise = 1.0 / (steps as f64 + 1.0);
            for s in 0..steps {
                prop_assert!((warm.factor(s) - rise * (s as f64 + 1.0)).abs() < 1e-12);
            }
            prop_assert!((warm.factor(steps) - warm.factor(steps - 1) - rise).abs() < 1e-12, "no jump at the end");
            for s in 0..300 {
                prop_assert_eq!(warm.factor(steps + s), schedule.factor(s));
            }
        }
    }

    #[test]
    fn known_values() {
        let decay = Schedule::step_decay(10, 0.5);
        assert_eq!([0, 9, 10, 19, 20, 35].map(|s| decay.factor(s)), [1.0, 1.0, 0.5, 0.5, 0.25, 0.125]);
        assert_eq!(Schedule::exponential(0.5).factor(3), 0.125);
        assert_eq!(Schedule::constant().factor(u64::MAX), 1.0);
        assert_eq!(Schedule::custom(|s| 1.0 / (1.0 + s as f64)).factor(3), 0.25);
        assert_eq!(Schedule::constant().warm_up(0).factor(0), 1.0);
        assert_eq!(format!("{:?}", Schedule::cosine(9, 0.5).warm_up(3)), "Schedule(cosine(9, 0.5).warm_up(3))");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for (schedule, message) in [
            (Schedule::cosine(0, 0.0), "number of steps finite and above 0, got 0"),
            (Schedule::step_decay(0, 0.5), "number of steps finite and above 0, got 0"),
            (Schedule::linear(5, -0.1), "end in [0, 1], got -0.1"),
            (Schedule::cosine(5, f64::NAN), "end in [0, 1], got NaN"),
            (Schedule::exponential(1.1).warm_up(5), "gamma in [0, 1], got 1.1"),
        ] {
            let got = schedule.validate().unwrap_err().to_string();
            assert!(got.contains(message), "{got}");
            schedule.factor(0); // and yet nothing panics
        }
    }
}
