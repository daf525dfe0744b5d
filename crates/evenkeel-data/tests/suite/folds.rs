//! What holds for the folds of cross-validation.

use evenkeel_data::{DataError, Dataset, Digits, Seed, Table, Tensor, Wdbc, split};
use proptest::prelude::*;

/// A data set whose inputs are the samples' numbers.
fn numbered(labels: Vec<u32>, classes: usize) -> Dataset {
    let inputs = Tensor::from_fn([labels.len(), 1], |i| i as f64);
    Dataset::classification(inputs, labels, classes).unwrap()
}

fn numbers(dataset: &Dataset) -> Vec<usize> {
    dataset.batch::<f64>(&Vec::from_iter(0..dataset.len())).inputs.as_slice().iter().map(|&x| x as usize).collect()
}

/// Each sample is in one validation part and in all other training parts; sizes differ by at most one.
fn check_partition(folds: &[(Dataset, Dataset)], samples: usize) -> Result<(), TestCaseError> {
    let mut validated = Vec::new();
    for (train, validation) in folds {
        let (train, validation) = (numbers(train), numbers(validation));
        prop_assert!(train.is_sorted() && validation.is_sorted());
        let mut both = [train, validation.clone()].concat();
        both.sort_unstable();
        prop_assert_eq!(both, Vec::from_iter(0..samples));
        prop_assert!((samples / folds.len()..=samples.div_ceil(folds.len())).contains(&validation.len()));
        validated.extend(validation);
    }
    validated.sort_unstable();
    prop_assert_eq!(validated, Vec::from_iter(0..samples));
    Ok(())
}

fn same(a: &[(Dataset, Dataset)], b: &[(Dataset, Dataset)]) -> bool {
    a.iter().zip(b).all(|(a, b)| numbers(&a.1) == numbers(&b.1))
}

proptest! {
    #[test]
    fn folds_part_the_samples(samples in 2usize..150, k in 2usize..12, seed: u64) {
        let dataset = numbered(vec![0; samples], 1);
        match dataset.folds(k, Seed(seed)) {
            Ok(folds) => {
                prop_assert_eq!(folds.len(), k);
                check_partition(&folds, samples)?;
                prop_assert!(same(&folds, &dataset.folds(k, Seed(seed)).unwrap()));
            }
            Err(error) => prop_assert!(k > samples && matches!(error, DataError::Folds { .. }), "{}", error),
        }
    }

    #[test]
    fn stratified_folds_keep_the_classes_shares(
        (labels, classes) in (1usize..6).prop_flat_map(|n| (prop::collection::vec(0..n as u32, 2..200), Just(n + 1))),
        k in 2usize..8, seed: u64,
    ) {
        let dataset = numbered(labels.clone(), classes);
        let counts = dataset.class_counts().unwrap();
        match dataset.folds_stratified(k, Seed(seed)) {
            Ok(folds) => {
                check_partition(&folds, labels.len())?;
                for (_, validation) in &folds {
                    for (part, all) in validation.class_counts().unwrap().iter().zip(&counts) {
                        prop_assert!((all / k..=all.div_ceil(k)).contains(part), "{} of {}", part, all);
                    }
                }
                prop_assert!(same(&folds, &dataset.folds_stratified(k, Seed(seed)).unwrap()));
            }
            Err(DataError::Folds { .. }) => prop_assert!(k > labels.len()),
            Err(DataError::ClassTooSmall { class, members, needed, .. }) => {
                prop_assert_eq!((counts[class], needed), (members, k));
                prop_assert!(members > 0 && members < k);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

#[test]
fn seeds_give_other_folds() {
    let digits = Digits::embedded();
    for folds in [Dataset::folds, Dataset::folds_stratified] {
        let [a, b] = [1, 2].map(|seed| folds(&digits, 5, Seed(seed)).unwrap());
        assert_ne!(a[0].1.fingerprint(), b[0].1.fingerprint());
    }
}

/// Folds of folds, as nested cross-validation takes them, are of the inner data alone.
#[test]
fn folds_nest() {
    let dataset = numbered((0..60).map(|i| i % 3).collect(), 3);
    for (outer, test) in dataset.folds_stratified(3, Seed(7)).unwrap() {
        let (outer_numbers, test) = (numbers(&outer), numbers(&test));
        for (train, validation) in outer.folds_stratified(4, Seed(7)).unwrap() {
            let mut both = [numbers(&train), numbers(&validation)].concat();
            both.sort_unstable();
            assert_eq!(both, outer_numbers);
            assert!(test.iter().all(|n| both.binary_search(n).is_err()));
        }
    }
}

#[test]
fn what_cannot_be_folded_is_refused() {
    let dataset = numbered(vec![0, 1, 0, 0, 0, 1, 2], 4);
    for k in [0, 1, 8, usize::MAX] {
        let error = dataset.folds(k, Seed(0)).unwrap_err();
        assert!(matches!(error, DataError::Folds { samples: 7, .. }), "{error}");
        assert!(matches!(dataset.folds_stratified(k, Seed(0)), Err(DataError::Folds { .. })));
    }
    let error = dataset.folds_stratified(2, Seed(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "folds_stratified: expected at least 2 members of each class, one for each part, got 1 of class 2; get more of it, \
         leave it out or merge it with another, take fewer parts, or use `split_random` or `folds`"
    );
    let real = Dataset::regression(Tensor::<f64>::zeros([4, 1]), Tensor::<f64>::zeros([4, 1])).unwrap();
    assert!(matches!(real.folds_stratified(2, Seed(0)), Err(DataError::NotClasses { .. })));
    assert_eq!(real.folds(4, Seed(0)).unwrap().len(), 4);
}

#[test]
fn a_class_of_one_member_cannot_be_split_by_class() {
    let dataset = numbered(vec![0, 1, 0, 0, 0, 1, 2], 4);
    let error = dataset.split_stratified(0.5, Seed(0)).unwrap_err();
    assert!(matches!(error, DataError::ClassTooSmall { class: 2, members: 1, needed: 2, .. }), "{error}");
    assert!(dataset.split_random(0.5, Seed(0)).is_ok());
    // Class 3 has no members, and two are enough.
    assert!(dataset.subset(&[0, 1, 2, 3, 4, 5]).unwrap().split_stratified(0.5, Seed(0)).is_ok());
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let dataset = numbered((0..10).map(|i| i % 2).collect(), 2);
    let parts = |folds: Vec<(Dataset, Dataset)>| folds.iter().map(|(_, part)| numbers(part)).collect::<Vec<_>>();
    assert_eq!(parts(dataset.folds(3, Seed(7)).unwrap()), [vec![2, 4, 5, 9], vec![0, 3, 7], vec![1, 6, 8]]);
    assert_eq!(parts(dataset.folds_stratified(3, Seed(7)).unwrap()), [vec![4, 7, 8, 9], vec![2, 5, 6], vec![0, 1, 3]]);
}

/// Tables are split as data sets are, and labels with gaps as those without.
#[test]
fn tables_and_labels_are_split_alike() {
    let tumours = Wdbc::embedded();
    let (labels, _) = tumours.classes("diagnosis").unwrap();
    let (data, _) = tumours.classification::<f64>("diagnosis").unwrap();
    let same = |(table, other_table): &(Table, Table), (data, other_data): &(Dataset, Dataset)| {
        for (table, data) in [(table, data), (other_table, other_data)] {
            let (of_table, _) = table.classification::<f64>("diagnosis").unwrap();
            assert_eq!(of_table.fingerprint(), data.fingerprint());
        }
    };
    let seed = Seed(5);
    same(&tumours.split_random(0.3, seed).unwrap(), &data.split_random(0.3, seed).unwrap());
    let stratified = data.split_stratified(0.3, seed).unwrap();
    same(&tumours.split_stratified("diagnosis", 0.3, seed).unwrap(), &stratified);
    let pairs = tumours.folds(4, seed).unwrap().zip(data.folds(4, seed).unwrap());
    pairs.for_each(|(table, data)| same(&table, &data));
    let folds = tumours.folds_stratified("diagnosis", 4, seed).unwrap();
    assert_eq!(folds.len(), 4);
    folds.zip(data.folds_stratified(4, seed).unwrap()).for_each(|(table, data)| same(&table, &data));

    // A label is a name: a large one costs nothing.
    let far: Vec<u32> = labels.iter().map(|&label| if label == 1 { u32::MAX } else { 0 }).collect();
    let (first, second) = split::split_stratified(&far, 0.5, seed).unwrap();
    assert_eq!(first.iter().filter(|&&row| far[row] > 0).count(), 106);
    assert_eq!(first.len() + second.len(), 569);
    assert!(tumours.split_stratified("mean area", 0.5, seed).unwrap_err().to_string().contains("class"));
    assert!(tumours.folds_stratified("diagnoses", 2, seed).is_err());
}
