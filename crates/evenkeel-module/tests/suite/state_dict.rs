//! A state dictionary survives its file to the last bit, and what is not its file is refused.

use std::fs;

use evenkeel_module::{Entry, StateDict, StateDictError};
use evenkeel_tensor::{Shape, Tensor};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn shape() -> impl Strategy<Value = Shape> {
    // Rank 0 and extents of 0 included.
    vec(0usize..4, 0..5).prop_map(|dims| Shape::from(&dims[..]))
}

fn entry() -> impl Strategy<Value = Entry> {
    shape().prop_flat_map(|shape| {
        let n = shape.numel();
        // Any bits at all: negative zeros, subnormals, infinities, NaN of any payload.
        prop_oneof![
            vec(any::<u32>(), n).prop_map(move |bits| {
                Entry::F32(Tensor::from_vec(shape, bits.into_iter().map(f32::from_bits).collect()).unwrap())
            }),
            vec(any::<u64>(), n).prop_map(move |bits| {
                Entry::F64(Tensor::from_vec(shape, bits.into_iter().map(f64::from_bits).collect()).unwrap())
            }),
            vec(any::<i64>(), n).prop_map(move |values| Entry::I64(Tensor::from_vec(shape, values).unwrap())),
        ]
    })
}

fn dictionary() -> impl Strategy<Value = StateDict> {
    let name = prop_oneof!["[a-z]{1,6}(\\.[0-9])?\\.(weight|bias)", "\\PC{0,8}"];
    (btree_map(name, entry(), 0..6), btree_map(any::<String>(), any::<String>(), 0..4))
        .prop_map(|(tensors, metadata)| StateDict { tensors, metadata })
}

/// Equality of bits, which NaN passes and 0 = -0 does not.
fn bits(entry: &Entry) -> (Shape, Vec<u64>) {
    let bits = match entry {
        Entry::F32(t) => t.as_slice().iter().map(|x| x.to_bits().into()).collect(),
        Entry::F64(t) => t.as_slice().iter().map(|x| x.to_bits()).collect(),
        Entry::I64(t) => t.as_slice().iter().map(|&x| x as u64).collect(),
    };
    (entry.shape(), bits)
}

proptest! {
    #[test]
    fn bytes_give_the_same_bits_back(dict in dictionary()) {
        let bytes = dict.to_bytes()?;
        prop_assert_eq!(&bytes, &dict.clone().to_bytes()?, "the same content gives the same file");
        let back = StateDict::from_bytes(&bytes)?;
        prop_assert_eq!(&back.metadata, &dict.metadata);
        prop_assert!(back.tensors.keys().eq(dict.tensors.keys()));
        for (name, entry) in &dict.tensors {
            let other = &back.tensors[name];
            prop_assert_eq!(std::mem::discriminant(other), std::mem::discriminant(entry));
            prop_assert_eq!(bits(other), bits(entry), "{}", name);
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_malformed(dict in dictionary(), at in 0.0..1.0) {
        let bytes = dict.to_bytes()?;
        let cut = (bytes.len() as f64 * at) as usize;
        let error = StateDict::from_bytes(&bytes[..cut]).unwrap_err();
        prop_assert!(matches!(error, StateDictError::Malformed { .. }), "{error}");
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(
        dict in dictionary(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
    ) {
        let mut bytes = dict.to_bytes()?;
        for (at, byte, kind) in damage {
            // Half of it in the header, where it hurts.
            let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()).min(bytes.len() as u64 - 8) as usize;
            let at = at.index(if kind < 2 { header } else { bytes.len() });
            match kind {
                0 | 2 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
            prop_assume!(bytes.len() >= 8);
        }
        // Whatever is read is a dictionary that can be written again; whatever is not has a reason.
        match StateDict::from_bytes(&bytes) {
            Ok(read) => prop_assert!(read.to_bytes().is_ok()),
            Err(error) => prop_assert!(error.to_string().contains("expected"), "{error}"),
        }
    }

    #[test]
    fn noise_is_no_dictionary(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(StateDict::from_bytes(&bytes).is_err());
    }
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn headers_that_lie_are_refused() {
    let good = file(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &[0; 8]);
    assert_eq!(StateDict::from_bytes(&good).unwrap().tensors["w"].shape(), [2].into());
    for (header, data) in [
        // 2^60 values in 8 bytes, a product of extents beyond 64 bits, too few bytes, overlapping arrays.
        (r#"{"w":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,8]}}"#, 8),
        (r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}}"#, 8),
        (r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4),
        (
            r#"{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12,
        ),
        (r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8),
        (r#"{"w":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}"#, 8),
        (r#"{"__metadata__":{"evenkeel":"[1, 2"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8),
    ] {
        let error = StateDict::from_bytes(&file(header, &vec![0; data])).unwrap_err();
        assert!(matches!(error, StateDictError::Malformed { .. }), "{header}: {error}");
    }
    // A header of 2^63 bytes is not allocated.
    let error = StateDict::from_bytes(&[&(1u64 << 63).to_le_bytes()[..], b"{}"].concat()).unwrap_err();
    assert!(matches!(error, StateDictError::Malformed { .. }), "{error}");
}

#[test]
fn what_is_not_held_is_named() {
    let half = file(r#"{"layers.0.weight":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, &[0; 4]);
    let error = StateDict::from_bytes(&half).unwrap_err();
    assert!(
        matches!(&error, StateDictError::Dtype { name, got } if name == "layers.0.weight" && got == "F16"),
        "{error}"
    );
    let deep = file(r#"{"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#, &[0; 4]);
    let error = StateDict::from_bytes(&deep).unwrap_err();
    assert!(matches!(&error, StateDictError::Shape { name, .. } if name == "w"), "{error}");
}

#[test]
fn notes_of_other_programs_are_kept_out() {
    let bytes = file(
        r#"{"__metadata__":{"format":"pt"},"w":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}"#,
        &7i64.to_le_bytes(),
    );
    let dict = StateDict::from_bytes(&bytes).unwrap();
    assert!(dict.metadata.is_empty());
    assert_eq!(dict.tensors["w"], Entry::I64(Tensor::scalar(7)));
}

#[test]
fn the_name_that_the_format_reserves_is_refused() {
    let mut dict = StateDict::new();
    dict.tensors.insert("__metadata__".into(), Entry::F32(Tensor::scalar(1.0)));
    assert!(dict.to_bytes().unwrap_err().to_string().contains("`__metadata__`"));
}

/// The names in a folder.
fn names(folder: &std::path::Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn saving_replaces_the_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let dict = |value| {
        let mut dict = StateDict::new();
        dict.tensors.insert("w".into(), Entry::F64(Tensor::full([3], value)));
        dict
    };
    dict(1.0).save(&path).unwrap();
    dict(2.0).save(&path).unwrap();
    assert_eq!(StateDict::open(&path).unwrap(), dict(2.0));
    assert_eq!(names(folder.path()), ["net.safetensors"]);

    // What cannot be written leaves the old file as it was.
    let mut unwritable = dict(3.0);
    unwritable.tensors.insert("__metadata__".into(), Entry::F64(Tensor::zeros([1])));
    unwritable.save(&path).unwrap_err();
    assert_eq!(StateDict::open(&path).unwrap(), dict(2.0));
    assert_eq!(names(folder.path()), ["net.safetensors"]);
}

#[test]
fn a_place_that_cannot_be_written_to_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("directory");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("inside"), "kept").unwrap();
    let nowhere = folder.path().join("no").join("such").join("net.safetensors");
    for path in [&directory, &nowhere] {
        let error = StateDict::new().save(path).unwrap_err();
        assert!(matches!(&error, StateDictError::Io { path: named, .. } if named == path), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert!(StateDict::open(path).is_err());
    }
    assert_eq!(names(folder.path()), ["directory"]);
    assert_eq!(fs::read_to_string(directory.join("inside")).unwrap(), "kept");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_read_only_keeps_its_old_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    StateDict::new().save(&path).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let plain = folder.path().join("plain");
    fs::write(&plain, "").unwrap();
    assert_eq!(mode(&path), mode(&plain), "readable by whom the umask says, as any file");

    let before = fs::read(&path).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may write everywhere; then there is nothing to see.
    if fs::write(folder.path().join("probe"), "").is_err() {
        let mut other = StateDict::new();
        other.tensors.insert("w".into(), Entry::I64(Tensor::scalar(1)));
        other.save(&path).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}
