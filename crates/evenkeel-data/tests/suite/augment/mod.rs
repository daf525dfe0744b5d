//! Augmentation.

mod audio;
mod composition;
mod image;
mod mix;
mod text;
