//! The losses with real targets: gradients, compositions, PyTorch's values, and logits of any size.

use evenkeel_autograd::ops::{BinaryCrossEntropyOp, CrossEntropyOp, Reduction, SoftCrossEntropyOp};
use evenkeel_autograd::{Op, Tape, Var, gradcheck};
use evenkeel_tensor::{Float, Shape, Tensor};
use proptest::prelude::*;

const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::None];

fn values(shape: impl Into<Shape>, range: std::ops::Range<f64>) -> impl Strategy<Value = Tensor<f64>> {
    let shape = shape.into();
    prop::collection::vec(range, shape.numel()).prop_map(move |v| Tensor::from_vec(shape, v).unwrap())
}

/// The loss, and its gradients with respect to both inputs.
fn differentiate<F: Float>(
    x: &Tensor<F>,
    t: &Tensor<F>,
    f: impl for<'t> Fn(Var<'t, F>, Var<'t, F>) -> Var<'t, F>,
) -> [Tensor<F>; 3] {
    let tape = Tape::new();
    let (x, t) = (tape.variable(x.clone()), tape.variable(t.clone()));
    let y = f(x, t);
    let dy: Vec<F> = (0..y.shape().numel()).map(|i| F::from_f64((0.3 * i as f64 + 1.0).sin())).collect();
    tape.backward_from(y, &dy);
    [y.to_tensor(), x.gradient().unwrap(), t.gradient().unwrap()]
}

fn all_close(what: &str, got: &Tensor<f64>, expected: &[f64], tolerance: f64) {
    assert_eq!(got.shape().numel(), expected.len(), "{what}");
    for (got, expected) in got.as_slice().iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance * (1.0 + expected.abs()), "{what}: {got}, not {expected}");
    }
}

/// -t a w q^gamma ln p - (1 - t) (1 - a) p^gamma ln q from primitives, without smoothing, for logits near 0.
fn composed<'t>(op: &BinaryCrossEntropyOp<f64>, x: Var<'t, f64>, t: Var<'t, f64>) -> Var<'t, f64> {
    let (p, q) = (x.sigmoid(), (-x).sigmoid());
    let weight = x.tape().constant(op.pos_weight.clone().unwrap_or(Tensor::ones([1])));
    let [a, b] = op.alpha.map_or([1.0; 2], |a| [a, 1.0 - a]);
    let positive = t * weight * p.ln() * q.powf(op.gamma) * -a;
    let losses = positive + (t.affine(-1.0, 1.0)) * q.ln() * p.powf(op.gamma) * -b;
    match op.reduction {
        Reduction::Mean => losses.mean(),
        Reduction::Sum => losses.sum(),
        Reduction::None => losses,
    }
}

fn binary_ops(weights: Tensor<f64>, alpha: f64, gamma: f64) -> Vec<BinaryCrossEntropyOp<f64>> {
    let mut ops = Vec::new();
    for reduction in REDUCTIONS {
        let plain = BinaryCrossEntropyOp { reduction, ..Default::default() };
        let focal = BinaryCrossEntropyOp { alpha: Some(alpha), gamma, ..plain.clone() };
        let one = Tensor::from([weights.as_slice()[0]]);
        for op in [plain, focal] {
            ops.push(BinaryCrossEntropyOp { pos_weight: Some(weights.clone()), ..op.clone() });
            ops.push(BinaryCrossEntropyOp { pos_weight: Some(one.clone()), ..op.clone() });
            ops.push(op);
        }
    }
    ops
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn binary_gradients(
        x in values([4, 3], -3.0..3.0), t in values([4, 3], 0.0..1.0), weights in values([3], 0.2..3.0), alpha in 0.0..1.0,
        gamma in 0.0..4.0, smoothing in 0.0..1.0,
    ) {
        let inputs = [x, t];
        for op in binary_ops(weights, alpha, gamma) {
            let op = BinaryCrossEntropyOp { smoothing, ..op };
            gradcheck(&inputs, |v| v[0].tape().record(op.clone(), v))?;
        }
    }

    #[test]
    fn binary_losses_are_their_composition(
        x in values([4, 3], -6.0..6.0), t in values([4, 3], 0.0..1.0), weights in values([3], 0.2..3.0), alpha in 0.0..1.0,
        gamma in 0.5..4.0,
    ) {
        for op in binary_ops(weights, alpha, gamma) {
            let fused = differentiate(&x, &t, |x, t| x.tape().record(op.clone(), &[x, t]));
            let primitive = differentiate(&x, &t, |x, t| composed(&op, x, t));
            for (fused, primitive) in fused.iter().zip(&primitive) {
                all_close("composition", fused, primitive.as_slice(), 1e-12);
            }
        }
    }

    /// Classes are targets 0 and 1, smoothing mixes the target with 1/2, a scalar gamma of 0 with alpha 1/2 halves the loss.
    #[test]
    fn binary_identities(
        x in values([6], -6.0..6.0), classes in prop::collection::vec(0u32..2, 6), s in 0.0..1.0, gamma in 0.0..4.0,
    ) {
        let t = Tensor::from_fn([6], |i| f64::from(classes[i]));
        let op = BinaryCrossEntropyOp { smoothing: s, gamma, reduction: Reduction::None, ..Default::default() };
        let [y, dx, _] = differentiate(&x, &t, |x, t| x.tape().record(op.clone(), &[x, t]));
        let of_classes = BinaryCrossEntropyOp { classes: Some(Tensor::from(classes.clone())), ..op.clone() };
        let tape = Tape::new();
        let v = tape.variable(x.clone());
        let loss = tape.record(of_classes, &[v]);
        tape.backward_from(loss, &(0..6).map(|i| (0.3 * f64::from(i) + 1.0).sin()).collect::<Vec<_>>());
        prop_assert_eq!(loss.to_tensor(), y.clone());
        prop_assert_eq!(v.gradient().unwrap(), dx);

        let mixed = t.map(|t| (1.0 - s) * t + 0.5 * s);
        let plain = BinaryCrossEntropyOp { smoothing: 0.0, ..op.clone() };
        let [again, ..] = differentiate(&x, &mixed, |x, t| x.tape().record(plain.clone(), &[x, t]));
        all_close("smoothing", &again, y.as_slice(), 1e-14);
        let halved = BinaryCrossEntropyOp { alpha: Some(0.5), ..op };
        let [half, ..] = differentiate(&x, &t, |x, t| x.tape().record(halved.clone(), &[x, t]));
        all_close("balance", &half, y.map(|y| 0.5 * y).as_slice(), 1e-14);
    }

    #[test]
    fn soft_gradients(
        x in values([4, 3], -3.0..3.0), q in values([4, 3], 0.0..1.0), w in values([3], 0.2..3.0), smoothing in 0.0..1.0,
    ) {
        let inputs = [x, q];
        for reduction in REDUCTIONS {
            for weights in [None, Some(w.clone())] {
                let op = SoftCrossEntropyOp { smoothing, weights, reduction };
                gradcheck(&inputs, |v| v[0].tape().record(op.clone(), v))?;
            }
        }
    }

    /// With one class certain, the loss is that against the class (the weighted mean divides by other sums).
    #[test]
    fn certain_targets_are_classes(
        x in values([5, 4], -20.0..20.0), classes in prop::collection::vec(0u32..4, 5), w in values([4], 0.2..3.0),
        smoothing in 0.0..1.0, offset in -1e4..1e4,
    ) {
        let x = x.map(|x| x + offset);
        let certain = Tensor::from_fn([5, 4], |i| f64::from(u8::from(classes[i / 4] as usize == i % 4)));
        for (reduction, weights) in [(Reduction::Mean, None), (Reduction::Sum, Some(w.clone())), (Reduction::None, Some(w))] {
            let mut hard = CrossEntropyOp::new(Tensor::from(classes.clone()));
            (hard.smoothing, hard.weights, hard.reduction) = (smoothing, weights.clone(), reduction);
            let soft = SoftCrossEntropyOp { smoothing, weights, reduction };
            let tape = Tape::new();
            let (a, b) = (tape.variable(x.clone()), tape.variable(x.clone()));
            let (hard, soft) = (tape.record(hard, &[a]), tape.record(soft, &[b, tape.constant(certain.clone())]));
            all_close("loss", &soft.to_tensor(), &hard.value(), 1e-12);
            let dy: Vec<f64> = (0..hard.shape().numel()).map(|i| 1.0 + i as f64).collect();
            tape.backward_from(hard, &dy);
            tape.backward_from(soft, &dy);
            all_close("gradient", &b.gradient().unwrap(), a.gradient().unwrap().as_slice(), 1e-12);
        }
    }
}

/// Values that PyTorch 2.15 gave in f64 for logits 1.5 sin(i + 1), upstream sin(0.3 i + 1).
#[test]
fn pytorch_gives_the_same() {
    let x = Tensor::from_fn([3, 4], |i| 1.5 * (i as f64 + 1.0).sin());
    // softmax of 0.7 cos(2 i), by rows
    let e = Tensor::from_fn([3, 4], |i| (0.7 * (2.0 * i as f64).cos()).exp());
    let q = Tensor::from_fn([3, 4], |i| e.as_slice()[i] / e.as_slice()[i / 4 * 4..][..4].iter().sum::<f64>());
    // cross_entropy(x, q, weight=[0.5, 2, 1.25, 0.75], label_smoothing=0.1)
    let weights = Some(Tensor::from([0.5, 2.0, 1.25, 0.75]));
    let soft = |reduction| {
        let op = SoftCrossEntropyOp { smoothing: 0.1, weights: weights.clone(), reduction };
        let [y, dx, _] = differentiate(&x, &q, |x, q| x.tape().record(op.clone(), &[x, q]));
        (y, dx)
    };
    let (y, dx) = soft(Reduction::Mean);
    all_close("mean", &y, &[2.0449073262538477], 1e-14);
    all_close("its gradient", &dx, &SOFT_MEAN_DX, 1e-14);
    let (y, dx) = soft(Reduction::None);
    all_close("losses", &y, &[1.632960608281194, 1.72283915849229, 2.7789222119880588], 1e-14);
    all_close("their gradient", &dx, &SOFT_DX, 1e-14);
    // binary_cross_entropy_with_logits(x, 0.5 + 0.5 cos(3 i), pos_weight=[0.5, 2, 3, 1])
    let t = Tensor::from_fn([3, 4], |i| 0.5 + 0.5 * (3.0 * i as f64).cos());
    let op = BinaryCrossEntropyOp { pos_weight: Some(Tensor::from([0.5, 2.0, 3.0, 1.0])), ..Default::default() };
    let [y, dx, _] = differentiate(&x, &t, |x, t| x.tape().record(op.clone(), &[x, t]));
    all_close("binary", &y, &[1.077846109006068], 1e-14);
    all_close("its gradient", &dx.map(|dx| dx / 1f64.sin()), &BINARY_DX, 1e-14);
}

const SOFT_MEAN_DX: [f64; 12] = [
    0.0495311583489492,
    0.02677605820556797,
    -0.010915346156570995,
    -0.06539187039794614,
    -0.020702047608897864,
    -0.053590893956600175,
    -0.03854910441411637,
    0.11284204597961446,
    0.21951385695366538,
    -0.16110544427328058,
    -0.086909222203631,
    0.028500809523246216,
];
const SOFT_DX: [f64; 12] = [
    0.1485934750468476,
    0.0803281746167039,
    -0.032746038469712996,
    -0.1961756111938384,
    -0.07111698842356606,
    -0.18409884167602844,
    -0.1324263311605584,
    0.38764216126015283,
    0.782273878270938,
    -0.5741258545187129,
    -0.30971536491701146,
    0.10156734116478665,
];
const BINARY_DX: [f64; 12] = [
    -0.009191428888138384,
    0.06586481553091907,
    -0.10867503349086777,
    0.016563931540671963,
    -0.029798232960731526,
    0.017006964672840515,
    -0.046103990179161634,
    0.04908718811238092,
    0.005199994702234927,
    -0.02439475268752991,
    -0.11153183380961595,
    -0.015364551218853722,
];

/// A right decision costs nothing, a wrong one its logit, and the slopes are 0 and 1, however large the logits.
#[test]
fn large_logits() {
    fn check<F: Float>(sizes: &[f64]) {
        let number = F::from_f64;
        for size in sizes.iter().map(|&s| number(s)) {
            let x = Tensor::from([size, -size, size, -size]);
            let t = Tensor::from([F::ONE, F::ZERO, F::ZERO, F::ONE]);
            for gamma in [0.0, 0.5, 2.0] {
                let op =
                    BinaryCrossEntropyOp { gamma: number(gamma), reduction: Reduction::None, ..Default::default() };
                let tape = Tape::new();
                let v = tape.variable(x.clone());
                let y = tape.record(op, &[v, tape.constant(t.clone())]);
                tape.backward_from(y, &[F::ONE; 4]);
                assert_eq!(&y.value()[..], [F::ZERO, F::ZERO, size, size], "{size}, gamma {gamma}");
                assert_eq!(
                    v.gradient().unwrap().as_slice(),
                    [F::ZERO, F::ZERO, F::ONE, -F::ONE],
                    "{size}, gamma {gamma}"
                );
            }
            // Rows of two: the one with all probability, against a target of a quarter and three.
            let x = Tensor::from([[size, -size], [-size, size]]);
            let q = Tensor::from([[number(0.25), number(0.75)]; 2]);
            let op = SoftCrossEntropyOp { reduction: Reduction::None, ..Default::default() };
            let tape = Tape::new();
            let v = tape.variable(x);
            let y = tape.record(op, &[v, tape.constant(q)]);
            tape.backward_from(y, &[F::ONE; 2]);
            assert_eq!(&y.value()[..], [number(1.5) * size, number(0.5) * size], "{size}");
            let expected = [0.75, -0.75, -0.25, 0.25].map(number);
            assert_eq!(v.gradient().unwrap().as_slice(), expected, "{size}");
        }
    }
    check::<f32>(&[1e4, 1e30]);
    check::<f64>(&[1e4, 1e30, 1e300]);
}

#[test]
fn an_offset_moves_no_soft_loss() {
    let row = |offset: f32| Tensor::from([[offset, offset + 1.0, offset + 2.0], [offset; 3]]);
    let q = Tensor::from([[0.25f32, 0.5, 0.25], [0.0, 1.0, 0.0]]);
    let at = |offset| differentiate(&row(offset), &q, |x, q| x.tape().record(SoftCrossEntropyOp::default(), &[x, q]));
    for offset in [1e4, 1e6] {
        assert_eq!(at(offset), at(0.0));
    }
}

#[test]
fn nan_shows() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let (x, t) = (Tensor::from([[bad, 0.5], [0.0, 1.0]]), Tensor::from([[0.5f32; 2]; 2]));
        let op = BinaryCrossEntropyOp { reduction: Reduction::None, gamma: 2.0, ..Default::default() };
        let [y, dx, _] = differentiate(&x, &t, |x, t| x.tape().record(op.clone(), &[x, t]));
        assert!(!y.as_slice()[0].is_finite() && y.as_slice()[1..].iter().all(|y| y.is_finite()), "{y}");
        assert!(!bad.is_nan() || dx.as_slice()[0].is_nan());
        let soft = SoftCrossEntropyOp { reduction: Reduction::None, ..Default::default() };
        let [y, dx, _] = differentiate(&x, &t, |x, t| x.tape().record(soft.clone(), &[x, t]));
        assert!(!y.as_slice()[0].is_finite() && y.as_slice()[1].is_finite(), "{bad}: {y}");
        assert!(dx.as_slice()[2..].iter().all(|dx| dx.is_finite()));
    }
}

#[test]
fn empty_batches() {
    for reduction in [Reduction::Sum, Reduction::None] {
        let tape = Tape::<f32>::new();
        let x = tape.variable(Tensor::zeros([0, 3]));
        let t = tape.constant(Tensor::zeros([0, 3]));
        let binary = tape.record(BinaryCrossEntropyOp { reduction, ..Default::default() }, &[x, t]);
        let soft = tape.record(SoftCrossEntropyOp { reduction, ..Default::default() }, &[x, t]);
        assert!(binary.value().iter().chain(soft.value().iter()).all(|&y| y == 0.0));
        tape.backward(binary.sum() + soft.sum());
    }
}

#[test]
fn settings_and_shapes_are_checked() {
    let refused = |op: BinaryCrossEntropyOp<f64>, x: Shape, t: Option<Shape>, word: &str| {
        let mut tape = Tape::new();
        tape.dry_run(true);
        let x = tape.variable(Tensor::zeros(x));
        let inputs: Vec<_> = std::iter::once(x).chain(t.map(|t| tape.constant(Tensor::zeros(t)))).collect();
        tape.record(op, &inputs);
        let (_, error) = tape.take_error().expect("an error");
        assert!(error.to_string().contains(word), "{error}");
    };
    let (six, op) = (Shape::from([6]), BinaryCrossEntropyOp::default);
    let set = |op, word| refused(op, six, Some(six), word);
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        set(BinaryCrossEntropyOp { gamma: bad, ..op() }, "focal: expected a gamma");
        set(BinaryCrossEntropyOp { alpha: Some(bad), ..op() }, "focal: expected an alpha from 0 to 1");
        set(BinaryCrossEntropyOp { smoothing: bad, ..op() }, "bce_with_logits: expected label smoothing");
        set(BinaryCrossEntropyOp { pos_weight: Some(Tensor::from([bad])), ..op() }, "weights of positives");
    }
    set(BinaryCrossEntropyOp { pos_weight: Some(Tensor::from([0.0])), ..op() }, "above 0, got 0");
    set(BinaryCrossEntropyOp { pos_weight: Some(Tensor::ones([5])), ..op() }, "each of the 6 columns");
    refused(op(), six, Some([6, 1].into()), "targets of the logits' shape");
    refused(BinaryCrossEntropyOp { classes: Some(Tensor::from([0, 1, 1])), ..op() }, six, None, "6 classes");
    refused(BinaryCrossEntropyOp { classes: Some(Tensor::from([0, 1, 2])), ..op() }, [3, 1].into(), None, "class 2");
}

#[test]
fn settings_of_cross_entropy_are_checked() {
    let refused = |smoothing: f64, weights: Option<[f64; 3]>, word: &str| {
        let weights = weights.map(Tensor::from);
        let mut hard = CrossEntropyOp::new(Tensor::from([0, 1]));
        (hard.smoothing, hard.weights) = (smoothing, weights.clone());
        let soft = SoftCrossEntropyOp { smoothing, weights, ..Default::default() };
        let logits = Shape::from([2, 3]);
        for error in [hard.shape(&[logits]), soft.shape(&[logits, logits])].map(Result::unwrap_err) {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    for bad in [f64::NAN, -0.1, 2.0] {
        refused(bad, None, "label smoothing from 0 to 1");
    }
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        refused(0.0, Some([1.0, bad, 1.0]), "finite class weights from 0 on");
    }
}

/// Large enough for several blocks, of every kernel.
#[test]
fn the_same_bits_at_any_number_of_threads() {
    let (n, k) = (70_001, 3);
    let x = Tensor::from_fn([n, k], |i| (((i * 7919) % 1009) as f32 - 500.0) / 50.0);
    let t = Tensor::from_fn([n, k], |i| ((i * 31) % 101) as f32 / 100.0);
    let run = || {
        let weighted = BinaryCrossEntropyOp { pos_weight: Some(Tensor::from([0.5, 1.0, 2.0])), ..Default::default() };
        let focal = BinaryCrossEntropyOp { alpha: Some(0.25), gamma: 2.0, ..Default::default() };
        let [a, b] = [weighted, focal].map(|op| differentiate(&x, &t, |x, t| x.tape().record(op.clone(), &[x, t])));
        [a, b, differentiate(&x, &t, |x, t| x.tape().record(SoftCrossEntropyOp::default(), &[x, t]))]
    };
    let in_pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
    let one = in_pool(1);
    for threads in [2, 7] {
        assert_eq!(in_pool(threads), one, "{threads} threads");
    }
}
