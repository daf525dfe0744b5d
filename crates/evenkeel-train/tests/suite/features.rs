//! Outputs for features alone are, to the bit, those that an evaluation sees.

use std::sync::{Arc, Mutex};

use evenkeel_autograd::Var;
use evenkeel_data::{DataError, Dataset, Digits, Inputs, Samples, Shape, Targets};
use evenkeel_init::HeNormal;
use evenkeel_module::{ModuleExt, Pass, Sequential, sequential};
use evenkeel_nn::{CrossEntropy, Linear, Relu};
use evenkeel_norm::BatchNorm;
use evenkeel_tensor::{Float, Seed, Tensor};
use evenkeel_train::{Loss, TrainError, evaluate, predict};

/// Cross-entropy that remembers the outputs.
#[derive(Clone)]
struct Recording<F: Float>(Arc<Mutex<Vec<F>>>);

impl<F: Float> std::fmt::Debug for Recording<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recording")
    }
}

impl<F: Float> Loss<F> for Recording<F> {
    fn loss<'t>(&self, pass: &Pass<'t, F>, output: Var<'t, F>, targets: &Targets<F>) -> Var<'t, F> {
        self.0.lock().unwrap().extend_from_slice(&output.value());
        Loss::loss(&CrossEntropy::default(), pass, output, targets)
    }
}

fn net<F: Float>() -> Sequential<F> {
    let layers = Sequential::<F>::default().with(Linear::new(64, 30)).with(BatchNorm::new(30)).with(Relu);
    let layers = layers.with(Linear::new(30, 10));
    layers.initialize(HeNormal::default(), Seed(3)).unwrap()
}

fn evaluated<F: Float>(data: &Dataset) -> Vec<F> {
    let recording = Recording(Arc::default());
    evaluate(&net(), &recording, data).unwrap();
    recording.0.lock().unwrap().clone()
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// The digits are bytes, more than three batches of an evaluation, the last one short.
#[test]
fn the_same_bits_with_and_without_labels() {
    let digits = Digits::embedded();
    let all: Vec<usize> = (0..digits.len()).collect();
    let single = digits.batch::<f32>(&all).inputs;
    let outputs: Vec<f32> = evaluated(&digits);
    let net = net::<f32>();
    assert_eq!(outputs.len(), 17_970);
    assert_eq!(predict(&net, &digits).unwrap().as_slice(), outputs);
    assert_eq!(predict(&net, &single).unwrap().as_slice(), outputs);
    assert_eq!(predict(&net, &Inputs::from(single.clone())).unwrap().as_slice(), outputs);
    assert_eq!(predict(&net, &single.cast::<f64>()).unwrap().as_slice(), outputs, "tensors of the other float");
    let samples: &dyn Samples = &single;
    assert_eq!(predict(&net, samples).unwrap().as_slice(), outputs);

    // Of a part, in its own order, and in double precision.
    let part = digits.subset(&Vec::from_iter((0..600).rev())).unwrap();
    let double = part.batch::<f64>(&all[..600]).inputs;
    let expected = bits(&evaluated(&part));
    let net = self::net::<f64>();
    assert_eq!(bits(predict(&net, &part).unwrap().as_slice()), expected);
    assert_eq!(bits(predict(&net, &double).unwrap().as_slice()), expected);
    let bytes = Tensor::from_vec([600, 64], double.as_slice().iter().map(|x| (x * 16.0) as u8).collect()).unwrap();
    assert_eq!(bits(predict(&net, &Inputs::scaled(bytes, 1.0 / 16.0, 0.0)).unwrap().as_slice()), expected);
}

#[test]
fn images_keep_their_shape() {
    let digits = Digits::embedded().reshape_samples([1, 8, 8]).unwrap().take(7).unwrap();
    let images = digits.batch::<f32>(&[0, 1, 2, 3, 4, 5, 6]).inputs;
    let net = sequential![evenkeel_nn::Flatten, Linear::new(64, 3)].initialize(HeNormal::default(), Seed(3)).unwrap();
    assert_eq!(predict(&net, &images).unwrap(), predict(&net, &digits).unwrap());
    assert_eq!(predict(&net, &images).unwrap().shape(), [7, 3].into());
}

#[test]
fn what_no_network_can_be_given() {
    let net = net::<f32>();
    let data_error = |samples: &dyn Samples| match predict(&net, samples).unwrap_err() {
        TrainError::Data(error) => error,
        other => panic!("{other}"),
    };
    assert!(matches!(data_error(&Tensor::<f32>::zeros([0, 64])), DataError::Empty { .. }));
    assert!(matches!(data_error(&Tensor::<f32>::zeros([3, 0])), DataError::Empty { .. }));
    assert!(matches!(data_error(&Tensor::<f64>::zeros(Shape::SCALAR)), DataError::Shape(_)));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = Tensor::<f32>::zeros([3, 64]);
        x.as_mut_slice()[64 + 5] = bad;
        for samples in [&x as &dyn Samples, &Inputs::from(x.clone())] {
            assert!(data_error(samples).to_string().starts_with("input 5 of sample 1: expected a finite number"));
        }
    }
    let bytes = Inputs::scaled(Tensor::full([2, 64], 1u8), f64::NAN, 0.0);
    assert!(matches!(data_error(&bytes), DataError::NotFinite { .. }));
    assert!(matches!(predict(&net, &Tensor::<f32>::zeros([3, 63])), Err(TrainError::Network(_))));
    // What is finite goes in, however large or small.
    for x in [1e30f32, f32::MIN_POSITIVE / 2.0] {
        assert_eq!(predict(&net, &Tensor::full([3, 64], x)).unwrap().shape(), [3, 10].into());
    }
}
