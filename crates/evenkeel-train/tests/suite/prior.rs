//! A network that starts from the prior of the effective class frequencies predicts these, and its weighted loss has no gradient with
//! respect to the output's bias.

use evenkeel_data::balance::ClassWeights;
use evenkeel_data::{Batch, Dataset, Sampling, Tensor};
use evenkeel_init::{ClassPrior, Policy, Zeros};
use evenkeel_module::{Mode, ModuleExt, Workspace};
use evenkeel_nn::{BceWithLogits, CrossEntropy, Linear};
use evenkeel_tensor::Seed;
use evenkeel_train::{Loss, predict};
use proptest::prelude::*;

/// So many examples of each class, of which a network without weights sees nothing.
fn data(counts: &[usize]) -> Dataset {
    let labels: Vec<u32> = counts.iter().zip(0..).flat_map(|(&n, class)| vec![class; n]).collect();
    let x = Tensor::from_fn([labels.len(), 3], |i| (1.3 * i as f64).sin());
    Dataset::classification(x, labels, counts.len()).unwrap()
}

fn net(prior: ClassPrior, outputs: usize) -> Linear<f64> {
    Linear::new(3, outputs).initialize(Policy::new(Zeros).with_biases(prior), Seed(7)).unwrap()
}

/// The largest component of the loss's gradient with respect to the bias, on one batch.
fn bias_gradient(net: &Linear<f64>, loss: &impl Loss<f64>, batch: &Batch<f64>) -> f64 {
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    let output = evenkeel_module::Forward::forward(net, &pass, pass.constant(batch.inputs.clone()));
    let value = loss.loss(&pass, output, &batch.targets);
    pass.backward(value);
    let done = workspace.finish();
    let mut largest = f64::NAN;
    net.for_each_parameter(|path, parameter| {
        if path.matches("bias") {
            let norm = |gradient: &[f64]| gradient.iter().fold(0.0, |max: f64, g| max.max(g.abs()));
            largest = done.with_gradient(parameter, norm).unwrap();
        }
    });
    largest
}

fn whole(data: &Dataset) -> Batch<f64> {
    data.batch(&Vec::from_iter(0..data.len()))
}

/// The mean over the examples of what a softmax, or a sigmoid of one output, makes of the outputs.
fn mean_prediction(net: &Linear<f64>, data: &Dataset) -> Vec<f64> {
    let outputs = predict(net, data).unwrap();
    let classes = outputs.shape()[1];
    let mut mean = vec![0.0; classes];
    for row in outputs.as_slice().chunks_exact(classes) {
        let total: f64 = if classes == 1 { 1.0 + row[0].exp() } else { row.iter().map(|x| x.exp()).sum() };
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x.exp() / total / data.len() as f64);
    }
    mean
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn weighted_cross_entropy(classes in prop::collection::vec((1usize..60, 0.01..100.0f64), 2..6)) {
        let (counts, weights): (Vec<usize>, Vec<f64>) = classes.into_iter().unzip();
        let data = data(&counts);
        let net = net(ClassPrior::softmax(counts.clone()).with_weights(weights.clone()), counts.len());
        let total: f64 = counts.iter().zip(&weights).map(|(&n, w)| n as f64 * w).sum();
        for ((p, &n), w) in mean_prediction(&net, &data).iter().zip(&counts).zip(&weights) {
            prop_assert!((p - n as f64 * w / total).abs() < 1e-12);
        }
        let gradient = bias_gradient(&net, &CrossEntropy::default().with_class_weights(weights), &whole(&data));
        prop_assert!(gradient < 1e-12, "{}", gradient);
    }

    #[test]
    fn weighted_positives(negatives in 1usize..200, positives in 1usize..200, weight in 0.01..100.0f64) {
        let data = data(&[negatives, positives]);
        let net = net(ClassPrior::sigmoid([positives], negatives + positives).with_weights([weight]), 1);
        let mass = positives as f64 * weight;
        prop_assert!((mean_prediction(&net, &data)[0] - mass / (mass + negatives as f64)).abs() < 1e-12);
        let gradient = bias_gradient(&net, &BceWithLogits::default().with_pos_weight([weight]), &whole(&data));
        // Terms up to the weight cancel.
        prop_assert!(gradient < 1e-12 * weight.max(1.0), "{}", gradient);
    }
}

/// Without the weights the prior is off by as much as they change the frequencies: what the law would show.
#[test]
fn the_plain_prior_does_not_suit_weights() {
    let (counts, weights) = ([90, 10], [1.0, 9.0]);
    let loss = CrossEntropy::default().with_class_weights(weights.to_vec());
    let plain = bias_gradient(&net(ClassPrior::softmax(counts), 2), &loss, &whole(&data(&counts)));
    assert!((plain - 0.4).abs() < 1e-12, "{plain}");
}

#[test]
fn balanced_weights_and_draws() {
    let counts = [40, 8, 2];
    let data = data(&counts);
    let net = net(ClassPrior::softmax(counts).balanced(), 3);
    assert!(mean_prediction(&net, &data).iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-15));
    let weights: Vec<f64> = ClassWeights::balanced(&counts).unwrap().into();
    let gradient = bias_gradient(&net, &CrossEntropy::default().with_class_weights(weights), &whole(&data));
    assert!(gradient < 1e-14, "{gradient}");

    // Over many balanced batches without weights in the loss; the deviation of a share of 100 000 draws is 0.0015.
    let batches = data.batches::<f64>(50).sampled(&Sampling::Balanced, Seed(1)).unwrap();
    let drawn: Vec<u32> =
        (0..2000).flat_map(|epoch| batches.epoch(epoch)).flat_map(|b| b.targets.classes().unwrap().to_vec()).collect();
    for class in 0..3 {
        let share = drawn.iter().filter(|&&c| c == class).count() as f64 / drawn.len() as f64;
        assert!((share - 1.0 / 3.0).abs() < 0.008, "{share}");
    }

    let one = self::net(ClassPrior::sigmoid([8], 50).balanced(), 1);
    assert!((mean_prediction(&one, &data)[0] - 0.5).abs() < 1e-14);
}
