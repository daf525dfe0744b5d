//! Pipelines: their laws, their fit to data in parts, and their inverse.

mod inverse;
mod laws;
mod parts;
