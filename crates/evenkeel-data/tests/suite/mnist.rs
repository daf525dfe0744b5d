//! MNIST's four files: small ones made here, and the real ones where there are any.

use std::io::Write;
use std::path::Path;

use evenkeel_data::{DataError, Dataset, FileError, Mnist, Shape, idx};

/// Writes a data set of three training and two test images of 2 x 2 pixels.
fn write(folder: &Path, suffix: [&str; 4]) {
    let images = Vec::from_iter(0..12u8);
    idx::write(folder.join(format!("train-images{}", suffix[0])), [3, 2, 2], &images).unwrap();
    idx::write(folder.join(format!("train-labels{}", suffix[1])), [3], &[0u8, 9, 4]).unwrap();
    idx::write(folder.join(format!("t10k-images{}", suffix[2])), [2, 2, 2], &[255u8; 8]).unwrap();
    idx::write(folder.join(format!("t10k-labels{}", suffix[3])), [2], &[1u8, 1]).unwrap();
}

#[test]
fn every_spelling_is_found() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ["-idx3-ubyte", "-idx1-ubyte.gz", ".idx3-ubyte", ".idx1-ubyte.gz"]);
    let Mnist { train, test } = Mnist::load(folder.path()).unwrap();
    assert_eq!((train.len(), test.len(), train.classes()), (3, 2, Some(10)));
    assert_eq!(train.sample_shape(), [2, 2].into());
    let batch = train.batch::<f32>(&[2]);
    assert_eq!(batch.inputs.as_slice(), [8.0f32, 9.0, 10.0, 11.0].map(|x| x * (1.0 / 255.0)));
    assert_eq!(batch.targets.classes(), Some(&[4][..]));
    assert_eq!(test.batch::<f32>(&[0]).inputs.as_slice(), [1.0; 4]);
}

/// The error after one file of a sound data set is replaced.
fn refusal(name: &str, shape: impl Into<Shape>, values: &[u8]) -> DataError {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ["-idx3-ubyte", "-idx1-ubyte", "-idx3-ubyte", "-idx1-ubyte"]);
    idx::write(folder.path().join(name), shape, values).unwrap();
    Mnist::load(folder.path()).unwrap_err()
}

#[test]
fn files_that_do_not_belong_together() {
    let error = refusal("train-labels-idx1-ubyte", [2], &[0, 1]);
    assert!(matches!(error, DataError::Lengths { samples: 3, targets: 2, .. }), "{error}");
    let error = refusal("train-labels-idx1-ubyte", [3], &[0, 1, 10]);
    assert!(matches!(error, DataError::Label { sample: 2, label: 10, classes: 10 }), "{error}");
    let error = refusal("train-images-idx3-ubyte", [3], &[0, 1, 2]);
    assert!(matches!(error, DataError::File(FileError::Axes { expected: 3, .. })), "{error}");
    let error = refusal("t10k-images-idx3-ubyte", [2, 1, 2], &[0; 4]);
    assert!(matches!(error, DataError::Shape(_)), "{error}");
    let error = refusal("t10k-images-idx3-ubyte", [0, 2, 2], &[]);
    assert!(matches!(error, DataError::Lengths { samples: 0, targets: 2, .. }), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = Mnist::load(tempfile::tempdir().unwrap().path()).unwrap_err();
    assert!(matches!(error, DataError::File(FileError::MissingFile { .. })));
    assert!(error.to_string().contains("train-images-idx3-ubyte.gz"), "{error}");
}

/// Mean and standard deviation of all inputs.
fn moments(dataset: &Dataset) -> (f64, f64) {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for batch in dataset.batches::<f64>(1000).epoch(0) {
        n += batch.inputs.as_slice().len() as f64;
        sum += batch.inputs.as_slice().iter().sum::<f64>();
        // Values of 0 to 1 whose mean is of the order of their deviation: nothing cancels.
        squares += batch.inputs.as_slice().iter().map(|x| x * x).sum::<f64>();
    }
    (sum / n, (squares / n - (sum / n).powi(2)).sqrt())
}

#[test]
fn the_real_files() {
    let Some(folder) = std::env::var_os("EVENKEEL_MNIST").filter(|folder| !folder.is_empty()) else {
        // Not `println!`, which a passing test swallows.
        writeln!(std::io::stderr(), "skipped: set EVENKEEL_MNIST to the folder of MNIST's files").unwrap();
        return;
    };
    let Mnist { train, test } = Mnist::load(folder).unwrap();
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    assert_eq!(train.sample_shape(), [28, 28].into());
    assert_eq!(train.class_counts().unwrap(), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    for (dataset, mean, deviation) in [(train, 0.130660, 0.308108), (test, 0.132515, 0.310480)] {
        let (m, d) = moments(&dataset);
        assert!((m - mean).abs() < 5e-7 && (d - deviation).abs() < 5e-7, "{m} {d}");
    }
}
