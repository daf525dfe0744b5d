//! A training step of a small convolutional network.

use evenkeel::module::{Sequential, sequential};
use evenkeel::nn::{Conv2d, Flatten, MaxPool2d};
use evenkeel::prelude::*;

use super::naive::{cross_entropy, linear};
use super::training::{Training, widen};
use crate::check::{labels, normal};
use crate::timing::{Timer, Timing};

/// Channels of the images and of the two convolutions' outputs, side of the images, classes.
const CHANNELS: [usize; 3] = [1, 32, 64];
const SIDE: usize = 28;
const CLASSES: usize = 10;

/// A batch of 64: twice a 3x3 convolution, batch normalisation, ReLU and max-pooling; then a linear layer, cross-entropy and
/// plain SGD.
pub(super) fn run(timer: &Timer) -> Result<Timing, String> {
    // In loops, a few images take long enough.
    let mut small = training(4)?;
    let (x, labels) = (widen(small.x.as_slice()), small.labels.clone());
    small.check_gradient(|parameters| loss(&x, labels.as_slice(), parameters))?;
    training(64)?.time(timer)
}

fn network() -> Sequential {
    let [images, first, second] = CHANNELS;
    sequential![
        Conv2d::new(images, first, 3).with_padding(1),
        BatchNorm::new(first),
        Relu,
        MaxPool2d::new(2),
        Conv2d::new(first, second, 3).with_padding(1),
        BatchNorm::new(second),
        Relu,
        MaxPool2d::new(2),
        Flatten,
        Linear::new(second * (SIDE / 4) * (SIDE / 4), CLASSES),
    ]
}

fn training(batch: usize) -> Result<Training, String> {
    let data = (normal([batch, CHANNELS[0], SIDE, SIDE], 2), labels(batch, CLASSES as u32, 3));
    Training::new(network(), Sgd::new(0.1).into(), data)
}

/// The loss in loops, for the parameters in the network's order.
fn loss(x: &[f64], labels: &[u32], parameters: &[Vec<f64>]) -> f64 {
    let [w1, b1, gamma1, beta1, w2, b2, gamma2, beta2, w3, b3] = parameters else {
        unreachable!("weight and bias, scale and shift of each layer")
    };
    let h = convolution(x, CHANNELS[0], SIDE, w1, b1);
    let h = max_pool(&rectified(&h, SIDE * SIDE, gamma1, beta1), SIDE);
    let h = convolution(&h, CHANNELS[1], SIDE / 2, w2, b2);
    let h = max_pool(&rectified(&h, SIDE * SIDE / 4, gamma2, beta2), SIDE / 2);
    cross_entropy(&linear(&h, w3.len() / b3.len(), w3, b3), labels)
}

/// A 3x3 convolution of images of these channels, with padding 1.
fn convolution(x: &[f64], channels: usize, side: usize, weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let at = |image: &[f64], c: usize, i: usize, j: usize| {
        // Off by the padding.
        let inside = (1..=side).contains(&i) && (1..=side).contains(&j);
        if inside { image[(c * side + i - 1) * side + j - 1] } else { 0.0 }
    };
    let mut y = Vec::with_capacity(x.len() / channels * bias.len());
    for image in x.chunks_exact(channels * side * side) {
        for (w, b) in weight.chunks_exact(channels * 9).zip(bias) {
            for p in 0..side * side {
                let terms = w.iter().enumerate();
                let terms = terms.map(|(k, w)| w * at(image, k / 9, p / side + k / 3 % 3, p % side + k % 3));
                y.push(b + terms.sum::<f64>());
            }
        }
    }
    y
}

/// Batch normalisation of planes of this area, and ReLU.
fn rectified(x: &[f64], area: usize, gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    let channels = gamma.len();
    let mut y = x.to_vec();
    for c in 0..channels {
        let values = || x.chunks_exact(area).skip(c).step_by(channels).flatten();
        let n = values().count() as f64;
        let mean = values().sum::<f64>() / n;
        let variance = values().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let scale = gamma[c] / (variance + 1e-5).sqrt();
        let planes = y.chunks_exact_mut(area).skip(c).step_by(channels);
        planes.flatten().for_each(|x| *x = ((*x - mean) * scale + beta[c]).max(0.0));
    }
    y
}

/// The largest of each 2x2 values of square planes.
fn max_pool(x: &[f64], side: usize) -> Vec<f64> {
    let half = side / 2;
    let plane = |x: &[f64]| {
        let at = |p: usize, i: usize, j: usize| x[(p / half * 2 + i) * side + p % half * 2 + j];
        (0..half * half).map(|p| at(p, 0, 0).max(at(p, 0, 1)).max(at(p, 1, 0)).max(at(p, 1, 1))).collect::<Vec<_>>()
    };
    x.chunks_exact(side * side).flat_map(plane).collect()
}
