//! Values at the ends of the range and far from 0: no NaN from what is finite, and the gradients of `f64`.

use evenkeel_autograd::Tape;
use evenkeel_module::{Forward, Mode, Workspace, check_network};
use evenkeel_norm::{
    BatchNorm, BatchNormOp, BatchPart, Lengths, LengthsError, LocalResponseNorm, MaskedBatchNormOp, Moments,
    Normalization, Normalizer, SequenceLayout, Statistics, batch_norm, functional, population_statistics,
    switchable_norm,
};
use evenkeel_tensor::{Float, Seed, Tensor};

const DY: [f64; 9] = [1.0, -2.0, 3.0, 0.5, 0.25, -1.0, 2.0, 1.0, 7.0];

/// dx times `spread`, so that spreads compare.
fn batch_gradient<F: Float>(shape: &[usize], spread: f64) -> Vec<f64> {
    let tape = Tape::<F>::new();
    let x = tape.variable(Tensor::from_fn(shape, |i| F::from_f64((i as f64 - 4.0) * spread)));
    let y = batch_norm(x, None, Normalizer::Batch, 0.0);
    tape.backward_from(y, &DY.map(F::from_f64));
    x.gradient().unwrap().as_slice().iter().map(|d| d.to_f64() * spread).collect()
}

fn mixed_gradients<F: Float>(spread: f64) -> Vec<f64> {
    let tape = Tape::<F>::new();
    let x = tape.variable(Tensor::from_fn([1, 2, 9], |i| F::from_f64(((i * 7 % 9) as f64 - 4.0) * spread)));
    let logits = (tape.variable(Tensor::ones([3])), tape.variable(Tensor::from([1.0, 0.5, 2.0].map(F::from_f64))));
    let y = switchable_norm(x, logits, None, BatchPart::Batch, 0.0);
    tape.backward_from(y, &[DY, DY].concat().into_iter().map(F::from_f64).collect::<Vec<_>>());
    let of_x = x.gradient().unwrap().as_slice().iter().map(|d| d.to_f64() * spread).collect::<Vec<_>>();
    let of_logits = [logits.0, logits.1].map(|l| l.gradient().unwrap().cast::<f64>().as_slice().to_vec());
    [of_x, of_logits.concat()].concat()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    let size = b.iter().fold(0.0f64, |m, b| m.max(b.abs()));
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * size)
}

/// Without eps: squares of 1e-21 are subnormal in f32 (three digits are left of them), the inverse deviation's is infinite.
#[test]
fn gradients_of_tiny_spreads_are_finite_and_right() {
    for (spread, tolerance) in [(1e-15, 1e-5), (1e-21, 1e-2)] {
        for shape in [&[9, 1][..], &[3, 1, 3]] {
            let (dx, exact) = (batch_gradient::<f32>(shape, spread), batch_gradient::<f64>(shape, 1.0));
            assert!(close(&dx, &exact, tolerance), "{spread} {shape:?}: {dx:?} {exact:?}");
        }
        let (d, exact) = (mixed_gradients::<f32>(spread), mixed_gradients::<f64>(1.0));
        assert!(close(&d, &exact, tolerance), "{spread}: {d:?} {exact:?}");
    }
}

/// Two values have a gradient only through eps: in f32 it has to be that of f64, with a mask and corrected too.
fn pair_gradient<F: Float>(masked: bool, normalizer: Normalizer<F>) -> Vec<f64> {
    let tape = Tape::<F>::new();
    let norm = BatchNormOp { eps: 1e-5, normalizer, momentum: None };
    let dy = [0.3, -0.9, 5.0, 5.0].map(F::from_f64);
    let x = tape.variable(Tensor::from_vec([2, 2, 1], [-10.0, 10.0, 7.0, 8.0].map(F::from_f64).to_vec()).unwrap());
    let lengths = Lengths::new(vec![2, 0], 2, SequenceLayout::BatchTimeFeature).unwrap();
    if masked {
        let y = tape.record(MaskedBatchNormOp { norm, lengths }, &[x]);
        tape.backward_from(y, &dy);
        return x.gradient().unwrap().cast::<f64>().as_slice().to_vec();
    }
    let x = tape.variable(Tensor::from_vec([2, 1], [-10.0, 10.0].map(F::from_f64).to_vec()).unwrap());
    let y = tape.record(norm, &[x]);
    tape.backward_from(y, &dy[..2]);
    x.gradient().unwrap().cast::<f64>().as_slice().to_vec()
}

#[test]
fn a_few_values_masked_or_corrected() {
    fn corrected<F: Float>() -> Normalizer<F> {
        Normalizer::Corrected { mean: Tensor::zeros([1]), deviation: Tensor::ones([1]), r_max: 3.0, d_max: 5.0 }
    }
    let masked = pair_gradient::<f32>(true, Normalizer::Batch);
    assert!(close(&masked, &pair_gradient::<f64>(true, Normalizer::Batch), 1e-5), "{masked:?}");
    assert_eq!(masked[2..], [0.0, 0.0]);
    let renormalized = pair_gradient::<f32>(false, corrected());
    assert!(close(&renormalized, &pair_gradient::<f64>(false, corrected()), 1e-5), "{renormalized:?}");
}

#[test]
fn what_has_no_weight_in_a_local_response_does_not_overflow() {
    let x = Tensor::<f32>::from_vec([1, 3], vec![1e20, 1.0, 2.0]).unwrap();
    let half = LocalResponseNorm::new(3).with_alpha(0.0).with_k(16.0);
    assert_eq!(functional::local_response_norm(&x, half).unwrap().as_slice(), [1e20 / 8.0, 0.125, 0.25]);
    assert_eq!(functional::local_response_norm(&x, LocalResponseNorm::new(3).with_beta(0.0)).unwrap(), x);
}

#[test]
fn an_infinite_stored_variance_gives_beta() {
    let x = Tensor::<f32>::from_vec([3, 1], vec![3.4e38, 1.0, f32::NAN]).unwrap();
    let (mean, variance) = (Tensor::from([-1e38f32]), Tensor::from([f32::INFINITY]));
    let beta = Tensor::from([2.0f32]);
    let y = functional::batch_norm_with(&x, &mean, &variance, None, Some(&beta), 1e-5).unwrap();
    assert_eq!(y.as_slice()[..2], [2.0, 2.0]);
    assert!(y.as_slice()[2].is_nan());
}

#[test]
fn no_channels_and_no_sense() {
    let mut norm = BatchNorm::<f32>::new(0);
    let mut workspace = Workspace::new();
    let pass = workspace.begin(Mode::Training, Seed(0));
    assert_eq!(norm.forward(&pass, pass.constant(Tensor::zeros([4, 0]))).shape(), [4, 0].into());
    assert_eq!(workspace.finish().commit(&mut norm), 0);
    assert_eq!(norm.statistics(), Statistics::Running { batches: 1 });

    let senseless = BatchNorm::<f32>::new(1).with_eps(-2.0);
    assert!(senseless.fold(&Tensor::eye(1), None).unwrap_err().to_string().contains("eps -2"));
    assert!(senseless.fold_into_next(&Tensor::eye(1), None, 1, false).unwrap_err().to_string().contains("eps -2"));
    assert!(Moments::of(&Tensor::<f32>::ones([3])).unwrap_err().to_string().starts_with("Moments::of"));

    let none = Normalization::Group { groups: 0 };
    assert_eq!(none.to_string().parse(), Ok(none));
    assert!(check_network(&none.layer::<f32>(4), Mode::Training, [2, 4, 3]).is_err());
    assert!("group:+3".parse::<Normalization>().is_err() && "group:".parse::<Normalization>().is_err());
}

#[test]
fn lengths_of_large_arrays() {
    for layout in [SequenceLayout::BatchTimeFeature, SequenceLayout::TimeBatchFeature, SequenceLayout::BatchFeatureTime]
    {
        let error = Lengths::new(vec![usize::MAX, usize::MAX], usize::MAX, layout).unwrap_err();
        assert_eq!(error, LengthsError::TooLarge { sequences: 2, steps: usize::MAX });
        // As many positions as no loop gets through, of which one counts.
        assert_eq!(Lengths::new(vec![0, 1], 1 << 60, layout).unwrap().count(), 1);
    }
}

/// A population pass counts no training step, and a cumulative average goes on from it as from so many steps.
#[test]
fn population_passes_are_no_training_steps() {
    let batch = |mean: f64| Tensor::from_vec([2, 1], vec![mean - 1.0, mean + 1.0]).unwrap();
    let mut norm = BatchNorm::<f64>::new(1).with_cumulative_average();
    let train = |norm: &mut BatchNorm<f64>, mean: f64| {
        let mut workspace = Workspace::new();
        let pass = workspace.begin(Mode::Training, Seed(0));
        norm.forward(&pass, pass.constant(batch(mean)));
        workspace.finish().commit(norm);
    };
    train(&mut norm, 1.0);
    for _ in 0..5 {
        population_statistics(&mut norm, [batch(10.0), batch(20.0)]).unwrap();
    }
    assert_eq!((norm.statistics(), norm.running_mean().item()), (Statistics::Population, 15.0));
    train(&mut norm, 25.0);
    assert_eq!((norm.statistics(), norm.running_mean().item()), (Statistics::Running { batches: 2 }, 20.0));
}

/// The plain functions are the layers' operations.
#[test]
fn plain_functions() {
    let x = Tensor::from_fn([2, 3, 4], |i| (i * i % 11) as f64);
    let full = Lengths::new(vec![4, 4], 4, SequenceLayout::BatchFeatureTime).unwrap();
    let plain = functional::batch_norm(&x, None, None, 1e-5).unwrap();
    assert_eq!(functional::masked_batch_norm(&x, &full, None, None, 1e-5).unwrap(), plain);
    let given = (&Tensor::zeros([3]), &Tensor::ones([3]));
    assert_eq!(functional::batch_renorm(&x, given, (1.0, 0.0), None, None, 1e-5).unwrap(), plain);
    // With all the weight on the batch, batch normalisation.
    let logits = Tensor::from([-1e4, -1e4, 0.0]);
    let y = functional::switchable_norm(&x, (&logits, &logits), None, None, BatchPart::Batch, 1e-5).unwrap();
    assert!(close(y.as_slice(), plain.as_slice(), 1e-12));
}
