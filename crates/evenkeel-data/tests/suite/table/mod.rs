//! Tables, and CSV files of them.

mod columns;
mod faults;
mod laws;
mod reading;
mod reference;

use evenkeel_data::DataError;
use evenkeel_data::table::{Csv, Table};

/// The table in this text, by the default settings.
fn read(text: &str) -> Result<Table, DataError> {
    Csv::new().read_from(text.as_bytes(), "t.csv")
}

/// What reading this text is refused with.
fn refusal(csv: &Csv, text: impl AsRef<[u8]>) -> String {
    csv.read_from(text.as_ref(), "t.csv").unwrap_err().to_string()
}

/// The result of `f` in pools of 1, 2, 3 and 7 threads, which must be the same.
fn in_every_pool<R: Send + PartialEq + std::fmt::Debug>(f: impl Fn() -> R + Sync) -> R {
    let in_pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(&f);
    let one = in_pool(1);
    for threads in [2, 3, 7] {
        assert_eq!(in_pool(threads), one, "{threads} threads");
    }
    one
}
