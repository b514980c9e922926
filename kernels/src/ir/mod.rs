//! The intermediate representation: SSA with regions.
//!
//! A [`Module`] holds functions. A [`Func`] owns one table of values and one [`Block`]; an instruction that loops or
//! branches owns blocks of its own, which see every value of the blocks around them. Arrays are values: `update`
//! makes a new array (back ends do it in place where the old one is dead).

mod build;
mod call;
mod eval;
mod infer;
mod lex;
mod parse;
mod print;
mod ty;
mod verify;
mod walk;

pub use build::Builder;
pub use call::call_types;
pub use eval::{Array, Datum, EvalError, eval, eval_limited};
pub use infer::infer;
pub use parse::{ParseError, parse};
pub use print::names;
pub use ty::{Extent, Lit, Scalar, Ty};
pub use verify::{Violation, verify, verify_func};
pub use walk::{Renamer, free_values, inst_free_values};

use crate::ops::Op;

/// A place in the user's source, opaque to this crate: an index into the front end's table of spans. 0 is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Loc(pub u32);

/// A value of a function: an index into its table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Value(pub u32);

/// What is known of one value.
#[derive(Clone, Debug)]
pub struct ValueInfo {
    /// Its type.
    pub ty: Ty,
    /// The name it had in the source, for printing and for generated code; empty if none. Not unique.
    pub name: String,
}

/// The table of a function's values.
#[derive(Clone, Debug, Default)]
pub struct Values(Vec<ValueInfo>);

impl Values {
    /// A new value.
    pub fn add(&mut self, ty: Ty, name: &str) -> Value {
        self.0.push(ValueInfo { ty, name: name.to_string() });
        Value(self.0.len() as u32 - 1)
    }

    /// A new value with the type and name of another.
    pub fn like(&mut self, v: Value) -> Value {
        let info = self[v].clone();
        self.add(info.ty, &info.name)
    }

    /// The type of a value.
    pub fn ty(&self, v: Value) -> &Ty {
        &self[v].ty
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = Value> + use<> {
        (0..self.0.len() as u32).map(Value)
    }
}

impl std::ops::Index<Value> for Values {
    type Output = ValueInfo;
    fn index(&self, v: Value) -> &ValueInfo {
        &self.0[v.0 as usize]
    }
}

impl std::ops::IndexMut<Value> for Values {
    fn index_mut(&mut self, v: Value) -> &mut ValueInfo {
        &mut self.0[v.0 as usize]
    }
}

/// Functions that call each other by name. The last one is the entry, the others are what it calls.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// In order of definition: callees before callers.
    pub funcs: Vec<Func>,
}

impl Module {
    /// The function of that name.
    pub fn get(&self, name: &str) -> Option<&Func> {
        self.funcs.iter().find(|f| f.name == name)
    }

    /// The entry function: the last.
    ///
    /// # Panics
    /// If the module is empty.
    pub fn entry(&self) -> &Func {
        self.funcs.last().expect("a module has an entry")
    }
}

/// A function: parameters in, results out.
#[derive(Clone, Debug)]
pub struct Func {
    /// Its name, unique in its module.
    pub name: String,
    /// `i64` values bound by the extents of array parameters, in order of first appearance.
    pub sizes: Vec<Value>,
    /// The code; its parameters are the function's, its results what the function returns.
    pub body: Block,
    /// All values of the function, those of nested blocks included.
    pub values: Values,
    /// The custom rule: the function which, given the parameters and a cotangent for each float result, returns the
    /// cotangents of the parameters that [`Rule::wrt`] lists.
    pub rule: Option<Rule>,
    /// A function without IR: the back end calls this path of the host language. Its body is empty and only its
    /// parameters and `returns` count.
    pub external: Option<String>,
    /// The types of the results of an external function; empty otherwise.
    pub returns: Vec<Ty>,
}

/// A custom derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The function that computes the cotangents.
    pub func: String,
    /// The parameters (by position) whose cotangents it returns, in order.
    pub wrt: Vec<usize>,
}

impl Func {
    /// An empty function.
    pub fn new(name: &str) -> Func {
        Func {
            name: name.to_string(),
            sizes: Vec::new(),
            body: Block::default(),
            values: Values::default(),
            rule: None,
            external: None,
            returns: Vec::new(),
        }
    }

    /// The parameters.
    pub fn params(&self) -> &[Value] {
        &self.body.params
    }

    /// The types of the results.
    pub fn result_types(&self) -> Vec<Ty> {
        if self.external.is_some() {
            return self.returns.clone();
        }
        self.body.results.iter().map(|&v| self.values.ty(v).clone()).collect()
    }
}

/// Instructions in order, with parameters that whoever enters the block binds and results that it hands back.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Bound on entry: indices, carried values.
    pub params: Vec<Value>,
    /// Executed in order.
    pub insts: Vec<Inst>,
    /// What the block yields.
    pub results: Vec<Value>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Inst {
    /// The values it defines.
    pub results: Vec<Value>,
    /// What it does.
    pub kind: Kind,
    /// Where it comes from.
    pub loc: Loc,
}

/// What an instruction does. The fields say what they are; the variants' documentation says the rest.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    /// A literal.
    Const(Lit),
    /// A scalar operation of the table.
    Op(Op, Vec<Value>),
    /// Reads one element. One index per axis. Out of bounds panics in the program.
    Index { array: Value, at: Vec<Value> },
    /// The array with one element replaced.
    Update { array: Value, at: Vec<Value>, value: Value },
    /// The array with a number added to one element. In a nest, the only thing allowed on an accumulator: the
    /// additions of different iterations commute.
    Accum { array: Value, at: Vec<Value>, value: Value },
    /// An array of constant shape from its elements, the last axis fastest.
    Pack { elems: Vec<Value>, shape: Vec<i64> },
    /// A parallel loop.
    Nest(Nest),
    /// A branch: one of the blocks runs. The blocks have no parameters and yield the same types.
    If { cond: Value, then: Block, els: Block },
    /// A sequential loop: for k in 0..trip (from the last to the first if `rev`), `body(k, carried..) -> carried..`.
    For { trip: Extent, rev: bool, init: Vec<Value>, body: Block },
    /// Code that one thread of a GPU runs, in order; what the block yields. Only [`glue`](crate::glue) makes it. The block
    /// has no parameters.
    Serial(Block),
    /// While `cond(carried..) -> bool`, `body(carried..) -> carried..`.
    While { init: Vec<Value>, cond: Block, body: Block },
    /// A product or solution that goes to a matrix library.
    Contract { kind: Contract, args: Vec<Value> },
    /// A call of a function of the module.
    Call { func: String, args: Vec<Value> },
    /// In the body of a loop: the reverse sweep stores the loop's carried values only, and computes the rest of the body
    /// again. No results, no effect on values.
    Checkpoint,
    /// A new, empty tape.
    Tape,
    /// The tape with a value on top.
    Push { tape: Value, value: Value },
    /// The tape without its top, and the top.
    Pop { tape: Value },
    /// Panics with the message unless the condition holds. No results.
    Assert { cond: Value, message: String },
}

/// A parallel loop over a rectangular domain.
///
/// `body(indices.., accumulators..) -> accumulators.., one number per out`. The instruction's results are the
/// accumulators after all iterations, then the outs. An extent of the domain may not depend on the nest's own indices.
#[derive(Clone, Debug)]
pub struct Nest {
    /// The extents of the indices, the last fastest.
    pub domain: Vec<Extent>,
    /// Initial arrays of the accumulators, to which iterations add through [`Kind::Accum`].
    pub accs: Vec<Value>,
    /// The scalar code of one iteration.
    pub body: Block,
    /// What becomes of each number that the body yields after the accumulators.
    pub outs: Vec<Out>,
}

/// What becomes of a number that a nest's body yields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Out {
    /// It is the element, at the indices, of an array over the domain.
    Build,
    /// It is combined with those of the other iterations.
    Fold(Reduce),
}

/// How numbers are combined. All are associative up to rounding; the order is the back end's, but fixed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reduce {
    /// The sum; 0 for an empty domain.
    Sum,
    /// The product; 1 for an empty domain.
    Product,
    /// The largest; -inf (or the least integer) for an empty domain; NaN if any is NaN.
    Max,
    /// The smallest; inf (or the greatest integer) for an empty domain; NaN if any is NaN.
    Min,
    /// The row-major position (i64) of the first largest (the first NaN if there is one); 0 for an empty domain.
    ArgMax,
    /// The row-major position (i64) of the first smallest (the first NaN if there is one); 0 for an empty domain.
    ArgMin,
    /// Whether all are true.
    All,
    /// Whether any is true.
    Any,
}

impl Reduce {
    /// All reductions with their names in the text form.
    pub const NAMES: [(Reduce, &'static str); 8] = [
        (Reduce::Sum, "sum"),
        (Reduce::Product, "product"),
        (Reduce::Max, "max"),
        (Reduce::Min, "min"),
        (Reduce::ArgMax, "argmax"),
        (Reduce::ArgMin, "argmin"),
        (Reduce::All, "all"),
        (Reduce::Any, "any"),
    ];

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        Reduce::NAMES.iter().find(|(r, _)| *r == self).expect("every reduction has a name").1
    }
}

/// Contractions: whole-array products and solutions, which go to a matrix library.
///
/// Shapes are those of the IR (a nalgebra matrix of r rows and c columns is `[c, r]`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Contract {
    /// `C[i, j] = Σk A[i, k] B[k, j]`, with A (B) read transposed if `ta` (`tb`).
    MatMul { ta: bool, tb: bool },
    /// `y[i] = Σk A[i, k] x[k]`, with A read transposed if `ta`.
    MatVec { ta: bool },
    /// The solution of `A x = b` for a vector `b`, or for each row of a matrix `b`; A square, read transposed if `ta`. Panics if A is singular.
    Solve { ta: bool },
    /// The inverse of a square matrix. Panics if it is singular.
    Inverse,
    /// The determinant of a square matrix, a number.
    Det,
    /// The derivative of the determinant by each element, exact for singular matrices too.
    Cofactor,
    /// The upper triangular U with `Uᵀ U = A`, from the upper triangle of A. Panics unless A is positive definite.
    Cholesky,
}

impl Contract {
    /// Whether it is a product, of matrices or with a vector.
    pub fn is_product(self) -> bool {
        matches!(self, Contract::MatMul { .. } | Contract::MatVec { .. })
    }

    /// Whether it panics for some matrices.
    pub fn may_panic(self) -> bool {
        matches!(self, Contract::Solve { .. } | Contract::Inverse | Contract::Cholesky)
    }
}
