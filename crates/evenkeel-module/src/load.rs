//! From a state dictionary into a network: whole, or as far as it fits.

use std::collections::BTreeSet;

use evenkeel_tensor::{Float, Shape};
use thiserror::Error;

use crate::{Buffer, Entry, Module, Origin, Parameter, Path, StateDict, Visitor, VisitorMut};

/// What fits and what does not, between a dictionary and a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Paths that are in both, with the same shape and finite values in range.
    pub loaded: Vec<String>,
    /// Paths of the network that the dictionary does not have.
    pub missing: Vec<String>,
    /// Paths of the dictionary that the network does not have.
    pub unexpected: Vec<String>,
    /// Paths whose shapes differ.
    pub mismatched: Vec<Mismatch>,
    /// Paths that hold infinities or NaN, or values beyond the network's float.
    pub not_finite: Vec<String>,
    /// Paths that hold negative numbers where there can be none: variances and counts.
    pub out_of_range: Vec<String>,
}

/// An array whose shape is not the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path.
    pub path: String,
    /// The network's shape.
    pub expected: Shape,
    /// The dictionary's shape.
    pub got: Shape,
}

/// A dictionary that is not of this network, or is damaged. Nothing has been changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("load_state_dict: expected exactly this network's finite values, got {}; \
         load the file of this network, or use load_matching for what fits", .report.problems())]
pub struct LoadError {
    /// What fits and what does not.
    pub report: Box<LoadReport>,
}

impl LoadReport {
    /// Whether everything fits.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.mismatched.is_empty()
            && self.not_finite.is_empty()
            && self.out_of_range.is_empty()
    }

    /// What does not fit, in a sentence.
    pub fn problems(&self) -> String {
        let list = |label: &str, items: Vec<String>| {
            let shown: Vec<_> = items.iter().take(5).cloned().collect();
            let rest = if items.len() > 5 { format!(" and {} more", items.len() - 5) } else { String::new() };
            (!items.is_empty()).then(|| format!("{label} {}{rest}", shown.join(", ")))
        };
        let mismatched =
            self.mismatched.iter().map(|m| format!("{} ({} instead of {})", m.path, m.got, m.expected)).collect();
        [
            list("missing:", self.missing.clone()),
            list("unexpected:", self.unexpected.clone()),
            list("of another shape:", mismatched),
            list("not finite:", self.not_finite.clone()),
            list("negative:", self.out_of_range.clone()),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
    }
}

/// Compares a dictionary with a network; changes nothing.
pub(crate) fn compare<F: Float>(module: &(impl Module<F> + ?Sized), dict: &StateDict) -> LoadReport {
    struct Compare<'a> {
        dict: &'a StateDict,
        report: LoadReport,
        seen: BTreeSet<String>,
    }
    impl Compare<'_> {
        fn leaf<F: Float>(&mut self, path: &Path<'_>, expected: Shape, non_negative: bool) {
            let path = path.to_string();
            match self.dict.tensors.get(&path) {
                None => self.report.missing.push(path.clone()),
                Some(entry) if entry.shape() != expected => {
                    self.report.mismatched.push(Mismatch { path: path.clone(), expected, got: entry.shape() });
                }
                // In the network's float: 1e300 is finite in f64 and infinite in f32.
                Some(entry) if !entry.to_float::<F>().is_finite() => self.report.not_finite.push(path.clone()),
                Some(entry) if non_negative && entry.to_float::<F>().as_slice().iter().any(|&v| v < F::ZERO) => {
                    self.report.out_of_range.push(path.clone());
                }
                Some(_) => self.report.loaded.push(path.clone()),
            }
            self.seen.insert(path);
        }
    }
    impl<F: Float> Visitor<F> for Compare<'_> {
        fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
            self.leaf::<F>(path, parameter.shape(), false);
        }
        fn buffer(&mut self, path: &Path<'_>, buffer: &Buffer<F>) {
            self.leaf::<F>(path, buffer.shape(), buffer.is_non_negative());
        }
    }
    let mut compare = Compare { dict, report: LoadReport::default(), seen: BTreeSet::new() };
    module.visit(&Path::root(), &mut compare);
    compare.report.unexpected = dict.tensors.keys().filter(|k| !compare.seen.contains(*k)).cloned().collect();
    compare.report
}

/// Copies what the report says fits.
pub(crate) fn copy<F: Float>(module: &mut (impl Module<F> + ?Sized), dict: &StateDict, report: &LoadReport) {
    struct Copy<'a> {
        dict: &'a StateDict,
        loaded: BTreeSet<&'a str>,
    }
    impl<F: Float> VisitorMut<F> for Copy<'_> {
        fn parameter(&mut self, path: &Path<'_>, parameter: &mut Parameter<F>) {
            let path = path.to_string();
            if self.loaded.contains(path.as_str()) {
                parameter.set(self.dict.tensors[&path].to_float());
            }
        }
        fn buffer(&mut self, path: &Path<'_>, buffer: &mut Buffer<F>) {
            let path = path.to_string();
            if self.loaded.contains(path.as_str()) {
                let origin = match self.dict.metadata.get(&format!("origin.{path}")).map(String::as_str) {
                    Some("Initial") => Origin::Initial,
                    Some("Population") => Origin::Population,
                    // Also another program's file: running statistics, as PyTorch keeps them.
                    _ => Origin::Running,
                };
                match &self.dict.tensors[&path] {
                    Entry::I64(n) if buffer.is_counter() => buffer.set_count(n.item() as u64, origin),
                    entry => buffer.set(entry.to_float(), origin),
                }
            }
        }
    }
    let loaded = report.loaded.iter().map(String::as_str).collect();
    module.visit_mut(&Path::root(), &mut Copy { dict, loaded });
}
