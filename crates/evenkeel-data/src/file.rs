//! Writing files: whole or not at all. Reading them: plain or gzip-compressed.

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::{Compression, write::GzEncoder};

use crate::{DataError, FileError};

/// Whether the name asks for gzip.
pub(crate) fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"))
}

/// Replaces the file at `path` by what `fill` writes, gzip-compressed if the name ends in `.gz`, or leaves it alone if that fails: it is
/// written beside `path` under another name, then renamed. Of a symbolic link the file that it leads to is replaced. What is there and
/// is no file, such as a pipe or a device, is written to as it is.
pub(crate) fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), DataError> {
    let compressed = is_gz(path);
    replace(path, |writer| {
        if !compressed {
            return fill(writer);
        }
        let mut encoder = GzEncoder::new(writer, Compression::best());
        fill(&mut encoder)?;
        encoder.finish().map(drop)
    })
    .map_err(|source| DataError::File(FileError::Io { path: path.into(), action: "write", source }))
}

fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let mut writer = BufWriter::new(OpenOptions::new().write(true).open(path)?);
        fill(&mut writer)?;
        return writer.flush();
    }
    let path = &*followed(path);
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

/// Where a symbolic link leads, also if nothing is there yet; other paths as they are.
fn followed(path: &Path) -> Cow<'_, Path> {
    let Ok(next) = fs::read_link(path) else { return path.into() };
    let beside = path.parent().unwrap_or(Path::new("")).join(next);
    fs::canonicalize(path).unwrap_or(beside).into()
}

/// A reader's bytes, decompressed if they are gzip.
pub(crate) enum Decompressed<R> {
    Plain(R),
    /// Several gzip members in one file are one stream; what follows the last member is an error, as it should be.
    Gzip(MultiGzDecoder<R>),
}

impl<R: BufRead> Decompressed<R> {
    /// Looks at the first bytes, not at a name.
    pub(crate) fn new(mut reader: R) -> io::Result<Self> {
        let compressed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if compressed { Self::Gzip(MultiGzDecoder::new(reader)) } else { Self::Plain(reader) })
    }
}

impl<R: BufRead> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(reader) => reader.read(buffer),
        }
    }
}

/// Bytes read at a time; a multiple of every element's size.
const CHUNK: usize = 64 * 1024;

/// Decompressed bytes of a format whose header promises how many there are, and what errors need to know.
pub(crate) struct Bytes<'a, R> {
    reader: Decompressed<R>,
    pub(crate) path: &'a Path,
    /// Those that were read.
    pub(crate) position: u64,
}

impl<'a, R: BufRead> Bytes<'a, R> {
    pub(crate) fn new(reader: R, path: &'a Path) -> Result<Self, DataError> {
        let reader = Decompressed::new(reader).map_err(|source| unread(path, source))?;
        Ok(Self { reader, path, position: 0 })
    }

    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self.reader, Decompressed::Gzip(_))
    }

    /// The `len` elements that follow, appended chunk by chunk by `extend`, and after which the data have to end.
    pub(crate) fn elements<T>(&mut self, len: usize, extend: impl Fn(&mut Vec<T>, &[u8])) -> Result<Vec<T>, DataError> {
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
            extend(&mut data, chunk);
        }
        // Reading on to the end also has the decoder compare the checksum.
        if self.fill_up_to(&mut [0])? > 0 {
            return Err(DataError::File(FileError::TrailingBytes { path: self.path.into(), expected }));
        }
        Ok(data)
    }

    /// Fills `buffer`, of data of which `expected` bytes are promised.
    pub(crate) fn fill(&mut self, buffer: &mut [u8], expected: u64) -> Result<(), DataError> {
        if self.fill_up_to(buffer)? < buffer.len() {
            return Err(DataError::File(FileError::Truncated { path: self.path.into(), expected, got: self.position }));
        }
        Ok(())
    }

    /// Fills `buffer` as far as there are data, and says how far.
    pub(crate) fn fill_up_to(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(unread(self.path, source)),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }
}

/// The error of reading decompressed bytes.
pub(crate) fn unread(path: &Path, source: io::Error) -> DataError {
    let path = path.into();
    // The decoder's own complaints have these kinds; the operating system's do not.
    match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            DataError::File(FileError::Corrupt { path, source })
        }
        _ => DataError::File(FileError::Io { path, action: "read", source }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;

    use super::*;

    fn put(path: &Path, text: &str) {
        write(path, |out| out.write_all(text.as_bytes())).unwrap();
    }

    #[test]
    fn links_and_pipes_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        put(&at("file"), "old");
        for (link, target) in [("link", "file"), ("dangling", "new")] {
            symlink(target, at(link)).unwrap();
            put(&at(link), "text");
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(at(target)).unwrap(), "text");
        }
        put(Path::new("/dev/null"), "text");
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let reader = std::thread::spawn({
            let path = at("pipe");
            move || fs::read_to_string(path).unwrap()
        });
        put(&at("pipe"), "text");
        assert_eq!(reader.join().unwrap(), "text");
        assert!(fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
    }
}
