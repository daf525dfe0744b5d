//! An optimiser's state, to and from a state dictionary.

use std::collections::BTreeSet;

use evenkeel_module::{Entry, Mismatch, Module, StateDict};
use evenkeel_tensor::{Float, Shape, Tensor};

use crate::slot::{Memory, Slot};
use crate::{OptimError, Optimizer};

const RULE: &str = "optimizer.rule";
const STEPS: &str = "optimizer.steps";

impl<F: Float> Optimizer<F> {
    /// What the optimiser remembers, to resume a run bit by bit: for each parameter the number of its updates
    /// (`step.layers.0.weight`) and the rule's arrays (`exp_avg.layers.0.weight`); as notes the rule's name and the
    /// number of steps. Settings are not in it: give them again, and a [`Schedule`](crate::Schedule) goes on where it
    /// was.
    ///
    /// ```
    /// use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
    /// use evenkeel_optim::{Adam, Optimizer};
    /// use evenkeel_tensor::{Seed, Tensor};
    ///
    /// #[derive(Module)]
    /// struct Net {
    ///     weight: Parameter,
    /// }
    ///
    /// let mut net = Net { weight: Parameter::new(Tensor::ones([3]), Role::Weight) };
    /// let mut optimizer = Optimizer::new(Adam::default());
    /// let mut workspace = Workspace::new();
    /// let pass = workspace.begin(Mode::Training, Seed(0));
    /// pass.backward(pass.parameter(&net.weight).square().sum());
    /// optimizer.step(&mut net, &workspace.finish())?;
    ///
    /// let saved = optimizer.state_dict();
    /// assert!(saved.tensors.keys().eq(["exp_avg.weight", "exp_avg_sq.weight", "step.weight"]));
    /// let mut resumed = Optimizer::new(Adam::default());
    /// resumed.load_state_dict(&net, &saved)?;
    /// assert_eq!(resumed.steps(), 1);
    /// # Ok::<(), evenkeel_optim::OptimError>(())
    /// ```
    pub fn state_dict(&self) -> StateDict {
        let mut dict = StateDict::new();
        dict.metadata.insert(RULE.to_owned(), self.rule.name().to_owned());
        dict.metadata.insert(STEPS.to_owned(), self.steps.to_string());
        for slot in &self.slots {
            let updates = Tensor::scalar(slot.updates as i64);
            dict.tensors.insert(format!("step.{}", slot.path), Entry::I64(updates));
            if let Some(memory) = &slot.memory {
                for (k, name) in self.rule.state_names().iter().enumerate() {
                    dict.tensors.insert(format!("{name}.{}", slot.path), Entry::from_float(&memory.array(k)));
                }
            }
        }
        dict
    }

    /// Takes over what [`state_dict`](Optimizer::state_dict) gave for `module` or for a network of the same paths
    /// and shapes.
    ///
    /// # Errors
    /// If the settings are out of range, or the state is of another rule or network, or damaged. Nothing is changed
    /// then.
    pub fn load_state_dict(&mut self, module: &(impl Module<F> + ?Sized), dict: &StateDict) -> Result<(), OptimError> {
        self.validate()?;
        let note = |name: &str| dict.metadata.get(name).ok_or(OptimError::Missing { name: name.to_owned() });
        let (rule, steps) = (note(RULE)?, note(STEPS)?);
        if rule != self.rule.name() {
            return Err(OptimError::OtherRule { expected: self.rule.name().to_owned(), got: rule.clone() });
        }
        let steps = steps.parse().map_err(|_| damaged(STEPS, "a number of steps", steps))?;
        let mut slots = self.new_slots(module)?;
        // Saved before the first step: there were no slots yet.
        let read = if dict.tensors.is_empty() && steps == 0 { &mut [][..] } else { &mut slots[..] };
        let mut left: BTreeSet<&str> = dict.tensors.keys().map(String::as_str).collect();
        for slot in read {
            fill(slot, self.rule.state_names(), steps, dict, &mut left)?;
        }
        if !left.is_empty() {
            return Err(OptimError::Unexpected { names: left.into_iter().take(5).map(str::to_owned).collect() });
        }
        self.slots = slots;
        self.settled = true;
        self.steps = steps;
        Ok(())
    }
}

/// Reads the state of one parameter, striking from `left` what it takes.
fn fill<F: Float>(
    slot: &mut Slot<F>,
    arrays: &[&str],
    steps: u64,
    dict: &StateDict,
    left: &mut BTreeSet<&str>,
) -> Result<(), OptimError> {
    let mut entry = |name: &str, expected: Shape| {
        let path = format!("{name}.{}", slot.path);
        left.remove(path.as_str());
        match dict.tensors.get(&path) {
            None => Err(OptimError::Missing { name: path }),
            Some(entry) if entry.shape() != expected => {
                Err(OptimError::Shape(Box::new(Mismatch { path, expected, got: entry.shape() })))
            }
            Some(entry) => Ok((path, entry)),
        }
    };
    let (name, updates) = entry("step", Shape::SCALAR)?;
    slot.updates = match updates {
        Entry::I64(n) => u64::try_from(n.item()).ok().filter(|n| *n <= steps),
        _ => None,
    }
    .ok_or_else(|| damaged(&name, "an integer from 0 to the number of steps", &format!("{updates:?}")))?;
    if slot.updates == 0 {
        return Ok(());
    }
    let mut memory = Memory::new(arrays.len(), slot.shape);
    for (k, array) in arrays.iter().enumerate() {
        let (name, saved) = entry(array, slot.shape)?;
        let values = saved.to_float::<F>();
        if !values.is_finite() {
            return Err(damaged(&name, "finite values", "an infinity or NaN"));
        }
        memory.set_array(k, values.as_slice());
    }
    slot.memory = Some(memory);
    Ok(())
}

fn damaged(name: &str, expected: &'static str, got: &str) -> OptimError {
    OptimError::Damaged { name: name.to_owned(), expected, got: got.to_owned() }
}
