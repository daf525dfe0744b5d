//! Where records and fields begin and end.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2_iter, memrchr2_iter};

use super::marks::Marks;

/// What separates and encloses fields, and how long a record may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) separator: u8,
    /// No quotes if `None`.
    pub(super) quote: Option<u8>,
    /// Whether blanks around fields, also outside of their quotes, do not count.
    pub(super) trimmed: bool,
    /// Bytes of a record.
    pub(super) limit: usize,
}

/// A record that cannot be taken apart, at a position of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    /// Records before it.
    pub(super) record: usize,
    pub(super) expected: String,
    pub(super) got: String,
    pub(super) cure: &'static str,
}

/// The fields of a text.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Record after record, each field's first byte and the one after its last. Quotes around a field belong to it.
    pub(super) spans: Vec<(u32, u32)>,
    /// The bytes that were taken apart.
    pub(super) bytes: usize,
    /// The lines that these are.
    pub(super) lines: u64,
}

impl Format {
    /// The quote; a line end, which never is inside of a field, if there are none.
    fn quote_or_line_end(self) -> u8 {
        self.quote.unwrap_or(b'\n')
    }

    /// The fields of whole records, each of `columns` fields (of as many as the first, if `None`). Empty lines are passed over. With
    /// `first_only`, the fields of the first record.
    pub(super) fn scan(self, text: &[u8], columns: Option<usize>, first_only: bool) -> Result<Scanned, Fault> {
        let mut marks = Marks::new(text, [self.separator, b'\n', self.quote_or_line_end()]);
        let (mut spans, mut lines) = (Vec::with_capacity(if first_only { 0 } else { text.len() / 8 }), 0);
        let (mut columns, mut record, mut at) = (columns, 0, 0);
        while at < text.len() {
            if let Some(rest) = empty_line(&text[at..]) {
                marks.next();
                at += rest;
                lines += 1;
                continue;
            }
            let (start, first) = (at, spans.len());
            if let Some(end) = self.plain_record(text, at, columns, &mut marks, &mut spans) {
                at = end;
                lines += 1;
            } else {
                (at, lines) = self.record(text, at, (record, lines), &mut marks, &mut spans)?;
            }
            if at - start > self.limit {
                return Err(self.too_long(start, record));
            }
            let fields = spans.len() - first;
            let expected = *columns.get_or_insert(fields);
            if fields != expected {
                return Err(Fault {
                    at: start,
                    record,
                    expected: fields_text(expected),
                    got: fields_text(fields),
                    cure: "correct the line; check the separator, and quote fields that hold it",
                });
            }
            record += 1;
            if first_only {
                break;
            }
        }
        Ok(Scanned { spans, bytes: at, lines })
    }

    /// The end of the record at `at` if its marks, so many as there are columns, are known already and no quotes; its fields go to `spans`.
    #[inline]
    fn plain_record(
        self,
        text: &[u8],
        at: usize,
        columns: Option<usize>,
        marks: &mut Marks<'_>,
        spans: &mut Vec<(u32, u32)>,
    ) -> Option<usize> {
        let record = marks.ahead(columns?)?;
        let (n, (&end, separators)) = (record.len(), record.split_last()?);
        // All of them, as this is nearly always so.
        let others = separators.iter().fold(0, |others, &mark| others | (text[mark as usize] ^ self.separator));
        if others != 0 || text[end as usize] != b'\n' || self.trimmed {
            return None;
        }
        let mut start = at as u32;
        spans.extend(record.iter().map(|&mark| (std::mem::replace(&mut start, mark + 1), mark)));
        let last = spans.last_mut()?;
        last.1 -= u32::from(last.1 > last.0 && text[end as usize - 1] == b'\r');
        marks.skip(n);
        Some(end as usize + 1)
    }

    /// The end of the record at `at`, after so many others and lines, and the lines up to its end; its fields go to `spans`.
    fn record(
        self,
        text: &[u8],
        mut at: usize,
        (record, mut lines): (usize, u64),
        marks: &mut Marks<'_>,
        spans: &mut Vec<(u32, u32)>,
    ) -> Result<(usize, u64), Fault> {
        loop {
            let field = at + self.blanks(&text[at..]);
            let (field_end, lines_inside) = self.field_end(text, field, record, marks)?;
            (at, lines) = (field_end, lines + lines_inside);
            let line_end = text[at] == b'\n';
            let mut end = if line_end && at > field && text[at - 1] == b'\r' { at - 1 } else { at };
            if self.trimmed {
                end = field + text[field..end].trim_ascii_end().len();
            }
            spans.push((field as u32, end as u32));
            at += 1;
            if line_end {
                return Ok((at, lines + 1));
            }
        }
    }

    /// Where the separator or line end is that ends the field at `field`, and the line ends inside of the field. It becomes the last mark.
    #[inline]
    fn field_end(self, text: &[u8], field: usize, record: usize, marks: &mut Marks<'_>) -> Result<(usize, u64), Fault> {
        // Every text that is scanned ends with a line end.
        let end = marks.next().expect("a line end");
        if Some(text[end]) != self.quote { Ok((end, 0)) } else { self.quoted_end(text, field, end, record, marks) }
    }

    /// The same, if the first mark is a quote, at `mark`.
    fn quoted_end(
        self,
        text: &[u8],
        field: usize,
        mark: usize,
        record: usize,
        marks: &mut Marks<'_>,
    ) -> Result<(usize, u64), Fault> {
        let fault = |at, expected: &str, got: &str, cure| {
            Err(Fault { at, record, expected: expected.into(), got: got.into(), cure })
        };
        if mark != field {
            let cure = "quote the whole field and double the quotes in it, or read the file without quotes";
            return fault(mark, "a quote only around a whole field", "one inside of a field", cure);
        }
        let mut lines = 0;
        loop {
            let Some(next) = marks.next() else {
                let cure = "close it, or read the file without quotes";
                return fault(field, "a quote at the end of a quoted field", "the end of the file", cure);
            };
            if Some(text[next]) != self.quote {
                lines += u64::from(text[next] == b'\n');
                continue;
            }
            let mut at = next + 1;
            if text.get(at).copied() == self.quote {
                marks.next();
                continue;
            }
            at += self.blanks(&text[at..]);
            let end = match text[at..] {
                [next, ..] if next == self.separator || next == b'\n' => at,
                [b'\r', b'\n', ..] => at + 1,
                _ => {
                    let cure = "double the quotes inside of a field, or read the file without quotes";
                    return fault(at, "a separator or a line end after a closing quote", "more of the field", cure);
                }
            };
            marks.next();
            return Ok((end, lines));
        }
    }

    /// The blanks at the start of `text` that do not count.
    #[inline]
    fn blanks(self, text: &[u8]) -> usize {
        let blank = |&&byte: &&u8| (byte == b' ' || byte == b'\t') && byte != self.separator;
        if self.trimmed { text.iter().take_while(blank).count() } else { 0 }
    }

    /// The ends of blocks of whole records of about `block` bytes. What lies behind the last is not a whole record.
    ///
    /// A line end belongs to a field if the quotes before it are odd in number: a record need not be taken apart to see that. If there are
    /// no quotes, which `quoted` says, they need not be counted.
    pub(super) fn blocks(mut self, text: &[u8], block: usize, quoted: bool) -> Vec<usize> {
        self.quote = self.quote.filter(|_| quoted);
        let quote = self.quote_or_line_end();
        let (mut ends, mut start) = (Vec::new(), 0);
        while start + block < text.len() {
            let near = start + block;
            let mut inside = self.odd_quotes(&text[start..near]);
            let end = memchr2_iter(quote, b'\n', &text[near..]).find(|&n| {
                inside ^= Some(text[near + n]) == self.quote;
                text[near + n] == b'\n' && !inside
            });
            let Some(end) = end else { break };
            start = near + end + 1;
            ends.push(start);
        }
        let rest = &text[start..];
        let mut inside = self.odd_quotes(rest);
        let last = memrchr2_iter(quote, b'\n', rest).find(|&at| {
            inside ^= Some(rest[at]) == self.quote;
            rest[at] == b'\n' && !inside
        });
        ends.extend(last.map(|at| start + at + 1));
        ends
    }

    pub(super) fn has_quotes(self, text: &[u8]) -> bool {
        self.quote.is_some_and(|quote| memchr(quote, text).is_some())
    }

    fn odd_quotes(self, text: &[u8]) -> bool {
        self.quote.is_some_and(|quote| memchr_iter(quote, text).count() % 2 == 1)
    }

    /// A record at `at`, after `record` others, that is longer than it may be.
    pub(super) fn too_long(self, at: usize, record: usize) -> Fault {
        Fault {
            at,
            record,
            expected: format!("a record of at most {} bytes", self.limit),
            got: "a longer one".into(),
            cure: "check that this is a CSV file and that every quote is closed, or raise the limit",
        }
    }

    /// A field's content.
    pub(super) fn content(self, field: &str) -> Cow<'_, str> {
        match self.quote.map(char::from) {
            Some(quote) if field.starts_with(quote) => {
                let inside = &field[1..field.len() - 1];
                if inside.contains(quote) {
                    Cow::Owned(inside.replace(&format!("{quote}{quote}"), &quote.to_string()))
                } else {
                    Cow::Borrowed(inside)
                }
            }
            _ => Cow::Borrowed(field),
        }
    }
}

/// The length of an empty line at the start of `text`, with its end.
fn empty_line(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// The number of line ends.
pub(super) fn count_lines(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

fn fields_text(n: usize) -> String {
    if n == 1 { "1 field".into() } else { format!("{n} fields") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format { separator: b',', quote: Some(b'"'), trimmed: false, limit: 100 };

    fn fields(text: &str) -> Vec<&str> {
        let scanned = FORMAT.scan(text.as_bytes(), None, false).unwrap();
        assert_eq!((scanned.bytes, scanned.lines), (text.len(), count_lines(text.as_bytes())));
        scanned.spans.iter().map(|&(a, b)| &text[a as usize..b as usize]).collect()
    }

    #[test]
    fn fields_are_found() {
        assert_eq!(fields("a,b\n\n\r\nc,\r\n,\n"), ["a", "b", "c", "", "", ""]);
        assert_eq!(fields("\"a,\n\"\"b\",\"\"\r\n\"\",x\r\r\n"), ["\"a,\n\"\"b\"", "\"\"", "\"\"", "x\r"]);
        assert_eq!(fields("a,b\r\n,\r\n\r\n\r,\r\r\n\r\r,x\n"), ["a", "b", "", "", "\r", "\r", "\r\r", "x"]);
        assert_eq!(fields("a\n\r\r\nb\r\n\n\"\"\nc\n"), ["a", "\r", "b", "\"\"", "c"]);
        assert_eq!(FORMAT.content("\"a,\n\"\"b\""), "a,\n\"b");
        assert_eq!(FORMAT.content("\"\""), "");
        let without = Format { quote: None, ..FORMAT };
        assert_eq!(without.scan(b"5\",\"\n", None, false).unwrap().spans, [(0, 2), (3, 4)]);
    }

    #[test]
    fn faults_are_where_they_are() {
        for (text, at, record, expected) in [
            ("a,b\nc\n", 4, 1, "2 fields"),
            ("a,b\nc,d,e\n", 4, 1, "2 fields"),
            ("a,b\nc,d\"e\n", 7, 1, "a quote only around a whole field"),
            ("a,\"b\" \n", 5, 0, "a separator or a line end after a closing quote"),
            ("a,\"b\n", 2, 0, "a quote at the end of a quoted field"),
            ("a,\"b\"\"\n", 2, 0, "a quote at the end of a quoted field"),
            (&format!("a\n{}\n", "x".repeat(100)), 2, 1, "a record of at most 100 bytes"),
        ] {
            let fault = FORMAT.scan(text.as_bytes(), None, false).unwrap_err();
            assert_eq!((fault.at, fault.record, fault.expected.as_str()), (at, record, expected), "{text:?}");
        }
    }

    #[test]
    fn blocks_end_between_records() {
        let text = "a,\"x\ny\"\nb,\"\"\"\n\"\nc,d\ne,\"half";
        let ends = |block| FORMAT.blocks(text.as_bytes(), block, true);
        assert_eq!(ends(1), [8, 16, 20]);
        assert_eq!(ends(100), [20]);
        assert!(FORMAT.blocks(b"\"half\n", 1, true).is_empty());
        assert_eq!(FORMAT.blocks(b"a\nb\nc", 1, false), FORMAT.blocks(b"a\nb\nc", 1, true));
        assert!(FORMAT.blocks(b"", 1, false).is_empty());
        for block in 1..30 {
            assert!(ends(block).iter().all(|end| [8, 16, 20].contains(end)));
            assert_eq!(ends(block).last(), Some(&20));
        }
    }
}
