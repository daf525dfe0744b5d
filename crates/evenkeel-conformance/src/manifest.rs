//! The list of cases.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::FolderError;

/// One case as the manifest lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its name, which its arrays' names begin with.
    pub id: String,
    /// The operation.
    pub op: String,
    /// The operation's settings.
    pub attrs: Map<String, Value>,
    /// The safetensors file that holds its arrays, in the manifest's folder.
    pub file: String,
    /// The arrays that go in.
    pub inputs: Vec<String>,
    /// The arrays that come out.
    pub outputs: Vec<String>,
    /// Whether a gradient flows into the output `y`.
    pub upstream: bool,
    /// The inputs whose gradients are given.
    pub grads: Vec<String>,
    /// The error allowed in f64, relative to the expected value.
    pub rtol: f64,
    /// The error allowed in f64 beside it.
    pub atol: f64,
}

/// Reads `manifest.json` of a folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<Spec>, FolderError> {
    let path = folder.join("manifest.json");
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(FolderError::Io { path, source }),
    };
    match serde_json::from_slice(&text) {
        Ok(manifest) => parse(&manifest),
        Err(source) => Err(FolderError::Json { path, source }),
    }
}

fn parse(manifest: &Value) -> Result<Vec<Spec>, FolderError> {
    // A run of no cases would pass without having shown anything.
    let cases = manifest["cases"].as_array().filter(|cases| !cases.is_empty());
    let cases = cases.ok_or_else(|| FolderError::Field {
        place: "top level".to_owned(),
        field: "cases",
        expected: "a list of at least one case",
        got: shown(&manifest["cases"]),
    })?;
    let mut ids = BTreeSet::new();
    cases
        .iter()
        .enumerate()
        .map(|(number, value)| {
            let spec = spec(number, value)?;
            if !ids.insert(spec.id.clone()) {
                return Err(FolderError::Duplicate { id: spec.id });
            }
            Ok(spec)
        })
        .collect()
}

fn spec(number: usize, value: &Value) -> Result<Spec, FolderError> {
    let mut fields = Fields { value, place: format!("case number {number}") };
    let id = fields.text("id")?;
    fields.place = format!("case `{id}`");
    Ok(Spec {
        id,
        op: fields.text("op")?,
        attrs: fields.get("attrs", "an object", |v| v.as_object().cloned())?,
        file: fields.get("file", "the name of a file in the folder", |v| plain_file_name(v.as_str()?))?,
        inputs: fields.names("inputs")?,
        outputs: fields.names("outputs")?,
        upstream: fields.get("upstream", "true or false", Value::as_bool)?,
        grads: fields.names("grads")?,
        rtol: fields.tolerance("rtol")?,
        atol: fields.tolerance("atol")?,
    })
}

/// A case cannot have files opened that lie elsewhere.
fn plain_file_name(name: &str) -> Option<String> {
    (Path::new(name).file_name()? == name).then(|| name.to_owned())
}

/// A value for a message: short, however long it is.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string().chars().take(80).collect(),
    }
}

struct Fields<'a> {
    value: &'a Value,
    place: String,
}

impl Fields<'_> {
    fn get<T>(
        &self,
        field: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, FolderError> {
        let value = &self.value[field];
        read(value).ok_or_else(|| FolderError::Field { place: self.place.clone(), field, expected, got: shown(value) })
    }

    fn text(&self, field: &'static str) -> Result<String, FolderError> {
        self.get(field, "a text", |v| v.as_str().map(str::to_owned))
    }

    fn names(&self, field: &'static str) -> Result<Vec<String>, FolderError> {
        self.get(field, "a list of names", |v| {
            v.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        })
    }

    fn tolerance(&self, field: &'static str) -> Result<f64, FolderError> {
        self.get(field, "a number from 0", |v| v.as_f64().filter(|t| *t >= 0.0))
    }
}
