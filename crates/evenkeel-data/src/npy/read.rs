//! Reading npy, on the assumption that the file may be damaged or hostile.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use evenkeel_tensor::Shape;

use super::header::Header;
use super::{NpyArray, NpyElement, type_name};
use crate::DataError;
use crate::file::{self, Decompressed};

/// Bytes read at a time; a multiple of every element's size.
const CHUNK: usize = 64 * 1024;
/// The longest header that is read; NumPy's own are below 200 bytes.
const MAX_HEADER: usize = 64 * 1024;

/// Reads the array in the file at `path`, plain or gzip-compressed (by its first bytes, not by its name).
///
/// # Errors
/// If the file cannot be read, is not npy, holds another type than `T`, is shorter or longer than its header promises, or
/// its compression is damaged.
pub fn read<T: NpyElement>(path: impl AsRef<Path>) -> Result<NpyArray<T>, DataError> {
    let path = path.as_ref();
    let reader = File::open(path).map_err(|source| DataError::Io { path: path.into(), action: "open", source })?;
    read_from(reader, path)
}

/// Reads an array from `reader`, plain or gzip-compressed, to its end; errors call it `name`.
///
/// # Errors
/// As [`read`].
pub fn read_from<T: NpyElement>(reader: impl Read, name: impl AsRef<Path>) -> Result<NpyArray<T>, DataError> {
    let path = name.as_ref();
    let reader = Decompressed::new(BufReader::new(reader)).map_err(|source| file::unread(path, source))?;
    Source { reader, path, position: 0 }.array()
}

/// Bytes, with what errors need to know.
struct Source<'a, R> {
    reader: Decompressed<BufReader<R>>,
    path: &'a Path,
    position: u64,
}

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
            return Err(DataError::TooLarge { path: self.path.into(), extents: header.shape });
        }
        let shape = Shape::from(&header.shape[..]);
        let data = self.elements(shape.numel(), big)?;
        let data = if header.fortran_order { transposed(&header.shape, &data) } else { data };
        Ok(NpyArray { shape, data })
    }

    fn header(&mut self) -> Result<Header, DataError> {
        let mut start = [0; 8];
        let got = self.fill_up_to(&mut start)?;
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
        self.fill(&mut length[..size], 8 + size as u64)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_HEADER {
            let expected = format!("a header of at most {MAX_HEADER} bytes");
            return Err(self.wrong(expected, format!("one of {length}"), "the header is damaged"));
        }
        let mut text = vec![0; length];
        self.fill(&mut text, self.position + length as u64)?;
        let header = str::from_utf8(&text).map_err(|_| "bytes that are no text").and_then(Header::parse);
        header.map_err(|got| {
            let expected = "a header that is a dictionary of descr, fortran_order and shape".into();
            self.wrong(expected, got.into(), "save an array of numbers with numpy.save")
        })
    }

    fn elements<T: NpyElement>(&mut self, len: usize, big: bool) -> Result<Vec<T>, DataError> {
        let bytes = len * size_of::<T>();
        let expected = self.position + bytes as u64;
        let mut data = Vec::new();
        let mut chunk = vec![0; CHUNK.min(bytes)];
        while data.len() < len {
            let left = len - data.len();
            let chunk = &mut chunk[..CHUNK.min(left * size_of::<T>())];
            self.fill(chunk, expected)?;
            let room = chunk.len() / size_of::<T>();
            if data.capacity() - data.len() < room {
                // Doubling, but never beyond what the header promises nor beyond twice what has arrived.
                data.reserve_exact(data.len().max(room).min(left));
            }
            if big { T::extend_from_be(&mut data, chunk) } else { T::extend_from_le(&mut data, chunk) }
        }
        if self.fill_up_to(&mut [0])? > 0 {
            return Err(DataError::TrailingBytes { path: self.path.into(), expected });
        }
        Ok(data)
    }

    /// Fills `buffer`, of data of which `expected` bytes are promised.
    fn fill(&mut self, buffer: &mut [u8], expected: u64) -> Result<(), DataError> {
        if self.fill_up_to(buffer)? < buffer.len() {
            return Err(DataError::Truncated { path: self.path.into(), expected, got: self.position });
        }
        Ok(())
    }

    /// Fills `buffer` as far as there are data, and says how far.
    fn fill_up_to(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) if matches!(self.reader, Decompressed::Gzip(_)) => {
                    return Err(file::unread(self.path, source));
                }
                Err(source) => return Err(DataError::Io { path: self.path.into(), action: "read", source }),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }

    fn wrong(&self, expected: String, got: String, cure: &'static str) -> DataError {
        DataError::Format { path: self.path.into(), expected, got, cure }
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
