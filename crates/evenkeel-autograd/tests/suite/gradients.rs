//! Every operation against central differences, at shapes drawn by proptest.

use evenkeel_autograd::ops::{CrossEntropyOp, Reduction};
use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_tensor::{Shape, Tensor};
use proptest::prelude::*;

/// Values away from 0, where absolute values and rectifiers have a kink.
fn smooth(shape: impl Into<Shape>) -> impl Strategy<Value = Tensor<f64>> {
    let shape = shape.into();
    prop::collection::vec((0.1f64..2.0, any::<bool>()), shape.numel()).prop_map(move |v| {
        Tensor::from_vec(shape, v.into_iter().map(|(x, s)| if s { x } else { -x }).collect()).unwrap()
    })
}

fn positive(shape: impl Into<Shape>) -> impl Strategy<Value = Tensor<f64>> {
    smooth(shape).prop_map(|t| t.map(|x| x.abs() + 0.3))
}

fn pair() -> impl Strategy<Value = (Tensor<f64>, Tensor<f64>)> {
    // A result shape, and for each operand which axes it has and which of them are 1.
    (prop::collection::vec(1usize..4, 1..4), prop::collection::vec(any::<(bool, bool)>(), 4), 0usize..3, 0usize..3)
        .prop_flat_map(|(dims, ones, cut_a, cut_b)| {
            let operand = |cut: usize, second: bool| {
                let cut = cut.min(dims.len() - 1);
                let dims: Vec<usize> = dims
                    .iter()
                    .zip(&ones)
                    .skip(cut)
                    .map(|(&d, o)| if (second && o.0) || (!second && o.1 && !o.0) { 1 } else { d })
                    .collect();
                positive(Shape::from(&dims[..]))
            };
            (operand(cut_a, false), operand(cut_b, true))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pointwise(x in smooth([2, 5]), p in positive([7])) {
        let functions: [fn(Var<'_, f64>) -> Var<'_, f64>; 7] = [
            |x| x.sigmoid(), |x| x.tanh(), |x| x.relu(), |x| x.exp(), |x| x.square(), |x| x.abs(), |x| -x * 3.0 + 1.0,
        ];
        for f in functions {
            gradcheck(std::slice::from_ref(&x), |v| f(v[0]))?;
        }
        gradcheck(&[p], |v| v[0].ln() + v[0].sqrt() - v[0].powf(2.5) / 2.0)?;
    }

    #[test]
    fn binary_with_broadcasting((a, b) in pair()) {
        let inputs = [a, b];
        gradcheck(&inputs, |v| v[0] + v[1])?;
        gradcheck(&inputs, |v| v[0] - v[1])?;
        gradcheck(&inputs, |v| v[0] * v[1])?;
        gradcheck(&inputs, |v| v[0] / v[1])?;
    }

    #[test]
    fn a_value_with_itself(x in positive([3, 2])) {
        let x = [x];
        gradcheck(&x, |v| v[0] + v[0])?;
        gradcheck(&x, |v| v[0] * v[0] - v[0])?;
        gradcheck(&x, |v| v[0] / (v[0] * v[0]) + v[0])?;
        gradcheck(&x, |v| v[0].matmul(v[0].t()).matmul(v[0]))?;
        gradcheck(&x, |v| Var::concat(&[v[0], v[0].square(), v[0]], 1))?;
        gradcheck(&x, |v| v[0].reshape([2, 3]) * v[0].t() + v[0].reshape([6]).reshape([2, 3]))?;
    }

    #[test]
    fn products(a in smooth([3, 4]), b in smooth([4, 2]), x in smooth([2, 3, 4]), w in smooth([5, 4]), c in smooth([5])) {
        gradcheck(&[a, b], |v| v[0].matmul(v[1]))?;
        gradcheck(&[x.clone(), w.clone(), c], |v| v[0].linear(v[1], Some(v[2])))?;
        gradcheck(&[x, w], |v| v[0].linear(v[1], None))?;
    }

    #[test]
    fn reductions_and_shapes(x in smooth([2, 3, 4])) {
        let x = [x];
        gradcheck(&x, |v| v[0].sum())?;
        gradcheck(&x, |v| v[0].mean() * v[0])?;
        for axis in 0..3 {
            gradcheck(&x, |v| v[0].sum_axis(axis))?;
            gradcheck(&x, |v| v[0].mean_axis(axis).square())?;
            gradcheck(&x, |v| v[0].softmax(axis))?;
            gradcheck(&x, |v| v[0].log_softmax(axis))?;
            gradcheck(&x, |v| v[0].narrow(axis, 1..2))?;
            gradcheck(&x, |v| v[0].index_select(axis, Tensor::from_vec([3], vec![1, 0, 1]).unwrap()))?;
            gradcheck(&x, |v| Var::concat(&[v[0], v[0].narrow(axis, 0..1)], axis))?;
        }
        gradcheck(&x, |v| v[0].permute(&[2, 0, 1]))?;
        gradcheck(&x, |v| v[0].flatten(1))?;
    }

    #[test]
    fn cross_entropy(x in smooth([4, 3]), w in positive([3]), smoothing in 0.0f64..0.5, labels in prop::collection::vec(0u32..3, 4)) {
        let targets = Tensor::from_vec([4], labels).unwrap();
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            for weights in [None, Some(w.clone())] {
                for smoothing in [0.0, smoothing] {
                    let mut op = CrossEntropyOp::new(targets.clone());
                    (op.smoothing, op.weights, op.reduction) = (smoothing, weights.clone(), reduction);
                    gradcheck(std::slice::from_ref(&x), |v| v[0].tape().record(op.clone(), v))?;
                }
            }
        }
    }

    /// The fused loss is its composition from primitives, at any offset of the logits.
    #[test]
    fn cross_entropy_is_its_composition(x in smooth([5, 4]), offset in -1e4f64..1e4, labels in prop::collection::vec(0u32..4, 5)) {
        let tape = Tape::new();
        let x = tape.variable(x.map(|v| v + offset));
        let fused = x.cross_entropy(Tensor::from_vec([5], labels.clone()).unwrap());
        let log_p = x.log_softmax(1);
        let picked: Vec<_> = labels.iter().enumerate()
            .map(|(i, &t)| log_p.narrow(0, i..i + 1).narrow(1, t as usize..t as usize + 1).reshape([1])).collect();
        let composed = -Var::concat(&picked, 0).mean();
        prop_assert!((fused.item() - composed.item()).abs() < 1e-10);
        tape.backward(fused);
        let a = x.gradient().unwrap();
        tape.backward(composed);
        let b = x.gradient().unwrap();
        // The second gradient was added to the first.
        for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
            prop_assert!((2.0 * a - b).abs() < 1e-10);
        }
    }
}
