//! Companion macros: how one function's IR gets to the functions that call it.
//!
//! For `fn f` there is `macro_rules! __pullback_f_<hash>`, re-exported as `f`, which passes what is known of `f` (an
//! [`Entry`]) and its caller's tokens on to a macro that the caller names. A caller asks each function that it calls
//! in turn, through `::pullback::__resume!`, and is expanded when all have answered.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use pullback_kernels::ir::{self, Extent, Kind, Module, Scalar};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Token, braced, bracketed, parenthesized};

use crate::ast::Path;
use crate::errors::Errors;
use crate::parse::{self, Parser};
use crate::ty::Ty;
use crate::types::{Passing, RustTy, Signature};

/// What a caller knows of a function that it calls.
pub(crate) struct Callee {
    /// The path by which it is called, as text.
    pub(crate) path: String,
    /// The same, as written.
    pub(crate) written: syn::Path,
    /// Whether each parameter is filled by the function, and its type.
    pub(crate) params: Vec<(bool, Ty)>,
    /// The result's type.
    pub(crate) ret: Ty,
    /// The types of its hidden parameters.
    pub(crate) consts: Vec<Scalar>,
    /// Its IR and that of what it calls; functions without IR are named as the caller can.
    pub(crate) module: Module,
}

impl Callee {
    /// Whether this is the instance of a generic function for a float type: its first float parameter is of that type.
    pub(crate) fn is_for(&self, float: Option<Scalar>) -> bool {
        self.params.iter().find_map(|(_, t)| t.float()).and_then(Ty::scalar) == float
    }
}

/// What a companion macro carries: one function, or, for a function that is generic over the float type, its instances
/// (`either { .. } { .. }`).
pub(crate) struct Entry {
    instances: Vec<Instance>,
}

/// What is known of one function.
struct Instance {
    params: Vec<syn::Type>,
    ret: syn::Type,
    consts: Vec<Ident>,
    /// `None`: the function itself has errors.
    ir: Option<String>,
}

impl Parse for Entry {
    fn parse(input: ParseStream) -> syn::Result<Entry> {
        if !input.peek(syn::Ident) {
            return Ok(Entry { instances: vec![input.parse()?] });
        }
        input.parse::<Ident>()?;
        let mut instances = Vec::new();
        while !input.is_empty() {
            let instance;
            braced!(instance in input);
            instances.push(instance.parse()?);
        }
        Ok(Entry { instances })
    }
}

impl Parse for Instance {
    fn parse(input: ParseStream) -> syn::Result<Instance> {
        let (params, consts);
        parenthesized!(params in input);
        let params = Punctuated::<syn::Type, Token![,]>::parse_terminated(&params)?.into_iter().collect();
        input.parse::<Token![->]>()?;
        let ret = input.parse()?;
        bracketed!(consts in input);
        let consts = Punctuated::<Ident, Token![,]>::parse_terminated(&consts)?.into_iter().collect();
        let ir = if input.peek(syn::LitStr) { Some(input.parse::<syn::LitStr>()?.value()) } else { None };
        Ok(Instance { params, ret, consts, ir })
    }
}

impl Entry {
    /// What the caller makes of it, one callee per instance; `None` if the function has errors of its own.
    pub(crate) fn callees(self, path: &Path, errors: &mut Errors) -> Option<Vec<Callee>> {
        self.instances.into_iter().map(|i| i.callee(path, errors)).collect()
    }
}

impl Instance {
    fn callee(self, path: &Path, errors: &mut Errors) -> Option<Callee> {
        let mut module = ir::parse(&self.ir?).ok()?;
        let mut p = Parser::new(errors);
        let param = |p: &mut Parser, t: &syn::Type| {
            let (passing, ty) = parse::written(p, t).ok()?;
            Some((passing == Passing::Mut, ty))
        };
        let params = self.params.iter().map(|t| param(&mut p, t)).collect::<Option<_>>()?;
        let ret = parse::ty(&mut p, &self.ret).ok()?;
        let consts = self.consts.iter().filter_map(|c| Scalar::from_name(&c.to_string())).collect();
        rename_externals(&mut module, &path.show());
        Some(Callee { path: path.show(), written: path.written.clone(), params, ret, consts, module })
    }
}

/// The associated constant that re-exposes the k-th constant that a function reads.
pub(crate) fn constant_name(k: usize) -> Ident {
    format_ident!("__PULLBACK_CONST_{k}")
}

/// The associated function that re-exposes the k-th function without IR that a function calls.
fn external_name(k: usize) -> Ident {
    format_ident!("__pullback_external_{k}")
}

/// The path of the k-th function without IR becomes `f::__pullback_external_k`, which the caller can name.
fn rename_externals(module: &mut Module, path: &str) {
    let externals = module.funcs.iter_mut().filter_map(|f| f.external.as_mut());
    for (k, external) in externals.enumerate() {
        *external = format!("{path}::{}", external_name(k));
    }
}

/// The caller's module: the functions that stay calls (those with custom rules, and their rules), then its own.
pub(crate) fn linked(func: ir::Func, callees: &[Callee], calls: &[usize]) -> Module {
    let mut module = Module::default();
    for &k in calls {
        let Some((_, others)) = callees[k].module.funcs.split_last() else { continue };
        for f in others {
            if module.get(&f.name).is_none() {
                module.funcs.push(f.clone());
            }
        }
    }
    module.funcs.push(func);
    module
}

/// Makes the names of the callees' functions unique, so that modules can be linked.
pub(crate) fn separate(callees: &mut [Callee]) {
    for (k, callee) in callees.iter_mut().enumerate() {
        let rename = |name: &mut String| *name = format!("{name}.{k}");
        for f in &mut callee.module.funcs {
            rename(&mut f.name);
            if let Some(rule) = &mut f.rule {
                rename(&mut rule.func);
            }
            rename_calls(&mut f.body, &rename);
        }
    }
}

fn rename_calls(block: &mut ir::Block, rename: &dyn Fn(&mut String)) {
    for inst in &mut block.insts {
        if let Kind::Call { func, .. } = &mut inst.kind {
            rename(func);
        }
        inst.kind.blocks_mut().into_iter().for_each(|b| rename_calls(b, rename));
    }
}

/// The companion macro, and the associated items through which callers name what the function names.
pub(crate) fn items(sig: &Signature, module: &Module) -> TokenStream {
    let params = sig.params.iter().map(|p| &p.written);
    let ret = &sig.written_ret;
    let consts = sig.consts.iter().map(|(_, s)| Ident::new(s.name(), Span::call_site()));
    let text = Literal::string(&module.to_string());
    let entry = quote!((#(#params),*) -> #ret [#(#consts),*] #text);
    let carrier = carrier(sig, &entry, &module.to_string());
    let exposed = exposed(sig, module);
    quote!(#carrier #exposed)
}

/// The companion macro of a function that has errors: callers stop without an error of their own.
pub(crate) fn failed(vis: &syn::Visibility, name: &Ident) -> TokenStream {
    let sig = (vis, name);
    carrier_of(sig.0, sig.1, &quote!(() -> () []), "")
}

fn carrier(sig: &Signature, entry: &TokenStream, salt: &str) -> TokenStream {
    carrier_of(&sig.vis, &sig.name, entry, salt)
}

/// The companion macro of a function that is generic over the float type: asks the instances `::path::single::f` and
/// `::path::double::f`, and answers with both.
pub(crate) fn generic(vis: &syn::Visibility, name: &Ident, path: &syn::Path) -> TokenStream {
    let answer = quote! {
        #path::single::#name ! { ::pullback::__either ! { [#path::double::#name] [$(:: $cb)+] $($state)* } }
    };
    hidden_macro(vis, name, &answer, "generic")
}

fn carrier_of(vis: &syn::Visibility, name: &Ident, entry: &TokenStream, salt: &str) -> TokenStream {
    hidden_macro(vis, name, &quote!($(:: $cb)+ ! { { #entry } $($state)* }), salt)
}

/// A macro that is re-exported under the function's name.
fn hidden_macro(vis: &syn::Visibility, name: &Ident, answer: &TokenStream, salt: &str) -> TokenStream {
    let public = matches!(vis, syn::Visibility::Public(_));
    let hidden = format_ident!("__pullback_{}_{:016x}", plain(name), place_hash(name, salt));
    let export = public.then(|| quote!(#[macro_export]));
    quote! {
        #[doc(hidden)]
        #export
        macro_rules! #hidden {
            ($(:: $cb:ident)+ ! { $($state:tt)* }) => { #answer };
        }
        #[doc(hidden)]
        #[allow(unused_imports, unreachable_pub)]
        #vis use #hidden as #name;
    }
}

fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_string()
}

/// A number that differs between functions of one crate: from where they stand and what they are.
fn place_hash(name: &Ident, salt: &str) -> u64 {
    let span = name.span();
    let start = span.start();
    let place = format!(
        "{}:{}:{}:{}:{name}:{salt}",
        span.file(),
        start.line,
        start.column,
        span.source_text().unwrap_or_default()
    );
    place.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// Constants and functions without IR, as associated items of the companion enum.
fn exposed(sig: &Signature, module: &Module) -> TokenStream {
    let name = &sig.name;
    let consts = sig.consts.iter().enumerate().map(|(k, (expr, s))| {
        let (ident, ty) = (constant_name(k), rust_scalar(*s));
        quote!(#[doc(hidden)] pub const #ident: #ty = #expr;)
    });
    let externals =
        module.funcs.iter().filter(|f| f.external.is_some()).enumerate().map(|(k, f)| external(k, f));
    let all: Vec<TokenStream> = consts.chain(externals).collect();
    if all.is_empty() {
        TokenStream::new()
    } else {
        quote!(#[allow(unused, unreachable_pub, clippy::all, clippy::pedantic)] impl #name { #(#all)* })
    }
}

/// A forwarding function over numbers.
fn external(k: usize, f: &ir::Func) -> TokenStream {
    let ident = external_name(k);
    let path: TokenStream = f.external.as_deref().unwrap_or("").parse().unwrap_or_default();
    let args: Vec<Ident> = (0..f.params().len()).map(|k| format_ident!("a{k}")).collect();
    let types = f.params().iter().map(|&v| rust_type(f.values.ty(v)));
    let returns: Vec<TokenStream> = f.returns.iter().map(rust_type).collect();
    let ret = match &returns[..] {
        [one] => quote!(#one),
        many => quote!((#(#many),*)),
    };
    quote! {
        #[doc(hidden)]
        #[inline(always)]
        pub fn #ident(#(#args: #types),*) -> #ret { #path(#(#args),*) }
    }
}

fn rust_type(ty: &ir::Ty) -> TokenStream {
    match ty {
        ir::Ty::Array(s, shape) => {
            let mut t = rust_scalar(*s);
            for e in shape.iter().rev() {
                t = match e {
                    Extent::Const(n) => {
                        let n = Literal::usize_unsuffixed(usize::try_from(*n).unwrap_or(0));
                        quote!([#t; #n])
                    }
                    Extent::Value(_) => quote!([#t]),
                };
            }
            t
        }
        ir::Ty::Scalar(s) => rust_scalar(*s),
        ir::Ty::Tape => quote!(()),
    }
}

fn rust_scalar(s: Scalar) -> TokenStream {
    let ident = Ident::new(s.name(), Span::call_site());
    quote!(::core::primitive::#ident)
}

/// Asks the companion macro of a path to answer to `::pullback::__resume!` with the state.
pub(crate) fn ask(path: &Path, state: TokenStream) -> TokenStream {
    let written = &path.written;
    let bare = without_arguments(written);
    quote!(#bare ! { ::pullback::__resume ! { #state } })
}

fn without_arguments(path: &syn::Path) -> syn::Path {
    let mut path = path.clone();
    path.segments.iter_mut().for_each(|s| s.arguments = syn::PathArguments::None);
    path
}

/// The state of an expansion that waits for answers: the entries so far, whether it is a rule, the attribute's
/// arguments, and the function.
pub(crate) struct State {
    /// The answers so far.
    pub(crate) entries: Vec<TokenStream>,
    /// Whether this is `#[derivative]`.
    pub(crate) rule: bool,
    /// The attribute's arguments.
    pub(crate) args: TokenStream,
    /// The function, with the attributes of its parameters.
    pub(crate) item: TokenStream,
}

impl State {
    /// As tokens.
    pub(crate) fn tokens(&self) -> TokenStream {
        let (entries, args, item) = (&self.entries, &self.args, &self.item);
        let kind = Ident::new(if self.rule { "rule" } else { "function" }, Span::call_site());
        quote!(#kind { #args } { #item } #({ #entries })*)
    }
}

impl Parse for State {
    /// A new answer, then the state that was given to [`ask`].
    fn parse(input: ParseStream) -> syn::Result<State> {
        let group = |input: ParseStream| -> syn::Result<TokenStream> {
            let inner;
            braced!(inner in input);
            inner.parse()
        };
        let answer = group(input)?;
        let kind: Ident = input.parse()?;
        let (args, item) = (group(input)?, group(input)?);
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(group(input)?);
        }
        entries.push(answer);
        Ok(State { entries, rule: kind == "rule", args, item })
    }
}

/// The type of a parameter of a custom rule's function, for its external.
pub(crate) fn scalar_of(ty: &RustTy) -> Option<Scalar> {
    match &ty.leaves()[..] {
        [leaf] if leaf.shape.is_empty() => Some(leaf.elem),
        _ => None,
    }
}
