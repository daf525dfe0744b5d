//! A contact sheet: small pictures in rows.

use std::{
    fmt::{self, Display},
    io::Write,
    path::Path,
};

use super::{
    WriteError,
    document::{CHART_STYLE, FONT, Px, TITLE_FONT, TITLE_HEIGHT, WIDTH},
    text::{Escaped, fit, width},
    write_atomically,
};

/// Between two pictures.
const GAP: f64 = 6.0;
/// A picture is at most as wide as this.
const WIDEST: f64 = 64.0;
/// The most of the sheet's width that names of rows take.
const NAMES: f64 = 180.0;
/// Tones from black to white: as many as can be told apart, so that equal neighbours are drawn as one.
const TONES: u8 = 16;

/// A picture in tones of grey, row by row from the top: 0 is black, 1 white. What lies outside is cut off, NaN is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    columns: usize,
    tones: Vec<u8>,
}

impl Picture {
    /// A picture of `columns` pixels in a row. Pixels missing in the last row are black; without columns there is no pixel.
    #[must_use]
    pub fn new(columns: usize, values: impl IntoIterator<Item: Into<f64>>) -> Self {
        let tone = |value: f64| (value.clamp(0.0, 1.0) * f64::from(TONES - 1)).round() as u8;
        let values = values.into_iter().take(if columns == 0 { 0 } else { usize::MAX });
        Self { columns, tones: values.map(|value| tone(value.into())).collect() }
    }

    fn rows(&self) -> usize {
        self.tones.len().div_ceil(self.columns.max(1))
    }

    /// How many pixels of the sheet a pixel of the picture gets, in a room so wide: a whole number where there is one.
    fn scale(&self, room: f64) -> f64 {
        let scale = room / self.columns.max(1) as f64;
        if scale >= 1.0 { scale.floor() } else { scale }
    }

    /// Equal neighbours in a row are one line, of the width of a pixel; black is the ground.
    fn write(&self, f: &mut fmt::Formatter<'_>, (left, top): (f64, f64), scale: f64) -> fmt::Result {
        if self.tones.is_empty() {
            return Ok(());
        }
        let (columns, rows) = (self.columns, self.rows());
        write!(f, "<g transform=\"translate({} {}) scale({scale:.4})\">", Px(left), Px(top))?;
        write!(f, "<rect width=\"{columns}\" height=\"{rows}\"/>")?;
        for tone in 1..TONES {
            let mut path = String::new();
            for (row, tones) in self.tones.chunks(columns).enumerate() {
                let mut column = 0;
                for run in tones.chunk_by(|a, b| a == b) {
                    if run[0] == tone {
                        path += &format!("M{column} {row}.5h{}", run.len());
                    }
                    column += run.len();
                }
            }
            if !path.is_empty() {
                let grey = u32::from(tone) * 255 / u32::from(TONES - 1);
                write!(f, "<path stroke=\"#{grey:02x}{grey:02x}{grey:02x}\" d=\"{path}\"/>")?;
            }
        }
        writeln!(f, "</g>")
    }
}

/// Rows of small pictures, each row with its name: images as they are and as an augmentation changes them, or a layer's
/// filters.
///
/// ```
/// use evenkeel_train::report::{ContactSheet, Picture};
///
/// let cross = |at: usize| Picture::new(5, (0..25).map(move |i| f64::from(i % 5 == at || i / 5 == at)));
/// let sheet = ContactSheet::new("Crosses")
///     .columns(["original", "moved"])
///     .row("by one", [cross(2), cross(3)])
///     .row("by two", [cross(2), cross(4)]);
/// assert!(sheet.to_svg().contains("by two"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContactSheet {
    pub(super) title: String,
    pub(super) caption: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Picture>)>,
}

impl ContactSheet {
    /// A sheet without pictures.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Sets the text that follows the title under the figure of a report.
    #[must_use]
    pub fn caption(self, caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..self }
    }

    /// Names the columns, from the first on; the last name reaches over the columns that follow.
    #[must_use]
    pub fn columns(self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        Self { columns: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Appends a row.
    #[must_use]
    pub fn row(mut self, name: impl Into<String>, pictures: impl IntoIterator<Item = Picture>) -> Self {
        self.rows.push((name.into(), pictures.into_iter().collect()));
        self
    }

    /// The sheet as an SVG document of its own.
    #[must_use]
    pub fn to_svg(&self) -> String {
        Drawn { sheet: self, standalone: true }.to_string()
    }

    /// Writes the sheet to an SVG file, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`] if the file cannot be written; one that was there stays as it was.
    pub fn write_svg(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        write_atomically(path.as_ref(), |file| file.write_all(self.to_svg().as_bytes()))
    }
}

/// The picture of a sheet; `standalone`: with its title drawn and the style inside, which otherwise the page has.
pub(super) struct Drawn<'a> {
    pub(super) sheet: &'a ContactSheet,
    pub(super) standalone: bool,
}

impl Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ContactSheet { title, columns, rows, .. } = self.sheet;
        let count = rows.iter().map(|(_, pictures)| pictures.len()).max().unwrap_or(0).max(1);
        let names = rows.iter().map(|(name, _)| width(name, FONT)).fold(0.0, f64::max).min(NAMES);
        let left = 12.0 + names + GAP;
        let room = ((WIDTH - left - 12.0) / count as f64 - GAP).clamp(1.0, WIDEST);
        let column = |i: usize| left + (room + GAP) * i as f64;
        let size = |picture: &Picture| {
            let scale = picture.scale(room);
            (picture.columns as f64 * scale, picture.rows() as f64 * scale)
        };
        let heights: Vec<f64> =
            rows.iter().map(|(_, pictures)| pictures.iter().map(|p| size(p).1).fold(FONT, f64::max)).collect();

        let title_height = if self.standalone { TITLE_HEIGHT } else { 0.0 };
        let first = title_height + if columns.is_empty() { GAP } else { 22.0 };
        let height = first + heights.iter().map(|height| height + GAP).sum::<f64>() + GAP;
        let (w, h) = (Px(WIDTH), Px(height));
        write!(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ek-chart\" role=\"img\" viewBox=\"0 0 {w} {h}\"")?;
        if self.standalone {
            write!(f, " width=\"{w}\" height=\"{h}\"")?;
        }
        write!(f, ">\n<title>{}</title>\n<desc>Pictures in rows:", Escaped(title))?;
        for (i, (name, pictures)) in rows.iter().enumerate() {
            write!(f, "{} {} of {}", if i == 0 { "" } else { "," }, pictures.len(), Escaped(name))?;
        }
        writeln!(f, ".</desc>")?;
        if self.standalone {
            writeln!(f, "<style>\n{CHART_STYLE}</style>\n<rect class=\"paper\" width=\"{w}\" height=\"{h}\"/>")?;
            let title = fit(title, TITLE_FONT, WIDTH - 24.0);
            writeln!(f, "<text class=\"title\" x=\"12\" y=\"24\">{}</text>", Escaped(&title))?;
        }
        for (i, name) in columns.iter().enumerate().take(count) {
            let over = if i + 1 == columns.len() { count - i } else { 1 };
            let name = fit(name, FONT, over as f64 * (room + GAP));
            writeln!(f, "<text x=\"{}\" y=\"{}\">{}</text>", Px(column(i)), Px(title_height + 14.0), Escaped(&name))?;
        }
        let mut top = first;
        for ((name, pictures), height) in rows.iter().zip(heights) {
            let (name, middle) = (fit(name, FONT, NAMES), Px(top + 0.5 * height + 4.0));
            writeln!(f, "<text x=\"12\" y=\"{middle}\">{}</text>", Escaped(&name))?;
            writeln!(f, "<g shape-rendering=\"crispEdges\" fill=\"#000\" stroke-width=\"1\">")?;
            for (i, picture) in pictures.iter().enumerate() {
                picture.write(f, (column(i), top), picture.scale(room))?;
            }
            writeln!(f, "</g>")?;
            top += height + GAP;
        }
        writeln!(f, "</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_drawn_once_in_its_tone() {
        let values = [0.0, 1.0, 1.0, 0.5, -3.0, f64::NAN, 7.0];
        let picture = Picture::new(3, values);
        assert_eq!(picture.tones, [0, 15, 15, 8, 0, 0, 15]);
        let svg = ContactSheet::new("").row("", [picture]).to_svg();
        assert!(svg.contains("<rect width=\"3\" height=\"3\"/>"), "{svg}");
        assert!(svg.contains("stroke=\"#888888\" d=\"M0 1.5h1\""), "{svg}");
        assert!(svg.contains("stroke=\"#ffffff\" d=\"M1 0.5h2M0 2.5h1\""), "{svg}");
    }

    #[test]
    fn a_pixel_covers_whole_pixels_where_there_is_room() {
        let picture = |columns| Picture::new(columns, vec![1.0; columns * columns]);
        assert_eq!([8, 28, 64].map(|columns| picture(columns).scale(60.0)), [7.0, 2.0, 60.0 / 64.0]);
    }
}
