//! What stands in the attributes: `#[differentiable(wrt(a, b), modes(jvp))]`, `#[derivative(of = f)]`.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitInt, Path, Token, parenthesized};

use crate::ast::Place;
use crate::errors::{Errors, Res};
use crate::messages;
use crate::types::Mode;

/// The arguments of an attribute.
#[derive(Clone, Default, Debug)]
pub(crate) struct Options {
    /// The parameters whose gradient is asked for; `None`: every float parameter.
    pub(crate) wrt: Option<Vec<Ident>>,
    /// Derivatives beyond the default, each once, and where they are asked for.
    pub(crate) modes: Vec<(Mode, Place)>,
    /// `of = f`: the function that the annotated one is the derivative of.
    pub(crate) of: Option<Path>,
    /// `rule = f_vjp`: the function that is the derivative of the annotated one.
    pub(crate) rule: Option<Path>,
    /// `checkpoint(every = k)`: loops are reversed in segments of so many iterations.
    pub(crate) checkpoint: Option<i64>,
    /// `__instance`: one of the instances of a generic function, which is only called from others and has no derivatives of
    /// its own. For the library's own functions.
    pub(crate) instance: bool,
}

/// Parses the arguments of `#[differentiable]` or, if `rule`, of `#[derivative]`.
pub(crate) fn options(tokens: TokenStream, rule: bool, errors: &mut Errors) -> Res<Options> {
    let place = Place::of(&tokens);
    let args = match syn::parse::Parser::parse2(Punctuated::<Arg, Token![,]>::parse_terminated, tokens) {
        Ok(args) => args,
        Err(e) => {
            let text = if rule { messages::derivative_arguments() } else { messages::attribute_arguments() };
            return Err(errors.report(Place::at(e.span()), text));
        }
    };
    let mut options = Options::default();
    for arg in args {
        match arg {
            Arg::Wrt(names) => options.wrt = Some(names),
            Arg::Modes(names) if !rule => {
                for name in &names {
                    let Some(mode) = mode(name, errors) else { continue };
                    if options.modes.iter().all(|(m, _)| *m != mode) {
                        options.modes.push((mode, Place::at(name.span())));
                    }
                }
            }
            Arg::Instance => options.instance = true,
            Arg::Of(path) if rule => options.of = Some(path),
            Arg::Rule(path) if !rule => options.rule = Some(path),
            Arg::Checkpoint(every) if !rule => options.checkpoint = segment(&every, errors),
            Arg::Checkpoint(every) => {
                errors.report(Place::at(every.span()), messages::derivative_arguments());
            }
            Arg::Modes(names) => {
                let at = names.first().map_or(place, |n| Place::at(n.span()));
                errors.report(at, messages::derivative_arguments());
            }
            Arg::Of(path) => {
                errors.report(Place::of(&path), messages::attribute_arguments());
            }
            Arg::Rule(path) => {
                errors.report(Place::of(&path), messages::derivative_arguments());
            }
        }
    }
    if rule && options.of.is_none() {
        errors.report(place, messages::derivative_arguments());
    }
    errors.barrier()?;
    Ok(options)
}

fn mode(name: &Ident, errors: &mut Errors) -> Option<Mode> {
    match name.to_string().as_str() {
        "value" | "grad" | "vjp" => None,
        "jvp" => Some(Mode::Jvp),
        "jacobian" => Some(Mode::Jacobian),
        "hessian" => Some(Mode::Hessian),
        "hvp" => Some(Mode::Hvp),
        other => {
            errors.report(Place::at(name.span()), messages::unknown_mode(other));
            None
        }
    }
}

/// The iterations of a segment.
fn segment(every: &LitInt, errors: &mut Errors) -> Option<i64> {
    let n = every.base10_parse().ok().filter(|n| *n > 0);
    if n.is_none() {
        errors.report(Place::at(every.span()), messages::segment());
    }
    n
}

enum Arg {
    Checkpoint(LitInt),
    Wrt(Vec<Ident>),
    Modes(Vec<Ident>),
    Of(Path),
    Rule(Path),
    Instance,
}

impl Parse for Arg {
    fn parse(input: ParseStream) -> syn::Result<Arg> {
        let word: Ident = input.parse()?;
        match word.to_string().as_str() {
            "checkpoint" => {
                let inner;
                parenthesized!(inner in input);
                let every: Ident = inner.parse()?;
                if every != "every" {
                    return Err(syn::Error::new(every.span(), "unknown"));
                }
                inner.parse::<Token![=]>()?;
                Ok(Arg::Checkpoint(inner.parse()?))
            }
            "__instance" => Ok(Arg::Instance),
            "wrt" => Ok(Arg::Wrt(names(input)?)),
            "modes" => Ok(Arg::Modes(names(input)?)),
            "of" => {
                input.parse::<Token![=]>()?;
                Ok(Arg::Of(input.parse()?))
            }
            "rule" => {
                input.parse::<Token![=]>()?;
                Ok(Arg::Rule(input.parse()?))
            }
            _ => Err(syn::Error::new(word.span(), "unknown")),
        }
    }
}

fn names(input: ParseStream) -> syn::Result<Vec<Ident>> {
    let inner;
    parenthesized!(inner in input);
    Ok(Punctuated::<Ident, Token![,]>::parse_terminated(&inner)?.into_iter().collect())
}
