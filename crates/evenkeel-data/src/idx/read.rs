//! Reading IDX: streaming, in bounded chunks, distrusting the header.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use evenkeel_tensor::{MAX_RANK, Shape};

use super::{IdxArray, IdxElement, type_name};
use crate::file::Bytes;
use crate::{DataError, FileError};

/// Reads the IDX file at `path`, plain or gzip-compressed (by its first bytes, not by its name).
///
/// # Errors
/// If the file cannot be read, is not IDX, holds another type than `T`, is shorter or longer than its
/// header promises, or its compression is damaged.
pub fn read<T: IdxElement>(path: impl AsRef<Path>) -> Result<IdxArray<T>, DataError> {
    let path = path.as_ref();
    let failed = |action| move |source| DataError::File(FileError::Io { path: path.into(), action, source });
    let file = File::open(path).map_err(failed("open"))?;
    let metadata = file.metadata().map_err(failed("read"))?;
    // A pipe or a device has no length; it is bounded by what arrives.
    let length = metadata.is_file().then_some(metadata.len());
    decode(BufReader::new(file), path, length)
}

/// Reads IDX data, plain or gzip-compressed, from `reader`, to its end; errors call it `name`.
///
/// # Errors
/// As [`read`].
pub fn read_from<T: IdxElement>(reader: impl Read, name: impl AsRef<Path>) -> Result<IdxArray<T>, DataError> {
    decode(BufReader::new(reader), name.as_ref(), None)
}

fn decode<T: IdxElement>(reader: impl BufRead, path: &Path, length: Option<u64>) -> Result<IdxArray<T>, DataError> {
    let bytes = Bytes::new(reader, path)?;
    let length = length.filter(|_| !bytes.is_compressed());
    Source(bytes).array(length)
}

struct Source<'a, R>(Bytes<'a, R>);

impl<R: BufRead> Source<'_, R> {
    /// The array, of all the bytes there are, where their number is known beforehand.
    fn array<T: IdxElement>(mut self, length: Option<u64>) -> Result<IdxArray<T>, DataError> {
        let (shape, header) = self.header::<T>()?;
        let expected = header + (shape.numel() * size_of::<T>()) as u64;
        let path = self.0.path;
        match length {
            Some(got) if got < expected => {
                Err(DataError::File(FileError::Truncated { path: path.into(), expected, got }))
            }
            Some(got) if got > expected => {
                Err(DataError::File(FileError::TrailingBytes { path: path.into(), expected }))
            }
            _ => Ok(IdxArray { shape, data: self.0.elements(shape.numel(), T::extend_from_be)? }),
        }
    }

    /// The shape, and the bytes of the header.
    fn header<T: IdxElement>(&mut self) -> Result<(Shape, u64), DataError> {
        let mut magic = [0; 4];
        let got = self.0.fill_up_to(&mut magic)?;
        let [zero, zero2, code, rank] = magic;
        let found = type_name(code).filter(|_| zero == 0 && zero2 == 0 && (1..=MAX_RANK).contains(&rank.into()));
        let Some(found) = found.filter(|_| got == 4) else {
            let hex: Vec<_> = magic[..got].iter().map(|b| format!("{b:02x}")).collect();
            let got = if got == 0 { "an empty file".into() } else { hex.join(" ") };
            return Err(DataError::File(FileError::NotIdx { path: self.0.path.into(), got }));
        };
        if code != T::CODE {
            return Err(DataError::File(FileError::ElementType {
                path: self.0.path.into(),
                expected: T::NAME,
                got: found,
            }));
        }

        let header = 4 + 4 * u64::from(rank);
        let mut extents = [0; MAX_RANK];
        let extents = &mut extents[..rank.into()];
        for extent in extents.iter_mut() {
            let mut bytes = [0; 4];
            self.0.fill(&mut bytes, header)?;
            *extent = u32::from_be_bytes(bytes) as usize;
        }
        // Extents of 0 count as 1 here, so that the strides of an empty array do not overflow either.
        let bytes = extents.iter().try_fold(size_of::<T>(), |n, &extent| n.checked_mul(extent.max(1)));
        if bytes.is_none_or(|n| n > isize::MAX as usize) {
            return Err(DataError::File(FileError::TooLarge { path: self.0.path.into(), extents: extents.to_vec() }));
        }
        Ok((Shape::from(&*extents), header))
    }
}
