//! The workloads, named as in the peers' tables.

mod cnn;
mod copy;
mod cross_entropy;
mod dropout;
mod fill;
mod layer;
mod mlp;
mod naive;
mod norm;
mod per_sample_norm;
mod product;
mod switchable_norm;
mod training;

use crate::timing::{Timer, Timing};
use mlp::{Activation, Mlp, Rule};

/// One line of the table.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
}

pub(crate) enum Run {
    /// Times the work, and fails if it has not been done.
    Timed(fn(&Timer) -> Result<Timing, String>),
    /// Why it cannot be run.
    Missing(&'static str),
}

const fn timed(name: &'static str, run: fn(&Timer) -> Result<Timing, String>) -> Workload {
    Workload { name, run: Run::Timed(run) }
}

const fn missing(name: &'static str, why: &'static str) -> Workload {
    Workload { name, run: Run::Missing(why) }
}

const PLAIN: Mlp = Mlp {
    sizes: &[784, 100, 100, 100, 10],
    batch: 60,
    norm: false,
    activation: Activation::Sigmoid,
    rule: Rule::Sgd(0.1),
};
const NORMALIZED: Mlp = Mlp { norm: true, ..PLAIN };
const WIDE: Mlp = Mlp { sizes: &[784, 512, 512, 512, 10], batch: 512, ..NORMALIZED };
const ADAM: Mlp =
    Mlp { sizes: &[784, 512, 512, 10], batch: 128, norm: false, activation: Activation::Relu, rule: Rule::Adam(1e-3) };

/// Every workload, in the order in which they are run.
pub(crate) const WORKLOADS: &[Workload] = &[
    timed("mlp_bn_step_b60", |timer| NORMALIZED.run(timer)),
    timed("mlp_plain_step_b60", |timer| PLAIN.run(timer)),
    timed("mlp_bn_step_b512", |timer| WIDE.run(timer)),
    timed("mlp_adam_step_b128", |timer| ADAM.run(timer)),
    timed("bn1d_fwd_bwd", |timer| norm::forward_backward(timer, &[512, 1024])),
    timed("bn2d_fwd_bwd", |timer| norm::forward_backward(timer, &[32, 64, 32, 32])),
    timed("gn_fwd_bwd", per_sample_norm::group_forward_backward),
    timed("in_fwd_bwd", per_sample_norm::instance_forward_backward),
    timed("ln_fwd_bwd", per_sample_norm::layer_forward_backward),
    timed("ln_fwd", per_sample_norm::layer_forward),
    timed("switch_norm_fwd_bwd", switchable_norm::forward_backward),
    timed("bn2d_eval", |timer| norm::evaluation(timer, &[32, 64, 32, 32])),
    timed("dropout_fwd_bwd", |timer| dropout::forward_backward(timer, 0.5)),
    timed("dropout_tenth_fwd_bwd", |timer| dropout::forward_backward(timer, 0.1)),
    timed("softmax_ce_fwd_bwd", |timer| cross_entropy::run(timer, 4096, 1000)),
    timed("cnn_step", cnn::run),
    missing("birnn_ctc_step", "no recurrent layers yet"),
    missing("ctc_fwd_bwd", "no CTC loss yet"),
    timed("matmul_1024", |timer| product::run(timer, 1024, 1024, 1024)),
    timed("matmul_60x784x100", |timer| product::run(timer, 60, 784, 100)),
    timed("xavier_uniform_4096", fill::xavier_uniform),
    timed("he_normal_4096", fill::he_normal),
    timed("orthogonal_1024", |timer| fill::orthogonal(timer, 1024)),
    timed("copy_256MiB", copy::run),
];
