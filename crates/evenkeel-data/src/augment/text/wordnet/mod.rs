//! Princeton's WordNet as a source of synonyms.

mod glosses;
mod morphology;
mod read;

use std::path::Path;

use self::read::Database;
use super::Synonyms;
use super::synonyms::{lower, others};
use crate::DataError;

/// What a word is in a sentence, as far as WordNet tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartOfSpeech {
    /// As `dog`.
    Noun,
    /// As `run`.
    Verb,
    /// As `quick`.
    Adjective,
    /// As `quickly`.
    Adverb,
}

impl PartOfSpeech {
    /// In the order in which their synonyms come.
    const ALL: [Self; 4] = [Self::Noun, Self::Verb, Self::Adjective, Self::Adverb];

    /// How the names of its files end.
    fn suffix(self) -> &'static str {
        match self {
            Self::Noun => "noun",
            Self::Verb => "verb",
            Self::Adjective => "adj",
            Self::Adverb => "adv",
        }
    }

    /// The letters that stand for it in the files: `s` is an adjective like another in its meaning (a satellite).
    fn letters(self) -> &'static [&'static str] {
        match self {
            Self::Noun => &["n"],
            Self::Verb => &["v"],
            Self::Adjective => &["a", "s"],
            Self::Adverb => &["r"],
        }
    }
}

/// WordNet (G. A. Miller 1995, *WordNet: a lexical database for English*, <https://wordnet.princeton.edu>), from the files of
/// its database.
///
/// The synonyms of a word are the words of all sets of synonyms (synsets) that the word is in, as in EDA: over all parts of
/// speech ([`only`](WordNet::only) narrows them) and all senses, the most frequent first
/// ([`with_senses`](WordNet::with_senses) leaves rare ones out, whose synonyms are the odd ones). An inflected word is looked up by its base forms
/// too, by the rules of WordNet's `morphy` and its lists of exceptions: `dogs` finds `dog` and what means the same.
///
/// Synonyms come in lower case with spaces for `_` and `-`, and without what is not a letter, as in EDA's code. Words with a
/// digit are left out; the code turns them into empty ones.
///
/// Its [definitions](WordNet::definitions), sorted by subject, are texts to try a classifier on.
///
/// Debian has the files in the package `wordnet-base`, in `/usr/share/wordnet`.
///
/// ```
/// use evenkeel_data::augment::text::{PartOfSpeech, Synonyms, WordNet};
///
/// # let folder = tempfile::tempdir()?;
/// # for part in ["verb", "adj", "adv"] {
/// #     std::fs::write(folder.path().join(format!("data.{part}")), "")?;
/// #     std::fs::write(folder.path().join(format!("index.{part}")), "")?;
/// # }
/// # std::fs::write(folder.path().join("data.noun"), "00000001 03 n 03 dog 0 domestic_dog 0 Canis_familiaris 0 000 | a pet\n")?;
/// # std::fs::write(folder.path().join("index.noun"), "dog n 1 0 1 1 00000001\n")?;
/// # let folder = folder.path();
/// let wordnet = WordNet::read(folder)?.only(&[PartOfSpeech::Noun]);
/// assert_eq!(wordnet.lookup("dog"), ["domestic dog", "canis familiaris"]);
/// assert_eq!(wordnet.lookup("dogs"), ["dog", "domestic dog", "canis familiaris"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WordNet {
    /// By the order of [`PartOfSpeech::ALL`].
    databases: [Database; 4],
    parts: Vec<PartOfSpeech>,
    senses: usize,
}

impl WordNet {
    /// Reads the files `data.*` and `index.*` of a folder, for `noun`, `verb`, `adj` and `adv`, and the lists of exceptions
    /// (`*.exc`) where they are there. Their format is that of the manual page wndb(5WN). It takes a fraction of
    /// a second, and some 20 MB of memory.
    ///
    /// # Errors
    /// If a file is missing, cannot be read or a line is malformed; the error names the file and the line.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let read = |part| Database::read(folder.as_ref(), part);
        let [noun, verb, adjective, adverb] = PartOfSpeech::ALL.map(read);
        Ok(Self {
            databases: [noun?, verb?, adjective?, adverb?],
            parts: PartOfSpeech::ALL.to_vec(),
            senses: usize::MAX,
        })
    }

    /// Only synonyms for words as these parts of speech.
    #[must_use]
    pub fn only(self, parts: &[PartOfSpeech]) -> Self {
        Self { parts: parts.to_vec(), ..self }
    }

    /// Of each word and part of speech only the `most` most frequent senses.
    #[must_use]
    pub fn with_senses(self, most: usize) -> Self {
        Self { senses: most, ..self }
    }

    /// The number of words of all parts of speech, and of sets of synonyms.
    pub fn size(&self) -> (usize, usize) {
        let sizes = self.databases.each_ref().map(Database::size);
        (sizes.iter().map(|(words, _)| words).sum(), sizes.iter().map(|(_, synsets)| synsets).sum())
    }
}

impl Synonyms for WordNet {
    fn lookup(&self, word: &str) -> Vec<&str> {
        let word = lower(word);
        let parts = PartOfSpeech::ALL.into_iter().zip(&self.databases).filter(|(part, _)| self.parts.contains(part));
        let words = parts.flat_map(|(part, database)| {
            let forms = morphology::base_forms(&word, part, database);
            forms.into_iter().flat_map(move |form| database.members(&form, self.senses))
        });
        others(&word, words)
    }
}
