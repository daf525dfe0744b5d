//! What can be read as a network's floats.

use evenkeel_data::{DataError, Dataset, Inputs, Samples, Tensor};

/// Every number that a check lets through is finite when it is read.
#[test]
fn numbers_beyond_the_float() {
    let huge = Tensor::from([[0.0f64, 1.0, 2.0], [3.0, 1e300, 5.0]]);
    let expected = "input 1 of sample 1, as f32: expected a finite number, got inf; remove or impute such values first";
    let dataset = Dataset::classification(huge.clone(), vec![0, 1], 2).unwrap();
    let inputs = Inputs::from(huge.clone());
    for samples in [&huge as &dyn Samples<f32>, &inputs, &dataset] {
        assert_eq!(samples.check().unwrap_err().to_string(), expected);
    }
    for samples in [&huge as &dyn Samples<f64>, &inputs, &dataset] {
        samples.check().unwrap();
    }
    // What is not in a part does not matter to it.
    Samples::<f32>::check(&dataset.subset(&[0]).unwrap()).unwrap();
    let error = Samples::<f32>::check(&dataset.subset(&[1]).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("input 1 of sample 0, as f32: "), "{error}");
    Samples::<f64>::check(&Tensor::<f32>::full([2, 3], f32::MAX)).unwrap();
}

#[test]
fn bytes_beyond_the_float() {
    let bytes = |scale, shift| Inputs::scaled(Tensor::full([2, 3], 1u8), scale, shift);
    for (scale, shift) in [(1e300, 0.0), (0.0, 1e300), (1.0, -1e300), (3e36, 0.0), (-3e36, 0.0), (1e36, 2.5e38)] {
        let error = Samples::<f32>::check(&bytes(scale, shift)).unwrap_err();
        assert!(matches!(error, DataError::NotFinite { .. }), "{scale} {shift}: {error}");
        Samples::<f64>::check(&bytes(scale, shift)).unwrap();
    }
    Samples::<f32>::check(&bytes(1e36, 0.0)).unwrap();
    assert!(Samples::<f64>::check(&bytes(1e306, 1e308)).is_err());
    assert!(Dataset::classification(bytes(1e306, 1e308), vec![0, 1], 2).is_err());
}
