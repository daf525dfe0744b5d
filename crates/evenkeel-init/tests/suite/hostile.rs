//! Parameters and shapes that mean nothing: each a typed error that names the rule, and the slice as it was.

use evenkeel_init::{
    Constant, Decomposition, DeltaOrthogonal, Float, Gain, HeNormal, HeUniform, InitError, Initializer, InitializerExt,
    Normal, Orthogonal, Policy, Seed, Shape, Sparse, TruncatedNormal, Uniform, UniformFanIn, XavierNormal,
    XavierUniform, Zeros,
};

#[track_caller]
fn refused<F: Float>(rule: &dyn Initializer<F>, shape: Shape, words: &[&str]) {
    let mut values = vec![F::from_f64(42.0); shape.numel()];
    let message = rule.fill(&mut values, &shape, Seed(7)).expect_err("refused").to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} in {message:?}");
    }
    assert!(values.iter().all(|x| x.to_f64() == 42.0), "an error leaves the values alone");
}

#[test]
fn parameters() {
    let shape = Shape::from([4, 3]);
    for x in [f64::NAN, f64::INFINITY, -1.0] {
        let got = &format!("got {x}")[..];
        refused::<f64>(&Normal::with_std(x), shape, &["Normal", "std", "not negative", got]);
        refused::<f64>(&XavierUniform { gain: Gain(x) }, shape, &["XavierUniform", "gain", "not negative", got]);
        refused::<f64>(&XavierNormal { gain: Gain(x) }, shape, &["XavierNormal", "gain", "not negative", got]);
        refused::<f64>(&HeUniform::default().with_slope(x), shape, &["HeUniform", "slope", "not negative", got]);
        refused::<f64>(&HeNormal::default().with_slope(x), shape, &["HeNormal", "slope", "not negative", got]);
    }
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused::<f32>(&Constant(x), shape, &["Constant", "value", "finite"]);
        refused::<f32>(&Normal::new(x, 1.0), shape, &["Normal", "mean", "finite"]);
        refused::<f32>(&Uniform::new(x, 1.0), shape, &["Uniform", "low", "finite"]);
        refused::<f32>(&Uniform::new(0.0, x), shape, &["Uniform", "high", "finite"]);
    }
    refused::<f32>(&Uniform::new(1.0, -1.0), shape, &["Uniform", "low", "at most high = -1", "swap"]);
    refused::<f32>(&Uniform::symmetric(-1.0), shape, &["swap"]);
}

#[test]
fn what_f64_holds_and_f32_does_not() {
    let shape = Shape::from([4, 3]);
    for x in [1e300, 1e-60] {
        refused::<f32>(&Normal::with_std(x), shape, &["Normal", "std", "range of f32"]);
        refused::<f32>(&XavierUniform { gain: Gain(x) }, shape, &["XavierUniform", "bound", "range of f32"]);
        refused::<f32>(&Constant(x), shape, &["Constant", "range of f32"]);
        Normal::with_std(x).fill(&mut [0f64; 12], &shape, Seed(7)).unwrap();
    }
}

/// Deviations and gains that are finite themselves, but not what would be drawn by them.
#[test]
fn no_value_is_infinite() {
    fn check<F: Float>(max: f64, reach: f64) {
        let shape = Shape::from([100, 101]);
        let range = &format!("within the range of {}", F::NAME)[..];
        // The largest of 10 100 draws is beyond 3 deviations: without the check these would be infinite.
        for std in [max / 3.0, 1.01 * (max / reach)] {
            let wide = TruncatedNormal::default().with_std(std).with_window(-1.2 * reach, 1.2 * reach);
            let rules: [&dyn Initializer<F>; 3] = [&Normal::with_std(std), &Sparse::new(80).with_std(std), &wide];
            rules.into_iter().for_each(|rule| refused(rule, shape, &["std", range, "ordinary size"]));
        }
        refused::<F>(&Normal::new(-0.9 * max, 0.02 * max), shape, &["Normal", "std", range]);
        refused::<F>(&TruncatedNormal::default().with_mean(0.9 * max).with_std(0.06 * max), shape, &["std", range]);
        let near = max / reach * 0.99;
        let fill = |rule: &dyn Initializer<F>| rule.tensor(shape, Seed(7)).unwrap();
        let drawn = [
            fill(&Normal::with_std(near)),
            fill(&Sparse::new(80).with_std(near)),
            fill(&TruncatedNormal::default().with_mean(0.8 * max).with_std(0.09 * max)),
        ];
        assert!(drawn.iter().all(|values| values.as_slice().iter().all(|x| x.is_finite())));

        for gain in [0.1 * max, 0.4 * max, 1e-30] {
            for rule in [Decomposition::Qr, Decomposition::Svd].map(|d| Orthogonal::default().with_decomposition(d)) {
                let scaled = rule.with_gain(Gain(gain)).tensor::<F>([60, 50], Seed(7)).unwrap();
                let one = rule.tensor::<F>([60, 50], Seed(7)).unwrap();
                let gain = F::from_f64(gain);
                assert!(scaled.as_slice().iter().zip(one.as_slice()).all(|(&s, &w)| s.is_finite() && s == gain * w));
            }
        }
        refused::<F>(&Orthogonal::default().with_gain(Gain(0.9 * max)), shape, &["Orthogonal", "gain", range]);
        let kernel = Shape::from([4, 3, 3]);
        refused::<F>(
            &DeltaOrthogonal::default().with_gain(Gain(0.9 * max)),
            kernel,
            &["DeltaOrthogonal", "gain", range],
        );
    }
    check::<f32>(f32::MAX.into(), 6.67);
    check::<f64>(f64::MAX, 8.5);
}

#[test]
fn tiny_connections_are_connections() {
    let (shape, tiny) = (Shape::from([200, 300]), f64::from(f32::MIN_POSITIVE));
    for std in [tiny / 4.0, f64::from(f32::from_bits(1)), 1e-60] {
        refused::<f32>(&Sparse::new(200).with_std(std), shape, &["Sparse", "std", "f32"]);
    }
    refused::<f64>(&Sparse::new(200).with_std(5e-324), shape, &["Sparse", "std", "subnormal", "Zeros"]);
    let values = Sparse::new(200).with_std(tiny).tensor::<f32>(shape, Seed(7)).unwrap();
    assert!(values.as_slice().chunks(300).all(|unit| unit.iter().filter(|&&w| w != 0.0).count() == 200));
}

#[test]
fn a_steep_slope_leaves_a_small_deviation() {
    let shape = Shape::from([4, 2]);
    let std = HeNormal::default().with_slope(1e200).std(&shape).unwrap();
    assert!((std * 1e200 - 1.0).abs() < 1e-15, "{std:e}");
    refused::<f32>(&HeNormal::default().with_slope(1e200), shape, &["HeNormal", "std", "range of f32"]);
    assert!(HeNormal::default().with_slope(1e200).tensor::<f64>(shape, Seed(7)).unwrap().as_slice()[0] != 0.0);
}

#[test]
fn lengths_and_shapes() {
    let rules: [(&str, &dyn Initializer<f32>); 7] = [
        ("Zeros", &Zeros),
        ("Constant", &Constant(1.0)),
        ("Uniform", &Uniform::default()),
        ("UniformFanIn", &UniformFanIn),
        ("Normal", &Normal::default()),
        ("XavierUniform", &XavierUniform::default()),
        ("HeNormal", &HeNormal::default()),
    ];
    for (name, rule) in rules {
        let error = rule.fill(&mut [0.0; 11], &[4, 3].into(), Seed(7)).unwrap_err();
        assert!(matches!(error, InitError::Shape(_)));
        let message = error.to_string();
        assert!(message.contains(name) && message.contains("12 values for shape [4, 3]"), "{message}");
    }
    let fan_based: [&dyn Initializer<f32>; 5] = [
        &UniformFanIn,
        &XavierUniform::default(),
        &XavierNormal::default(),
        &HeUniform::default(),
        &HeNormal::default(),
    ];
    for rule in fan_based {
        refused(rule, [5].into(), &["fans", "[5]", "bias"]);
        refused(rule, Shape::SCALAR, &["fans", "[]"]);
        refused(rule, [0, 5].into(), &["fans", "[0, 5]"]);
    }
    // Without fans there is nothing wrong with an empty slice.
    Normal::default().fill(&mut [0f32; 0], &[0, 5].into(), Seed(7)).unwrap();
    Policy::<f32>::new(Zeros).fill_bias(&mut [], &[0, 5].into(), Seed(7)).unwrap();
}

#[test]
fn nothing_is_wrong_with_a_deviation_of_zero() {
    let mut values = [7f32; 12];
    Normal::new(1.5, 0.0).fill(&mut values, &[4, 3].into(), Seed(7)).unwrap();
    assert_eq!(values, [1.5; 12]);
}
