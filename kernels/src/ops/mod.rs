//! The table of scalar operations. One entry per operation, and everything about it stands there.

mod expr;
mod table;

pub use expr::{Reads, expand, reads};
pub use table::{Op, TABLE};

use crate::ir::{Builder, Lit, Reduce, Scalar, Value};

/// Everything that is known of one scalar operation.
#[derive(Debug)]
pub struct OpDef {
    /// The name in the IR's text form.
    pub name: &'static str,
    /// What it computes, one sentence.
    pub doc: &'static str,
    /// The names under which users write it: methods of `f32` and `f64` (`sin`), or operators (`+`).
    pub spellings: &'static [&'static str],
    /// Its type rule.
    pub sig: Sig,
    /// Its value, for folding and for the interpreter. Called with arguments of the right types only.
    /// [`Op::eval`] asks [`OpDef::panics`] first.
    pub eval: fn(&[Lit]) -> Lit,
    /// Whether Rust panics on these arguments.
    pub panics: fn(&[Lit]) -> bool,
    /// Rust text for scalar code: `{0}`, `{1}`, `{2}` are the arguments, names or literals with a suffix, negative ones
    /// in parentheses; `{T}` is the type of the first argument and `{R}` that of the result. Whoever puts the text into
    /// an expression puts it in parentheses. [`Op::rust`] chooses among this and the next two.
    pub rust: &'static str,
    /// Rust text where the argument is a truth value; empty: as `rust`.
    pub rust_bool: &'static str,
    /// Rust text inside a nest, where `FMA` is a const generic `bool`; empty: as `rust`. A text may ask for two more
    /// things by naming them: `NEAR`, which says that this is a first pass over lanes, in which results for unusual
    /// arguments do not count, and `__far`, a `&mut bool` to be set where the pass met such an argument.
    pub lane: &'static str,
    /// PTX text where the last argument is a float: `{d}` is the destination, `{0}`.. the arguments, `{t}` the float type
    /// (`f32`), `{b}`, `{i}` and `{u}` the untyped, signed and unsigned type of its width, `{w}` the width less one. Empty:
    /// the mathematical function of that name is called, or `lowered` says what to do. [`Op::ptx`] chooses.
    pub ptx: &'static str,
    /// The same where the last argument is an integer.
    pub ptx_int: &'static str,
    /// The same where it is a truth value.
    pub ptx_bool: &'static str,
    /// The same bits from simpler operations, for a back end without an instruction: a line of mathematics (see
    /// [`expand`]) for floats.
    pub lowered: &'static str,
    /// The same for `i64`.
    pub lowered_int: &'static str,
    /// What it is where the host computes it, if that is not one operation there: a line of mathematics.
    pub unfused: &'static str,
    /// Where `panics` holds, as a line of mathematics, for floats; empty: nowhere.
    pub fails: &'static str,
    /// The same for `i64`.
    pub fails_int: &'static str,
    /// The partial derivative with respect to each argument, as text that [`expand`] turns into IR.
    pub partials: &'static [Partial],
    /// Algebraic facts.
    pub facts: Facts,
    /// What it costs, about, in additions: 1 for arithmetic, 10 and more for transcendental functions. Below
    /// [`CHEAP`] the reverse sweep computes it again rather than store it.
    pub cost: u32,
    /// How its automatic test draws arguments.
    pub test: Test,
}

/// Operations that cost less than this are recomputed rather than stored.
pub const CHEAP: u32 = 5;

/// A partial derivative: a line of mathematics in `a`, `b`, `c` (the arguments) and `y` (the result). [`scale`] makes
/// the code of its product with a cotangent or tangent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Partial {
    /// Zero (almost) everywhere, or an argument that has no derivative.
    Zero,
    /// Finite wherever the arguments and the result are.
    Of(&'static str),
    /// May be infinite or NaN although arguments and result are finite (the slope of a root at 0): the product with
    /// a zero cotangent is exactly zero.
    Pole(&'static str),
    /// The product of the partial and the cotangent `dy` as a whole, for operations that pass on one argument: the
    /// others get nothing, however large the cotangent; and where a quotient of `dy` loses less. Linear in `dy`, also
    /// for the eyes of differentiation: no branch on `dy` (see `mulz` and `divz`).
    Applied(&'static str),
}

impl Partial {
    /// The line of mathematics; empty for zero.
    pub fn text(self) -> &'static str {
        match self {
            Partial::Zero => "",
            Partial::Of(text) | Partial::Pole(text) | Partial::Applied(text) => text,
        }
    }
}

/// Algebraic facts of which the simplifier makes use. Each holds bit for bit for every argument (NaN payloads aside).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Facts {
    /// `f(a, b) = f(b, a)`.
    pub commutative: bool,
    /// `f(a, e) = a` for this e.
    pub right_identity: Option<f64>,
    /// `f(e, a) = a` for this e.
    pub left_identity: Option<f64>,
    /// `f(f(a)) = a`.
    pub involution: bool,
    /// May panic: not to be executed where the program would not. [`Op::may_panic`] knows for which types.
    pub partial: bool,
    /// The reduction that combines numbers (truth values) with this operation.
    pub reduce: Option<Reduce>,
    /// `f(a, b)` is `a` times the reciprocal of b, bit for bit where b is a power of two.
    pub quotient: bool,
    /// The operation that this is where the first argument is not 0.
    pub unless_zero: Option<Op>,
    /// The partials are not the slopes, but what the user wants in their place.
    pub detaches: bool,
}

/// No facts.
pub const PLAIN: Facts = Facts {
    commutative: false,
    right_identity: None,
    left_identity: None,
    involution: false,
    partial: false,
    reduce: None,
    quotient: false,
    unless_zero: None,
    detaches: false,
};

/// How an operation's automatic test draws arguments.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// An open interval for each argument, inside which the derivative exists and differences are meaningful.
    pub domain: &'static [(f64, f64)],
    /// Relative tolerance of the comparison with central differences in f64.
    pub tolerance: f64,
    /// Largest error in units in the last place of the runtime's own implementation, f32 and f64; `None` where Rust's
    /// own operation is used.
    pub ulp: Option<(f64, f64)>,
    /// For functions with many roots left of 0: there an error counts in units of a result that is at least so large.
    pub left: f64,
}

/// Type rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sig {
    /// n floats of one type to that type.
    Float(usize),
    /// n numbers (floats or integers) of one type to that type.
    Num(usize),
    /// n integers of one type to that type.
    Int(usize),
    /// n truth values to a truth value.
    Logic(usize),
    /// n truth values or integers of one type to that type (`and`, `or`, `xor`, `not`).
    Bits(usize),
    /// Two numbers of one type to a truth value.
    Compare,
    /// A float to a truth value.
    Test,
    /// A truth value and two scalars of one type to that type.
    Select,
    /// A float and an `i64` to that float.
    PowI,
    /// Anything to this type, as Rust's `as` does (a truth value counts 0 or 1).
    Cast(Scalar),
    /// A float to the integer of its bits.
    ToBits,
    /// An integer to the float of these bits.
    FromBits,
}

impl Op {
    /// The entry of the table.
    pub fn def(self) -> &'static OpDef {
        &TABLE[self as usize]
    }

    /// All operations.
    pub fn all() -> impl Iterator<Item = Op> {
        Op::ALL.iter().copied()
    }

    /// The operation of that name in the text form.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::all().find(|op| op.def().name == name)
    }

    /// The operation that users write so, for methods of floats.
    pub fn from_spelling(spelling: &str) -> Option<Op> {
        Op::all().find(|op| op.def().spellings.contains(&spelling))
    }

    /// Its value, or nothing where Rust panics (an integer divided by zero).
    pub fn eval(self, args: &[Lit]) -> Option<Lit> {
        let def = self.def();
        (!(def.panics)(args)).then(|| (def.eval)(args))
    }

    /// Whether it may panic on arguments of that type: division only on integers.
    pub fn may_panic(self, arg: Scalar) -> bool {
        let def = self.def();
        def.facts.partial && (arg.is_int() || def.sig != Sig::Num(2))
    }

    /// The Rust text for arguments of these types, in a nest or in scalar code.
    pub fn rust(self, args: &[Scalar], in_nest: bool) -> &'static str {
        let def = self.def();
        match args.first() {
            Some(Scalar::Bool) if !def.rust_bool.is_empty() => def.rust_bool,
            Some(s) if in_nest && s.is_float() && !def.lane.is_empty() => def.lane,
            _ => def.rust,
        }
    }

    /// The PTX text for arguments of these types; empty if there is none.
    pub fn ptx(self, args: &[Scalar]) -> &'static str {
        let def = self.def();
        match args.last() {
            Some(Scalar::Bool) => def.ptx_bool,
            Some(s) if s.is_int() => def.ptx_int,
            _ => def.ptx,
        }
    }

    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        match self.def().sig {
            Sig::Float(n) | Sig::Num(n) | Sig::Int(n) | Sig::Logic(n) | Sig::Bits(n) => n,
            Sig::Compare | Sig::PowI => 2,
            Sig::Select => 3,
            Sig::Test | Sig::Cast(_) | Sig::ToBits | Sig::FromBits => 1,
        }
    }

    /// The type of the result, or what is wrong with the arguments.
    pub fn result(self, args: &[Scalar]) -> Result<Scalar, String> {
        let def = self.def();
        if args.len() != self.arity() {
            return Err(format!("{} takes {} arguments", def.name, self.arity()));
        }
        let uniform = |ok: fn(Scalar) -> bool, args: &[Scalar]| args.iter().all(|&a| a == args[0] && ok(a));
        let result = match def.sig {
            Sig::Float(_) => uniform(Scalar::is_float, args).then_some(args[0]),
            Sig::Num(_) => uniform(|s| s != Scalar::Bool, args).then_some(args[0]),
            Sig::Int(_) => uniform(Scalar::is_int, args).then_some(args[0]),
            Sig::Logic(_) => uniform(|s| s == Scalar::Bool, args).then_some(Scalar::Bool),
            Sig::Bits(_) => uniform(|s| !s.is_float(), args).then_some(args[0]),
            Sig::Compare => uniform(|_| true, args).then_some(Scalar::Bool),
            Sig::Test => args[0].is_float().then_some(Scalar::Bool),
            Sig::Select => (args[0] == Scalar::Bool && args[1] == args[2]).then_some(args[1]),
            Sig::PowI => (args[0].is_float() && args[1] == Scalar::I64).then_some(args[0]),
            Sig::Cast(to) => Some(to),
            Sig::ToBits => match args[0] {
                Scalar::F32 => Some(Scalar::I32),
                Scalar::F64 => Some(Scalar::I64),
                _ => None,
            },
            Sig::FromBits => match args[0] {
                Scalar::I32 => Some(Scalar::F32),
                Scalar::I64 => Some(Scalar::F64),
                _ => None,
            },
        };
        let names = || args.iter().map(|a| a.name()).collect::<Vec<_>>().join(", ");
        result.ok_or_else(|| format!("{} does not take ({})", def.name, names()))
    }
}

/// What cotangent `dy` of the result `y` means for argument `k`: the cotangent times the partial derivative, or nothing
/// where that is zero everywhere. Forward mode calls it as well: the factor of a tangent is the same.
pub fn scale(b: &mut Builder, op: Op, k: usize, args: &[Value], y: Value, dy: Value) -> Option<Value> {
    if !b.values.ty(args[k]).is_float() {
        return None;
    }
    match *op.def().partials.get(k)? {
        Partial::Zero => None,
        Partial::Of("1.0") => Some(dy),
        Partial::Of("-1.0") => Some(b.op(Op::Neg, &[dy])),
        Partial::Of(text) => {
            let p = expand(b, text, args, y);
            Some(b.op(Op::Mul, &[dy, p]))
        }
        Partial::Pole(text) => {
            let p = expand(b, text, args, y);
            Some(b.op(Op::MulZ, &[dy, p]))
        }
        Partial::Applied(text) => Some(expr::expand_at(b, text, args, y, Some(dy))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_spellings_are_unique() {
        for (i, a) in TABLE.iter().enumerate() {
            for b in &TABLE[..i] {
                assert_ne!(a.name, b.name);
                assert!(a.spellings.iter().all(|s| !b.spellings.contains(s)), "{} and {}", a.name, b.name);
            }
            assert_eq!(Op::from_name(a.name).map(Op::def).map(|d| d.name), Some(a.name));
        }
    }

    #[test]
    fn entries_are_complete() {
        for op in Op::all() {
            let def = op.def();
            assert!(def.doc.ends_with('.') && def.cost > 0, "{}", def.name);
            let floats = def.sig != Sig::Bits(op.arity()) && !matches!(def.sig, Sig::Int(_));
            assert_eq!(def.partials.len(), if floats { op.arity() } else { 0 }, "{}", def.name);
            (0..op.arity()).for_each(|k| assert!(def.rust.contains(&format!("{{{k}}}")), "{} {k}", def.name));
            assert!(!def.facts.involution || op.arity() == 1, "{}", def.name);
            assert!(!def.facts.commutative || op.arity() == 2, "{}", def.name);
        }
    }

    #[test]
    fn evaluates_in_the_type_of_the_arguments() {
        assert_eq!(Op::Div.eval(&[Lit::F32(1.0), Lit::F32(3.0)]), Some(Lit::F32(1.0 / 3.0)));
        assert_eq!(Op::Div.eval(&[Lit::I64(-7), Lit::I64(2)]), Some(Lit::I64(-3)));
        assert_eq!(Op::Div.eval(&[Lit::I64(1), Lit::I64(0)]), None);
        assert_eq!(Op::Clamp.eval(&[Lit::F64(1.0), Lit::F64(2.0), Lit::F64(0.0)]), None);
        assert_eq!(Op::WrapU8.eval(&[Lit::I64(-1)]), Some(Lit::I64(255)));
        assert_eq!(Op::ToF32.eval(&[Lit::Bool(true)]), Some(Lit::F32(1.0)));
    }
}
