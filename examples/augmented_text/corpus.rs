//! Where the texts come from.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel::data::Order;
use evenkeel::data::augment::text::{Synonyms, Table, Tokens, WordNet};
use evenkeel::prelude::*;
use evenkeel_examples::Failure;

use super::reviews;

/// A text and its class.
pub(crate) type Text = (String, u32);

/// Labelled texts, and synonyms for them.
pub(crate) enum Corpus {
    /// Made up; synonyms from the table inside the crate.
    Reviews(Table),
    /// WordNet's definitions by subject, without repetitions; synonyms from WordNet.
    Definitions { wordnet: Box<WordNet>, subjects: Vec<String>, texts: Vec<Vec<String>> },
}

impl Corpus {
    /// The definitions of these subjects, or the reviews where there is no folder.
    pub(crate) fn load(wordnet: Option<&Path>, subjects: &[String]) -> Result<Self, Failure> {
        let Some(folder) = wordnet else { return Ok(Self::Reviews(Table::builtin())) };
        if subjects.len() < 2 {
            return Err("--subjects: expected two or more to tell apart".into());
        }
        let texts = |subject: &String| -> Result<Vec<String>, Failure> {
            // Equal definitions, of species say, must not stand in both the training and the test part.
            let once: BTreeSet<String> = WordNet::definitions(folder, subject)?.into_iter().collect();
            Ok(once.into_iter().filter(|text| !Tokens::new(text).is_empty()).collect())
        };
        let texts = subjects.iter().map(texts).collect::<Result<_, _>>()?;
        Ok(Self::Definitions { wordnet: Box::new(WordNet::read(folder)?), subjects: subjects.to_vec(), texts })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reviews(_) => "made-up reviews",
            Self::Definitions { .. } => "WordNet's definitions",
        }
    }

    pub(crate) fn description(&self) -> String {
        match self {
            Self::Reviews(_) => "Made-up reviews of films, for or against, of three or four sentences.".to_owned(),
            Self::Definitions { subjects, .. } => {
                format!("WordNet's definitions, by subject: {}.", subjects.join(", "))
            }
        }
    }

    pub(crate) fn classes(&self) -> usize {
        match self {
            Self::Reviews(_) => reviews::CLASSES.len(),
            Self::Definitions { subjects, .. } => subjects.len(),
        }
    }

    pub(crate) fn class(&self, label: u32) -> &str {
        match self {
            Self::Reviews(_) => reviews::CLASSES[label as usize],
            Self::Definitions { subjects, .. } => &subjects[label as usize],
        }
    }

    pub(crate) fn synonyms(&self) -> &dyn Synonyms {
        match self {
            Self::Reviews(table) => table,
            Self::Definitions { wordnet, .. } => &**wordnet,
        }
    }

    /// Training and test texts of a seed, the classes in turn. More training texts of the same seed begin with the same ones, and
    /// the test texts stay.
    pub(crate) fn draw(&self, train: usize, test: usize, seed: Seed) -> Result<(Vec<Text>, Vec<Text>), Failure> {
        match self {
            Self::Reviews(_) => {
                Ok((reviews::reviews(train, seed.stream("train")), reviews::reviews(test, seed.stream("test"))))
            }
            Self::Definitions { subjects, texts, .. } => {
                let classes = texts.len();
                let needed = train.div_ceil(classes) + test.div_ceil(classes);
                if let Some(class) = texts.iter().position(|texts| texts.len() < needed) {
                    let (subject, has) = (&subjects[class], texts[class].len());
                    return Err(format!(
                        "{needed} definitions of each subject: {subject} has {has}; ask for fewer with --texts and --test-texts"
                    )
                    .into());
                }
                let orders: Vec<Order> =
                    texts.iter().zip(0..).map(|(texts, class)| Order::shuffled(texts.len(), seed, class)).collect();
                // The i-th text in turn: the next of class i mod classes. Test texts come from the end of each order.
                let text = |i: usize, from_end: bool| {
                    let (class, next) = (i % classes, i / classes);
                    let order = orders[class].indices();
                    let place = if from_end { order.len() - 1 - next } else { next };
                    (texts[class][order[place]].clone(), class as u32)
                };
                Ok(((0..train).map(|i| text(i, false)).collect(), (0..test).map(|i| text(i, true)).collect()))
            }
        }
    }
}
