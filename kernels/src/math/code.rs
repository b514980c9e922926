//! A small language for writing functions of the IR as formulas: numbers under construction with operators.

use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Shl, Sub};

use crate::ir::{Block, Func, Inst, Kind, Lit, Loc, Module, Scalar, Ty, Value, Values, infer};
use crate::ops::Op;

/// A function under construction.
pub(super) struct Code {
    /// The float type that the function is written for.
    pub(super) float: Scalar,
    values: RefCell<Values>,
    open: RefCell<Vec<Vec<Inst>>>,
    callees: Vec<(String, Vec<Ty>)>,
}

/// A number of the function under construction.
#[derive(Clone, Copy)]
pub(super) struct X<'c> {
    code: &'c Code,
    value: Value,
}

/// What may stand beside an [`X`] in a formula: another, or a literal of its type.
pub(super) trait Operand<'c> {
    /// The operand as a number of the same type as `like`.
    fn beside(self, like: X<'c>) -> X<'c>;
}

impl<'c> Operand<'c> for X<'c> {
    fn beside(self, _like: X<'c>) -> X<'c> {
        self
    }
}

impl<'c> Operand<'c> for f64 {
    fn beside(self, like: X<'c>) -> X<'c> {
        like.code.lit(Lit::of(like.scalar(), self))
    }
}

impl<'c> Operand<'c> for i64 {
    fn beside(self, like: X<'c>) -> X<'c> {
        like.code.lit(match like.scalar() {
            Scalar::I32 => Lit::I32(self as i32),
            _ => Lit::I64(self),
        })
    }
}

/// Adds a function of floats to a module: `body` gets the parameters and gives the results.
pub(super) fn define(
    module: &mut Module,
    float: Scalar,
    name: &str,
    params: &[&str],
    body: impl for<'c> FnOnce(&'c Code, &[X<'c>]) -> Vec<X<'c>>,
) {
    let params: Vec<(&str, Scalar)> = params.iter().map(|&p| (p, float)).collect();
    define_typed(module, float, name, &params, body);
}

/// As [`define`], with parameters of any types.
pub(super) fn define_typed(
    module: &mut Module,
    float: Scalar,
    name: &str,
    params: &[(&str, Scalar)],
    body: impl for<'c> FnOnce(&'c Code, &[X<'c>]) -> Vec<X<'c>>,
) {
    let code = Code {
        float,
        values: RefCell::default(),
        open: RefCell::new(vec![Vec::new()]),
        callees: module.funcs.iter().map(|f| (f.name.clone(), f.result_types())).collect(),
    };
    let params: Vec<Value> =
        params.iter().map(|&(name, ty)| code.values.borrow_mut().add(ty.into(), name)).collect();
    let args: Vec<X> = params.iter().map(|&value| X { code: &code, value }).collect();
    let results: Vec<Value> = body(&code, &args).into_iter().map(|x| x.value).collect();
    let insts = code.open.borrow_mut().pop().expect("the outermost block is open");
    let mut func = Func::new(name);
    func.body = Block { params, insts, results };
    func.values = code.values.into_inner();
    module.funcs.push(func);
}

impl Code {
    /// Whether the function is written for `f64`.
    pub(super) fn is_double(&self) -> bool {
        self.float == Scalar::F64
    }

    /// One of two things, by the float type.
    pub(super) fn pick<T>(&self, single: T, double: T) -> T {
        if self.is_double() { double } else { single }
    }

    /// How many bits the mantissa has after the point.
    pub(super) fn mantissa(&self) -> i64 {
        self.pick(23, 52)
    }

    /// What is added to exponents.
    pub(super) fn bias(&self) -> i64 {
        self.pick(127, 1023)
    }

    /// The bits of a literal of the float type.
    pub(super) fn bits_of(&self, x: f64) -> i64 {
        self.pick((x as f32).to_bits() as i64, x.to_bits() as i64)
    }

    /// The upper part of a constant, with that many significant bits.
    pub(super) fn upper(&self, x: f64, bits: i64) -> f64 {
        f64::from_bits(x.to_bits() & (-1i64 << (53 - bits)) as u64)
    }

    /// A float.
    pub(super) fn number(&self, x: f64) -> X<'_> {
        self.lit(Lit::of(self.float, x))
    }

    /// A double, whatever the float type.
    pub(super) fn double(&self, x: f64) -> X<'_> {
        self.lit(Lit::F64(x))
    }

    fn lit(&self, lit: Lit) -> X<'_> {
        self.push(Kind::Const(lit))[0]
    }

    fn op(&self, op: Op, args: &[X]) -> X<'_> {
        self.push(Kind::Op(op, args.iter().map(|a| a.value).collect()))[0]
    }

    fn push(&self, kind: Kind) -> Vec<X<'_>> {
        let tys = infer(&self.values.borrow(), &kind).unwrap_or_else(|e| panic!("ill-typed {kind:?}: {e}"));
        self.push_typed(kind, &tys)
    }

    fn push_typed(&self, kind: Kind, tys: &[Ty]) -> Vec<X<'_>> {
        let results: Vec<Value> = tys.iter().map(|t| self.values.borrow_mut().add(t.clone(), "")).collect();
        let xs = results.iter().map(|&value| X { code: self, value }).collect();
        let mut open = self.open.borrow_mut();
        open.last_mut().expect("a block is open").push(Inst { results, kind, loc: Loc::default() });
        xs
    }

    /// A call of a function that the module has already.
    pub(super) fn call(&self, func: &str, args: &[X]) -> Vec<X<'_>> {
        let (_, tys) = self.callees.iter().find(|(name, _)| name == func).expect("callees come first");
        let args = args.iter().map(|a| a.value).collect();
        self.push_typed(Kind::Call { func: func.to_string(), args }, tys)
    }

    /// A call of a function with one result.
    pub(super) fn call1(&self, func: &str, args: &[X]) -> X<'_> {
        self.call(func, args)[0]
    }

    /// A call of a function with two results, and names for these.
    pub(super) fn call2<'c>(&'c self, func: &str, args: &[X<'c>], names: [&str; 2]) -> (X<'c>, X<'c>) {
        let results = self.call(func, args);
        (results[0].named(names[0]), results[1].named(names[1]))
    }

    /// A branch.
    pub(super) fn branch<'c>(
        &'c self,
        cond: X<'c>,
        then: impl FnOnce() -> Vec<X<'c>>,
        els: impl FnOnce() -> Vec<X<'c>>,
    ) -> Vec<X<'c>> {
        let then = self.block(then);
        let els = self.block(els);
        self.push(Kind::If { cond: cond.value, then, els })
    }

    fn block<'c>(&'c self, f: impl FnOnce() -> Vec<X<'c>>) -> Block {
        self.open.borrow_mut().push(Vec::new());
        let results = f().into_iter().map(|x| x.value).collect();
        let insts = self.open.borrow_mut().pop().expect("the block is open");
        Block { params: Vec::new(), insts, results }
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $op:ident),*) => {$(
        impl<'c, R: Operand<'c>> $trait<R> for X<'c> {
            type Output = X<'c>;
            fn $method(self, rhs: R) -> X<'c> {
                self.code.op(Op::$op, &[self, rhs.beside(self)])
            }
        }

        impl<'c> $trait<X<'c>> for f64 {
            type Output = X<'c>;
            fn $method(self, rhs: X<'c>) -> X<'c> {
                self.beside(rhs).$method(rhs)
            }
        }

        impl<'c> $trait<X<'c>> for i64 {
            type Output = X<'c>;
            fn $method(self, rhs: X<'c>) -> X<'c> {
                self.beside(rhs).$method(rhs)
            }
        }
    )*};
}

operators!(Add add Add, Sub sub Sub, Mul mul Mul, Div div Div, BitAnd bitand And, BitOr bitor Or, BitXor bitxor Xor, Shl shl Shl);

impl<'c> Neg for X<'c> {
    type Output = X<'c>;
    fn neg(self) -> X<'c> {
        self.code.op(Op::Neg, &[self])
    }
}

impl<'c> Not for X<'c> {
    type Output = X<'c>;
    fn not(self) -> X<'c> {
        self.code.op(Op::Not, &[self])
    }
}

macro_rules! binary {
    ($($(#[doc = $doc:literal])* $name:ident $op:ident),* $(,)?) => {$(
        $(#[doc = $doc])*
        pub(super) fn $name(self, rhs: impl Operand<'c>) -> X<'c> {
            self.code.op(Op::$op, &[self, rhs.beside(self)])
        }
    )*};
}

macro_rules! unary {
    ($($(#[doc = $doc:literal])* $name:ident $op:ident),* $(,)?) => {$(
        $(#[doc = $doc])*
        pub(super) fn $name(self) -> X<'c> {
            self.code.op(Op::$op, &[self])
        }
    )*};
}

impl<'c> X<'c> {
    binary! {
        /// Whether it is less.
        lt Lt,
        /// Whether it is greater.
        gt Gt,
        /// Whether it is equal.
        equals Eq,
        /// The number with the sign of another.
        copysign CopySign,
        /// The bits moved to the right, zeros coming in.
        ushr UShr,
    }

    unary! {
        /// The absolute value.
        abs Abs,
        /// The square root.
        sqrt Sqrt,
        /// The bits of a float.
        bits Bits,
        /// The float of these bits.
        float FromBits,
        /// As `f32`.
        to_f32 ToF32,
        /// As `f64`.
        to_f64 ToF64,
        /// As `i32`.
        to_i32 ToI32,
    }

    fn scalar(self) -> Scalar {
        self.code.values.borrow().ty(self.value).elem().expect("a number")
    }

    /// A literal of this number's type.
    pub(super) fn like(self, literal: impl Operand<'c>) -> X<'c> {
        literal.beside(self)
    }

    /// `self * b + c`, fused where the machine does that cheaply.
    pub(super) fn muladd(self, b: impl Operand<'c>, c: impl Operand<'c>) -> X<'c> {
        self.code.op(Op::MulAdd, &[self, b.beside(self), c.beside(self)])
    }

    /// `self * b + c` with one rounding.
    pub(super) fn fma(self, b: X<'c>, c: X<'c>) -> X<'c> {
        self.code.op(Op::Fma, &[self, b, c])
    }

    /// The square.
    pub(super) fn squared(self) -> X<'c> {
        self * self
    }

    /// `a` where this truth value is true, otherwise `b`; at least one is an [`X`].
    pub(super) fn select(self, a: X<'c>, b: impl Operand<'c>) -> X<'c> {
        self.code.op(Op::Select, &[self, a, b.beside(a)])
    }

    /// The value with a name, which the generated code shows.
    pub(super) fn named(self, name: &str) -> X<'c> {
        self.code.values.borrow_mut()[self.value].name = name.to_string();
        self
    }

    /// The polynomial with these coefficients, lowest first, by Horner's rule.
    pub(super) fn polynomial(self, coefficients: &[f64]) -> X<'c> {
        let (&last, rest) = coefficients.split_last().expect("a polynomial has a coefficient");
        rest.iter().rev().fold(last.beside(self), |p, &c| p.muladd(self, c))
    }

    /// The float's upper half: so few bits that the product of two is exact.
    pub(super) fn upper_half(self) -> X<'c> {
        let mask = if self.scalar() == Scalar::F64 { -1 << 27 } else { -1 << 12 };
        (self.bits() & mask).float()
    }
}
