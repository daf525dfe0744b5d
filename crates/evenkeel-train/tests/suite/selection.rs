//! Group lasso on the first layer.

use evenkeel_data::select::lambdas;
use evenkeel_data::{DataError, Dataset};
use evenkeel_nn::{Conv2d, Linear, MeanSquaredError};
use evenkeel_optim::Sgd;
use evenkeel_regularize::Regularizer;
use evenkeel_tensor::{Seed, Tensor};
use evenkeel_train::selection::{InputLasso, input_norms};
use evenkeel_train::{TrainError, Trainer, evaluate};

type Failure = Box<dyn std::error::Error>;

/// The rows (±1, ±1) again and again, for which each fold's columns are nearly orthogonal, and y = 2 x_1 - 0.5 x_0.
fn squares(rows: usize) -> Dataset {
    let x = Tensor::from_fn([rows, 2], |i| if (i / 2) >> (i % 2) & 1 == 0 { -1.0 } else { 1.0 });
    let y = Tensor::from_fn([rows, 1], |i| 2.0 * x.get(&[i, 1]) - 0.5 * x.get(&[i, 0]));
    Dataset::regression(x, y).unwrap()
}

fn start<E>(_: Seed) -> Result<Linear<f64>, E> {
    Ok(Linear::from_parts(Tensor::zeros([1, 2]), None).unwrap())
}

fn train(
    line: &mut Linear<f64>,
    regularizer: Regularizer<f64>,
    train: &Dataset,
    validation: &Dataset,
) -> Result<f64, TrainError> {
    Trainer::new(Sgd::new(0.2)).epochs(100).batch_size(train.len()).regularizer(regularizer).fit(
        line,
        MeanSquaredError,
        train,
        validation,
    )?;
    Ok(-evaluate(line, &MeanSquaredError, validation)?.loss)
}

/// Of one output the penalty is the lasso. With second moments S of a training part of N rows, J = (w - b)ᵀ S (w - b) + λ |w|_1 / N for the
/// true weights b: the optimum has 2 S (w - b) + λ/N sign(w) = 0 for inputs that are in, and |2 S (w - b)|_j <= λ/N for those at 0.
#[test]
fn weights_are_those_of_the_lasso() {
    let data = squares(400);
    let mut seen = [false; 3];
    let path = InputLasso::new([2000.0, 400.0, 100.0])
        .on("weight")
        .folds(2)
        .run(&data, start::<Failure>, |line, regularizer, part, validation, _| {
            let lambda =
                regularizer.settings().split("lambda: ").nth(1).unwrap().split(',').next().unwrap().parse::<f64>()?;
            let score = train(line, regularizer, part, validation)?;
            let batch = part.batch::<f64>(&Vec::from_iter(0..part.len()));
            let (x, w) = (batch.inputs.as_slice(), line.weight().value().as_slice());
            let n = part.len() as f64;
            let d = [w[0] + 0.5, w[1] - 2.0];
            for j in 0..2 {
                let slope: f64 = x.chunks(2).map(|x| 2.0 * x[j] * (x[0] * d[0] + x[1] * d[1]) / n).sum();
                if w[j] == 0.0 {
                    assert!(slope.abs() <= lambda / n + 1e-9, "{slope} at {lambda}");
                } else {
                    assert!((slope + lambda / n * w[j].signum()).abs() < 1e-9, "{slope} at {lambda}");
                }
            }
            seen[w.iter().filter(|w| **w != 0.0).count()] = true;
            Ok(score)
        })
        .unwrap();
    assert_eq!(seen, [true; 3]);
    assert_eq!(path.order_of_entry(), [1, 0]);
    let columns = path.points().iter().map(|point| point.trial.columns.len());
    assert_eq!(columns.collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(path.trade_off().trials().len(), 3);
    assert_eq!(path.selection().unwrap().indices(), [0, 1]);
}

#[test]
fn kernels_belong_to_their_input() {
    // (out, in, height, width): the second input's kernels hold a 3 and a 4, and one value too small for its square.
    let mut weight = Tensor::<f64>::zeros([2, 3, 1, 2]);
    for (index, value) in [([0, 1, 0, 1], 3.0), ([1, 1, 0, 0], 4.0), ([1, 2, 0, 1], 1e-200)] {
        weight.as_mut_slice()[(index[0] * 3 + index[1]) * 2 + index[3]] = value;
    }
    let conv = Conv2d::from_parts(weight, None).unwrap();
    assert_eq!(input_norms(&conv, "weight"), [0.0, 5.0, 1e-200]);
}

#[test]
fn what_cannot_be_run_is_told() {
    let data = squares(40);
    let run = |lasso: InputLasso<f64>| {
        lasso.run(&data, start::<Failure>, |line, regularizer, part, validation, _| {
            Ok(train(line, regularizer, part, validation)?)
        })
    };
    let penalties = lambdas(2.0, 1.0, 2).unwrap();
    assert!(run(InputLasso::new(penalties.clone()).on("weight")).is_ok());
    let misfit = run(InputLasso::new(penalties.clone())).unwrap_err();
    assert!(matches!(misfit.downcast_ref(), Some(TrainError::Regularize(_))), "{misfit}");
    for lasso in [InputLasso::new(penalties).folds(1), InputLasso::new([1.0, 2.0])] {
        let error = run(lasso.on("weight")).unwrap_err();
        assert!(error.downcast_ref::<DataError>().is_some(), "{error}");
    }
    assert!(input_norms(&Linear::<f64>::new(2, 1), "other").is_empty());
}
