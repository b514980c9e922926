//! Numbers: literals, types, and the templates of the table of operations.

use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use pullback_kernels::ir::{Lit, Scalar};
use pullback_kernels::ops::Op;
use quote::quote;

/// A number in generated code.
#[derive(Clone)]
pub(super) struct Num {
    /// The expression.
    pub(super) tokens: TokenStream,
    /// Whether it stays one operand wherever it is put.
    pub(super) atom: bool,
    /// Whether it is a `usize` (a loop's index) rather than of its IR type.
    pub(super) index: bool,
    /// How many operations are written into it.
    pub(super) depth: usize,
}

impl Num {
    /// A name or a call.
    pub(super) fn atom(tokens: TokenStream) -> Num {
        Num { tokens, atom: true, index: false, depth: 0 }
    }

    /// The index of a loop, a `usize`.
    pub(super) fn index(tokens: TokenStream) -> Num {
        Num { tokens, atom: true, index: true, depth: 0 }
    }

    /// The number as a value of its IR type.
    pub(super) fn value(&self) -> TokenStream {
        let tokens = &self.tokens;
        if self.index { quote!(#tokens as i64) } else { tokens.clone() }
    }

    /// The number as an operand.
    pub(super) fn operand(&self) -> TokenStream {
        let value = self.value();
        if self.atom && !self.index { value } else { quote!((#value)) }
    }

    /// The number as a position in a slice.
    pub(super) fn position(&self) -> TokenStream {
        if self.index {
            return self.tokens.clone();
        }
        let operand = self.operand();
        quote!(#operand as usize)
    }
}

/// The Rust type of a scalar type.
pub(super) fn ty(scalar: Scalar) -> TokenStream {
    let name = Ident::new(scalar.name(), Span::call_site());
    quote!(#name)
}

/// The bytes of a number in memory.
pub(super) fn bytes(scalar: Scalar) -> usize {
    match scalar {
        Scalar::Bool => 1,
        Scalar::I32 | Scalar::F32 => 4,
        Scalar::I64 | Scalar::F64 => 8,
    }
}

/// A literal, of a type that nothing need infer.
pub(super) fn literal(lit: Lit) -> Num {
    let ty = ty(lit.ty());
    let tokens = match lit {
        Lit::Bool(b) => return Num::atom(quote!(#b)),
        Lit::I32(i) => integer(i64::from(i), i == i32::MIN, "i32"),
        Lit::I64(i) => integer(i, i == i64::MIN, "i64"),
        Lit::F32(x) => float(f64::from(x), &format!("{:?}_f32", x.abs())),
        Lit::F64(x) => float(x, &format!("{:?}_f64", x.abs())),
    };
    Num::atom(tokens.unwrap_or_else(|name| {
        let name = Ident::new(name, Span::call_site());
        quote!(#ty::#name)
    }))
}

fn integer(value: i64, least: bool, suffix: &str) -> Result<TokenStream, &'static str> {
    if least {
        return Err("MIN");
    }
    let magnitude: Literal =
        format!("{}_{suffix}", value.unsigned_abs()).parse().expect("an integer literal");
    Ok(if value < 0 { quote!((-#magnitude)) } else { quote!(#magnitude) })
}

fn float(value: f64, magnitude: &str) -> Result<TokenStream, &'static str> {
    if value.is_nan() {
        return Err("NAN");
    }
    if value.is_infinite() {
        return Err(if value > 0.0 { "INFINITY" } else { "NEG_INFINITY" });
    }
    let magnitude: Literal = magnitude.parse().expect("a float literal");
    Ok(if value.is_sign_negative() { quote!((-#magnitude)) } else { quote!(#magnitude) })
}

/// An operation applied to operands of these types. In lanes `FMA` is in scope.
pub(super) fn apply(op: Op, args: &[Num], types: &[Scalar], result: Scalar, lanes: bool) -> Num {
    let template = op.rust(types, lanes);
    let operands: Vec<TokenStream> = args.iter().map(Num::operand).collect();
    let depth = 1 + args.iter().map(|a| a.depth).max().unwrap_or(0);
    let text = template.replace("{T}", types[0].name()).replace("{R}", result.name());
    Num { tokens: fill(&text, &operands), atom: is_atom(template), index: false, depth }
}

/// A template with its operands put in.
fn fill(template: &str, operands: &[TokenStream]) -> TokenStream {
    let mut text = template.to_string();
    for k in 0..operands.len() {
        text = text.replace(&format!("{{{k}}}"), &format!("__{k}"));
    }
    let tokens: TokenStream = text.parse().unwrap_or_else(|_| panic!("the template `{template}` is no Rust"));
    substitute(tokens, operands)
}

fn substitute(tokens: TokenStream, operands: &[TokenStream]) -> TokenStream {
    let operand = |name: &Ident| {
        let k: usize = name.to_string().strip_prefix("__")?.parse().ok()?;
        operands.get(k).cloned()
    };
    let each = |token: TokenTree| match token {
        TokenTree::Ident(name) => operand(&name).unwrap_or_else(|| TokenTree::Ident(name).into()),
        TokenTree::Group(group) => {
            TokenTree::from(Group::new(group.delimiter(), substitute(group.stream(), operands))).into()
        }
        token => token.into(),
    };
    tokens.into_iter().map(each).collect::<TokenStream>()
}

/// Whether a template's text stays one operand wherever it is put: a path's call or a method's.
fn is_atom(template: &str) -> bool {
    let mut depth = 0;
    for c in template.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ' ' | '-' | '!' if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_keep_their_bits() {
        let text = |lit| literal(lit).tokens.to_string().replace(' ', "");
        assert_eq!(text(Lit::F64(1.0)), "1.0_f64");
        assert_eq!(text(Lit::F64(-0.0)), "(-0.0_f64)");
        assert_eq!(text(Lit::F64(1e-300)), "1e-300_f64");
        assert_eq!(text(Lit::F32(0.1)), "0.1_f32");
        assert_eq!(text(Lit::F32(f32::NEG_INFINITY)), "f32::NEG_INFINITY");
        assert_eq!(text(Lit::F64(f64::NAN)), "f64::NAN");
        assert_eq!(text(Lit::I64(-3)), "(-3_i64)");
        assert_eq!(text(Lit::I64(i64::MIN)), "i64::MIN");
    }

    #[test]
    fn templates_take_operands() {
        let (a, b) = (Num::atom(quote!(a)), Num::index(quote!(i)));
        let sum = Num { tokens: fill("{0} + {1}", &[a.operand(), b.operand()]), ..Num::atom(quote!()) };
        assert_eq!(sum.tokens.to_string(), "a + (i as i64)");
        assert!(is_atom("{0}.powf({1} + 1.0)") && !is_atom("-{0}") && !is_atom("{0} as f32"));
    }
}
