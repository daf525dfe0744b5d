//! Changing texts at random so that their labels stay right: EDA (J. Wei, K. Zou 2019, <https://arxiv.org/abs/1901.11196>).
//!
//! [`Eda`] makes several variants of a text by replacing words by synonyms, inserting synonyms, swapping words and deleting
//! words. Synonyms come from anything that is [`Synonyms`]: the small English table inside the crate
//! ([`Table::builtin`]), a table read from a file, in any language ([`Table::read_tsv`]), or Princeton's WordNet
//! ([`WordNet::read`]). The four operations are functions on [`Tokens`] as well, in [`operations`].
//!
//! These work on strings, so they stand before what turns text into numbers: [`Vocabulary`], or a tokeniser of your own.
//!
//! ```
//! use evenkeel_data::Seed;
//! use evenkeel_data::augment::text::{Eda, Table, Vocabulary};
//!
//! let reviews = [("A quick, funny film.", 1), ("The plot is slow and the jokes are sad.", 0)];
//! let table = Table::builtin();
//! let augmented = Eda::recommended(500).with_original().augment_corpus(&reviews, &table, Seed(7))?;
//! assert_eq!(augmented.len(), 2 * (16 + 1));
//! assert!(augmented[..17].iter().all(|(_, label)| *label == 1));
//!
//! let texts: Vec<&String> = augmented.iter().map(|(text, _)| text).collect();
//! let vocabulary = Vocabulary::build(&texts, 1)?;
//! let counts = vocabulary.encode::<f32>(&texts)?;
//! assert_eq!(counts.shape(), [34, vocabulary.len()].into());
//! # Ok::<(), evenkeel_data::DataError>(())
//! ```

mod eda;
mod lines;
pub mod operations;
mod stop_words;
mod synonyms;
mod tokens;
mod vocabulary;
mod wordnet;

pub use eda::Eda;
pub use stop_words::StopWords;
pub use synonyms::{Lines, Synonyms, Table};
pub use tokens::Tokens;
pub use vocabulary::Vocabulary;
pub use wordnet::{PartOfSpeech, WordNet};

use crate::DataError;

/// The error for a text without words, which it quotes up to a length that fits a message.
fn no_words(what: String, text: &str) -> DataError {
    DataError::NoWords { what, got: text.chars().take(40).collect() }
}
