//! NumPy's files: one array (`.npy`), or several by name (`.npz`).
//!
//! ```
//! use evenkeel_data::npy::{self, Npz};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("heights.npy");
//! npy::write(&path, [2, 3], &[1.5f32, 2.0, 2.5, 3.0, 3.5, 4.0])?;
//! let heights = npy::read::<f32>(&path)?.into_tensor();
//! assert_eq!(heights.get(&[1, 0]), 3.0);
//! assert!(npy::read::<f64>(&path).unwrap_err().to_string().contains("expected elements of type f64, got f32"));
//!
//! let path = folder.path().join("patients.npz");
//! npy::write_npz(&path, |npz| {
//!     npz.add("x", [2, 2], &[0.5f64, 1.0, 1.5, 2.0])?;
//!     npz.add("y", [2], &[0i64, 1])
//! })?;
//! let mut patients = Npz::open(&path)?;
//! assert_eq!(patients.names(), ["x", "y"]);
//! assert_eq!(patients.read::<i64>("y")?.data, [0, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Arrays are read in either order of axes (C or Fortran) and byte order, and are row-major then. What is read may be hostile: memory
//! is taken only as data arrive, never on the header's word, and nothing in a file is executed (arrays of Python objects are refused).

mod header;
mod npz;
mod read;
mod write;

pub use npz::{Npz, NpzWriter, write_npz};
pub use read::{read, read_from};
pub use write::{write, write_fortran, write_to};

use evenkeel_tensor::{Element, Shape, Tensor};

/// An array of an npy file.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyArray<T> {
    /// The extents.
    pub shape: Shape,
    /// The elements in row-major order, as many as the shape has.
    pub data: Vec<T>,
}

impl<T: Element> NpyArray<T> {
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
        fn extend_from_le(values: &mut Vec<Self>, bytes: &[u8]);
        fn extend_from_be(values: &mut Vec<Self>, bytes: &[u8]);
        fn append_le(values: &[Self], bytes: &mut Vec<u8>);
    }
}

/// An element type: `f32`, `f64`, or an integer of 8 to 64 bits.
pub trait NpyElement: private::Sealed {
    /// NumPy's name of the type without its byte order, such as `f4`.
    const CODE: &'static str;
    /// The type's name.
    const NAME: &'static str;
}

macro_rules! elements {
    ($($t:ident = $code:literal),*) => {
        $(
            impl private::Sealed for $t {
                fn extend_from_le(values: &mut Vec<Self>, bytes: &[u8]) {
                    values.extend(bytes.as_chunks().0.iter().map(|&b| $t::from_le_bytes(b)));
                }
                fn extend_from_be(values: &mut Vec<Self>, bytes: &[u8]) {
                    values.extend(bytes.as_chunks().0.iter().map(|&b| $t::from_be_bytes(b)));
                }
                fn append_le(values: &[Self], bytes: &mut Vec<u8>) {
                    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
                }
            }
            impl NpyElement for $t {
                const CODE: &'static str = $code;
                const NAME: &'static str = stringify!($t);
            }
        )*

        /// The name of the type with this code.
        fn type_name(code: &str) -> Option<&'static str> {
            match code {
                $($code => Some(stringify!($t)),)*
                _ => None,
            }
        }
    };
}
elements!(
    f32 = "f4",
    f64 = "f8",
    i8 = "i1",
    i16 = "i2",
    i32 = "i4",
    i64 = "i8",
    u8 = "u1",
    u16 = "u2",
    u32 = "u4",
    u64 = "u8"
);
