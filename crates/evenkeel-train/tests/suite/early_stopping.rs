//! Early stopping gives the best weights back, plateaus lower the learning rate, and both go on from a checkpoint bit by bit.

use std::path::Path;

use evenkeel_data::{Dataset, Digits};
use evenkeel_init::HeNormal;
use evenkeel_module::{Entry, ModuleExt, Sequential, StateDict, sequential};
use evenkeel_nn::{CrossEntropy, Linear, Relu};
use evenkeel_norm::BatchNorm;
use evenkeel_optim::{Adam, Optimizer, Schedule, Sgd};
use evenkeel_regularize::{EarlyStopping, Monitor, Plateau, RegularizeError};
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::{Callback, Event, Flow, History, TrainError, Trainer, evaluate};

use crate::kill::Kill;

/// Few examples, so that a network soon fits their noise.
fn data() -> (Dataset, Dataset) {
    Digits::embedded().take(240).unwrap().split_stratified(0.25, Seed(1)).unwrap()
}

fn net() -> Sequential {
    sequential![Linear::new(64, 40).without_bias(), BatchNorm::new(40), Relu, Linear::new(40, 10)]
        .initialize(HeNormal::default(), Seed(3))
        .unwrap()
}

/// 4 steps an epoch.
fn trainer(steps: u64) -> Trainer {
    Trainer::new(Adam::new(0.02)).batch_size(14).drop_last().seed(Seed(5)).steps(steps)
}

fn fit<C: Callback<f32, Sequential>>(trainer: Trainer<f32, C>, net: &mut Sequential) -> Result<History, TrainError> {
    let (train, test) = data();
    trainer.fit(net, CrossEntropy::default(), &train, &test)
}

fn test_loss(net: &Sequential) -> f64 {
    evaluate(net, &CrossEntropy::default(), &data().1).unwrap().loss
}

/// Ends the run after a step.
struct StopAt(u64);

impl Callback<f32, Sequential> for StopAt {
    fn after_step(&mut self, event: &Event<'_, f32, Sequential>) -> Flow {
        if event.step == self.0 { Flow::Stop } else { Flow::Continue }
    }
}

/// Adds a metric whose values are given.
struct Measured(&'static str, Vec<f64>);

impl Callback<f32, Sequential> for Measured {
    fn measure(&mut self, _network: &Sequential, metrics: &mut Vec<(&'static str, f64)>) {
        metrics.push((self.0, self.1.remove(0)));
    }
}

#[test]
fn the_best_weights_are_given_back() {
    // By patience, and where patience outlasts the run: by its length, and by a callback between two evaluations.
    let patient = EarlyStopping::new(1000);
    let runs: [(&str, Result<History, TrainError>, Sequential); 3] = [
        ("patience", trainer(10_000).early_stopping(EarlyStopping::new(5)), None),
        ("length", trainer(200).early_stopping(patient.clone()), None),
        ("callback", trainer(10_000).early_stopping(patient), Some(StopAt(202))),
    ]
    .map(|(how, trainer, stop)| {
        let mut net = net();
        let history = match stop {
            None => fit(trainer, &mut net),
            Some(stop) => fit(trainer.callback(stop), &mut net),
        };
        (how, history, net)
    });
    for (how, history, net) in runs {
        let history = history.unwrap();
        let (step, best) = history.best("test_loss").unwrap();
        assert_eq!(history.restored_step(), Some(step), "{how}");
        assert_eq!(test_loss(&net), best, "{how}");
        let last = history.steps().last_step().unwrap();
        assert!(step < last && best < history.last("test_loss").unwrap(), "{how}: there was nothing to give back");
        if how == "patience" {
            assert_eq!(last, step + 5 * 4, "5 evaluations, one an epoch");
        }
        // It is the network of a run that ended there.
        let mut until = self::net();
        fit(trainer(step), &mut until).unwrap();
        assert_eq!(net.state_dict(), until.state_dict(), "{how}");
    }
}

/// An evaluation that is made because the run ends may be the best one.
#[test]
fn the_last_weights_may_be_the_best() {
    let mut net = net();
    let history = fit(trainer(6).early_stopping(EarlyStopping::new(3)), &mut net).unwrap();
    assert_eq!(history.evaluations().curve("test_loss").map(|(step, _)| step).collect::<Vec<_>>(), [4, 6]);
    assert_eq!(history.restored_step(), Some(6));
    assert_eq!(test_loss(&net), history.last("test_loss").unwrap());
    // Without any training they are the only ones.
    let history = fit(trainer(0).early_stopping(EarlyStopping::new(3)), &mut net).unwrap();
    assert_eq!(history.restored_step(), Some(0));
}

#[test]
fn nothing_is_given_back_within_the_warm_up_or_without_early_stopping() {
    let (mut warm, mut plain) = (net(), net());
    let stopping = EarlyStopping::new(1).on(Monitor::default().warm_up(1000));
    assert_eq!(fit(trainer(100).early_stopping(stopping), &mut warm).unwrap().restored_step(), None);
    assert_eq!(fit(trainer(100), &mut plain).unwrap().restored_step(), None);
    assert_eq!(warm.state_dict(), plain.state_dict());
}

#[test]
fn any_metric_can_be_watched() {
    let score = || Measured("score", vec![0.1, 0.3, 0.2, 0.1, 0.25, 0.9]);
    let stopping = |patience| EarlyStopping::new(patience).on("score");
    let history = fit(trainer(1000).early_stopping(stopping(3)).callback(score()), &mut net()).unwrap();
    assert_eq!((history.restored_step(), history.steps().last_step()), (Some(8), Some(20)));
    let lower = EarlyStopping::new(2).on(Monitor::of("score").lower_is_better());
    let history = fit(trainer(1000).early_stopping(lower).callback(score()), &mut net()).unwrap();
    assert_eq!((history.restored_step(), history.steps().last_step()), (Some(4), Some(12)));
    let history =
        fit(trainer(1000).evaluate_every(3).early_stopping(stopping(3)).callback(score()), &mut net()).unwrap();
    assert_eq!((history.restored_step(), history.steps().last_step()), (Some(6), Some(15)));
}

#[test]
fn a_plateau_lowers_the_learning_rate() {
    let mut flat = vec![1.0; 100];
    flat[1] = 0.5;
    let optimizer = || Optimizer::new(Sgd::new(0.5)).schedule(Schedule::exponential(0.99));
    let run = |optimizer: Optimizer| {
        let plateau = Plateau::new(0.5, 2).cooldown(1).min_factor(0.2).on("flat_loss");
        let trainer = Trainer::new(optimizer).batch_size(14).drop_last().steps(60).plateau(plateau);
        fit(trainer.callback(Measured("flat_loss", flat.clone())), &mut net()).unwrap()
    };
    // The best is the second evaluation, after 8 steps; 2 more make a plateau, and then 1 + 2.
    let factor = |step: u64| match step {
        ..=16 => 1.0,
        17..=28 => 0.5,
        29..=40 => 0.25,
        _ => 0.2,
    };
    let mut scaled = optimizer();
    scaled.set_learning_rate_scale(0.1);
    for (history, scale) in [(run(optimizer()), 1.0), (run(scaled), 0.1)] {
        for (step, rate) in history.curve("learning_rate") {
            let expected = scale * 0.5 * 0.99f64.powi(step as i32 - 1) * factor(step);
            assert!((rate - expected).abs() < 1e-12, "step {step}: {rate} {expected}");
        }
    }
}

/// Steps and metrics without the times.
fn record(history: &History) -> (Vec<(u64, f64)>, Option<u64>) {
    let metrics = ["loss", "accuracy", "learning_rate", "test_loss", "test_accuracy"];
    (metrics.iter().flat_map(|m| history.curve(m)).collect(), history.restored_step())
}

/// Saves at every third step: at some evaluations and between others.
fn watched(checkpoint: &Path, steps: u64) -> Trainer {
    trainer(steps)
        .early_stopping(EarlyStopping::new(8).on(Monitor::default().smoothing(0.2).warm_up(1)))
        .plateau(Plateau::new(0.5, 3).on("test_accuracy"))
        .checkpoint_every(3, checkpoint)
}

#[test]
fn a_run_killed_anywhere_stops_where_it_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let (checkpoint, copy) = (folder.path().join("run.safetensors"), folder.path().join("left.safetensors"));
    let mut whole = net();
    let history = fit(watched(&checkpoint, 10_000), &mut whole).unwrap();
    let (best, last) = (history.restored_step().unwrap(), history.steps().last_step().unwrap());
    assert_eq!(last, best + 8 * 4);
    assert!(history.last("learning_rate").unwrap() < 0.02, "there was a plateau");
    for at in [4, best - 2, best + 1, best + 3, best + 17, last - 1, last] {
        let kill = Kill { at, checkpoint: checkpoint.clone(), copy: copy.clone() };
        fit(watched(&checkpoint, 10_000).callback(kill), &mut net()).unwrap();
        let mut resumed = net();
        let again = fit(watched(&checkpoint, 10_000).resume_from(&copy), &mut resumed).unwrap();
        assert_eq!(resumed.state_dict(), whole.state_dict(), "killed after step {at}");
        assert_eq!(record(&again), record(&history), "killed after step {at}");
    }
    // A finished run is resumed at its end.
    fit(watched(&checkpoint, 10_000), &mut net()).unwrap();
    let mut finished = net();
    let again = fit(watched(&checkpoint, 10_000).resume_from(&checkpoint), &mut finished).unwrap();
    assert_eq!((finished.state_dict(), record(&again)), (whole.state_dict(), record(&history)));
}

/// A run that ended by its length, between two evaluations, goes on as if it had been longer from the start.
#[test]
fn a_run_made_longer() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("run.safetensors");
    let mut whole = net();
    let history = fit(watched(&checkpoint, 10_000), &mut whole).unwrap();
    for length in [2, 5, history.restored_step().unwrap() + 5, history.steps().last_step().unwrap() - 1] {
        fit(watched(&checkpoint, length), &mut net()).unwrap();
        let mut longer = net();
        let again = fit(watched(&checkpoint, 10_000).resume_from(&checkpoint), &mut longer).unwrap();
        assert_eq!(longer.state_dict(), whole.state_dict(), "from {length} steps");
        assert_eq!(again.restored_step(), history.restored_step());
        assert_eq!(again.curve("loss"), history.curve("loss"));
    }
}

#[test]
fn damaged_and_foreign_checkpoints_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("run.safetensors"), folder.path().join("other.safetensors"));
    fit(watched(&path, 40), &mut net()).unwrap();
    let whole = StateDict::open(&path).unwrap();
    let refused = |trainer: Trainer, edit: &dyn Fn(&mut StateDict)| {
        let mut dict = whole.clone();
        edit(&mut dict);
        dict.save(&other).unwrap();
        let mut net = net();
        let before = net.state_dict();
        let error = fit(trainer.resume_from(&other), &mut net).unwrap_err();
        assert_eq!(net.state_dict(), before);
        error
    };
    let damaged = |edit: &dyn Fn(&mut StateDict), word: &str| {
        let error = refused(watched(&path, 80), edit).to_string();
        assert!(error.contains(word), "{error}");
    };
    damaged(&|d| d.tensors.retain(|name, _| !name.starts_with("best.")), "no best weights");
    damaged(&|d| drop(d.tensors.remove("best.0.weight")), "not of this network");
    damaged(&|d| drop(d.tensors.insert("best.0.bias".into(), Entry::F32(Tensor::zeros([40])))), "not of this network");
    damaged(&|d| drop(d.tensors.insert("best.3.bias".into(), Entry::F32(Tensor::zeros([9])))), "not of this network");
    damaged(&|d| drop(d.tensors.insert("best.3.bias".into(), Entry::F32(Tensor::full([10], f32::NAN)))), "not finite");
    let spoilt = |dict: &mut StateDict| {
        let Some(Entry::F64(losses)) = dict.tensors.get_mut("history.evaluation.values.test_loss") else { panic!() };
        losses.as_mut_slice()[3] = f64::NAN;
    };
    assert!(matches!(refused(watched(&path, 80), &spoilt), TrainError::Metric { step: 16, .. }));

    let differs = |trainer: Trainer, what: &str| {
        let error = refused(trainer, &|_| ());
        assert!(matches!(&error, TrainError::CheckpointRun { what: got, .. } if *got == what), "{error}");
    };
    differs(watched(&path, 80).early_stopping(EarlyStopping::new(9)), "early_stopping");
    differs(watched(&path, 80).plateau(Plateau::new(0.5, 4).on("test_accuracy")), "plateau");
    differs(watched(&path, 80).evaluate_every(2), "evaluate_every");
    differs(trainer(80), "early_stopping");
}

#[test]
fn settings_out_of_range_are_refused_before_training() {
    let refused = |trainer: Trainer| {
        let mut net = net();
        let before = net.state_dict();
        let error = fit(trainer, &mut net).unwrap_err();
        assert_eq!(net.state_dict(), before);
        error
    };
    let setting = |error| matches!(error, TrainError::Regularize(RegularizeError::Setting { .. }));
    assert!(setting(refused(trainer(9).early_stopping(EarlyStopping::new(0)))));
    assert!(setting(refused(trainer(9).early_stopping(EarlyStopping::new(1).on(Monitor::default().smoothing(1.0))))));
    assert!(setting(refused(trainer(9).plateau(Plateau::new(1.0, 1)))));
    assert!(setting(refused(trainer(9).plateau(Plateau::new(0.5, 0)))));

    let error = refused(trainer(9).plateau(Plateau::new(0.5, 1).on("test_acuracy")));
    assert!(matches!(error, TrainError::UnknownMetric { setting: "plateau", .. }));
    let error = refused(trainer(9).early_stopping(EarlyStopping::new(1).on("loss"))).to_string();
    assert!(error.contains("got `loss` where there are test_loss, test_accuracy"), "{error}");
}

/// With a callback it shows at the first evaluation only.
#[test]
fn a_metric_that_nobody_measures() {
    for (trainer, setting) in [
        (trainer(9).early_stopping(EarlyStopping::new(1).on("scores")), "early_stopping"),
        (trainer(9).plateau(Plateau::new(0.5, 1).on("scores")), "plateau"),
    ] {
        let error = fit(trainer.callback(Measured("score", vec![0.1; 9])), &mut net()).unwrap_err();
        let TrainError::UnknownMetric { setting: got, metric, known } = &error else { panic!("{error}") };
        assert_eq!((*got, metric.as_str(), known.as_str()), (setting, "scores", "score, test_accuracy, test_loss"));
    }
}

/// Measures at every other evaluation.
struct Now(bool);

impl Callback<f32, Sequential> for Now {
    fn measure(&mut self, _network: &Sequential, metrics: &mut Vec<(&'static str, f64)>) {
        self.0 = !self.0;
        metrics.extend(self.0.then_some(("score", 1.0)));
    }
}

#[test]
fn an_evaluation_without_the_metric_does_not_count() {
    let trainer = trainer(1000).early_stopping(EarlyStopping::new(3).on("score"));
    let history = fit(trainer.callback(Now(false)), &mut net()).unwrap();
    assert_eq!((history.restored_step(), history.steps().last_step()), (Some(4), Some(4 + 3 * 8)));
}

#[test]
fn a_metric_that_is_not_finite_is_an_error() {
    for value in [f64::NAN, f64::INFINITY] {
        for trainer in [
            trainer(40).early_stopping(EarlyStopping::new(1).on("score")),
            trainer(40).plateau(Plateau::new(0.5, 1).on("score")),
        ] {
            let score = Measured("score", vec![0.1, 0.2, value, 0.3]);
            let error = fit(trainer.callback(score), &mut net()).unwrap_err();
            assert!(matches!(error, TrainError::Metric { step: 12, .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("after step 12") && text.contains(&format!("finite `score`, got {value}")), "{text}");
        }
    }
}

#[test]
fn the_history_tells_which_weights_they_are() {
    let history = fit(trainer(60).early_stopping(EarlyStopping::new(100)), &mut net()).unwrap();
    let step = history.restored_step().unwrap();
    let page = history.report("run").to_html();
    assert!(page.contains(&format!("has the weights of step {step}.")) && page.contains("weights given back"));
    let mut text = Vec::new();
    history.write_json_lines(&mut text).unwrap();
    assert!(text.ends_with(format!("{{\"kind\":\"restored\",\"step\":{step}}}\n").as_bytes()));
    assert_eq!(History::read_json_lines(&text[..]).unwrap().restored_step(), Some(step));
    assert!(History::read_json_lines(&br#"{"kind":"restored","step":-1}"#[..]).is_err());
    let plain = fit(trainer(60), &mut net()).unwrap().report("run").to_html();
    assert!(!plain.contains("weights given back"));
}
