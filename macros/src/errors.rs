//! The error sink: phases report into it, and a barrier between phases asks whether to go on.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};

use crate::ast::Place;

/// A marker that an error was reported; carries no text, so that none is reported twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Failed;

/// A result whose error was reported already.
pub(crate) type Res<T> = Result<T, Failed>;

/// Collects errors. A sink that holds errors must be asked: [`Errors::barrier`] or [`Errors::into_tokens`].
#[derive(Default, Debug)]
#[must_use]
pub(crate) struct Errors(Vec<(Place, String)>);

impl Errors {
    /// Reports a mistake (once per place and wording).
    pub(crate) fn report(&mut self, place: Place, message: impl Into<String>) -> Failed {
        let message = message.into();
        let same = |(p, m): &(Place, String)| {
            *m == message && format!("{:?}", p.start) == format!("{:?}", place.start)
        };
        if !self.0.iter().any(same) {
            self.0.push((place, message));
        }
        Failed
    }

    /// Whether nothing was reported.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything (a round of lowering that is repeated).
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the mistakes of another sink.
    pub(crate) fn append(&mut self, other: Errors) {
        self.0.extend(other.0);
    }

    /// Stops here if anything was reported.
    pub(crate) fn barrier(&self) -> Res<()> {
        if self.is_empty() { Ok(()) } else { Err(Failed) }
    }

    /// The messages, for tests.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.0.iter().map(|(_, m)| m.as_str()).collect()
    }

    /// `compile_error!` for each mistake, underlining its place.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.iter().flat_map(|(place, message)| compile_error(*place, message)).collect()
    }
}

/// `::core::compile_error! { "message" }`, with spans such that the whole place is underlined.
fn compile_error(place: Place, message: &str) -> TokenStream {
    let punct = |c, spacing, span| {
        let mut p = Punct::new(c, spacing);
        p.set_span(span);
        TokenTree::Punct(p)
    };
    let mut text = Literal::string(message);
    text.set_span(place.end);
    let mut body = Group::new(Delimiter::Brace, TokenTree::Literal(text).into());
    body.set_span(place.end);
    [
        punct(':', Spacing::Joint, place.start),
        punct(':', Spacing::Alone, place.start),
        TokenTree::Ident(Ident::new("core", place.start)),
        punct(':', Spacing::Joint, place.start),
        punct(':', Spacing::Alone, place.start),
        TokenTree::Ident(Ident::new("compile_error", place.start)),
        punct('!', Spacing::Alone, place.end),
        TokenTree::Group(body),
    ]
    .into_iter()
    .collect()
}
