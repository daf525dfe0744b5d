//! The page of a data report.

use evenkeel_data::audit::AuditReport;

use super::{Chart, Report, Table, text::number};

/// A page of what is wrong with a table: the findings in order of harm with their cures, and the columns.
///
/// ```
/// use evenkeel_data::audit::Audit;
/// use evenkeel_data::encode::Target;
/// use evenkeel_data::table::{Column, Table};
/// use evenkeel_train::report::Report;
///
/// let table = Table::new(vec![
///     Column::numeric("area", (0..100).map(|i| 10.0 * f64::from(i * 7 % 101)).collect()),
///     Column::numeric("price", (0..100).map(|i| f64::from(i * 7 % 101 + i % 9)).collect()),
/// ])?;
/// let report = Report::from(&Audit::default().run(&table, Target::ValueColumn("price"))?);
/// assert!(report.to_html().contains("Standard::default()"));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
impl From<&AuditReport> for Report {
    fn from(audit: &AuditReport) -> Self {
        let mut page = Report::new("Data report").paragraph(format!(
            "{} rows, {} columns. {}",
            audit.rows(),
            audit.columns().len(),
            match audit.findings().len() {
                0 => "Nothing is wrong.".to_owned(),
                1 => "One thing is wrong.".to_owned(),
                n => format!("{n} things are wrong, the most harmful first."),
            }
        ));
        if !audit.classes().is_empty() {
            let rows = audit.classes().iter().map(|(name, count)| {
                let share = 100.0 * *count as f64 / audit.rows() as f64;
                [name.clone(), count.to_string(), format!("{share:.2} %")]
            });
            page = page.table(Table::new(["class", "rows", "share"], rows.collect::<Vec<_>>()));
        }
        for (at, finding) in audit.findings().iter().enumerate() {
            page = page
                .heading(format!("{}. {} ({})", at + 1, finding.problem, finding.harm()))
                .paragraph(format!("{}: {}.", finding.evidence(), finding.problem.consequence()))
                .preformatted(finding.cure());
        }
        let spread: Vec<(String, f64)> = audit
            .columns()
            .iter()
            .filter_map(|column| Some((column.name.clone(), column.numbers?.deviation)))
            .filter(|(_, deviation)| *deviation > 0.0 && deviation.is_finite())
            .collect();
        page = page.heading("Columns").table(columns(audit));
        if spread.len() > 1 {
            let points = spread.iter().enumerate().map(|(at, (_, deviation))| (at as f64, *deviation));
            let chart = Chart::new("Deviation of each column")
                .y_label("deviation")
                .log_y()
                .categories(spread.iter().map(|(name, _)| name.as_str()))
                .bold_points("deviation", points.collect::<Vec<_>>());
            page = page.chart(chart);
        }
        page
    }
}

fn columns(audit: &AuditReport) -> Table {
    let header =
        ["column", "kind", "missing", "distinct", "smallest", "median", "largest", "mean", "deviation", "skewness"];
    let rows = audit.columns().iter().map(|column| {
        let mut row =
            vec![column.name.clone(), column.kind.to_string(), column.missing.to_string(), column.distinct.to_string()];
        if let Some(n) = column.numbers {
            row.extend([n.min, n.quartiles[1], n.max, n.mean, n.deviation, n.skewness].map(number));
        }
        row.resize(header.len(), String::new());
        row
    });
    Table::new(header, rows.collect::<Vec<_>>())
}
