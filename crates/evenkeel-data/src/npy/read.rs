//! Reading npy, on the assumption that the file may be damaged or hostile.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use evenkeel_tensor::Shape;

use super::header::Header;
use super::{NpyArray, NpyElement, type_name};
use crate::file::Bytes;
use crate::{DataError, FileError};

/// The longest header that is read; NumPy's own are below 200 bytes.
const MAX_HEADER: usize = 64 * 1024;

/// Reads the array in the file at `path`, plain or gzip-compressed (by its first bytes, not by its name).
///
/// # Errors
/// If the file cannot be read, is not npy, holds another type than `T`, is shorter or longer than its header promises, or
/// its compression is damaged.
pub fn read<T: NpyElement>(path: impl AsRef<Path>) -> Result<NpyArray<T>, DataError> {
    let path = path.as_ref();
    let reader = File::open(path)
        .map_err(|source| DataError::File(FileError::Io { path: path.into(), action: "open", source }))?;
    read_from(reader, path)
}

/// Reads an array from `reader`, plain or gzip-compressed, to its end; errors call it `name`.
///
/// # Errors
/// As [`read`].
pub fn read_from<T: NpyElement>(reader: impl Read, name: impl AsRef<Path>) -> Result<NpyArray<T>, DataError> {
    Source(Bytes::new(BufReader::new(reader), name.as_ref())?).array()
}

struct Source<'a, R>(Bytes<'a, BufReader<R>>);

impl<R: Read> Source<'_, R> {
    fn array<T: NpyElement>(mut self) -> Result<NpyArray<T>, DataError> {
        let header = self.header()?;
        let big = match header.descr.split_at_checked(1) {
            Some(("<" | "|", code)) if code == T::CODE => false,
            Some((">", code)) if code == T::CODE => true,
            found => {
                let name = found.and_then(|(_, code)| type_name(code));
                return Err(self.wrong(
                    format!("elements of type {}", T::NAME),
                    name.map_or_else(|| format!("{:?}", header.descr), String::from),
                    "read it as the type that it holds; convert others with NumPy's astype",
                ));
            }
        };
        // Extents of 0 count as 1 here, so that the strides of an empty array do not overflow either.
        let product =
            |extents: &[usize]| extents.iter().try_fold(size_of::<T>(), |n, &extent| n.checked_mul(extent.max(1)));
        if product(&header.shape).is_none_or(|bytes| bytes > isize::MAX as usize) {
            return Err(DataError::File(FileError::TooLarge { path: self.0.path.into(), extents: header.shape }));
        }
        let shape = Shape::from(&header.shape[..]);
        let extend = if big { T::extend_from_be } else { T::extend_from_le };
        let data = self.0.elements(shape.numel(), extend)?;
        let data = if header.fortran_order { transposed(&header.shape, &data) } else { data };
        Ok(NpyArray { shape, data })
    }

    fn header(&mut self) -> Result<Header, DataError> {
        let mut start = [0; 8];
        let got = self.0.fill_up_to(&mut start)?;
        let size = match start {
            _ if got < 8 || !start.starts_with(b"\x93NUMPY") => None,
            [.., 1, _] => Some(2),
            [.., 2 | 3, _] => Some(4),
            _ => None,
        };
        let Some(size) = size else {
            let hex: Vec<_> = start[..got].iter().map(|b| format!("{b:02x}")).collect();
            let got = if got == 0 { "an empty file".into() } else { hex.join(" ") };
            return Err(self.wrong(
                "an npy file, which starts with the bytes 93 4e 55 4d 50 59 and a version of 1 to 3".into(),
                got,
                "check that this is the right file",
            ));
        };
        let mut length = [0; 4];
        self.0.fill(&mut length[..size], 8 + size as u64)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_HEADER {
            let expected = format!("a header of at most {MAX_HEADER} bytes");
            return Err(self.wrong(expected, format!("one of {length}"), "the header is damaged"));
        }
        let mut text = vec![0; length];
        self.0.fill(&mut text, self.0.position + length as u64)?;
        let header = str::from_utf8(&text).map_err(|_| "bytes that are no text").and_then(Header::parse);
        header.map_err(|got| {
            let expected = "a header that is a dictionary of descr, fortran_order and shape".into();
            self.wrong(expected, got.into(), "save an array of numbers with numpy.save")
        })
    }

    fn wrong(&self, expected: String, got: String, cure: &'static str) -> DataError {
        DataError::File(FileError::Format { path: self.0.path.into(), expected, got, cure })
    }
}

/// The elements of an array of this shape in row-major order, given in column-major order.
fn transposed<T: Copy>(shape: &[usize], data: &[T]) -> Vec<T> {
    let mut strides = Vec::with_capacity(shape.len());
    shape.iter().fold(1, |stride, &extent| {
        strides.push(stride);
        stride * extent
    });
    let (mut index, mut at) = (vec![0; shape.len()], 0);
    let mut out = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        out.push(data[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= index[axis] * strides[axis];
            index[axis] = 0;
        }
    }
    out
}
