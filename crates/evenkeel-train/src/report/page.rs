//! The HTML page around a report's parts.

use std::fmt::{self, Display};

use super::{
    Part, Report,
    document::{CHART_STYLE, Document},
    sheet::Drawn,
    text::Escaped,
};

pub(super) struct Page<'a>(pub(super) &'a Report);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = Escaped(&self.0.title);
        let page_style = include_str!("page.css");
        write!(
            f,
            r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{page_style}{CHART_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
"#
        )?;
        let mut figure = 0;
        for part in &self.0.parts {
            match part {
                Part::Heading(text) => writeln!(f, "<h2>{}</h2>", Escaped(text))?,
                Part::Paragraph(text) => writeln!(f, "<p>{}</p>", Escaped(text))?,
                Part::Preformatted(text) => writeln!(f, "<pre tabindex=\"0\">{}</pre>", Escaped(text))?,
                Part::Table(table) => table.write_html(f)?,
                Part::Chart(chart) => {
                    figure += 1;
                    write_figure(f, figure, Document::of_chart(chart, false), &chart.title, &chart.caption)?;
                }
                Part::Panels(panels) => {
                    figure += 1;
                    write_figure(f, figure, Document::of_panels(panels, false), &panels.title, &panels.caption)?;
                }
                Part::Sheet(sheet) => {
                    figure += 1;
                    write_figure(f, figure, Drawn { sheet, standalone: false }, &sheet.title, &sheet.caption)?;
                }
            }
        }
        write!(f, "</main>\n</body>\n</html>\n")
    }
}

fn write_figure(
    f: &mut fmt::Formatter<'_>,
    number: usize,
    picture: impl Display,
    title: &str,
    caption: &str,
) -> fmt::Result {
    writeln!(f, "<figure>\n<div class=\"scroll\" tabindex=\"0\">\n{picture}</div>")?;
    write!(f, "<figcaption>Figure {number}.")?;
    if !title.is_empty() {
        write!(f, " <strong>{}.</strong>", Escaped(title))?;
    }
    writeln!(f, " {}</figcaption>\n</figure>", Escaped(caption))
}
