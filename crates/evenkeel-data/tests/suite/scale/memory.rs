//! What a fit and a transformation hold beside the data.

use evenkeel_data::Tensor;
use evenkeel_testing::cost;

use super::scalers;

/// Data and result included that is about twice the data, on one thread.
#[test]
fn a_copy_of_the_data_at_most() {
    let (rows, columns) = (20_000, 30);
    let x = Tensor::from_fn([rows, columns], |i| (0.37 * i as f64 * i as f64).sin() + (i % columns) as f64);
    let data = (rows * columns * size_of::<f64>()) as f64;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (name, scaler) in scalers::<f64>() {
        let (fit, both) = pool.install(|| {
            let fit = cost(|| scaler.fit_boxed(&x).unwrap()).peak as f64;
            (fit, cost(|| scaler.fit_boxed(&x).unwrap().transform(&x).unwrap()).peak as f64)
        });
        assert!(fit < 0.5 * data && both < 1.2 * data, "{name}: {} and {}", fit / data, both / data);
        // In place nothing is held but a block.
        let mut own = x.clone();
        own.as_mut_slice();
        let in_place = pool.install(|| {
            let fitted = scaler.fit_boxed(&own).unwrap();
            cost(|| fitted.transform_in_place(&mut own).unwrap()).peak as f64
        });
        assert!(in_place < 0.2 * data, "{name}: {}", in_place / data);
    }
}
