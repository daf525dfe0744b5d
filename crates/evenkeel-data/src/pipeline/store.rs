//! Fitted pipelines as files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::FittedPipeline;
use super::fitted::{FittedStep, Input};
use crate::{DataError, FileError, file};

/// What such a file says that it is.
const FORMAT: &str = "evenkeel pipeline";
const VERSION: u32 = 1;

/// What is written.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    format: String,
    version: u32,
    inputs: Vec<Input>,
    steps: Vec<FittedStep>,
    keep_missing: bool,
}

impl From<FittedPipeline> for Stored {
    fn from(pipeline: FittedPipeline) -> Self {
        let FittedPipeline { inputs, steps, keep_missing, .. } = pipeline;
        Self { format: FORMAT.into(), version: VERSION, inputs, steps, keep_missing }
    }
}

impl TryFrom<Stored> for FittedPipeline {
    type Error = DataError;

    fn try_from(stored: Stored) -> Result<Self, DataError> {
        if (stored.format.as_str(), stored.version) != (FORMAT, VERSION) {
            let got = format!("format {:?} of version {}", stored.format, stored.version);
            return Err(DataError::Stored { what: "pipeline".into(), got });
        }
        Self::new(stored.inputs, stored.steps, stored.keep_missing)
    }
}

/// With the feature `serde`.
impl FittedPipeline {
    /// The pipeline as JSON. A state dictionary can keep it among its notes, in the same file as the weights:
    /// `dictionary.metadata.insert("pipeline".into(), fitted.to_json())`.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and finite numbers")
    }

    /// Reads [`to_json`](Self::to_json). The pipeline that is read gives the same bits.
    ///
    /// # Errors
    /// If the text is no such JSON, or its steps do not fit together.
    pub fn from_json(json: &str) -> Result<Self, DataError> {
        serde_json::from_str(json)
            .map_err(|error| DataError::Stored { what: "pipeline".into(), got: format!("an error ({error})") })
    }

    /// Writes the pipeline to a file, as JSON, gzip-compressed if the name ends in `.gz`: whole or not at all.
    ///
    /// ```
    /// use evenkeel_data::encode::Target;
    /// use evenkeel_data::pipeline::{FittedPipeline, Pipeline};
    /// use evenkeel_data::scale::Standard;
    /// use evenkeel_data::table::{Column, Table};
    ///
    /// let table = Table::new(vec![Column::numeric("age", vec![20.0, 40.0, 41.0])])?;
    /// let fitted = Pipeline::new().step("age", Standard::default()).fit(&table, Target::None)?;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("pipeline.json");
    /// fitted.save(&path)?;
    /// assert_eq!(FittedPipeline::load(&path)?, fitted);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be written; one that was there is then as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        file::write(path.as_ref(), |writer| writer.write_all(self.to_json().as_bytes()))
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or as [`from_json`](Self::from_json).
    pub fn load(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let read = || {
            let mut json = String::new();
            let mut file = BufReader::new(File::open(path)?);
            if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
                MultiGzDecoder::new(file).read_to_string(&mut json)?;
            } else {
                file.read_to_string(&mut json)?;
            }
            Ok(json)
        };
        let json =
            read().map_err(|source| DataError::File(FileError::Io { path: path.into(), action: "read", source }))?;
        Self::from_json(&json).map_err(|error| match error {
            DataError::Stored { got, .. } => DataError::Stored { what: path.display().to_string(), got },
            error => error,
        })
    }
}
