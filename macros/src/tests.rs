//! Tests of the front end: source text to IR text.
