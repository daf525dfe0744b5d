//! The reference cases that come with the package.

use std::collections::BTreeSet;

use evenkeel_conformance::{Verdict, run};
use evenkeel_module::{Entry, StateDict};

/// What there is no layer or function for yet, by operation.
const UNSUPPORTED_OPERATIONS: [&str; 3] = ["ctc", "rbm", "recurrent"];

#[test]
fn every_case_of_every_supported_operation_passes() {
    let (mut failed, mut unsupported) = (Vec::new(), BTreeSet::new());
    let tally = run("cases", |spec, verdict| match verdict {
        Verdict::Passed => {}
        Verdict::Failed(error) => failed.push(format!("{}: {error}", spec.id)),
        Verdict::Unsupported(what) if *what == format!("operation `{}`", spec.op) => {
            unsupported.insert(spec.op.clone());
        }
        Verdict::Unsupported(_) => {
            unsupported.insert(spec.id.clone());
        }
    })
    .unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // Equal, not a subset: the list goes stale with the first operation that is added.
    let expected = BTreeSet::from(UNSUPPORTED_OPERATIONS);
    assert_eq!(unsupported.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    assert_eq!(tally.to_string(), "92 passed, 0 failed, 7 unsupported");
}

#[test]
fn every_array_of_every_supported_case_counts() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir("cases").unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let mut arrays = Vec::new();
    run(&folder, |spec, verdict| {
        if matches!(verdict, Verdict::Passed) {
            let outputs = spec.outputs.iter().map(|name| format!("{}:out:{name}", spec.id));
            let gradients = spec.grads.iter().map(|name| format!("{}:grad:{name}", spec.id));
            arrays.extend(outputs.chain(gradients).map(|array| (spec.clone(), array)));
        }
    })
    .unwrap();
    assert!(arrays.len() > 60, "{}", arrays.len());
    for (spec, array) in arrays {
        let path = folder.path().join(&spec.file);
        let intact = StateDict::open(&path).unwrap();
        let mut perturbed = intact.clone();
        let Some(Entry::F64(tensor)) = perturbed.tensors.get_mut(&array) else { panic!("{array}") };
        let last = tensor.as_mut_slice().last_mut().unwrap();
        *last += f64::max(1e-6, 3.0 * (spec.atol + spec.rtol * last.abs()));
        perturbed.save(&path).unwrap();
        let mut failed = Vec::new();
        run(&folder, |spec, verdict| {
            if matches!(verdict, Verdict::Failed(_)) {
                failed.push(spec.id.clone());
            }
        })
        .unwrap();
        assert_eq!(failed, [spec.id], "{array}");
        intact.save(&path).unwrap();
    }
}
