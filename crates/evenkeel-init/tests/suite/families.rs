//! Each rule against its formula: deviation, bound, structure, and what it refuses.

use evenkeel_init::check::{check_bound, check_connections, check_init, check_positions, check_scale};
use evenkeel_init::{
    DeltaOrthogonal, Dirac, Distribution, FanMode, Gain, HeNormal, HeUniform, Identity, InitError, Initializer,
    InitializerExt, LeCunNormal, LeCunUniform, Orthogonal, Seed, Shape, Sparse, TruncatedNormal, VarianceScaling,
    XavierNormal, XavierUniform,
};
use proptest::prelude::*;

const SHAPE: [usize; 4] = [64, 32, 5, 5];

#[test]
fn lecun() {
    let shape = Shape::from(SHAPE);
    let (std, bound) = ((1.0 / 800.0f64).sqrt(), (3.0 / 800.0f64).sqrt());
    assert!((LeCunNormal.std(&shape).unwrap() - std).abs() < 1e-15);
    assert!((LeCunUniform.bound(&shape).unwrap() - bound).abs() < 1e-15);
    check_scale::<f32>(&LeCunNormal, &shape, std);
    check_scale::<f64>(&LeCunUniform, &shape, std);
    check_bound::<f32>(&LeCunUniform, &shape, bound, 0.999);
    check_positions::<f32>(&LeCunNormal, &[7, 30].into(), &[700, 30].into());
}

#[test]
fn variance_scaling_has_its_variance_in_every_law() {
    let shape = Shape::from(SHAPE);
    for (mode, fan) in
        [(FanMode::FanIn, 800.0), (FanMode::FanOut, 1600.0), (FanMode::Average, 1200.0), (FanMode::Sum, 2400.0f64)]
    {
        for distribution in [Distribution::Uniform, Distribution::Normal, Distribution::TruncatedNormal] {
            let rule = VarianceScaling::new(1.7, mode, distribution);
            let std = (1.7 / fan).sqrt();
            assert!((rule.std(&shape).unwrap() / std - 1.0).abs() < 1e-14);
            check_scale::<f32>(&rule, &shape, std);
            check_scale::<f64>(&rule, &shape, std);
        }
    }
    let uniform = VarianceScaling { distribution: Distribution::Uniform, ..VarianceScaling::default() };
    check_bound::<f64>(&uniform, &shape, uniform.bound(&shape).unwrap().unwrap(), 0.999);
    let normal = VarianceScaling { distribution: Distribution::Normal, ..uniform };
    assert_eq!(normal.bound(&shape).unwrap(), None);
    // TensorFlow: two deviations of sqrt(1 / fan_in) / 0.87962566103423978. The density there is 0.057 per deviation on
    // either side, so among 51 200 values the largest is within 1 % of the bound with probability 1 - e^-100.
    let truncated = VarianceScaling::default();
    let bound = truncated.bound(&shape).unwrap().unwrap();
    assert!((bound - 2.0 / 800f64.sqrt() / 0.879_625_661_034_239_8).abs() < 1e-15);
    check_bound::<f32>(&truncated, &shape, bound, 0.99);
}

proptest! {
    #[test]
    fn the_named_rules_are_cases_of_variance_scaling(out in 1usize..300, input in 1usize..300, kernel in 1usize..9) {
        let shape = Shape::from([out, input, kernel]);
        let std = |scale, mode| VarianceScaling::new(scale, mode, Distribution::Normal).std(&shape).unwrap();
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-14;
        prop_assert!(close(std(1.0, FanMode::FanIn), LeCunNormal.std(&shape).unwrap()));
        prop_assert!(close(std(1.0, FanMode::Average), XavierNormal::default().std(&shape).unwrap()));
        prop_assert!(close(std(3.0, FanMode::Average) * 3f64.sqrt(),
            XavierUniform::default().with_gain(Gain(3f64.sqrt())).bound(&shape).unwrap()));
        for mode in [FanMode::FanIn, FanMode::FanOut, FanMode::Average, FanMode::Sum] {
            prop_assert!(close(std(2.0, mode), HeNormal::default().with_mode(mode).std(&shape).unwrap()));
            let uniform = VarianceScaling::new(2.0, mode, Distribution::Uniform).bound(&shape).unwrap().unwrap();
            prop_assert!(close(uniform, HeUniform::default().with_mode(mode).bound(&shape).unwrap()));
        }
    }

    #[test]
    fn sparse_has_exactly_k_connections(
        out in 1usize..20, input in 1usize..20, kernel in 1usize..6, share in 0.0f64..1.0, seed: u64,
    ) {
        let k = 1 + (share * (input * kernel) as f64) as usize;
        let weight = Sparse::new(k).tensor::<f32>([out, input, kernel], Seed(seed)).unwrap();
        for unit in weight.as_slice().chunks(input * kernel) {
            prop_assert_eq!(unit.iter().filter(|&&w| w != 0.0).count(), k);
        }
    }
}

#[test]
fn sparse() {
    let shape = Shape::from([200, 7, 3, 3]);
    for k in [1, 15, 62, 63] {
        check_connections::<f32>(&Sparse::new(k), &shape, k);
        // With std² k / fan the variance of all values, zeros included.
        let rule = Sparse::new(k).with_gain(Gain::RELU);
        assert!((rule.std.powi(2) * k as f64 - 2.0).abs() < 1e-12);
        check_scale::<f64>(&rule, &shape, (2.0 / 63.0f64).sqrt());
    }
    check_init::<f32>(&Sparse::new(3), &[[1, 3].into(), [70, 61].into(), [8, 4, 3, 3].into()]);
    // A change here changes every user's results.
    let weight = Sparse::new(2).tensor::<f64>([2, 5], Seed(7)).unwrap();
    assert_eq!(
        weight.as_slice(),
        [
            0.0,
            1.7088590675037496,
            0.0,
            -2.154097102456515,
            0.0,
            0.0,
            0.0,
            -0.4217278239785329,
            -1.2634932735784241,
            0.0
        ]
    );
    // Each of 63 inputs is chosen by 200 units with probability 15/63: Binomial, deviation 6.02; 6 deviations for 63
    // comparisons.
    let weight = Sparse::new(15).tensor::<f32>(shape, Seed(7)).unwrap();
    for input in 0..63 {
        let reached = weight.as_slice().iter().skip(input).step_by(63).filter(|&&w| w != 0.0).count();
        assert!((reached as f64 - 200.0 * 15.0 / 63.0).abs() < 6.0 * 6.02, "input {input}: {reached}");
    }
}

/// Mean and variance by integration with mpmath to 40 digits; scipy.stats.truncnorm agrees.
#[test]
fn truncated_normal() {
    for (low, high, mean, variance) in [
        (-2.0, 2.0, 0.0, 0.773_741_303_549_923_3),
        (-1.0, 3.0, 0.282_786_110_727_154, 0.616_141_735_357_829_3),
        (2.0, 4.0, 2.370_633_159_683_17, 0.109_583_113_631_731_82),
        (6.0, 7.0, 6.157_210_903_378_28, 0.022_748_381_117_511_73),
    ] {
        let rule = TruncatedNormal::default().with_window(low, high);
        assert!((rule.relative_std().powi(2) - variance).abs() < 1e-9, "{}", rule.relative_std().powi(2));
        // Moved by its own mean, and scaled to deviation 0.3.
        let scale = 0.3 / rule.relative_std();
        let centred = rule.with_std_after(0.3).with_mean(-mean * scale);
        check_scale::<f32>(&centred, &[300, 200].into(), 0.3);
        check_scale::<f64>(&centred, &[300, 200].into(), 0.3);
        let weight = rule.tensor::<f64>([300, 200], Seed(7)).unwrap();
        assert!(weight.as_slice().iter().all(|x| (low..=high).contains(x)));
        check_positions::<f32>(&rule, &[5, 1000].into(), &[9, 1000].into());
    }
    // f32 is f64 rounded.
    let rule = TruncatedNormal::default();
    let double = rule.tensor::<f64>([70, 100], Seed(7)).unwrap();
    assert_eq!(rule.tensor::<f32>([70, 100], Seed(7)).unwrap(), double.map(|x| x as f32));
}

#[test]
fn identity_and_dirac() {
    check_init::<f32>(&Identity::scaled(0.01), &[[3, 3].into(), [2, 5].into(), [5, 2].into(), [0, 3].into()]);
    check_init::<f64>(&Dirac::default(), &[[3, 3, 1].into(), [2, 5, 3, 3].into(), [5, 2, 4].into()]);
    let tall = Identity::default().tensor::<f64>([3, 2], Seed(7)).unwrap();
    assert_eq!(tall.as_slice(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    // PyTorch 2.15: dirac_(torch.empty(4, 2, 3, 2), groups=2).nonzero().
    let grouped = Dirac::grouped(2).tensor::<f32>([4, 2, 3, 2], Seed(7)).unwrap();
    let ones: Vec<_> = grouped.as_slice().iter().enumerate().filter(|(_, w)| **w != 0.0).map(|(at, _)| at).collect();
    let at = |o: usize, i: usize, y: usize, x: usize| ((o * 2 + i) * 3 + y) * 2 + x;
    assert_eq!(ones, [at(0, 0, 1, 1), at(1, 1, 1, 1), at(2, 0, 1, 1), at(3, 1, 1, 1)]);
}

#[track_caller]
fn refused(rule: &dyn Initializer<f32>, shape: impl Into<Shape>, words: &[&str]) -> InitError {
    let shape = shape.into();
    let mut values = vec![42.0; shape.numel()];
    let error = rule.fill(&mut values, &shape, Seed(7)).expect_err("refused");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} in {error}");
    }
    assert!(values.iter().all(|&x| x == 42.0), "an error leaves the values alone");
    error
}

#[test]
fn bad_input_is_refused() {
    for k in [0, 10] {
        refused(&Sparse::new(k), [4, 3, 3], &["Sparse", "connections", "from 1 to 9", "fewer"]);
    }
    refused(&Sparse::new(2).with_std(0.0), [4, 3], &["Sparse", "std", "above 0"]);
    refused(&Sparse::new(2).with_std(f64::NAN), [4, 3], &["Sparse", "std"]);
    refused(&Sparse::new(1), [5], &["Sparse", "[5]"]);
    refused(&Orthogonal::default(), [5], &["Orthogonal", "(out, in, kernel...)", "[5]"]);
    refused(&Orthogonal::default(), [0, 3], &["Orthogonal", "[0, 3]"]);
    refused(&Orthogonal::default(), Shape::SCALAR, &["Orthogonal"]);
    refused(&Orthogonal::default().with_gain(Gain(-1.0)), [2, 3], &["Orthogonal", "gain"]);
    refused(&Orthogonal::default().with_gain(Gain(1e300)), [2, 3], &["Orthogonal", "gain", "range of f32"]);
    refused(&DeltaOrthogonal::default(), [3, 4, 3], &["DeltaOrthogonal", "as many outputs", "[3, 4, 3]"]);
    refused(&DeltaOrthogonal::default(), [4, 3], &["DeltaOrthogonal", "use Orthogonal"]);
    refused(&DeltaOrthogonal::default(), [4, 3, 0], &["DeltaOrthogonal", "no extent 0"]);
    refused(&DeltaOrthogonal::default().with_gain(Gain(f64::NAN)), [4, 3, 1], &["DeltaOrthogonal", "gain"]);
    refused(&Identity::default(), [2, 2, 3], &["Identity", "Dirac"]);
    refused(&Identity::scaled(f64::INFINITY), [2, 2], &["Identity", "scale"]);
    refused(&Dirac::default(), [2, 2], &["Dirac", "Identity"]);
    refused(&Dirac::grouped(0), [2, 2, 3], &["Dirac", "0 equal groups"]);
    refused(&Dirac::grouped(3), [4, 2, 3], &["Dirac", "3 equal groups"]);
    refused(&LeCunNormal, [5], &["fans"]);
    refused(&LeCunUniform, [5], &["fans"]);
    for scale in [-1.0, f64::NAN, f64::INFINITY] {
        refused(&VarianceScaling { scale, ..VarianceScaling::default() }, [4, 3], &["VarianceScaling", "scale"]);
    }
    for (low, high) in [(1.0, 1.0), (2.0, -2.0), (f64::NAN, 1.0), (50.0, 51.0), (0.0, f64::INFINITY)] {
        let rule = TruncatedNormal::default().with_window(low, high);
        refused(&rule, [4, 3], &["TruncatedNormal", "low", "window"]);
        assert!(rule.relative_std().is_nan());
    }
    refused(&TruncatedNormal::default().with_std(-1.0), [4, 3], &["TruncatedNormal", "std"]);
    refused(&TruncatedNormal::default().with_mean(f64::NAN), [4, 3], &["TruncatedNormal", "mean"]);
    let error = Sparse::new(1).fill(&mut [0f32; 5], &[2, 3].into(), Seed(7)).unwrap_err();
    assert!(matches!(error, InitError::Shape(_)));
}
