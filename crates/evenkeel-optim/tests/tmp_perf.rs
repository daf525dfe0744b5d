//! tmp
#![allow(missing_docs)]
use std::time::Instant;
use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
use evenkeel_optim::*;
use evenkeel_tensor::{Seed, Tensor};
#[derive(Module)]
struct Net { w: Parameter }
fn time(name: &str, threads: usize, n: usize, make: impl Fn() -> Optimizer + Send + Sync) {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
        let mut net = Net { w: Parameter::new(Tensor::full([n], 0.3), Role::Weight) };
        let mut o = make();
        let mut ws = Workspace::new();
        let pass = ws.begin(Mode::Training, Seed(0));
        pass.backward(pass.parameter(&net.w).square().sum());
        let step = ws.finish();
        let mut best = f64::MAX;
        let mut all = vec![];
        for _ in 0..300 {
            let t = Instant::now();
            o.step(&mut net, &step).unwrap();
            let e = t.elapsed().as_secs_f64() * 1e6;
            best = best.min(e);
            all.push(e);
        }
        all.sort_by(f64::total_cmp);
        println!("{name:20} n={n:7} threads={threads} best {best:7.1} us median {:7.1}", all[150]);
    });
}
#[test]
fn perf() {
    for t in [1, 2] {
        for n in [100_000, 670_000] {
            time("sgd", t, n, || Sgd::new(1e-3).into());
            time("sgd momentum", t, n, || Sgd::new(1e-3).with_momentum(0.9).into());
            time("adam", t, n, || Adam::new(1e-3).into());
            time("adamw clip", t, n, || Optimizer::from(AdamW::new(1e-3)).clip_norm(1e-3));
            time("rmsprop", t, n, || RmsProp::new(1e-3).into());
            time("rmsprop momentum", t, n, || RmsProp::new(1e-3).with_momentum(0.9).into());
            time("adagrad", t, n, || Adagrad::new(1e-3).into());
        }
    }
}
