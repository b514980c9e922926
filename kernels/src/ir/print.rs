//! The text form, written.
