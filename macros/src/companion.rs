//! Companion macros: how one function's IR gets to the functions that call it.
//!
//! For `fn f` there is `macro_rules! __pullback_f_<hash>`, re-exported as `f`, which passes what is known of `f` (an
//! [`Entry`]) and its caller's tokens on to a macro that the caller names. A caller asks each function that it calls
//! in turn, through `::pullback::__resume!`, and is expanded when all have answered.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use pullback_kernels::ir::{self, Extent, Kind, Module, Scalar};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Token, braced, bracketed, parenthesized};

use crate::errors::Res;
use crate::known::{self, Definition, Types};
use crate::lower::method_key;
use crate::ty::Ty;
use crate::types::{Passing, RustTy, Signature};

/// What a caller knows of a function that it calls.
pub(crate) struct Callee {
    /// The path by which it is called, as text, or the name of a method's companion macro.
    pub(crate) path: String,
    /// Its name.
    pub(crate) name: String,
    /// The path of the function, or of the type whose method it is if the caller names that.
    pub(crate) written: Option<syn::Path>,
    /// If that is missing: a closure that finds a value of the type in one of a type that the caller names.
    pub(crate) part: Option<TokenStream>,
    /// Whether it belongs to a type.
    pub(crate) is_method: bool,
    /// Whether each parameter is filled by the function, and its type.
    pub(crate) params: Vec<(bool, Ty)>,
    /// The result's type.
    pub(crate) ret: Ty,
    /// The types of its hidden parameters.
    pub(crate) consts: Vec<Scalar>,
    /// Its IR and that of what it calls; functions without IR are named as the caller can.
    pub(crate) module: Module,
    /// Whether it is `pullback::detach`.
    pub(crate) detach: bool,
}

impl Callee {
    /// Whether this is the instance of a generic function for a float type: its first float parameter is of that type.
    pub(crate) fn is_for(&self, float: Option<Scalar>) -> bool {
        self.params.iter().find_map(|(_, t)| t.float()).and_then(Ty::scalar) == float
    }
}

/// What a companion macro carries.
pub(crate) enum Entry {
    /// Of a function; of one that is generic over the float type its instances (`either { .. } { .. }`).
    Function(Vec<FunctionEntry>),
    /// Of a type: definitions, and the type in terms of them.
    Type(Vec<Definition>, Box<syn::Type>),
    /// Of `pullback::detach`.
    Detach,
    /// Of what has errors itself.
    Failed,
}

/// What is known of one function.
pub(crate) struct FunctionEntry {
    types: Vec<Definition>,
    params: Vec<(bool, syn::Type)>,
    ret: syn::Type,
    consts: Vec<Ident>,
    ir: String,
}

impl Parse for Entry {
    fn parse(input: ParseStream) -> syn::Result<Entry> {
        let kind = Ident::parse_any(input)?;
        match kind.to_string().as_str() {
            "fn" => Ok(Entry::Function(vec![function_entry(input)?])),
            "either" => {
                let mut instances = Vec::new();
                while !input.is_empty() {
                    let instance;
                    braced!(instance in input);
                    Ident::parse_any(&instance)?;
                    instances.push(function_entry(&instance)?);
                }
                Ok(Entry::Function(instances))
            }
            "type" => {
                let types = definitions(input)?;
                input.parse::<Token![=]>()?;
                Ok(Entry::Type(types, Box::new(input.parse()?)))
            }
            "detach" => Ok(Entry::Detach),
            _ => Ok(Entry::Failed),
        }
    }
}

fn definitions(input: ParseStream) -> syn::Result<Vec<Definition>> {
    let mut types = Vec::new();
    while input.peek(syn::token::Bracket) {
        types.push(input.parse()?);
    }
    Ok(types)
}

fn function_entry(input: ParseStream) -> syn::Result<FunctionEntry> {
    let types = definitions(input)?;
    let (params, consts);
    parenthesized!(params in input);
    let param = |input: ParseStream| -> syn::Result<(bool, syn::Type)> {
        let fills = input.parse::<Option<Token![mut]>>()?.is_some();
        Ok((fills, input.parse()?))
    };
    let params = params.parse_terminated(param, Token![,])?.into_iter().collect();
    input.parse::<Token![->]>()?;
    let ret = input.parse()?;
    bracketed!(consts in input);
    let consts = Punctuated::<Ident, Token![,]>::parse_terminated(&consts)?.into_iter().collect();
    let ir = input.parse::<syn::LitStr>()?.value();
    Ok(FunctionEntry { types, params, ret, consts, ir })
}

/// The type of a type's companion macro, its definitions known under their ids.
pub(crate) fn carried_type(definitions: Vec<Definition>, ty: &syn::Type) -> Res<Ty> {
    let mut types = Types::default();
    definitions.into_iter().try_for_each(|d| d.define(&mut types))?;
    known::resolve(ty, &types)
}

impl FunctionEntry {
    /// What the caller makes of it. `written` is the path of the function, or of the type if it is a method.
    pub(crate) fn callee(
        self,
        key: &str,
        name: &str,
        written: Option<syn::Path>,
        is_method: bool,
    ) -> Option<Callee> {
        let mut module = ir::parse(&self.ir).ok()?;
        let mut types = Types::default();
        self.types.into_iter().try_for_each(|d| d.define(&mut types)).ok()?;
        let ty = |t: &syn::Type| known::resolve(t, &types).ok();
        let params = self.params.iter().map(|(fills, t)| Some((*fills, ty(t)?))).collect::<Option<_>>()?;
        let ret = ty(&self.ret)?;
        let consts = self.consts.iter().filter_map(|c| Scalar::from_name(&c.to_string())).collect();
        let owner = written.as_ref().map_or(String::new(), known::key);
        let name = name.to_string();
        rename_externals(&mut module, &owner, is_method, &name);
        Some(Callee {
            path: key.to_string(),
            name,
            written,
            part: None,
            is_method,
            params,
            ret,
            consts,
            module,
            detach: false,
        })
    }
}

impl Callee {
    /// The expression of the k-th constant that it reads; `None` if the caller has no way to its type.
    pub(crate) fn constant(&self, k: usize) -> Option<syn::Expr> {
        let (name, key) = (constant_name(k), constant_key(&self.name, k));
        match (&self.written, &self.part) {
            (Some(path), _) if self.is_method => {
                Some(syn::parse_quote!(<#path as ::pullback::__Constant<#key>>::VALUE))
            }
            (Some(path), _) => Some(syn::parse_quote!(#path::#name)),
            (None, Some(part)) => Some(syn::parse_quote!(::pullback::__constant::<#key, _, _>(#part))),
            (None, None) => None,
        }
    }

    /// `pullback::detach`, called by this path.
    pub(crate) fn detach(key: &str) -> Callee {
        Callee {
            path: key.to_string(),
            name: key.to_string(),
            written: None,
            part: None,
            is_method: false,
            params: Vec::new(),
            ret: Ty::UNIT,
            consts: Vec::new(),
            module: Module::default(),
            detach: true,
        }
    }
}

/// The associated constant that re-exposes the k-th constant that a function reads.
fn constant_name(k: usize) -> Ident {
    format_ident!("__PULLBACK_CONST_{k}")
}

/// The number under which a type re-exposes the k-th constant that a method reads.
fn constant_key(method: &str, k: usize) -> u64 {
    let text = format!("{method}:{k}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// The associated function that re-exposes the k-th function without IR that a function calls.
fn external_name(is_method: bool, name: &str, k: usize) -> Ident {
    if is_method {
        format_ident!("__pullback_{name}_external_{k}")
    } else {
        format_ident!("__pullback_external_{k}")
    }
}

/// The path of the k-th function without IR becomes `f::__pullback_external_k`, which the caller can name.
fn rename_externals(module: &mut Module, owner: &str, is_method: bool, name: &str) {
    let externals = module.funcs.iter_mut().filter_map(|f| f.external.as_mut());
    for (k, external) in externals.enumerate() {
        *external = format!("{owner}::{}", external_name(is_method, name, k));
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
    let types = known::definitions(sig.params.iter().map(|p| &p.ty).chain([&sig.ret]));
    let params = sig.params.iter().map(|p| {
        let (fills, ty) = ((p.passing == Passing::Mut).then(|| quote!(mut)), known::portable(&p.ty));
        quote!(#fills #ty)
    });
    let ret = known::portable(&sig.ret);
    let consts = sig.consts.iter().map(|(_, s)| Ident::new(s.name(), Span::call_site()));
    let text = Literal::string(&module.to_string());
    let entry = quote!(fn #types (#(#params),*) -> #ret [#(#consts),*] #text);
    let carrier = match &sig.owner {
        None => carrier(&sig.vis, &sig.name, &entry, &module.to_string()),
        Some(owner) => method_carrier(&owner.id, &sig.name, &entry),
    };
    let exposed = exposed(sig, module);
    quote!(#carrier #exposed)
}

/// The companion macro of a function that has errors: callers stop without an error of their own.
pub(crate) fn failed(vis: &syn::Visibility, name: &Ident) -> TokenStream {
    carrier(vis, name, &quote!(failed), "")
}

/// The name of a companion macro: no other of the crate has it.
pub(crate) fn hidden_name(name: &Ident, salt: &str) -> Ident {
    format_ident!("__pullback_{}_{:016x}", plain(name), place_hash(name, salt))
}

/// The companion macro of a function that is generic over the float type: asks the instances `::path::single::f` and
/// `::path::double::f`, and answers with both.
pub(crate) fn generic(vis: &syn::Visibility, name: &Ident, path: &syn::Path) -> TokenStream {
    let answer = quote! {
        #path::single::#name ! { ::pullback::__either ! { [#path::double::#name] [$(:: $cb)+] $($state)* } }
    };
    hidden_macro(vis, name, &answer, "generic")
}

/// The companion macro of an item, re-exported under its name.
pub(crate) fn carrier(vis: &syn::Visibility, name: &Ident, entry: &TokenStream, salt: &str) -> TokenStream {
    hidden_macro(vis, name, &quote!($(:: $cb)+ ! { { #entry } $($state)* }), salt)
}

/// A macro that is re-exported under the item's name.
fn hidden_macro(vis: &syn::Visibility, name: &Ident, answer: &TokenStream, salt: &str) -> TokenStream {
    let public = matches!(vis, syn::Visibility::Public(_));
    let hidden = hidden_name(name, salt);
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

/// The companion macro of a method. Whoever knows the type finds it among all macros of the crate: the name of a type may be
/// all that is in scope where a method is called, or not even that.
pub(crate) fn method_carrier(id: &str, name: &Ident, entry: &TokenStream) -> TokenStream {
    let hidden = format_ident!("{}", method_key(id, &plain(name)));
    quote! {
        #[doc(hidden)]
        #[allow(non_local_definitions)]
        #[macro_export]
        macro_rules! #hidden {
            ($(:: $cb:ident)+ ! { $($state:tt)* }) => { $(:: $cb)+ ! { { #entry } $($state)* } };
        }
    }
}

fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_string()
}

/// A number that differs between functions of one crate: from where they stand and what they are.
fn place_hash(name: &Ident, salt: &str) -> u64 {
    let span = name.span();
    let start = span.start();
    // Where the crate lies on this machine does not matter.
    let file = span.file();
    let parts: Vec<&str> = file.rsplit(['/', '\\']).take(3).collect();
    let place = format!(
        "{}:{}:{}:{}:{name}:{salt}",
        parts.join("/"),
        start.line,
        start.column,
        span.source_text().unwrap_or_default()
    );
    place.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// Constants and functions without IR, as associated items of the companion enum.
fn exposed(sig: &Signature, module: &Module) -> TokenStream {
    let (is_method, name, target) = (sig.owner.is_some(), plain(&sig.name), sig.target());
    let consts = sig.consts.iter().enumerate().map(|(k, (expr, s))| {
        let (ident, key, ty) = (constant_name(k), constant_key(&name, k), rust_scalar(*s));
        if is_method {
            quote!(impl ::pullback::__Constant<#key> for #target { type Type = #ty; const VALUE: #ty = #expr; })
        } else {
            quote!(impl #target { #[doc(hidden)] pub const #ident: #ty = #expr; })
        }
    });
    let externals = module.funcs.iter().filter(|f| f.external.is_some()).enumerate();
    let externals = externals.map(|(k, f)| {
        let function = external(&external_name(is_method, &name, k), f);
        quote!(impl #target { #function })
    });
    let all: Vec<TokenStream> = consts.chain(externals).collect();
    if all.is_empty() {
        TokenStream::new()
    } else {
        quote! {
            #[allow(unused, unreachable_pub, clippy::all, clippy::pedantic)]
            const _: () = { #(#all)* };
        }
    }
}

/// A forwarding function over numbers.
fn external(ident: &Ident, f: &ir::Func) -> TokenStream {
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

/// The type of a parameter of a custom rule's function, for its external.
pub(crate) fn scalar_of(ty: &RustTy) -> Option<Scalar> {
    match &ty.leaves()[..] {
        [leaf] if leaf.shape.is_empty() => Some(leaf.elem),
        _ => None,
    }
}
