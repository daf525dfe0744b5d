//! One case with its arrays, as an operation reads it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use evenkeel_module::{Entry, StateDict};
use evenkeel_tensor::{Float, Tensor};
use serde_json::Value;

use crate::manifest::shown;
use crate::{CaseError, Spec};

/// A case and the file that holds its arrays.
pub(crate) struct Case<'a> {
    pub(crate) spec: &'a Spec,
    file: &'a StateDict,
    /// The inputs and attributes that have been asked for.
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Case<'a> {
    /// The case of this specification, whose arrays are in `file`.
    pub(crate) fn new(spec: &'a Spec, file: &'a StateDict) -> Self {
        Self { spec, file, read: RefCell::default() }
    }

    /// An input or attribute that has not been asked for: the case means something that was not computed.
    pub(crate) fn unread(&self) -> Option<String> {
        let read = self.read.borrow();
        let unread = |name: &&String| !read.contains(*name);
        let input = self.spec.inputs.iter().find(unread).map(|name| format!("input `{name}`"));
        input.or_else(|| {
            let attribute = self.spec.attrs.keys().filter(|name| !is_remark(name)).find(unread)?;
            Some(format!("attribute `{attribute}`"))
        })
    }

    /// The input called `name`.
    pub(crate) fn input<F: Float>(&self, name: &str) -> Result<Tensor<F>, CaseError> {
        self.optional(name)?.ok_or_else(|| CaseError::MissingInput { name: name.to_owned() })
    }

    /// The input called `name`, if the case has one.
    pub(crate) fn optional<F: Float>(&self, name: &str) -> Result<Option<Tensor<F>>, CaseError> {
        self.lists(name).then(|| self.float(&format!("in:{name}")).map(Tensor::cast)).transpose()
    }

    /// The input called `name`, as class indices.
    pub(crate) fn labels(&self, name: &str) -> Result<Tensor<u32>, CaseError> {
        if !self.lists(name) {
            return Err(CaseError::MissingInput { name: name.to_owned() });
        }
        let name = format!("in:{name}");
        let Entry::I64(indices) = self.entry(&name)? else {
            return Err(self.dtype(&name, "I64"));
        };
        let labels: Result<Vec<u32>, _> = indices
            .as_slice()
            .iter()
            .map(|&i| u32::try_from(i).map_err(|_| CaseError::Label { name: self.full(&name), got: i }))
            .collect();
        Ok(Tensor::from_vec(indices.shape(), labels?).expect("as many labels as indices"))
    }

    /// The array of floats called `name`, e.g. `out:y`, as it is stored.
    pub(crate) fn float(&self, name: &str) -> Result<&'a Tensor<f64>, CaseError> {
        match self.entry(name)? {
            Entry::F64(tensor) => Ok(tensor),
            _ => Err(self.dtype(name, "F64")),
        }
    }

    /// The attribute called `name`; one that is null counts as absent.
    pub(crate) fn attribute<T: Attribute<'a>>(&self, name: &str) -> Result<Option<T>, CaseError> {
        self.read.borrow_mut().insert(name.to_owned());
        match self.spec.attrs.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::read(value).map(Some).ok_or_else(|| attribute_error::<T>(name, value)),
        }
    }

    /// The attribute called `name`, which the operation cannot do without.
    pub(crate) fn required<T: Attribute<'a>>(&self, name: &str) -> Result<T, CaseError> {
        self.attribute(name)?.ok_or_else(|| attribute_error::<T>(name, &Value::Null))
    }

    fn lists(&self, input: &str) -> bool {
        self.read.borrow_mut().insert(input.to_owned());
        self.spec.inputs.iter().any(|listed| listed == input)
    }

    fn full(&self, name: &str) -> String {
        format!("{}:{name}", self.spec.id)
    }

    fn entry(&self, name: &str) -> Result<&'a Entry, CaseError> {
        let full = self.full(name);
        self.file
            .tensors
            .get(&full)
            .ok_or_else(|| CaseError::MissingTensor { name: full, file: self.spec.file.clone() })
    }

    fn dtype(&self, name: &str, expected: &'static str) -> CaseError {
        let got = match self.entry(name) {
            Ok(Entry::F32(_)) => "F32",
            Ok(Entry::F64(_)) => "F64",
            Ok(Entry::I64(_)) => "I64",
            Err(missing) => return missing,
        };
        CaseError::Dtype { name: self.full(name), expected, got }
    }
}

/// Attributes that are written for the reader.
fn is_remark(attribute: &str) -> bool {
    ["note", "layout", "names"].contains(&attribute) || attribute.ends_with("convention")
}

/// What an attribute may be.
pub(crate) trait Attribute<'a>: Sized {
    /// The kind of value, for messages.
    const EXPECTED: &'static str;
    /// The value, if it is of this kind.
    fn read(value: &'a Value) -> Option<Self>;
}

macro_rules! attribute {
    ($($t:ty: $expected:literal, $read:expr;)*) => {$(
        impl<'a> Attribute<'a> for $t {
            const EXPECTED: &'static str = $expected;
            fn read(value: &'a Value) -> Option<Self> {
                let read: fn(&'a Value) -> Option<Self> = $read;
                read(value)
            }
        }
    )*};
}
attribute! {
    f64: "a number", Value::as_f64;
    i64: "an integer", Value::as_i64;
    usize: "a count", |v| usize::try_from(v.as_u64()?).ok();
    bool: "true or false", Value::as_bool;
    &'a str: "a text", Value::as_str;
    Vec<usize>: "a list of extents", |v| v.as_array()?.iter().map(|n| usize::try_from(n.as_u64()?).ok()).collect();
}

fn attribute_error<'a, T: Attribute<'a>>(name: &str, value: &Value) -> CaseError {
    CaseError::Attribute { name: name.to_owned(), expected: T::EXPECTED, got: shown(value) }
}
