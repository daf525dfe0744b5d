//! The IDX format of MNIST: a typed n-dimensional array in one file, plain or gzip-compressed.
//!
//! A file is the bytes `00 00`, a code of the element type, the number of axes, the extents as
//! big-endian 32-bit numbers, outermost first, and then the elements, big-endian and row-major
//! (Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database*).
//!
//! ```
//! use evenkeel_data::idx;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("heights.idx2.gz");
//! idx::write(&path, [2, 3], &[1.5f32, 2.0, 2.5, 3.0, 3.5, 4.0])?;
//!
//! let heights = idx::read::<f32>(&path)?.into_tensor();
//! assert_eq!(heights.shape(), [2, 3].into());
//! assert_eq!(heights.get(&[1, 0]), 3.0);
//!
//! let error = idx::read::<u8>(&path).unwrap_err();
//! assert!(error.to_string().contains("expected elements of type u8, got f32"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is read may be hostile: memory is taken only as data arrive, never on the header's word.

mod read;
mod write;

pub use read::{read, read_from};
pub use write::{write, write_to};

use evenkeel_tensor::{Element, Shape, Tensor};

/// An array of an IDX file.
#[derive(Clone, Debug, PartialEq)]
pub struct IdxArray<T> {
    /// The extents.
    pub shape: Shape,
    /// The elements in row-major order, as many as the shape has.
    pub data: Vec<T>,
}

impl<T: Element> IdxArray<T> {
    /// The array as a tensor. No copy.
    ///
    /// # Panics
    /// If shape and data were changed and no longer agree.
    #[track_caller]
    pub fn into_tensor(self) -> Tensor<T> {
        Tensor::from_vec(self.shape, self.data).unwrap_or_else(|e| panic!("{e}"))
    }
}

mod private {
    pub trait Sealed: Copy {
        fn extend_from_be(values: &mut Vec<Self>, bytes: &[u8]);
        fn append_be(values: &[Self], bytes: &mut Vec<u8>);
    }
}

/// An element type of the format: `u8`, `i8`, `i16`, `i32`, `f32` or `f64`.
pub trait IdxElement: private::Sealed {
    /// The type's code, the third byte of a file.
    const CODE: u8;
    /// The type's name.
    const NAME: &'static str;
}

macro_rules! elements {
    ($($t:ident = $code:literal),*) => {
        $(
            impl private::Sealed for $t {
                fn extend_from_be(values: &mut Vec<Self>, bytes: &[u8]) {
                    let (elements, rest) = bytes.as_chunks();
                    assert!(rest.is_empty(), "whole elements");
                    values.extend(elements.iter().map(|&b| $t::from_be_bytes(b)));
                }
                fn append_be(values: &[Self], bytes: &mut Vec<u8>) {
                    bytes.extend(values.iter().flat_map(|v| v.to_be_bytes()));
                }
            }
            impl IdxElement for $t {
                const CODE: u8 = $code;
                const NAME: &'static str = stringify!($t);
            }
        )*

        /// The name of the type with this code.
        fn type_name(code: u8) -> Option<&'static str> {
            match code {
                $($code => Some(stringify!($t)),)*
                _ => None,
            }
        }
    };
}
elements!(u8 = 0x08, i8 = 0x09, i16 = 0x0b, i32 = 0x0c, f32 = 0x0d, f64 = 0x0e);
