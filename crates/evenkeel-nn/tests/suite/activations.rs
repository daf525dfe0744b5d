//! Activations against finite differences, against one another, and at the ends of the range.

use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_module::{Forward, Mode, Pass, Workspace, check_network};
use evenkeel_nn::{Elu, Gelu, GeluTanh, LeakyRelu, LogSoftmax, Relu, Selu, Sigmoid, Silu, Softmax, Softplus, Tanh};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;

use crate::common::{close, differentiate, values};

/// A method of [`Var`].
type Method = fn(Var<'_, f64>) -> Var<'_, f64>;

/// Value and derivative at three places.
type Points = [(f64, f64); 3];

/// Every activation under its name.
fn all<F: Float>() -> Vec<(&'static str, Box<dyn Forward<F>>)> {
    vec![
        ("sigmoid", Box::new(Sigmoid)),
        ("tanh", Box::new(Tanh)),
        ("relu", Box::new(Relu)),
        ("leaky_relu", Box::new(LeakyRelu { negative_slope: 0.125 })),
        ("elu", Box::new(Elu { alpha: 1.3 })),
        ("selu", Box::new(Selu)),
        ("gelu", Box::new(Gelu)),
        ("gelu_tanh", Box::new(GeluTanh)),
        ("silu", Box::new(Silu)),
        ("softplus", Box::new(Softplus { beta: 0.7, threshold: 15.0 })),
    ]
}

/// Value and derivative at `x`.
fn at<F: Float>(layer: &dyn Forward<F>, x: F) -> (F, F) {
    let mut workspace = Workspace::new();
    let pass: Pass<'_, F> = workspace.begin(Mode::Training, Seed(0));
    let x = pass.tape().variable(Tensor::scalar(x));
    let y = layer.forward(&pass, x);
    pass.backward(y);
    (y.item(), x.gradient().unwrap().item())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Away from 0, where some have a kink.
    #[test]
    fn gradients(x in prop::collection::vec((0.1f64..6.0, any::<bool>()), 9)) {
        let x = Tensor::from(x.into_iter().map(|(x, negative)| if negative { -x } else { x }).collect::<Vec<_>>());
        let functions: [(&str, Method); 10] = [
            ("sigmoid", |x| x.sigmoid()),
            ("tanh", |x| x.tanh()),
            ("relu", |x| x.relu()),
            ("leaky_relu", |x| x.leaky_relu(0.125)),
            ("elu", |x| x.elu(1.3)),
            ("selu", |x| x.selu()),
            ("gelu", |x| x.gelu()),
            ("gelu_tanh", |x| x.gelu_tanh()),
            ("silu", |x| x.silu()),
            ("softplus", |x| x.softplus(0.7, 15.0)),
        ];
        for ((name, f), (of_layer, layer)) in functions.into_iter().zip(all()) {
            prop_assert_eq!(name, of_layer);
            let outcome = gradcheck(std::slice::from_ref(&x), |v| f(v[0]));
            prop_assert!(outcome.is_ok(), "{}: {:?}", name, outcome);
            let (y, dx) = differentiate(&x, Tensor::ones, f);
            for (i, &x) in x.as_slice().iter().enumerate() {
                prop_assert_eq!(at(&*layer, x), (y.as_slice()[i], dx.as_slice()[i]));
            }
        }
    }

    #[test]
    fn identities(x in -20.0f64..20.0) {
        let f = |layer: &dyn Forward<f64>| at(layer, x).0;
        prop_assert_eq!(f(&LeakyRelu { negative_slope: 0.0 }), f(&Relu));
        prop_assert!((f(&Silu) - x * f(&Sigmoid)).abs() <= 1e-15 * x.abs());
        // softplus(x) - softplus(-x) = x, and softplus' = sigmoid.
        let softplus = Softplus::default();
        prop_assert!((at(&softplus, x).0 - at(&softplus, -x).0 - x).abs() <= 1e-8);
        prop_assert!((at(&softplus, x).1 - f(&Sigmoid)).abs() <= 1e-8);
        // P(x) + P(-x) = 1.
        prop_assert!((at(&Gelu, x).0 - at(&Gelu, -x).0 - x).abs() <= 1e-15 * x.abs());
        prop_assert!((f(&Gelu) - f(&GeluTanh)).abs() <= 5e-4);
        let elu = Elu { alpha: 1.6732632423543772 };
        prop_assert!((f(&Selu) - 1.0507009873554805 * f(&elu)).abs() <= 1e-14 * x.abs());
    }

    /// Along any axis: as along the last one, with the axes exchanged.
    #[test]
    fn softmax_along_any_axis(axis in 0usize..3, scale in 0.1f64..50.0) {
        let x = &values([2, 3, 4], 5) * scale;
        let mut order = [0, 1, 2];
        order.swap(axis, 2);
        for log in [false, true] {
            let softmax = |x: Var<'_, f64>, axis| if log { x.log_softmax(axis) } else { x.softmax(axis) }.to_tensor();
            let layers: [&dyn Forward<f64>; 2] = [&Softmax { axis }, &LogSoftmax { axis }];
            let direct = apply_layer(layers[usize::from(log)], &x);
            let tape = Tape::new();
            let exchanged = tape.constant(softmax(tape.constant(x.clone()).permute(&order), 2)).permute(&order);
            prop_assert!(close(&direct, &exchanged.to_tensor(), 1e-13 * scale));
        }
        gradcheck(&[x], |v| v[0].softmax(axis) + v[0].log_softmax(axis))?;
    }
}

fn apply_layer(layer: &dyn Forward<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    let mut workspace = Workspace::new();
    let pass: Pass<'_, f64> = workspace.begin(Mode::Evaluation, Seed(0));
    layer.forward(&pass, pass.constant(x.clone())).to_tensor()
}

/// PyTorch 2.15, f64: value and derivative at -3, -0.5 and 2.
#[test]
fn as_pytorch() {
    let expected: [(&str, Box<dyn Forward<f64>>, Points); 7] = [
        ("leaky_relu", Box::new(LeakyRelu::default()), [(-0.03, 0.01), (-0.005, 0.01), (2.0, 1.0)]),
        (
            "elu",
            Box::new(Elu::default()),
            [(-0.950212931632136, 0.049787068367863944), (-0.3934693402873666, 0.6065306597126334), (2.0, 1.0)],
        ),
        (
            "selu",
            Box::new(Selu),
            [
                (-1.6705687287671118, 0.08753061208026487),
                (-0.6917581878028713, 1.0663411530445053),
                (2.101401974710961, 1.0507009873554805),
            ],
        ),
        (
            "gelu",
            Box::new(Gelu),
            [
                (-0.00404969409489031, -0.01194564720418392),
                (-0.15426876936299344, 0.13250487534383712),
                (1.9544997361036416, 1.085231801078197),
            ],
        ),
        (
            "gelu_tanh",
            Box::new(GeluTanh),
            [
                (-0.0036373920817729943, -0.011584166630969648),
                (-0.15428599017485606, 0.13263009646535764),
                (1.954597694087775, 1.0860992566236183),
            ],
        ),
        (
            "silu",
            Box::new(Silu),
            [
                (-0.14227761953270035, -0.08810410601516962),
                (-0.1887703343990727, 0.2600388126973482),
                (1.7615941559557646, 1.0907842487848955),
            ],
        ),
        (
            "softplus",
            Box::new(Softplus::default()),
            [
                (0.04858735157374206, 0.04742587317756679),
                (0.4740769841801067, 0.37754066879814546),
                (2.1269280110429727, 0.8807970779778824),
            ],
        ),
    ];
    for (name, layer, points) in expected {
        for (x, (y, slope)) in [-3.0, -0.5, 2.0].into_iter().zip(points) {
            let got = at(&*layer, x);
            assert!(
                (got.0 - y).abs() <= 1e-14 && (got.1 - slope).abs() <= 1e-14,
                "{name}({x}): {got:?}, not {:?}",
                (y, slope)
            );
        }
    }
}

fn finite_at_the_ends_of<F: Float>() {
    let tiny = F::from_f64(1e-40);
    for (name, layer) in all::<F>() {
        for x in [1e30, -1e30, 3e38, -3e38, 100.0, -100.0, 88.0, -88.0, 0.0, -0.0]
            .map(F::from_f64)
            .into_iter()
            .chain([tiny, -tiny])
        {
            let (y, slope) = at(&*layer, x);
            assert!(y.is_finite() && slope.is_finite(), "{name}({x}) = {y}, slope {slope}");
        }
        assert!(at(&*layer, F::NAN).0.is_nan(), "{name} hides NaN");
    }
}

#[test]
fn finite_inputs_give_finite_results() {
    finite_at_the_ends_of::<f32>();
    finite_at_the_ends_of::<f64>();
}

#[test]
fn limits() {
    for (name, layer) in all::<f64>() {
        let ((high, high_slope), (low, low_slope)) = (at(&*layer, 1e30), at(&*layer, -1e30));
        let expected = match name {
            "sigmoid" => (1.0, 0.0, 0.0, 0.0),
            "tanh" => (1.0, 0.0, -1.0, 0.0),
            "leaky_relu" => (1e30, 1.0, -1.25e29, 0.125),
            "elu" => (1e30, 1.0, -1.3, 0.0),
            "selu" => (1e30 * 1.0507009873554805, 1.0507009873554805, -1.0507009873554805 * 1.6732632423543772, 0.0),
            _ => (1e30, 1.0, 0.0, 0.0),
        };
        let got = (high, high_slope, low, low_slope);
        assert_eq!(got, expected, "{name}");
    }
    // The tail keeps its digits where 1 - erf has none left: P(-10) = 7.619853024160527e-24.
    let (y, _) = at(&Gelu, -10.0);
    assert!((y / -7.619853024160527e-23 - 1.0).abs() <= 1e-14, "{y:e}");
}

#[test]
fn settings_are_checked() {
    let refused = |layer: &dyn Forward<f32>, what: &str| {
        let error = check_network(layer, Mode::Training, [2, 3]).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refused(&LeakyRelu { negative_slope: f64::NAN }, "a finite negative slope");
    refused(&Elu { alpha: f64::INFINITY }, "a finite alpha");
    refused(&Softplus { beta: 0.0, threshold: 20.0 }, "beta");
    refused(&Softplus { beta: -1.0, threshold: 20.0 }, "beta");
    refused(&Softplus { beta: 1.0, threshold: f64::NAN }, "threshold");
    refused(&Softmax { axis: 2 }, "axis 2");
}
