//! Derivatives beyond the default, asked for with `modes(..)`: an inherent function for each.

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Func, Module};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::code::{Code, Site};
use super::cotangents::Place;
use super::items::Items;
use super::matrices::{self, Block};
use super::names::{camel, unlike};
use super::params::{tangent, zero};
use super::surface::{self, Types};
use super::uses::Uses;
use super::{Derivatives, Derived, sweep};
use crate::types::{Mode, Param, Passing, RustTy, Signature};

/// What is generated for the modes that are asked for.
#[derive(Default)]
pub(super) struct Printed {
    /// Items beside the companion.
    pub(super) items: TokenStream,
    /// Inherent functions of the companion.
    pub(super) methods: TokenStream,
}

/// Prints every mode that is asked for.
pub(super) fn all(sig: &Signature, derivatives: &Derivatives, types: &Types) -> Printed {
    let mut printed = Printed::default();
    for derived in &derivatives.modes {
        let one = match derived.mode {
            Mode::Jvp => jvp(sig, &derivatives.module, derived),
            Mode::Hvp => hvp(sig, &derivatives.module, derived, types),
            Mode::Jacobian => matrices::jacobian(sig, &derivatives.module, derived),
            Mode::Hessian => matrices::hessian(sig, &derivatives.module, derived),
        };
        printed.items.extend(one.items);
        printed.methods.extend(one.methods);
    }
    printed
}

/// An inherent function that runs a derivative and returns what it wrote.
pub(super) struct Method<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its documentation.
    pub(super) doc: &'a str,
    /// Its parameters after the function's own.
    pub(super) directions: Vec<Param>,
    /// What is written, and what that holds at first.
    pub(super) written: (TokenStream, TokenStream),
    /// The value of the function beside what is written, if that is returned too.
    pub(super) value: Option<TokenStream>,
    /// Where the results are written: places in `derivative`.
    pub(super) outputs: Outputs,
}

/// Where the results of a derivative are written.
pub(super) enum Outputs {
    /// One after the other.
    Places(Vec<Place>),
    /// Into parts of matrices.
    Blocks(Vec<Block>),
}

/// Prints a derivative, and the function with the parameters of the annotated one that runs it.
pub(super) fn method(sig: &Signature, module: &Module, func: &Func, method: &Method) -> Printed {
    let prefix = format!("{}{}", camel(&sig.name.unraw().to_string()), camel(method.name));
    let (uses, mut items) = (Uses::of(func), Items::new(prefix, module));
    let params = sweep::parameters(sig).0;
    let code = Code::new(func, &uses, &mut items, Site::Host);
    let body = statements(code, sig, &params, method);
    let run = format_ident!("{}_{}_run", sig.name.unraw(), method.name);
    let params = params.iter().chain(&method.directions).map(|p| {
        let (name, ty) = (&p.name, sweep::passed(p));
        quote!(#name: #ty)
    });
    let (buffers, definition, nests) = (items.buffers(), items.define_buffers(), &items.nests);
    let written = &method.written.0;
    let items = quote! {
        #definition

        #nests

        #[track_caller]
        fn #run(#(#params,)* derivative: &mut #written, buffers: &mut #buffers) {
            #body
        }
    };
    Printed { items, methods: caller(sig, method, &run, &buffers) }
}

fn statements(mut code: Code<'_, '_>, sig: &Signature, params: &[Param], method: &Method) -> TokenStream {
    let func = code.func;
    code.names.reserve("derivative");
    let own = params.iter().map(|p| p.ty.leaves().len()).sum();
    let (own, rest) = func.params().split_at(own);
    let (hidden, directions) = rest.split_at(sig.consts.len());
    let values = [own, directions].concat();
    let bind = code.bind_params(&sig.title(), params, &method.directions, &values);
    let consts = code.bind_consts(&sig.consts, hidden);
    let wanted = match &method.outputs {
        Outputs::Places(places) => code.want_at(places, &func.body.results),
        Outputs::Blocks(_) => Vec::new(),
    };
    let body = code.enter(&func.body, false);
    let store = match &method.outputs {
        Outputs::Places(_) => code.store(&wanted),
        Outputs::Blocks(blocks) => code.fill(blocks, &func.body.results),
    };
    code.leave();
    quote!(#bind #consts #body #store)
}

/// The inherent function that runs a derivative.
fn caller(sig: &Signature, method: &Method, run: &Ident, buffers_type: &Ident) -> TokenStream {
    let (name, doc, (ty, start)) = (sig.api(method.name), method.doc, &method.written);
    let (vis, rebind) = (sig.api_vis(), surface::rebind(sig));
    let [derivative, buffers] = ["derivative", "buffers"].map(|name| surface::local(sig, name));
    let all = || sig.params.iter().chain(&method.directions);
    let params = surface::params(sig).into_iter().chain(method.directions.iter().map(surface::param));
    let arguments = all().map(surface::argument);
    let (ret, result) = match &method.value {
        None => (ty.clone(), quote!(#derivative)),
        Some(value) => {
            let own = &sig.written_ret;
            (quote!((#own, #ty)), quote!((#value, #derivative)))
        }
    };
    quote! {
        #[doc = #doc]
        #[track_caller]
        #[must_use]
        #vis fn #name(#(#params),*) -> #ret {
            #rebind
            let mut #derivative: #ty = #start;
            let mut #buffers = <#buffers_type as ::core::default::Default>::default();
            #run(#(#arguments,)* &mut #derivative, &mut #buffers);
            #result
        }
    }
}

/// What the `wrt` parameters move along, each passed like its parameter; what the function fills is only read.
pub(super) fn directions(sig: &Signature) -> Vec<Param> {
    let mut taken = sig.params.clone();
    for p in sig.params.iter().filter(|p| p.wrt) {
        let mut direction = Param { name: unlike(&taken, &format!("d{}", p.name.unraw())), ..p.clone() };
        if p.ty.has_user_type() || p.passing == Passing::View {
            direction.written = direction_type(p);
        }
        if let syn::Type::Reference(r) = &mut direction.written {
            r.mutability = None;
            direction.passing = Passing::Ref;
        }
        taken.push(direction);
    }
    taken.split_off(sig.params.len())
}

/// The type of a direction of structs: their tangents, passed as they are.
fn direction_type(p: &Param) -> syn::Type {
    let ty = match &p.ty {
        RustTy::Slice(t) => {
            let t = tangent(t);
            quote!([#t])
        }
        ty => tangent(ty),
    };
    if p.passing == Passing::Value { syn::parse_quote!(#ty) } else { syn::parse_quote!(&#ty) }
}

/// The type of all that the function returns, with the buffers that it fills, as far as it can be differentiated.
pub(super) fn results(sig: &Signature) -> RustTy {
    let mut parts: Vec<RustTy> = sweep::seeds(sig).into_iter().map(|s| s.ty).collect();
    if parts.len() == 1 { parts.remove(0) } else { RustTy::Tuple(parts) }
}

/// The places of a gradient, one for each `wrt` parameter.
fn gradient_places(sig: &Signature, place: &TokenStream) -> Vec<Place> {
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let each = wrt.iter().map(|p| {
        let name = &p.name;
        let place = if wrt.len() == 1 { place.clone() } else { quote!(#place.#name) };
        Place { name: format!("grad_{}", name.unraw()), ty: p.ty.clone(), place }
    });
    each.collect()
}

/// What `jvp` returns.
pub(super) const JVP: (&str, &str) = (
    "jvp",
    "The value, and its derivative along a direction, which has a part for each parameter that is differentiated, in \
     order. The derivatives of buffers that the function fills follow that of the value.",
);

fn jvp(sig: &Signature, module: &Module, derived: &Derived) -> Printed {
    let mut func = derived.func.clone();
    let results = results(sig);
    let (ty, dty, zero) = (&sig.written_ret, tangent(&results), zero(&results));
    let part = |place, name: &str| Place { name: name.to_string(), ty: results.clone(), place };
    // A value that is no list of floats, or buffers that are to be filled: the function itself sees to them.
    let own = sweep::values(sig);
    let own_value = sig.ret.has_user_type() || sig.ret.leaves().iter().any(|l| !l.elem.is_float());
    let calls = results != sig.ret || own_value;
    if calls {
        func.body.results.drain(..own);
        pullback_kernels::opt::dce::run(&mut func);
    }
    let (written, places) = if calls {
        ((dty, zero), vec![part(quote!((*derivative)), "dvalue")])
    } else {
        let places = vec![part(quote!(derivative.0), "value"), part(quote!(derivative.1), "dvalue")];
        ((quote!((#ty, #dty)), quote!((#zero, #zero))), places)
    };
    let printed = Method {
        name: JVP.0,
        doc: JVP.1,
        directions: directions(sig),
        written,
        value: calls.then(|| surface::call(sig)),
        outputs: Outputs::Places(places),
    };
    method(sig, module, &func, &printed)
}

/// What `hvp` returns.
pub(super) const HVP: (&str, &str) = (
    "hvp",
    "The gradient, and its derivative along a direction: the Hessian times the direction, which has a part for each \
     parameter that is differentiated, in order.",
);

/// The gradient and its derivative, without the value's.
pub(super) fn hvp_of(derived: &Derived) -> Func {
    let mut func = derived.func.clone();
    let half = func.body.results.len() / 2;
    func.body.results.remove(half);
    func.body.results.remove(0);
    pullback_kernels::opt::dce::run(&mut func);
    func
}

fn hvp(sig: &Signature, module: &Module, derived: &Derived, types: &Types) -> Printed {
    let func = hvp_of(derived);
    let wrt: Vec<&Param> = sig.params.iter().filter(|p| p.wrt).collect();
    let (grad, zero) = (&types.grad, surface::zero_gradient(types, &wrt));
    let parts = [quote!(derivative.0), quote!(derivative.1)];
    let printed = Method {
        name: HVP.0,
        doc: HVP.1,
        directions: directions(sig),
        written: (quote!((#grad, #grad)), quote!((#zero, #zero))),
        value: None,
        outputs: Outputs::Places(parts.iter().flat_map(|p| gradient_places(sig, p)).collect()),
    };
    method(sig, module, &func, &printed)
}
