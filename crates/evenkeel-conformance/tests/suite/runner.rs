//! That the runner can fail, and says why.

use std::path::Path;
use std::process::{Command, Output};

use evenkeel_conformance::{CaseError, FolderError, Precision, Verdict, run};
use evenkeel_module::{Entry, StateDict};
use evenkeel_tensor::Tensor;
use serde_json::{Value, json};
use tempfile::TempDir;

/// y = x W^T with x = [[1, 2], [3, 4]] and W = [[5, 6]], dy = [[1], [1]].
fn linear() -> (Value, StateDict) {
    let spec = json!({
        "id": "l", "op": "linear", "attrs": {}, "file": "l.safetensors", "inputs": ["x", "weight"], "outputs": ["y"],
        "upstream": true, "grads": ["x", "weight"], "rtol": 1e-9, "atol": 1e-10,
    });
    let mut file = StateDict::new();
    for (name, tensor) in [
        ("in:x", Tensor::from([[1.0, 2.0], [3.0, 4.0]])),
        ("in:weight", Tensor::from([[5.0, 6.0]])),
        ("out:y", Tensor::from([[17.0], [39.0]])),
        ("dy", Tensor::from([[1.0], [1.0]])),
        ("grad:x", Tensor::from([[5.0, 6.0], [5.0, 6.0]])),
        ("grad:weight", Tensor::from([[4.0, 6.0]])),
    ] {
        file.tensors.insert(format!("l:{name}"), Entry::F64(tensor));
    }
    (spec, file)
}

fn folder(spec: Value, file: &StateDict) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifest.json"), json!({ "cases": [spec] }).to_string()).unwrap();
    file.save(folder.path().join("l.safetensors")).unwrap();
    folder
}

/// The verdict on the linear case after `change`.
fn verdict(change: impl FnOnce(&mut Value, &mut StateDict)) -> Verdict {
    let (mut spec, mut file) = linear();
    change(&mut spec, &mut file);
    let folder = folder(spec, &file);
    let mut verdicts = Vec::new();
    let tally = run(&folder, |_, verdict| verdicts.push(verdict.clone())).unwrap();
    assert_eq!(tally.passed + tally.failed + tally.unsupported, 1);
    verdicts.remove(0)
}

#[track_caller]
fn assert_fails(message: &str, change: impl FnOnce(&mut Value, &mut StateDict)) {
    match verdict(change) {
        Verdict::Failed(error) => assert!(error.to_string().contains(message), "expected `{message}`, got `{error}`"),
        other => panic!("expected `{message}`, got {other:?}"),
    }
}

#[track_caller]
fn assert_unsupported(message: &str, change: impl FnOnce(&mut Value, &mut StateDict)) {
    assert!(matches!(verdict(change), Verdict::Unsupported(what) if what == message));
}

fn set(file: &mut StateDict, name: &str, element: usize, value: f64) {
    let Some(Entry::F64(tensor)) = file.tensors.get_mut(&format!("l:{name}")) else { panic!("no {name}") };
    tensor.as_mut_slice()[element] = value;
}

#[test]
fn the_unchanged_case_passes() {
    assert!(matches!(verdict(|_, _| {}), Verdict::Passed));
}

#[test]
fn each_perturbed_expectation_fails_at_its_element() {
    for (name, element, right) in [("out:y", 1, 39.0), ("grad:x", 2, 5.0), ("grad:weight", 0, 4.0)] {
        let outcome = verdict(|_, file| set(file, name, element, right + 1e-6));
        let Verdict::Failed(CaseError::Deviation { precision, array, element: at, error, allowed, .. }) = outcome
        else {
            panic!("{name}: {outcome:?}")
        };
        assert_eq!((precision, array.as_str(), at), (Precision::Double, name, element));
        assert!((error - 1e-6).abs() < 1e-12 && allowed < 1e-7, "{error} {allowed}");
    }
}

#[test]
fn single_precision_is_judged_by_its_own_tolerance() {
    // In f64 anything passes with this atol, in f32 it does not count.
    let outcome = |error: f64| {
        verdict(|spec, file| {
            spec["atol"] = json!(1.0);
            set(file, "out:y", 0, 17.0 + error);
        })
    };
    // Allowed is 1e-5 of the array's largest value, 39.
    assert!(matches!(outcome(3.5e-4), Verdict::Passed));
    let Verdict::Failed(CaseError::Deviation { precision: Precision::Single, .. }) = outcome(4.5e-4) else { panic!() };
}

#[test]
fn values_that_are_not_finite_fail() {
    assert_fails("largest error inf", |_, file| set(file, "out:y", 0, f64::NAN));
    assert_fails("largest error inf", |_, file| set(file, "out:y", 0, f64::INFINITY));
    assert_fails("f64: out:y", |_, file| set(file, "in:x", 0, f64::NAN));
    let both = verdict(|spec, file| {
        set(file, "in:x", 0, f64::NAN);
        set(file, "out:y", 0, f64::NAN);
        set(file, "grad:weight", 0, 4.0);
        spec["grads"] = json!(["x"]);
    });
    assert!(matches!(both, Verdict::Passed), "{both:?}");
}

#[test]
fn malformed_cases_fail_and_say_why() {
    assert_fails("expected a tensor `l:grad:x` in `l.safetensors`, got none", |_, file| {
        file.tensors.remove("l:grad:x");
    });
    assert_fails("expected a tensor `l:in:x`", |_, file| drop(file.tensors.remove("l:in:x")));
    assert_fails("expected a tensor `l:dy`", |_, file| drop(file.tensors.remove("l:dy")));
    assert_fails("expected an input `weight`, got none", |spec, _| spec["inputs"] = json!(["x"]));
    assert_fails("tensor `l:in:x`: expected F64, got I64", |_, file| {
        file.tensors.insert("l:in:x".into(), Entry::I64(Tensor::from([[1, 2], [3, 4]])));
    });
    assert_fails("tensor `l:out:y`: expected F64, got F32", |_, file| {
        file.tensors.insert("l:out:y".into(), Entry::F32(Tensor::from([[17.0], [39.0]])));
    });
    assert_fails("f64: out:y: expected shape [2], got [2, 1]", |_, file| {
        file.tensors.insert("l:out:y".into(), Entry::F64(Tensor::from([17.0, 39.0])));
    });
    assert_fails("f64: panicked: linear: expected input", |_, file| {
        file.tensors.insert("l:in:x".into(), Entry::F64(Tensor::from([[1.0, 2.0, 3.0]])));
    });
    assert_fails("file `gone.safetensors`", |spec, _| spec["file"] = json!("gone.safetensors"));
}

#[test]
fn labels_and_attributes_are_checked() {
    let cross_entropy = |spec: &mut Value, file: &mut StateDict, labels: Entry| {
        spec["op"] = json!("cross_entropy");
        spec["inputs"] = json!(["x", "target"]);
        file.tensors.insert("l:in:target".into(), labels);
    };
    assert_fails("expected class indices from 0, got -1", |spec, file| {
        cross_entropy(spec, file, Entry::I64(Tensor::from([0, -1])));
    });
    assert_fails("tensor `l:in:target`: expected I64, got F64", |spec, file| {
        cross_entropy(spec, file, Entry::F64(Tensor::from([0.0, 1.0])));
    });
    assert_fails("attribute `reduction`: expected a text, got 1", |spec, file| {
        cross_entropy(spec, file, Entry::I64(Tensor::from([0, 1])));
        spec["attrs"] = json!({ "reduction": 1 });
    });
    let softmax = |spec: &mut Value, attrs: Value| {
        spec["op"] = json!("softmax");
        spec["inputs"] = json!(["x"]);
        spec["attrs"] = attrs;
    };
    assert_fails("attribute `dim`: expected an integer, got nothing", |spec, _| softmax(spec, json!({})));
    assert_fails("attribute `dim`: expected an axis of `x`, got -3 for 2 axes", |spec, _| {
        softmax(spec, json!({ "dim": -3 }));
    });
}

#[test]
fn what_the_runner_does_not_know_is_unsupported() {
    assert_unsupported("operation `warp`", |spec, _| spec["op"] = json!("warp"));
    assert_unsupported("input `mask` of `linear`", |spec, _| spec["inputs"] = json!(["x", "weight", "mask"]));
    assert_unsupported("attribute `scale` of `linear`", |spec, _| spec["attrs"] = json!({ "scale": 2 }));
    assert_unsupported("`linear` gives no `out:z`", |spec, _| spec["outputs"] = json!(["z"]));
}

#[test]
fn manifests_are_checked() {
    let error = |manifest: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        run(&folder, |_, _| {}).unwrap_err().to_string()
    };
    assert!(error("{\"cases\": [").contains("expected JSON"));
    assert!(error("{}").contains("expected `cases` to be a list of at least one case, got nothing"));
    assert!(error("{\"cases\": []}").contains("got a list of 0"));
    assert!(error("{\"cases\": [7]}").contains("case number 0: expected `id` to be a text, got nothing"));
    let with = |field: &str, value: Value| {
        let (mut spec, _) = linear();
        spec[field] = value;
        error(&json!({ "cases": [spec] }).to_string())
    };
    assert!(with("rtol", json!(-1.0)).contains("case `l`: expected `rtol` to be a number from 0, got -1.0"));
    assert!(with("inputs", json!(["x", 1])).contains("expected `inputs` to be a list of names"));
    assert!(with("file", json!("../l.safetensors")).contains("expected `file` to be the name of a file in the folder"));
    let (spec, _) = linear();
    assert!(error(&json!({ "cases": [spec, spec] }).to_string()).contains("got `l` twice"));
    let missing = run("no such folder", |_, _| {}).unwrap_err();
    assert!(matches!(&missing, FolderError::Io { .. }), "{missing}");
}

#[test]
fn what_the_library_refuses_fails() {
    let optimizer = |spec: &mut Value, file: &mut StateDict, attrs: Value| {
        spec["op"] = json!("optimizer");
        spec["attrs"] = attrs;
        spec["inputs"] = json!(["w", "grads"]);
        spec["outputs"] = json!(["trajectory"]);
        spec["grads"] = json!([]);
        spec["upstream"] = json!(false);
        file.tensors.insert("l:in:w".into(), Entry::F64(Tensor::from([1.0, 2.0])));
        file.tensors.insert("l:in:grads".into(), Entry::F64(Tensor::from([[1.0, 1.0], [0.0, 2.0]])));
        file.tensors.insert("l:out:trajectory".into(), Entry::F64(Tensor::from([[0.5, 1.5], [0.5, 0.5]])));
    };
    let sgd = verdict(|spec, file| optimizer(spec, file, json!({ "kind": "sgd", "lr": 0.5, "steps": 2 })));
    assert!(matches!(sgd, Verdict::Passed), "{sgd:?}");
    assert_fails("expected learning rate finite and not negative, got -1", |spec, file| {
        optimizer(spec, file, json!({ "kind": "sgd", "lr": -1.0, "steps": 2 }));
    });
    assert_fails("optimizer: expected grads [3, 2], got [2, 2]", |spec, file| {
        optimizer(spec, file, json!({ "kind": "sgd", "lr": 0.5, "steps": 3 }));
    });
    // Another kind's attribute: Adagrad has no momentum.
    assert_unsupported("attribute `momentum` of `optimizer`", |spec, file| {
        optimizer(spec, file, json!({ "kind": "adagrad", "lr": 0.5, "steps": 2, "momentum": 0.9 }));
    });
    assert_fails("Linear::from_parts: expected a weight (out, in)", |_, file| {
        file.tensors.insert("l:in:weight".into(), Entry::F64(Tensor::from([5.0, 6.0])));
    });
}

fn command(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel-conformance")).args(arguments).output().unwrap()
}

#[test]
fn the_command_prints_and_exits_as_its_readme_says() {
    let last_line = |output: &Output| String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or("").to_owned();
    let (spec, mut file) = linear();
    let passing = command(&[folder(spec.clone(), &file).path()]);
    assert_eq!((passing.status.code(), last_line(&passing).as_str()), (Some(0), "1 passed, 0 failed, 0 unsupported"));

    let mut unknown = spec.clone();
    unknown["op"] = json!("warp");
    let unsupported = command(&[folder(unknown, &file).path()]);
    assert_eq!(unsupported.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&unsupported.stdout),
        "unsupported  l: operation `warp`\n0 passed, 0 failed, 1 unsupported\n"
    );

    set(&mut file, "out:y", 0, 17.5);
    let failing = command(&[folder(spec, &file).path()]);
    assert_eq!((failing.status.code(), last_line(&failing).as_str()), (Some(1), "0 passed, 1 failed, 0 unsupported"));
    assert!(String::from_utf8_lossy(&failing.stdout).starts_with("failed       l: f64: out:y: largest error 5.000e-1"));

    assert_eq!(command(&[Path::new("no such folder")]).status.code(), Some(2));
    assert_eq!(command(&[]).status.code(), Some(2));
    assert_eq!(command(&[Path::new("--help")]).status.code(), Some(0));
}
