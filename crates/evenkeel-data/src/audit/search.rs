//! The search for each problem.

use super::finding::{About, Finding, Problem, Suspect, TargetPlace};
use super::summary::{Numbers, Summary};
use super::{copies, leakage, rows};
use crate::encode::Resolved;
use crate::table::{Column, Kind, Values};

/// Levels that are encoded one by one.
const FEW_LEVELS: usize = 20;
/// The largest magnitude whose square is well within `f32`.
const HUGE: f64 = 1e18;
/// How well a column tells the target to be a suspect, by its values and by its gaps.
const TELLS: f64 = 0.99;
const GAPS_TELL: f64 = 0.9;
/// The fewest rows in which distinct values are called identifiers.
const LEAST: usize = 20;

/// What is seen of one column alone.
pub(super) struct Look {
    pub(super) summary: Summary,
    /// The largest magnitude.
    largest: f64,
    is_identifier: bool,
    tells: Option<f64>,
    gaps_tell: Option<f64>,
}

impl Look {
    pub(super) fn at(column: &Column, target: &Resolved<'_>) -> Self {
        let summary = Summary::of(column);
        let tells = (summary.distinct > 1).then(|| leakage::by_values(column, target)).flatten();
        let gaps_tell = (summary.missing > 0).then(|| leakage::by_gaps(column, target)).flatten();
        let largest = summary.numbers.map_or(0.0, |n| n.max.abs().max(n.min.abs()));
        let is_whole = |x: &[f64]| x.iter().all(|x| !x.is_finite() || x.fract() == 0.0);
        let known = summary.known(column.len());
        let is_identifier = summary.distinct == known
            && known >= LEAST
            && 2 * known > column.len()
            && match (column.values(), summary.numbers) {
                (Values::Numeric(x), Some(n)) => n.max - n.min == known as f64 - 1.0 && is_whole(x),
                (Values::Categorical(_), _) => true,
                _ => false,
            };
        Self { summary, largest, is_identifier, tells, gaps_tell }
    }
}

/// What was found so far.
pub(super) struct Findings {
    about: About,
    list: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(target: TargetPlace) -> Self {
        Self { about: About { target, identifiers: Vec::new() }, list: Vec::new() }
    }

    pub(super) fn in_order(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| finding.problem);
        self.list
    }

    pub(super) fn add(&mut self, problem: Problem, measure: f64) {
        self.list.push(Finding { problem, columns: Vec::new(), measure, about: self.about.clone() });
    }

    /// A finding about columns, if there are any; the worst first.
    fn add_columns(&mut self, problem: Problem, measure: f64, columns: impl IntoIterator<Item = (String, f64)>) {
        let suspect = |(name, measure)| Suspect { name, measure, repeats: None };
        let mut columns: Vec<_> = columns.into_iter().map(suspect).collect();
        columns.sort_by(|a, b| b.measure.abs().total_cmp(&a.measure.abs()));
        if !columns.is_empty() {
            self.list.push(Finding { problem, columns, measure, about: self.about.clone() });
        }
    }

    pub(super) fn classes(&mut self, counts: &[usize]) {
        let rows: usize = counts.iter().sum();
        let rarest = counts.iter().copied().min().unwrap_or(0);
        if counts.len() < 2 {
            return self.add(Problem::OneClass, 0.0);
        }
        let share = rarest as f64 / rows as f64;
        if share * (counts.len() as f64) < 0.4 {
            self.add(Problem::Imbalance, share);
        }
        if rarest < 10 {
            self.add(Problem::RareClass, rarest as f64);
        }
    }

    pub(super) fn columns(&mut self, looks: &[Look], rows: usize) {
        let n = rows as f64;
        let named = |measure: &dyn Fn(&Look) -> Option<f64>| -> Vec<(String, f64)> {
            looks.iter().filter_map(|look| Some((look.summary.name.clone(), measure(look)?))).collect()
        };
        // Those with at least two values, in which there is something to judge.
        let of_numbers = |measure: &dyn Fn(&Numbers, usize) -> Option<f64>| {
            named(&|look| {
                let numbers = look.summary.numbers.filter(|_| look.summary.kind == Kind::Numeric)?;
                measure(&numbers, look.summary.distinct).filter(|_| numbers.deviation > 0.0)
            })
        };
        let when = |is: bool, measure: f64| is.then_some(measure);
        let levels = |look: &Look| when(look.summary.kind == Kind::Categorical, look.summary.distinct as f64);
        // Of levels, missing is one; beside a single number it is a flag.
        let kinds = |look: &Look| look.summary.distinct + usize::from(look.summary.missing > 0);
        let empty = |look: &Look| look.summary.missing == rows;
        let constant = |look: &Look| look.summary.known(rows) == rows && look.summary.distinct == 1;

        self.add_columns(Problem::Infinite, 0.0, named(&|l| when(l.summary.infinite > 0, l.summary.infinite as f64)));
        self.add_columns(Problem::Empty, 0.0, named(&|look| when(empty(look), 0.0)));
        self.add_columns(
            Problem::Missing,
            0.0,
            named(&|look| {
                let share = look.summary.missing as f64 / n;
                when(look.summary.missing > 0 && !empty(look) && look.summary.kind != Kind::Categorical, share)
            }),
        );
        let has_levels = |look: &Look| levels(look).filter(|_| kinds(look) > 1 && !empty(look) && !look.is_identifier);
        self.add_columns(Problem::Levels, 0.0, named(&|look| has_levels(look).filter(|&k| k <= FEW_LEVELS as f64)));
        self.add_columns(Problem::ManyLevels, 0.0, named(&|look| has_levels(look).filter(|&k| k > FEW_LEVELS as f64)));
        let is_moments = |look: &Look| look.summary.kind == Kind::DateTime && !empty(look);
        self.add_columns(Problem::Moments, 0.0, named(&|look| when(is_moments(look), 0.0)));
        self.add_columns(
            Problem::Huge,
            0.0,
            named(&|l| when(l.largest > HUGE && l.summary.kind == Kind::Numeric, l.largest)),
        );
        self.add_columns(Problem::Leakage, 0.0, named(&|look| look.tells.filter(|&tells| tells >= TELLS)));
        self.add_columns(Problem::TellingGaps, 0.0, named(&|look| look.gaps_tell.filter(|&tells| tells >= GAPS_TELL)));
        self.add_columns(
            Problem::Identifier,
            0.0,
            named(&|look| when(look.is_identifier, look.summary.distinct as f64)),
        );

        let deviations: Vec<f64> = of_numbers(&|n, _| Some(n.deviation)).into_iter().map(|(_, d)| d).collect();
        let ratio =
            deviations.iter().copied().fold(0.0, f64::max) / deviations.iter().copied().fold(f64::INFINITY, f64::min);
        let is_off = |n: &Numbers| !(0.1..=10.0).contains(&n.deviation) || n.mean.abs() > 10.0 * n.deviation.max(1.0);
        self.add_columns(Problem::Scale, ratio, of_numbers(&|n, _| when(is_off(n), n.deviation)));
        let offset = |n: &Numbers| n.mean / n.deviation;
        self.add_columns(Problem::Offset, 0.0, of_numbers(&|n, _| Some(offset(n)).filter(|o| o.abs() > 1e3)));
        // Of two values, one may be rare: there is no other shape.
        let is_skewed = |n: &Numbers, distinct: usize| distinct > 2 && n.skewness.abs() > 2.0;
        self.add_columns(Problem::Skew, 0.0, of_numbers(&|n, distinct| when(is_skewed(n, distinct), n.skewness)));
        let beyond = |n: &Numbers| {
            let [lower, _, upper] = n.quartiles;
            let range = upper - lower;
            ((n.max - upper).max(lower - n.min) / range, range > 0.0)
        };
        let is_outlying =
            |n: &Numbers, distinct| when(!is_skewed(n, distinct) && beyond(n).1 && beyond(n).0 > 10.0, beyond(n).0);
        self.add_columns(Problem::Outliers, 0.0, of_numbers(&is_outlying));
        self.add_columns(Problem::Constant, 0.0, named(&|look| when(constant(look), 0.0)));
        let same = |look: &Look| look.summary.most_frequent as f64 / n;
        let nearly = |look: &Look| when(!constant(look) && same(look) >= 0.99, same(look));
        self.add_columns(Problem::NearlyConstant, 0.0, named(&nearly));
    }

    /// Rows that are there twice. Columns that only tell rows apart do not make them different.
    pub(super) fn rows(&mut self, inputs: &[&Column], looks: &[Look], target: &Resolved<'_>, rows: usize) {
        let (identifiers, others): (Vec<_>, Vec<_>) =
            inputs.iter().zip(looks).partition(|(_, look)| look.is_identifier);
        self.about.identifiers = identifiers.into_iter().map(|(column, _)| column.name().to_owned()).collect();
        let columns: Vec<&Column> = others.into_iter().map(|(column, _)| *column).collect();
        if columns.is_empty() {
            return;
        }
        let firsts = rows::firsts(&columns, rows);
        let again = || firsts.iter().enumerate().filter(|(row, first)| row != *first);
        let is_same = |row: usize, first: usize| match target {
            Resolved::None => true,
            Resolved::Classes(classes) => classes.labels[row] == classes.labels[first],
            Resolved::Values(values) => values[row] == values[first],
        };
        let duplicates = again().filter(|&(row, &first)| is_same(row, first)).count();
        let others = again().count() - duplicates;
        if duplicates > 0 {
            self.add(Problem::Duplicates, duplicates as f64);
        }
        if others > 0 && matches!(target, Resolved::Classes(_)) {
            self.add(Problem::Contradictions, others as f64);
        }
    }

    /// Columns that repeat others.
    pub(super) fn copies(&mut self, inputs: &[&Column], looks: &[Look]) {
        let columns = copies::find(inputs, looks);
        if !columns.is_empty() {
            self.list.push(Finding { problem: Problem::Copies, columns, measure: 0.0, about: self.about.clone() });
        }
    }
}
