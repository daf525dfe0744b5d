//! Words that say little by themselves.

use std::collections::HashSet;

/// English words that say little by themselves, contractions included.
const ENGLISH: &str = "
    a about above after again against all am an and any are as at be because been before being below between both but by
    can could did do does doing done down during each either else even ever every few for from further had has have having
    he her here hers herself him himself his how i if in into is it its itself just may me might mine more most much must my
    myself neither no nor not now of off on once one only or other others ought our ours ourselves out over own per rather
    same shall she should since so some such than that the their theirs them themselves then there these they this those
    though through thus till to too toward towards under unless until up upon us very via was we were what whatever when
    whenever where whether which while who whoever whom whose why will with within without would yet you your yours
    yourself yourselves
    don s t d ll m re ve
    aren't can't couldn't didn't doesn't don't hadn't hasn't haven't he'd he'll he's i'd i'll i'm i've isn't it'd it'll it's
    let's mustn't needn't shan't she'd she'll she's shouldn't that'll that's there's they'd they'll they're they've wasn't
    we'd we'll we're we've weren't what's where's who's won't wouldn't you'd you'll you're you've";

/// Words that are neither replaced nor a source of insertions, because they carry the grammar of a text and not its subject.
///
/// ```
/// use evenkeel_data::augment::text::StopWords;
///
/// let english = StopWords::english();
/// assert!(english.contains("the") && english.contains("Don’t") && !english.contains("film"));
/// assert!(StopWords::new(["的", "了"]).contains("的"));
/// assert!(!StopWords::default().contains("the"));        // none
/// ```
#[derive(Clone, Debug, Default)]
pub struct StopWords(HashSet<String>);

impl StopWords {
    /// Articles, pronouns, prepositions, conjunctions, auxiliary verbs and their like: 220 English words.
    pub fn english() -> Self {
        Self::new(ENGLISH.split_whitespace())
    }

    /// These words, whatever their case.
    pub fn new<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Self {
        Self(words.into_iter().map(|word| folded(word.as_ref())).collect())
    }

    /// Whether this is one of the words, whatever its case and its kind of apostrophe.
    pub fn contains(&self, word: &str) -> bool {
        self.0.contains(&folded(word))
    }
}

fn folded(word: &str) -> String {
    word.to_lowercase().replace('’', "'")
}
