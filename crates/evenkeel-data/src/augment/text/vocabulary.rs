//! Texts as counts of words.

use std::collections::HashMap;

use evenkeel_tensor::{Float, Tensor};

use super::Tokens;
use crate::DataError;
use crate::augment::setting::check;

/// The words of a corpus, each with a number: texts become vectors of counts, a bag of words.
///
/// Words are those of [`Tokens::new`] in lower case, numbered by falling frequency, and of equal frequency in the order
/// of their code points. So the numbers depend neither on the order of the texts nor on the machine. Characters of Chinese
/// and other scripts without spaces count one by one.
///
/// Build it from the training texts alone; words of other texts that it does not know are dropped.
///
/// ```
/// use evenkeel_data::augment::text::Vocabulary;
///
/// let vocabulary = Vocabulary::build(["The cat saw the dog.", "A dog!"], 1)?;
/// assert_eq!(vocabulary.words(), ["dog", "the", "a", "cat", "saw"]);
/// let counts = vocabulary.encode::<f32>(&["Dog, dog, bird", "?"])?;
/// assert_eq!(counts.shape(), [2, 5].into());
/// assert_eq!(counts.as_slice(), [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    words: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Vocabulary {
    /// The words that occur at least `min_count` times in all texts together.
    ///
    /// # Errors
    /// If `min_count` is 0, or no word is left.
    pub fn build<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, min_count: usize) -> Result<Self, DataError> {
        check("vocabulary", "a least count of 1 or more", min_count as f64, min_count > 0)?;
        let mut counts = HashMap::<String, usize>::new();
        for text in texts {
            for word in Tokens::new(text.as_ref()).words() {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        let mut kept: Vec<(String, usize)> = counts.into_iter().filter(|(_, count)| *count >= min_count).collect();
        if kept.is_empty() {
            let cure = "give it texts with words, or a smaller least count";
            return Err(DataError::Empty { operation: "vocabulary", cure });
        }
        kept.sort_by(|(a, count_a), (b, count_b)| count_b.cmp(count_a).then_with(|| a.cmp(b)));
        let words: Vec<String> = kept.into_iter().map(|(word, _)| word).collect();
        let numbers = words.iter().cloned().zip(0..).collect();
        Ok(Self { words, numbers })
    }

    /// The number of words, V.
    #[expect(clippy::len_without_is_empty, reason = "a vocabulary holds at least one word")]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The words by their numbers.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The number of a word, whatever its case.
    pub fn number(&self, word: &str) -> Option<usize> {
        self.numbers.get(&word.to_lowercase()).copied()
    }

    /// How often each word occurs in each text: shape (N, V) for N texts.
    ///
    /// A text without known words gives a row of zeros.
    ///
    /// # Errors
    /// If there is no text.
    pub fn encode<F: Float>(&self, texts: &[impl AsRef<str>]) -> Result<Tensor<F>, DataError> {
        if texts.is_empty() {
            return Err(DataError::Empty { operation: "encode", cure: "give it some texts" });
        }
        let mut counts = vec![F::ZERO; texts.len() * self.len()];
        for (text, row) in texts.iter().zip(counts.chunks_exact_mut(self.len())) {
            for word in Tokens::new(text.as_ref()).words() {
                if let Some(number) = self.number(word) {
                    row[number] += F::ONE;
                }
            }
        }
        Ok(Tensor::from_vec([texts.len(), self.len()], counts)?)
    }
}
