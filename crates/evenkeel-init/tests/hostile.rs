//! Parameters and shapes that mean nothing: each a typed error that names the rule, and the slice as it was.

use evenkeel_init::{
    Constant, Float, Gain, HeNormal, HeUniform, InitError, Initializer, Normal, Policy, Seed, Shape, Uniform,
    UniformFanIn, XavierNormal, XavierUniform, Zeros,
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
