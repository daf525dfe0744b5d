//! Mixup and CutMix.

use evenkeel_data::augment::{CutMix, Mix, Mixup};
use evenkeel_data::{Batch, DataError, Dataset, Digits, Seed, Shape, Targets, Tensor};
use proptest::prelude::*;

/// Sample i of n: all values i, and the i-th of n classes.
fn numbered(samples: usize, shape: &[usize]) -> Batch<f64> {
    let shape = Shape::from(&[&[samples], shape].concat()[..]);
    let width = shape.numel() / samples;
    let labels = Tensor::from_fn([samples], |i| i as u32);
    let targets = Targets::Classes(labels).one_hot(samples).unwrap();
    Batch { inputs: Tensor::from_fn(shape, |i| (i / width) as f64), targets }
}

fn mixed(mix: &dyn Mix<f64>, mut batch: Batch<f64>, seed: u64) -> Batch<f64> {
    mix.apply(&mut batch, Seed(seed));
    batch
}

fn shares(batch: &Batch<f64>) -> Vec<&[f64]> {
    batch.targets.values().unwrap().as_slice().chunks(batch.len()).collect()
}

/// The share of a sample's own in each row, and its partner if it is mixed.
fn decode(batch: &Batch<f64>) -> Vec<(f64, Option<usize>)> {
    let partner = |(i, row): (usize, &&[f64])| (0..row.len()).find(|&j| j != i && row[j] > 0.0);
    shares(batch).iter().enumerate().map(|(i, row)| (row[i], partner((i, row)))).collect()
}

fn mixes() -> impl Strategy<Value = (bool, bool, f64)> {
    (any::<bool>(), any::<bool>(), prop_oneof![Just(0.2), Just(1.0), Just(5.0), 0.01f64..10.0])
}

fn of((cuts, per_sample, alpha): (bool, bool, f64)) -> Box<dyn Mix<f64>> {
    match (cuts, per_sample) {
        (false, false) => Box::new(Mixup::new(alpha)),
        (false, true) => Box::new(Mixup::new(alpha).per_sample()),
        (true, false) => Box::new(CutMix::new(alpha)),
        (true, true) => Box::new(CutMix::new(alpha).per_sample()),
    }
}

proptest! {
    /// Targets are shares of the sample itself and of one partner, which is another for each.
    #[test]
    fn targets_are_shares(samples in 1usize..12, settings in mixes(), seed: u64) {
        let batch = mixed(&*of(settings), numbered(samples, &[3, 4]), seed);
        let mut partners = Vec::new();
        for row in shares(&batch) {
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() <= f64::EPSILON);
            prop_assert!(row.iter().all(|share| (0.0..=1.0).contains(share)));
            prop_assert!(row.iter().filter(|&&share| share > 0.0).count() <= 2);
        }
        for (_, partner) in decode(&batch) {
            partners.extend(partner);
        }
        partners.sort_unstable();
        let count = partners.len();
        partners.dedup();
        prop_assert_eq!(partners.len(), count, "a permutation gives each partner once");
    }

    /// Inputs are mixed by the shares that the targets tell, so are between those mixed.
    #[test]
    fn mixup_mixes_inputs_as_targets(samples in 1usize..12, per_sample: bool, alpha in 0.01f64..10.0, seed: u64) {
        let batch = mixed(&*of((false, per_sample, alpha)), numbered(samples, &[5]), seed);
        let all = decode(&batch);
        for (i, row) in batch.inputs.as_slice().chunks(5).enumerate() {
            let (share, partner) = all[i];
            let partner = partner.unwrap_or(i);
            let expected = share * i as f64 + (1.0 - share) * partner as f64;
            prop_assert!(row.iter().all(|x| (x - expected).abs() < 1e-12));
            prop_assert!(row.iter().all(|&x| x >= i.min(partner) as f64 - 1e-12 && x <= i.max(partner) as f64 + 1e-12));
        }
        // One share for the whole batch, or one for each sample.
        let mut drawn: Vec<_> = all.iter().filter(|(_, partner)| partner.is_some()).map(|(share, _)| *share).collect();
        drawn.dedup();
        prop_assert!(per_sample || drawn.len() <= 1);
    }

    /// What a CutMix target says is counted in pixels: exactly, in a box that is the same in all channels.
    #[test]
    fn cutmix_targets_count_pixels(
        samples in 1usize..9, channels in 1usize..4, height in 1usize..10, width in 1usize..10,
        per_sample: bool, alpha in 0.1f64..5.0, seed: u64,
    ) {
        let batch = mixed(&*of((true, per_sample, alpha)), numbered(samples, &[channels, height, width]), seed);
        let area = height * width;
        for (i, (image, (share, partner))) in batch.inputs.as_slice().chunks(channels * area).zip(decode(&batch)).enumerate() {
            let own = image[..area].iter().filter(|&&x| x == i as f64).count();
            let partner = partner.unwrap_or(i) as f64;
            prop_assert_eq!(share, own as f64 / area as f64);
            prop_assert!(image.iter().all(|&x| x == i as f64 || x == partner));
            prop_assert!(image.chunks(area).all(|plane| plane == &image[..area]));
            let foreign: Vec<_> = (0..area).filter(|&p| image[p] != i as f64).collect();
            if let (Some(first), Some(last)) = (foreign.first(), foreign.last()) {
                let (rows, columns) = (last / width - first / width + 1, last % width - first % width + 1);
                prop_assert_eq!(foreign.len(), rows * columns);
            }
        }
    }

    #[test]
    fn mixing_with_the_same_changes_nothing(samples in 1usize..9, settings in mixes(), seed: u64, value in -1e3f64..1e3) {
        let one_class = Targets::Classes(Tensor::full([samples], 1)).one_hot(2).unwrap();
        let batch = Batch { inputs: Tensor::full([samples, 3, 3], value), targets: one_class };
        let after = mixed(&*of(settings), batch.clone(), seed);
        let near = |a: &Tensor<f64>, b: &Tensor<f64>| {
            a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| (a - b).abs() <= 2.0 * f64::EPSILON * b.abs())
        };
        prop_assert!(near(&after.inputs, &batch.inputs));
        prop_assert!(near(after.targets.values().unwrap(), batch.targets.values().unwrap()));
        if samples == 1 {
            prop_assert_eq!(after, batch);
        }
    }

    /// Real values are mixed by the same share as the inputs.
    #[test]
    fn real_targets_are_mixed_as_inputs(samples in 1usize..20, seed: u64) {
        let inputs = Tensor::from_fn([samples, 2], |i| (i * i % 17) as f64);
        let line = Dataset::regression(inputs.clone(), inputs.map(|x| 3.0 * x)).unwrap();
        for batch in line.batches::<f64>(7).mixed(Mixup::new(1.0), Seed(seed)).unwrap().epoch(0) {
            for (y, x) in batch.targets.values().unwrap().as_slice().iter().zip(batch.inputs.as_slice()) {
                prop_assert!((y - 3.0 * x).abs() < 1e-12);
            }
        }
    }
}

/// The shares s have mean 1/2, variance v = 1 / (4 (2 alpha + 1)) and fourth moment v² (3 - 6 / (2 alpha + 3)). The mean of n has
/// variance v / n, and the mean of (s - 1/2)² variance v² (2 - 6 / (2 alpha + 3)) / n. Bounds at 4.5 deviations, beyond which a
/// normal law is with a probability of 7e-6.
#[test]
fn shares_are_of_the_beta_law() {
    for alpha in [0.001, 0.1, 0.5, 1.0, 2.0, 30.0, 1e6] {
        // Sample 0 holds 1 and the other 0, so where they are each other's partners the input is the share.
        let two = Batch {
            inputs: Tensor::from_vec([2, 1], vec![1.0, 0.0]).unwrap(),
            targets: Targets::Values(Tensor::from_vec([2, 2], vec![1.0, 0.0, 0.0, 1.0]).unwrap()),
        };
        // Samples that are their own partners hold 1 and 0 after mixing; a share of 1, or so near to it that it is rounded to 1, is
        // then seen as no partner. So partners are told by another batch, of the same seed.
        let swapped = |seed| decode(&mixed(&Mixup::new(30.0), two.clone(), seed))[0].1.is_some();
        let share = |seed| mixed(&Mixup::new(alpha), two.clone(), seed).inputs.as_slice()[0];
        let shares: Vec<_> = (0..8000).filter(|&seed| swapped(seed)).map(share).collect();
        let (n, v) = (shares.len() as f64, 0.25 / (2.0 * alpha + 1.0));
        // Half of 8000, with a deviation of 45.
        assert!((n - 4000.0).abs() < 202.0, "{n}");
        let mean = shares.iter().sum::<f64>() / n;
        assert!((mean - 0.5).abs() < 4.5 * (v / n).sqrt(), "alpha {alpha}: mean {mean}");
        let variance = shares.iter().map(|s| (s - 0.5).powi(2)).sum::<f64>() / n;
        let deviation = v * ((2.0 - 6.0 / (2.0 * alpha + 3.0)) / n).sqrt();
        assert!((variance - v).abs() < 4.5 * deviation, "alpha {alpha}: variance {variance}, not {v}");
    }
}

/// The box has 1 - share of the image before it is cut off, so CutMix of a large alpha in the middle keeps a half.
#[test]
fn boxes_have_the_area_of_the_share() {
    let mut largest = 0.0f64;
    for seed in 0..200 {
        let batch = mixed(&CutMix::new(1e6), numbered(2, &[100, 100]), seed);
        for (own, _) in decode(&batch) {
            // sqrt(1/2) of 100 is 70.7; alpha keeps the share within 0.002 of 1/2 (4.5 deviations), so 70 rows.
            assert!(own >= 1.0 - 0.7 * 0.7 - 1e-12, "{own}");
            largest = if own < 1.0 { largest.max(1.0 - own) } else { largest };
        }
    }
    assert!(largest > 0.489, "{largest}");
}

/// As alpha goes to 0 each sample is itself or its partner.
#[test]
fn a_small_alpha_mixes_nothing() {
    let mut kept = 0;
    for seed in 0..200 {
        let batch = mixed(&Mixup::new(0.001), numbered(4, &[2]), seed);
        let whole = shares(&batch).iter().all(|row| row.iter().all(|&share| !(1e-6..=1.0 - 1e-6).contains(&share)));
        kept += usize::from(whole);
    }
    // A share is inside of these limits with a probability of about 2 alpha ln(1e6) / 2 = 0.014.
    assert!(kept >= 190, "{kept}");
}

#[test]
fn partners_are_any_sample_at_equal_odds() {
    // In 3 000 batches of 3, sample 0 meets each with a third: 1 000 with a deviation of 26; 4.5 of them are 116.
    let mut counts = [0u32; 3];
    for seed in 0..3000 {
        counts[decode(&mixed(&Mixup::new(5.0), numbered(3, &[1]), seed))[0].1.unwrap_or(0)] += 1;
    }
    assert!(counts.iter().all(|n| n.abs_diff(1000) < 116), "{counts:?}");
}

#[test]
fn hostile_settings_and_samples_are_refused() {
    let (image, classes) = (Shape::from([8, 8]), Some(10));
    for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e300] {
        let mixes: [&dyn Mix<f32>; 2] = [&Mixup::new(alpha), &CutMix::new(alpha)];
        for mix in mixes {
            assert!(matches!(mix.check(image, classes), Err(DataError::Setting { .. })), "{mix:?}");
        }
    }
    let cutmix: &dyn Mix<f32> = &CutMix::new(1.0);
    for shape in [Shape::SCALAR, [64].into(), [1, 1, 8, 8].into(), [8, 0].into()] {
        assert!(matches!(cutmix.check(shape, classes), Err(DataError::Shape(_))), "{shape}");
    }
    assert!(matches!(cutmix.check(image, None), Err(DataError::NotClasses { operation: "CutMix", .. })));
    let digits = Digits::embedded();
    assert!(digits.batches::<f32>(60).mixed(CutMix::new(1.0), Seed(1)).is_err());
    assert!(matches!(
        Targets::<f32>::Classes(Tensor::full([2], 3)).one_hot(3),
        Err(DataError::Label { sample: 0, label: 3, classes: 3 })
    ));
    assert!(matches!(
        Targets::<f32>::Classes(Tensor::full([2], 0)).one_hot(0),
        Err(DataError::Label { sample: 0, label: 0, classes: 0 })
    ));
    assert!(Targets::<f32>::Classes(Tensor::full([0], 3)).one_hot(0).is_ok());
    let nothing = Batch { inputs: Tensor::zeros([0, 8, 8]), targets: Targets::Values(Tensor::zeros([0, 10])) };
    assert_eq!(mixed(&Mixup::new(1.0), nothing.clone(), 1), nothing);
    assert_eq!(mixed(&CutMix::new(1.0), nothing.clone(), 1), nothing);
}

#[test]
#[should_panic(expected = "one_hot")]
fn classes_cannot_be_mixed() {
    Mixup::new(1.0).apply(&mut Digits::embedded().batch::<f32>(&[0, 1]), Seed(1));
}

#[test]
fn large_values_stay_finite() {
    let mut batch = numbered(5, &[4, 4]);
    batch.inputs = batch.inputs.map(|x| if x > 2.0 { 1e308 } else { -1e308 });
    assert!(mixed(&Mixup::new(1.0), batch, 3).inputs.is_finite());
}

#[test]
fn batches_are_the_same_at_any_number_of_threads() {
    let images = Tensor::from_fn([40, 3, 64, 64], |i| (i * i % 251) as f64);
    let images = Dataset::classification(images, (0..40).collect(), 40).unwrap();
    for settings in [(false, false, 0.4), (false, true, 1.0), (true, false, 1.0), (true, true, 0.3)] {
        let mix = |batch: &mut Batch<f64>| of(settings).apply(batch, Seed(5));
        let mut expected = images.batch(&Vec::from_iter(0..40));
        expected.targets = expected.targets.one_hot(40).unwrap();
        let before = expected.clone();
        mix(&mut expected);
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut batch = before.clone();
            pool.install(|| mix(&mut batch));
            assert_eq!(batch, expected, "{threads} threads");
        }
    }
}

/// Pins what a seed gives: a change here changes every user's results. The share is of the standard library's logarithm, whose
/// last bits may differ between systems.
#[test]
fn value_stability() {
    let batch = mixed(&Mixup::new(0.4), numbered(3, &[1]), 9);
    let expected = [0.11531128645208244, 1.0, 1.8846887135479176];
    assert!(batch.inputs.as_slice().iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-12), "{:?}", batch.inputs);
    let batch = mixed(&CutMix::new(1.0), numbered(2, &[2, 4]), 9);
    let expected = [0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1];
    assert_eq!(batch.inputs.as_slice(), expected.map(f64::from));
}
