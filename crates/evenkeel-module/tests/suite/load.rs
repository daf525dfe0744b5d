//! From a dictionary into a network: all of it, or what fits, and what does not is said.

use evenkeel_init::{UniformFanIn, XavierUniform};
use evenkeel_module::{Buffer, Entry, LoadReport, Mismatch, Mode, Module, ModuleExt, Origin, StateDict};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;

use crate::common::{Centre, Dense, Encoder, run};

fn trained<F: Float>(seed: u64) -> Encoder<F> {
    let policy = evenkeel_init::Policy::new(XavierUniform::default()).with_biases(UniformFanIn);
    let mut net = Encoder::<F>::new().initialize(policy, Seed(seed)).unwrap();
    for step in 0..3 {
        run(&mut net, Mode::Training, Tensor::full([2, 3], F::from_f64(step as f64 - 0.3)));
    }
    net
}

fn through_a_file(module: &impl Module) -> StateDict {
    StateDict::from_bytes(&module.state_dict().to_bytes().unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Values, statistics, counts and where they come from; in either precision.
    #[test]
    fn a_network_survives_the_round_trip(seed in any::<u64>()) {
        let net = trained::<f32>(seed);
        let mut other = Encoder::<f32>::new();
        other.load_state_dict(&through_a_file(&net))?;
        prop_assert_eq!(other.state_dict(), net.state_dict());
        prop_assert_eq!(other.centre.mean.origin(), Origin::Running);

        let net = trained::<f64>(seed);
        let mut other = Encoder::<f64>::new();
        other.load_state_dict(&StateDict::from_bytes(&net.state_dict().to_bytes()?)?)?;
        prop_assert_eq!(other.state_dict(), net.state_dict());
    }
}

#[test]
fn entries_are_of_the_networks_float_and_counts_are_integers() {
    let dict = trained::<f32>(1).state_dict();
    assert!(matches!(dict.tensors["stem.weight"], Entry::F32(_)));
    assert_eq!(dict.tensors["centre.count"], Entry::I64(Tensor::scalar(3)));
    let dict = trained::<f64>(1).state_dict();
    assert!(matches!(dict.tensors["stem.weight"], Entry::F64(_)));
    assert_eq!(dict.tensors["centre.count"], Entry::I64(Tensor::scalar(3)));
}

#[test]
fn a_statistic_says_where_it_comes_from() {
    for origin in [Origin::Initial, Origin::Running, Origin::Population] {
        let mut layer = Centre::<f32>::new();
        layer.mean.set(Tensor::scalar(0.5), origin);
        let mut other = Centre::<f32>::new();
        other.load_state_dict(&through_a_file(&layer)).unwrap();
        assert_eq!(other.mean.origin(), origin);
        // PyTorch keeps running statistics and has no word for it.
        let mut foreign = layer.state_dict();
        foreign.metadata = [("unrelated".to_owned(), String::new())].into();
        other.load_state_dict(&foreign).unwrap();
        assert_eq!(other.mean.origin(), Origin::Running);
    }
}

#[test]
fn a_network_in_another_precision_loads_what_it_can_hold() {
    let double = trained::<f64>(2).state_dict();
    let mut single = Encoder::<f32>::new();
    single.load_state_dict(&double).unwrap();
    assert_eq!(single.stem.weight.value(), &double.tensors["stem.weight"].to_float::<f32>());

    // Finite in f64, infinite in f32.
    let mut huge = double.clone();
    huge.tensors.insert("head.1.weight".into(), Entry::F64(Tensor::full([2, 4], 1e300)));
    let before = single.state_dict();
    let report = single.load_state_dict(&huge).unwrap_err().report;
    assert_eq!(report.not_finite, ["head.1.weight"]);
    assert_eq!(single.state_dict(), before);
    Encoder::<f64>::new().load_state_dict(&huge).unwrap();
}

/// A dictionary with one fault of each kind, and the report of it.
fn faulty(net: &Encoder) -> (StateDict, LoadReport) {
    let mut dict = net.state_dict();
    dict.tensors.remove("blocks.1.bias");
    dict.tensors.insert("blocks.2.weight".into(), Entry::F32(Tensor::zeros([4, 4])));
    dict.tensors.insert("head.0.weight".into(), Entry::F32(Tensor::zeros([4, 5])));
    dict.tensors.insert("stem.bias".into(), Entry::F32(Tensor::from([0.0, f32::NAN, 0.0, 0.0])));
    dict.tensors.insert("centre.mean".into(), Entry::F64(Tensor::scalar(f64::INFINITY)));
    let report = LoadReport {
        loaded: [
            "stem.weight",
            "centre.count",
            "blocks.0.weight",
            "blocks.0.bias",
            "blocks.1.weight",
            "head.0.bias",
            "head.1.weight",
        ]
        .map(str::to_owned)
        .into(),
        missing: vec!["blocks.1.bias".into()],
        unexpected: vec!["blocks.2.weight".into()],
        mismatched: vec![Mismatch { path: "head.0.weight".into(), expected: [4, 4].into(), got: [4, 5].into() }],
        not_finite: vec!["stem.bias".into(), "centre.mean".into()],
        out_of_range: vec![],
    };
    (dict, report)
}

#[test]
fn loading_is_all_or_nothing() {
    let (dict, expected) = faulty(&trained(3));
    let mut net = trained::<f32>(4);
    let before = net.state_dict();
    let error = net.load_state_dict(&dict).unwrap_err();
    assert_eq!(*error.report, expected);
    let text = error.to_string();
    for part in ["missing: blocks.1.bias", "unexpected: blocks.2.weight", "head.0.weight ([4, 5] instead of [4, 4])"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.contains("not finite: stem.bias, centre.mean") && text.contains("load_matching"), "{text}");
    assert_eq!(net.state_dict(), before);
}

#[test]
fn loading_what_fits_loads_that_and_reports_the_rest() {
    let source = trained::<f32>(3);
    let (dict, expected) = faulty(&source);
    let mut net = Encoder::<f32>::new();
    let report = net.load_matching(&dict);
    assert_eq!(report, expected);
    assert!(!report.is_complete());
    let loaded = net.state_dict();
    for path in &report.loaded {
        assert_eq!(loaded.tensors[path], source.state_dict().tensors[path], "{path}");
    }
    // What was left alone still has no value.
    assert!(!net.blocks[1].bias.as_ref().unwrap().is_initialized());
    assert!(!loaded.tensors.contains_key("stem.bias"));
}

#[test]
fn a_long_list_of_problems_is_cut_short() {
    let net = trained::<f32>(5);
    let text = Dense::<f32>::new(1, 1).load_state_dict(&net.state_dict()).unwrap_err().to_string();
    assert!(text.contains("missing: weight, bias") && text.contains("and 6 more"), "{text}");
}

#[test]
fn numbers_below_a_buffers_range_are_reported_and_not_loaded() {
    #[derive(Module)]
    struct Net<F: Float> {
        spread: Buffer<F>,
        any: Buffer<F>,
        steps: Buffer<F>,
    }
    let mut net = Net::<f64> {
        spread: Buffer::non_negative(Tensor::ones([2])),
        any: Buffer::new(Tensor::ones([1])),
        steps: Buffer::counter(),
    };
    assert!(net.spread.is_non_negative() && net.steps.is_non_negative() && !net.any.is_non_negative());
    let before = net.state_dict();
    for steps in [Entry::I64(Tensor::scalar(-5)), Entry::F32(Tensor::scalar(-1.0))] {
        let mut dict = before.clone();
        dict.tensors.insert("spread".into(), Entry::F64(Tensor::from([0.0, -1e-300])));
        dict.tensors.insert("any".into(), Entry::F64(Tensor::from([-7.0])));
        dict.tensors.insert("steps".into(), steps);
        let error = net.load_state_dict(&dict).unwrap_err();
        assert_eq!(error.report.out_of_range, ["spread", "steps"]);
        assert!(error.to_string().contains("negative: spread, steps"), "{error}");
        assert_eq!(net.state_dict(), before);
    }
    // -0 is 0.
    let mut dict = before.clone();
    dict.tensors.insert("spread".into(), Entry::F64(Tensor::from([0.0, -0.0])));
    net.load_state_dict(&dict).unwrap();
}

/// Also beyond the integers that a float has.
#[test]
fn counts_are_exact() {
    let mut count = Buffer::<f32>::counter();
    for n in [(1 << 24) + 1, (1 << 53) + 1, i64::MAX as u64] {
        count.set_count(n, Origin::Running);
        let dict = StateDict::from_bytes(&ModuleExt::<f32>::state_dict(&count).to_bytes().unwrap()).unwrap();
        let mut other = Buffer::<f32>::counter();
        other.load_state_dict(&dict).unwrap();
        assert_eq!((other.count(), other.value().item()), (n, n as f32));
        assert_eq!(count.clone().count(), n);
    }
    count.set(Tensor::scalar(3.0), Origin::Running);
    assert_eq!(count.count(), 3);
}

#[test]
fn what_has_no_value_is_not_saved() {
    let dict = Dense::<f32>::new(2, 2).state_dict();
    assert!(dict.tensors.is_empty());
    let error = Dense::<f32>::new(2, 2).load_state_dict(&dict).unwrap_err();
    assert_eq!(error.report.missing, ["weight", "bias"]);
}
