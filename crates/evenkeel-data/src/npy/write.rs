//! Writing npy: whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use evenkeel_tensor::{Shape, ShapeError};

use super::NpyElement;
use crate::{DataError, FileError, file};

/// Elements encoded at a time.
const CHUNK: usize = 8 * 1024;

/// Writes an array, row-major, as NumPy's `save` does, gzip-compressed if the name ends in `.gz`. The file appears whole or not at all.
///
/// # Errors
/// If the shape is not that of `values`, or the file cannot be written.
pub fn write<T: NpyElement>(path: impl AsRef<Path>, shape: impl Into<Shape>, values: &[T]) -> Result<(), DataError> {
    let shape = check(shape.into(), values.len())?;
    file::write(path.as_ref(), |out| encode(out, shape, values, false))
}

/// As [`write()`], for `values` in column-major order (Fortran's, nalgebra's), which the file then has too.
///
/// # Errors
/// As [`write()`].
pub fn write_fortran<T: NpyElement>(
    path: impl AsRef<Path>,
    shape: impl Into<Shape>,
    values: &[T],
) -> Result<(), DataError> {
    let shape = check(shape.into(), values.len())?;
    file::write(path.as_ref(), |out| encode(out, shape, values, true))
}

/// Writes an array, row-major, to `writer`; errors call it `name`.
///
/// # Errors
/// As [`write()`].
pub fn write_to<T: NpyElement>(
    mut writer: impl Write,
    name: impl AsRef<Path>,
    shape: impl Into<Shape>,
    values: &[T],
) -> Result<(), DataError> {
    let shape = check(shape.into(), values.len())?;
    let written = encode(&mut writer, shape, values, false).and_then(|()| writer.flush());
    written.map_err(|source| DataError::File(FileError::Io { path: name.as_ref().into(), action: "write", source }))
}

pub(super) fn check(shape: Shape, values: usize) -> Result<Shape, ShapeError> {
    if shape.numel() == values {
        return Ok(shape);
    }
    Err(ShapeError::new(
        "npy::write",
        format!("{} values for shape {shape}", shape.numel()),
        format!("{values}"),
        "give the shape of the data, outermost axis first",
    ))
}

fn encode<T: NpyElement>(out: &mut dyn Write, shape: Shape, values: &[T], fortran_order: bool) -> io::Result<()> {
    let order = if size_of::<T>() == 1 { '|' } else { '<' };
    let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
    let fortran_order = if fortran_order { "True" } else { "False" };
    let code = T::CODE;
    let mut header = format!("{{'descr': '{order}{code}', 'fortran_order': {fortran_order}, 'shape': ({extents}), }}");
    // Python's tuples end with a comma only if they have one element.
    header = if shape.rank() == 1 { header.replace(", )", ",)") } else { header.replace(", )", ")") };
    // The data start at a multiple of 64 bytes, of which the magic bytes, version and length are 10.
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    let mut bytes = Vec::new();
    for part in values.chunks(CHUNK) {
        bytes.clear();
        T::append_le(part, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(())
}
