//! NumPy's files: what is written is read, what NumPy writes too, and what is damaged is refused.

use std::fs;

use evenkeel_data::npy::{self, NpyElement, Npz};
use evenkeel_data::{DataError, FileError, Shape};
use proptest::prelude::*;

fn encoded<T: NpyElement>(shape: impl Into<Shape>, values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write_to(&mut bytes, "memory", shape, values).unwrap();
    bytes
}

macro_rules! round_trips {
    ($($name:ident: $t:ty),*) => {$(
        proptest! {
            #[test]
            fn $name((shape, values) in prop::collection::vec(0usize..6, 0..4).prop_flat_map(|shape| {
                let len = shape.iter().product::<usize>();
                (Just(shape), prop::collection::vec(any::<$t>(), len))
            })) {
                let bytes = encoded(&shape[..], &values);
                let read = npy::read_from::<$t>(&bytes[..], "memory").unwrap();
                prop_assert_eq!(read.shape, Shape::from(&shape[..]));
                prop_assert_eq!(&read.data, &values);
                // Cut anywhere it is an error.
                for length in (0..bytes.len()).step_by(17) {
                    prop_assert!(npy::read_from::<$t>(&bytes[..length], "memory").is_err());
                }
            }
        }
    )*};
}
round_trips!(f32_: f32, f64_: f64, i8_: i8, i16_: i16, i32_: i32, i64_: i64, u8_: u8, u16_: u16, u32_: u32, u64_: u64);

/// The bytes that NumPy 2 saves `numpy.array([[1.5], [-2.0]], dtype="<f4")` as.
#[test]
fn the_bytes_are_those_of_numpy() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
    let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    expected.extend(format!("{header:117}\n").as_bytes());
    expected.extend([0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]);
    assert_eq!(encoded([2, 1], &[1.5f32, -2.0]), expected);
    let text = |shape: &[usize]| String::from_utf8_lossy(&encoded(shape, &[7u8])).into_owned();
    assert!(text(&[]).contains("'descr': '|u1', 'fortran_order': False, 'shape': (), }"));
    assert!(text(&[1]).contains("'shape': (1,), }"));
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn columns_first_and_big_endian_are_understood() {
    let bytes =
        file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}", &[0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0xff, 0xfa]);
    let array = npy::read_from::<i16>(&bytes[..], "memory").unwrap();
    assert_eq!((array.shape, array.data), ([2, 3].into(), vec![1, 2, 3, 4, 5, -6]));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let column_major: Vec<u32> = (0..24).collect();
    npy::write_fortran(&path, [2, 3, 4], &column_major).unwrap();
    let array = npy::read::<u32>(&path).unwrap();
    for (at, &value) in array.data.iter().enumerate() {
        let (i, j, k) = (at / 12, at / 4 % 3, at % 4);
        assert_eq!(value as usize, i + 2 * j + 6 * k);
    }
    // Version 2 has a longer field for the header's length.
    let mut version2 = b"\x93NUMPY\x02\x00".to_vec();
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
    version2.extend((header.len() as u32).to_le_bytes());
    version2.extend(header.as_bytes());
    version2.push(9);
    assert_eq!(npy::read_from::<u8>(&version2[..], "memory").unwrap().data, [9]);
}

#[test]
fn what_is_damaged_or_hostile_is_refused() {
    let sound = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}";
    for (bytes, part) in [
        (vec![], "an empty file"),
        (b"PK\x03\x04".to_vec(), "got 50 4b 03 04"),
        (file(sound, &[0; 9]), "expected the data to end after"),
        (file(sound, &[0; 7]), "the file is cut off"),
        (file(&sound.replace("<f8", "<f4"), &[0; 4]), "expected elements of type f64, got f32"),
        (file(&sound.replace("<f8", "|O"), &[]), "got \"|O\""),
        (file(&sound.replace("<f8", "é"), &[]), "got \"é\""),
        (file(&sound.replace("(1,)", "(9999999999, 9999999999)"), &[]), "product fits in memory"),
        (file(&sound.replace("(1,)", "(0, 9999999999, 9999999999)"), &[]), "product fits in memory"),
        // A terabyte is promised and does not come: it is not asked of memory either.
        (file(&sound.replace("(1,)", "(137438953472,)"), &[0; 8]), "the file is cut off"),
        (file("os.remove('/')", &[]), "got no dictionary"),
        (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "the file is cut off"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec(), "a header of at most"),
        (b"\x93NUMPY\x09\x00\x01\x00{".to_vec(), "a version of 1 to 3"),
    ] {
        let error = npy::read_from::<f64>(&bytes[..], "x.npy").unwrap_err().to_string();
        assert!(error.starts_with("x.npy: ") && error.contains(part), "{error}");
    }
    assert!(matches!(
        npy::read::<f64>("does/not/exist.npy"),
        Err(DataError::File(FileError::Io { action: "open", .. }))
    ));
    assert!(npy::write_to(Vec::new(), "memory", [2], &[1u8]).is_err());
}

#[test]
fn compressed_arrays_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy.gz");
    let values: Vec<f64> = (0..50_000).map(f64::from).collect();
    npy::write(&path, [100, 500], &values).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(&[0x1f, 0x8b]));
    assert_eq!(npy::read::<f64>(&path).unwrap().data, values);
    assert_eq!(npy::read_from::<f64>(&bytes[..], "memory").unwrap().shape, [100, 500].into());
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for bytes in [&damaged[..], &bytes[..bytes.len() - 9]] {
        assert!(matches!(npy::read_from::<f64>(bytes, "memory"), Err(DataError::File(FileError::Corrupt { .. }))));
    }
    npy::write_fortran(&path, [2, 1], &[1u8, 2]).unwrap();
    assert_eq!(npy::read::<u8>(&path).unwrap().data, [1, 2]);

    let path = folder.path().join("x.npz.gz");
    let refused = npy::write_npz(&path, |npz| npz.add("x", [1], &[1u8])).unwrap_err();
    assert!(refused.to_string().contains("got one that ends in .gz") && !path.exists());
}

#[test]
fn archives_hold_arrays_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let long: Vec<f64> = (0..100_000).map(f64::from).collect();
    npy::write_npz(&path, |npz| {
        npz.add("y", [2], &[1i64, 2])?;
        npz.add("x", [100, 1000], &long)
    })
    .unwrap();
    let mut npz = Npz::open(&path).unwrap();
    assert_eq!(npz.names(), ["x", "y"]);
    assert_eq!(npz.read::<f64>("x").unwrap().data, long);
    assert_eq!(npz.read::<i64>("y").unwrap().data, [1, 2]);
    assert!(npz.read::<f32>("y").unwrap_err().to_string().contains("expected elements of type f32, got i64"));
    assert!(npz.read::<f32>("z").unwrap_err().to_string().contains("got the arrays x, y"));

    // An array that is refused leaves no entry behind.
    let path = folder.path().join("c.npz");
    npy::write_npz(&path, |npz| {
        assert!(npz.add("x", [2], &[1u8]).is_err());
        npz.add("x", [1], &[1u8])
    })
    .unwrap();
    assert_eq!(Npz::open(&path).unwrap().read::<u8>("x").unwrap().data, [1]);

    // Not written at all if an array is refused.
    let path = folder.path().join("b.npz");
    let twice = npy::write_npz(&path, |npz| {
        npz.add("x", [1], &[1u8])?;
        npz.add("x", [1], &[1u8])
    });
    assert!(twice.is_err() && npy::write_npz(&path, |npz| npz.add("x", [2], &[1u8])).is_err() && !path.exists());

    let bytes = fs::read(folder.path().join("a.npz")).unwrap();
    for (name, bytes) in [("cut.npz", &bytes[..bytes.len() / 2]), ("empty.npz", &[])] {
        fs::write(folder.path().join(name), bytes).unwrap();
        let error = Npz::open(folder.path().join(name)).unwrap_err().to_string();
        assert!(error.contains("expected an npz file"), "{error}");
    }
    let mut damaged = bytes.clone();
    damaged[300] ^= 0xff;
    fs::write(&path, damaged).unwrap();
    assert!(Npz::open(&path).and_then(|mut npz| Ok((npz.read::<i64>("y")?, npz.read::<f64>("x")?))).is_err());
}
