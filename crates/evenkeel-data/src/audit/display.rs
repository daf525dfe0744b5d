//! A report as text.

use std::fmt;

use super::AuditReport;

/// Classes that are listed.
const CLASSES: usize = 20;

/// The findings, each with what it does and its cure, and then a line for each column.
impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} columns", self.rows, self.columns.len())?;
        let classes: Vec<_> =
            self.classes.iter().take(CLASSES).map(|(name, count)| format!("{} {count}", name.escape_debug())).collect();
        if !classes.is_empty() {
            write!(f, "; classes: {}", classes.join(", "))?;
        }
        if self.classes.len() > CLASSES {
            write!(f, " and {} more", self.classes.len() - CLASSES)?;
        }
        writeln!(f)?;
        if self.findings.is_empty() {
            writeln!(f, "nothing is wrong")?;
        }
        for (i, finding) in self.findings.iter().enumerate() {
            writeln!(f, "\n{}. {} ({}): {}", i + 1, finding.problem, finding.harm(), finding.evidence())?;
            writeln!(f, "   {}", finding.problem.consequence())?;
            writeln!(f, "   {}", finding.cure())?;
        }
        let width = self.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0).max(6);
        writeln!(
            f,
            "\n{:width$}  {:11}  missing  distinct  {:>10}  {:>10}  {:>10}",
            "column", "kind", "mean", "deviation", "skewness"
        )?;
        for column in &self.columns {
            let name = column.name.escape_debug().to_string();
            write!(f, "{name:width$}  {:11}  {:7}  {:8}", column.kind, column.missing, column.distinct)?;
            if let Some(n) = column.numbers {
                write!(f, "  {:>10.3e}  {:>10.3e}  {:>10.2}", n.mean, n.deviation, n.skewness)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
