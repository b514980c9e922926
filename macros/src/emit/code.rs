//! Instructions to statements.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream};
use pullback_kernels::ir::{Block, Extent, Func, Inst, Kind, Scalar, Ty, Value};
use quote::quote;

use super::items::Items;
use super::names::Names;
use super::scalar::{self, Num};
use super::strips::Strip;
use super::uses::{BlockId, Frame, Uses};

/// Operations are written into one expression up to this depth.
const DEPTH: usize = 3;

/// Where statements are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// In the host program: arrays live in the workspace, nests are launched.
    Host,
    /// In one iteration of a nest: arrays are local, inner nests are plain loops, `FMA` is in scope.
    Iteration,
}

/// An array of the generated code: a variable that is a slice, or a reference to an array.
#[derive(Clone)]
pub(super) struct Slot {
    /// The variable.
    pub(super) name: Ident,
    /// Whether it may be written.
    pub(super) mutable: bool,
    /// Whether the variable is in scope to the end of the function.
    pub(super) outermost: bool,
}

/// A place that an array is wanted in: a gradient.
#[derive(Clone)]
pub(super) struct Wanted {
    /// An expression of type `&mut [T]`.
    pub(super) place: TokenStream,
    /// The name of the variable that holds it.
    pub(super) name: String,
}

/// Prints the statements of one generated function.
pub(super) struct Code<'f, 'i> {
    pub(super) func: &'f Func,
    pub(super) uses: &'i Uses,
    pub(super) items: &'i mut Items,
    pub(super) site: Site,
    pub(super) names: Names,
    pub(super) nums: HashMap<Value, Num>,
    pub(super) arrays: HashMap<Value, usize>,
    pub(super) slots: Vec<Slot>,
    pub(super) tapes: HashMap<Value, Ident>,
    /// The tapes of innermost loops that are slices.
    pub(super) strips: HashMap<Value, Strip>,
    /// The extents that loop indices stay below.
    pub(super) bounds: HashMap<Value, Extent>,
    /// Numbers that are literals.
    pub(super) literals: HashSet<Value>,
    /// Products that are written as part of a sum, with their factors.
    pub(super) products: HashMap<Value, [Value; 2]>,
    /// Where arrays are wanted, by the values that may be written there.
    pub(super) wanted: HashMap<Value, usize>,
    pub(super) places: Vec<Option<Wanted>>,
    /// The slots that are such places.
    pub(super) placed: HashMap<usize, usize>,
    pub(super) stack: Vec<Frame>,
}

impl<'f, 'i> Code<'f, 'i> {
    /// Nothing bound yet.
    pub(super) fn new(func: &'f Func, uses: &'i Uses, items: &'i mut Items, site: Site) -> Code<'f, 'i> {
        Code {
            func,
            uses,
            items,
            site,
            names: Names::new(),
            nums: HashMap::new(),
            arrays: HashMap::new(),
            slots: Vec::new(),
            tapes: HashMap::new(),
            strips: HashMap::new(),
            bounds: HashMap::new(),
            literals: HashSet::new(),
            products: HashMap::new(),
            wanted: HashMap::new(),
            places: Vec::new(),
            placed: HashMap::new(),
            stack: Vec::new(),
        }
    }

    /// The type of a value.
    pub(super) fn ty(&self, v: Value) -> &'f Ty {
        self.func.values.ty(v)
    }

    /// The type of a number or of an array's elements.
    pub(super) fn elem(&self, v: Value) -> Scalar {
        self.ty(v).elem().expect("a tape has no elements")
    }

    /// The name a value had in the source.
    pub(super) fn source_name(&self, v: Value) -> &'f str {
        &self.func.values[v].name
    }

    /// A number that is bound.
    pub(super) fn num(&self, v: Value) -> &Num {
        self.nums.get(&v).unwrap_or_else(|| panic!("`{}` is not bound", self.source_name(v)))
    }

    /// The expression of a number.
    pub(super) fn value(&self, v: Value) -> TokenStream {
        self.num(v).value()
    }

    /// The array in which a value is.
    pub(super) fn slot(&self, v: Value) -> &Slot {
        &self.slots[self.arrays[&v]]
    }

    /// The variable in which an array is.
    pub(super) fn array(&self, v: Value) -> Ident {
        self.slot(v).name.clone()
    }

    /// Binds an array to a variable that exists.
    pub(super) fn bind_array(&mut self, v: Value, name: Ident, mutable: bool) {
        let outermost = self.stack.len() <= 1;
        self.slots.push(Slot { name, mutable, outermost });
        self.arrays.insert(v, self.slots.len() - 1);
    }

    /// An extent as a `usize`.
    pub(super) fn len(&self, e: Extent) -> TokenStream {
        match e {
            Extent::Const(n) => {
                let n = proc_macro2::Literal::usize_unsuffixed(n.max(0) as usize);
                quote!(#n)
            }
            Extent::Value(v) => match self.num(v) {
                num if num.index => num.tokens.clone(),
                num => {
                    let tokens = &num.tokens;
                    quote!(::pullback::cpu::extent(#tokens))
                }
            },
        }
    }

    /// The number of elements of an array.
    pub(super) fn volume(&self, shape: &[Extent]) -> TokenStream {
        let mut lens = shape.iter().map(|&e| self.len(e));
        let first = lens.next().unwrap_or_else(|| quote!(1));
        lens.fold(first, |product, n| quote!(#product * #n))
    }

    /// Whether nothing reads a value after the instruction that is being printed.
    pub(super) fn is_dead(&self, v: Value) -> bool {
        self.uses.is_dead_after(v, &self.stack)
    }

    /// The statements of a block. Its results are bound but not yet handed on; the frame stays open until `leave`.
    pub(super) fn enter(&mut self, block: &'f Block, repeats: bool) -> TokenStream {
        self.stack.push(Frame { block: BlockId::of(block), at: 0, repeats });
        let mut out = TokenStream::new();
        for (at, inst) in block.insts.iter().enumerate() {
            self.stack.last_mut().expect("a frame").at = at;
            out.extend(self.inst(inst));
        }
        self.stack.last_mut().expect("a frame").at = block.insts.len();
        out
    }

    /// As [`Code::enter`], for some of the block's instructions.
    pub(super) fn enter_part(&mut self, block: &'f Block, wanted: &dyn Fn(&Inst) -> bool) -> TokenStream {
        self.stack.push(Frame { block: BlockId::of(block), at: 0, repeats: true });
        let mut out = TokenStream::new();
        for (at, inst) in block.insts.iter().enumerate().filter(|(_, i)| wanted(i)) {
            self.stack.last_mut().expect("a frame").at = at;
            out.extend(self.inst(inst));
        }
        out
    }

    /// Closes the frame that `enter` opened.
    pub(super) fn leave(&mut self) {
        self.stack.pop();
    }

    fn inst(&mut self, inst: &'f Inst) -> TokenStream {
        if inst.results.iter().any(|v| self.nums.contains_key(v) || self.products.contains_key(v)) {
            return TokenStream::new(); // a parameter of the function that is being printed, or part of a sum
        }
        match &inst.kind {
            Kind::Const(lit) => {
                self.nums.insert(inst.results[0], scalar::literal(*lit));
                self.literals.insert(inst.results[0]);
                TokenStream::new()
            }
            Kind::Op(..) => self.operation(inst),
            Kind::Index { array, at } => self.index(inst.results[0], *array, at),
            Kind::Update { array, at, value } => self.write(inst.results[0], *array, at, *value, quote!(=)),
            Kind::Accum { array, at, value } => self.write(inst.results[0], *array, at, *value, quote!(+=)),
            Kind::Pack { elems, .. } => self.pack(inst.results[0], elems),
            Kind::Nest(nest) => self.nest(inst, nest),
            Kind::Serial(_) => unreachable!("only programs for GPUs have code of one thread"),
            Kind::If { cond, then, els } => self.branch(inst, *cond, then, els),
            Kind::For { trip, rev, init, body } => self.for_loop(inst, *trip, *rev, init, body),
            Kind::While { init, cond, body } => self.while_loop(inst, init, cond, body),
            Kind::Contract { kind, args } => self.contract(inst.results[0], *kind, args),
            Kind::Call { func, args } => self.call(inst, func, args),
            Kind::Checkpoint => TokenStream::new(),
            Kind::Tape => self.new_tape(inst.results[0]),
            Kind::Push { tape, value } => self.push(inst.results[0], *tape, *value),
            Kind::Pop { tape } => self.pop(inst.results[0], *tape, inst.results[1]),
            Kind::Assert { cond, message } => {
                let cond = self.value(*cond);
                quote!(::core::assert!(#cond, "{}", #message);)
            }
        }
    }

    /// Binds a number: `let name: type = expression;`.
    pub(super) fn let_num(&mut self, v: Value, tokens: &TokenStream) -> TokenStream {
        let name = self.names.fresh(self.source_name(v), "t");
        let ty = scalar::ty(self.elem(v));
        self.nums.insert(v, Num::atom(quote!(#name)));
        quote!(let #name: #ty = #tokens;)
    }

    fn operation(&mut self, inst: &Inst) -> TokenStream {
        let Kind::Op(op, args) = &inst.kind else { unreachable!("an operation") };
        let v = inst.results[0];
        let types: Vec<Scalar> = args.iter().map(|&a| self.elem(a)).collect();
        let operands: Vec<Num> = args.iter().map(|&a| self.num(a).clone()).collect();
        let num = scalar::apply(*op, &operands, &types, self.elem(v), self.site == Site::Iteration);
        let repeated = operands.iter().any(|a| a.depth > 0)
            && is_repeated(op.rust(&types, self.site == Site::Iteration));
        let inline =
            self.uses.is_local(v) && self.source_name(v).is_empty() && num.depth < DEPTH && !repeated;
        if inline && !op.may_panic(types[0]) {
            self.nums.insert(v, num);
            return TokenStream::new();
        }
        self.let_num(v, &num.tokens)
    }

    fn index(&mut self, v: Value, array: Value, at: &[Value]) -> TokenStream {
        let name = self.array(array);
        let position = self.position(array, at);
        self.let_num(v, &quote!(#name[#position]))
    }

    /// The position of an element in its slice. What the slice's own check would let pass is checked here.
    pub(super) fn position(&self, array: Value, at: &[Value]) -> TokenStream {
        let shape = self.ty(array).shape();
        if let [i] = at {
            return self.num(*i).position();
        }
        let mut axes = at.iter().zip(shape).map(|(&i, &n)| self.axis(i, n));
        let first = axes.next().unwrap_or_else(|| quote!(0));
        axes.zip(&shape[1..]).fold(first, |outer, (i, &n)| {
            let n = self.len(n);
            let outer = if outer.clone().into_iter().count() > 1 { quote!((#outer)) } else { outer };
            quote!(#outer * #n + #i)
        })
    }

    fn axis(&self, i: Value, n: Extent) -> TokenStream {
        if self.bounds.get(&i) == Some(&n) {
            return self.num(i).position();
        }
        let (i, n) = (self.value(i), self.len(n));
        quote!(::pullback::cpu::offset(#i, #n))
    }

    /// Writes one element: in place if the old array is not needed any more.
    fn write(&mut self, v: Value, array: Value, at: &[Value], value: Value, how: TokenStream) -> TokenStream {
        let copy = self.take(v, array);
        let (name, position, value) = (self.array(v), self.position(v, at), self.value(value));
        quote!(#copy #name[#position] #how #value;)
    }

    fn pack(&mut self, v: Value, elems: &[Value]) -> TokenStream {
        let elems: Vec<TokenStream> = elems.iter().map(|&e| self.value(e)).collect();
        if self.wanted_place(v).is_none() {
            let name = self.names.fresh(self.source_name(v), "h");
            self.bind_array(v, name.clone(), true);
            return quote!(let #name = &mut [#(#elems),*];);
        }
        let (decl, name) = self.allocate(v);
        quote!(#decl #name.copy_from_slice(&[#(#elems),*]);)
    }

    fn call(&mut self, inst: &Inst, func: &str, args: &[Value]) -> TokenStream {
        let callee =
            self.items.externals.get(func).unwrap_or_else(|| panic!("`{func}` was not inlined")).clone();
        let args: Vec<TokenStream> = args.iter().map(|&a| self.argument(a)).collect();
        let names: Vec<Ident> =
            inst.results.iter().map(|&v| self.names.fresh(self.source_name(v), "t")).collect();
        for (&v, name) in inst.results.iter().zip(&names) {
            self.nums.insert(v, Num::atom(quote!(#name)));
        }
        match names.as_slice() {
            [name] => {
                let ty = scalar::ty(self.elem(inst.results[0]));
                quote!(let #name: #ty = #callee(#(#args),*);)
            }
            _ => quote!(let (#(#names),*) = #callee(#(#args),*);),
        }
    }

    fn argument(&self, v: Value) -> TokenStream {
        if self.ty(v).is_array() {
            let name = self.array(v);
            return quote!(&#name[..]);
        }
        self.value(v)
    }
}

/// Whether a template writes an operand twice.
fn is_repeated(template: &str) -> bool {
    (0..3).any(|k| template.matches(&format!("{{{k}}}")).count() > 1)
}
