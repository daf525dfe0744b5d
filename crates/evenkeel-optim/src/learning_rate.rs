//! The learning rate of a step: the rule's, times the schedule's factor, times the scale, times the group's factor.

use std::cell::Cell;
use std::fmt::{self, Write};

use evenkeel_module::Path;
use evenkeel_tensor::Float;

use crate::{Optimizer, group};

impl<F: Float> Optimizer<F> {
    /// The learning rate of the next step, before groups.
    pub fn learning_rate(&self) -> f64 {
        self.rule.learning_rate() * self.schedule.factor(self.steps) * self.scale
    }

    /// Multiplies the learning rate by `scale` from the next step on, on top of the schedule and in place of the scale before:
    /// for what is decided during a run, such as a drop on a plateau. 1 at first.
    ///
    /// It is a setting, so [`state_dict`](Optimizer::state_dict) does not hold it.
    ///
    /// ```
    /// use evenkeel_optim::{Optimizer, Sgd};
    ///
    /// let mut optimizer = Optimizer::<f32>::new(Sgd::new(0.5));
    /// optimizer.set_learning_rate_scale(0.5);
    /// optimizer.set_learning_rate_scale(0.25);
    /// assert_eq!(optimizer.learning_rate(), 0.125);
    /// ```
    pub fn set_learning_rate_scale(&mut self, scale: f64) {
        self.scale = scale;
    }

    /// The factor given to [`set_learning_rate_scale`](Optimizer::set_learning_rate_scale).
    pub fn learning_rate_scale(&self) -> f64 {
        self.scale
    }

    /// The factor of the [group](Optimizer::group) that applies to the parameter at a path, to be multiplied by the learning
    /// rate. Quick if it is asked for the parameters in the network's order.
    ///
    /// ```
    /// use evenkeel_module::Path;
    /// use evenkeel_optim::{Optimizer, Sgd};
    ///
    /// let optimizer = Optimizer::<f32>::new(Sgd::new(0.5)).group("*bias", |group| group.learning_rate_factor(2.0));
    /// let factor = optimizer.learning_rate_factors();
    /// let root = Path::root();
    /// assert_eq!([factor(&root.child("weight")), factor(&root.child("bias"))], [1.0, 2.0]);
    /// ```
    pub fn learning_rate_factors(&self) -> impl Fn(&Path<'_>) -> f64 + '_ {
        // Patterns take strings to compare; the slots have the result, each usually next to the one asked for before.
        let (slots, next) = (&self.slots, Cell::new(0));
        move |path| {
            if self.groups.is_empty() {
                return 1.0;
            }
            let place = (next.get()..slots.len()).chain(0..next.get()).find(|&i| is_at(path, &slots[i].path));
            match place.filter(|_| self.settled) {
                Some(i) => {
                    next.set(i + 1);
                    slots[i].settings.learning_rate_factor
                }
                None => group::of(&self.groups, path).map_or(1.0, |group| group.learning_rate_factor),
            }
        }
    }
}

/// Whether `path` reads `text`, without writing it down.
fn is_at(path: &Path<'_>, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{path}").is_ok() && rest.0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_they_are_written() {
        let root = Path::root();
        let (layers, other) = (root.child("layers"), root.child("layers.1"));
        let (first, eleventh) = (layers.index(1), layers.index(11));
        let weight = first.child("weight");
        for path in [root, layers, other, first, eleventh, weight] {
            for text in ["", "layers", "layers.1", "layers.11", "layers.1.weight", "layers.1.weights", "layers."] {
                assert_eq!(is_at(&path, text), path.to_string() == text, "{path} {text}");
            }
        }
    }
}
