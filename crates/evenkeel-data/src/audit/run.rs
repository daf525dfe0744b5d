//! A table is looked at.

use evenkeel_tensor::parallel;

use super::finding::{Finding, Problem, TargetPlace};
use super::search::{Findings, Look};
use super::summary::Summary;
use crate::DataError;
use crate::encode::{Resolved, Target};
use crate::table::{Column, Table};

/// Looks for what is wrong with a table for a network; see the [module](super).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    parameters: Option<usize>,
}

impl Audit {
    /// Judges the number of rows by a network of so many parameters.
    #[must_use]
    pub fn parameters(self, parameters: usize) -> Self {
        Self { parameters: Some(parameters) }
    }

    /// Looks at a table and what is to be predicted from it.
    ///
    /// # Errors
    /// If there are no rows, no row has a target, a target is infinite, the target's column is not there or of a kind that it cannot
    /// be, or targets beside the table are not as many as its rows.
    pub fn run(&self, table: &Table, target: Target<'_>) -> Result<AuditReport, DataError> {
        const OPERATION: &str = "Audit::run";
        if table.rows() == 0 {
            return Err(crate::fit::no_rows(OPERATION));
        }
        let place = match target {
            Target::None => TargetPlace::None,
            Target::ClassColumn(name) | Target::ValueColumn(name) => TargetPlace::Column(name.into()),
            Target::Classes(_) | Target::Values(_) => TargetPlace::Beside,
        };
        let mut findings = Findings::new(place.clone());
        let with_target;
        let (table, target) = match target.column() {
            Some(name) if table.column(name)?.missing() > 0 => {
                let known = table.column(name)?.known_rows();
                if known.is_empty() {
                    let cure = "give a target to at least some rows";
                    return Err(DataError::Empty { operation: OPERATION, cure });
                }
                findings.add(Problem::MissingTarget, (table.rows() - known.len()) as f64);
                with_target = table.subset(&known)?;
                (&with_target, target)
            }
            _ => (table, target),
        };
        let resolved = target.resolve(OPERATION, table)?;
        let inputs: Vec<&Column> =
            table.columns().iter().filter(|column| Some(column.name()) != target.column()).collect();
        let mut looks: Vec<(&Column, Option<Look>)> = inputs.iter().map(|&column| (column, None)).collect();
        parallel::chunks_mut(&mut looks, 1, |_, looks| {
            looks.iter_mut().for_each(|(column, look)| *look = Some(Look::at(column, &resolved)));
        });
        let looks: Vec<Look> = looks.into_iter().filter_map(|(_, look)| look).collect();

        let mut classes = Vec::new();
        if let Resolved::Classes(known) = &resolved {
            let mut counts = vec![0; known.names.len()];
            known.labels.iter().for_each(|&label| counts[label as usize] += 1);
            findings.classes(&counts);
            classes = known.names.iter().cloned().zip(counts).collect();
        }
        findings.columns(&looks, table.rows());
        findings.rows(&inputs, &looks, &resolved, table.rows());
        findings.copies(&inputs, &looks);
        let (rows, needed) = (table.rows() as f64, if self.parameters.is_some() { 1.0 } else { 10.0 });
        let per = rows / self.parameters.unwrap_or(inputs.len()).max(1) as f64;
        if per < needed {
            findings.add(Problem::FewRows, per);
        }
        let findings = findings.in_order();
        let summaries = looks.into_iter().map(|look| look.summary).collect();
        Ok(AuditReport { rows: table.rows(), classes, columns: summaries, findings, target: place })
    }
}

/// What [`Audit::run`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditReport {
    pub(super) rows: usize,
    pub(super) classes: Vec<(String, usize)>,
    pub(super) columns: Vec<Summary>,
    pub(super) findings: Vec<Finding>,
    pub(super) target: TargetPlace,
}

impl AuditReport {
    /// The rows that were looked at: those with a target.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The classes and how many rows each has; none if the target is no class.
    pub fn classes(&self) -> &[(String, usize)] {
        &self.classes
    }

    /// The columns but the target's.
    pub fn columns(&self) -> &[Summary] {
        &self.columns
    }

    /// What is wrong, in order of harm.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The finding of this kind, if there is one.
    pub fn find(&self, problem: Problem) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.problem == problem)
    }
}
