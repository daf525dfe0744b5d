//! Selection of features: filters by their laws and against others, searches, and what is refused.

mod laws;
mod reference;
mod refusals;
mod search;
