//! The embedded data set.

use evenkeel_tensor::Tensor;

use crate::{DataError, Dataset, Inputs, idx};

/// The optical recognition of handwritten digits: 1 797 images of 8 x 8 pixels, ten classes.
///
/// The test part (13 writers) of E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten
/// Digits*, UCI Machine Learning Repository 1998, <https://doi.org/10.24432/C50P49>, in the order of
/// scikit-learn's `load_digits`. Licence of the data: CC BY 4.0 (see `data/LICENSE-digits.md` in the crate).
pub struct Digits;

impl Digits {
    /// The 1 797 images as samples of 64 features, row by row; pixels of 0 to 16 are scaled to 0 to 1
    /// (exactly, by 1/16), and stay bytes until batched.
    ///
    /// There is no official split: a random one puts the same writers in both parts.
    ///
    /// ```
    /// use evenkeel_data::{Digits, Seed};
    ///
    /// let digits = Digits::embedded();
    /// assert_eq!(digits.len(), 1797);
    /// assert_eq!(digits.classes(), Some(10));
    /// let (train, test) = digits.split_stratified(0.8, Seed(7))?;
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    pub fn embedded() -> Dataset {
        decode().expect("the embedded files are sound")
    }
}

fn decode() -> Result<Dataset, DataError> {
    let images = include_bytes!("../data/digits8x8-images-idx3-ubyte.gz");
    let labels = include_bytes!("../data/digits8x8-labels-idx1-ubyte.gz");
    let images: Tensor<u8> = idx::read_from(&images[..], "embedded digits8x8-images-idx3-ubyte.gz")?.into_tensor();
    let labels = idx::read_from::<u8>(&labels[..], "embedded digits8x8-labels-idx1-ubyte.gz")?.data;
    let labels = labels.into_iter().map(u32::from).collect();
    Dataset::classification(Inputs::scaled(images, 1.0 / 16.0, 0.0), labels, 10)?.reshape_samples([64])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_the_source() {
        let digits = Digits::embedded();
        assert_eq!(digits.class_counts().unwrap(), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let all = digits.batch::<f64>(&Vec::from_iter(0..digits.len()));
        assert_eq!(all.inputs.shape(), [1797, 64].into());
        // FNV-1a over the pixels and then the labels, computed from the source's table.
        let pixels = all.inputs.as_slice().iter().map(|x| (x * 16.0) as u8);
        let labels = all.targets.classes().unwrap().iter().map(|&label| label as u8);
        let fold = |h: u64, byte: u8| (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        assert_eq!(pixels.chain(labels).fold(0xcbf2_9ce4_8422_2325, fold), 0x9975_5255_092d_82a1);
        assert_eq!(all.inputs.as_slice()[2..6], [5.0 / 16.0, 13.0 / 16.0, 9.0 / 16.0, 1.0 / 16.0]);
    }
}
