//! A text as words and what lies between them.

use std::borrow::Cow;
use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::Synonyms;

/// The most pieces that are looked up together as one word of a dictionary.
const LONGEST: usize = 16;

/// A text as words, and the gaps of spaces, punctuation and symbols around them.
///
/// The words are the pieces between Unicode's word boundaries (UAX 29) that hold a letter or a digit: `don't`, `3.14` and `naïve` are
/// one word each, with any combining marks. Emoji and punctuation belong to the gaps, whole. Joining the parts
/// (`to_string`) gives the text back, byte by byte.
///
/// Scripts without spaces have no such boundaries: Han characters come one by one. With a dictionary
/// ([`with_dictionary`](Tokens::with_dictionary)) the longest words of it are found, from the left.
///
/// ```
/// use evenkeel_data::augment::text::{Lines, Table, Tokens};
///
/// let mut tokens = Tokens::new("«Don't panic», she said: 3.14 is not π. 👩‍🚀");
/// assert_eq!(tokens.words(), ["Don't", "panic", "she", "said", "3.14", "is", "not", "π"]);
/// tokens.swap(1, 7);
/// assert_eq!(tokens.to_string(), "«Don't π», she said: 3.14 is not panic. 👩‍🚀");
///
/// let table = Table::from_tsv("高兴\t快乐\t愉快\n".as_bytes(), "table", Lines::Groups)?;
/// assert_eq!(Tokens::new("我很高兴。").words(), ["我", "很", "高", "兴"]);
/// assert_eq!(Tokens::with_dictionary("我很高兴。", &table).words(), ["我", "很", "高兴"]);
/// # Ok::<(), evenkeel_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens<'a> {
    /// Before, between and after the words: always one more than there are words.
    gaps: Vec<Cow<'a, str>>,
    words: Vec<Cow<'a, str>>,
}

impl<'a> Tokens<'a> {
    /// The words of a text by Unicode's word boundaries.
    pub fn new(text: &'a str) -> Self {
        Self::segment(text, |_| false)
    }

    /// As [`new`](Tokens::new), but of neighbours without a gap the longest that `dictionary` [knows](Synonyms::knows) are
    /// one word. What it does not know stays as UAX 29 has it: one character each in Chinese.
    pub fn with_dictionary(text: &'a str, dictionary: &dyn Synonyms) -> Self {
        Self::segment(text, |word| dictionary.knows(&word.to_lowercase()))
    }

    fn segment(text: &'a str, known: impl Fn(&str) -> bool) -> Self {
        let pieces = text.split_word_bound_indices().filter(|(_, piece)| is_word(piece));
        let pieces: Vec<(usize, usize)> = pieces.map(|(start, piece)| (start, start + piece.len())).collect();
        let (mut gaps, mut words) = (Vec::new(), Vec::new());
        let (mut end, mut next) = (0, 0);
        while next < pieces.len() {
            let run = pieces[next..].windows(2).take(LONGEST - 1).take_while(|pair| pair[0].1 == pair[1].0).count();
            let start = pieces[next].0;
            let longest = (next + 1..=next + run).rev().find(|&last| known(&text[start..pieces[last].1]));
            let last = longest.unwrap_or(next);
            gaps.push(text[end..start].into());
            end = pieces[last].1;
            words.push(text[start..end].into());
            next = last + 1;
        }
        gaps.push(text[end..].into());
        Self { gaps, words }
    }

    /// The number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words in their order.
    pub fn words(&self) -> &[Cow<'a, str>] {
        &self.words
    }

    /// Puts another word in the place of the one at `position`, in the same case: `Big` becomes `Large`, and `BIG` `LARGE`.
    ///
    /// # Panics
    /// If there is no such position.
    #[track_caller]
    pub fn replace(&mut self, position: usize, word: &str) {
        self.words[position] = in_case_of(&self.words[position], word).into();
        self.part(position);
        self.part(position + 1);
    }

    /// Exchanges two words. The gaps stay where they are.
    ///
    /// # Panics
    /// If there are no such positions.
    #[track_caller]
    pub fn swap(&mut self, a: usize, b: usize) {
        self.words.swap(a, b);
        [a, a + 1, b, b + 1].into_iter().for_each(|gap| self.part(gap));
    }

    /// Inserts a word before the one at `position`, or after the last word. A space follows (or precedes the new last word)
    /// where the two would run together without it, so none does in Chinese.
    ///
    /// # Panics
    /// If the position is beyond the number of words.
    #[track_caller]
    pub fn insert(&mut self, position: usize, word: &str) {
        let last = position == self.words.len();
        self.words.insert(position, word.to_owned().into());
        // A new last word stands before what ended the text, any other behind the gap that was there.
        self.gaps.insert(if last { position.max(1) } else { position + 1 }, "".into());
        self.part(position);
        self.part(position + 1);
    }

    /// Removes a word. The punctuation on both sides of it stays; of white space that would meet, one side stays.
    ///
    /// # Panics
    /// If there is no such position.
    #[track_caller]
    pub fn remove(&mut self, position: usize) {
        self.words.remove(position);
        let after = self.gaps.remove(position + 1);
        let before = self.gaps[position].to_mut();
        let spaced = before.trim_end().len();
        let after = if spaced < before.len() {
            before.truncate(spaced);
            &after
        } else if position == 0 || !before.is_empty() {
            trim_start(&after)
        } else {
            &after
        };
        before.push_str(after);
        self.part(position);
    }

    /// Puts spaces into the gap with this number where the words beside it would otherwise become others, as when the
    /// removal of `中` from `a中b` leaves `ab`.
    fn part(&mut self, gap: usize) {
        let left = if gap == 0 { "" } else { &*self.words[gap - 1] };
        let right = self.words.get(gap).map_or("", |word| word);
        let between = &self.gaps[gap];
        let joined = [left, between, right].concat();
        let boundary =
            |at: usize| at == joined.len() || joined.split_word_bound_indices().any(|(start, _)| start == at);
        let parted = [boundary(left.len()), boundary(left.len() + between.len())];
        match (parted, between.is_empty()) {
            ([true, true], _) => {}
            (_, true) => self.gaps[gap] = " ".into(),
            ([before, after], false) => {
                let [before, after] = [before, after].map(|parted| if parted { "" } else { " " });
                self.gaps[gap] = [before, between, after].concat().into();
            }
        }
    }
}

/// The text.
impl fmt::Display for Tokens<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.gaps[0])?;
        self.words.iter().zip(&self.gaps[1..]).try_for_each(|(word, gap)| {
            f.write_str(word)?;
            f.write_str(gap)
        })
    }
}

/// Whether a piece between two boundaries holds a letter or a digit, and begins as a word does. A stray combining mark, which
/// counts as a letter in some scripts, makes no word of itself or of the sign that it sits on.
fn is_word(piece: &str) -> bool {
    let Some(first) = piece.chars().next() else { return false };
    let begins = if first.is_ascii() {
        first.is_ascii_alphanumeric() || first == '_'
    } else {
        // Behind a letter, a mark is of one cluster with it, and a connector (like `_`) of one word. A few marks are clusters of
        // their own (Ahom's vowel signs), and yet belong to whatever stands before them, a comma as well.
        let behind = |before: char| [before, first].iter().collect::<String>();
        behind('a').graphemes(true).count() > 1
            && behind(',').split_word_bounds().count() > 1
            && (first.is_alphanumeric() || behind('a').split_word_bounds().count() == 1)
    };
    begins && piece.contains(char::is_alphanumeric)
}

/// Without the white space in front, unless a combining mark sits on it.
fn trim_start(gap: &str) -> &str {
    let first = gap.grapheme_indices(true).find(|(_, cluster)| !cluster.chars().all(char::is_whitespace));
    first.map_or("", |(start, _)| &gap[start..])
}

/// `word` in capitals where `model` is (two letters or more), with a capital first letter where `model` has one, else as it is.
fn in_case_of(model: &str, word: &str) -> String {
    let mut letters = model.chars().filter(|c| c.is_alphabetic());
    let capital = |c: char| c.is_uppercase();
    match letters.next() {
        Some(first) if capital(first) => match letters.next() {
            Some(second) if capital(second) && letters.all(|c| !c.is_lowercase()) => word.to_uppercase(),
            _ => {
                let mut rest = word.chars();
                rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect()
            }
        },
        _ => word.to_owned(),
    }
}
