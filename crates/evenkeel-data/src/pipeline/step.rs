//! What a pipeline is made of: steps as settings, and as what they have learnt.

use evenkeel_tensor::Tensor;

use super::Select;
use super::parts::{InParts, counting, merging, needs_all};
use crate::encode::{
    FittedFrequency, FittedOneHot, FittedOrdinal, FittedTargetMean, Frequency, OneHot, Ordinal, Resolved, TargetMean,
};
use crate::feature::{
    Bins, Cyclic, Dates, Elementwise, FittedBins, FittedPolynomial, FittedSplines, Polynomial, Splines,
};
use crate::fit::{Degenerate, Fit, Transform};
use crate::impute::{FittedImpute, FittedImputeCategories, Impute, ImputeCategories};
use crate::scale::{
    FittedMaxAbs, FittedMinMax, FittedPower, FittedQuantile, FittedRobust, FittedStandard, FittedWhiten, MaxAbs,
    MinMax, Power, Quantile, Robust, RowNorm, Standard, Whiten,
};
use crate::select::{Selection, VarianceAbove};
use crate::table::{Column, Kind, Table, Values};
use crate::{DataError, TableError};

/// A step of a [`Pipeline`](super::Pipeline): the settings of a scaler, an imputer, an encoder, a feature or a selection, by
/// `into`.
#[derive(Clone, Debug, PartialEq)]
pub struct Step(pub(super) Settings);

/// The steps: on matrices, with the kind of column that each takes, and how each learns (`merging` of parts of the rows, of the
/// `whole`, or `nothing`); encoders; and others, each in its own way.
macro_rules! steps {
    (
        matrices { $($matrix:ident -> $fitted_matrix:ty, $kind:ident, $learns:ident;)* }
        encoders { $($encoder:ident -> $fitted_encoder:ty;)* }
        others { $($other:ident -> $fitted_other:ty;)* }
    ) => {
        #[derive(Clone, Debug, PartialEq)]
        pub(super) enum Settings {
            $($matrix($matrix),)*
            $($encoder($encoder),)*
            $($other($other),)*
            Drop,
        }

        /// What steps have learnt.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub(super) enum Fitted {
            $($matrix($fitted_matrix),)*
            $($encoder($fitted_encoder),)*
            $($other($fitted_other),)*
            Drop,
        }

        steps!(@from $($matrix)* $($encoder)* $($other)*);

        impl Settings {
            /// What the step learns from these columns, and what it makes of them as training data.
            pub(super) fn fit(&self, columns: Table, target: &Resolved<'_>) -> Result<(Fitted, Vec<Column>), DataError> {
                Ok(match self {
                    $(Self::$matrix(settings) => {
                        let (names, x) = matrix(stringify!($matrix), columns, Kind::$kind)?;
                        let fitted = settings.fit(&x).map_err(|error| with_names(error, &names))?;
                        let columns = transform(&fitted, &names, x)?;
                        (Fitted::$matrix(fitted), columns)
                    })*
                    $(Self::$encoder(settings) => {
                        let fitted = settings.fit(&columns)?;
                        let columns = split(fitted.names(), &fitted.transform(&columns)?);
                        (Fitted::$encoder(fitted), columns)
                    })*
                    Self::Select(select) => {
                        let (names, x) = matrix("Select", columns, Kind::Numeric)?;
                        let fitted = select.fit(&x, &names, target).map_err(|error| with_names(error, &names))?;
                        let columns = transform(&fitted, &names, x)?;
                        (Fitted::Select(fitted), columns)
                    }
                    Self::ImputeCategories(impute) => {
                        let fitted = impute.fit(&columns)?;
                        let columns = fitted.transform(&columns)?.into_columns();
                        (Fitted::ImputeCategories(fitted), columns)
                    }
                    Self::TargetMean(encoder) => {
                        let (fitted, encoded) = encoder.fit_transform_to(&columns, target)?;
                        let columns = split(fitted.names(), &encoded);
                        (Fitted::TargetMean(fitted), columns)
                    }
                    Self::Drop => (Fitted::Drop, Vec::new()),
                })
            }

            /// How the step learns from the rows of columns of these names in parts.
            pub(super) fn in_parts(&self, names: &[String]) -> Result<InParts<'_>, DataError> {
                match self {
                    $(Self::$matrix(settings) => {
                        let start = (settings, stringify!($matrix), Kind::$kind, names);
                        steps!(@parts $learns start Fitted::$matrix)
                    })*
                    $(Self::$encoder(settings) => Ok(counting(settings, Fitted::$encoder)),)*
                    Self::ImputeCategories(settings) => Ok(counting(settings, Fitted::ImputeCategories)),
                    Self::Select(_) => Err(needs_all("Select")),
                    Self::TargetMean(_) => Err(needs_all("TargetMean")),
                    Self::Drop => Ok(InParts::Nothing),
                }
            }
        }

        impl Fitted {
            /// What the step makes of the columns that it was fitted to, in other data.
            pub(super) fn transform(&self, columns: Table) -> Result<Vec<Column>, DataError> {
                match self {
                    $(Self::$matrix(fitted) => {
                        let (names, x) = matrix(stringify!($matrix), columns, Kind::$kind)?;
                        transform(fitted, &names, x)
                    })*
                    $(Self::$encoder(fitted) => Ok(split(fitted.names(), &fitted.transform(&columns)?)),)*
                    Self::Select(fitted) => {
                        let (names, x) = matrix("Select", columns, Kind::Numeric)?;
                        transform(fitted, &names, x)
                    }
                    Self::ImputeCategories(fitted) => Ok(fitted.transform(&columns)?.into_columns()),
                    Self::TargetMean(fitted) => Ok(split(fitted.names(), &fitted.transform(&columns)?)),
                    Self::Drop => Ok(Vec::new()),
                }
            }

            /// The columns that taught the step nothing, if it looked for such.
            pub(super) fn degenerate(&self) -> Option<&Degenerate> {
                match self {
                    $(Self::$matrix(fitted) => Transform::<f64>::degenerate(fitted),)*
                    _ => None,
                }
            }

            /// The step's name.
            pub(super) fn name(&self) -> &'static str {
                match self {
                    $(Self::$matrix(_) => stringify!($matrix),)*
                    $(Self::$encoder(_) => stringify!($encoder),)*
                    $(Self::$other(_) => stringify!($other),)*
                    Self::Drop => "Drop",
                }
            }
        }
    };
    (@parts merging $start:ident $wrap:expr) => {
        merging($start, $wrap)
    };
    (@parts whole $start:ident $wrap:expr) => {
        Err(needs_all($start.1))
    };
    (@parts nothing $start:ident $wrap:expr) => {{
        let _ = $start;
        Ok(InParts::Nothing)
    }};
    (@from $($settings:ident)*) => {
        $(impl From<$settings> for Step {
            fn from(settings: $settings) -> Self {
                Self(Settings::$settings(settings))
            }
        })*
    };
}

steps! {
    matrices {
        Impute -> FittedImpute, Numeric, merging;
        MinMax -> FittedMinMax, Numeric, merging;
        Standard -> FittedStandard, Numeric, merging;
        Robust -> FittedRobust, Numeric, whole;
        MaxAbs -> FittedMaxAbs, Numeric, merging;
        Power -> FittedPower, Numeric, whole;
        Quantile -> FittedQuantile, Numeric, whole;
        Whiten -> FittedWhiten, Numeric, merging;
        RowNorm -> RowNorm, Numeric, nothing;
        Polynomial -> FittedPolynomial, Numeric, nothing;
        Bins -> FittedBins, Numeric, whole;
        Splines -> FittedSplines, Numeric, whole;
        Cyclic -> Cyclic, Numeric, nothing;
        Elementwise -> Elementwise, Numeric, nothing;
        VarianceAbove -> Selection, Numeric, whole;
        Dates -> Dates, DateTime, nothing;
    }
    encoders {
        OneHot -> FittedOneHot;
        Ordinal -> FittedOrdinal;
        Frequency -> FittedFrequency;
    }
    others {
        Select -> Selection;
        ImputeCategories -> FittedImputeCategories;
        TargetMean -> FittedTargetMean;
    }
}

/// The names of the columns, and their values as a matrix of (rows, columns).
pub(super) fn matrix(
    operation: &'static str,
    columns: Table,
    kind: Kind,
) -> Result<(Vec<String>, Tensor<f64>), DataError> {
    let numbers = |column: Column| {
        if column.kind() != kind {
            let cure = "choose other columns for this step, or encode it before";
            return Err(column.refused(operation, &format!("a {kind} column"), cure));
        }
        let name = column.name().to_owned();
        Ok(match column.into_values() {
            Values::Numeric(x) | Values::DateTime(x) => Column::numeric(name, x),
            Values::Categorical(x) => Column::categorical(name, x),
        })
    };
    let table = Table::new(columns.into_columns().into_iter().map(numbers).collect::<Result<_, _>>()?)?;
    Ok((table.names().into_iter().map(String::from).collect(), table.to_tensor()?))
}

fn transform(by: &impl Transform<f64>, names: &[String], mut x: Tensor<f64>) -> Result<Vec<Column>, DataError> {
    let new = by.names(names)?;
    by.transform_in_place(&mut x).map_err(|error| with_names(with_new_names(error, &new), names))?;
    Ok(split(new, &x))
}

/// Rows that are brought to columns at a time, so that they are still in the first-level cache for the last one.
const ROWS: usize = 128;

/// A numeric column for each column of `x` (rows, names).
pub(super) fn split(names: Vec<String>, x: &Tensor<f64>) -> Vec<Column> {
    let width = names.len();
    let mut columns: Vec<Vec<f64>> = names.iter().map(|_| Vec::with_capacity(x.shape()[0])).collect();
    for block in x.as_slice().chunks((ROWS * width).max(1)) {
        for (at, column) in columns.iter_mut().enumerate() {
            column.extend(block.iter().skip(at).step_by(width));
        }
    }
    names.into_iter().zip(columns).map(|(name, values)| Column::numeric(name, values)).collect()
}

/// The error with the column's name in place of its position.
pub(super) fn with_names(error: DataError, names: &[String]) -> DataError {
    match error {
        DataError::Table(TableError::Value { operation, row, column, expected, got, cure }) if column < names.len() => {
            DataError::Table(TableError::Cell {
                operation,
                row,
                column: names[column].as_str().into(),
                expected,
                got: got.to_string(),
                cure,
            })
        }
        DataError::Table(TableError::Spread { operation, column, expected, got, cure }) if column < names.len() => {
            let (column, got) = (names[column].as_str().into(), got.to_string());
            DataError::Table(TableError::Column { operation, column, expected: expected.into(), got, cure })
        }
        error => error,
    }
}

/// The same for a column that came out.
pub(super) fn with_new_names(error: DataError, names: &[String]) -> DataError {
    match error {
        DataError::Table(TableError::Overflow { operation, row, column, got }) if column < names.len() => {
            DataError::Table(TableError::Cell {
                operation,
                row,
                column: names[column].as_str().into(),
                expected: "a finite value",
                got: got.to_string(),
                cure: "scale the columns first",
            })
        }
        error => error,
    }
}
