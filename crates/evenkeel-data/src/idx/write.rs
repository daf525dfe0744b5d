//! Writing IDX: whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use evenkeel_tensor::{Shape, ShapeError};
use flate2::{Compression, write::GzEncoder};

use super::IdxElement;
use crate::DataError;

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
    replace(path, |writer| {
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
            let mut encoder = GzEncoder::new(writer, Compression::best());
            encode(&mut encoder, shape, values)?;
            encoder.finish().map(drop)
        } else {
            encode(writer, shape, values)
        }
    })
    .map_err(|source| DataError::Io { path: path.into(), action: "write", source })
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
    encode(&mut writer, shape, values).and_then(|()| writer.flush()).map_err(|source| DataError::Io {
        path: name.as_ref().into(),
        action: "write",
        source,
    })
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

/// Replaces the file at `path` by what `fill` writes, or leaves it alone if that fails.
fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default; this one stays, so the user's umask decides as for any file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut writer = BufWriter::new(builder.tempfile_in(folder)?);
    fill(&mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
