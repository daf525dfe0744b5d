//! Named arrays in a safetensors file, under PyTorch's names and layouts.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};

use evenkeel_tensor::{Float, Shape, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView as StoredView};
use thiserror::Error;

use crate::{Buffer, Module, Parameter, Path, Visitor};

/// One array of a [`StateDict`].
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// 32-bit floats.
    F32(Tensor<f32>),
    /// 64-bit floats.
    F64(Tensor<f64>),
    /// 64-bit integers: counts.
    I64(Tensor<i64>),
}

/// The entry of a safetensors header that is not an array.
const NOTES: &str = "__metadata__";

/// Named arrays and notes, to and from safetensors.
///
/// ```
/// use evenkeel_module::{Module, ModuleExt, Parameter, Role, StateDict};
/// use evenkeel_tensor::Tensor;
///
/// #[derive(Module)]
/// struct Net {
///     weight: Parameter,
/// }
///
/// let net = Net { weight: Parameter::new(Tensor::ones([2, 3]), Role::Weight) };
/// let bytes = net.state_dict().to_bytes()?;
/// let mut other = Net { weight: Parameter::uninitialized([2, 3], Role::Weight) };
/// other.load_state_dict(&StateDict::from_bytes(&bytes)?)?;
/// assert_eq!(other.weight.value(), net.weight.value());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict {
    /// The arrays by path.
    pub tensors: BTreeMap<String, Entry>,
    /// Notes by name.
    pub metadata: BTreeMap<String, String>,
}

/// A file of arrays that cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateDictError {
    /// The file system refused.
    #[error("state dictionary {}: {source}; check the path and its permissions", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The bytes are not a whole safetensors file.
    #[error(
        "state dictionary: expected a whole safetensors file, got {got}; was it cut off, or is it of another format?"
    )]
    Malformed {
        /// What is wrong with it.
        got: String,
    },
    /// An array is of a type that is not read.
    #[error("state dictionary: tensor `{name}`: expected F32, F64 or I64, got {got}; convert it first")]
    Dtype {
        /// The array.
        name: String,
        /// Its type.
        got: String,
    },
    /// An array's shape is beyond what this library holds.
    #[error("state dictionary: tensor `{name}`: {source}")]
    Shape {
        /// The array.
        name: String,
        /// What is wrong.
        source: evenkeel_tensor::ShapeError,
    },
}

impl Entry {
    /// The extents.
    pub fn shape(&self) -> Shape {
        match self {
            Entry::F32(t) => t.shape(),
            Entry::F64(t) => t.shape(),
            Entry::I64(t) => t.shape(),
        }
    }

    /// Whether every value is neither infinite nor NaN.
    pub fn is_finite(&self) -> bool {
        match self {
            Entry::F32(t) => t.is_finite(),
            Entry::F64(t) => t.is_finite(),
            Entry::I64(_) => true,
        }
    }

    /// The values as floats, rounded to nearest.
    pub fn to_float<F: Float>(&self) -> Tensor<F> {
        match self {
            Entry::F32(t) => t.cast(),
            Entry::F64(t) => t.cast(),
            Entry::I64(t) => t.map(|n| F::from_f64(n as f64)),
        }
    }

    /// A float array in its own precision.
    pub fn from_float<F: Float>(tensor: &Tensor<F>) -> Self {
        if F::NAME == f32::NAME { Entry::F32(tensor.cast()) } else { Entry::F64(tensor.cast()) }
    }

    fn bytes(&self) -> (Dtype, Vec<u8>) {
        match self {
            Entry::F32(t) => (Dtype::F32, t.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()),
            Entry::F64(t) => (Dtype::F64, t.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()),
            Entry::I64(t) => (Dtype::I64, t.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect()),
        }
    }
}

impl StateDict {
    /// An empty dictionary.
    pub fn new() -> Self {
        Self::default()
    }

    /// The dictionary as a safetensors file's bytes; the same for the same content.
    ///
    /// # Errors
    /// If the format cannot hold it: it has no place for an array of the name `__metadata__`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateDictError> {
        if self.tensors.contains_key(NOTES) {
            return Err(StateDictError::Malformed { got: format!("an array of the reserved name `{NOTES}`") });
        }
        let malformed = |e: safetensors::SafeTensorError| StateDictError::Malformed { got: e.to_string() };
        let stored: Vec<(&str, Shape, Dtype, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, entry)| {
                let (dtype, bytes) = entry.bytes();
                (name.as_str(), entry.shape(), dtype, bytes)
            })
            .collect();
        let views = stored
            .iter()
            .map(|(name, shape, dtype, bytes)| Ok((*name, StoredView::new(*dtype, shape.to_vec(), bytes)?)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(malformed)?;
        // One note, whose JSON is sorted: a hash map's order differs from run to run.
        let notes = (!self.metadata.is_empty()).then(|| {
            let json = serde_json::to_string(&self.metadata).expect("strings");
            HashMap::from([("evenkeel".to_owned(), json)])
        });
        safetensors::serialize(views, notes).map_err(malformed)
    }

    /// Reads the bytes of a safetensors file. Notes of other programs are kept out.
    ///
    /// # Errors
    /// If they are not a whole safetensors file, or hold types other than F32, F64 and I64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateDictError> {
        let malformed = |e: safetensors::SafeTensorError| StateDictError::Malformed { got: e.to_string() };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
        let file = SafeTensors::deserialize(bytes).map_err(malformed)?;
        let mut out = Self::new();
        if let Some(json) = header.metadata().as_ref().and_then(|notes| notes.get("evenkeel")) {
            out.metadata = serde_json::from_str(json)
                .map_err(|e| StateDictError::Malformed { got: format!("notes that do not parse ({e})") })?;
        }
        for (name, view) in file.iter() {
            let shape = Shape::try_new(view.shape())
                .map_err(|source| StateDictError::Shape { name: name.to_owned(), source })?;
            let data = view.data();
            let entry = match view.dtype() {
                Dtype::F32 => Entry::F32(read(shape, data, f32::from_le_bytes)),
                Dtype::F64 => Entry::F64(read(shape, data, f64::from_le_bytes)),
                Dtype::I64 => Entry::I64(read(shape, data, i64::from_le_bytes)),
                other => return Err(StateDictError::Dtype { name: name.to_owned(), got: format!("{other:?}") }),
            };
            out.tensors.insert(name.to_owned(), entry);
        }
        Ok(out)
    }

    /// Writes a safetensors file: first beside it, then renamed, so that `path` holds either the old content or
    /// the new, whole.
    ///
    /// # Errors
    /// If the file system refuses; the old file is then untouched.
    pub fn save(&self, path: impl AsRef<FilePath>) -> Result<(), StateDictError> {
        let path = path.as_ref();
        let bytes = self.to_bytes()?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
        let write = || -> std::io::Result<()> {
            #[cfg_attr(not(unix), allow(unused_mut))]
            let mut builder = tempfile::Builder::new();
            // Temporary files are private by default; this one stays, so the user's umask decides as for any file.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = builder.tempfile_in(folder)?;
            file.write_all(&bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|source| StateDictError::Io { path: path.to_owned(), source })
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// As [`from_bytes`](StateDict::from_bytes), and if the file cannot be read.
    pub fn open(path: impl AsRef<FilePath>) -> Result<Self, StateDictError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| StateDictError::Io { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
    }

    /// Collects the parameters and buffers of `module`.
    pub(crate) fn of<F: Float>(module: &(impl Module<F> + ?Sized)) -> Self {
        let mut collect = Collect(Self::new());
        module.visit(&Path::root(), &mut collect);
        collect.0
    }
}

fn read<T: evenkeel_tensor::Element, const N: usize>(shape: Shape, data: &[u8], from: fn([u8; N]) -> T) -> Tensor<T> {
    let (words, _) = data.as_chunks::<N>();
    Tensor::from_vec(shape, words.iter().map(|w| from(*w)).collect()).expect("the format checks lengths")
}

struct Collect(StateDict);

impl<F: Float> Visitor<F> for Collect {
    fn parameter(&mut self, path: &Path<'_>, parameter: &Parameter<F>) {
        if parameter.is_initialized() {
            self.0.tensors.insert(path.to_string(), Entry::from_float(parameter.value()));
        }
    }
    fn buffer(&mut self, path: &Path<'_>, buffer: &Buffer<F>) {
        let entry = if buffer.is_counter() {
            Entry::I64(Tensor::scalar(i64::try_from(buffer.count()).unwrap_or(i64::MAX)))
        } else {
            Entry::from_float(buffer.value())
        };
        self.0.tensors.insert(path.to_string(), entry);
        self.0.metadata.insert(format!("origin.{path}"), format!("{:?}", buffer.origin()));
    }
}
