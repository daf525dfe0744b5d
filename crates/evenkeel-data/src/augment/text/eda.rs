//! EDA: variants of a text by four simple operations.

use evenkeel_tensor::{Seed, parallel};
use unicode_segmentation::UnicodeSegmentation;

use super::operations::{delete, insert, replace_synonyms, swap};
use super::{StopWords, Synonyms, Tokens, no_words};
use crate::DataError;
use crate::augment::setting::{check, check_probability};
use crate::order::shuffle;

/// The most variants of one text.
const MOST: usize = 65_536;
/// Texts given to a thread at a time.
const BLOCK: usize = 16;

/// Easy data augmentation (J. Wei, K. Zou, *EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
/// Classification Tasks*, EMNLP 2019, <https://arxiv.org/abs/1901.11196>).
///
/// Of a text of l words it makes `n_aug` variants, each by one of four [`operations`](super::operations):
///
/// | operation | what it does | changes | default |
/// |---|---|---|---|
/// | synonym replacement | n different words become synonyms of theirs | n = max(1, ⌊α l⌋) | α = 0.1 |
/// | random insertion | n synonyms of words come in | n = max(1, ⌊α l⌋) | α = 0.1 |
/// | random swap | two words change places, n times | n = max(1, ⌊α l⌋) | α = 0.1 |
/// | random deletion | each word goes with probability α | α l on average | α = 0.1 |
///
/// `n_aug` is 9 by default. The variants are drawn from ⌊n_aug / 4⌋ + 1 of each operation, so that they take equal shares as
/// nearly as can be; an α of 0 leaves its operation out, and the others share. These are the rules and defaults of the paper's
/// code; [`recommended`](Eda::recommended) gives the paper's settings by the size of the training set.
///
/// Unlike the paper's code this keeps punctuation and case (unless [`normalized`](Eda::normalized)), works in any script, never gives
/// an empty text, inserts exactly n words, and does not append the original text (unless
/// [`with_original`](Eda::with_original)).
///
/// Stop words (English ones unless [other ones](Eda::with_stop_words) are given) are neither replaced nor a source of insertions.
/// The time grows with l², since α l changes go through the text each: a book is better cut into paragraphs first.
///
/// A text without any synonym is only swapped and cut; a text of one word without a synonym gives `n_aug` copies of itself.
/// Deletion too may leave a short text as it is.
///
/// The same seed gives the same variants on every machine.
///
/// ```
/// use evenkeel_data::Seed;
/// use evenkeel_data::augment::text::{Eda, Table};
///
/// let review = "A quick, funny film with a happy end.";
/// let variants = Eda::default().augment(review, &Table::builtin(), Seed(7))?;
/// assert_eq!(variants.len(), 9);
/// assert!(variants.iter().all(|variant| variant.ends_with('.')));
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Eda {
    synonym_replacement: f64,
    random_insertion: f64,
    random_swap: f64,
    random_deletion: f64,
    n_aug: usize,
    original: bool,
    normalize: bool,
    stop_words: StopWords,
}

impl Default for Eda {
    fn default() -> Self {
        Self {
            synonym_replacement: 0.1,
            random_insertion: 0.1,
            random_swap: 0.1,
            random_deletion: 0.1,
            n_aug: 9,
            original: false,
            normalize: false,
            stop_words: StopWords::english(),
        }
    }
}

#[derive(Clone, Copy)]
enum Operation {
    Replace,
    Insert,
    Swap,
    Delete,
}

impl Eda {
    /// The paper's settings (table 3) for a training set of `n_train` texts: all four α = 0.05 with 16 variants up to 500
    /// texts and 8 up to 2000, and α = 0.1 with 4 variants for more.
    pub fn recommended(n_train: usize) -> Self {
        let (alpha, n_aug) = match n_train {
            0..=500 => (0.05, 16),
            501..=2000 => (0.05, 8),
            _ => (0.1, 4),
        };
        Self::default().with_alpha(alpha).with_n_aug(n_aug)
    }

    /// The same α, from 0 to 1, for all four operations.
    #[must_use]
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { synonym_replacement: alpha, random_insertion: alpha, random_swap: alpha, random_deletion: alpha, ..self }
    }

    /// The α, from 0 to 1, of the replacement by synonyms; 0 leaves it out.
    #[must_use]
    pub fn with_synonym_replacement(self, alpha: f64) -> Self {
        Self { synonym_replacement: alpha, ..self }
    }

    /// The α, from 0 to 1, of the insertion of synonyms; 0 leaves it out.
    #[must_use]
    pub fn with_random_insertion(self, alpha: f64) -> Self {
        Self { random_insertion: alpha, ..self }
    }

    /// The α, from 0 to 1, of the exchange of words; 0 leaves it out.
    #[must_use]
    pub fn with_random_swap(self, alpha: f64) -> Self {
        Self { random_swap: alpha, ..self }
    }

    /// The probability, from 0 to 1, with which each word is deleted; 0 leaves the deletion out.
    #[must_use]
    pub fn with_random_deletion(self, alpha: f64) -> Self {
        Self { random_deletion: alpha, ..self }
    }

    /// The number of variants of each text, from 1 to 65 536.
    #[must_use]
    pub fn with_n_aug(self, n_aug: usize) -> Self {
        Self { n_aug, ..self }
    }

    /// Appends the text itself to its variants.
    #[must_use]
    pub fn with_original(self) -> Self {
        Self { original: true, ..self }
    }

    /// Lower case and letters only: apostrophes go, all else that is not a letter becomes a space, and spaces become one. The
    /// paper's code does so with the 26 letters of English; here the letters of all scripts stay.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self { normalize: true, ..self }
    }

    /// Other stop words than the English ones.
    #[must_use]
    pub fn with_stop_words(self, stop_words: StopWords) -> Self {
        Self { stop_words, ..self }
    }

    /// The variants of a text, `n_aug` of them, in random order; then the text itself if so asked.
    ///
    /// # Errors
    /// If an α is not from 0 to 1 or all are 0, `n_aug` is out of its range, or the text holds no word.
    pub fn augment(&self, text: &str, synonyms: &dyn Synonyms, seed: Seed) -> Result<Vec<String>, DataError> {
        self.check()?;
        self.variants(text, synonyms, seed).ok_or_else(|| no_words("EDA".into(), text))
    }

    /// The variants of each text of a labelled corpus, each with the label of its text, in the order of the texts.
    ///
    /// The text at position `i` gives what [`augment`](Eda::augment) gives with `seed.at(i)`: so its variants depend neither on the other
    /// texts nor on the number of threads, which share the work. Augment the training part only, after the split: variants of a
    /// text in both parts would make the test worthless.
    ///
    /// ```
    /// use evenkeel_data::Seed;
    /// use evenkeel_data::augment::text::{Eda, Table};
    ///
    /// let corpus = [("good film", "positive"), ("bad film", "negative")];
    /// let augmented = Eda::default().with_n_aug(2).augment_corpus(&corpus, &Table::builtin(), Seed(7))?;
    /// let labels: Vec<&str> = augmented.iter().map(|(_, label)| *label).collect();
    /// assert_eq!(labels, ["positive", "positive", "negative", "negative"]);
    /// # Ok::<(), evenkeel_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As [`augment`](Eda::augment), and if there is no text. The first text that holds no word is named.
    pub fn augment_corpus<T: AsRef<str> + Sync, L: Clone + Sync>(
        &self,
        corpus: &[(T, L)],
        synonyms: &dyn Synonyms,
        seed: Seed,
    ) -> Result<Vec<(String, L)>, DataError> {
        self.check()?;
        if corpus.is_empty() {
            return Err(DataError::Empty { operation: "EDA", cure: "give it some texts" });
        }
        let mut variants: Vec<Option<Vec<String>>> = vec![None; corpus.len()];
        parallel::chunks_mut(&mut variants, BLOCK, |block, variants| {
            for (i, slot) in (block * BLOCK..).zip(variants) {
                *slot = self.variants(corpus[i].0.as_ref(), synonyms, seed.at(i as u64));
            }
        });
        let mut augmented = Vec::new();
        for (i, (variants, (text, label))) in variants.into_iter().zip(corpus).enumerate() {
            let variants = variants.ok_or_else(|| no_words(format!("text of sample {i}"), text.as_ref()))?;
            augmented.extend(variants.into_iter().map(|variant| (variant, label.clone())));
        }
        Ok(augmented)
    }

    /// The operations and their α, without those that are left out.
    fn operations(&self) -> Vec<(Operation, f64)> {
        let all = [
            (Operation::Replace, self.synonym_replacement),
            (Operation::Insert, self.random_insertion),
            (Operation::Swap, self.random_swap),
            (Operation::Delete, self.random_deletion),
        ];
        all.into_iter().filter(|(_, alpha)| *alpha != 0.0).collect()
    }

    fn check(&self) -> Result<(), DataError> {
        let operations = self.operations();
        operations.iter().try_for_each(|&(operation, alpha)| {
            let name = match operation {
                Operation::Replace => "alpha of synonym replacement",
                Operation::Insert => "alpha of random insertion",
                Operation::Swap => "alpha of random swap",
                Operation::Delete => "alpha of random deletion",
            };
            check_probability(name, alpha)
        })?;
        check("EDA", "an alpha above 0 for one operation at least", 0.0, !operations.is_empty())?;
        check("n_aug", "a number of variants from 1 to 65536", self.n_aug as f64, (1..=MOST).contains(&self.n_aug))
    }

    /// The variants; `None` where the text holds no word.
    fn variants(&self, text: &str, synonyms: &dyn Synonyms, seed: Seed) -> Option<Vec<String>> {
        let normalized = self.normalize.then(|| normalize(text));
        let text = normalized.as_deref().unwrap_or(text);
        let tokens = Tokens::with_dictionary(text, synonyms);
        if tokens.is_empty() {
            return None;
        }
        let operations = self.operations();
        let each = self.n_aug / operations.len() + 1;
        let mut slots: Vec<usize> = (0..each * operations.len()).collect();
        shuffle(&mut slots, seed.stream("order"));
        slots.truncate(self.n_aug);

        let mut variants = Vec::with_capacity(self.n_aug + 1);
        for slot in slots {
            let (operation, alpha) = operations[slot / each];
            let n = ((alpha * tokens.len() as f64) as usize).max(1);
            let seed = seed.stream("variant").at(slot as u64);
            let mut variant = tokens.clone();
            match operation {
                Operation::Replace => replace_synonyms(&mut variant, n, synonyms, &self.stop_words, seed),
                Operation::Insert => insert(&mut variant, n, synonyms, &self.stop_words, seed),
                Operation::Swap => swap(&mut variant, n, seed),
                Operation::Delete => delete(&mut variant, alpha, seed).expect("a probability, as has been checked"),
            };
            let variant = variant.to_string();
            variants.push(if self.normalize {
                // A synonym may be all digits, of which nothing stays.
                Some(normalize(&variant)).filter(|letters| !letters.is_empty()).unwrap_or_else(|| text.to_owned())
            } else {
                variant
            });
        }
        variants.extend(self.original.then(|| text.to_owned()));
        Some(variants)
    }
}

/// Lower case, letters with their marks, single spaces.
fn normalize(text: &str) -> String {
    let lower = text.replace(['\'', '’'], "").to_lowercase();
    let letters: String = lower
        .graphemes(true)
        .map(|cluster| if cluster.starts_with(char::is_alphabetic) { cluster } else { " " })
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}
