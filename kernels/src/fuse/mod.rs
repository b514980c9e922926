//! Fusion into nests.
