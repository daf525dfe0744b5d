//! Focal loss of several classes: gradients, its composition, what it is for two classes and without gamma, and logits of any
//! size.

use evenkeel_autograd::ops::{BinaryCrossEntropyOp, CrossEntropyOp, FocalCrossEntropyOp, Reduction};
use evenkeel_autograd::{Op, Tape, Var, gradcheck};
use evenkeel_tensor::{Float, Tensor};
use proptest::prelude::*;

const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::None];

fn values(len: usize, range: std::ops::Range<f64>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(range, len)
}

fn op<F: Float>(targets: &[u32], gamma: f64, weights: Option<&[f64]>, reduction: Reduction) -> FocalCrossEntropyOp<F> {
    let mut op = FocalCrossEntropyOp::new(Tensor::from(targets.to_vec()));
    op.gamma = F::from_f64(gamma);
    op.weights = weights.map(|w| Tensor::from(w.to_vec()).cast());
    op.reduction = reduction;
    op
}

/// The loss, and its gradient under an upstream of different values.
fn differentiate<F: Float>(x: &Tensor<F>, f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>) -> (Tensor<F>, Tensor<F>) {
    let tape = Tape::new();
    let x = tape.variable(x.clone());
    let y = f(x);
    let dy: Vec<F> = (0..y.shape().numel()).map(|i| F::from_f64((0.3 * i as f64 + 1.0).sin())).collect();
    tape.backward_from(y, &dy);
    (y.to_tensor(), x.gradient().unwrap())
}

fn close(a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.shape(), b.shape());
    for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
        prop_assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{} {}", a, b);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn gradients(
        x in values(15, -3.0..3.0), t in prop::collection::vec(0u32..3, 5), w in values(3, 0.2..3.0), gamma in 0.0..4.0,
    ) {
        let x = Tensor::from_vec([5, 3], x).unwrap();
        for reduction in REDUCTIONS {
            for weights in [None, Some(&w[..])] {
                gradcheck(std::slice::from_ref(&x), |v| v[0].tape().record(op(&t, gamma, weights, reduction), v))?;
            }
        }
    }

    #[test]
    fn the_fused_loss_is_its_composition(
        x in values(15, -6.0..6.0), t in prop::collection::vec(0u32..3, 5), w in values(3, 0.2..3.0), gamma in 0.5..4.0,
    ) {
        let x = Tensor::from_vec([5, 3], x).unwrap();
        let own = Tensor::from_fn([5, 3], |i| f64::from(u8::from(t[i / 3] as usize == i % 3)));
        let weight = Tensor::from_fn([5, 3], |i| w[i % 3]);
        let total: f64 = t.iter().map(|&t| w[t as usize]).sum();
        for reduction in REDUCTIONS {
            let fused = differentiate(&x, |x| x.tape().record(op(&t, gamma, Some(&w), reduction), &[x]));
            let composed = differentiate(&x, |x| {
                let [own, weight] = [&own, &weight].map(|t| x.tape().constant(t.clone()));
                let losses = x.softmax(1).affine(-1.0, 1.0).powf(gamma) * x.log_softmax(1) * own * weight * -1.0;
                match reduction {
                    Reduction::Mean => losses.sum() * (1.0 / total),
                    Reduction::Sum => losses.sum(),
                    Reduction::None => losses.sum_axis(1),
                }
            });
            close(&fused.0, &composed.0, 1e-12)?;
            close(&fused.1, &composed.1, 1e-11)?;
        }
    }

    #[test]
    fn without_gamma_it_is_weighted_cross_entropy(
        x in values(20, -20.0..20.0), t in prop::collection::vec(0u32..4, 5), w in values(4, 0.2..3.0), offset in -1e4..1e4,
    ) {
        let x = Tensor::from_vec([5, 4], x.into_iter().map(|x| x + offset).collect()).unwrap();
        for reduction in REDUCTIONS {
            for weights in [None, Some(&w[..])] {
                let focal = differentiate(&x, |x| x.tape().record(op(&t, 0.0, weights, reduction), &[x]));
                let plain = differentiate(&x, |x| {
                    let mut plain = CrossEntropyOp::new(Tensor::from(t.clone()));
                    (plain.weights, plain.reduction) = (weights.map(|w| Tensor::from(w.to_vec())), reduction);
                    x.tape().record(plain, &[x])
                });
                close(&focal.0, &plain.0, 1e-14)?;
                close(&focal.1, &plain.1, 1e-14)?;
            }
        }
    }

    /// The softmax of (0, x) gives class 1 the share that the sigmoid gives x. Relative, since what is right costs next to nothing.
    #[test]
    fn of_two_classes_it_is_the_binary_one(
        x in values(6, -60.0..60.0), t in prop::collection::vec(0u32..2, 6), gamma in 0.0..4.0,
    ) {
        let two = Tensor::from_fn([6, 2], |i| if i % 2 == 0 { 0.0 } else { x[i / 2] });
        let (y, dx) = differentiate(&two, |x| x.tape().record(op(&t, gamma, None, Reduction::None), &[x]));
        let (binary, slope) = differentiate(&Tensor::from(x), |x| {
            let classes = Some(Tensor::from(t.clone()));
            let op = BinaryCrossEntropyOp { gamma, classes, reduction: Reduction::None, ..Default::default() };
            x.tape().record(op, &[x])
        });
        for i in 0..6 {
            let slopes = [(dx.get(&[i, 1]), slope.get(&[i])), (-dx.get(&[i, 0]), slope.get(&[i]))];
            for (a, b) in slopes.into_iter().chain([(y.get(&[i]), binary.get(&[i]))]) {
                prop_assert!((a - b).abs() <= 1e-12 * b.abs(), "{} {}", a, b);
            }
        }
    }
}

/// What is right costs nothing, what is wrong its distance, and the slopes are 0 and 1, however large the logits.
#[test]
fn large_logits() {
    fn check<F: Float>(sizes: &[f64]) {
        for size in sizes.iter().map(|&size| F::from_f64(size)) {
            let rows = Tensor::from([[size, F::ZERO, -size], [-size, size, -size], [-size, F::ZERO, F::ZERO]]);
            for gamma in [0.0, 0.5, 2.0] {
                let tape = Tape::new();
                let x = tape.variable(rows.clone());
                let y = tape.record(op(&[0, 2, 0], gamma, None, Reduction::None), &[x]);
                tape.backward_from(y, &[F::ONE; 3]);
                assert_eq!(y.value()[0], F::ZERO);
                assert_eq!(y.value()[1], size + size);
                assert!(y.value()[2].is_finite() && y.value()[2] >= size);
                let half = F::from_f64(0.5);
                let (zero, one) = (F::ZERO, F::ONE);
                let expected = [zero, zero, zero, zero, one, -one, -one, half, half];
                assert_eq!(x.gradient().unwrap().as_slice(), expected, "{size}, gamma {gamma}");
            }
        }
    }
    check::<f32>(&[1e4, 1e30]);
    check::<f64>(&[1e4, 1e30, 1e300]);
}

/// Beside the largest logit the others' share is 1e-30: far below what is left of 1 - p.
#[test]
fn what_is_nearly_right_keeps_its_digits() {
    let others = 1e-30f64;
    let x = Tensor::from([[0.0, (0.25 * others).ln(), (0.75 * others).ln()]]);
    let (y, dx) = differentiate(&x, |x| x.tape().record(op(&[0], 1.0, None, Reduction::Sum), &[x]));
    assert!((y.item() / (others * others) - 1.0).abs() < 1e-12, "{}", y.item());
    // g = q (1 + ln(1 / p) / q) = 2 q
    for (dx, share) in dx.as_slice().iter().zip([-1.0, 0.25, 0.75]) {
        assert!((dx / (1f64.sin() * 2.0 * others * others * share) - 1.0).abs() < 1e-12, "{dx}");
    }
}

#[test]
fn an_offset_moves_nothing() {
    let row = |offset: f32| Tensor::from([[offset, offset + 1.0, offset + 2.0], [offset; 3]]);
    let at = |offset| differentiate(&row(offset), |x| x.tape().record(op(&[1, 0], 2.0, None, Reduction::Mean), &[x]));
    for offset in [1e4, 1e6] {
        assert_eq!(at(offset), at(0.0));
    }
}

#[test]
fn what_is_not_finite_shows() {
    let of = |bad: f32| {
        let x = Tensor::from([[bad, 0.5, 0.0], [0.0, 1.0, 0.0]]);
        differentiate(&x, |x| x.tape().record(op(&[0, 1], 2.0, None, Reduction::None), &[x]))
    };
    for bad in [f32::NAN, f32::INFINITY] {
        let (y, dx) = of(bad);
        assert!(y.get(&[0]).is_nan() && dx.as_slice()[..3].iter().all(|dx| dx.is_nan()), "{bad}: {y} {dx}");
        assert!(y.get(&[1]).is_finite() && dx.as_slice()[3..].iter().all(|dx| dx.is_finite()));
    }
    // A class that is ruled out and comes costs infinitely much, and pulls as any other that is wrong.
    let (y, dx) = of(f32::NEG_INFINITY);
    assert_eq!((y.get(&[0]), dx.get(&[0, 0])), (f32::INFINITY, -1f32.sin()));
    assert!(dx.as_slice().iter().all(|dx| dx.is_finite()));
}

#[test]
fn empty_batches_and_one_class() {
    for reduction in [Reduction::Sum, Reduction::None] {
        let (y, _) =
            differentiate(&Tensor::<f64>::zeros([0, 3]), |x| x.tape().record(op(&[], 2.0, None, reduction), &[x]));
        assert!(y.as_slice().iter().all(|&y| y == 0.0));
        let one = Tensor::from([[3.0], [-5.0]]);
        let (y, dx) = differentiate(&one, |x| x.tape().record(op(&[0, 0], 2.0, None, reduction), &[x]));
        assert!(y.as_slice().iter().chain(dx.as_slice()).all(|&y| y == 0.0));
    }
}

#[test]
fn settings_and_shapes_are_checked() {
    let refused = |op: FocalCrossEntropyOp<f64>, logits: &[usize], word: &str| {
        let error = op.shape(&[logits.into()]).unwrap_err().to_string();
        assert!(error.starts_with("focal_cross_entropy: expected") && error.contains(word), "{error}");
    };
    fn with(gamma: f64, weights: Option<&[f64]>) -> FocalCrossEntropyOp<f64> {
        op(&[0, 2], gamma, weights, Reduction::Mean)
    }
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        refused(with(bad, None), &[2, 3], "a gamma that is finite and not negative");
        let weights = [1.0, bad, 1.0];
        refused(with(2.0, Some(&weights)), &[2, 3], "finite class weights from 0 on");
    }
    refused(with(2.0, Some(&[1.0, 1.0])), &[2, 3], "class weights (3)");
    refused(with(2.0, None), &[2, 2], "class indices below 2, got class 2");
    refused(with(2.0, None), &[3, 3], "targets (3)");
    refused(with(2.0, None), &[6], "logits (examples, classes)");
}

/// Large enough for several blocks.
#[test]
fn the_same_bits_at_any_number_of_threads() {
    let (n, k) = (70_001, 3);
    let x = Tensor::from_fn([n, k], |i| (((i * 7919) % 1009) as f32 - 500.0) / 50.0);
    let targets: Vec<u32> = (0..n as u32).map(|i| i * 31 % 3).collect();
    let run =
        || differentiate(&x, |x| x.tape().record(op(&targets, 2.0, Some(&[0.5, 1.0, 2.0]), Reduction::Mean), &[x]));
    let in_pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
    let one = in_pool(1);
    for threads in [2, 7] {
        assert_eq!(in_pool(threads), one, "{threads} threads");
    }
}

/// A weight of 0 leaves a class out; a batch of that class alone has nothing to learn from, and must not end the training with NaN.
#[test]
fn a_batch_without_weight_is_no_loss() {
    let x = Tensor::from([[0.3, -1.0], [2.0, 0.5]]);
    for reduction in REDUCTIONS {
        let focal = differentiate(&x, |x| x.tape().record(op(&[0, 0], 2.0, Some(&[0.0, 1.0]), reduction), &[x]));
        let plain = |smoothing| {
            differentiate(&x, |x| {
                let mut op = CrossEntropyOp::new(Tensor::from(vec![0, 0]));
                (op.weights, op.reduction) = (Some(Tensor::from(vec![0.0, 1.0])), reduction);
                op.smoothing = smoothing;
                x.tape().record(op, &[x])
            })
        };
        let mut all = vec![focal, plain(0.0)];
        if reduction == Reduction::Mean {
            all.push(plain(0.1));
        }
        for (loss, gradient) in all {
            assert!(loss.as_slice().iter().chain(gradient.as_slice()).all(|&value| value == 0.0), "{loss} {gradient}");
        }
    }
}
