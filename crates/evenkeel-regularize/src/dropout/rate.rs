//! How much is kept, and how the rest is made up for.

use std::fmt;

use evenkeel_autograd::Var;
use evenkeel_module::Pass;
use evenkeel_tensor::{Float, Seed};

use super::{MaskOp, Unit};
use crate::noisy::noisy;

/// Where the factor stands that makes training and evaluation agree on average, for a probability q of keeping and a mask m of
/// zeros and ones with mean q.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scaling {
    /// In training, y = m x / q; evaluation leaves x alone. This is called inverted dropout, and is what frameworks do.
    #[default]
    Training,
    /// In evaluation, y = q x; training is y = m x: the form of the paper and of most lectures. What comes after is q times that
    /// of [`Training`](Scaling::Training), in both modes.
    Evaluation,
}

/// The probability of keeping, and where its factor stands.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    pub(crate) keep: f64,
    pub(crate) scaling: Scaling,
}

impl Rate {
    /// The operation of training.
    pub(crate) fn op(self, name: &'static str, unit: Unit, seed: Seed) -> MaskOp {
        MaskOp { scale: self.factor(), ..MaskOp::new(name, self.keep, unit, seed) }
    }

    /// What training multiplies by what is kept.
    pub(crate) fn factor(self) -> f64 {
        match self.scaling {
            Scaling::Training => 1.0 / self.keep,
            Scaling::Evaluation => 1.0,
        }
    }

    /// Training or evaluation, as the pass has it.
    #[track_caller]
    pub(crate) fn forward<'t, F: Float>(
        self,
        name: &'static str,
        unit: Unit,
        pass: &Pass<'t, F>,
        x: Var<'t, F>,
    ) -> Var<'t, F> {
        if self.keep == 1.0 {
            return x;
        }
        if let Some(y) = noisy(pass, x, self.op(name, unit, pass.next_seed())) {
            return y;
        }
        match self.scaling {
            Scaling::Training => x,
            Scaling::Evaluation => x * F::from_f64(self.keep),
        }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keep {}", self.keep)?;
        if self.scaling == Scaling::Evaluation { f.write_str(", scaled in evaluation") } else { Ok(()) }
    }
}

/// What every layer with a `rate` can be asked, and told.
macro_rules! rated {
    ($name:ident $(<$layer:ident>)?) => {
        impl $(<$layer>)? $name $(<$layer>)? {
            /// The form of the paper: training drops and does not scale, evaluation multiplies by the probability of keeping
            /// ([`Scaling::Evaluation`](crate::Scaling::Evaluation)).
            #[must_use]
            pub fn scaled_in_evaluation(mut self) -> Self {
                self.rate.scaling = crate::Scaling::Evaluation;
                self
            }

            /// The probability of keeping.
            pub fn keep_probability(&self) -> f64 {
                self.rate.keep
            }

            /// Where the factor stands that makes up for what is dropped.
            pub fn scaling(&self) -> crate::Scaling {
                self.rate.scaling
            }
        }
    };
}
pub(super) use rated;
