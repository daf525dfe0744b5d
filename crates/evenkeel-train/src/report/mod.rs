//! Reports: text, tables and charts as one HTML file that needs nothing else.
//!
//! The page loads nothing (its content security policy forbids it), follows the reader's light or dark setting, prints, and
//! fits a telephone. The same report gives the same bytes: there is no date in it.
//!
//! ```
//! use evenkeel_train::report::{Chart, Report, Table};
//!
//! let runs = Table::new(["model", "test accuracy"], [["plain", "0.931"], ["BatchNorm", "0.985"]]);
//! println!("{runs}");
//! let accuracy = Chart::new("Test accuracy")
//!     .x_label("step")
//!     .y_label("fraction correct")
//!     .line("plain", [(0, 0.1), (500, 0.82), (1000, 0.931)])
//!     .line("BatchNorm", [(0, 0.1), (500, 0.97), (1000, 0.985)])
//!     .reference_line("90 %", 0.9);
//! let report = Report::new("With and without batch normalisation")
//!     .paragraph("Two networks that differ in nothing else.")
//!     .table(runs)
//!     .chart(accuracy);
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("first_run.html");
//! report.write(path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod axis;
mod bars;
mod chart;
mod data;
mod describe;
mod document;
mod file;
mod legend;
mod marks;
mod metrics;
mod page;
mod panel;
mod panels;
mod regions;
mod series;
mod sheet;
mod simplify;
mod table;
mod text;
mod training;

use std::{io::Write, path::Path};

pub use chart::Chart;
pub use file::WriteError;
pub(crate) use file::write_atomically;
pub use panels::Panels;
pub use regions::{Cell, Grid};
pub use series::{BandPoint, Point};
pub use sheet::{ContactSheet, Picture};
pub use table::Table;

/// A page in the making: a title, and parts in the order they are added.
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Heading(String),
    Paragraph(String),
    Preformatted(String),
    Table(Table),
    Chart(Chart),
    Panels(Panels),
    Sheet(ContactSheet),
}

impl Report {
    /// A page with nothing but a title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), parts: Vec::new() }
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Appends a heading.
    #[must_use]
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.part(Part::Heading(text.into()))
    }

    /// Appends a paragraph of plain text.
    #[must_use]
    pub fn paragraph(self, text: impl Into<String>) -> Self {
        self.part(Part::Paragraph(text.into()))
    }

    /// Appends text whose spaces and line ends are kept, in letters of equal width: a network's summary, a command.
    #[must_use]
    pub fn preformatted(self, text: impl Into<String>) -> Self {
        self.part(Part::Preformatted(text.into()))
    }

    /// Appends a table.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.part(Part::Table(table))
    }

    /// Appends a chart; charts are numbered as figures.
    #[must_use]
    pub fn chart(self, chart: Chart) -> Self {
        self.part(Part::Chart(chart))
    }

    /// Appends charts side by side, numbered as one figure.
    #[must_use]
    pub fn panels(self, panels: Panels) -> Self {
        self.part(Part::Panels(panels))
    }

    /// Appends a contact sheet, numbered as a figure.
    #[must_use]
    pub fn sheet(self, sheet: ContactSheet) -> Self {
        self.part(Part::Sheet(sheet))
    }

    /// The page.
    #[must_use]
    pub fn to_html(&self) -> String {
        page::Page(self).to_string()
    }

    /// Writes the page to a file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| file.write_all(self.to_html().as_bytes()))
    }
}
