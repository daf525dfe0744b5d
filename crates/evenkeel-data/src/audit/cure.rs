//! What cures a problem: as code, and as a pipeline.

use evenkeel_tensor::Seed;

use super::finding::{About, TargetPlace};
use super::{AuditReport, Finding, Problem};
use crate::encode::{Frequency, OneHot, TargetMean, Unseen};
use crate::feature::{DatePart, Dates, Elementwise};
use crate::impute::Impute;
use crate::pipeline::Pipeline;
use crate::scale::{Power, Quantile, Standard};
use crate::table::Kind;

impl Finding {
    /// Code that cures it: steps of a [`Pipeline`](crate::pipeline::Pipeline) begin with a dot, others stand for themselves.
    ///
    /// It is written for names in scope by `use evenkeel_data::{audit::*, balance::*, encode::*, feature::*, impute::*, pipeline::*, scale::*,
    /// select::*, table::*}`.
    pub fn cure(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("{:?}", column.name)).collect();
        let names = format!("[{}]", names.join(", "));
        let About { target, identifiers } = &self.about;
        let without = |columns: &[&String]| match columns {
            [] => "table".to_owned(),
            columns => format!("table.drop(&{columns:?})?"),
        };
        // Equal rows, of what is in `table`; targets beside it go with them.
        let distinct = |columns: &[&String]| match (target, columns) {
            (TargetPlace::Beside, columns) => {
                format!("let rows = distinct_rows(&{}); // of the table, and of the targets", without(columns))
            }
            (_, columns) => format!("table.subset(&distinct_rows(&{}))?", without(columns)),
        };
        match self.problem {
            Problem::MissingTarget => {
                let TargetPlace::Column(target) = target else { return "// give each row a target".into() };
                format!("table.subset(&table.column({target:?})?.known_rows())?")
            }
            Problem::OneClass => "// collect rows of another class, or check how these were chosen".into(),
            Problem::Infinite => "// correct them where they arise, or read them as missing".into(),
            Problem::Empty
            | Problem::Leakage
            | Problem::TellingGaps
            | Problem::Identifier
            | Problem::Constant
            | Problem::Copies => {
                format!(".drop({names})")
            }
            Problem::Missing => ".step(Kind::Numeric, Impute::median().with_indicators())".into(),
            Problem::Levels => format!(".step({names}, OneHot::default().unseen(Unseen::Ignore))"),
            Problem::ManyLevels if *target == TargetPlace::None => format!(".step({names}, Frequency)"),
            Problem::ManyLevels => format!(".step({names}, TargetMean::new(seed))"),
            Problem::Moments => {
                format!(".step({names}, Dates::of([DatePart::Year]).cyclic([DatePart::DayOfYear, DatePart::Weekday]))")
            }
            Problem::Huge => format!(".step({names}, Elementwise::SignedLog)"),
            Problem::Duplicates => distinct(&Vec::from_iter(identifiers)),
            Problem::Contradictions => {
                let column = if let TargetPlace::Column(target) = target { Some(target) } else { None };
                distinct(&Vec::from_iter(column.into_iter().chain(identifiers)))
            }
            Problem::Imbalance => "ClassWeights::balanced(&counts)?".into(),
            Problem::RareClass => "// collect more, merge it with another class, or take it out".into(),
            Problem::Scale | Problem::Offset => ".step(Kind::Numeric, Standard::default())".into(),
            Problem::Skew => format!(".step({names}, Power::yeo_johnson())"),
            Problem::Outliers => format!(".step({names}, Quantile::default())"),
            Problem::FewRows => "// fewer units, a penalty, early stopping; or fewer columns: `select`".into(),
            Problem::NearlyConstant => format!("// check whether the other values matter; if not: .drop({names})"),
        }
    }
}

impl AuditReport {
    /// A pipeline with the cures of what is found in columns: empty, constant and repeating ones, identifiers and leakage suspects are left
    /// out; dates become years, days and weekdays; missing values the median, with indicators; huge values logarithms, skewed
    /// columns nearly Gaussian, those with outliers quantiles; many levels the target's mean (their frequency without a target); then all
    /// are scaled, and the other levels become columns of their own.
    ///
    /// A suspect that is a good feature after all is had back by a pipeline of one's own. Infinite values, targets and rows have to be mended
    /// before. The seed is that of the folds in which many levels are encoded.
    ///
    /// What is chosen is chosen by the rows of the audit, and by their targets: audit the training rows, not the validation data.
    pub fn pipeline(&self, seed: Seed) -> Pipeline {
        let names = |problem: Problem| -> Vec<String> {
            self.find(problem).map(|f| f.columns.iter().map(|c| c.name.clone()).collect()).unwrap_or_default()
        };
        let mut dropped: Vec<String> = Vec::new();
        for problem in [
            Problem::Empty,
            Problem::Leakage,
            Problem::TellingGaps,
            Problem::Identifier,
            Problem::Constant,
            Problem::Copies,
        ] {
            dropped.extend(names(problem).into_iter().filter(|name| !dropped.contains(name)).collect::<Vec<_>>());
        }
        let kept =
            |problem| -> Vec<String> { names(problem).into_iter().filter(|name| !dropped.contains(name)).collect() };
        let mut pipeline = Pipeline::new();
        if !dropped.is_empty() {
            pipeline = pipeline.drop(dropped.clone());
        }
        let moments = kept(Problem::Moments);
        if !moments.is_empty() {
            pipeline =
                pipeline.step(moments, Dates::of([DatePart::Year]).cyclic([DatePart::DayOfYear, DatePart::Weekday]));
        }
        pipeline = pipeline.step(Kind::Numeric, Impute::median().with_indicators());
        let huge = kept(Problem::Huge);
        let outliers: Vec<String> = kept(Problem::Outliers).into_iter().filter(|name| !huge.contains(name)).collect();
        let skewed: Vec<String> = kept(Problem::Skew).into_iter().filter(|name| !huge.contains(name)).collect();
        if !huge.is_empty() {
            pipeline = pipeline.step(huge, Elementwise::SignedLog);
        }
        if !skewed.is_empty() {
            pipeline = pipeline.step(skewed, Power::yeo_johnson());
        }
        if !outliers.is_empty() {
            pipeline = pipeline.step(outliers, Quantile::default());
        }
        let many = kept(Problem::ManyLevels);
        if !many.is_empty() {
            pipeline = if self.has_target() {
                pipeline.step(many, TargetMean::new(seed))
            } else {
                pipeline.step(many, Frequency)
            };
        }
        pipeline
            .step(Kind::Numeric, Standard::default())
            .step(Kind::Categorical, OneHot::default().unseen(Unseen::Ignore))
    }

    fn has_target(&self) -> bool {
        self.target != TargetPlace::None
    }
}
