//! Composition of augmentations, and batches of augmented samples.

use std::sync::Arc;

use evenkeel_data::augment::audio::{Gain, Shift};
use evenkeel_data::augment::check::{check_augment, check_random};
use evenkeel_data::augment::{Augment, Chain, CutMix, Cutout, Mixup, OneOf};
use evenkeel_data::{Batch, Batches, DataError, Dataset, Seed, Shape, Tensor};
use proptest::prelude::*;
use rand::RngExt;

/// Writes the seed where it can be read, one value per step: (before * 1000 + number drawn below 1000).
#[derive(Debug)]
struct Stamp;

impl Augment<f64> for Stamp {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Ok(sample)
    }
    fn apply(&self, sample: &mut Tensor<f64>, seed: Seed) {
        let drawn = f64::from(seed.rng().random_range(0..1000u32));
        sample.as_mut_slice().iter_mut().for_each(|x| *x = *x * 1000.0 + drawn);
    }
}

/// Adds a number.
#[derive(Debug)]
struct Add(f64);

impl Augment<f64> for Add {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Ok(sample)
    }
    fn apply(&self, sample: &mut Tensor<f64>, _seed: Seed) {
        sample.as_mut_slice().iter_mut().for_each(|x| *x += self.0);
    }
}

/// Adds a number that is not drawn twice: of 2^53 between 0 and 1.
#[derive(Debug)]
struct Unique;

impl Augment<f64> for Unique {
    fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
        Ok(sample)
    }
    fn apply(&self, sample: &mut Tensor<f64>, seed: Seed) {
        let drawn: f64 = seed.rng().random();
        sample.as_mut_slice().iter_mut().for_each(|x| *x += drawn);
    }
}

/// Keeps the first values.
#[derive(Debug)]
struct First(usize);

impl Augment<f64> for First {
    fn output_shape(&self, _sample: Shape) -> Result<Shape, DataError> {
        Ok(self.0.into())
    }
    fn apply(&self, sample: &mut Tensor<f64>, _seed: Seed) {
        *sample = Tensor::from_vec([self.0], sample.as_slice()[..self.0].to_vec()).unwrap();
    }
}

fn applied(augment: &dyn Augment<f64>, sample: &[f64], seed: u64) -> Vec<f64> {
    let mut sample = Tensor::from_vec([sample.len()], sample.to_vec()).unwrap();
    augment.apply(&mut sample, Seed(seed));
    sample.into_vec()
}

/// Samples that say which they are: sample i holds i in all `width` values.
fn numbered(samples: usize, width: usize) -> Dataset {
    let inputs = Tensor::from_fn([samples, width], |i| (i / width) as f64);
    Dataset::classification(inputs, (0..samples as u32).map(|i| i % 3).collect(), 3).unwrap()
}

proptest! {
    /// Each step draws for itself, and does not notice what comes after it.
    #[test]
    fn a_step_added_leaves_the_earlier_ones_alone(seed: u64) {
        let one = applied(&Chain::new([]).then(Stamp), &[0.0], seed)[0];
        let two = applied(&Stamp.then(Stamp), &[0.0], seed)[0];
        let three = applied(&Stamp.then(Stamp).then(Stamp), &[0.0], seed)[0];
        let exchanged = applied(&Stamp.then(Add(0.0)).then(Stamp), &[0.0], seed)[0];
        prop_assert_eq!((two / 1000.0).floor(), one);
        prop_assert_eq!((three / 1000.0).floor(), two);
        prop_assert_eq!(exchanged, one * 1000.0 + three % 1000.0);
        let nested = applied(&(Arc::new(Stamp.then(Stamp)) as Arc<dyn Augment<f64>>).then(Stamp), &[0.0], seed)[0];
        prop_assert!(nested.is_finite());
    }

    /// What happens to a sample does not depend on the probability that something does.
    #[test]
    fn a_probability_says_only_whether(seed: u64, p in 0.0f64..1.0) {
        let always = applied(&Stamp.with_probability(1.0), &[0.0], seed);
        let sometimes = applied(&Stamp.with_probability(p), &[0.0], seed);
        prop_assert!(sometimes == always || sometimes == [0.0]);
        prop_assert_eq!(applied(&Add(1.0).with_probability(0.0), &[0.0], seed), [0.0]);
        prop_assert_eq!(applied(&Add(1.0).with_probability(1.0), &[0.0], seed), [1.0]);
    }

    /// An augmented sample depends on the seed, the epoch and its position, and on nothing else.
    #[test]
    fn batches_are_augmented_by_position(
        samples in 1usize..40, size in 1usize..17, other in 1usize..17, epoch in 0u64..5, seed: u64, depth in 1usize..4,
    ) {
        let dataset = numbered(samples, 4);
        let by_sample = |batches: &Batches<f64>| {
            let mut rows = vec![Vec::new(); samples];
            for batch in batches.epoch(epoch).prefetch(depth) {
                for row in batch.inputs.as_slice().chunks(4) {
                    rows[(row[0] / 1000.0) as usize] = row.to_vec();
                }
            }
            rows
        };
        let augmented = |size| dataset.batches(size).augmented(Stamp, Seed(seed)).unwrap();
        let rows = by_sample(&augmented(size));
        prop_assert_eq!(&by_sample(&augmented(other)), &rows);
        prop_assert_eq!(&by_sample(&augmented(size).shuffled(Seed(3))), &rows);
    }

    #[test]
    fn a_resumed_run_goes_on_with_the_same_batches(
        samples in 2usize..40, size in 1usize..9, stop in 0usize..9, seed: u64, shuffled: bool,
    ) {
        let mut batches = numbered(samples, 4)
            .batches::<f64>(size)
            .augmented(Stamp.then(Unique), Seed(seed)).unwrap()
            .mixed(Mixup::new(1.0), Seed(seed)).unwrap();
        if shuffled {
            batches = batches.shuffled(Seed(seed));
        }
        let rest: Vec<_> = batches.epoch(2).skip(stop).collect();
        prop_assert_eq!(&batches.epoch(2).starting_at(stop).collect::<Vec<_>>(), &rest);
        prop_assert_eq!(&batches.epoch(2).starting_at(stop).prefetch(2).collect::<Vec<_>>(), &rest);
        let (mut epoch, mut filled) = (batches.epoch(0), Batch::default());
        epoch.fill(0, &mut filled);
        prop_assert_ne!(&filled, &batches.epoch(1).next().unwrap());
        epoch.restart(2);
        for (position, batch) in (stop..).zip(&rest) {
            epoch.fill(position, &mut filled);
            prop_assert_eq!(&filled, batch);
        }
    }
}

/// Of 10 000 samples a share of p q is changed: the count has a deviation of at most 50, and is beyond 4.5 of them with a
/// probability of 7e-6.
#[test]
fn probabilities_multiply() {
    let count =
        |augment: &dyn Augment<f64>| (0..10_000).filter(|&s| applied(augment, &[0.0], s) == [1.0]).count() as f64;
    assert!((count(&Add(1.0).with_probability(0.3)) - 3000.0).abs() < 225.0);
    assert!((count(&Add(1.0).with_probability(0.6).with_probability(0.5)) - 3000.0).abs() < 225.0);
    let both = Add(0.5).with_probability(0.5).then(Add(0.5).with_probability(0.5));
    assert!((count(&both) - 2500.0).abs() < 225.0);
}

/// Each of three choices is taken for a third of 9 000 samples, with a deviation of 45; 4.5 of them are 201.
#[test]
fn choices_have_equal_odds() {
    let one_of = Add(1.0).or(Add(2.0)).or(Add(3.0));
    let mut counts = [0u32; 3];
    (0..9_000).for_each(|seed| counts[applied(&one_of, &[0.0], seed)[0] as usize - 1] += 1);
    assert!(counts.iter().all(|&n| n.abs_diff(3000) < 201), "{counts:?}");
    check_augment(&one_of, &Tensor::ones([3]));
    check_random(&one_of, &Tensor::ones([3]));
}

#[test]
fn combinations_keep_the_contract() {
    let shared: Arc<dyn Augment<f64>> = Arc::new(Stamp);
    let sample = Tensor::from_fn([6], |i| i as f64);
    for augment in [
        Arc::new(Chain::new([])) as Arc<dyn Augment<f64>>,
        Arc::new(Stamp.then(First(3)).then(Stamp)),
        Arc::new(First(3).with_probability(1.0)),
        Arc::new(First(3).or(First(3).then(Add(1.0)))),
        Arc::new(OneOf::new([shared.clone()])),
        Arc::new(shared.with_probability(0.5)),
        Arc::new(Shift::samples(-2..=2).wrapping().then(Gain::db(-3.0..=3.0))),
    ] {
        check_augment(&augment, &sample);
    }
    assert_eq!(Chain::<f64>::new([]).len(), 0);
    assert!(Chain::<f64>::new([]).is_empty());
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |augment: &dyn Augment<f64>| augment.output_shape([4].into()).unwrap_err();
    for p in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = refused(&Add(1.0).with_probability(p));
        assert!(matches!(error, DataError::Setting { operation: "with_probability", .. }), "{error}");
        // Also inside of others.
        assert!(matches!(refused(&Stamp.then(Add(1.0).with_probability(p))), DataError::Setting { .. }));
        assert!(matches!(refused(&Stamp.or(Add(1.0).with_probability(p))), DataError::Setting { .. }));
    }
    let error = refused(&First(2).with_probability(0.5)).to_string();
    assert!(error.contains("[4]") && error.contains("[2]") && error.contains("First"), "{error}");
    let error = refused(&First(2).or(First(3))).to_string();
    assert!(error.contains("[2]") && error.contains("[3]"), "{error}");
    assert!(matches!(refused(&OneOf::new([])), DataError::Setting { operation: "OneOf", .. }));

    let batches = numbered(5, 4).batches::<f64>(2);
    assert!(matches!(batches.clone().augmented(First(0), Seed(1)), Err(DataError::Shape(_))));
    assert!(matches!(batches.clone().augmented(Cutout::new(2), Seed(1)), Err(DataError::Shape(_))));
    let images = numbered(5, 4).reshape_samples([2, 2]).unwrap().batches::<f64>(2);
    let mixed = images.mixed(CutMix::new(1.0), Seed(1)).unwrap();
    assert!(matches!(mixed.augmented(First(3), Seed(1)), Err(DataError::Shape(_))), "mixing needs images");
    assert!(matches!(batches.mixed(Mixup::new(0.0), Seed(1)), Err(DataError::Setting { operation: "Mixup", .. })));
}

#[test]
fn a_change_of_shape_is_the_batches_shape() {
    let batches = numbered(7, 4).batches::<f64>(3);
    assert_eq!(batches.sample_shape(), [4].into());
    let batches = batches.augmented(First(3), Seed(1)).unwrap().augmented(First(2), Seed(1)).unwrap();
    assert_eq!(batches.sample_shape(), [2].into());
    let shapes: Vec<_> = batches.epoch(0).map(|batch| batch.inputs.shape()).collect();
    assert_eq!(shapes, [[3, 2].into(), [3, 2].into(), [1, 2].into()]);
    let mut numbers = batches.epoch(0).flat_map(|batch| batch.inputs.into_vec());
    assert!((0..7).all(|i| numbers.next() == Some(i as f64) && numbers.next() == Some(i as f64)));
}

#[test]
#[should_panic(expected = "augmented samples of shape [1], where [4] was promised")]
fn a_broken_promise_is_a_bug() {
    #[derive(Debug)]
    struct Liar;
    impl Augment<f64> for Liar {
        fn output_shape(&self, sample: Shape) -> Result<Shape, DataError> {
            Ok(sample)
        }
        fn apply(&self, sample: &mut Tensor<f64>, seed: Seed) {
            First(1).apply(sample, seed);
        }
    }
    numbered(5, 4).batches::<f64>(2).augmented(Liar, Seed(1)).unwrap().epoch(0).next();
}

/// Two changes with one seed draw apart, and so do shuffling and mixing.
#[test]
fn one_seed_serves_for_all() {
    let batches = numbered(50, 4).batches::<f64>(50);
    let twice = batches.augmented(Stamp, Seed(7)).unwrap().augmented(Stamp, Seed(7)).unwrap();
    let stamps: Vec<_> = twice.epoch(0).next().unwrap().inputs.as_slice().iter().map(|&x| x as u64).collect();
    let same = stamps.iter().step_by(4).filter(|&stamp| stamp % 1000 == stamp / 1000 % 1000).count();
    assert!(same < 4, "{same} of 50 draws are equal, which are at odds of 1 to 1000");
}

#[test]
fn batches_are_the_same_at_any_number_of_threads() {
    let waves = Tensor::from_fn([70, 3000], |i| ((i * i % 251) as f64 - 125.0) / 125.0);
    let waves = Dataset::classification(waves, (0..70).map(|i| i % 5).collect(), 5).unwrap();
    let augment = Shift::share(-0.1..=0.1).then(Gain::db(-6.0..=6.0)).with_probability(0.8);
    let batches = waves.batches::<f64>(32).shuffled(Seed(3)).augmented(augment, Seed(3)).unwrap();
    let batches = batches.mixed(Mixup::new(0.4).per_sample(), Seed(3)).unwrap();
    let expected: Vec<_> = batches.epoch(1).collect();
    for threads in [1, 2, 3, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| batches.epoch(1).collect::<Vec<_>>()), expected, "{threads} threads");
    }
    assert_ne!(batches.epoch(2).next().unwrap(), expected[0]);
}

mod cutout {
    use super::*;

    proptest! {
        /// Every square is blank in all channels alike, at most of its size, and the rest as it was.
        #[test]
        fn squares_are_blanked_and_the_rest_is_left(
            channels in 1usize..4, height in 1usize..12, width in 1usize..12, size in 1usize..15, seed: u64,
        ) {
            let image = Tensor::from_fn([channels, height, width], |i| 1.0 + i as f64);
            let cutout = Cutout::new(size).fill(-1.0);
            check_augment(&cutout, &image);
            let mut cut = image.clone();
            cutout.apply(&mut cut, Seed(seed));
            let blank: Vec<_> = (0..height * width).filter(|&i| cut.as_slice()[i] == -1.0).collect();
            let rows = blank.iter().map(|i| i / width).max().unwrap() - blank[0] / width + 1;
            let columns = blank.iter().map(|i| i % width).max().unwrap() - blank[0] % width + 1;
            prop_assert_eq!(blank.len(), rows * columns);
            prop_assert!(rows <= size && columns <= size);
            // The centre is inside, so at least a quarter of the square is, unless the image is smaller.
            prop_assert!(rows >= (size / 2).max(1).min(height) && columns >= (size / 2).max(1).min(width));
            for (i, (&after, &before)) in cut.as_slice().iter().zip(image.as_slice()).enumerate() {
                let expected = if blank.contains(&(i % (height * width))) { -1.0 } else { before };
                prop_assert_eq!(after, expected);
            }
        }
    }

    /// Every pixel is a centre at equal odds, so of 5 x 5 pixels one in the middle of a 3 x 3 square's reach is blank in
    /// 9 of 25 samples, and a corner in 4: of 2 500 samples 900 with a deviation of 24 and 400 with one of 18.3.
    #[test]
    fn centres_are_uniform() {
        let count = |pixel: usize| {
            let blank = |&seed: &u64| {
                let mut image = Tensor::<f64>::ones([5, 5]);
                Cutout::new(3).apply(&mut image, Seed(seed));
                image.as_slice()[pixel] == 0.0
            };
            (0..2500).filter(blank).count() as f64
        };
        assert!((count(12) - 900.0).abs() < 4.5 * 24.0);
        assert!((count(0) - 400.0).abs() < 4.5 * 18.3);
        assert!((count(24) - 400.0).abs() < 4.5 * 18.3);
    }

    #[test]
    fn hostile_settings_and_samples_are_refused() {
        let shape = |cutout: Cutout, sample: Shape| Augment::<f64>::output_shape(&cutout, sample);
        assert!(matches!(shape(Cutout::new(0), [4, 4].into()), Err(DataError::Setting { .. })));
        assert!(matches!(shape(Cutout::new(1).fill(f64::NAN), [4, 4].into()), Err(DataError::Setting { .. })));
        // Infinite in f32, and only there.
        let huge = Cutout::new(1).fill(1e300);
        assert!(matches!(Augment::<f32>::output_shape(&huge, [4, 4].into()), Err(DataError::Setting { .. })));
        assert!(shape(huge, [4, 4].into()).is_ok());
        for sample in [Shape::SCALAR, [4].into(), [0, 4].into(), [0, 4, 4].into(), [1, 2, 3, 4].into()] {
            assert!(matches!(shape(Cutout::new(1), sample), Err(DataError::Shape(_))), "{sample}");
        }
        check_augment(&Cutout::new(usize::MAX).squares(3), &Tensor::<f32>::ones([1, 1]));
        check_augment(&Cutout::new(2).squares(0), &Tensor::<f32>::full([2, 2], 1e30));
    }
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    assert_eq!(applied(&Stamp.then(Stamp), &[0.0], 7), [160_050.0]);
    let mut image = Tensor::<f64>::ones([3, 5]);
    Cutout::new(2).apply(&mut image, Seed(10));
    assert_eq!(image.as_slice()[..10], [1, 0, 0, 1, 1, 1, 0, 0, 1, 1].map(f64::from));
    let batches = numbered(3, 1).batches::<f64>(3).augmented(Stamp, Seed(7)).unwrap();
    assert_eq!(batches.epoch(1).next().unwrap().inputs.as_slice(), [526.0, 1669.0, 2292.0]);
}
