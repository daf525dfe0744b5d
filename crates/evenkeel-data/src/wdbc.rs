//! The embedded table.

use crate::table::{Csv, Table};

/// Breast Cancer Wisconsin (Diagnostic): 569 tumours, 30 measurements of their cell nuclei, and the diagnosis.
///
/// W. Wolberg, O. Mangasarian, N. Street, W. Street, *Breast Cancer Wisconsin (Diagnostic)*, UCI Machine Learning Repository 1993,
/// <https://doi.org/10.24432/C5DW2B>, in the order of scikit-learn's `load_breast_cancer`. Licence of the data: CC BY 4.0 (see
/// `data/LICENSE-wdbc.md` in the crate).
pub struct Wdbc;

impl Wdbc {
    /// The 569 rows: 30 numeric columns, of which `mean`, `error` (the standard error) and `worst` (the mean of the three largest)
    /// of ten measurements, and the categorical column `diagnosis`, 357 times `benign` (class 0) and 212 times `malignant` (class 1).
    ///
    /// Nothing is missing. Ranges differ by powers of ten (areas up to 4 254, fractal dimensions below 0.21): scale before training.
    ///
    /// ```
    /// use evenkeel_data::scale::Standard;
    /// use evenkeel_data::{Fit, Wdbc};
    ///
    /// let tumours = Wdbc::embedded();
    /// assert_eq!((tumours.rows(), tumours.columns().len()), (569, 31));
    /// assert_eq!(tumours.column("worst area")?.numbers()?[0], 2019.0);
    ///
    /// let (data, classes) = tumours.classification::<f64>("diagnosis")?;
    /// assert_eq!((classes[1].as_str(), data.class_counts()), ("malignant", Some(vec![357, 212])));
    /// let scaler = Standard::default().fit(&tumours.drop(&["diagnosis"])?.to_tensor::<f64>()?)?;
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    pub fn embedded() -> Table {
        let text = include_bytes!("../data/wdbc.csv.gz");
        Csv::new().read_from(&text[..], "embedded wdbc.csv.gz").expect("the embedded file is sound")
    }
}
