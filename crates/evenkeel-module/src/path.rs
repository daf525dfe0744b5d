//! Where a part is in a network: `layers.0.weight`.

use std::fmt::{self, Write};

/// The path of a part, as a list on the stack: walking through a network allocates nothing.
///
/// ```
/// use evenkeel_module::Path;
///
/// let root = Path::root();
/// let layers = root.child("layers");
/// let first = layers.index(0);
/// let weight = first.child("weight");
/// assert_eq!(weight.to_string(), "layers.0.weight");
/// assert!(weight.matches("layers.0"));         // a part stands for everything below it
/// assert!(weight.matches("*.weight"));
/// assert!(!weight.matches("layers.1"));
/// ```
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The path of the network itself.
    pub const fn root() -> Self {
        Path { parent: None, segment: Segment::Root }
    }

    /// The path of the part called `name`.
    pub const fn child(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Name(name) }
    }

    /// The path of part number `index` of a sequence.
    pub const fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Index(index) }
    }

    /// The path of what this is a part of.
    pub fn parent(&self) -> Option<&'a Path<'a>> {
        self.parent
    }

    /// Whether `pattern` names this part or a part that contains it. `*` stands for any run of
    /// characters, dots included. The empty pattern names the network itself and nothing in it.
    pub fn matches(&self, pattern: &str) -> bool {
        let mut line = Line { bytes: [0; Line::SHORT], len: 0 };
        let long;
        let text = match write!(line, "{self}") {
            Ok(()) => &line.bytes[..line.len],
            Err(fmt::Error) => {
                long = self.to_string();
                long.as_bytes()
            }
        };
        // A part's path is the start of this one, up to a dot. The network contains everything, so it has no say.
        let ends = (1..text.len()).filter(|&end| text[end] == b'.').chain([text.len()]);
        ends.into_iter().any(|end| glob(pattern.as_bytes(), &text[..end]))
    }
}

/// A path written out on the stack, unless it is longer than paths are.
struct Line {
    bytes: [u8; Self::SHORT],
    len: usize,
}

impl Line {
    const SHORT: usize = 128;
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Whether `text` as a whole fits `pattern`, by backtracking to the last `*`.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == text[t] {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent
            && !matches!(parent.segment, Segment::Root)
        {
            write!(f, "{parent}.")?;
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Name(name) => f.write_str(name),
            Segment::Index(index) => write!(f, "{index}"),
        }
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_match_as_short_ones_do() {
        let (root, name) = (Path::root(), "x".repeat(100));
        let outer = root.child(&name);
        let inner = outer.index(7);
        let weight = inner.child(&name);
        assert!(weight.to_string().len() > Line::SHORT);
        for (pattern, fits) in [("*.7", true), (&*name, true), ("*.7.x*", true), ("*.8", false), ("", false)] {
            assert_eq!(weight.matches(pattern), fits, "{pattern}");
        }
        assert!(root.matches("") && root.matches("*") && !root.matches("x"));
    }

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*.bias", "layers.0.bias", true),
            ("a**b", "ab", true),
            ("*a*b*", "xxaxxbx", true),
            ("layers.1", "layers.10", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} on {text}");
        }
    }
}
