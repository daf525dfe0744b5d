//! Made-up reviews of films, for and against. No corpus of real ones is small and free enough to stand in a repository.
//!
//! A review is three remarks, each with an opinion, and sometimes a sentence without one. Two or all three of the opinions are of the
//! review's class, so a single word seldom decides. Opinions are one of 48 words for and 48 against, the first of a list often and
//! the last seldom, as words are. Training and test texts come from the same law: a small training set has simply not met many of
//! the words that the test uses, and that is all that synonyms can help with.
//!
//! The lists are everyday words of reviews. 77 of the 96 are in the crate's table of synonyms, which has such words in mind too, and
//! 55 with another word of the same list: synonyms cover these reviews better than they cover real ones. The lists were not
//! changed after the first training.

use evenkeel::prelude::*;
use rand::{Rng, RngExt};

/// The classes, by their labels.
pub(crate) const CLASSES: [&str; 2] = ["against", "for"];

const FOR: &str = "
    good great excellent wonderful funny brilliant beautiful moving interesting exciting charming clever gripping touching
    superb fantastic enjoyable fascinating original convincing delightful perfect stunning hilarious witty elegant captivating
    remarkable fresh thrilling warm honest lovely absorbing memorable terrific amusing compelling engaging magnificent
    poignant inventive riveting likeable graceful smart powerful tender";

const AGAINST: &str = "
    bad boring terrible awful dull poor predictable disappointing slow stupid ridiculous weak tedious silly horrible
    annoying confusing mediocre ugly bland dreadful tiresome absurd clumsy shallow lazy pointless unconvincing monotonous foolish
    hollow forgettable atrocious messy irritating flat dreary ludicrous careless wooden noisy uninspired laughable sluggish
    artificial stale unbearable vulgar";

const THINGS: &str = "
    film plot story script cast acting direction dialogue music camera ending beginning wardrobe hero heroine villain
    lighting soundtrack title photography pace editing humour romance adventure performance sequel remake mystery comedy drama";

const PEOPLE: &str = "brother sister neighbour teacher colleague cousin friend daughter son boss aunt uncle";

const REMARKS: [&str; 10] = [
    "the {thing} was {opinion}",
    "I found the {thing} {opinion}",
    "my {person} called the {thing} {opinion}",
    "so {opinion}, that {thing}",
    "the {thing} seemed {opinion} to my {person}",
    "we thought that the {thing} was {opinion}",
    "it has that {opinion} {thing}",
    "everything about the {thing} is {opinion}",
    "they made it {opinion} with that {thing}",
    "the {opinion} {thing} stayed with my {person}",
];

const ASIDES: [&str; 6] = [
    "It runs for two hours.",
    "We went on a rainy Sunday with my {person}.",
    "The cinema was half empty that evening.",
    "My {person} had read the book before.",
    "It was shot in the north last winter.",
    "I had not heard of the {thing} before.",
];

/// `n` reviews with their labels, as many for as against (one more against where `n` is odd).
pub(crate) fn reviews(n: usize, seed: Seed) -> Vec<(String, u32)> {
    (0..n as u64).map(|i| (review(i % 2 == 1, seed.at(i)), (i % 2) as u32)).collect()
}

/// The words of an opinion, the frequent ones first.
pub(crate) fn opinions(is_for: bool) -> Vec<&'static str> {
    if is_for { FOR } else { AGAINST }.split_whitespace().collect()
}

fn review(is_for: bool, seed: Seed) -> String {
    let mut rng = seed.rng();
    // Of three reviews in ten, one opinion is of the other class.
    let other = rng.random_bool(0.3).then(|| rng.random_range(0..3));
    let mut sentences = Vec::new();
    for i in 0..3 {
        let opinion = frequent(&opinions(is_for != (other == Some(i))), &mut rng);
        let remark = any(&REMARKS, &mut rng).replace("{opinion}", opinion);
        sentences.push(format!("{}{}.", remark[..1].to_uppercase(), &remark[1..]));
    }
    if rng.random_bool(0.5) {
        let place = rng.random_range(0..=sentences.len());
        sentences.insert(place, any(&ASIDES, &mut rng).to_owned());
    }
    let mut text = sentences.join(" ");
    for (blank, words) in [("{thing}", THINGS), ("{person}", PEOPLE)] {
        let words: Vec<&str> = words.split_whitespace().collect();
        while text.contains(blank) {
            text = text.replacen(blank, any(&words, &mut rng), 1);
        }
    }
    text
}

fn any<'w>(words: &[&'w str], rng: &mut impl Rng) -> &'w str {
    words[rng.random_range(0..words.len())]
}

/// A word of the list, the one at r with the weight 1 / (r + 5): the first is ten times as frequent as the last.
fn frequent<'w>(words: &[&'w str], rng: &mut impl Rng) -> &'w str {
    let weight = |rank: usize| 1.0 / (rank + 5) as f64;
    let mut left = rng.random::<f64>() * (0..words.len()).map(weight).sum::<f64>();
    let found = (0..words.len()).find(|&rank| {
        left -= weight(rank);
        left < 0.0
    });
    words[found.unwrap_or(words.len() - 1)]
}
