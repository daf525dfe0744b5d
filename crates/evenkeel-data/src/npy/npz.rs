//! Several arrays by name: a ZIP archive of npy files.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use evenkeel_tensor::Shape;
use zip::read::ZipArchive;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use super::{NpyArray, NpyElement, read_from, write::check, write_to};
use crate::{DataError, FileError, file};

/// An open npz file, as of NumPy's `savez` and `savez_compressed`.
#[derive(Debug)]
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    names: Vec<String>,
}

impl Npz {
    /// Opens the file at `path` and reads the names in it.
    ///
    /// # Errors
    /// If the file cannot be read or is not a ZIP archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let file = File::open(path)
            .map_err(|source| DataError::File(FileError::Io { path: path.into(), action: "open", source }))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| failed(path, error))?;
        let mut names = Vec::new();
        for name in archive.file_names() {
            let name = name.map_err(|error| failed(path, error))?;
            names.extend(name.strip_suffix(".npy").map(String::from));
        }
        names.sort_unstable();
        Ok(Self { path: path.into(), archive, names })
    }

    /// The names of the arrays, in alphabetical order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads the array `name`.
    ///
    /// # Errors
    /// If there is none, its part of the archive is damaged, or as [`read`](super::read).
    pub fn read<T: NpyElement>(&mut self, name: &str) -> Result<NpyArray<T>, DataError> {
        let file = format!("{name}.npy");
        if self.archive.index_for_name(&file).is_none() {
            return Err(DataError::File(FileError::Format {
                path: self.path.clone(),
                expected: format!("an array {name:?}"),
                got: format!("the arrays {}", self.names().join(", ")),
                cure: "check the name",
            }));
        }
        let entry = self.archive.by_name(&file).map_err(|error| failed(&self.path, error))?;
        read_from(entry, self.path.join(file))
    }
}

/// Where [`write_npz`] takes its arrays.
pub struct NpzWriter<'a> {
    path: &'a Path,
    zip: ZipWriter<StreamWriter<&'a mut dyn Write>>,
}

impl NpzWriter<'_> {
    /// Writes an array, row-major, under this name.
    ///
    /// # Errors
    /// If the shape is not that of `values`, the name came before, or the file cannot be written.
    pub fn add<T: NpyElement>(&mut self, name: &str, shape: impl Into<Shape>, values: &[T]) -> Result<(), DataError> {
        let shape = check(shape.into(), values.len())?;
        let options = SimpleFileOptions::default().large_file(true);
        self.zip.start_file(format!("{name}.npy"), options).map_err(|error| failed(self.path, error))?;
        write_to(&mut self.zip, self.path, shape, values)
    }
}

/// Writes the arrays that `fill` adds, compressed. The file appears whole or not at all.
///
/// # Errors
/// What `fill` says, or if the file cannot be written, or its name ends in `.gz`: npz is compressed as it is.
pub fn write_npz(
    path: impl AsRef<Path>,
    fill: impl FnOnce(&mut NpzWriter<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let path = path.as_ref();
    if file::is_gz(path) {
        return Err(DataError::File(FileError::Format {
            path: path.into(),
            expected: "a name of an npz file".into(),
            got: "one that ends in .gz".into(),
            cure: "leave .gz out; npz is compressed as it is",
        }));
    }
    let mut refused = None;
    let written = file::write(path, |out| {
        let mut writer = NpzWriter { path, zip: ZipWriter::new_stream(out) };
        if let Err(error) = fill(&mut writer) {
            refused = Some(error);
            return Err(io::ErrorKind::Other.into());
        }
        writer.zip.finish().map(drop).map_err(io::Error::other)
    });
    refused.map_or(written, Err)
}

fn failed(path: &Path, error: ZipError) -> DataError {
    match error {
        ZipError::Io(source) => DataError::File(FileError::Io { path: path.into(), action: "read or write", source }),
        error => DataError::File(FileError::Format {
            path: path.into(),
            expected: "an npz file, which is a ZIP archive of npy files".into(),
            got: error.to_string(),
            cure: "check that this is the right file, and that every array has a name of its own",
        }),
    }
}
