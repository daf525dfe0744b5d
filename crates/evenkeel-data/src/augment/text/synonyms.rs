//! Where synonyms come from: the trait, and a table in memory.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::lines::{LineReader, quote};
use crate::{DataError, FileError};

/// Whatever knows synonyms: an open set.
///
/// ```
/// use evenkeel_data::Seed;
/// use evenkeel_data::augment::text::{Eda, Synonyms};
///
/// /// Swaps British for American spellings.
/// #[derive(Debug)]
/// struct Spelling;
/// impl Synonyms for Spelling {
///     fn lookup(&self, word: &str) -> Vec<&str> {
///         match word {
///             "colour" => vec!["color"],
///             _ => vec![],
///         }
///     }
/// }
/// let texts = Eda::default().with_random_deletion(0.0).with_random_swap(0.0).augment("Colour", &Spelling, Seed(7))?;
/// assert!(texts.iter().all(|text| ["Color", "color Colour", "Colour color"].contains(&text.as_str())));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
pub trait Synonyms: Debug + Send + Sync {
    /// The synonyms of a word, without the word itself, always in the same order; nothing where there are none. The word is
    /// asked for in lower case.
    fn lookup(&self, word: &str) -> Vec<&str>;

    /// Whether this is a word, so that [`Tokens::with_dictionary`](super::Tokens::with_dictionary) keeps it whole.
    fn knows(&self, word: &str) -> bool {
        !self.lookup(word).is_empty()
    }
}

/// How the lines of a synonym file are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lines {
    /// The first word has the others as its synonyms, and not the other way round.
    #[default]
    Headword,
    /// Each word has all the others of its line as its synonyms.
    Groups,
}

/// A table of synonyms in memory, for any language.
///
/// # The file
///
/// UTF-8 text, one line per word or group (see [`Lines`]): `word<TAB>synonym[<TAB>synonym...]`. A word may hold spaces and
/// may have several lines, whose synonyms then add up. Empty lines and lines that begin with `#` are skipped; white space around a
/// word, a byte order mark and CR LF line ends are accepted. A word is never its own synonym.
///
/// Words are looked up in lower case; synonyms are given as the file writes them. Unicode's composed and decomposed forms
/// of a character count as different: let the file be written in the form of the texts (nearly always the composed one, NFC).
///
/// ```
/// use evenkeel_data::DataError;
/// use evenkeel_data::augment::text::{Lines, Synonyms, Table};
///
/// let tsv = "# two lines\r\nhaus\tGebäude\tHeim\r\n高兴\t快乐\r\n";
/// let table = Table::from_tsv(tsv.as_bytes(), "synonyms.tsv", Lines::Headword)?;
/// assert_eq!(table.lookup("Haus"), ["Gebäude", "Heim"]);
/// assert!(table.lookup("heim").is_empty() && table.knows("heim"));
///
/// let error = Table::from_tsv("happy glad\n".as_bytes(), "synonyms.tsv", Lines::Headword).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "synonyms.tsv, line 1: expected a word, a tab and a synonym, got \"happy glad\"; correct the line or remove it"
/// );
/// # Ok::<(), DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The words of each line. Kept once per line: a list for each word would make a group's memory quadratic.
    lines: Vec<Vec<String>>,
    /// All words in lower case, with the lines that hold their synonyms.
    words: HashMap<String, Vec<usize>>,
}

impl Table {
    /// The English table inside the crate: some 430 groups of common adjectives, adverbs, verbs and nouns.
    ///
    /// It is meant for a first try and for tests. Many words are missing, and inflected forms nearly all: use
    /// [`WordNet`](super::WordNet) for more.
    ///
    /// ```
    /// use evenkeel_data::augment::text::{Synonyms, Table};
    ///
    /// assert!(Table::builtin().lookup("happy").contains(&"glad"));
    /// ```
    pub fn builtin() -> Self {
        let tsv = include_bytes!("builtin.tsv");
        Self::from_tsv(&tsv[..], "builtin.tsv", Lines::Groups)
            .expect("the table inside the crate is sound, which a test holds")
    }

    /// Reads a table from a file.
    ///
    /// # Errors
    /// If the file cannot be read, a line is malformed (no tab, an empty word, not UTF-8, longer than 1 MiB), or there are
    /// no synonyms in it.
    pub fn read_tsv(path: impl AsRef<Path>, lines: Lines) -> Result<Self, DataError> {
        Self::parse(LineReader::open(path.as_ref())?, lines)
    }

    /// Reads a table from `reader`, to its end; errors call it `name`.
    ///
    /// # Errors
    /// As [`read_tsv`](Table::read_tsv).
    pub fn from_tsv(reader: impl Read, name: impl AsRef<Path>, lines: Lines) -> Result<Self, DataError> {
        Self::parse(LineReader::new(BufReader::new(reader), name.as_ref()), lines)
    }

    /// The number of words that have synonyms.
    pub fn len(&self) -> usize {
        self.words.keys().filter(|word| !self.lookup(word).is_empty()).count()
    }

    /// Whether no word has a synonym.
    pub fn is_empty(&self) -> bool {
        self.words.keys().all(|word| self.lookup(word).is_empty())
    }

    fn parse<R: BufRead>(mut reader: LineReader<'_, R>, lines: Lines) -> Result<Self, DataError> {
        const LINE: &str = "a word, a tab and a synonym";
        let mut table = Self::default();
        while let Some(line) = reader.next()? {
            let Ok(text) = std::str::from_utf8(line) else {
                let got = quote(line);
                return Err(reader.malformed("UTF-8", got));
            };
            if text.starts_with('#') || text.trim().is_empty() {
                continue;
            }
            let group: Vec<&str> = text.split('\t').map(str::trim).collect();
            let empty = group.iter().position(|word| word.is_empty());
            if group.len() < 2 || empty.is_some() {
                let got = quote(line);
                let got = empty.map_or(got.clone(), |field| format!("nothing as word {} of {got}", field + 1));
                return Err(reader.malformed(LINE, got));
            }
            let heads = if lines == Lines::Groups { group.len() } else { 1 };
            for (number, word) in group.iter().enumerate() {
                let of_word = table.words.entry(word.to_lowercase()).or_default();
                if number < heads && of_word.last() != Some(&table.lines.len()) {
                    of_word.push(table.lines.len());
                }
            }
            table.lines.push(group.into_iter().map(str::to_owned).collect());
        }
        if table.is_empty() {
            return Err(DataError::File(FileError::NoSynonyms { path: reader.path().into() }));
        }
        Ok(table)
    }
}

impl Synonyms for Table {
    fn lookup(&self, word: &str) -> Vec<&str> {
        let word = lower(word);
        let lines = self.words.get(&*word).into_iter().flatten();
        others(&word, lines.flat_map(|&line| self.lines[line].iter().map(String::as_str)))
    }

    fn knows(&self, word: &str) -> bool {
        self.words.contains_key(&*lower(word))
    }
}

/// In lower case, copied only where it is not so already.
pub(super) fn lower(word: &str) -> Cow<'_, str> {
    // A letter may be neither upper nor lower case, as `ǅ` is, and have a lower case.
    if word.chars().any(|c| !c.to_lowercase().eq([c])) { word.to_lowercase().into() } else { word.into() }
}

/// The first of each kind among `words` that is not `word` itself, whatever its case.
pub(super) fn others<'s>(word: &str, words: impl Iterator<Item = &'s str>) -> Vec<&'s str> {
    let mut seen = HashSet::new();
    words.filter(|other| *lower(other) != *word && seen.insert(*other)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_inside_the_crate_is_sound() {
        let tsv = include_str!("builtin.tsv");
        let mut seen = HashMap::new();
        let groups: Vec<&str> = tsv.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        for group in &groups {
            for word in group.split('\t') {
                assert_eq!(word, word.trim().to_lowercase());
                assert!(word.chars().all(|c| c.is_ascii_lowercase() || c == ' ' || c == '-'), "{word}");
                assert_eq!(seen.insert(word, group), None, "{word} is there twice");
            }
        }
        assert!((250..=450).contains(&groups.len()), "{} groups", groups.len());
        let table = Table::builtin();
        assert_eq!(table.len(), seen.len());
        for word in seen.keys() {
            let synonyms = table.lookup(word);
            assert!(!synonyms.is_empty() && !synonyms.contains(word), "{word}");
            assert!(synonyms.iter().all(|synonym| table.lookup(synonym).contains(word)), "{word}");
        }
    }
}
