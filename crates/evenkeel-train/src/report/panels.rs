//! Small multiples.

use std::{io::Write, path::Path};

use super::{Chart, WriteError, document::Document, write_atomically};

/// Charts side by side as one picture: the same plot for several networks, say.
///
/// A name has one colour in all of them, and there is one legend. Axes are each chart's own; give the charts the same
/// [`x_range`](Chart::x_range) and [`y_range`](Chart::y_range) where they are to be compared.
///
/// ```
/// use evenkeel_train::report::{Chart, Panels};
///
/// let charts = ["zeros", "Xavier"].map(|name| Chart::new(name).y_range(0.0, 1.0).line("accuracy", [(0, 0.5), (100, 0.9)]));
/// let panels = Panels::new("Two starts", charts).caption("Accuracy against steps.");
/// assert!(panels.to_svg().contains("Xavier"));
/// ```
#[derive(Clone, Debug)]
pub struct Panels {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) columns: usize,
    pub(super) charts: Vec<Chart>,
}

impl Panels {
    /// The charts in rows of two, each under its title.
    #[must_use]
    pub fn new(title: impl Into<String>, charts: impl IntoIterator<Item = Chart>) -> Self {
        Self { title: title.into(), caption: String::new(), columns: 2, charts: charts.into_iter().collect() }
    }

    /// Sets the text that follows the title under the figure of a report.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..self }
    }

    /// Sets the number of charts in a row, from 1 to 6.
    #[must_use]
    pub fn columns(self, columns: usize) -> Self {
        Self { columns: columns.clamp(1, 6), ..self }
    }

    /// The charts as one SVG document.
    #[must_use]
    pub fn to_svg(&self) -> String {
        Document::of_panels(self, true).to_string()
    }

    /// Writes the charts to an SVG file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn write_svg(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| file.write_all(self.to_svg().as_bytes()))
    }
}
