//! What drops, and what adds noise.

mod allocation;
mod laws;
mod layers;
mod threads;
