//! Optimised IR to Rust for a GPU: the same host program as on the CPU, with arrays as values that live on either side,
//! nests as kernels, and `?` behind everything that a device may refuse.

mod array;
mod control;
mod kernel;
mod serial;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Block, Extent, Func, Inst, Kind, Module, Scalar, Ty, Value};
use pullback_kernels::{glue, opt};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::names::Names;
use super::params::{Nouns, nouns, nouns_of_tangent};
use super::scalar::{self, Num};
use super::uses::{BlockId, Frame, Uses};
use crate::emit::names::{GPU, Gpu};
use crate::types::{Param, Signature};

/// A function for a GPU, as Rust.
pub(super) struct Program {
    /// The function, and the kernels that it launches.
    pub(super) code: TokenStream,
    /// Its name.
    pub(super) name: Ident,
    /// Its kernels in words, or why it has none.
    pub(super) words: String,
}

/// Why a function does not run on a GPU.
type Res<T> = Result<T, String>;

/// Prints a function whose parameters are the leaves of the annotated one: numbers by value, arrays as `&Leaf<T>`. It
/// returns `Result` of a tuple of the function's results, arrays as `Leaf<T>`.
pub(super) fn program(sig: &Signature, what: &str, module: &Module, func: &Func) -> Program {
    program_along(sig, &[], what, module, func)
}

/// The same for a function that takes cotangents of its results or directions as well: the leaves of these that are floats.
pub(super) fn program_along(
    sig: &Signature,
    tangents: &[Param],
    what: &str,
    module: &Module,
    func: &Func,
) -> Program {
    let mut split = func.clone();
    opt::split::run(&mut split);
    print((sig, tangents), what, module, &split, None)
}

/// The same for a program that leaves everything in the GPU's memory and waits for nothing: floats that are numbers go in
/// and come out as `Array<T>` of one element.
pub(super) fn queued(sig: &Signature, what: &str, module: &Module, func: &Func) -> Program {
    let mut func = func.clone();
    opt::split::run(&mut func);
    glue::run(&mut func);
    print((sig, &[]), &format!("queued_{what}"), module, &func, Some(glue::residents(&func)))
}

fn print(
    (sig, tangents): (&Signature, &[Param]),
    what: &str,
    module: &Module,
    func: &Func,
    residents: Option<glue::Residents>,
) -> Program {
    let function = sig.name.unraw().to_string();
    let name = format_ident!("{function}_{what}_on_gpu");
    let (own, rest) = func.params().split_at(sig.params.iter().map(|p| p.ty.leaves().len()).sum());
    let (hidden, along) = rest.split_at(sig.consts.len());
    let params = &[own, along].concat()[..];
    let mut printer = Printer::new(module, func, format!("{function}_{what}"), residents);
    let arguments: Vec<Ident> = (0..params.len()).map(|k| format_ident!("leaf_{k}")).collect();
    let nouns: Vec<Nouns> =
        sig.params.iter().flat_map(nouns).chain(tangents.iter().flat_map(nouns_of_tangent)).collect();
    let bind = printer.bind(&sig.title(), &nouns, params, &arguments);
    let consts = printer.bind_consts(sig, hidden);
    let (body, words) = match printer.whole() {
        Ok(body) => (quote!(#bind #consts #body), printer.in_words(what)),
        Err(why) => {
            let message = format!("`{}` runs on the CPU only: {why}", sig.title());
            printer.kernels = TokenStream::new();
            let refusal = quote!(::core::result::Result::Err(::pullback::DeviceError::Unsupported(#message)));
            let words = if printer.queued { String::new() } else { format!("// On a GPU: {message}\n") };
            (refusal, words)
        }
    };
    let types = params.iter().map(|&v| printer.parameter(v));
    let results = func.body.results.iter().map(|&v| printer.result(v));
    let (types, results): (Vec<_>, Vec<_>) = (types.collect(), results.collect());
    let kernels = printer.kernels;
    let code = quote! {
        #kernels

        fn #name(
            #GPU: &::std::sync::Arc<::pullback::cuda::Gpu>,
            #(#arguments: #types),*
        ) -> ::core::result::Result<(#(#results,)*), ::pullback::DeviceError> {
            #body
        }
    };
    Program { code, name, words }
}

/// Prints one function.
struct Printer<'f> {
    func: &'f Func,
    module: &'f Module,
    uses: Uses,
    names: Names,
    /// Numbers: names and literals.
    nums: HashMap<Value, TokenStream>,
    /// Arrays and tapes: the variables that own them.
    arrays: HashMap<Value, Ident>,
    stack: Vec<Frame>,
    kernels: TokenStream,
    /// The matrix products that are among them.
    products: HashSet<String>,
    prefix: String,
    count: usize,
    words: String,
    /// Whether numbers stay in the GPU's memory, and which do.
    queued: bool,
    residents: glue::Residents,
    /// Whether the program reads something back on its way.
    waits: Cell<bool>,
}

impl<'f> Printer<'f> {
    fn new(module: &'f Module, func: &'f Func, prefix: String, residents: Option<glue::Residents>) -> Self {
        let mut names = Names::new();
        names.reserve(Gpu::NAME);
        Printer {
            func,
            module,
            uses: Uses::of(func),
            names,
            nums: HashMap::new(),
            arrays: HashMap::new(),
            stack: Vec::new(),
            kernels: TokenStream::new(),
            products: HashSet::new(),
            prefix,
            count: 0,
            words: String::new(),
            queued: residents.is_some(),
            residents: residents.unwrap_or_default(),
            waits: Cell::new(false),
        }
    }

    /// The type of a parameter.
    fn parameter(&self, v: Value) -> TokenStream {
        let leaf = self.result(v);
        if self.ty(v).is_array() { quote!(&#leaf) } else { leaf }
    }

    /// The type of a result.
    fn result(&self, v: Value) -> TokenStream {
        let elem = scalar::ty(self.elem(v));
        match self.ty(v).is_array() {
            true => quote!(::pullback::cuda::Leaf<#elem>),
            false if self.stays(v) => quote!(::pullback::cuda::Array<#elem>),
            false => elem,
        }
    }

    /// Whether a number that goes in or comes out stays in the GPU's memory.
    fn stays(&self, v: Value) -> bool {
        self.queued && self.ty(v).is_scalar() && self.elem(v).is_float()
    }

    fn is_resident(&self, v: Value) -> bool {
        self.residents.numbers.contains(&v)
    }

    /// The program in words, for `explain`.
    fn in_words(&self, what: &str) -> String {
        if !self.queued {
            return self.words.clone();
        }
        let kernels = self.count + self.products.len();
        let waits = if self.waits.get() { "reads numbers back on its way" } else { "reads nothing back" };
        format!("// On a GPU, {what}: {kernels} kernels, {waits}\n")
    }

    fn ty(&self, v: Value) -> &'f Ty {
        self.func.values.ty(v)
    }

    fn elem(&self, v: Value) -> Scalar {
        self.ty(v).elem().expect("a tape has no elements")
    }

    /// A number that the host computes with.
    fn num(&self, v: Value) -> TokenStream {
        if self.is_resident(v) {
            self.waits.set(true);
            let name = &self.arrays[&v];
            return quote!(#name.at(0)?);
        }
        self.nums[&v].clone()
    }

    fn fresh(&mut self, v: Value, fallback: &str) -> Ident {
        self.names.fresh(&self.func.values[v].name, fallback)
    }

    /// `let name: type = tokens;`, for a value of any type.
    fn bind_to(&mut self, v: Value, tokens: &TokenStream) -> TokenStream {
        let ty = self.rust_type(v);
        let name = self.fresh(v, if self.ty(v).is_scalar() { "t" } else { "h" });
        self.define(v, &name);
        quote!(let #name: #ty = #tokens;)
    }

    /// Notes the variable that holds a value.
    fn define(&mut self, v: Value, name: &Ident) {
        if self.ty(v).is_scalar() && !self.is_resident(v) {
            self.nums.insert(v, quote!(#name));
        } else {
            self.arrays.insert(v, name.clone());
        }
    }

    /// The type of the variable that holds a value.
    fn rust_type(&self, v: Value) -> TokenStream {
        match self.ty(v) {
            Ty::Scalar(elem) if !self.is_resident(v) => scalar::ty(*elem),
            Ty::Scalar(elem) | Ty::Array(elem, _) => {
                let elem = scalar::ty(*elem);
                quote!(::pullback::cuda::Array<#elem>)
            }
            Ty::Tape => quote!(::pullback::cuda::Tape),
        }
    }

    /// A value handed on to a place where numbers are in the GPU's memory, or the host's.
    fn handed(&self, v: Value, resident: bool, together: &[Value]) -> TokenStream {
        match (self.ty(v).is_scalar(), self.is_resident(v), resident) {
            (true, false, true) => {
                let n = self.num(v);
                quote!(::pullback::cuda::Array::of_host(#GPU, ::std::vec![#n]))
            }
            (true, true, false) => self.num(v),
            _ => self.owned(v, together),
        }
    }

    /// A value handed on. What is not needed afterwards is moved, so that it may be changed in place.
    fn owned(&self, v: Value, together: &[Value]) -> TokenStream {
        if self.is_resident(v) {
            // It may be the length of an array, which nobody counts as a use.
            return self.copied(v);
        }
        if self.ty(v).is_scalar() {
            return self.num(v);
        }
        let name = &self.arrays[&v];
        let once = together.iter().filter(|&&w| w == v).count() <= 1;
        if *self.ty(v) == Ty::Tape || once && self.uses.is_dead_after(v, &self.stack) {
            quote!(#name)
        } else {
            self.copied(v)
        }
    }

    /// Another handle of an array's elements.
    fn copied(&self, v: Value) -> TokenStream {
        let name = &self.arrays[&v];
        quote!(#name.clone())
    }

    /// An extent as a `usize`.
    fn len(&self, e: Extent) -> TokenStream {
        match e {
            Extent::Const(n) => {
                let n = proc_macro2::Literal::usize_suffixed(n.max(0) as usize);
                quote!(#n)
            }
            Extent::Value(v) => {
                let n = self.num(v);
                quote!(::pullback::cpu::extent(#n))
            }
        }
    }

    /// The lengths that the arguments bind, and the arguments themselves.
    fn bind(&mut self, function: &str, axes: &[Nouns], params: &[Value], names: &[Ident]) -> TokenStream {
        let (mut out, mut known) = (TokenStream::new(), HashMap::<Value, TokenStream>::new());
        for ((&v, name), (param, nouns)) in params.iter().zip(names).zip(axes) {
            for (k, (&extent, noun)) in self.ty(v).shape().iter().zip(nouns).enumerate() {
                let this = quote!((#param, #noun, #name.dims[#k]));
                let Extent::Value(size) = extent else {
                    let n = self.len(extent);
                    out.extend(quote!(::pullback::shape::is_exactly(#function, #this, #n)?;));
                    continue;
                };
                if let Some(first) = known.get(&size) {
                    out.extend(quote!(::pullback::shape::agree(#function, #first, #this)?;));
                } else {
                    known.insert(size, this);
                    out.extend(self.bind_to(size, &quote!(#name.dims[#k] as i64)));
                }
            }
        }
        for (&v, name) in params.iter().zip(names) {
            if self.ty(v).is_scalar() {
                self.define(v, name);
            } else {
                out.extend(self.bind_to(v, &quote!(#name.array.clone())));
            }
        }
        out
    }

    fn bind_consts(&mut self, sig: &Signature, hidden: &[Value]) -> TokenStream {
        let each = |(&v, (expr, _)): (&Value, &(syn::Expr, Scalar))| match self.is_resident(v) {
            true => self.bind_to(v, &quote!(::pullback::cuda::Array::of_host(#GPU, ::std::vec![#expr]))),
            false => self.bind_to(v, &quote!(#expr)),
        };
        hidden.iter().zip(&sig.consts).map(each).collect()
    }

    /// The statements of the function, and its results.
    fn whole(&mut self) -> Res<TokenStream> {
        let body = &self.func.body;
        let code = self.enter(body, false)?;
        let results = body.results.iter().map(|&v| match self.ty(v) {
            Ty::Array(_, shape) => {
                let dims = shape.iter().map(|&e| self.len(e));
                let array = self.owned(v, &body.results);
                quote!(::pullback::cuda::Leaf { dims: ::std::vec![#(#dims),*], array: #array })
            }
            _ => self.handed(v, self.stays(v), &body.results),
        });
        let results: Vec<TokenStream> = results.collect();
        self.leave();
        Ok(quote!(#code ::core::result::Result::Ok((#(#results,)*))))
    }

    /// The statements of a block; its frame stays open until `leave`.
    fn enter(&mut self, block: &'f Block, repeats: bool) -> Res<TokenStream> {
        self.stack.push(Frame { block: BlockId::of(block), at: 0, repeats });
        let mut out = TokenStream::new();
        for (at, inst) in block.insts.iter().enumerate() {
            self.stack.last_mut().expect("a frame").at = at;
            out.extend(self.inst(inst)?);
        }
        self.stack.last_mut().expect("a frame").at = block.insts.len();
        Ok(out)
    }

    fn leave(&mut self) {
        self.stack.pop();
    }

    fn inst(&mut self, inst: &'f Inst) -> Res<TokenStream> {
        Ok(match &inst.kind {
            Kind::Const(lit) => {
                self.nums.insert(inst.results[0], scalar::literal(*lit).tokens);
                TokenStream::new()
            }
            Kind::Op(op, args) => {
                let types: Vec<Scalar> = args.iter().map(|&a| self.elem(a)).collect();
                let operands: Vec<Num> = args.iter().map(|&a| Num::atom(self.num(a))).collect();
                let v = inst.results[0];
                let value = scalar::apply(*op, &operands, &types, self.elem(v), false).tokens;
                self.bind_to(v, &value)
            }
            Kind::Index { array, at } => self.index(inst.results[0], *array, at),
            Kind::Update { array, at, value } => self.write(inst.results[0], *array, at, *value, false),
            Kind::Accum { array, at, value } => self.write(inst.results[0], *array, at, *value, true),
            Kind::Pack { elems, .. } => self.pack(inst.results[0], elems),
            Kind::Nest(nest) => self.nest(inst, nest)?,
            Kind::Serial(body) => self.serial(inst, body)?,
            Kind::If { cond, then, els } => self.branch(inst, *cond, then, els)?,
            Kind::For { trip, rev, init, body } => self.for_loop(inst, *trip, *rev, init, body)?,
            Kind::While { init, cond, body } => self.while_loop(inst, init, cond, body)?,
            Kind::Contract { kind, args } => self.contract(inst.results[0], *kind, args),
            Kind::Call { func, args } => self.call(inst, func, args)?,
            Kind::Checkpoint => TokenStream::new(),
            Kind::Tape => self.bind_to(
                inst.results[0],
                &quote!(<::pullback::cuda::Tape as ::core::default::Default>::default()),
            ),
            Kind::Push { tape, value } => self.push(inst.results[0], *tape, *value),
            Kind::Pop { tape } => self.pop(inst, *tape),
            Kind::Assert { cond, message } => {
                let cond = self.num(*cond);
                quote!(::pullback::shape::holds(#cond, #message)?;)
            }
        })
    }

    /// A call of a function without IR, of numbers.
    fn call(&mut self, inst: &Inst, func: &str, args: &[Value]) -> Res<TokenStream> {
        let external = self.module.funcs.iter().find(|f| f.name == func).and_then(|f| f.external.as_ref());
        let path: Option<TokenStream> = external.and_then(|path| path.parse().ok());
        let numbers = args.iter().chain(&inst.results).all(|&v| self.ty(v).is_scalar());
        let (Some(path), true) = (path, numbers) else {
            return Err(format!("it calls `{func}`, which has no text for GPUs"));
        };
        let args = args.iter().map(|&a| self.num(a));
        let call = quote!(#path(#(#args),*));
        if let [one] = inst.results[..] {
            return Ok(self.bind_to(one, &call));
        }
        let names: Vec<Ident> = inst.results.iter().map(|&v| self.fresh(v, "t")).collect();
        inst.results.iter().zip(&names).for_each(|(&v, name)| self.define(v, name));
        Ok(quote!(let (#(#names),*) = #call;))
    }
}

/// The annotated function by itself, ready to be printed.
pub(super) fn forward(module: &Module) -> Func {
    let mut func = module.entry().clone();
    opt::inline(module, &mut func, false);
    opt::optimize(&mut func);
    opt::finish(&mut func);
    func
}
