//! An SVG picture: its title, its legend, and one plot or several.
//!
//! Written by hand rather than through a plotting library: the picture takes its colours from style rules, so it follows the
//! reader's dark mode; places keep a tenth of a pixel; and the markup says what it shows to those who cannot see it.

use std::fmt::{self, Display};

use super::{
    Chart, Panels,
    describe::Description,
    legend::Legend,
    panel::Panel,
    text::{Escaped, fit},
};

pub(super) const CHART_STYLE: &str = include_str!("chart.css");
pub(super) const FONT: f64 = 12.0;
pub(super) const WIDTH: f64 = 720.0;
const NARROWEST: f64 = 360.0;
const PLOT_HEIGHT: f64 = 320.0;
/// How high a single plot with equal axes may be.
const PLANE_HEIGHT: f64 = 440.0;
pub(super) const TITLE_HEIGHT: f64 = 34.0;
pub(super) const TITLE_FONT: f64 = 15.0;
const PANEL_TITLE_HEIGHT: f64 = 18.0;
const GAP: f64 = 16.0;

/// A picture with its plots laid out.
pub(super) struct Document<'a> {
    title: &'a str,
    charts: &'a [Chart],
    panels: Vec<Panel<'a>>,
    /// Whether each plot has its own title.
    titled: bool,
    standalone: bool,
    legend: Legend<'a>,
    left: f64,
    width: f64,
    height: f64,
}

impl<'a> Document<'a> {
    /// The picture of a chart; `standalone`: with its title drawn and the style inside, which otherwise the page has.
    pub(super) fn of_chart(chart: &'a Chart, standalone: bool) -> Self {
        Self::new(&chart.title, std::slice::from_ref(chart), 1, false, standalone)
    }

    /// The picture of charts side by side.
    pub(super) fn of_panels(panels: &'a Panels, standalone: bool) -> Self {
        Self::new(&panels.title, &panels.charts, panels.columns, true, standalone)
    }

    fn new(title: &'a str, charts: &'a [Chart], columns: usize, titled: bool, standalone: bool) -> Self {
        let columns = columns.min(charts.len()).max(1);
        let room = (WIDTH - GAP * (columns - 1) as f64) / columns as f64;
        let plot_height = if columns == 1 { PLOT_HEIGHT } else { (0.6 * room).max(120.0) };
        let mut panels: Vec<_> = charts.iter().map(|chart| Panel::new(chart, room, plot_height)).collect();
        // Plots below each other begin and end at the same place.
        let widest = |of: fn(&Panel<'a>) -> f64| panels.iter().map(of).fold(8.0, f64::max);
        let (left, right) = (widest(Panel::left_room), widest(Panel::right_room));
        let room = (room - left - right).max(40.0);
        let sizes: Vec<_> =
            panels.iter().map(|panel| panel.size(room, plot_height, room.clamp(plot_height, PLANE_HEIGHT))).collect();
        let broadest = sizes.iter().map(|size| size.0).fold(0.0, f64::max);
        let column = left + broadest + right;
        let width = (column * columns as f64 + GAP * (columns - 1) as f64).clamp(NARROWEST, WIDTH);

        let series = charts.iter().flat_map(|chart| &chart.series);
        let legend = Legend::new(series, left, width - right);
        let mut top = if standalone { TITLE_HEIGHT } else { 0.0 } + legend.height();
        for (panels, sizes) in panels.chunks_mut(columns).zip(sizes.chunks(columns)) {
            top += 10.0 + if titled { PANEL_TITLE_HEIGHT } else { 0.0 };
            let below = panels.iter().map(Panel::room_below).fold(0.0, f64::max);
            for (i, (panel, size)) in panels.iter_mut().zip(sizes).enumerate() {
                panel.place(left + (column + GAP) * i as f64, top, *size);
            }
            top += sizes.iter().map(|size| size.1).fold(0.0, f64::max) + below;
        }
        Self { title, charts, panels, titled, standalone, legend, left, width, height: top }
    }
}

impl Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = (Px(self.width), Px(self.height));
        write!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ek-chart\" role=\"img\" viewBox=\"0 0 {width} {height}\""
        )?;
        // In a page it is as wide as the text, but a narrow picture would be blown up.
        if self.standalone || self.width < WIDTH {
            write!(f, " width=\"{width}\" height=\"{height}\"")?;
        }
        write!(f, ">\n<title>{}</title>\n<desc>", Escaped(self.title))?;
        for (i, chart) in self.charts.iter().enumerate() {
            if self.titled {
                write!(f, "{}{}: ", if i == 0 { "" } else { " " }, Escaped(&chart.title))?;
            }
            write!(f, "{}", Description(chart))?;
        }
        writeln!(f, "</desc>")?;
        if self.standalone {
            let title = fit(self.title, TITLE_FONT, self.width - self.left - 12.0);
            writeln!(
                f,
                "<style>\n{CHART_STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>"
            )?;
            writeln!(f, "<text class=\"title\" x=\"{}\" y=\"24\">{}</text>", Px(self.left), Escaped(&title))?;
        }
        self.legend.write(f, if self.standalone { TITLE_HEIGHT } else { 0.0 })?;
        for panel in &self.panels {
            if self.titled {
                panel.write_title(f)?;
            }
            panel.write_axes(f)?;
            panel.write_series(f, &self.legend)?;
        }
        writeln!(f, "</svg>")
    }
}

/// A length in pixels to a tenth.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl Px {
    fn tenths(self) -> i64 {
        (10.0 * self.0).round() as i64
    }
}

impl PartialEq for Px {
    fn eq(&self, other: &Self) -> bool {
        self.tenths() == other.tenths()
    }
}

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.tenths();
        if tenths % 10 == 0 { write!(f, "{}", tenths / 10) } else { write!(f, "{:.1}", tenths as f64 / 10.0) }
    }
}
