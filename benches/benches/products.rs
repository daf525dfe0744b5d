//! Small matrix products, as a linear layer makes them: the output x Wᵀ and the gradients dy W and dyᵀ x.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evenkeel::init::random;
use evenkeel::prelude::*;
use evenkeel::tensor::kernel::matmul::{Matrix, Write, matmul};

/// Settings under which all work is done by the thread that measures.
fn one_thread() -> Criterion {
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("no pool before");
    Criterion::default()
}

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("products");
    for [batch, inputs, outputs] in [[60, 784, 100], [60, 100, 100], [60, 100, 10], [128, 784, 512]] {
        let filled = |len: usize, seed| {
            let mut values = vec![0f32; len];
            random::normal(&mut values, 0.0, 1.0, Seed(seed));
            values
        };
        let (x, w, dy) = (filled(batch * inputs, 1), filled(outputs * inputs, 2), filled(batch * outputs, 3));
        let (x, w, dy) =
            (Matrix::new(&x, batch, inputs), Matrix::new(&w, outputs, inputs), Matrix::new(&dy, batch, outputs));
        group.throughput(Throughput::Elements((batch * inputs * outputs) as u64));
        for (name, a, b) in [("y", x, w.t()), ("dx", dy, w), ("dw", dy.t(), x)] {
            let mut c = vec![0.0; a.rows * b.columns];
            group.bench_function(BenchmarkId::new(name, format!("{batch}x{inputs}x{outputs}")), |bencher| {
                bencher.iter(|| matmul(a, b, &mut c, Write::Overwrite));
            });
        }
    }
}

criterion_group! { name = benches; config = one_thread(); targets = products }
criterion_main!(benches);
