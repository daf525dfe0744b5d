//! From inflected to base forms: WordNet's `morphy`.

use std::borrow::Cow;

use super::PartOfSpeech;
use super::read::Database;

/// Endings and what stands for them in the base form (the manual page morphy(7WN)).
fn endings(part: PartOfSpeech) -> &'static [(&'static str, &'static str)] {
    match part {
        PartOfSpeech::Noun => &[
            ("s", ""),
            ("ses", "s"),
            ("ves", "f"),
            ("xes", "x"),
            ("zes", "z"),
            ("ches", "ch"),
            ("shes", "sh"),
            ("men", "man"),
            ("ies", "y"),
        ],
        PartOfSpeech::Verb => {
            &[("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")]
        }
        PartOfSpeech::Adjective => &[("er", ""), ("est", ""), ("er", "e"), ("est", "e")],
        PartOfSpeech::Adverb => &[],
    }
}

/// Bytes of the longest word that endings are taken off; WordNet's longest has 71.
const LONGEST: usize = 80;

/// The forms of `word` that the database has: the word itself, then those that its exceptions or else the endings give.
/// Endings are taken off again only while nothing is found.
pub(super) fn base_forms<'w>(word: &'w str, part: PartOfSpeech, database: &Database) -> Vec<Cow<'w, str>> {
    let with_word = |forms: Vec<Cow<'w, str>>| {
        let mut found: Vec<Cow<'w, str>> = Vec::new();
        for form in [word.into()].into_iter().chain(forms) {
            if database.has(&form) && !found.contains(&form) {
                found.push(form);
            }
        }
        found
    };
    let exceptions = database.exceptions(word);
    if !exceptions.is_empty() || word.len() > LONGEST {
        return with_word(exceptions.iter().map(|form| form.clone().into()).collect());
    }
    let mut forms = vec![Cow::Borrowed(word)];
    loop {
        forms = forms
            .iter()
            .flat_map(|form| {
                let stems = endings(part).iter().filter_map(move |(old, new)| Some((form.strip_suffix(old)?, new)));
                stems.map(|(stem, new)| Cow::Owned([stem, new].concat()))
            })
            .collect();
        let found = with_word(forms.clone());
        if !found.is_empty() || forms.is_empty() {
            return found;
        }
    }
}
