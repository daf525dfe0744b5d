//! Text in markup: escaping, room it takes, numbers as people write them.

use std::fmt::{self, Display, Write};

/// Text as it may stand in XML and HTML, in quoted attributes too: special characters escaped, and those that XML 1.0 cannot
/// hold at all replaced by U+FFFD.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            '\t' | '\n' => f.write_char(c),
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => f.write_char('\u{fffd}'),
            _ => f.write_char(c),
        })
    }
}

/// About how wide the text is in a proportional font. Nothing here can measure a font, so the estimate is on the wide side.
pub(super) fn width(text: &str, font_size: f64) -> f64 {
    text.chars().map(char_width).sum::<f64>() * font_size
}

fn char_width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '\u{202f}' => 0.33,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '×' | '−' => 0.88,
        'A'..='Z' => 0.70,
        _ if (c as u32) < 0x1100 => 0.60,
        _ => 1.0,
    }
}

/// The text, or as much of its beginning as fits into `room` with an ellipsis.
pub(super) fn fit(text: &str, font_size: f64, room: f64) -> String {
    if width(text, font_size) <= room {
        return text.to_owned();
    }
    let mut left = room - font_size;
    let kept = text.chars().take_while(|&c| {
        left -= char_width(c) * font_size;
        left >= 0.0
    });
    kept.chain(['…']).collect()
}

/// A number to four significant digits; very large and very small ones with an exponent.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.abs().to_string().replace("inf", if value < 0.0 { "−∞" } else { "∞" });
    }
    let scientific = format!("{value:.3e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(3 - exponent).unwrap_or(0);
        minus(trim_zeros(&format!("{value:.decimals$}")))
    } else {
        minus(&power_of_ten(trim_zeros(mantissa), exponent))
    }
}

fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// The number with a minus sign in place of the hyphen.
pub(super) fn minus(number: &str) -> String {
    number.replace('-', "−")
}

/// `mantissa×10ᵉ`, in characters that every font has.
pub(super) fn power_of_ten(mantissa: &str, exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let exponent = exponent.to_string();
    let raised = exponent.chars().map(|c| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]));
    let factor = if mantissa == "1" { String::new() } else { format!("{mantissa}×") };
    factor.chars().chain("10".chars()).chain(raised).collect()
}

/// The digits before the point in groups of three, from 10 000 on.
pub(super) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = sign.to_owned();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && whole.len() > 4 && (whole.len() - i) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(c);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (0.9, "0.9"),
            (0.98754, "0.9875"),
            (-12.0, "−12"),
            (50_000.0, "50000"),
            (1e30, "10³⁰"),
            (-2.5e-7, "−2.5×10⁻⁷"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "NaN"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        assert_eq!(grouped("1234"), "1234");
        assert_eq!(grouped("-1234567.25"), "-1\u{202f}234\u{202f}567.25");
    }

    #[test]
    fn text_that_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(fit("short", 12.0, 100.0), "short");
        let cut = fit(&"long ".repeat(50), 12.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0) <= 100.0 + 12.0, "{cut}");
        assert_eq!(fit("anything", 12.0, 0.0), "…");
    }

    #[test]
    fn markup_and_control_characters_are_neutralised() {
        let text = Escaped("<b>&\"'\u{0}\u{1b}\n").to_string();
        assert_eq!(text, "&lt;b&gt;&amp;&quot;&#39;\u{fffd}\u{fffd}\n");
    }
}
