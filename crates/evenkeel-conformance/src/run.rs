//! All cases of a folder, one after another.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use evenkeel_module::{StateDict, StateDictError};

use crate::case::Case;
use crate::compare::compare;
use crate::ops::{self, Operation};
use crate::{CaseError, FolderError, Precision, Spec, manifest};

/// How a case ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Every result is as close as asked for, in every precision it was computed in.
    Passed,
    /// It was computed wrongly, or is malformed.
    Failed(CaseError),
    /// It asks for what is not there yet; says what.
    Unsupported(String),
}

/// How many cases ended how. A case counts once, whatever number of precisions it ran in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases that are not supported.
    pub unsupported: usize,
}

impl Tally {
    /// Whether no case failed and none was left out.
    pub fn all_passed(&self) -> bool {
        self.failed == 0 && self.unsupported == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} unsupported", self.passed, self.failed, self.unsupported)
    }
}

/// Runs every case of the folder's manifest, in its order, and calls `report` with each verdict.
///
/// # Errors
/// If the manifest cannot be read. What is wrong with a single case is its verdict.
pub fn run(folder: impl AsRef<Path>, mut report: impl FnMut(&Spec, &Verdict)) -> Result<Tally, FolderError> {
    let folder = folder.as_ref();
    let mut files = Files { folder, read: BTreeMap::new() };
    let mut tally = Tally::default();
    for spec in manifest::read(folder)? {
        let verdict = match run_case(&spec, &mut files) {
            Ok(()) => Verdict::Passed,
            Err(CaseError::Unsupported { what }) => Verdict::Unsupported(what),
            Err(error) => Verdict::Failed(error),
        };
        *match verdict {
            Verdict::Passed => &mut tally.passed,
            Verdict::Failed(_) => &mut tally.failed,
            Verdict::Unsupported(_) => &mut tally.unsupported,
        } += 1;
        report(&spec, &verdict);
    }
    Ok(tally)
}

/// The files of arrays, each read once.
struct Files<'a> {
    folder: &'a Path,
    read: BTreeMap<String, Result<StateDict, Arc<StateDictError>>>,
}

impl Files<'_> {
    fn open(&mut self, name: &str) -> Result<&StateDict, CaseError> {
        let file = self
            .read
            .entry(name.to_owned())
            .or_insert_with(|| StateDict::open(self.folder.join(name)).map_err(Arc::new));
        file.as_ref().map_err(|source| CaseError::File { file: name.to_owned(), source: source.clone() })
    }
}

fn run_case(spec: &Spec, files: &mut Files<'_>) -> Result<(), CaseError> {
    let operation = ops::find(&spec.op)?;
    let case = Case::new(spec, files.open(&spec.file)?);
    run_in(Precision::Double, &case, operation)?;
    // Gradients are what training in f32 needs; the rest is a matter of f64 alone.
    if spec.upstream { run_in(Precision::Single, &case, operation) } else { Ok(()) }
}

fn run_in(precision: Precision, case: &Case<'_>, operation: &Operation) -> Result<(), CaseError> {
    let compute = match precision {
        Precision::Double => operation.double,
        Precision::Single => operation.single,
    };
    // Shapes that do not fit are a panic in a network, and here no more than a bad case.
    let results = catch_unwind(AssertUnwindSafe(|| compute(case))).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let message = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned();
        Err(CaseError::Panic { precision, message })
    })?;
    if let Some(what) = case.unread() {
        return Err(CaseError::unsupported(format!("{what} of `{}`", case.spec.op)));
    }
    let outputs = case.spec.outputs.iter().map(|name| ("out", name, results.outputs.get(name)));
    let gradients = case.spec.grads.iter().map(|name| ("grad", name, results.gradients.get(name)));
    for (kind, name, got) in outputs.chain(gradients) {
        let array = format!("{kind}:{name}");
        let got = got.ok_or_else(|| CaseError::unsupported(format!("`{}` gives no `{array}`", case.spec.op)))?;
        let expected = case.float(&array)?;
        compare(case.spec, precision, array, got, expected)?;
    }
    Ok(())
}
