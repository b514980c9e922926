//! From `syn`'s tree to ours. What the language does not have is refused here, at the node that has it.

mod expr;
mod item;
mod limits;
mod macros;
mod pat;
mod types;

pub(crate) use item::{Function, Parsed, function, is_ours, not_a_function, strip_attributes};
pub(crate) use limits::too_deep;
pub(crate) use pat::is_constant;
pub(crate) use types::ty;

use crate::ast::{Id, Place};
use crate::errors::{Errors, Failed};
use crate::known::Types;

/// How deep expressions may nest, so that no phase runs out of stack.
const MAX_DEPTH: u32 = 96;

/// What the functions of this folder share.
pub(crate) struct Parser<'e> {
    /// Where mistakes go.
    pub(crate) errors: &'e mut Errors,
    next: Id,
    depth: u32,
    types: Option<&'e Types>,
    /// The types that are named and not known: their companion macros must be asked.
    pub(crate) missing: Vec<syn::Path>,
    /// Whether this is the body, in which the length of an array may be a constant.
    in_body: bool,
}

impl<'e> Parser<'e> {
    /// A parser that reports to the sink and knows these types of the user's.
    pub(crate) fn with(errors: &'e mut Errors, types: &'e Types) -> Parser<'e> {
        Parser { errors, next: 0, depth: 0, types: Some(types), missing: Vec::new(), in_body: false }
    }

    /// A number that no other node has.
    fn id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    fn refuse(&mut self, at: &impl quote::ToTokens, message: impl Into<String>) -> Failed {
        self.errors.report(Place::of(at), message)
    }
}
