//! tmp
#![allow(missing_docs)]
use evenkeel_module::{Mode, Module, Parameter, Role, Workspace};
use evenkeel_optim::*;
use evenkeel_tensor::{Seed, Tensor};
use std::time::Instant;
#[derive(Module)]
struct Net {
    w: Parameter,
}
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
            time("adamw norm", t, n, || Optimizer::from(AdamW::new(1e-3)).measure_norm());
            time("adamw value", t, n, || Optimizer::from(AdamW::new(1e-3)).clip_value(0.01));
            time("rmsprop", t, n, || RmsProp::new(1e-3).into());
            time("rmsprop momentum", t, n, || RmsProp::new(1e-3).with_momentum(0.9).into());
            time("adagrad", t, n, || Adagrad::new(1e-3).into());
        }
    }
}
#[test]
fn dots() {
    use evenkeel_tensor::kernel;
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| {
        let g = vec![0.5f32; 100_000];
        let bench = |name: &str, f: &dyn Fn() -> f64| {
            let mut best = f64::MAX;
            for _ in 0..300 {
                let t = Instant::now();
                std::hint::black_box(f());
                best = best.min(t.elapsed().as_secs_f64() * 1e6);
            }
            println!("{name} {best}");
        };
        bench("dot", &|| kernel::dot(&g, &g) as f64);
        bench("sum", &|| kernel::sum(&g) as f64);
        bench("f32 move", &|| {
            g.chunks(32768)
                .map(|g| kernel::simd(move || kernel::sum_by(g.len(), move |i| g[i] * g[i]) as f64))
                .sum::<f64>()
        });
        bench("f64 move", &|| {
            g.chunks(32768)
                .map(|g| kernel::simd(move || kernel::sum_by(g.len(), move |i| g[i] as f64 * g[i] as f64)))
                .sum::<f64>()
        });

        bench("chunks f32", &|| {
            g.chunks(32768)
                .map(|g| {
                    kernel::simd(move || {
                        let (a, _) = g.as_chunks::<32>();
                        let mut l = [0f32; 32];
                        for c in a {
                            for k in 0..32 {
                                l[k] += c[k] * c[k];
                            }
                        }
                        l.iter().sum::<f32>() as f64
                    })
                })
                .sum::<f64>()
        });
        bench("chunks f64", &|| {
            g.chunks(32768)
                .map(|g| {
                    kernel::simd(move || {
                        let (a, _) = g.as_chunks::<32>();
                        let mut l = [0f64; 32];
                        for c in a {
                            for k in 0..32 {
                                let x = c[k] as f64;
                                l[k] += x * x;
                            }
                        }
                        l.iter().sum::<f64>()
                    })
                })
                .sum::<f64>()
        });
        bench("chunks f64 16", &|| {
            g.chunks(32768)
                .map(|g| {
                    kernel::simd(move || {
                        let (a, _) = g.as_chunks::<16>();
                        let mut l = [0f64; 16];
                        for c in a {
                            for k in 0..16 {
                                let x = c[k] as f64;
                                l[k] += x * x;
                            }
                        }
                        l.iter().sum::<f64>()
                    })
                })
                .sum::<f64>()
        });
        bench("sumby assert", &|| {
            g.chunks(32768)
                .map(|g| {
                    kernel::simd(move || {
                        let n = g.len();
                        let g = &g[..n];
                        kernel::sum_by(n, move |i| {
                            let x = g[i] as f64;
                            x * x
                        })
                    })
                })
                .sum::<f64>()
        });
    });
}
