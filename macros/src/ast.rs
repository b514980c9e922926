//! The language that `#[differentiable]` accepts, as a tree: what is left of `syn`'s when everything else is refused.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

use crate::ty::Ty;

/// From the first to the last token of a piece of source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The first token.
    pub(crate) start: Span,
    /// The last token.
    pub(crate) end: Span,
}

impl Place {
    /// Where tokens are.
    pub(crate) fn of(tokens: &impl ToTokens) -> Place {
        Place::of_stream(tokens.to_token_stream())
    }

    fn of_stream(tokens: TokenStream) -> Place {
        let mut tokens = tokens.into_iter();
        let start = tokens.next().map_or_else(Span::call_site, |t| t.span());
        let end = tokens.last().map_or(start, |t| t.span());
        Place { start, end }
    }

    /// Where one token is.
    pub(crate) fn at(span: Span) -> Place {
        Place { start: span, end: span }
    }
}

/// The number of a node, unique in its function: names its type variables.
pub(crate) type Id = u32;

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    /// Its number.
    pub(crate) id: Id,
    /// Where it stands.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) kind: ExprKind,
}

/// A path such as `x`, `f64::sin` or `model::loss`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The identifiers, generic arguments left out.
    pub(crate) segments: Vec<String>,
    /// The generic arguments of the last segment or of the one before (`Vec::<f64>::new`).
    pub(crate) generics: Vec<Ty>,
    /// The type of the user's that all but the last identifier name (`Model::new`).
    pub(crate) owner_type: Option<Box<Ty>>,
    /// As written.
    pub(crate) written: syn::Path,
}

impl Path {
    /// The identifier, if that is all there is.
    pub(crate) fn single(&self) -> Option<&str> {
        match &self.segments[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The last identifier.
    pub(crate) fn last(&self) -> &str {
        self.segments.last().map_or("", |s| s)
    }

    /// The identifier before the last.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.segments.len().checked_sub(2).map(|k| self.segments[k].as_str())
    }

    /// Joined with `::`.
    pub(crate) fn show(&self) -> String {
        self.segments.join("::")
    }
}

/// Binary operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub(crate) enum Bin {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    And,
    Or,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) enum ExprKind {
    /// Digits and, if written, the type.
    Float(String, Option<Ty>),
    Int(i64, Option<Ty>),
    Bool(bool),
    Str,
    Path(Path),
    Neg(Box<Expr>),
    Not(Box<Expr>),
    Deref(Box<Expr>),
    Ref(Box<Expr>),
    RefMut(Box<Expr>),
    Bin(Bin, Box<Expr>, Box<Expr>),
    Assign(Box<Expr>, Box<Expr>),
    OpAssign(Bin, Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Expr>),
    Method(Box<Method>),
    Closure(std::rc::Rc<Closure>),
    If(Box<If>),
    Match(Box<Expr>, Vec<Arm>),
    Block(Option<String>, Block),
    For(Box<For>),
    /// `loop` has no condition.
    While(Option<String>, Option<Box<Expr>>, Block),
    Break(Option<String>, Option<Box<Expr>>),
    Continue(Option<String>),
    Return(Option<Box<Expr>>),
    Index(Box<Expr>, Box<Expr>),
    Field(Box<Expr>, String),
    Tuple(Vec<Expr>),
    Cast(Box<Expr>, Ty),
    Range(Range),
    Array(List, Vec<Expr>),
    Repeat(List, Box<Expr>, Box<Expr>),
    Assert(Box<Expr>, String),
    Panic(String),
    /// `let pattern = value` as a condition.
    Let(Box<Pat>, Box<Expr>),
    /// `_` on the left of an assignment.
    Ignore,
    Struct(Box<Literal>),
}

/// `Type { field: value, ..base }`, `Type(value)`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) struct Literal {
    pub(crate) ty: Ty,
    pub(crate) fields: Vec<(String, Expr)>,
    pub(crate) base: Option<Expr>,
}

/// What a bracketed list makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum List {
    /// `[..]`.
    Array,
    /// `vec![..]`.
    Vec,
}

/// `lo..hi`, `lo..=hi`, `..hi`, `lo..`, `..`.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// The first.
    pub(crate) lo: Option<Box<Expr>>,
    /// The end.
    pub(crate) hi: Option<Box<Expr>>,
    /// Whether the end belongs to it.
    pub(crate) inclusive: bool,
}

/// `receiver.name::<types>(args)`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) struct Method {
    pub(crate) receiver: Expr,
    pub(crate) name: String,
    pub(crate) name_at: Place,
    pub(crate) types: Vec<Ty>,
    /// The numbers among the generic arguments.
    pub(crate) lengths: Vec<usize>,
    pub(crate) args: Vec<Expr>,
    /// Whether it takes `&mut self`, once that is known.
    pub(crate) mutates: std::rc::Rc<std::cell::Cell<bool>>,
}

/// `|params| body`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) struct Closure {
    pub(crate) params: Vec<Pat>,
    pub(crate) body: Expr,
    pub(crate) moves: bool,
}

/// `if cond { then } else els`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) struct If {
    pub(crate) cond: Expr,
    pub(crate) then: Block,
    pub(crate) els: Option<Expr>,
}

/// `for pat in iter { body }`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) struct For {
    pub(crate) label: Option<String>,
    pub(crate) pat: Pat,
    pub(crate) iter: Expr,
    pub(crate) body: Block,
    /// The variable that holds an iterator which the loop uses up: `while let Some(x) = it.next()`.
    pub(crate) drains: Option<String>,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) struct Arm {
    pub(crate) pat: Pat,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Expr,
}

/// Statements and the value at the end.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The statements.
    pub(crate) stmts: Vec<Stmt>,
    /// The expression at the end, without a semicolon.
    pub(crate) tail: Option<Box<Expr>>,
    /// Where it stands.
    pub(crate) place: Place,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    /// `let pat: ty = value;` and `const`.
    Let(Pat, Option<Ty>, Option<Expr>),
    /// `let pat: ty = value else { .. };`
    LetElse(Pat, Option<Ty>, Expr, Block),
    /// `value;`
    Expr(Expr),
}

/// A pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pat {
    /// Its number.
    pub(crate) id: Id,
    /// Where it stands.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) kind: PatKind,
}

/// The kinds of patterns. References are left out: they change nothing.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub(crate) enum PatKind {
    Wild,
    /// `..` in a tuple or slice.
    Rest,
    /// `name` or `name @ pattern`.
    Bind(String, Option<Box<Pat>>),
    Tuple(Vec<Pat>),
    Slice(Vec<Pat>),
    Lit(Box<Expr>),
    Range(Range),
    Or(Vec<Pat>),
    /// A constant or an enum's variant.
    Path(Path),
    /// `Some(pattern)` and `None`.
    Some(Box<Pat>),
    None,
    Typed(Box<Pat>, Ty),
    /// Patterns of fields; those left out match anything.
    Struct(Ty, Vec<(String, Pat)>),
}

impl Expr {
    /// Whether it is or has `let pattern = value` as a part of a condition.
    pub(crate) fn has_let(&self) -> bool {
        match &self.kind {
            ExprKind::Let(..) => true,
            ExprKind::Bin(Bin::And, a, b) => a.has_let() || b.has_let(),
            _ => false,
        }
    }
}

impl Pat {
    /// Calls `f` with each name that the pattern binds.
    pub(crate) fn names(&self, f: &mut dyn FnMut(&str)) {
        match &self.kind {
            PatKind::Bind(name, inner) => {
                f(name);
                inner.iter().for_each(|p| p.names(f));
            }
            PatKind::Tuple(ps) | PatKind::Slice(ps) | PatKind::Or(ps) => ps.iter().for_each(|p| p.names(f)),
            PatKind::Typed(p, _) | PatKind::Some(p) => p.names(f),
            PatKind::Struct(_, ps) => ps.iter().for_each(|(_, p)| p.names(f)),
            _ => {}
        }
    }
}
