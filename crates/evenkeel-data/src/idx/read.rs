//! Reading IDX: streaming, in bounded chunks, distrusting the header.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use evenkeel_tensor::{MAX_RANK, Shape};
use flate2::bufread::MultiGzDecoder;

use super::{IdxArray, IdxElement, type_name};
use crate::DataError;

/// Bytes read at a time; a multiple of every element's size.
const CHUNK: usize = 64 * 1024;

/// Reads the IDX file at `path`, plain or gzip-compressed (by its first bytes, not by its name).
///
/// # Errors
/// If the file cannot be read, is not IDX, holds another type than `T`, is shorter or longer than its
/// header promises, or its compression is damaged.
pub fn read<T: IdxElement>(path: impl AsRef<Path>) -> Result<IdxArray<T>, DataError> {
    let path = path.as_ref();
    let failed = |action| move |source| DataError::Io { path: path.into(), action, source };
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

fn decode<T: IdxElement>(mut reader: impl BufRead, path: &Path, length: Option<u64>) -> Result<IdxArray<T>, DataError> {
    let start = reader.fill_buf().map_err(|source| DataError::Io { path: path.into(), action: "read", source })?;
    if start.starts_with(&[0x1f, 0x8b]) {
        // Several gzip members in one file are one stream; what follows the last member is an error, as it should be.
        Source { reader: MultiGzDecoder::new(reader), path, length: None, position: 0 }.array()
    } else {
        Source { reader, path, length, position: 0 }.array()
    }
}

/// Uncompressed bytes, with what errors need to know.
struct Source<'a, R> {
    reader: R,
    path: &'a Path,
    /// All the bytes there are, where that is known beforehand.
    length: Option<u64>,
    position: u64,
}

impl<R: Read> Source<'_, R> {
    fn array<T: IdxElement>(mut self) -> Result<IdxArray<T>, DataError> {
        let (shape, header) = self.header::<T>()?;
        let bytes = (shape.numel() * size_of::<T>()) as u64;
        let expected = header + bytes;
        if let Some(length) = self.length {
            if length < expected {
                return Err(self.truncated(expected, length));
            }
            if length > expected {
                return Err(DataError::TrailingBytes { path: self.path.into(), expected });
            }
        }

        let mut data = Vec::new();
        let mut chunk = vec![0; CHUNK.min(bytes as usize)];
        let mut left = bytes as usize;
        while left > 0 {
            let chunk = &mut chunk[..CHUNK.min(left)];
            self.fill(chunk, expected)?;
            let room = chunk.len() / size_of::<T>();
            if data.capacity() - data.len() < room {
                // Doubling, but never beyond what the header promises nor beyond twice what has arrived.
                data.reserve_exact(data.len().max(room).min(left / size_of::<T>()));
            }
            T::extend_from_be(&mut data, chunk);
            left -= chunk.len();
        }

        // Reading on to the end also has the decoder compare the checksum.
        if self.fill_up_to(&mut [0])? > 0 {
            return Err(DataError::TrailingBytes { path: self.path.into(), expected });
        }
        Ok(IdxArray { shape, data })
    }

    /// The shape, and the bytes of the header.
    fn header<T: IdxElement>(&mut self) -> Result<(Shape, u64), DataError> {
        let mut magic = [0; 4];
        let got = self.fill_up_to(&mut magic)?;
        let [zero, zero2, code, rank] = magic;
        let found = type_name(code).filter(|_| zero == 0 && zero2 == 0 && (1..=MAX_RANK).contains(&rank.into()));
        let Some(found) = found.filter(|_| got == 4) else {
            let hex: Vec<_> = magic[..got].iter().map(|b| format!("{b:02x}")).collect();
            let got = if got == 0 { "an empty file".into() } else { hex.join(" ") };
            return Err(DataError::NotIdx { path: self.path.into(), got });
        };
        if code != T::CODE {
            return Err(DataError::ElementType { path: self.path.into(), expected: T::NAME, got: found });
        }

        let header = 4 + 4 * u64::from(rank);
        let mut extents = [0; MAX_RANK];
        let extents = &mut extents[..rank.into()];
        for extent in extents.iter_mut() {
            let mut bytes = [0; 4];
            self.fill(&mut bytes, header)?;
            *extent = u32::from_be_bytes(bytes) as usize;
        }
        // Extents of 0 count as 1 here, so that the strides of an empty array do not overflow either.
        let bytes = extents.iter().try_fold(size_of::<T>(), |n, &extent| n.checked_mul(extent.max(1)));
        if bytes.is_none_or(|n| n > isize::MAX as usize) {
            return Err(DataError::TooLarge { path: self.path.into(), extents: extents.to_vec() });
        }
        Ok((Shape::from(&*extents), header))
    }

    /// Fills `buffer`, of data of which `expected` bytes are promised.
    fn fill(&mut self, buffer: &mut [u8], expected: u64) -> Result<(), DataError> {
        if self.fill_up_to(buffer)? < buffer.len() {
            return Err(self.truncated(expected, self.position));
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
                Err(source) => return Err(self.failed(source)),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }

    fn truncated(&self, expected: u64, got: u64) -> DataError {
        DataError::Truncated { path: self.path.into(), expected, got }
    }

    fn failed(&self, source: io::Error) -> DataError {
        let path = self.path.into();
        // The decoder's own complaints have these kinds; the operating system's do not.
        match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                DataError::Corrupt { path, source }
            }
            _ => DataError::Io { path, action: "read", source },
        }
    }
}
