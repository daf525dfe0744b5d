//! What the experiments share.
