//! Kernels on one thread: normalisation, cross-entropy, update rules.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evenkeel::autograd::Tape;
use evenkeel::init::random;
use evenkeel::norm::{Moments, Normalizer, batch_norm};
use evenkeel::optim::{Rule, StepInfo};
use evenkeel::prelude::*;
use evenkeel::tensor::Shape;

fn normal(shape: impl Into<Shape>, seed: u64) -> Tensor {
    let mut tensor = Tensor::zeros(shape);
    random::normal(tensor.as_mut_slice(), 0.0, 1.0, Seed(seed));
    tensor
}

/// Settings under which all work is done by the thread that measures.
fn one_thread() -> Criterion {
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("no pool before");
    Criterion::default()
}

/// Batch normalisation's statistics alone, its forward pass, and both passes.
fn norm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("norm");
    for shape in [Shape::from([512, 1024]), Shape::from([32, 64, 32, 32])] {
        let (x, dy) = (normal(shape, 1), normal(shape, 2));
        let id = |pass| BenchmarkId::new(pass, shape.to_string());
        let mut tape = Tape::<f32>::new();
        group.throughput(Throughput::Elements(x.as_slice().len() as u64));
        group.bench_function(id("moments"), |b| b.iter(|| Moments::of(&x)));
        for (name, backward) in [("forward", false), ("forward and backward", true)] {
            group.bench_function(id(name), |b| {
                b.iter(|| {
                    tape.reset();
                    let y = batch_norm(tape.variable(x.clone()), None, Normalizer::Batch, 1e-5);
                    if backward {
                        tape.backward_from(y, dy.as_slice());
                    }
                });
            });
        }
    }
}

/// Forward and backward, over few and over many classes, the latter not whole vectors.
fn cross_entropy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cross_entropy");
    for [examples, classes] in [[512, 10], [256, 1000]] {
        let logits = normal([examples, classes], 1);
        let labels = Tensor::from_fn([examples], |i| (i % classes) as u32);
        let mut tape = Tape::<f32>::new();
        group.throughput(Throughput::Elements((examples * classes) as u64));
        group.bench_function(logits.shape().to_string(), |b| {
            b.iter(|| {
                tape.reset();
                let loss = tape.variable(logits.clone()).cross_entropy(labels.clone());
                tape.backward(loss);
            });
        });
    }
}

/// The update of a tile of values.
fn update(criterion: &mut Criterion) {
    const TILE: usize = 1024;
    let mut group = criterion.benchmark_group("update");
    let rules: [(&str, Box<dyn Rule>); 3] = [
        ("Sgd", Box::new(Sgd::new(0.1))),
        ("Sgd with momentum", Box::new(Sgd::new(0.1).with_momentum(0.9))),
        ("Adam", Box::new(Adam::new(1e-3))),
    ];
    let (w, g) = (normal([TILE], 1), normal([TILE], 2));
    let at = StepInfo { learning_rate: 1e-3, weight_decay: 0.0, update: 10 };
    group.throughput(Throughput::Elements(TILE as u64));
    for (name, rule) in rules {
        let (mut w, mut state) = (w.clone(), vec![0.1; rule.state_names().len() * TILE]);
        group.bench_function(name, |b| {
            b.iter(|| rule.update(&at, w.as_mut_slice(), black_box(g.as_slice()), &mut state));
        });
    }
}

criterion_group! { name = benches; config = one_thread(); targets = norm, cross_entropy, update }
criterion_main!(benches);
