//! The IDX format: what is written is read, and what is damaged is refused.

use std::fs;
use std::io::Write;
use std::path::Path;

use evenkeel_data::{DataError, FileError, Shape, idx};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

fn encoded<T: idx::IdxElement>(shape: impl Into<Shape>, values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    idx::write_to(&mut bytes, "memory", shape, values).unwrap();
    bytes
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn shapes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..6, 1..4)
}

macro_rules! round_trips {
    ($($name:ident: $t:ty),*) => {$(
        proptest! {
            #[test]
            fn $name((shape, values) in shapes().prop_flat_map(|shape| {
                let len = shape.iter().product::<usize>();
                (Just(shape), prop::collection::vec(any::<$t>(), len))
            })) {
                let bytes = encoded(&shape[..], &values);
                for bytes in [&bytes, &compressed(&bytes)] {
                    let read = idx::read_from::<$t>(&bytes[..], "memory").unwrap();
                    prop_assert_eq!(read.shape, Shape::from(&shape[..]));
                    prop_assert_eq!(&read.data, &values);
                }
            }
        }
    )*};
}
round_trips!(u8_: u8, i8_: i8, i16_: i16, i32_: i32, f32_: f32, f64_: f64);

/// Longer than the pieces in which it is read.
#[test]
fn long_arrays() {
    let values = Vec::from_iter((0..70_000).map(|i| f64::from(i) * 0.5));
    let bytes = encoded([700, 100], &values);
    for bytes in [&bytes, &compressed(&bytes)] {
        assert_eq!(idx::read_from::<f64>(&bytes[..], "memory").unwrap().data, values);
    }
}

/// Big-endian, as on the format's page.
#[test]
fn the_bytes_are_those_of_the_format() {
    assert_eq!(encoded([1, 2], &[1i16, -2]), [0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0xff, 0xfe]);
}

proptest! {
    /// The format is a bijection: what is accepted is what would have been written. Nothing panics.
    #[test]
    fn mutated_files_are_refused_or_mean_what_they_say(
        (shape, values) in shapes().prop_flat_map(|shape| {
            let len = shape.iter().product::<usize>();
            (Just(shape), prop::collection::vec(any::<u8>(), len))
        }),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..4),
        // Most damage to the header, where it has something to say.
        reach in prop::sample::select(vec![8usize, 16, usize::MAX]),
        zipped: bool,
    ) {
        let mut bytes = encoded(&shape[..], &values);
        if zipped {
            bytes = compressed(&bytes);
        }
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len().min(reach) + 1).min(bytes.len());
            match kind {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => bytes[at] ^= 1 << (byte % 8),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => bytes.push(byte),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, &bytes).unwrap();
        let (file, stream) = (idx::read::<u8>(&path), idx::read_from::<u8>(&bytes[..], &path));
        prop_assert_eq!(file.is_ok(), stream.is_ok());
        if let Ok(array) = stream {
            prop_assert!(bytes[0] == 0x1f || bytes == encoded(array.shape, &array.data));
            prop_assert_eq!(file.unwrap(), array);
        } else {
            prop_assert!(file.unwrap_err().to_string().starts_with(path.to_str().unwrap()));
        }
    }
}

/// The error for these bytes: as a file, and the same from compressed bytes (which have no length beforehand).
fn refusals(bytes: &[u8]) -> [DataError; 2] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    [idx::read::<u8>(&path).unwrap_err(), idx::read_from::<u8>(&compressed(bytes)[..], "memory").unwrap_err()]
}

#[test]
fn damaged_files() {
    let good = encoded([2, 3], &[1u8, 2, 3, 4, 5, 6]);
    let edited = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    for error in refusals(&good[..good.len() - 1]) {
        assert!(matches!(error, DataError::File(FileError::Truncated { expected: 18, got: 17, .. })), "{error}");
    }
    for error in refusals(&good[..9]) {
        assert!(matches!(error, DataError::File(FileError::Truncated { expected: 12, got: 9, .. })), "{error}");
    }
    for error in refusals(&[&good[..], &[0]].concat()) {
        assert!(matches!(error, DataError::File(FileError::TrailingBytes { expected: 18, .. })), "{error}");
    }
    for (at, byte) in [(0, 1), (1, 1), (2, 0x0a), (3, 0), (3, 9)] {
        for error in refusals(&edited(at, byte)) {
            assert!(matches!(error, DataError::File(FileError::NotIdx { .. })), "{error}");
        }
    }
    for bytes in [&[][..], &[0, 0, 8]] {
        for error in refusals(bytes) {
            assert!(matches!(error, DataError::File(FileError::NotIdx { .. })), "{error}");
        }
    }
    for error in refusals(&edited(2, 0x0d)) {
        assert!(matches!(error, DataError::File(FileError::ElementType { expected: "u8", got: "f32", .. })), "{error}");
    }
}

#[test]
fn headers_that_promise_too_much() {
    let header = |extents: &[u32]| {
        let mut bytes = vec![0, 0, 8, extents.len() as u8];
        bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
        bytes
    };
    // 2^60 elements could be; they are not there.
    for error in refusals(&header(&[1 << 30, 1 << 30])) {
        assert!(
            matches!(error, DataError::File(FileError::Truncated { expected, got: 12, .. }) if expected == (1 << 60) + 12),
            "{error}"
        );
    }
    // 2^93 could not; nor could the strides of an empty array of such extents.
    for extents in [[1 << 31, 1 << 31, 1 << 31], [0, u32::MAX, u32::MAX]] {
        let error = refusals(&header(&[&extents[..], &[4]].concat()));
        assert!(
            matches!(error, [DataError::File(FileError::TooLarge { .. }), DataError::File(FileError::TooLarge { .. })]),
            "{error:?}"
        );
    }
    assert_eq!(idx::read_from::<u8>(&header(&[0, 28, 28])[..], "memory").unwrap().shape, [0, 28, 28].into());
}

#[test]
fn damaged_compression() {
    let good = compressed(&encoded([1000], &vec![7u8; 1000]));
    let read = |bytes: &[u8]| idx::read_from::<u8>(bytes, "memory");
    assert!(read(&good).is_ok());
    // In the middle of the data, and in the checksum after them.
    for cut in [12, good.len() - 9, good.len() - 1] {
        assert!(matches!(read(&good[..cut]), Err(DataError::File(FileError::Corrupt { .. }))), "cut at {cut}");
    }
    let mut checksum = good.clone();
    checksum[good.len() - 8] ^= 1;
    assert!(matches!(read(&checksum), Err(DataError::File(FileError::Corrupt { .. }))));
    assert!(matches!(read(&[&good[..], b"more"].concat()), Err(DataError::File(FileError::Corrupt { .. }))));
    // Ten megabytes of zeros where the header promises a thousand.
    let bomb = compressed(&[encoded([1000], &vec![0u8; 1000]), vec![0; 10_000_000]].concat());
    assert!(matches!(read(&bomb), Err(DataError::File(FileError::TrailingBytes { expected: 1008, .. }))));
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let names = |path: &Path| {
        let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let path = folder.path().join("a.idx");
    idx::write(&path, [2], &[1u8, 2]).unwrap();
    idx::write(folder.path().join("b.idx.gz"), [2], &[1u8, 2]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), encoded([2], &[1u8, 2]));
    assert_eq!(fs::read(folder.path().join("b.idx.gz")).unwrap()[..2], [0x1f, 0x8b]);
    assert_eq!(idx::read::<u8>(folder.path().join("b.idx.gz")).unwrap(), idx::read(&path).unwrap());

    // Refused beforehand, and failing at the last moment: the path is a folder with something in it.
    assert!(matches!(idx::write(&path, [3], &[1u8, 2]), Err(DataError::Shape(_))));
    assert!(matches!(idx::write(&path, Shape::SCALAR, &[1u8]), Err(DataError::Shape(_))));
    assert!(matches!(idx::write(&path, [0, 1 << 32], &[0u8; 0]), Err(DataError::Shape(_))));
    fs::create_dir(folder.path().join("c")).unwrap();
    fs::write(folder.path().join("c/d"), "").unwrap();
    assert!(matches!(
        idx::write(folder.path().join("c"), [1], &[1u8]),
        Err(DataError::File(FileError::Io { action: "write", .. }))
    ));
    assert_eq!(fs::read(&path).unwrap(), encoded([2], &[1u8, 2]));
    assert_eq!(names(folder.path()), ["a.idx", "b.idx.gz", "c"]);

    let error = idx::read::<u8>(folder.path().join("none")).unwrap_err();
    assert!(matches!(error, DataError::File(FileError::Io { action: "open", .. })), "{error}");
}
