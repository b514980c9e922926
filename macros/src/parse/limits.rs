//! A look at the tokens before anything recursive sees them.

use proc_macro2::{Span, TokenStream, TokenTree};

/// How deep brackets may nest, and how many prefix operators may follow each other.
const MAX_GROUPS: usize = 64;
const MAX_PREFIXES: usize = 64;
/// How many `else`, `=` or `return` one list of tokens may hold: each may nest the expression one level deeper.
const MAX_TAILS: usize = 200;

/// The place where tokens nest too deeply to be parsed with a bounded stack.
pub(crate) fn too_deep(tokens: &TokenStream) -> Option<Span> {
    let mut open = vec![(tokens.clone().into_iter(), 0usize, 0usize)];
    while let Some((iter, prefixes, tails)) = open.last_mut() {
        let Some(token) = iter.next() else {
            open.pop();
            continue;
        };
        let span = token.span();
        match token {
            TokenTree::Group(g) => {
                *prefixes = 0;
                if open.len() >= MAX_GROUPS {
                    return Some(span);
                }
                open.push((g.stream().into_iter(), 0, 0));
                continue;
            }
            TokenTree::Punct(p) if matches!(p.as_char(), ';' | ',') => {
                *prefixes = 0;
                *tails = 0;
            }
            TokenTree::Punct(p) => {
                *prefixes += 1;
                *tails += usize::from(matches!(p.as_char(), '|' | '=' | '?'));
            }
            TokenTree::Ident(i) if PREFIX_WORDS.iter().any(|w| i == w) => {
                *prefixes += 1;
                *tails += 1;
            }
            _ => *prefixes = 0,
        }
        if *prefixes > MAX_PREFIXES || *tails > MAX_TAILS {
            return Some(span);
        }
    }
    None
}

const PREFIX_WORDS: [&str; 9] = ["else", "return", "break", "box", "move", "mut", "raw", "const", "static"];

/// The first `#[cfg(..)]` among the parameters or in the body: the compiler removes what it does not hold for, this macro
/// cannot know.
pub(crate) fn conditional(item: &syn::ItemFn) -> Option<Span> {
    use quote::ToTokens;
    let inputs = item.sig.inputs.to_token_stream();
    find_conditional(inputs).or_else(|| find_conditional(item.block.to_token_stream()))
}

fn find_conditional(tokens: TokenStream) -> Option<Span> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().find_map(|(k, t)| {
        let TokenTree::Group(g) = t else { return None };
        let hash =
            matches!(k.checked_sub(1).map(|k| &tokens[k]), Some(TokenTree::Punct(p)) if p.as_char() == '#');
        match g.stream().into_iter().next() {
            Some(TokenTree::Ident(i)) if hash && (i == "cfg" || i == "cfg_attr") => Some(i.span()),
            _ => find_conditional(g.stream()),
        }
    })
}
