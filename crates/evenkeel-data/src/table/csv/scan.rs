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

/// Takes a text of whole records apart.
pub(super) struct Scanner<'a> {
    format: Format,
    text: &'a [u8],
    /// Of each record; of the first, if `None` so far.
    columns: Option<usize>,
    marks: Marks<'a>,
    /// Record after record, each field's first byte and the one after its last. Quotes around a field belong to it.
    pub(super) spans: Vec<(u32, u32)>,
    /// What was taken apart: bytes, the lines that these are, and records.
    pub(super) at: usize,
    pub(super) lines: u64,
    record: usize,
}

impl<'a> Scanner<'a> {
    /// Of a text whose records are each of `columns` fields (of as many as the first, if `None`).
    pub(super) fn new(format: Format, text: &'a [u8], columns: Option<usize>) -> Self {
        let marks = Marks::new(text, [format.separator, b'\n', format.quote_or_line_end()]);
        Self { format, text, columns, marks, spans: Vec::new(), at: 0, lines: 0, record: 0 }
    }

    /// Whether what was taken apart is ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.marks.is_ascii()
    }

    /// Takes so many records apart, or all there are. Empty lines are passed over.
    pub(super) fn take(&mut self, records: usize) -> Result<(), Fault> {
        let end = self.record.saturating_add(records);
        while self.at < self.text.len() && self.record < end {
            if let Some(rest) = empty_line(&self.text[self.at..]) {
                self.marks.next();
                self.at += rest;
                self.lines += 1;
                continue;
            }
            let (start, first) = (self.at, self.spans.len());
            if self.plain_record().is_none() {
                self.any_record()?;
            }
            if self.at - start > self.format.limit {
                return Err(self.format.too_long(start, self.record));
            }
            let fields = self.spans.len() - first;
            let expected = *self.columns.get_or_insert(fields);
            if fields != expected {
                return Err(Fault {
                    at: start,
                    record: self.record,
                    expected: fields_text(expected),
                    got: fields_text(fields),
                    cure: "correct the line; check the separator, and quote fields that hold it",
                });
            }
            self.record += 1;
        }
        Ok(())
    }

    /// The next record, if its marks, so many as there are columns, are known already and no quotes.
    #[inline]
    fn plain_record(&mut self) -> Option<()> {
        let Self { format, text, .. } = *self;
        let record = self.marks.ahead(self.columns?)?;
        let (n, (&end, separators)) = (record.len(), record.split_last()?);
        // All of them, as this is nearly always so.
        let others = separators.iter().fold(0, |others, &mark| others | (text[mark as usize] ^ format.separator));
        if others != 0 || text[end as usize] != b'\n' || format.trimmed {
            return None;
        }
        let mut start = self.at as u32;
        self.spans.extend(record.iter().map(|&mark| (std::mem::replace(&mut start, mark + 1), mark)));
        let last = self.spans.last_mut()?;
        last.1 -= u32::from(last.1 > last.0 && text[end as usize - 1] == b'\r');
        self.marks.skip(n);
        self.at = end as usize + 1;
        self.lines += 1;
        Some(())
    }

    /// The next record.
    fn any_record(&mut self) -> Result<(), Fault> {
        let Self { format, text, .. } = *self;
        loop {
            let field = self.at + format.blanks(&text[self.at..]);
            let at = self.field_end(field)?;
            let line_end = text[at] == b'\n';
            let mut end = if line_end && at > field && text[at - 1] == b'\r' { at - 1 } else { at };
            if format.trimmed {
                end = field + text[field..end].trim_ascii_end().len();
            }
            self.spans.push((field as u32, end as u32));
            self.at = at + 1;
            if line_end {
                self.lines += 1;
                return Ok(());
            }
        }
    }

    /// Where the separator or line end is that ends the field at `field`. It becomes the last mark; line ends inside of the field are counted.
    #[inline]
    fn field_end(&mut self, field: usize) -> Result<usize, Fault> {
        // Every text that is scanned ends with a line end.
        let end = self.marks.next().expect("a line end");
        if Some(self.text[end]) != self.format.quote { Ok(end) } else { self.quoted_end(field, end) }
    }

    /// The same, if the first mark is a quote, at `mark`.
    fn quoted_end(&mut self, field: usize, mark: usize) -> Result<usize, Fault> {
        let Self { format, text, record, .. } = *self;
        let fault = |at, expected: &str, got: &str, cure| {
            Err(Fault { at, record, expected: expected.into(), got: got.into(), cure })
        };
        if mark != field {
            let cure = "quote the whole field and double the quotes in it, or read the file without quotes";
            return fault(mark, "a quote only around a whole field", "one inside of a field", cure);
        }
        loop {
            let Some(next) = self.marks.next() else {
                let cure = "close it, or read the file without quotes";
                return fault(field, "a quote at the end of a quoted field", "the end of the file", cure);
            };
            if Some(text[next]) != format.quote {
                self.lines += u64::from(text[next] == b'\n');
                continue;
            }
            let mut at = next + 1;
            if text.get(at).copied() == format.quote {
                self.marks.next();
                continue;
            }
            at += format.blanks(&text[at..]);
            let end = match text[at..] {
                [next, ..] if next == format.separator || next == b'\n' => at,
                [b'\r', b'\n', ..] => at + 1,
                _ => {
                    let cure = "double the quotes inside of a field, or read the file without quotes";
                    return fault(at, "a separator or a line end after a closing quote", "more of the field", cure);
                }
            };
            self.marks.next();
            return Ok(end);
        }
    }
}

impl Format {
    /// The quote; a line end, which never is inside of a field, if there are none.
    fn quote_or_line_end(self) -> u8 {
        self.quote.unwrap_or(b'\n')
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
    pub(super) fn content(self, field: &[u8]) -> Cow<'_, [u8]> {
        match self.quote {
            Some(quote) if field.first() == Some(&quote) => {
                let inside = &field[1..field.len() - 1];
                if inside.contains(&quote) {
                    // The first of each two quotes.
                    let mut second = false;
                    let is_kept = |&&byte: &&u8| {
                        second = byte == quote && !second;
                        !second
                    };
                    Cow::Owned(inside.iter().filter(is_kept).copied().collect())
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
        let mut scanner = Scanner::new(FORMAT, text.as_bytes(), None);
        while scanner.at < text.len() {
            scanner.take(1).unwrap();
        }
        assert_eq!(scanner.lines, count_lines(text.as_bytes()));
        scanner.spans.iter().map(|&(a, b)| &text[a as usize..b as usize]).collect()
    }

    #[test]
    fn fields_are_found() {
        assert_eq!(fields("a,b\n\n\r\nc,\r\n,\n"), ["a", "b", "c", "", "", ""]);
        assert_eq!(fields("\"a,\n\"\"b\",\"\"\r\n\"\",x\r\r\n"), ["\"a,\n\"\"b\"", "\"\"", "\"\"", "x\r"]);
        assert_eq!(fields("a,b\r\n,\r\n\r\n\r,\r\r\n\r\r,x\n"), ["a", "b", "", "", "\r", "\r", "\r\r", "x"]);
        assert_eq!(fields("a\n\r\r\nb\r\n\n\"\"\nc\n"), ["a", "\r", "b", "\"\"", "c"]);
        for (field, content) in [("\"a,\n\"\"b\"", "a,\n\"b"), ("\"\"", ""), ("\"\"\"\"\"\"", "\"\""), ("é", "é")] {
            assert_eq!(FORMAT.content(field.as_bytes()), content.as_bytes());
        }
        let without = Format { quote: None, ..FORMAT };
        let mut scanner = Scanner::new(without, b"5\",\"\n", None);
        scanner.take(9).unwrap();
        assert_eq!(scanner.spans, [(0, 2), (3, 4)]);
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
            let fault = Scanner::new(FORMAT, text.as_bytes(), None).take(9).unwrap_err();
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
