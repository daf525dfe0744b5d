//! Reading the files of WordNet's database (wndb(5WN)).

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::PartOfSpeech;
use crate::augment::text::lines::{LineReader, quote};
use crate::{DataError, FileError};

/// The words and synsets of one part of speech.
#[derive(Clone, Debug, Default)]
pub(super) struct Database {
    /// The words of all synsets as they are given out, each followed by a line feed.
    text: String,
    /// Each synset's number in the files, which rises, and where its words end in `text`.
    synsets: Vec<(u32, usize)>,
    /// The synsets of all words, as positions in `synsets`.
    senses: Vec<u32>,
    /// For each word the range of its senses, the most frequent first.
    words: HashMap<Box<str>, (u32, u32)>,
    /// Base forms of words inflected against the rules.
    exceptions: HashMap<Box<str>, Vec<String>>,
}

impl Database {
    pub(super) fn read(folder: &Path, part: PartOfSpeech) -> Result<Self, DataError> {
        let [data, index] = ["data", "index"].map(|kind| file(folder, kind, part));
        let (data, index) = (data?, index?);
        let mut database = Self::default();
        database.read_data(LineReader::open(&data)?, part)?;
        database.read_index(LineReader::open(&index)?, part)?;
        let exceptions = folder.join(format!("{}.exc", part.suffix()));
        if exceptions.exists() {
            database.read_exceptions(LineReader::open(&exceptions)?)?;
        }
        Ok(database)
    }

    /// The number of words, and of synsets.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.words.len(), self.synsets.len())
    }

    /// Whether there is such a word, written with spaces.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// The base forms of a word that is inflected against the rules.
    pub(super) fn exceptions(&self, word: &str) -> &[String] {
        self.exceptions.get(word).map_or(&[], Vec::as_slice)
    }

    /// The words of the first `most` synsets that `word` is in.
    pub(super) fn members(&self, word: &str, most: usize) -> impl Iterator<Item = &str> + use<'_> {
        let (start, end) = self.words.get(word).copied().unwrap_or_default();
        self.senses[start as usize..end as usize].iter().take(most).flat_map(|&synset| {
            let before = (synset as usize).checked_sub(1).map_or(0, |previous| self.synsets[previous].1);
            self.text[before..self.synsets[synset as usize].1].lines()
        })
    }

    /// `synset_offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] ... | gloss`; what follows the words is of no
    /// use here.
    fn read_data<R: BufRead>(&mut self, mut lines: LineReader<'_, R>, part: PartOfSpeech) -> Result<(), DataError> {
        while let Some(line) = lines.next()? {
            if is_licence(line) {
                continue;
            }
            let synset = synset(line, part, self.synsets.last().map(|(offset, _)| *offset));
            let Some(synset) = synset else {
                let got = quote(line);
                return Err(lines.malformed(SYNSET, got));
            };
            synset.words.into_iter().for_each(|word| push_letters(&mut self.text, word));
            self.synsets.push((synset.offset, self.text.len()));
        }
        Ok(())
    }

    /// `lemma pos synset_cnt p_cnt [ptr_symbol...] sense_cnt tagsense_cnt synset_offset [synset_offset...]`
    fn read_index<R: BufRead>(&mut self, mut lines: LineReader<'_, R>, part: PartOfSpeech) -> Result<(), DataError> {
        const WORD: &str =
            "a word of the index file, once: word, part of speech, counts, offsets of synsets in the data file";
        while let Some(line) = lines.next()? {
            if is_licence(line) {
                continue;
            }
            let start = self.senses.len() as u32;
            let word = word(line, part, |offset| {
                let synset = self.synsets.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
                self.senses.push(synset as u32);
                Some(())
            });
            let lemma = word.map(|lemma| lemma.replace('_', " ").to_lowercase().into_boxed_str());
            let known = lemma
                .and_then(|lemma| self.words.insert(lemma, (start, self.senses.len() as u32)).is_none().then_some(()));
            if known.is_none() {
                let got = quote(line);
                return Err(lines.malformed(WORD, got));
            }
        }
        Ok(())
    }

    /// `inflected base [base...]`
    fn read_exceptions<R: BufRead>(&mut self, mut lines: LineReader<'_, R>) -> Result<(), DataError> {
        while let Some(line) = lines.next()? {
            let mut forms = std::str::from_utf8(line).unwrap_or_default().split_whitespace();
            let (Some(inflected), Some(base)) = (forms.next(), forms.next()) else {
                let got = quote(line);
                return Err(lines.malformed("an inflected form and its base forms", got));
            };
            let spaced = |form: &str| form.replace('_', " ");
            let bases = self.exceptions.entry(spaced(inflected).into()).or_default();
            bases.extend([base].into_iter().chain(forms).map(spaced));
        }
        Ok(())
    }
}

/// The path of a part of speech's file of this kind, which is there.
pub(super) fn file(folder: &Path, kind: &str, part: PartOfSpeech) -> Result<PathBuf, DataError> {
    let name = format!("{kind}.{}", part.suffix());
    let path = folder.join(&name);
    if path.exists() {
        Ok(path)
    } else {
        Err(DataError::File(FileError::MissingFile { folder: folder.into(), tried: name }))
    }
}

/// The licence at a file's start is indented.
pub(super) fn is_licence(line: &[u8]) -> bool {
    line.first().is_none_or(|&byte| byte == b' ')
}

/// What a line of a data file begins with.
pub(super) struct Synset<'a> {
    /// The line's number, by which others name it.
    pub(super) offset: u32,
    /// The number of the lexicographers' file.
    pub(super) file: usize,
    words: Vec<&'a str>,
}

/// What such a line holds.
pub(super) const SYNSET: &str = "a synset of the data file: offset, file, type, count of words, words";

/// The synset of a line of a data file; `None` if it is malformed. Offsets rise from line to line.
pub(super) fn synset(line: &[u8], part: PartOfSpeech, previous: Option<u32>) -> Option<Synset<'_>> {
    let head = line.split(|&byte| byte == b'|').next()?;
    let mut fields = std::str::from_utf8(head).ok()?.split_ascii_whitespace();
    let offset = number(fields.next()?).filter(|&offset| previous.is_none_or(|previous| offset > previous))?;
    let file = number(fields.next()?)?;
    fields.next().filter(|kind| part.letters().contains(kind))?;
    let count = usize::from_str_radix(fields.next()?, 16).ok().filter(|&count| count > 0)?;
    let words: Vec<&str> = fields.clone().step_by(2).take(count).collect();
    // Each word is followed by a number, and all of them by the count of pointers.
    let complete = words.len() == count && fields.clone().count() > 2 * count;
    let numbered = fields.skip(1).step_by(2).take(count).all(|id| u8::from_str_radix(id, 16).is_ok());
    (complete && numbered).then_some(Synset { offset, file, words })
}

/// The word of a line of an index file, whose offsets are given to `sense`; `None` if it is malformed or `sense` refuses.
fn word(line: &[u8], part: PartOfSpeech, mut sense: impl FnMut(u32) -> Option<()>) -> Option<&str> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let lemma = fields.next()?;
    fields.next().filter(|letter| part.letters().contains(letter))?;
    let synsets: usize = number(fields.next()?)?;
    let pointers: usize = number(fields.next()?)?;
    for _ in 0..pointers {
        fields.next()?;
    }
    let [_senses, _tagged]: [usize; 2] = [number(fields.next()?)?, number(fields.next()?)?];
    let mut offsets = 0;
    for offset in fields {
        sense(number(offset)?)?;
        offsets += 1;
    }
    (synsets > 0 && synsets == offsets).then_some(lemma)
}

/// A number in decimal digits alone: `parse` would accept a sign too.
fn number<N: FromStr>(field: &str) -> Option<N> {
    field.bytes().all(|byte| byte.is_ascii_digit()).then(|| field.parse().ok())?
}

/// Appends a word as it is given out: lower case, `_` and `-` as spaces, nothing else but letters, and a line feed. The marker of an
/// adjective's place, as in `galore(ip)`, goes; so do words with digits.
fn push_letters(text: &mut String, word: &str) {
    let word = word.split_once('(').map_or(word, |(word, _marker)| word);
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    if word.is_empty() || word.contains(char::is_numeric) {
        return;
    }
    let spaced = word.chars().map(|c| if matches!(c, '_' | '-') { ' ' } else { c });
    text.extend(spaced.filter(|&c| c.is_alphabetic() || c == ' ').flat_map(char::to_lowercase));
    text.push('\n');
}
