//! The same bits at any thread count, and for a run that is interrupted and resumed; checkpoints that are damaged or of another
//! run change nothing.

use std::path::Path;

use evenkeel_data::{Dataset, Digits};
use evenkeel_init::HeNormal;
use evenkeel_module::{Entry, ModuleExt, Sequential, StateDict, sequential};
use evenkeel_nn::{CrossEntropy, Linear, Relu};
use evenkeel_norm::BatchNorm;
use evenkeel_optim::{Adam, Optimizer, Schedule, Sgd};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::{Callback, History, TrainError, Trainer};

use crate::kill::Kill;

fn data() -> (Dataset, Dataset) {
    Digits::embedded().take(300).unwrap().split_stratified(0.8, Seed(1)).unwrap()
}

fn net() -> Sequential {
    sequential![Linear::new(64, 40).without_bias(), BatchNorm::new(40), Relu, Linear::new(40, 10)]
        .initialize(HeNormal::default(), Seed(3))
        .unwrap()
}

fn trainer(checkpoint: &Path) -> Trainer {
    let optimizer = Optimizer::new(Adam::new(0.01)).schedule(Schedule::cosine(60, 0.0).warm_up(10)).clip_norm(1.0);
    Trainer::new(optimizer).batch_size(32).seed(Seed(5)).steps(60).checkpoint_every(7, checkpoint)
}

fn fit<C: Callback<f32, Sequential>>(trainer: Trainer<f32, C>, net: &mut Sequential) -> Result<History, TrainError> {
    let (train, test) = data();
    trainer.fit(net, CrossEntropy::default(), &train, &test)
}

/// Steps and metrics without the times.
fn record(history: &History) -> Vec<(u64, f64)> {
    ["loss", "accuracy", "learning_rate", "test_loss", "test_accuracy"].iter().flat_map(|m| history.curve(m)).collect()
}

#[test]
fn a_run_killed_anywhere_goes_on_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (checkpoint, copy) = (folder.path().join("run.safetensors"), folder.path().join("left.safetensors"));
    let mut whole = net();
    let history = fit(trainer(&checkpoint), &mut whole).unwrap();
    assert!(history.last("test_accuracy").unwrap() > 0.5);
    for at in [8, 23, 59] {
        let kill = Kill { at, checkpoint: checkpoint.clone(), copy: copy.clone() };
        fit(trainer(&checkpoint).callback(kill), &mut net()).unwrap();
        for prefetch in [0, 2] {
            let mut resumed = net();
            let again = fit(trainer(&checkpoint).resume_from(&copy).prefetch(prefetch), &mut resumed).unwrap();
            assert_eq!(resumed.state_dict(), whole.state_dict(), "killed after step {at}");
            assert_eq!(record(&again), record(&history), "killed after step {at}");
        }
    }
    // A finished run is resumed at its end.
    fit(trainer(&checkpoint), &mut net()).unwrap();
    let mut finished = net();
    fit(trainer(&checkpoint).resume_from(&checkpoint), &mut finished).unwrap();
    assert_eq!(finished.state_dict(), whole.state_dict());
}

#[test]
fn same_bits_at_any_thread_count() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut net = net();
        let history = pool.install(|| fit(trainer(&folder.path().join("run.safetensors")), &mut net)).unwrap();
        (net.state_dict(), record(&history))
    };
    let one = run(1);
    for threads in [2, 3, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn damaged_and_foreign_checkpoints_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    fit(trainer(&path), &mut net()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let other = folder.path().join("other.safetensors");
    let refused = |bytes: &[u8], word: &str| {
        std::fs::write(&other, bytes).unwrap();
        let mut net = net();
        let before = net.state_dict();
        let error = fit(trainer(&path).resume_from(&other), &mut net).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert_eq!(net.state_dict(), before);
        assert_eq!(std::fs::read(&other).unwrap(), bytes, "the file stays as it was");
    };
    for cut in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..cut], "safetensors");
    }
    let edited = |edit: &dyn Fn(&mut StateDict)| {
        let mut dict = StateDict::from_bytes(&whole).unwrap();
        edit(&mut dict);
        dict.to_bytes().unwrap()
    };
    let nan = |name: &'static str| {
        edited(&move |dict| {
            let Some(Entry::F32(t)) = dict.tensors.get_mut(name) else { panic!("{name}") };
            t.as_mut_slice()[0] = f32::NAN;
        })
    };
    refused(&nan("model.0.weight"), "not finite");
    refused(&nan("model.1.running_var"), "not finite");
    refused(&edited(&|d| drop(d.tensors.remove("model.3.bias"))), "missing");
    refused(&edited(&|d| drop(d.metadata.insert("run.seed".into(), "6".into()))), "seed");
    for step in ["many", "0", "NaN", "-3", "2.5", "59", "61", "1e30", "18446744073709551615"] {
        refused(&edited(&|d| drop(d.metadata.insert("step".into(), step.into()))), "step");
    }
    for seconds in ["NaN", "-1", "inf", ""] {
        refused(&edited(&|d| drop(d.metadata.insert("seconds".into(), seconds.into()))), "seconds");
    }
    refused(&edited(&|d| drop(d.metadata.insert("optimizer.optimizer.steps".into(), "7".into()))), "step");
    refused(&edited(&|d| drop(d.tensors.remove("history.step.values.loss"))), "loss");
    refused(&edited(&|d| drop(d.tensors.remove("history.step.epochs"))), "history");
    let integers = |values: Vec<i64>| Entry::I64(Tensor::from_vec([values.len()], values).unwrap());
    refused(&edited(&|d| drop(d.tensors.insert("history.step.steps".into(), integers(vec![3, 2])))), "history");
    refused(&edited(&|d| drop(d.tensors.insert("history.evaluation.steps".into(), integers(vec![-1])))), "history");
    refused(
        &edited(&|d| drop(d.tensors.insert("history.step.rows.accuracy".into(), integers(vec![i64::MAX])))),
        "accuracy",
    );
    refused(&edited(&|d| d.metadata.clear()), "not a checkpoint");
    refused(&net().state_dict().to_bytes().unwrap(), "not a checkpoint");

    // Of another run: settings of the optimiser, frozen parts, data.
    std::fs::write(&other, &whole).unwrap();
    let differs = |trainer: Trainer, mut net: Sequential, train: &Dataset, word: &str| {
        let before = net.state_dict();
        let error = trainer.resume_from(&other).fit(&mut net, CrossEntropy::default(), train, &data().1).unwrap_err();
        assert!(matches!(error, TrainError::CheckpointRun { what, .. } if what == word), "{error}");
        assert_eq!(net.state_dict(), before);
    };
    let rate = Trainer::new(Adam::new(0.02)).batch_size(32).seed(Seed(5)).steps(60);
    differs(rate, net(), &data().0, "optimizer");
    let mut frozen = net();
    frozen.freeze("0");
    differs(trainer(&path), frozen, &data().0, "frozen");
    let others: Vec<usize> = (0..data().0.len()).rev().collect();
    differs(trainer(&path), net(), &data().0.subset(&others).unwrap(), "data");

    // Of another network.
    std::fs::write(&other, &whole).unwrap();
    let mut wider = sequential![Linear::new(64, 41).without_bias(), BatchNorm::new(41), Relu, Linear::new(41, 10)]
        .initialize(HeNormal::default(), Seed(3))
        .unwrap();
    let before = wider.state_dict();
    assert!(fit(trainer(&path).resume_from(&other), &mut wider).is_err());
    assert_eq!(wider.state_dict(), before);
    assert!(matches!(
        fit(trainer(&path).resume_from(folder.path().join("none")), &mut net()),
        Err(TrainError::Checkpoint { .. })
    ));
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no such folder").join("run.safetensors");
    assert!(matches!(fit(trainer(&missing), &mut net()), Err(TrainError::Checkpoint { .. })));
}

/// A run that goes wrong leaves its last good checkpoint alone.
#[test]
fn a_poisoned_network_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (train, test) = data();
    let diverging = || Trainer::new(Sgd::new(3e38)).batch_size(32).steps(50).checkpoint_every(1, &path);
    std::fs::write(&path, "the last good one").unwrap();
    let error = diverging().fit(&mut net(), CrossEntropy::default(), &train, &test).unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. } | TrainError::Diverged { .. }), "{error}");
    // Either it is what it was, or it can be resumed from.
    let left = std::fs::read(&path).unwrap();
    assert!(
        left == b"the last good one"
            || diverging().resume_from(&path).steps(0).fit(&mut net(), CrossEntropy::default(), &train, &test).is_ok()
    );
}

/// A network without values can be resumed: the checkpoint has them.
#[test]
fn an_uninitialised_network_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut whole = net();
    fit(trainer(&path), &mut whole).unwrap();
    let mut empty = sequential![Linear::new(64, 40).without_bias(), BatchNorm::new(40), Relu, Linear::new(40, 10)];
    fit(trainer(&path).resume_from(&path), &mut empty).unwrap();
    assert_eq!(empty.state_dict(), whole.state_dict());
}
