//! Writing files: whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::{Compression, write::GzEncoder};

use crate::DataError;

/// Replaces the file at `path` by what `fill` writes, gzip-compressed if the name ends in `.gz`, or leaves it alone if that fails: it is
/// written beside `path` under another name, then renamed.
pub(crate) fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), DataError> {
    let compressed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    replace(path, |writer| {
        if !compressed {
            return fill(writer);
        }
        let mut encoder = GzEncoder::new(writer, Compression::best());
        fill(&mut encoder)?;
        encoder.finish().map(drop)
    })
    .map_err(|source| DataError::Io { path: path.into(), action: "write", source })
}

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
