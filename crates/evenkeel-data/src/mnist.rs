//! MNIST and the data sets that come in the same files.

use std::path::Path;

use evenkeel_tensor::Tensor;

use crate::{DataError, Dataset, FileError, Inputs, idx};

/// MNIST, or a data set in files of the same names such as Fashion-MNIST and KMNIST: images of 28 x 28
/// pixels, ten classes.
///
/// Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*,
/// Proc. IEEE 1998; H. Xiao, K. Rasul, R. Vollgraf, *Fashion-MNIST*, arXiv 1708.07747.
#[derive(Clone, Debug)]
pub struct Mnist {
    /// The images to train on (60 000).
    pub train: Dataset,
    /// The images to test on (10 000).
    pub test: Dataset,
}

impl Mnist {
    /// Reads the four files in `folder`: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each also spelled with a dot
    /// (`train-images.idx3-ubyte`), each plain or compressed as `.gz`.
    ///
    /// Samples have the shape of the images, `[28, 28]`; pixels of 0 to 255 are scaled to 0 to 1 and stay
    /// bytes until batched. [`Dataset::reshape_samples`] flattens them for a linear layer.
    ///
    /// # Errors
    /// If a file is missing or is not sound IDX, images and labels are not equally many, a label is
    /// above 9, or the images of both parts differ in size.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let (train, test) = (part(folder, "train")?, part(folder, "t10k")?);
        // Refuses test images that are not of the training images' size.
        let shape = train.sample_shape();
        Ok(Self { test: test.reshape_samples(shape)?, train })
    }
}

fn part(folder: &Path, name: &str) -> Result<Dataset, DataError> {
    let images: Tensor<u8> = read(folder, &format!("{name}-images"), 3)?;
    let labels: Tensor<u8> = read(folder, &format!("{name}-labels"), 1)?;
    let (samples, targets) = (images.shape()[0], labels.shape()[0]);
    if samples != targets {
        let operation = format!("{}: {name}-images and {name}-labels", folder.display());
        return Err(DataError::Lengths { operation, samples, targets });
    }
    let labels = labels.as_slice().iter().map(|&label| label.into()).collect();
    Dataset::classification(Inputs::scaled(images, 1.0 / 255.0, 0.0), labels, 10)
}

fn read(folder: &Path, stem: &str, rank: usize) -> Result<Tensor<u8>, DataError> {
    let spellings = ["-", "."].map(|separator| format!("{stem}{separator}idx{rank}-ubyte"));
    let names: Vec<_> = spellings.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]).collect();
    let Some(path) = names.iter().map(|name| folder.join(name)).find(|path| path.exists()) else {
        return Err(DataError::File(FileError::MissingFile { folder: folder.into(), tried: names.join(", ") }));
    };
    let array = idx::read(&path)?;
    if array.shape.rank() != rank {
        return Err(DataError::File(FileError::Axes { path, expected: rank, got: array.shape }));
    }
    Ok(array.into_tensor())
}
