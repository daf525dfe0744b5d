//! Values that are one of a set of levels each.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::{DataError, TableError};

/// Values that are one of a set of levels each: the position of its level for each row.
///
/// ```
/// use evenkeel_data::table::Categorical;
///
/// let colours = Categorical::from_values([Some("red"), None, Some("blue"), Some("red")]);
/// assert_eq!(colours.levels(), ["blue", "red"]);
/// assert_eq!(colours.codes(), [1, Categorical::MISSING, 0, 1]);
/// assert_eq!(colours.get(2), Some("blue"));
///
/// let rooms = Categorical::from_numbers(&[10.0, 2.0, 2.0]);
/// assert_eq!(rooms.levels(), ["2", "10"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categorical {
    codes: Vec<u32>,
    levels: Vec<String>,
}

impl Categorical {
    /// The code of a missing value.
    pub const MISSING: u32 = u32::MAX;

    /// Values by the positions of their `levels`; [`MISSING`](Self::MISSING) is a missing one.
    ///
    /// # Errors
    /// If a code has no level, or two levels are equal.
    pub fn new(codes: Vec<u32>, levels: Vec<String>) -> Result<Self, DataError> {
        check_levels(&levels)?;
        let beyond = |&code: &u32| code != Self::MISSING && code as usize >= levels.len();
        match codes.iter().position(beyond) {
            Some(sample) => Err(DataError::Label { sample, label: codes[sample], classes: levels.len() }),
            None => Ok(Self { codes, levels }),
        }
    }

    /// The values, `None` for missing ones. The levels are those that come, ordered by [`order`](Self::order).
    pub fn from_values<S: AsRef<str>>(values: impl IntoIterator<Item = Option<S>>) -> Self {
        let mut levels = Levels::default();
        let codes = values.into_iter().map(|x| x.map_or(Self::MISSING, |x| levels.code(x.as_ref()))).collect();
        Self { codes, levels: levels.names }.ordered()
    }

    /// The values of a column of numbers, NaN for missing ones, with the numbers in ascending order as levels.
    pub fn from_numbers(values: &[f64]) -> Self {
        Self::from_values(values.iter().map(|x| (!x.is_nan()).then(|| (x + 0.0).to_string())))
    }

    /// The order of levels where nothing else is said: as numbers if both are numbers, and otherwise numbers first and the others as
    /// Rust orders strings.
    pub fn order(a: &str, b: &str) -> Ordering {
        let number = |s: &str| s.parse::<f64>().ok().filter(|x| !x.is_nan());
        match (number(a), number(b)) {
            (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.cmp(b),
        }
    }

    /// For each row the position of its level, or [`MISSING`](Self::MISSING).
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The levels, all different; some may not come.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The level of `row`; `None` if it is missing.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.levels.get(self.codes[row] as usize).map(String::as_str)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The number of rows of each level.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.levels.len()];
        for &code in &self.codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The same values with these levels first, and those that are not among them after.
    pub(crate) fn with_levels(&self, first: &[String]) -> Self {
        let mut levels = Levels::starting_with(first);
        let new: Vec<_> = self.levels.iter().map(|level| levels.code(level)).collect();
        let code = |&code: &u32| new.get(code as usize).copied().unwrap_or(Self::MISSING);
        Self { codes: self.codes.iter().map(code).collect(), levels: levels.names }
    }

    /// The values of these rows, in that order. All levels stay, so that codes mean the same.
    #[track_caller]
    pub(crate) fn subset(&self, rows: &[usize]) -> Self {
        Self { codes: rows.iter().map(|&row| self.codes[row]).collect(), levels: self.levels.clone() }
    }

    /// Codes below the number of the levels, which differ.
    pub(crate) fn from_parts(codes: Vec<u32>, levels: Vec<String>) -> Self {
        Self { codes, levels }
    }

    /// The same values with the levels in [`order`](Self::order).
    pub(crate) fn ordered(mut self) -> Self {
        let mut order: Vec<u32> = (0..self.levels.len() as u32).collect();
        order.sort_by(|&a, &b| Self::order(&self.levels[a as usize], &self.levels[b as usize]));
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        for code in &mut self.codes {
            *code = place.get(*code as usize).copied().unwrap_or(Self::MISSING);
        }
        self.levels = order.iter().map(|&old| std::mem::take(&mut self.levels[old as usize])).collect();
        self
    }
}

/// Refuses levels that come twice.
pub(crate) fn check_levels(levels: &[String]) -> Result<(), DataError> {
    let mut seen = HashSet::new();
    match levels.iter().find(|level| !seen.insert(level.as_str())) {
        None => Ok(()),
        Some(level) => Err(DataError::Table(TableError::Level { level: level.clone() })),
    }
}

/// Levels as they come, and where each is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    pub(crate) names: Vec<String>,
    codes: HashMap<String, u32>,
}

impl Levels {
    /// These levels first.
    pub(crate) fn starting_with(names: &[String]) -> Self {
        let codes = names.iter().cloned().zip(0..).collect();
        Self { names: names.to_vec(), codes }
    }

    /// The code of a level, which is a new one if need be.
    pub(crate) fn code(&mut self, level: &str) -> u32 {
        if let Some(&code) = self.codes.get(level) {
            return code;
        }
        let code = self.names.len() as u32;
        self.names.push(level.into());
        self.codes.insert(level.into(), code);
        code
    }
}
