//! What is done to bytes of any kind: they are read, or refused, and what was read is written and read again.
//!
//! The fuzz targets are these functions, and so is a test of evenkeel-data (tests/corpora.rs) that needs no fuzzer.

use evenkeel_data::idx::{self, IdxElement};
#[cfg(feature = "npy")]
use evenkeel_data::npy::{self, NpyElement};
use evenkeel_data::table::Csv;

/// Tables by several settings.
pub(crate) fn csv(bytes: &[u8]) {
    for csv in [Csv::new(), Csv::new().separator(b';').trimmed(), Csv::new().quote(None).names(["a", "b"])] {
        let Ok(table) = csv.clone().record_limit(1 << 16).read_from(bytes, "bytes") else { continue };
        // Written with quotes, whatever it was read with.
        let mut text = Vec::new();
        Csv::new().write_to(&mut text, "written", &table).expect("a table that was read can be written");
        let again =
            Csv::new().schema(&table.schema()).read_from(&text[..], "written").expect("what was written is read");
        assert_eq!(again, table);
    }
}

/// Arrays of several types.
#[cfg(feature = "npy")]
pub(crate) fn npy(bytes: &[u8]) {
    fn of<T: NpyElement>(bytes: &[u8]) {
        let Ok(array) = npy::read_from::<T>(bytes, "bytes") else { return };
        let encoded = |array: &npy::NpyArray<T>| {
            let mut bytes = Vec::new();
            npy::write_to(&mut bytes, "written", array.shape, &array.data)
                .expect("an array that was read can be written");
            bytes
        };
        let first = encoded(&array);
        assert_eq!(encoded(&npy::read_from(&first[..], "written").expect("what was written is read")), first);
    }
    of::<f64>(bytes);
    of::<f32>(bytes);
    of::<i16>(bytes);
    of::<u8>(bytes);
}

/// Arrays of several types.
pub(crate) fn idx(bytes: &[u8]) {
    fn of<T: IdxElement>(bytes: &[u8]) {
        let Ok(array) = idx::read_from::<T>(bytes, "bytes") else { return };
        let encoded = |array: &idx::IdxArray<T>| {
            let mut bytes = Vec::new();
            idx::write_to(&mut bytes, "written", array.shape, &array.data)
                .expect("an array that was read can be written");
            bytes
        };
        let first = encoded(&array);
        assert_eq!(encoded(&idx::read_from(&first[..], "written").expect("what was written is read")), first);
    }
    of::<u8>(bytes);
    of::<i16>(bytes);
    of::<f64>(bytes);
}
