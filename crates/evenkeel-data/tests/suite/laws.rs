//! What holds for every data set, split and order.

use evenkeel_data::{Batch, DataError, Dataset, Epoch, Inputs, Seed, Targets, Tensor};
use proptest::prelude::*;

/// A data set whose inputs say which sample they belong to.
fn numbered(labels: Vec<u32>, classes: usize) -> Dataset {
    let inputs = Tensor::from_fn([labels.len(), 2], |i| (i / 2) as f64 * if i % 2 == 0 { 1.0 } else { -1.0 });
    Dataset::classification(inputs, labels, classes).unwrap()
}

/// The numbers of the samples in a data set of [`numbered`] ones, or of a subset of it.
fn numbers(dataset: &Dataset) -> Vec<usize> {
    dataset.batches::<f64>(7).epoch(0).flat_map(|batch| numbers_in(&batch)).collect()
}

fn numbers_in(batch: &Batch<f64>) -> Vec<usize> {
    let rows = batch.inputs.as_slice().as_chunks::<2>().0;
    rows.iter()
        .map(|&[number, negative]| {
            assert_eq!(number, -negative);
            number as usize
        })
        .collect()
}

fn labelled() -> impl Strategy<Value = (Vec<u32>, usize)> {
    (1usize..8).prop_flat_map(|classes| (prop::collection::vec(0..classes as u32, 2..200), Just(classes)))
}

/// The epoch's batches, each also as `fill` and a prefetching thread give it.
fn collect(epoch: Epoch<f64>, depth: usize) -> Vec<Batch<f64>> {
    let all: Vec<_> = epoch.clone().collect();
    assert_eq!(all.len(), epoch.per_epoch());
    let mut filled = Batch::default();
    for (position, batch) in all.iter().enumerate() {
        epoch.fill(position, &mut filled);
        assert_eq!(&filled, batch);
    }
    assert_eq!(epoch.clone().prefetch(depth).collect::<Vec<_>>(), all);
    let mut ahead = epoch.prefetch(depth);
    for batch in &all {
        assert!(ahead.next_into(&mut filled));
        assert_eq!(&filled, batch);
    }
    assert!(!ahead.next_into(&mut filled));
    all
}

proptest! {
    #[test]
    fn a_stratified_split_is_a_partition_that_keeps_shares(
        (labels, classes) in labelled(), fraction in 0.0f64..1.0, seed: u64,
    ) {
        let dataset = numbered(labels.clone(), classes);
        let total = (fraction * labels.len() as f64).round() as usize;
        match dataset.split_stratified(fraction, Seed(seed)) {
            Err(DataError::Fraction { .. }) => prop_assert!(total == 0 || total == labels.len()),
            Err(DataError::ClassTooSmall { class, members: 1, needed: 2, .. }) => {
                prop_assert_eq!(dataset.class_counts().unwrap().iter().position(|&n| n == 1), Some(class));
            }
            Err(other) => prop_assert!(false, "{}", other),
            Ok((first, second)) => {
                prop_assert_eq!(first.len(), total);
                let (a, b) = (numbers(&first), numbers(&second));
                prop_assert!(a.is_sorted() && b.is_sorted());
                let mut both = [a, b].concat();
                both.sort_unstable();
                prop_assert_eq!(both, Vec::from_iter(0..labels.len()));
                let (all, counts) = (dataset.class_counts().unwrap(), first.class_counts().unwrap());
                for (n, k) in all.into_iter().zip(counts) {
                    prop_assert!((k as f64 - fraction * n as f64).abs() < 1.0, "{} of {}", k, n);
                }
                let again = dataset.split_stratified(fraction, Seed(seed)).unwrap();
                prop_assert_eq!(numbers(&again.0), numbers(&first));
            }
        }
    }

    #[test]
    fn a_random_split_is_a_partition(len in 2usize..200, fraction in 0.0f64..1.0, seed: u64) {
        let dataset = numbered(vec![0; len], 1);
        if let Ok((first, second)) = dataset.split_random(fraction, Seed(seed)) {
            prop_assert_eq!(first.len(), (fraction * len as f64).round() as usize);
            let mut both = [numbers(&first), numbers(&second)].concat();
            both.sort_unstable();
            prop_assert_eq!(both, Vec::from_iter(0..len));
        }
    }

    #[test]
    fn an_epoch_visits_each_sample_once_with_its_target(
        (labels, classes) in labelled(), size in 1usize..50, seed: u64, epoch: u64, depth in 0usize..4, drop_last: bool,
    ) {
        let dataset = numbered(labels.clone(), classes);
        let batches = dataset.batches::<f64>(size).shuffled(Seed(seed)).drop_last(drop_last);
        let all = collect(batches.epoch(epoch), depth);
        prop_assert!(all.iter().rev().skip(1).all(|batch| batch.len() == size));
        let mut seen = Vec::new();
        let epoch = batches.epoch(epoch);
        for (batch, position) in all.iter().zip(0..) {
            let members = numbers_in(batch);
            prop_assert_eq!(&members, epoch.indices(position));
            let expected: Vec<_> = members.iter().map(|&n| labels[n]).collect();
            prop_assert_eq!(batch.targets.classes().unwrap(), expected);
            seen.extend(members);
        }
        let visited = if drop_last { labels.len() / size * size } else { labels.len() };
        prop_assert_eq!(seen.len(), visited);
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), visited);
        prop_assert!(drop_last || seen == Vec::from_iter(0..labels.len()));
    }

    #[test]
    fn an_epoch_goes_on_where_it_stopped(
        (labels, classes) in labelled(), size in 1usize..20, seed: u64, stop in 0usize..20,
    ) {
        let batches = numbered(labels, classes).batches::<f64>(size).shuffled(Seed(seed));
        let rest: Vec<_> = batches.epoch(2).skip(stop).collect();
        prop_assert_eq!(&batches.epoch(2).starting_at(stop).collect::<Vec<_>>(), &rest);
        prop_assert_eq!(&batches.epoch(2).starting_at(stop).prefetch(1).collect::<Vec<_>>(), &rest);
        let mut restarted = batches.epoch(0);
        restarted.next();
        restarted.restart(2);
        prop_assert_eq!(restarted.skip(stop).collect::<Vec<_>>(), rest);
    }

    #[test]
    fn a_subset_of_a_subset_is_that_of_the_whole(
        len in 1usize..100, outer in prop::collection::vec(any::<prop::sample::Index>(), 1..50),
        inner in prop::collection::vec(any::<prop::sample::Index>(), 1..50),
    ) {
        let outer: Vec<_> = outer.iter().map(|i| i.index(len)).collect();
        let inner: Vec<_> = inner.iter().map(|i| i.index(outer.len())).collect();
        let labels = Vec::from_iter(0..len as u32);
        let subset = numbered(labels, len).subset(&outer).unwrap().subset(&inner).unwrap();
        let expected: Vec<_> = inner.iter().map(|&i| outer[i]).collect();
        prop_assert_eq!(numbers(&subset), &expected[..]);
        prop_assert!(expected.iter().enumerate().all(|(i, &n)| subset.label(i) == Some(n as u32)));
    }

    /// Bytes are scaled by one product and one sum, each within half a unit in the last place.
    #[test]
    fn bytes_are_scaled_and_binarized(
        bytes in prop::collection::vec(any::<u8>(), 1..100), scale in -2.0f64..2.0, shift in -2.0f64..2.0,
        threshold in -3.0f64..3.0,
    ) {
        let inputs = Inputs::scaled(Tensor::from_vec([bytes.len()], bytes.clone()).unwrap(), scale, shift);
        let dataset = Dataset::classification(inputs, vec![0; bytes.len()], 1).unwrap();
        let all = Vec::from_iter(0..bytes.len());
        let (single, double) = (dataset.batch::<f32>(&all).inputs, dataset.batch::<f64>(&all).inputs);
        let binary = dataset.binarize(threshold).unwrap().batch::<f32>(&all).inputs;
        for (i, &byte) in bytes.iter().enumerate() {
            let product = f64::from(byte) * scale;
            prop_assert_eq!(double.as_slice()[i], product + shift);
            let bound = f64::from(f32::EPSILON) * (2.0 * product.abs() + shift.abs());
            prop_assert!((f64::from(single.as_slice()[i]) - (product + shift)).abs() <= bound);
            prop_assert_eq!(binary.as_slice()[i], if product + shift >= threshold { 1.0 } else { 0.0 });
        }
    }

    #[test]
    fn real_targets_follow_their_samples(values in prop::collection::vec(-1e3f32..1e3, 2..60), seed: u64) {
        let values = &values[..values.len() / 2 * 2];
        let samples = values.len() / 2;
        let targets = Tensor::from_vec([samples, 2], values.to_vec()).unwrap();
        let dataset = Dataset::regression(targets.clone(), targets).unwrap();
        for batch in dataset.batches::<f32>(4).shuffled(Seed(seed)).epoch(0) {
            prop_assert_eq!(&Targets::Values(batch.inputs), &batch.targets);
        }
    }
}

/// The chunks of large batches are filled in parallel.
#[test]
fn batches_are_the_same_at_any_number_of_threads() {
    let bytes = Tensor::from_fn([400, 1000], |i| (i * i % 251) as u8);
    let dataset = Dataset::classification(Inputs::scaled(bytes, 1.0 / 255.0, 0.0), vec![0; 400], 1).unwrap();
    let batches = dataset.batches::<f32>(350).shuffled(Seed(3));
    let expected: Vec<_> = batches.epoch(1).collect();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| batches.epoch(1).collect::<Vec<_>>()), expected, "{threads} threads");
    }
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let dataset = numbered(vec![0, 1, 0, 1, 0, 1, 0, 1, 0, 1], 2);
    assert_eq!(numbers(&dataset.split_stratified(0.6, Seed(7)).unwrap().0), [0, 2, 3, 7, 8, 9]);
    assert_eq!(numbers(&dataset.split_random(0.6, Seed(7)).unwrap().0), [0, 1, 2, 5, 7, 8]);
}
