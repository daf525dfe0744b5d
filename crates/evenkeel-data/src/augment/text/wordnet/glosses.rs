//! WordNet's definitions, as texts with a subject.

use std::path::Path;

use super::read::{SYNSET, file, is_licence, synset};
use super::{PartOfSpeech, WordNet};
use crate::DataError;
use crate::augment::text::lines::{LineReader, quote};

/// The lexicographers' files by their numbers (lexnames(5WN)).
const FILES: [&str; 45] = [
    "adj.all",
    "adj.pert",
    "adv.all",
    "noun.Tops",
    "noun.act",
    "noun.animal",
    "noun.artifact",
    "noun.attribute",
    "noun.body",
    "noun.cognition",
    "noun.communication",
    "noun.event",
    "noun.feeling",
    "noun.food",
    "noun.group",
    "noun.location",
    "noun.motive",
    "noun.object",
    "noun.person",
    "noun.phenomenon",
    "noun.plant",
    "noun.possession",
    "noun.process",
    "noun.quantity",
    "noun.relation",
    "noun.shape",
    "noun.state",
    "noun.substance",
    "noun.time",
    "verb.body",
    "verb.change",
    "verb.cognition",
    "verb.communication",
    "verb.competition",
    "verb.consumption",
    "verb.contact",
    "verb.creation",
    "verb.emotion",
    "verb.motion",
    "verb.perception",
    "verb.possession",
    "verb.social",
    "verb.stative",
    "verb.weather",
    "adj.ppl",
];

impl WordNet {
    /// The names of the lexicographers' files, which sort the sets of synonyms by subject: `noun.animal`, `verb.motion`.
    pub fn subjects() -> &'static [&'static str] {
        &FILES
    }

    /// The definitions of all sets of synonyms of one [subject](WordNet::subjects), in the order of the file: texts whose class
    /// is known. Examples, which WordNet puts in quotation marks behind the definition, are left out, and what has no
    /// definition.
    ///
    /// It reads `data.*` of the folder alone, for the subject's part of speech.
    ///
    /// ```
    /// use evenkeel_data::augment::text::WordNet;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let line = "00000001 05 n 01 dog 0 000 | a pet that barks; kept for ages; \"the dog barked all night\"\n";
    /// # std::fs::write(folder.path().join("data.noun"), line)?;
    /// # let folder = folder.path();
    /// assert_eq!(WordNet::definitions(folder, "noun.animal")?, ["a pet that barks; kept for ages"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such subject, or the file is missing, cannot be read or a line is malformed.
    pub fn definitions(folder: impl AsRef<Path>, subject: &str) -> Result<Vec<String>, DataError> {
        let known = FILES.iter().position(|&file| file == subject).and_then(|number| {
            let part = PartOfSpeech::ALL.into_iter().find(|part| subject.split('.').next() == Some(part.suffix()))?;
            Some((number, part))
        });
        let Some((number, part)) = known else {
            return Err(DataError::Subject { got: subject.chars().take(40).collect() });
        };
        let path = file(folder.as_ref(), "data", part)?;
        let mut lines = LineReader::open(&path)?;
        let (mut previous, mut definitions) = (None, Vec::new());
        while let Some(line) = lines.next()? {
            if is_licence(line) {
                continue;
            }
            let Some(synset) = synset(line, part, previous) else {
                let got = quote(line);
                return Err(lines.malformed(SYNSET, got));
            };
            previous = Some(synset.offset);
            if synset.file == number {
                definitions.extend(definition(line));
            }
        }
        Ok(definitions)
    }
}

/// What stands behind the first bar, up to the first example.
fn definition(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let (_, gloss) = text.split_once('|')?;
    let definition = gloss.split('"').next().unwrap_or_default();
    let definition = definition.trim_matches(|c: char| c.is_whitespace() || matches!(c, ';' | ':' | ','));
    (!definition.is_empty()).then(|| definition.to_owned())
}
