//! The trainer's batches are those that its sampling promises, in every epoch, and after a resume in the middle of one.

use std::sync::{Arc, Mutex};

use evenkeel_autograd::Var;
use evenkeel_data::{DataError, Dataset, Digits, Sampling, Targets};
use evenkeel_init::HeNormal;
use evenkeel_module::{Mode, ModuleExt, Pass, Sequential, sequential};
use evenkeel_nn::{CrossEntropy, Linear, MeanSquaredError, Relu};
use evenkeel_optim::Adam;
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::{Callback, History, Loss, TrainError, Trainer};

use crate::kill::Kill;

/// 200 digits, of which most are zeros.
fn data() -> (Dataset, Dataset) {
    let digits = Digits::embedded();
    let zeros = (0..digits.len()).filter(|&i| digits.label(i) == Some(0)).take(110);
    let others = (0..digits.len()).filter(|&i| digits.label(i) != Some(0)).take(90);
    let skewed = digits.subset(&Vec::from_iter(zeros.chain(others))).unwrap();
    (skewed, digits.take(100).unwrap())
}

fn net() -> Sequential {
    sequential![Linear::new(64, 20), Relu, Linear::new(20, 10)].initialize(HeNormal::default(), Seed(3)).unwrap()
}

fn samplings() -> [Sampling; 3] {
    let weights = (0..200).map(|i| f64::from(i % 7)).collect();
    [Sampling::Shuffled, Sampling::Balanced, Sampling::Weighted(weights)]
}

fn trainer(sampling: &Sampling) -> Trainer {
    // Epochs of 7 steps: 6 of 32, and one of 8.
    Trainer::new(Adam::new(0.01)).batch_size(32).sampling(sampling.clone()).seed(Seed(5)).steps(20)
}

/// Cross-entropy that remembers the classes of each batch with a gradient.
#[derive(Clone, Default)]
struct Recording(Arc<Mutex<Vec<Vec<u32>>>>);

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recording")
    }
}

impl Loss for Recording {
    fn loss<'t>(&self, pass: &Pass<'t>, output: Var<'t>, targets: &Targets) -> Var<'t> {
        if pass.mode() == Mode::Training {
            self.0.lock().unwrap().push(targets.classes().unwrap().to_vec());
        }
        Loss::loss(&CrossEntropy::default(), pass, output, targets)
    }
}

#[test]
fn a_step_is_given_the_batch_of_its_place() {
    let (train, test) = data();
    for sampling in samplings() {
        for prefetch in [0, 2] {
            let recording = Recording::default();
            trainer(&sampling).prefetch(prefetch).fit(&mut net(), recording.clone(), &train, &test).unwrap();
            let batches = train.batches::<f32>(32).sampled(&sampling, Seed(5).stream("order")).unwrap();
            let expected = (0..3).flat_map(|epoch| batches.epoch(epoch)).take(20);
            let expected: Vec<_> = expected.map(|batch| batch.targets.classes().unwrap().to_vec()).collect();
            assert_eq!(*recording.0.lock().unwrap(), expected, "{sampling}");
            assert_eq!(expected[..7].iter().map(Vec::len).sum::<usize>(), 200, "as many draws as examples");
        }
    }
}

/// The share of zeros in many epochs: as in the data, a tenth, and by the weights.
#[test]
fn classes_come_as_often_as_promised() {
    let (train, test) = data();
    let share = |sampling: Sampling| {
        let recording = Recording::default();
        trainer(&sampling).epochs(50).fit(&mut net(), recording.clone(), &train, &test).unwrap();
        let drawn: Vec<u32> = recording.0.lock().unwrap().concat();
        assert_eq!(drawn.len(), 10_000);
        drawn.iter().filter(|&&class| class == 0).count() as f64 / 1e4
    };
    assert_eq!(share(Sampling::Shuffled), 0.55);
    // The deviation of a share of 10 000 draws is at most 0.005.
    assert!((share(Sampling::Balanced) - 0.1).abs() < 0.015);
    let weights = (0..200).map(|i| if train.label(i) == Some(0) { 3.0 } else { 1.0 }).collect();
    assert!((share(Sampling::Weighted(weights)) - 330.0 / 420.0).abs() < 0.02);
}

fn fit<C: Callback<f32, Sequential>>(trainer: Trainer<f32, C>, net: &mut Sequential) -> Result<History, TrainError> {
    let (train, test) = data();
    trainer.fit(net, CrossEntropy::default(), &train, &test)
}

#[test]
fn a_run_killed_within_an_epoch_goes_on_with_the_same_batches() {
    let folder = tempfile::tempdir().unwrap();
    let (checkpoint, copy) = (folder.path().join("run.safetensors"), folder.path().join("left.safetensors"));
    for sampling in samplings() {
        // Steps 5, 10, 15: none at the end of an epoch of 7.
        let trainer = || trainer(&sampling).checkpoint_every(5, &checkpoint);
        let mut whole = net();
        let history = fit(trainer(), &mut whole).unwrap();
        for at in [6, 19] {
            let kill = Kill { at, checkpoint: checkpoint.clone(), copy: copy.clone() };
            fit(trainer().callback(kill), &mut net()).unwrap();
            for prefetch in [0, 2] {
                let mut resumed = net();
                let again = fit(trainer().resume_from(&copy).prefetch(prefetch), &mut resumed).unwrap();
                assert_eq!(resumed.state_dict(), whole.state_dict(), "{sampling}, killed after step {at}");
                assert_eq!(again.curve("loss"), history.curve("loss"), "{sampling}, killed after step {at}");
            }
        }
    }
}

#[test]
fn a_checkpoint_is_of_one_sampling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let [shuffled, balanced, weighted] = samplings();
    fit(trainer(&weighted).checkpoint_every(5, &path), &mut net()).unwrap();
    let mut others: Vec<f64> = (0..200).map(|i| f64::from(i % 7)).collect();
    others[199] += 1e-9;
    for other in [shuffled, balanced, Sampling::Weighted(others)] {
        let mut net = net();
        let before = net.state_dict();
        let error = fit(trainer(&other).resume_from(&path), &mut net).unwrap_err();
        assert!(matches!(error, TrainError::CheckpointRun { what: "sampling", .. }), "{error}");
        assert!(error.to_string().contains("weighted (200 weights, "), "{error}");
        assert_eq!(net.state_dict(), before);
    }
}

#[test]
fn same_bits_at_any_thread_count() {
    let run = |sampling: &Sampling, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut net = net();
        pool.install(|| fit(trainer(sampling), &mut net)).unwrap();
        net.state_dict()
    };
    for sampling in samplings() {
        let one = run(&sampling, 1);
        for threads in [2, 5] {
            assert!(run(&sampling, threads) == one, "{sampling}, {threads} threads");
        }
    }
}

#[test]
fn samplings_that_do_not_suit_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    fit(trainer(&Sampling::Shuffled).checkpoint_every(5, &path), &mut net()).unwrap();
    let weighted = |weights: &[f64]| Sampling::Weighted(weights.to_vec());
    let mut negative = vec![1.0; 200];
    negative[3] = -1.0;
    let bad =
        [weighted(&[1.0; 199]), weighted(&[]), weighted(&[0.0; 200]), weighted(&[f64::NAN; 200]), weighted(&negative)];
    for sampling in bad {
        for resumed in [false, true] {
            let trainer = if resumed { trainer(&sampling).resume_from(&path) } else { trainer(&sampling) };
            let mut net = net();
            let before = net.state_dict();
            let error = fit(trainer, &mut net).unwrap_err();
            assert!(matches!(error, TrainError::Data(_)), "{error}");
            assert!(error.to_string().contains("weight"), "{error}");
            assert_eq!(net.state_dict(), before);
        }
    }
    let values = Dataset::regression(Tensor::<f32>::ones([8, 1]), Tensor::<f32>::ones([8, 1])).unwrap();
    let mut line = Linear::new(1, 1).initialize(HeNormal::default(), Seed(3)).unwrap();
    let error = trainer(&Sampling::Balanced).fit(&mut line, MeanSquaredError, &values, &values).unwrap_err();
    assert!(matches!(error, TrainError::Data(DataError::NotClasses { .. })), "{error}");
}
