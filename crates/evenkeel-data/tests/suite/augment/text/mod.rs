//! Augmentation of texts, and the words and tables it needs.

mod laws;
mod tables;
mod tokens;
mod wordnet;
