//! Metrics: by their laws, against scikit-learn, and at the edges.

mod laws;
mod reference;
mod refusals;
