//! A history as arrays, for checkpoints: a row costs its bytes, and reading checks everything that recording would.

use std::collections::BTreeMap;

use evenkeel_module::Entry;
use evenkeel_tensor::Tensor;

use super::log::{Column, Log};
use super::{History, RESERVED_NAMES};

fn counts(values: impl ExactSizeIterator<Item = u64>) -> Entry {
    let values: Vec<i64> = values.map(|n| n as i64).collect();
    Entry::I64(Tensor::from_vec([values.len()], values).expect("as many as there are"))
}

impl History {
    /// The arrays, by name.
    pub(crate) fn to_arrays(&self) -> BTreeMap<String, Entry> {
        let mut arrays = BTreeMap::new();
        for log in [&self.steps, &self.evaluations] {
            let kind = log.kind;
            arrays.insert(format!("{kind}.steps"), counts(log.steps.iter().copied()));
            arrays.insert(format!("{kind}.epochs"), counts(log.epochs.iter().copied()));
            for column in &log.columns {
                let values = Tensor::from_vec([column.values.len()], column.values.clone()).expect("as many");
                arrays.insert(format!("{kind}.values.{}", column.name), Entry::F64(values));
                arrays.insert(format!("{kind}.rows.{}", column.name), counts(column.rows.iter().map(|&r| r as u64)));
            }
        }
        arrays
    }

    /// The history that gave these arrays, or what is wrong with them.
    pub(crate) fn from_arrays(arrays: &BTreeMap<String, Entry>) -> Result<Self, String> {
        let mut history = Self::new();
        read(&mut history.steps, arrays, true)?;
        read(&mut history.evaluations, arrays, false)?;
        Ok(history)
    }
}

/// Fills an empty log; `strict` if no two rows may share a step.
fn read(log: &mut Log, arrays: &BTreeMap<String, Entry>, strict: bool) -> Result<(), String> {
    let kind = log.kind;
    log.steps = integers(arrays, &format!("{kind}.steps"))?;
    log.epochs = integers(arrays, &format!("{kind}.epochs"))?;
    let rows = log.steps.len();
    let ordered = log.steps.windows(2).all(|w| w[0] < w[1] || (!strict && w[0] == w[1]));
    if log.epochs.len() != rows || !ordered || (strict && log.steps.first() == Some(&0)) {
        return Err(format!("a history whose {kind}s are not in order"));
    }
    let prefix = format!("{kind}.values.");
    let names: Vec<&str> = arrays.keys().filter_map(|name| name.strip_prefix(&prefix)).collect();
    let required: Vec<String> = log.columns.drain(..).map(|column| column.name).collect();
    let metrics = names.iter().copied().filter(|name| !required.iter().any(|r| r == name));
    let all: Vec<&str> = required.iter().map(String::as_str).chain(metrics).collect();
    for (index, name) in all.into_iter().enumerate() {
        let Some(Entry::F64(values)) = arrays.get(&format!("{prefix}{name}")) else {
            return Err(format!("a history without `{name}`"));
        };
        let at: Vec<usize> =
            integers(arrays, &format!("{kind}.rows.{name}"))?.into_iter().map(|r| r as usize).collect();
        let fits = at.len() == values.shape().numel()
            && at.windows(2).all(|w| w[0] < w[1])
            && at.last().is_none_or(|&last| last < rows);
        let complete = index >= log.required || at.len() == rows;
        if !fits || !complete || (index >= log.required && RESERVED_NAMES.contains(&name)) {
            return Err(format!("a history whose `{name}` does not fit its {kind}s"));
        }
        log.columns.push(Column { name: name.to_owned(), rows: at, values: values.as_slice().to_vec() });
    }
    Ok(())
}

fn integers(arrays: &BTreeMap<String, Entry>, name: &str) -> Result<Vec<u64>, String> {
    let Some(Entry::I64(values)) = arrays.get(name) else { return Err(format!("a history without `{name}`")) };
    let values = values.as_slice().iter().map(|&n| u64::try_from(n));
    values.collect::<Result<_, _>>().map_err(|_| format!("a history with a negative number in `{name}`"))
}
