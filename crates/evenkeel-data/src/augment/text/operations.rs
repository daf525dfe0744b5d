//! The four operations of EDA, each on its own. Each says how many changes it made.
//!
//! Everything random in them comes from the seed.
//!
//! ```
//! use evenkeel_data::Seed;
//! use evenkeel_data::augment::text::operations::{insert, replace_synonyms, swap};
//! use evenkeel_data::augment::text::{StopWords, Table, Tokens};
//!
//! let (table, stop_words) = (Table::builtin(), StopWords::english());
//! let mut tokens = Tokens::new("The big dog, the small dog.");
//! assert_eq!(replace_synonyms(&mut tokens, 2, &table, &stop_words, Seed(7)), 2);
//! assert_eq!(insert(&mut tokens, 1, &table, &stop_words, Seed(7)), 1);
//! assert_eq!(swap(&mut tokens, 1, Seed(7)), 1);
//! assert_eq!(tokens.len(), 7);
//! ```

use std::collections::HashSet;

use evenkeel_tensor::Seed;
use rand::RngExt;

use super::{StopWords, Synonyms, Tokens};
use crate::DataError;
use crate::augment::setting::check_probability;
use crate::order::shuffle;

/// Replaces `n` different words, chosen at random, by a random synonym each; all of them where fewer can be replaced. A
/// word can be replaced that is not a stop word and has a synonym.
///
/// A word that occurs several times counts once, and is replaced everywhere by the same synonym, as in the paper's code. The
/// synonym takes over the case: `Big` becomes `Large`.
pub fn replace_synonyms(
    tokens: &mut Tokens<'_>,
    n: usize,
    synonyms: &dyn Synonyms,
    stop_words: &StopWords,
    seed: Seed,
) -> usize {
    let words: Vec<String> = tokens.words().iter().map(|word| word.to_lowercase()).collect();
    let mut seen = HashSet::new();
    let mut order: Vec<usize> = (0..words.len()).filter(|&i| seen.insert(&words[i])).collect();
    shuffle(&mut order, seed.stream("order"));

    let mut rng = seed.stream("synonym").rng();
    let mut replaced = 0;
    for word in order.into_iter().map(|i| &words[i]) {
        if replaced == n {
            break;
        }
        let choice = candidates(word, synonyms, stop_words);
        if choice.is_empty() {
            continue;
        }
        let synonym = choice[rng.random_range(0..choice.len())];
        let places = (0..words.len()).filter(|&i| words[i] == *word);
        places.for_each(|place| tokens.replace(place, synonym));
        replaced += 1;
    }
    replaced
}

/// Inserts `n` synonyms of words of the text, each at a random place; none where no word has one. A synonym of several words
/// counts as one.
///
/// Each time the word is drawn from those of the given text that are not stop words and have synonyms, then its synonym, then the
/// place, all uniformly. (The paper's code draws stop words too and gives up after ten words without a synonym; the paper's
/// text does not.)
pub fn insert(tokens: &mut Tokens<'_>, n: usize, synonyms: &dyn Synonyms, stop_words: &StopWords, seed: Seed) -> usize {
    let words = tokens.words().iter().map(|word| candidates(&word.to_lowercase(), synonyms, stop_words));
    let sources: Vec<Vec<&str>> = words.filter(|choice| !choice.is_empty()).collect();
    if sources.is_empty() {
        return 0;
    }
    let mut rng = seed.rng();
    for _ in 0..n {
        let choice = &sources[rng.random_range(0..sources.len())];
        let synonym = choice[rng.random_range(0..choice.len())];
        tokens.insert(rng.random_range(0..=tokens.len()), synonym);
    }
    n
}

/// Exchanges two words at random positions, which differ, `n` times; never where there are fewer than two words.
pub fn swap(tokens: &mut Tokens<'_>, n: usize, seed: Seed) -> usize {
    let len = tokens.len();
    if len < 2 {
        return 0;
    }
    let mut rng = seed.rng();
    for _ in 0..n {
        let first = rng.random_range(0..len);
        let second = rng.random_range(0..len - 1);
        tokens.swap(first, second + usize::from(second >= first));
    }
    n
}

/// Deletes each word with probability `p`. Where that would delete all, a random one of them stays.
///
/// # Errors
/// If `p` is not a probability; the tokens are then as they were.
pub fn delete(tokens: &mut Tokens<'_>, p: f64, seed: Seed) -> Result<usize, DataError> {
    check_probability("delete", p)?;
    let mut rng = seed.rng();
    let mut deleted: Vec<usize> = (0..tokens.len()).filter(|_| rng.random::<f64>() < p).collect();
    if !deleted.is_empty() && deleted.len() == tokens.len() {
        deleted.remove(rng.random_range(0..deleted.len()));
    }
    deleted.iter().rev().for_each(|&position| tokens.remove(position));
    Ok(deleted.len())
}

/// What may stand for `word`. What has no letter or digit is no word and would leave a text without any.
fn candidates<'s>(word: &str, synonyms: &'s dyn Synonyms, stop_words: &StopWords) -> Vec<&'s str> {
    if stop_words.contains(word) {
        return Vec::new();
    }
    let mut found = synonyms.lookup(word);
    found.retain(|synonym| synonym.contains(char::is_alphanumeric));
    found
}
