//! One loop over the table of operations: everything that an entry states is checked here.

mod code;
mod draw;
mod edge_cases;
mod facts;
mod partials;
mod templates;
