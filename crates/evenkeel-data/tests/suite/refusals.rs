//! What a data set refuses, and with which words.

use evenkeel_data::{DataError, Dataset, Digits, Inputs, Seed, Tensor};

fn inputs(samples: usize) -> Tensor<f32> {
    Tensor::zeros([samples, 3])
}

#[test]
fn labels_beyond_the_classes() {
    let error = Dataset::classification(inputs(2), vec![1, 5], 3).unwrap_err();
    assert!(matches!(error, DataError::Label { sample: 1, label: 5, classes: 3 }));
    assert_eq!(
        error.to_string(),
        "label of sample 1: expected a class below 3, got 5; correct the label, or give the right number of classes"
    );
    assert!(matches!(Dataset::classification(inputs(1), vec![0], 0), Err(DataError::Label { .. })));
}

#[test]
fn lengths_that_disagree() {
    let error = Dataset::classification(inputs(2), vec![0; 3], 1).unwrap_err();
    assert!(matches!(error, DataError::Lengths { samples: 2, targets: 3, .. }));
    let error = Dataset::regression(inputs(2), Tensor::<f32>::zeros([3, 1])).unwrap_err();
    assert!(matches!(error, DataError::Lengths { samples: 2, targets: 3, .. }));
}

#[test]
fn nothing_to_learn_from() {
    for (samples, width) in [(0, 3), (3, 0)] {
        let nothing = Tensor::<f32>::zeros([samples, width]);
        let error = Dataset::classification(nothing.clone(), vec![0; samples], 1).unwrap_err();
        assert!(matches!(error, DataError::Empty { .. }), "{error}");
        let error = Dataset::regression(inputs(samples.max(1)), nothing).unwrap_err();
        assert!(matches!(error, DataError::Empty { .. }), "{error}");
    }
    assert!(matches!(Digits::embedded().subset(&[]), Err(DataError::Empty { .. })));
    assert!(matches!(Digits::embedded().take(0), Err(DataError::Empty { .. })));
    assert!(matches!(Dataset::classification(Tensor::scalar(1.0f32), vec![0], 1), Err(DataError::Shape(_))));
    assert!(matches!(Dataset::regression(inputs(1), Tensor::scalar(1.0f32)), Err(DataError::Shape(_))));
}

#[test]
fn numbers_that_are_none() {
    let mut bad = Tensor::<f64>::zeros([3, 2]);
    bad.as_mut_slice()[3] = f64::NAN;
    let error = Dataset::regression(inputs(3), bad.clone()).unwrap_err();
    assert!(matches!(error, DataError::NotFinite { .. }));
    assert_eq!(
        error.to_string(),
        "target 1 of sample 1: expected a finite number, got NaN; remove or impute such values first"
    );
    assert!(matches!(Dataset::classification(bad, vec![0; 3], 1), Err(DataError::NotFinite { .. })));
    let bytes = Inputs::scaled(Tensor::full([1, 1], 1), f64::INFINITY, 0.0);
    assert!(matches!(Dataset::classification(bytes, vec![0], 1), Err(DataError::NotFinite { .. })));
    assert!(matches!(Digits::embedded().binarize(f64::NAN), Err(DataError::NotFinite { .. })));
}

#[test]
fn splits_that_leave_nothing() {
    let digits = Digits::embedded();
    for fraction in [f64::NAN, f64::NEG_INFINITY, -0.1, 0.0, 0.0001, 0.9999, 1.0, 1e300] {
        assert!(matches!(digits.split_stratified(fraction, Seed(0)), Err(DataError::Fraction { .. })), "{fraction}");
        assert!(matches!(digits.split_random(fraction, Seed(0)), Err(DataError::Fraction { .. })), "{fraction}");
    }
    let regression = Dataset::regression(inputs(4), inputs(4)).unwrap();
    assert!(matches!(regression.split_stratified(0.5, Seed(0)), Err(DataError::NotClasses { .. })));
    assert_eq!((regression.classes(), regression.class_counts(), regression.label(0)), (None, None, None));
}

#[test]
fn positions_and_shapes_that_do_not_fit() {
    let digits = Digits::embedded().take(5).unwrap();
    assert!(matches!(digits.subset(&[4, 5]), Err(DataError::Position { position: 5, samples: 5 })));
    assert!(matches!(digits.reshape_samples([63]), Err(DataError::Shape(_))));
    assert!(matches!(digits.reshape_samples([1, 1, 1, 1, 1, 1, 1, 64]), Err(DataError::Shape(_))));
    assert_eq!(digits.reshape_samples([1, 8, 8]).unwrap().batch::<f32>(&[0, 4]).inputs.shape(), [2, 1, 8, 8].into());
}

#[test]
#[should_panic(expected = "sample 5 of a data set of 5")]
fn a_position_beyond_a_subset_is_a_bug() {
    Digits::embedded().take(5).unwrap().batch::<f32>(&[0, 5]);
}
