//! A table for the terminal and for the page.

use std::fmt::{self, Display};

use super::text::Escaped;

/// Cells of more characters than this are broken into lines on a page.
const SENTENCE: usize = 48;

/// Rows of text under a header; shown with aligned columns in a terminal (`Display`) and as a table in a [`Report`](super::Report).
///
/// A column whose cells are all numbers (units and `±` may follow) stands to the right. Missing cells are empty, and surplus
/// ones get a header without text, so a table never fails at the end of a long run.
///
/// ```
/// use evenkeel_train::report::Table;
///
/// let table = Table::new(["model", "accuracy"], [["plain", "93.1 %"], ["BatchNorm", "98.5 %"]]);
/// assert_eq!(
///     table.to_string(),
///     "\
/// model      accuracy
/// ---------  --------
/// plain        93.1 %
/// BatchNorm    98.5 %
/// "
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    caption: String,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these headers and rows; anything that can be displayed is a cell.
    #[must_use]
    pub fn new(
        headers: impl IntoIterator<Item: Display>,
        rows: impl IntoIterator<Item: IntoIterator<Item: Display>>,
    ) -> Self {
        let table = Self { caption: String::new(), headers: cells(headers), rows: Vec::new() };
        rows.into_iter().fold(table, Table::row)
    }

    /// Appends a row.
    #[must_use]
    pub fn row(mut self, row: impl IntoIterator<Item: Display>) -> Self {
        let row = cells(row);
        if row.len() > self.headers.len() {
            self.headers.resize(row.len(), String::new());
        }
        self.rows.push(row);
        self
    }

    /// Sets the line of text that stands above the table.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().map(|row| cell(row, column)).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some()
            && cells.all(|cell| {
                let digits = cell.trim_start_matches(['-', '−', '–', '—', '+', '±', '<', '>', '≤', '≥', '~', ' ']);
                digits.is_empty()
                    || digits.starts_with(|c: char| c.is_ascii_digit())
                    || ["NaN", "inf"].contains(&digits)
            })
    }

    /// How the page sets a column: numbers to the right, sentences over several lines.
    fn class(&self, column: usize) -> &'static str {
        let is_long = |row: &Vec<String>| cell(row, column).chars().count() > SENTENCE;
        match () {
            () if self.is_numeric(column) => " class=\"number\"",
            () if self.rows.iter().any(is_long) => " class=\"sentence\"",
            () => "",
        }
    }

    /// Writes the table as HTML.
    pub(super) fn write_html(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Wide tables scroll within the page; what scrolls must be reachable by keyboard.
        writeln!(f, "<div class=\"scroll\" tabindex=\"0\">\n<table>")?;
        if !self.caption.is_empty() {
            writeln!(f, "<caption>{}</caption>", Escaped(&self.caption))?;
        }
        let class: Vec<&str> = (0..self.headers.len()).map(|i| self.class(i)).collect();
        write!(f, "<thead><tr>")?;
        for (header, class) in self.headers.iter().zip(&class) {
            write!(f, "<th scope=\"col\"{class}>{}</th>", Escaped(header))?;
        }
        writeln!(f, "</tr></thead>\n<tbody>")?;
        for row in &self.rows {
            write!(f, "<tr>")?;
            for (i, class) in class.iter().enumerate() {
                let (open, close) = if i == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
                write!(f, "<{open}{class}>{}</{close}>", Escaped(cell(row, i)))?;
            }
            writeln!(f, "</tr>")?;
        }
        writeln!(f, "</tbody>\n</table>\n</div>")
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || std::iter::once(&self.headers).chain(&self.rows);
        let columns: Vec<(usize, bool)> = (0..self.headers.len())
            .map(|i| (lines().map(|row| cell(row, i).chars().count()).max().unwrap_or(0), self.is_numeric(i)))
            .collect();
        if !self.caption.is_empty() {
            writeln!(f, "{}", self.caption)?;
        }
        for (number, row) in lines().enumerate() {
            let mut line = String::new();
            for (i, &(width, numeric)) in columns.iter().enumerate() {
                let (cell, gap) = (cell(row, i), if i > 0 { "  " } else { "" });
                line += &if numeric { format!("{gap}{cell:>width$}") } else { format!("{gap}{cell:<width$}") };
            }
            writeln!(f, "{}", line.trim_end())?;
            if number == 0 {
                let rules: Vec<String> = columns.iter().map(|&(width, _)| "-".repeat(width)).collect();
                writeln!(f, "{}", rules.join("  "))?;
            }
        }
        Ok(())
    }
}

fn cell(row: &[String], column: usize) -> &str {
    row.get(column).map_or("", String::as_str)
}

/// A cell is a line: what would break or colour the terminal's line becomes a space.
fn cells(row: impl IntoIterator<Item: Display>) -> Vec<String> {
    row.into_iter().map(|cell| cell.to_string().replace(char::is_control, " ")).collect()
}
