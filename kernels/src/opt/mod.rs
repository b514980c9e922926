//! Simplification of IR.
