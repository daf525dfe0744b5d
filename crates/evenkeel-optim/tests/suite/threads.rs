//! The same bits with any number of threads, and from one release to the next.

use evenkeel_optim::{Adam, AdamW, Optimizer, RmsProp, Sgd};

use crate::common::{Single, rough};

/// The bits after three steps of a parameter that is split, of a length that divides by nothing.
fn bits(make: impl Fn() -> Optimizer<f32>) -> Vec<u32> {
    const N: usize = 200_003;
    let mut net = Single::<f32>::new(&(0..N).map(rough).collect::<Vec<_>>());
    let mut optimizer = make();
    for step in 1..4 {
        let g: Vec<_> = (0..N).map(|i| rough(i + step * N) * 10f64.powi((i % 7) as i32 - 3)).collect();
        net.step(&mut optimizer, &g).unwrap();
    }
    net.weight.value().as_slice().iter().map(|w| w.to_bits()).collect()
}

#[test]
fn same_bits_at_any_number_of_threads() {
    let makes: [fn() -> Optimizer<f32>; 4] = [
        || Optimizer::new(Sgd::new(0.1)).clip_norm(1.0),
        || Optimizer::new(Sgd::new(0.1).with_momentum(0.9)).clip_value(0.5),
        || Optimizer::new(AdamW::new(0.1)).clip_norm(10.0),
        || RmsProp::new(0.01).with_momentum(0.9).into(),
    ];
    for make in makes {
        let in_pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| bits(make));
        let one = in_pool(1);
        for threads in [2, 3, 7] {
            assert!(in_pool(threads) == one, "{threads} threads");
        }
    }
}

#[test]
fn value_stability() {
    let mut net = Single::<f32>::new(&[0.5, -0.25, 2.0]);
    let mut optimizer = Optimizer::new(Adam::new(0.1).with_weight_decay(0.01)).clip_norm(1.0);
    for g in [[0.5, 1.0, -2.0], [0.1, -0.3, 0.2]] {
        net.step(&mut optimizer, &g).unwrap();
    }
    let bits: Vec<_> = net.weight.value().as_slice().iter().map(|w| w.to_bits()).collect();
    assert_eq!(bits, [0x3e9d_9bbb, 0xbeb9_76f6, 0x4009_5b20], "{:?}", net.values());
}
