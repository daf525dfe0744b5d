//! A run that ends in the middle.

use std::path::PathBuf;

use evenkeel_module::Sequential;
use evenkeel_train::{Callback, Event, Flow};

/// Ends the run after a step and copies what a kill at this moment would leave behind: the last checkpoint is older.
pub(crate) struct Kill {
    pub(crate) at: u64,
    pub(crate) checkpoint: PathBuf,
    pub(crate) copy: PathBuf,
}

impl Callback<f32, Sequential> for Kill {
    fn after_step(&mut self, event: &Event<'_, f32, Sequential>) -> Flow {
        if event.step < self.at {
            return Flow::Continue;
        }
        std::fs::copy(&self.checkpoint, &self.copy).unwrap();
        Flow::Stop
    }
}
