//! Writing IDX: whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use evenkeel_tensor::{Shape, ShapeError};

use super::IdxElement;
use crate::{DataError, FileError, file};

/// Elements encoded at a time.
const CHUNK: usize = 8 * 1024;

/// Writes an array as an IDX file, gzip-compressed if the name ends in `.gz`.
///
/// The file appears whole or not at all: it is written beside `path` under another name, then renamed.
///
/// # Errors
/// If the shape is not that of `values`, has no axis or extents beyond 32 bits, or the file cannot be written.
pub fn write<T: IdxElement>(path: impl AsRef<Path>, shape: impl Into<Shape>, values: &[T]) -> Result<(), DataError> {
    let (path, shape) = (path.as_ref(), shape.into());
    check(shape, values.len())?;
    file::write(path, |writer| encode(writer, shape, values))
}

/// Writes an array in the IDX format, uncompressed, to `writer`; errors call it `name`.
///
/// # Errors
/// As [`write()`].
pub fn write_to<T: IdxElement>(
    mut writer: impl Write,
    name: impl AsRef<Path>,
    shape: impl Into<Shape>,
    values: &[T],
) -> Result<(), DataError> {
    let shape = shape.into();
    check(shape, values.len())?;
    encode(&mut writer, shape, values)
        .and_then(|()| writer.flush())
        .map_err(|source| DataError::File(FileError::Io { path: name.as_ref().into(), action: "write", source }))
}

fn check(shape: Shape, values: usize) -> Result<(), ShapeError> {
    let fits = shape.rank() > 0 && shape.iter().all(|&extent| u32::try_from(extent).is_ok());
    if fits && shape.numel() == values {
        return Ok(());
    }
    Err(ShapeError::new(
        "idx::write",
        "a shape of at least one axis, extents of at most 32 bits, and as many values",
        format!("{values} values for shape {shape}"),
        "give the shape of the data, outermost axis first",
    ))
}

fn encode<T: IdxElement>(mut writer: impl Write, shape: Shape, values: &[T]) -> io::Result<()> {
    let mut bytes = vec![0, 0, T::CODE, shape.rank() as u8];
    bytes.extend(shape.iter().flat_map(|&extent| (extent as u32).to_be_bytes()));
    writer.write_all(&bytes)?;
    for part in values.chunks(CHUNK) {
        bytes.clear();
        T::append_be(part, &mut bytes);
        writer.write_all(&bytes)?;
    }
    Ok(())
}
