//! Which colour a name has, and the rows above a plot that say so.

use std::fmt;

use super::{
    document::{FONT, Px},
    series::{Mark, Series, Size, Stroke},
    text::{Escaped, fit, width},
};

const ROW: f64 = 20.0;
const SWATCH: f64 = 24.0;
const GAP: f64 = 18.0;
const COLOURS: [&str; 7] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6"];

/// More entries than this would leave no room for the chart, nor be told apart.
const MOST_ENTRIES: usize = 21;

/// The legend: an entry per name, laid out in rows.
pub(super) struct Legend<'a> {
    colours: Vec<(&'a str, &'static str)>,
    entries: Vec<Entry<'a>>,
    height: f64,
}

struct Entry<'a> {
    name: &'a str,
    text: String,
    series: Vec<&'a Series>,
    x: f64,
    y: f64,
}

impl<'a> Legend<'a> {
    /// The legend of the series, in rows from `left` to `right`.
    pub(super) fn new(series: impl Iterator<Item = &'a Series>, left: f64, right: f64) -> Self {
        let mut colours: Vec<(&str, &str)> = Vec::new();
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let mut all_listed = true;
        for one in series {
            let name = one.name.as_str();
            let reference = matches!(one.mark, Mark::Reference(_));
            if !reference && colours.iter().all(|(known, _)| *known != name) {
                colours.push((name, COLOURS[colours.len() % COLOURS.len()]));
            }
            let room = right - left - SWATCH - 6.0;
            if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
                entry.series.push(one);
            } else if entries.len() == MOST_ENTRIES {
                all_listed &= name.is_empty();
            } else if !name.is_empty() {
                entries.push(Entry { name, text: fit(name, FONT, room), series: vec![one], x: 0.0, y: 0.0 });
            }
        }
        if !all_listed {
            entries.push(Entry { name: "", text: "… and others".to_owned(), series: Vec::new(), x: 0.0, y: 0.0 });
        }
        let (mut x, mut y) = (left, 0.0);
        for entry in &mut entries {
            let room = SWATCH + 6.0 + width(&entry.text, FONT);
            if x > left && x + room > right {
                (x, y) = (left, y + ROW);
            }
            (entry.x, entry.y) = (x, y);
            x += room + GAP;
        }
        let height = if entries.is_empty() { 0.0 } else { y + ROW };
        Self { colours, entries, height }
    }

    pub(super) fn height(&self) -> f64 {
        self.height
    }

    /// The class of the name's colour.
    pub(super) fn colour_of(&self, name: &str) -> &'static str {
        self.colours.iter().find(|(known, _)| *known == name).map_or(COLOURS[0], |(_, colour)| colour)
    }

    /// Writes the legend, its upper edge at `top`.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, top: f64) -> fmt::Result {
        for Entry { name, text, series, x, y } in &self.entries {
            let middle = top + y + 0.5 * ROW;
            let colour = self.colour_of(name);
            let has = |wanted: fn(&Mark) -> bool| series.iter().any(|one| wanted(&one.mark));
            let stroke = |class: &str| format!("<path class=\"{class}\" d=\"M{} {middle}h{SWATCH}\"/>", Px(*x));
            let areas = [
                ("band", has(|mark| matches!(mark, Mark::Band(_)))),
                ("bar", has(|mark| matches!(mark, Mark::Bars(_)))),
                ("region", has(|mark| matches!(mark, Mark::Region(_)))),
            ];
            for (class, _) in areas.iter().filter(|(_, there)| *there) {
                let (x, y) = (Px(*x), Px(middle - 6.0));
                write!(f, "<rect class=\"{class} {colour}\" x=\"{x}\" y=\"{y}\" width=\"{SWATCH}\" height=\"12\"/>")?;
            }
            if has(|mark| matches!(mark, Mark::Reference(_))) {
                write!(f, "{}", stroke("reference"))?;
            }
            // The strongest of the name's lines stands for them.
            let strokes = [
                (Stroke::Solid, has(|mark| matches!(mark, Mark::Line(Stroke::Solid, _)))),
                (Stroke::Dashed, has(|mark| matches!(mark, Mark::Line(Stroke::Dashed, _)))),
                (Stroke::Thin, has(|mark| matches!(mark, Mark::Line(Stroke::Thin, _)))),
            ];
            if let Some((strongest, _)) = strokes.iter().find(|(_, there)| *there) {
                write!(f, "{}", stroke(&format!("line{} {colour}", strongest.class())))?;
            }
            // Both sizes of a name stand beside each other.
            let drawn = |size: &Size| series.iter().any(|one| matches!(&one.mark, Mark::Points(s, _) if s == size));
            let sizes: Vec<Size> = [Size::Small, Size::Bold].into_iter().filter(drawn).collect();
            for (i, size) in sizes.iter().enumerate() {
                let x = Px(x + SWATCH * (i + 1) as f64 / (sizes.len() + 1) as f64);
                write!(f, "<path class=\"{} {colour}\" d=\"M{x} {middle}h0\"/>", size.class())?;
            }
            let (x, y) = (Px(x + SWATCH + 6.0), Px(middle + 4.0));
            writeln!(f, "<text x=\"{x}\" y=\"{y}\">{}</text>", Escaped(text))?;
        }
        Ok(())
    }
}
