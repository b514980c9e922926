//! Parameters as slices and numbers, and the lengths that they bind.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Extent, Func, Scalar, Ty, Value};
use quote::quote;
use syn::ext::IdentExt;

use super::code::Code;
use super::scalar::{self, Num};
use crate::emit::names::GPU;
use crate::types::{Int, Len, Param, Passing, RustTy};

/// One axis of a parameter: its length, and the word for what is counted along it.
struct Axis {
    len: TokenStream,
    noun: &'static str,
}

/// How a leaf of a parameter is reached.
enum Access {
    /// A number: the expression, of its IR type.
    Number(TokenStream),
    /// A slice of its elements.
    Slice(TokenStream),
    /// A matrix whose elements may lie apart.
    View(TokenStream),
    /// One component of each element of a slice: the slice, and the component of an element `e`.
    Component(TokenStream, TokenStream),
    /// An array that is a component of each element of a slice: the slice, and the statement that appends that of an
    /// element `e` to a list `out`.
    Components(TokenStream, TokenStream),
}

/// What a value holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The value itself.
    Value,
    /// What a tangent has of it.
    Tangent,
}

/// What the length of an axis says; lengths as `shape` takes them.
enum Length {
    /// It must be so long.
    Exactly(TokenStream, usize),
    /// It must be as long as one before.
    Equal(TokenStream, TokenStream),
    /// It is the first with this size.
    Binds(Value, TokenStream),
}

/// A leaf of a parameter.
struct Leaf {
    access: Access,
    axes: Vec<Axis>,
    suffix: String,
    /// The way to it, for messages.
    way: String,
    is_float: bool,
}

/// Whether a type is passed by value as cheaply as by reference.
pub(super) fn is_number(ty: &RustTy) -> bool {
    matches!(ty, RustTy::Float(_) | RustTy::Bool | RustTy::Int(_) | RustTy::Enum(_))
}

impl Code<'_, '_> {
    /// Binds IR parameters to the leaves of Rust ones; of cotangents only to those that are floats.
    pub(super) fn bind_params(
        &mut self,
        function: &str,
        params: &[Param],
        cotangents: &[Param],
        values: &[Value],
    ) -> TokenStream {
        for param in params.iter().chain(cotangents) {
            self.names.reserve(&param.name.unraw().to_string());
        }
        let leaves = all_leaves(params, cotangents);
        assert_eq!(leaves.len(), values.len(), "`{function}`: parameters and leaves differ in number");
        let lengths = lengths(self.func, &leaves, values);
        let sizes: TokenStream = lengths.into_iter().map(|l| self.bind_length(function, l)).collect();
        let bind = leaves.iter().zip(values).map(|((param, leaf), &v)| self.bind_leaf(param, leaf, v));
        let bound: TokenStream = bind.collect();
        quote!(#sizes #bound)
    }

    /// Binds the hidden parameters to the constants that they stand for.
    pub(super) fn bind_consts(&mut self, consts: &[(syn::Expr, Scalar)], values: &[Value]) -> TokenStream {
        let mut out = TokenStream::new();
        for ((expr, scalar), &v) in consts.iter().zip(values) {
            let (name, ty) = (self.names.fresh(self.source_name(v), "c"), scalar::ty(*scalar));
            self.nums.insert(v, Num::atom(quote!(#name)));
            out.extend(quote!(let #name: #ty = #expr;));
        }
        out
    }

    /// What a length says of the program: it is checked, or it binds a name.
    fn bind_length(&mut self, function: &str, length: Length) -> TokenStream {
        match length {
            Length::Exactly(this, n) => quote!(::pullback::shape::exactly(#function, #this, #n);),
            Length::Equal(first, this) => quote!(::pullback::shape::equal(#function, #first, #this);),
            Length::Binds(size, len) => {
                let name = self.names.fresh(self.source_name(size), "n");
                self.nums.insert(size, Num::index(quote!(#name)));
                quote!(let #name = #len;)
            }
        }
    }

    fn bind_leaf(&mut self, param: &Param, leaf: &Leaf, v: Value) -> TokenStream {
        let name = format!("{}{}", param.name.unraw(), leaf.suffix);
        match &leaf.access {
            Access::Number(expr) if leaf.suffix.is_empty() && param.name == expr.to_string() => {
                self.nums.insert(v, Num::atom(expr.clone()));
                TokenStream::new()
            }
            Access::Number(expr) => {
                let name = self.shadow(param, &name, &leaf.suffix);
                self.nums.insert(v, Num::atom(quote!(#name)));
                quote!(let #name = #expr;)
            }
            Access::Slice(expr) => {
                let name = self.shadow(param, &name, &leaf.suffix);
                self.bind_array(v, name.clone(), false);
                quote!(let #name = #expr;)
            }
            Access::View(place) => {
                let name = self.shadow(param, &name, &leaf.suffix);
                let Ty::Array(elem, _) = self.ty(v) else { panic!("a view is an array") };
                let elem = scalar::ty(*elem);
                let field = self.items.field(&name, &quote!(::std::vec::Vec<#elem>));
                self.bind_array(v, name.clone(), false);
                quote!(let #name = ::pullback::cpu::collected(&mut buffers.#field, #place.iter());)
            }
            Access::Component(slice, component) => {
                let name = self.shadow(param, &name, &leaf.suffix);
                let Ty::Array(elem, _) = self.ty(v) else { panic!("a component of an array is an array") };
                let elem = scalar::ty(*elem);
                let field = self.items.field(&name, &quote!(::std::vec::Vec<#elem>));
                self.bind_array(v, name.clone(), false);
                quote!(let #name = ::pullback::cpu::gather(&mut buffers.#field, #slice, |e| #component);)
            }
            Access::Components(slice, append) => {
                let name = self.shadow(param, &name, &leaf.suffix);
                let Ty::Array(elem, _) = self.ty(v) else { panic!("a component of an array is an array") };
                let elem = scalar::ty(*elem);
                let field = self.items.field(&name, &quote!(::std::vec::Vec<#elem>));
                self.bind_array(v, name.clone(), false);
                quote!(let #name = ::pullback::cpu::gather_all(&mut buffers.#field, #slice, |e, out| { #append });)
            }
        }
    }

    /// The parameter's own name, or a new one for a part of it.
    fn shadow(&mut self, param: &Param, name: &str, suffix: &str) -> Ident {
        if suffix.is_empty() { param.name.clone() } else { self.names.fresh(name, "x") }
    }
}

/// The leaves of parameters, and of cotangents those that are floats.
fn all_leaves<'p>(params: &'p [Param], cotangents: &'p [Param]) -> Vec<(&'p Param, Leaf)> {
    let own = params.iter().flat_map(|p| leaves_of(p, Of::Value).into_iter().map(move |l| (p, l)));
    let floats = |p| tangent_leaves(p).into_iter().map(move |l| (p, l));
    own.chain(cotangents.iter().flat_map(floats)).collect()
}

/// What the lengths of leaves say, in order: `values` are the parameters of the IR function.
fn lengths(func: &Func, leaves: &[(&Param, Leaf)], values: &[Value]) -> Vec<Length> {
    let (mut known, mut out) = (Vec::<(Value, TokenStream)>::new(), Vec::new());
    for ((param, leaf), &v) in leaves.iter().zip(values) {
        let text = format!("{}{}", param.name.unraw(), leaf.way);
        for (&extent, Axis { len, noun }) in func.values.ty(v).shape().iter().zip(&leaf.axes) {
            let this = quote!((#text, #noun, #len));
            match extent {
                Extent::Const(n) if !len.to_string().starts_with(char::is_numeric) => {
                    out.push(Length::Exactly(this, n as usize));
                }
                Extent::Const(_) => {}
                Extent::Value(size) => match known.iter().find(|(v, _)| *v == size) {
                    Some((_, first)) if first.to_string() == this.to_string() => {}
                    Some((_, first)) => out.push(Length::Equal(first.clone(), this)),
                    None => {
                        known.push((size, this));
                        out.push(Length::Binds(size, len.clone()));
                    }
                },
            }
        }
    }
    out
}

/// The checks of the lengths of parameters, and of cotangents, as errors of code that returns a `Result`. `func` takes the leaves of
/// the parameters, so many constants, and the cotangents.
pub(super) fn checks(
    function: &str,
    (params, consts, cotangents): (&[Param], usize, &[Param]),
    func: &Func,
) -> TokenStream {
    let own = params.iter().map(|p| leaves_of(p, Of::Value).len()).sum();
    let (own, rest) = func.params().split_at(own);
    let values = [own, &rest[consts..]].concat();
    let check = |length| match length {
        Length::Exactly(this, n) => quote!(::pullback::shape::is_exactly(#function, #this, #n)?;),
        Length::Equal(first, this) => quote!(::pullback::shape::agree(#function, #first, #this)?;),
        Length::Binds(..) => TokenStream::new(),
    };
    lengths(func, &all_leaves(params, cotangents), &values).into_iter().map(check).collect()
}

/// A leaf with the parameter's name, and what its axes count.
pub(super) type Nouns = (String, Vec<&'static str>);

/// What the axes of each leaf of a parameter count.
pub(super) fn nouns(param: &Param) -> Vec<Nouns> {
    named_axes(param, leaves_of(param, Of::Value))
}

/// The same for the leaves of a cotangent or a direction.
pub(super) fn nouns_of_tangent(param: &Param) -> Vec<Nouns> {
    named_axes(param, tangent_leaves(param))
}

fn named_axes(param: &Param, leaves: Vec<Leaf>) -> Vec<Nouns> {
    let one = |leaf: Leaf| {
        (format!("{}{}", param.name.unraw(), leaf.way), leaf.axes.iter().map(|a| a.noun).collect())
    };
    leaves.into_iter().map(one).collect()
}

/// The leaves of a parameter's value as arguments of a program for a GPU: numbers, and arrays that are copied there.
pub(super) fn to_leaves(param: &Param) -> Vec<TokenStream> {
    leaves_of(param, Of::Value).iter().map(to_leaf).collect()
}

/// The same for a cotangent or a direction.
pub(super) fn to_tangent_leaves(param: &Param) -> Vec<TokenStream> {
    tangent_leaves(param).iter().map(to_leaf).collect()
}

/// The leaves of a tangent: those that are floats.
fn tangent_leaves(param: &Param) -> Vec<Leaf> {
    leaves_of(param, Of::Tangent).into_iter().filter(|l| l.is_float).collect()
}

fn to_leaf(leaf: &Leaf) -> TokenStream {
    let dims = leaf.axes.iter().map(|a| &a.len);
    let array = match &leaf.access {
        Access::Number(expr) => return expr.clone(),
        Access::Slice(slice) => quote!(::pullback::cuda::Array::upload(#GPU, #slice)?),
        Access::View(place) => quote!(::pullback::cuda::Array::of_host(
            #GPU,
            #place.iter().copied().collect::<::std::vec::Vec<_>>(),
        )),
        Access::Component(slice, component) => quote!(::pullback::cuda::Array::of_host(
            #GPU,
            (#slice).iter().map(|e| #component).collect::<::std::vec::Vec<_>>(),
        )),
        Access::Components(slice, append) => quote!(::pullback::cuda::Array::of_host(#GPU, {
            let mut out = ::std::vec::Vec::new();
            ::pullback::cpu::gather_all(&mut out, #slice, |e, out| { #append });
            out
        })),
    };
    quote!(&::pullback::cuda::Leaf { dims: ::std::vec![#(#dims),*], array: #array })
}

/// The elements and the lengths of a value with one leaf, a float array: `place` is a reference to it.
pub(super) fn as_slice(ty: &RustTy, place: &TokenStream) -> Option<(TokenStream, Vec<TokenStream>)> {
    if ty.has_user_type() {
        return None;
    }
    match &leaves(ty, place, ("", ""), Of::Value)[..] {
        [Leaf { access: Access::Slice(slice), axes, is_float: true, .. }] => {
            Some((slice.clone(), axes.iter().map(|a| a.len.clone()).collect()))
        }
        _ => None,
    }
}

fn leaves_of(param: &Param, of: Of) -> Vec<Leaf> {
    let name = &param.name;
    let by_value = param.passing == Passing::Value && is_number(&param.ty);
    if is_number(&param.ty) && !by_value {
        return leaves(&param.ty, &quote!((*#name)), ("", ""), of);
    }
    let mut leaves = leaves(&param.ty, &quote!(#name), ("", ""), of);
    if param.passing == Passing::View {
        leaves.iter_mut().for_each(|l| l.access = Access::View(quote!(#name)));
    }
    leaves
}

/// The leaves of a value: `place` is an expression of that type, or of a reference to it.
fn leaves(ty: &RustTy, place: &TokenStream, (suffix, way): (&str, &str), of: Of) -> Vec<Leaf> {
    let is_float = matches!(ty, RustTy::Float(_) | RustTy::Matrix(..));
    let one = |access, axes| {
        vec![Leaf { access, axes, suffix: suffix.to_string(), way: way.to_string(), is_float }]
    };
    let axis = |known: Len, len: TokenStream, noun| match known {
        Len::Const(n) => {
            let n = proc_macro2::Literal::usize_unsuffixed(n);
            Axis { len: quote!(#n), noun }
        }
        Len::Dyn => Axis { len, noun },
    };
    match ty {
        RustTy::Unit => Vec::new(),
        RustTy::Float(_) | RustTy::Bool | RustTy::Int(Int::I64) => one(Access::Number(unwrap(place)), vec![]),
        RustTy::Int(_) => one(Access::Number(quote!(#place as i64)), vec![]),
        RustTy::Enum(_) => one(Access::Number(quote!(#place.__pullback_index())), vec![]),
        RustTy::Matrix(_, n, Len::Const(1)) | RustTy::Matrix(_, Len::Const(1), n) => {
            one(Access::Slice(quote!(#place.as_slice())), vec![axis(*n, quote!(#place.len()), "elements")])
        }
        RustTy::Matrix(_, r, c) => one(
            Access::Slice(quote!(#place.as_slice())),
            vec![axis(*c, quote!(#place.ncols()), "columns"), axis(*r, quote!(#place.nrows()), "rows")],
        ),
        RustTy::Tuple(parts) => parts
            .iter()
            .enumerate()
            .flat_map(|(k, part)| {
                let index = syn::Index::from(k);
                leaves(part, &quote!(#place.#index), (&format!("{suffix}_{k}"), &format!("{way}.{k}")), of)
            })
            .collect(),
        RustTy::Struct(s) => s
            .fields
            .iter()
            .filter(|f| of == Of::Value || f.is_active())
            .flat_map(|f| {
                let (member, accessor) = (f.member(), f.accessor());
                let name = f.name.trim_start_matches("r#");
                let place =
                    if of == Of::Value { quote!((*#place.#accessor())) } else { quote!(#place.#member) };
                leaves(&f.ty, &place, (&format!("{suffix}_{name}"), &format!("{way}.{name}")), of)
            })
            .collect(),
        RustTy::Array(..) | RustTy::Slice(_) | RustTy::Vec(_) => elements(ty, place, (suffix, way), of),
    }
}

/// `(*x)` as an expression by itself.
pub(super) fn unwrap(place: &TokenStream) -> TokenStream {
    syn::parse2::<syn::ExprParen>(place.clone()).map_or_else(
        |_| place.clone(),
        |paren| {
            let inner = paren.expr;
            quote!(#inner)
        },
    )
}

/// The leaves of an array of anything.
fn elements(ty: &RustTy, place: &TokenStream, (suffix, way): (&str, &str), of: Of) -> Vec<Leaf> {
    let (element, depth) = innermost(ty);
    let flatten = (1..depth).map(|_| quote!(.as_flattened()));
    let slice = quote!(#place[..]#(#flatten)*);
    let slice = if depth > 1 { slice } else { quote!(&#slice) };
    let axes = || axes_of(ty, place);
    match element {
        RustTy::Float(_) | RustTy::Bool | RustTy::Int(Int::I64) => {
            let is_float = matches!(element, RustTy::Float(_));
            let (suffix, way) = (suffix.to_string(), way.to_string());
            vec![Leaf { access: Access::Slice(slice), axes: axes(), suffix, way, is_float }]
        }
        element => {
            let parts = leaves(element, &quote!((*e)), (suffix, way), of).into_iter();
            let part = |leaf: Leaf| {
                let access = match leaf.access {
                    Access::Number(component) => Access::Component(slice.clone(), component),
                    Access::Slice(inner) | Access::View(inner) => {
                        Access::Components(slice.clone(), quote!(out.extend_from_slice(#inner);))
                    }
                    Access::Component(inner, component) => {
                        let each = quote!(for e in (#inner).iter() { out.push(#component); });
                        Access::Components(slice.clone(), each)
                    }
                    Access::Components(inner, append) => {
                        Access::Components(slice.clone(), quote!(for e in (#inner).iter() { #append }))
                    }
                };
                Leaf { access, axes: axes().into_iter().chain(leaf.axes).collect(), ..leaf }
            };
            parts.map(part).collect()
        }
    }
}

/// What an array is made of, and how many axes lie around it.
pub(super) fn innermost(ty: &RustTy) -> (&RustTy, usize) {
    match ty {
        RustTy::Array(t, _) | RustTy::Slice(t) | RustTy::Vec(t) => {
            let (element, depth) = innermost(t);
            (element, depth + 1)
        }
        ty => (ty, 0),
    }
}

fn axes_of(ty: &RustTy, place: &TokenStream) -> Vec<Axis> {
    let constant = |n: usize| {
        let n = proc_macro2::Literal::usize_unsuffixed(n);
        quote!(#n)
    };
    let mut axes = Vec::new();
    let mut at = ty;
    loop {
        let (len, inner) = match at {
            RustTy::Array(t, n) => (constant(*n), t),
            RustTy::Slice(t) | RustTy::Vec(t) => (quote!(#place.len()), t),
            _ => return axes,
        };
        axes.push(Axis { len, noun: "elements" });
        at = inner;
    }
}

/// An owned copy of what a place holds, and `borrow` refers to.
pub(super) fn copied(ty: &RustTy, borrow: &str, place: &impl quote::ToTokens) -> TokenStream {
    let borrow: TokenStream = borrow.parse().unwrap_or_default();
    let reference = quote!((#borrow #place));
    match ty {
        RustTy::Slice(t) if t.has_user_type() => {
            quote!(#reference.iter().map(::pullback::Differentiable::copied).collect::<::std::vec::Vec<_>>())
        }
        ty if ty.has_user_type() => quote!(::pullback::Differentiable::copied(#reference)),
        _ => quote!(#place.to_owned()),
    }
}

/// The type of a derivative with respect to a value.
pub(crate) fn tangent(ty: &RustTy) -> TokenStream {
    match ty {
        RustTy::Unit | RustTy::Bool | RustTy::Int(_) | RustTy::Enum(_) => quote!(()),
        RustTy::Struct(s) => {
            let path = &s.name.path;
            quote!(<#path as ::pullback::Differentiable>::Tangent)
        }
        RustTy::Float(s) => scalar::ty(*s),
        RustTy::Array(t, n) => {
            let t = tangent(t);
            quote!([#t; #n])
        }
        RustTy::Slice(t) | RustTy::Vec(t) => {
            let t = tangent(t);
            quote!(::std::vec::Vec<#t>)
        }
        RustTy::Matrix(s, rows, columns) => matrix(&scalar::ty(*s), *rows, *columns),
        RustTy::Tuple(parts) => {
            let parts = parts.iter().map(tangent);
            quote!((#(#parts,)*))
        }
    }
}

/// The type of a matrix.
pub(super) fn matrix(elem: &TokenStream, rows: Len, columns: Len) -> TokenStream {
    match (rows, columns) {
        (Len::Dyn, Len::Dyn) => quote!(::pullback::nalgebra::DMatrix<#elem>),
        (Len::Dyn, Len::Const(1)) => quote!(::pullback::nalgebra::DVector<#elem>),
        (Len::Const(1), Len::Dyn) => quote!(::pullback::nalgebra::RowDVector<#elem>),
        (Len::Const(r), Len::Const(c)) => quote!(::pullback::nalgebra::SMatrix<#elem, #r, #c>),
        (Len::Dyn, Len::Const(c)) => {
            quote!(::pullback::nalgebra::OMatrix<#elem, ::pullback::nalgebra::Dyn, ::pullback::nalgebra::Const<#c>>)
        }
        (Len::Const(r), Len::Dyn) => {
            quote!(::pullback::nalgebra::OMatrix<#elem, ::pullback::nalgebra::Const<#r>, ::pullback::nalgebra::Dyn>)
        }
    }
}

/// A zero of that type; what has a length at run time is empty.
pub(crate) fn zero(ty: &RustTy) -> TokenStream {
    match ty {
        RustTy::Unit | RustTy::Bool | RustTy::Int(_) | RustTy::Enum(_) => quote!(()),
        RustTy::Struct(_) => quote!(::core::default::Default::default()),
        RustTy::Float(_) => quote!(0.0),
        RustTy::Array(t, _) if t.has_user_type() => {
            let t = zero(t);
            quote!(::core::array::from_fn(|_| #t))
        }
        RustTy::Array(t, n) => {
            let t = zero(t);
            quote!([#t; #n])
        }
        RustTy::Slice(_) | RustTy::Vec(_) => quote!(::std::vec::Vec::new()),
        RustTy::Matrix(_, Len::Const(_), Len::Const(_)) => quote!(::pullback::nalgebra::SMatrix::zeros()),
        RustTy::Matrix(_, Len::Dyn, Len::Dyn) => quote!(::pullback::nalgebra::DMatrix::zeros(0, 0)),
        RustTy::Matrix(..) => {
            let ty = tangent(ty);
            quote!(<#ty>::zeros(0))
        }
        RustTy::Tuple(parts) => {
            let parts = parts.iter().map(zero);
            quote!((#(#parts,)*))
        }
    }
}
