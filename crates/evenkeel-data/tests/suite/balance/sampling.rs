//! Class weights, weighted and balanced batches, and data sets resampled inside their folds.

use evenkeel_data::balance::{
    Adasyn, BorderlineSmote, ClassWeights, EditedNearestNeighbours, RandomOver, RandomUnder, Resample, Smote, SmoteNc,
    Strategy, TomekLinks, log_prior, pos_weight,
};
use evenkeel_data::{Batch, DataError, Dataset, Digits, Inputs, Seed, Tensor};
use proptest::prelude::*;

/// A data set whose inputs are the samples' numbers.
fn numbered(labels: Vec<u32>, classes: usize) -> Dataset {
    let inputs = Tensor::from_fn([labels.len(), 1], |i| i as f64);
    Dataset::classification(inputs, labels, classes).unwrap()
}

proptest! {
    #[test]
    fn balanced_classes_weigh_the_same(counts in prop::collection::vec(1usize..10_000, 1..9), beta in 0.0f64..1.0) {
        let (n, classes) = (counts.iter().sum::<usize>() as f64, counts.len() as f64);
        let weigh = |weights: &ClassWeights| -> Vec<f64> {
            weights.as_slice().iter().zip(&counts).map(|(w, &n)| w * n as f64).collect()
        };
        let is_near = |a: f64, b: f64| (a - b).abs() < 1e-12 * b;
        let balanced = ClassWeights::balanced(&counts).unwrap();
        prop_assert!(weigh(&balanced).into_iter().all(|w| is_near(w, n / classes)));
        let inverse = ClassWeights::inverse_frequency(&counts).unwrap();
        prop_assert!(weigh(&inverse).into_iter().all(|w| is_near(w, n)));
        // The two are the same once normalised.
        let [a, b] = [balanced.clone(), inverse].map(ClassWeights::normalized);
        prop_assert!(a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| is_near(*a, *b)));

        let effective = ClassWeights::effective_number(&counts, beta).unwrap();
        prop_assert!((effective.as_slice().iter().sum::<f64>() - classes).abs() < 1e-9 * classes);
        // E = 1 + β + ... + β^(n-1), the effective number, times the weight is the same for all classes.
        let number = |n: usize| std::iter::successors(Some(1.0), |power| Some(power * beta)).take(n).sum::<f64>();
        let products: Vec<_> = effective.as_slice().iter().zip(&counts).map(|(w, &n)| w * number(n)).collect();
        prop_assert!(products.iter().all(|p| (p / products[0] - 1.0).abs() < 1e-9));
        prop_assert!(ClassWeights::effective_number(&counts, 0.0).unwrap().as_slice().iter().all(|&w| w == 1.0));
        prop_assert!((log_prior(&counts).unwrap().iter().map(|b| b.exp()).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn weights_that_cannot_be() {
    assert!(matches!(ClassWeights::balanced(&[]), Err(DataError::Empty { .. })));
    let error = ClassWeights::balanced(&[3, 0, 1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ClassWeights::balanced: expected at least 1 members of class 1, got 0; leave such classes out of the labels"
    );
    for beta in [-0.1, 1.0, f64::NAN] {
        assert!(matches!(ClassWeights::effective_number(&[1, 2], beta), Err(DataError::Setting { .. })));
    }
    let weights = ClassWeights::balanced(&[1, 3]).unwrap();
    for exponent in [f64::NAN, f64::INFINITY, 1e6] {
        assert!(matches!(weights.clone().tempered(exponent), Err(DataError::Setting { .. })), "{exponent}");
    }
    assert_eq!(weights.clone().tempered(0.0).unwrap().as_slice(), [1.0, 1.0]);
    assert_eq!(weights.of_samples(&[1, 0]).unwrap(), [2.0 / 3.0, 2.0]);
    assert!(matches!(weights.of_samples(&[0, 2]), Err(DataError::Label { sample: 1, label: 2, classes: 2 })));
    for bad in [vec![1.0, 1.0], vec![0.0, 0.0], vec![0.5, 1.5], vec![f64::NAN, 1.0], vec![]] {
        let targets = Tensor::from_vec([bad.len()], bad).unwrap();
        assert!(pos_weight(&targets).is_err(), "{targets:?}");
    }
    assert_eq!(pos_weight(&Tensor::from_vec([4], vec![0.0, 0.0, 1.0, 0.0]).unwrap()).unwrap(), [3.0]);
}

/// Over 50 epochs of 200 samples with weights 0, 1, 2, 3 the shares are those of the weights: the statistic is
/// chi-squared with 149 degrees of freedom (150 samples have weight), of deviation 17.3, five of which are 86.
#[test]
fn weighted_batches_have_the_shares_of_the_weights() {
    let weights: Vec<_> = (0..200).map(|i| f64::from(i % 4)).collect();
    let batches = numbered(vec![0; 200], 1).batches::<f64>(32).weighted(&weights, Seed(5)).unwrap();
    let mut counts = [0.0; 200];
    for epoch in 0..50 {
        let all: Vec<_> = batches.epoch(epoch).collect();
        assert_eq!(all.iter().map(Batch::len).sum::<usize>(), 200);
        all.iter().for_each(|batch| batch.inputs.as_slice().iter().for_each(|&i| counts[i as usize] += 1.0));
    }
    let term = |(count, weight): (&f64, &f64)| {
        let expected = 10_000.0 * weight / 300.0;
        if expected == 0.0 {
            assert_eq!(*count, 0.0)
        }
        if expected == 0.0 { 0.0 } else { (count - expected).powi(2) / expected }
    };
    let chi_squared: f64 = counts.iter().zip(&weights).map(term).sum();
    assert!((chi_squared - 149.0).abs() < 86.0, "{chi_squared}");
}

/// Of 3 classes with members, each of 10 000 draws takes one with probability 1/3: five deviations are
/// 5 √(10 000 · 1/3 · 2/3) = 236. Class 1 has no members.
#[test]
fn balanced_batches_are() {
    let labels = (0..1000)
        .map(|i| {
            if i < 10 {
                0
            } else if i < 200 {
                2
            } else {
                3
            }
        })
        .collect();
    let batches = numbered(labels, 4).batches::<f32>(64).balanced(Seed(2)).unwrap();
    let mut counts = [0i32; 4];
    for epoch in 0..10 {
        for batch in batches.epoch(epoch) {
            batch.targets.classes().unwrap().iter().for_each(|&class| counts[class as usize] += 1);
        }
    }
    assert_eq!(counts[1], 0);
    assert!([0, 2, 3].iter().all(|&c| (counts[c] - 3333).abs() < 236), "{counts:?}");
}

#[test]
fn drawn_epochs_resume_and_differ() {
    let batches = Digits::embedded().batches::<f32>(60).balanced(Seed(7)).unwrap();
    let rest: Vec<_> = batches.epoch(3).skip(11).collect();
    assert_eq!(batches.epoch(3).starting_at(11).collect::<Vec<_>>(), rest);
    assert_eq!(batches.epoch(3).starting_at(11).prefetch(2).collect::<Vec<_>>(), rest);
    let mut epoch = batches.epoch(0);
    epoch.restart(3);
    assert_eq!(epoch.skip(11).collect::<Vec<_>>(), rest);
    assert_ne!(batches.epoch(0).next(), batches.epoch(1).next());
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| batches.epoch(3).skip(11).collect::<Vec<_>>()), rest);
    }
    // The last of them counts.
    let shuffled = batches.clone().shuffled(Seed(7)).epoch(0);
    assert_eq!(shuffled.indices(0), Digits::embedded().batches::<f32>(60).shuffled(Seed(7)).epoch(0).indices(0));
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let batches = numbered(vec![0, 0, 0, 0, 0, 0, 0, 1], 2).batches::<f32>(8).balanced(Seed(7)).unwrap();
    assert_eq!(batches.epoch(3).indices(0), [6, 1, 6, 7, 2, 7, 0, 7]);
}

#[test]
fn draws_that_cannot_be() {
    let batches = numbered(vec![0, 1, 1], 2).batches::<f32>(2);
    let error = batches.clone().weighted([1.0, 2.0], Seed(0)).unwrap_err();
    assert!(matches!(error, DataError::Weights { samples: 3, weights: 2, .. }));
    for bad in [[0.0; 3], [1.0, -1.0, 1.0], [f64::NAN, 1.0, 1.0]] {
        assert!(matches!(batches.clone().weighted(bad, Seed(0)), Err(DataError::Setting { .. })));
    }
    let real = Dataset::regression(Tensor::<f64>::zeros([4, 1]), Tensor::<f64>::zeros([4, 1])).unwrap();
    assert!(matches!(real.batches::<f32>(2).balanced(Seed(0)), Err(DataError::NotClasses { .. })));
    assert!(matches!(real.resample(&Smote::default(), Seed(0)), Err(DataError::NotClasses { .. })));
}

/// Resampling a fold sees the training rows alone: whatever is validated, the training part becomes the same, and the
/// validation part stays as it was, to the bit.
#[test]
fn validation_rows_are_never_touched() {
    let labels: Vec<u32> = (0..240).map(|i| u32::from(i % 8 == 0)).collect();
    let values = |shift: &dyn Fn(usize) -> f64| Tensor::from_fn([240, 3], |i| (0.9 * i as f64).sin() + shift(i / 3));
    let dataset = Dataset::classification(values(&|_| 0.0), labels.clone(), 2).unwrap();
    let positions = numbered(labels.clone(), 2).folds_stratified(4, Seed(7)).unwrap();
    for ((train, validation), (_, held)) in dataset.folds_stratified(4, Seed(7)).unwrap().into_iter().zip(positions) {
        let held: Vec<_> = (0..held.len()).map(|i| held.batch::<f64>(&[i]).inputs.item() as usize).collect();
        // The same folds of data that differ in the validation rows only.
        let other = values(&|row| if held.contains(&row) { 1e6 } else { 0.0 });
        let other = Dataset::classification(other, labels.clone(), 2).unwrap().folds_stratified(4, Seed(7)).unwrap();
        let (other, _) = other
            .into_iter()
            .find(|(part, _)| part.fingerprint() == train.fingerprint())
            .expect("the same training rows");
        let before = validation.fingerprint();
        let over = train.resample(&Smote::default(), Seed(1)).unwrap();
        let counts = over.class_counts().unwrap();
        assert_eq!(counts[0], counts[1]);
        assert_eq!(over.fingerprint(), other.resample(&Smote::default(), Seed(1)).unwrap().fingerprint());
        assert_eq!(validation.fingerprint(), before);
        // A method that makes no rows has none but training rows.
        let fewer = train.resample(&RandomUnder::new(), Seed(1)).unwrap();
        let rows = |data: &Dataset| data.batches::<f64>(1).epoch(0).map(|b| b.inputs.into_vec()).collect::<Vec<_>>();
        let (all, held) = (rows(&train), rows(&validation));
        assert!(rows(&fewer).iter().all(|row| all.contains(row) && !held.contains(row)));
    }
}

/// What is resampled, and whatever is taken of it, refuses to be split: copies would validate their originals.
#[test]
fn resampled_data_cannot_be_split() {
    let labels: Vec<u32> = (0..60).map(|i| u32::from(i % 6 == 0)).collect();
    let data = numbered(labels, 2);
    let resampled = [
        data.resample(&Smote::default(), Seed(1)).unwrap(),
        data.resample(&RandomOver::new(), Seed(1)).unwrap(),
        data.resample(&RandomUnder::new(), Seed(1)).unwrap().reshape_samples([1, 1]).unwrap().take(15).unwrap(),
    ];
    for part in &resampled {
        let errors = [
            part.split_stratified(0.8, Seed(1)).unwrap_err(),
            part.split_random(0.8, Seed(1)).unwrap_err(),
            part.folds(3, Seed(1)).unwrap_err(),
            part.folds_stratified(3, Seed(1)).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, DataError::Resampled { .. }), "{error}");
            assert!(error.to_string().ends_with("split first, then resample the training part"));
        }
        assert!(part.batches::<f32>(8).balanced(Seed(1)).is_ok());
    }
    assert!(data.split_stratified(0.8, Seed(1)).is_ok());
}

#[test]
fn data_sets_keep_their_shape_and_precision() {
    let digits = Digits::embedded().reshape_samples([1, 8, 8]).unwrap();
    let strategy = || Strategy::Counts(vec![(0, 200), (4, 190)]);
    let over = digits.resample(&Smote::default().strategy(strategy()), Seed(7)).unwrap();
    assert_eq!((over.sample_shape(), over.classes()), ([1, 8, 8].into(), Some(10)));
    assert_eq!(over.class_counts().unwrap()[4], 190);
    assert_eq!(over.take(1797).unwrap().fingerprint(), digits.fingerprint());
    // Copies share the samples, with their bytes.
    let copies = digits.resample(&RandomOver::new().strategy(strategy()), Seed(7)).unwrap();
    assert_eq!(copies.class_counts(), over.class_counts());
    assert_eq!(copies.take(1797).unwrap().fingerprint(), digits.fingerprint());
    // What f32 cannot hold is kept.
    let fine = Dataset::classification(Tensor::from_fn([20, 1], |i| 1.0 + i as f64 * 1e-12), [[0, 1]; 10].concat(), 2);
    let fine = fine.unwrap().subset(&Vec::from_iter(0..19)).unwrap().resample(&Smote::new(2), Seed(1)).unwrap();
    let values = fine.batch::<f64>(&Vec::from_iter(0..20)).inputs;
    assert_eq!(values.as_slice()[18], 1.0 + 18e-12);
    assert!(values.as_slice()[19] > 1.0 && values.as_slice()[19] < 1.0 + 20e-12);
}

/// Columns in units so large or small that squares of theirs leave the range.
#[test]
fn mixed_columns_of_any_unit() {
    let labels: Vec<u32> = (0..40).map(|i| u32::from(i % 4 == 0)).collect();
    let run = |unit: f64| {
        let x = Tensor::from_fn([40, 3], |i| if i % 3 == 0 { (i % 5) as f64 } else { (1.7 * i as f64).sin() * unit });
        SmoteNc::new([0]).resample(&x, &labels, 2, Seed(1)).map(|resampled| resampled.made)
    };
    let expected = run(1.0).unwrap();
    for power in [-100, 100, 140] {
        assert_eq!(run(2f64.powi(power)).unwrap(), expected, "2^{power}");
    }
    // Where squares of the deviations themselves are infinite all are equally far, and it is no error.
    assert_eq!(run(2f64.powi(600)).unwrap().len(), expected.len());
}

#[test]
fn what_cannot_be_resampled_is_refused() {
    let x = Tensor::from_fn([12, 2], |i| (i * i % 17) as f64);
    let labels: Vec<u32> = (0..12).map(|i| u32::from(i < 3)).collect();
    let methods: [(&str, &dyn Resample<f64>); 9] = [
        ("Smote", &Smote::new(2)),
        ("BorderlineSmote", &BorderlineSmote::one().neighbours(2).danger_neighbours(3)),
        ("BorderlineSmote", &BorderlineSmote::two().neighbours(2).danger_neighbours(3)),
        ("SmoteNc", &SmoteNc::new([1]).neighbours(2)),
        ("Adasyn", &Adasyn::new(2)),
        ("TomekLinks", &TomekLinks::new()),
        ("EditedNearestNeighbours", &EditedNearestNeighbours::default()),
        ("RandomOver", &RandomOver::new()),
        ("RandomUnder", &RandomUnder::new()),
    ];
    for (name, method) in methods {
        let run = |x: &Tensor<f64>, labels: &[u32], classes| method.resample(x, labels, classes, Seed(0)).unwrap_err();
        let mut bad = x.clone();
        bad.as_mut_slice()[7] = f64::INFINITY;
        assert!(run(&bad, &labels, 2).to_string().starts_with("column 1 of row 3: expected a finite number, got inf"));
        assert!(matches!(run(&x, &labels, 1), DataError::Label { sample: 0, label: 1, classes: 1 }));
        assert!(matches!(run(&x, &labels, 0), DataError::Label { .. }));
        assert!(matches!(run(&x, &labels[1..], 2), DataError::Lengths { samples: 12, targets: 11, .. }));
        let one = run(&x, &[1; 12], 3).to_string();
        assert!(
            one.starts_with(&format!("{name}: expected members of at least two classes, got class 1 alone")),
            "{one}"
        );
        assert!(matches!(run(&Tensor::zeros([0, 2]), &[], 2), DataError::Empty { .. }));
        assert!(matches!(run(&Tensor::zeros([2, 0]), &[0, 1], 2), DataError::Empty { .. }));
        assert!(matches!(run(&Tensor::zeros([12]), &labels, 2), DataError::Shape(_)));
    }
    let error = |method: &dyn Resample<f64>| method.resample(&x, &labels, 2, Seed(0)).unwrap_err();
    let large: [&dyn Resample<f64>; 3] = [&Smote::new(3), &SmoteNc::new([0]).neighbours(3), &Adasyn::new(3)];
    for method in large {
        assert!(matches!(error(method), DataError::TooFewMembers { class: 1, members: 3, needed: 4, .. }));
    }
    let none: [&dyn Resample<f64>; 6] = [
        &Smote::new(0),
        &Adasyn::new(0),
        &EditedNearestNeighbours::new(0),
        &EditedNearestNeighbours::new(12),
        &SmoteNc::new([2]),
        &SmoteNc::new(Vec::new()),
    ];
    for method in none {
        assert!(matches!(error(method), DataError::Setting { .. }));
    }
    assert!(matches!(error(&SmoteNc::new([0, 1])), DataError::Setting { got: 2.0, .. }));
    for ratio in [0.0, -1.0, 1.1, f64::NAN] {
        assert!(matches!(error(&Smote::new(2).strategy(Strategy::Ratio(ratio))), DataError::Setting { .. }));
    }
    let over = |strategy| error(&RandomOver::new().strategy(strategy));
    assert_eq!(
        over(Strategy::Counts(vec![(1, 2)])).to_string(),
        "RandomOver: expected at least 3 members of class 1, as there are, got 2; under-sample to have fewer"
    );
    assert!(matches!(over(Strategy::Ratio(0.2)), DataError::ClassCount { class: 1, members: 3, asked: 1, .. }));
    assert!(matches!(over(Strategy::Counts(vec![(2, 5)])), DataError::TooFewMembers { class: 2, members: 0, .. }));
    assert!(matches!(over(Strategy::Counts(vec![(1, usize::MAX)])), DataError::Setting { .. }));
    assert!(matches!(
        error(&Smote::new(2).strategy(Strategy::Counts(vec![(1, usize::MAX)]))),
        DataError::Setting { .. }
    ));
    let under = |strategy| error(&RandomUnder::new().strategy(strategy));
    assert!(matches!(under(Strategy::Counts(vec![(0, 10)])), DataError::ClassCount { class: 0, members: 9, .. }));
    assert!(matches!(under(Strategy::Ratio(0.2)), DataError::ClassCount { class: 0, asked: 15, .. }));
    // Classes that lie apart have no border.
    let apart = Tensor::from_fn([12, 1], |i| if i < 3 { i as f64 } else { 100.0 + i as f64 });
    let methods: [&dyn Resample<f64>; 2] =
        [&BorderlineSmote::one().neighbours(2).danger_neighbours(2), &Adasyn::new(2)];
    for method in methods {
        let error = method.resample(&apart, &labels, 2, Seed(0)).unwrap_err();
        assert!(matches!(error, DataError::NoBorder { class: 1, .. }), "{error}");
    }
}

/// Constant columns, duplicates, large offsets and the ends of the range give finite rows between their parents.
#[test]
fn hostile_values() {
    let labels: Vec<u32> = (0..24).map(|i| u32::from(i < 8)).collect();
    let values: [&dyn Fn(usize) -> f64; 6] = [
        &|_| 3.0,
        &|i| 1e6 + (i % 3) as f64,
        &|i| if i % 2 == 0 { f64::MAX } else { f64::MIN },
        &|i| 5e-324 * (i % 5) as f64,
        &|i| 1e30 * (i % 4) as f64,
        &|i| [1e4, 1e4 + 1.0, 1e4 + 2.0][i % 3],
    ];
    for value in values {
        let x = Tensor::from_fn([24, 3], value);
        let resampled = Smote::default().resample(&x, &labels, 2, Seed(1)).unwrap();
        for (i, parents) in (24..).zip(&resampled.made) {
            for c in 0..3 {
                let [a, b] = [parents.row, parents.neighbour].map(|row| x.get(&[row, c]));
                let got = resampled.inputs.get(&[i, c]);
                assert!(a.min(b) <= got && got <= a.max(b), "{got} between {a} and {b}");
            }
        }
        assert!(TomekLinks::new().resample(&x, &labels, 2, Seed(1)).is_ok());
        assert!(EditedNearestNeighbours::default().resample(&x, &labels, 2, Seed(1)).is_ok());
        let single = SmoteNc::new([0]).resample(&x.cast::<f32>().map(|x| x.clamp(-1e38, 1e38)), &labels, 2, Seed(1));
        assert!(single.unwrap().inputs.is_finite());
    }
    // Bytes become single precision, unless no row is made.
    let bytes = Inputs::scaled(Tensor::from_fn([24, 3], |i| (i * i % 251) as u8), 1.0 / 255.0, 0.0);
    let bytes = Dataset::classification(bytes, labels, 2).unwrap();
    assert_eq!(bytes.resample(&Smote::default(), Seed(1)).unwrap().class_counts(), Some(vec![16, 16]));
}
