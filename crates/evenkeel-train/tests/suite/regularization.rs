//! Regularisers, augmentations and mixtures in the loop.

use evenkeel_data::augment::{Augment, CutMix, Cutout, Mixup};
use evenkeel_data::{Batches, DataError, Dataset, Digits, Targets};
use evenkeel_init::{HeNormal, XavierUniform};
use evenkeel_module::{Mode, ModuleExt, Sequential, Workspace, sequential};
use evenkeel_nn::{CrossEntropy, Flatten, Linear, Relu};
use evenkeel_norm::BatchNorm;
use evenkeel_optim::{Optimizer, Schedule, Sgd};
use evenkeel_regularize::{L1, L2, MaxNorm, NonNegative, RegularizeError, Regularizer};
use evenkeel_tensor::{Seed, Shape, Tensor};
use evenkeel_train::{TrainError, Trainer, evaluate};

fn data() -> (Dataset, Dataset) {
    let digits = Digits::embedded().take(400).unwrap().reshape_samples([8, 8]).unwrap();
    digits.split_stratified(0.5, Seed(1)).unwrap()
}

fn net() -> Sequential<f64> {
    let net = Sequential::<f64>::default().with(Flatten).with(Linear::new(64, 10));
    net.initialize(XavierUniform::default(), Seed(3)).unwrap()
}

fn parameters(net: &Sequential<f64>) -> [Vec<f64>; 2] {
    let mut values = Vec::new();
    net.for_each_parameter(|_, p| values.push(p.value().as_slice().to_vec()));
    values.try_into().unwrap()
}

/// Plain gradient descent on slices: L2 of 3 through the gradient, L1 of 2 by its proximal step, and no negative biases.
#[test]
fn a_regulariser_does_what_a_loop_by_hand_does() {
    let (train, test) = data();
    let n = train.len() as f64;
    let mut trained = net();
    let optimizer = Optimizer::new(Sgd::new(0.4))
        .schedule(Schedule::exponential(0.98))
        .group("*.weight", |group| group.learning_rate_factor(0.5));
    let regularizer = Regularizer::new()
        .penalty("*", L2::new(3.0))
        .proximal("1.weight", L1::new(2.0))
        .constraint("*.bias", NonNegative)
        .all_roles();
    let history = Trainer::new(optimizer)
        .batch_size(32)
        .seed(Seed(5))
        .epochs(3)
        .regularizer(regularizer)
        .fit(&mut trained, CrossEntropy::default(), &train, &test)
        .unwrap();

    let mut by_hand = net();
    let (mut penalties, mut losses, mut step) = (Vec::new(), Vec::new(), 0);
    let mut workspace = Workspace::new();
    for epoch in 0..3 {
        for batch in train.batches::<f64>(32).shuffled(Seed(5).stream("order")).epoch(epoch) {
            let pass = workspace.begin(Mode::Training, Seed(0));
            let output = evenkeel_module::Forward::forward(&by_hand, &pass, pass.constant(batch.inputs));
            let Targets::Classes(labels) = batch.targets else { panic!("classes") };
            let loss = CrossEntropy::default().loss(output, &labels);
            losses.push(loss.item());
            pass.backward(loss);
            let gradients = workspace.finish();
            let [weights, _] = parameters(&by_hand);
            penalties.push(weights.iter().map(|w| 3.0 * w * w + 2.0 * w.abs()).sum::<f64>() / n);
            let rate = 0.4 * 0.98f64.powi(step);
            step += 1;
            by_hand.for_each_parameter_mut(|path, parameter| {
                let is_weight = path.to_string() == "1.weight";
                gradients.update(parameter, |w, g| {
                    for (w, g) in w.iter_mut().zip(g) {
                        *w = if is_weight {
                            let rate = 0.5 * rate;
                            let moved = *w - rate * (g + 6.0 * *w / n);
                            moved.signum() * (moved.abs() - rate * 2.0 / n).max(0.0)
                        } else {
                            (*w - rate * g).max(0.0)
                        };
                    }
                });
            });
        }
    }
    for (got, expected) in parameters(&trained).iter().flatten().zip(parameters(&by_hand).iter().flatten()) {
        assert!((got - expected).abs() < 1e-12 && (*got == 0.0) == (*expected == 0.0), "{got} {expected}");
    }
    let zeros = |values: &[f64]| values.iter().filter(|w| **w == 0.0).count();
    let [weights, biases] = parameters(&trained);
    assert!(zeros(&weights) > 20 && zeros(&biases) > 0, "{} {}", zeros(&weights), zeros(&biases));
    let same = |metric: &str, expected: &[f64]| {
        let curve = history.curve(metric);
        assert_eq!(curve.len(), expected.len());
        curve.iter().zip(expected).for_each(|((_, a), b)| assert!((a - b).abs() < 1e-12, "{metric}: {a} {b}"));
    };
    same("penalty", &penalties);
    same("loss", &losses);
    // The loss of the held-out data has no penalty in it.
    let result = evaluate(&trained, &CrossEntropy::default(), &test).unwrap();
    assert_eq!(history.last("test_loss"), Some(result.loss));
}

#[test]
fn an_empty_regulariser_changes_nothing() {
    let (train, test) = data();
    let run = |trainer: Trainer<f64>| {
        let mut net = net();
        let history = trainer.epochs(2).fit(&mut net, CrossEntropy::default(), &train, &test).unwrap();
        (net.state_dict(), history.last("penalty"))
    };
    let (plain, none) = run(Trainer::new(Sgd::new(0.1)));
    let (with, penalty) = run(Trainer::new(Sgd::new(0.1)).regularizer(Regularizer::new()));
    assert!(plain == with && none.is_none() && penalty == Some(0.0));
    assert!(run(Trainer::new(Sgd::new(0.1)).regularizer(Regularizer::new().penalty("*", L2::new(1.0)))).0 != plain);
}

#[test]
fn what_does_not_fit_is_said_before_training() {
    let (train, test) = data();
    let refused = |trainer: Trainer<f64>| {
        let mut net = net();
        let before = net.state_dict();
        let error = trainer.fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
        assert_eq!(net.state_dict(), before);
        error
    };
    let trainer = || Trainer::new(Sgd::new(0.1));
    let error = refused(trainer().regularizer(Regularizer::new().penalty("*", L2::new(-1.0))));
    assert!(matches!(error, TrainError::Regularize(RegularizeError::Setting { .. })), "{error}");
    let error = refused(trainer().regularizer(Regularizer::new().constraint("head", MaxNorm::new(1.0))));
    assert!(matches!(error, TrainError::Regularize(RegularizeError::EmptyPattern { .. })), "{error}");
    assert!(matches!(refused(trainer().augment(Cutout::new(3).with_probability(1.5))), TrainError::Data(_)));
    assert!(matches!(refused(trainer().mix(Mixup::new(-1.0))), TrainError::Data(_)));
    let error = refused(trainer().augment(Halved));
    assert!(matches!(error, TrainError::Network(_)), "{error}");
    // A penalty that overflows is found as a loss that does.
    let error = refused(trainer().regularizer(Regularizer::new().penalty("*", L2::new(f64::MAX))));
    assert!(matches!(error, TrainError::Diverged { step: 1, .. }), "{error}");
}

/// The upper half of an image.
#[derive(Debug)]
struct Halved;

impl Augment<f64> for Halved {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Ok(sample.with_dim(0, sample[0] / 2))
    }
    fn apply(&self, sample: &mut Tensor<f64>, _seed: Seed) {
        let shape = sample.shape();
        let half = sample.as_slice()[..shape.numel() / 2].to_vec();
        *sample = Tensor::from_vec(shape.with_dim(0, shape[0] / 2), half).unwrap();
    }
}

/// The batches are those that the data crate gives for the trainer's seed; evaluations see the data as they are.
#[test]
fn augmented_and_mixed_batches_are_trained_on() {
    let (train, test) = data();
    let batches = |seed: Seed| -> Batches<f64> { train.batches(32).shuffled(seed.stream("order")) };
    let changed =
        batches(Seed(5)).augmented(Cutout::new(3), Seed(5)).unwrap().mixed(CutMix::new(1.0), Seed(5)).unwrap();
    let mut trained = net();
    let history = Trainer::new(Sgd::new(0.1))
        .batch_size(32)
        .seed(Seed(5))
        .epochs(2)
        .augment(Cutout::new(3))
        .mix(CutMix::new(1.0))
        .fit(&mut trained, CrossEntropy::default(), &train, &test)
        .unwrap();
    let mut by_hand = net();
    let mut optimizer = Optimizer::new(Sgd::new(0.1));
    let mut workspace = Workspace::new();
    for epoch in 0..2 {
        for batch in changed.epoch(epoch) {
            let pass = workspace.begin(Mode::Training, Seed(0));
            let output = evenkeel_module::Forward::forward(&by_hand, &pass, pass.constant(batch.inputs));
            pass.backward(CrossEntropy::default().soft_loss(output, batch.targets.values().unwrap()));
            optimizer.step(&mut by_hand, &workspace.finish()).unwrap();
        }
    }
    assert_eq!(trained.state_dict(), by_hand.state_dict());
    assert!(history.curve("accuracy").is_empty(), "mixed targets are no classes");
    let result = evaluate(&trained, &CrossEntropy::default(), &test).unwrap();
    assert_eq!((history.last("test_loss"), history.last("test_accuracy")), (Some(result.loss), result.accuracy));
}

/// All of it goes on from a checkpoint bit by bit, and with other settings it does not.
#[test]
fn a_regularised_run_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (train, test) = data();
    let fresh = || -> Sequential<f32> {
        sequential![Flatten, Linear::new(64, 20).without_bias(), BatchNorm::new(20), Relu, Linear::new(20, 10)]
            .initialize(HeNormal::default(), Seed(3))
            .unwrap()
    };
    let regularizer = |lambda| {
        let regularizer = Regularizer::new().penalty("*", L2::new(0.1)).proximal("1", L1::new(lambda));
        regularizer.constraint("*.weight", MaxNorm::new(1.5))
    };
    let settings = |steps: u64, size: usize, lambda: f64| {
        let trainer = Trainer::new(Sgd::new(0.2).with_momentum(0.9)).batch_size(20).seed(Seed(9)).steps(steps);
        let trainer = trainer.augment(Cutout::new(size)).mix(Mixup::new(0.4)).regularizer(regularizer(lambda));
        trainer.checkpoint_every(7, &path)
    };
    let fit = |trainer: Trainer, net: &mut Sequential| trainer.fit(net, CrossEntropy::default(), &train, &test);
    let mut whole = fresh();
    let history = fit(settings(45, 3, 1.0), &mut whole).unwrap();
    for prefetch in [0, 2] {
        fit(settings(23, 3, 1.0), &mut fresh()).unwrap();
        let mut resumed = fresh();
        let again = fit(settings(45, 3, 1.0).prefetch(prefetch).resume_from(&path), &mut resumed).unwrap();
        assert_eq!(resumed.state_dict(), whole.state_dict());
        assert_eq!(again.curve("penalty"), history.curve("penalty"));
    }
    for (size, lambda, what) in [(2, 1.0, "augment"), (3, 2.0, "regularizer")] {
        let mut net = fresh();
        let error = fit(settings(60, size, lambda).resume_from(&path), &mut net).unwrap_err();
        assert!(matches!(&error, TrainError::CheckpointRun { what: got, .. } if *got == what), "{error}");
        assert_eq!(net.state_dict(), fresh().state_dict());
    }
}

/// Runs clones of its layer, which the optimiser never sees.
#[derive(evenkeel_module::Module)]
struct Clones {
    linear: Linear,
}

impl evenkeel_module::Forward for Clones {
    fn forward<'t>(
        &self,
        pass: &evenkeel_module::Pass<'t>,
        x: evenkeel_autograd::Var<'t>,
    ) -> evenkeel_autograd::Var<'t> {
        self.linear.clone().forward(pass, x)
    }
}

#[test]
fn a_penalty_does_not_hide_that_nothing_learns() {
    let (train, test) = Digits::embedded().split_stratified(0.5, Seed(1)).unwrap();
    let mut net = Clones { linear: Linear::new(64, 10).initialize(XavierUniform::default(), Seed(1)).unwrap() };
    let before = net.state_dict();
    let regularizer = Regularizer::new().penalty("*", L2::new(1.0));
    let trainer = Trainer::new(Sgd::new(0.1)).regularizer(regularizer);
    let error = trainer.fit(&mut net, CrossEntropy::default(), &train, &test).unwrap_err();
    assert!(matches!(error, TrainError::NothingLearns), "{error}");
    assert_eq!(net.state_dict(), before);
}
