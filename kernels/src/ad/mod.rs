//! Differentiation of IR.
