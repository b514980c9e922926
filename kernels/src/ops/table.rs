//! The list of operations. The entries stand in a file per subject.

mod arith;
mod compare;
mod explog;
mod int;
mod round;
mod special;
mod trig;

use super::{Facts, OpDef, PLAIN, Partial::*, Sig, Test};
use crate::ir::{Lit, Reduce, Scalar};

macro_rules! ops {
    ($($(#[doc = $doc:literal])* $id:ident = $def:expr;)*) => {
        /// A scalar operation: an index into the table.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u16)]
        pub enum Op { $($(#[doc = $doc])* $id,)* }

        impl Op {
            /// All operations, in the table's order.
            pub const ALL: &'static [Op] = &[$(Op::$id),*];
        }

        /// One entry per operation.
        pub static TABLE: &[OpDef] = &[$(OpDef { doc: concat!($($doc),*).trim_ascii(), ..$def }),*];
    };
}

ops! {
    /// The sum.
    Add = arith::ADD;
    /// The difference.
    Sub = arith::SUB;
    /// The product.
    Mul = arith::MUL;
    /// The quotient, rounded towards zero for integers.
    Div = arith::DIV;
    /// The remainder of the division that rounds towards zero.
    Rem = arith::REM;
    /// The negative.
    Neg = arith::NEG;
    /// The absolute value; its slope at zero counts as zero.
    Abs = arith::ABS;
    /// The smaller number, the other one if one is NaN; two equal numbers get half of the cotangent each.
    Min = arith::MIN;
    /// The larger number, the other one if one is NaN; two equal numbers get half of the cotangent each.
    Max = arith::MAX;
    /// `a * b + c`, with one rounding where the machine does that cheaply.
    MulAdd = arith::MULADD;
    /// `a * b + c` with one rounding.
    Fma = arith::FMA;
    /// The reciprocal.
    Recip = arith::RECIP;
    /// The square root.
    Sqrt = explog::SQRT;
    /// The cube root.
    Cbrt = explog::CBRT;
    /// e to the power of the argument.
    Exp = explog::EXP;
    /// 2 to the power of the argument.
    Exp2 = explog::EXP2;
    /// `exp(a) - 1`, accurate near zero.
    ExpM1 = explog::EXP_M1;
    /// The natural logarithm.
    Ln = explog::LN;
    /// `ln(1 + a)`, accurate near zero.
    Ln1p = explog::LN_1P;
    /// The logarithm to base 2.
    Log2 = explog::LOG2;
    /// The logarithm to base 10.
    Log10 = explog::LOG10;
    /// The logarithm of the first argument to the base of the second.
    Log = explog::LOG;
    /// An integer power.
    PowI = explog::POWI;
    /// A power.
    PowF = explog::POWF;
    /// The sine.
    Sin = trig::SIN;
    /// The cosine.
    Cos = trig::COS;
    /// The tangent.
    Tan = trig::TAN;
    /// The inverse sine.
    Asin = trig::ASIN;
    /// The inverse cosine.
    Acos = trig::ACOS;
    /// The inverse tangent.
    Atan = trig::ATAN;
    /// The angle of the point with ordinate a and abscissa b.
    Atan2 = trig::ATAN2;
    /// The hyperbolic sine.
    Sinh = trig::SINH;
    /// The hyperbolic cosine.
    Cosh = trig::COSH;
    /// The hyperbolic tangent.
    Tanh = trig::TANH;
    /// The inverse hyperbolic sine.
    Asinh = trig::ASINH;
    /// The inverse hyperbolic cosine.
    Acosh = trig::ACOSH;
    /// The inverse hyperbolic tangent.
    Atanh = trig::ATANH;
    /// The length of the vector (a, b), without overflow on the way.
    Hypot = explog::HYPOT;
    /// The error function.
    Erf = special::ERF;
    /// The complementary error function, one less the error function.
    Erfc = special::ERFC;
    /// The natural logarithm of the absolute value of the gamma function.
    LnGamma = special::LN_GAMMA;
    /// The derivative of the gamma function's logarithm.
    Digamma = special::DIGAMMA;
    /// The derivative of digamma.
    Trigamma = special::TRIGAMMA;
    /// The largest integer that is not larger.
    Floor = round::FLOOR;
    /// The smallest integer that is not smaller.
    Ceil = round::CEIL;
    /// The nearest integer, halves away from zero.
    Round = round::ROUND;
    /// The nearest integer, halves to the even one.
    RoundTiesEven = round::ROUND_TIES_EVEN;
    /// The integer part.
    Trunc = round::TRUNC;
    /// The part after the point, with the sign of the argument.
    Fract = round::FRACT;
    /// The sign as 1 or -1 (for a float zero, that of its sign bit).
    Signum = round::SIGNUM;
    /// The first number with the sign of the second.
    CopySign = round::COPYSIGN;
    /// The first number, moved into the interval from the second to the third; on the boundary the bound has the slope.
    Clamp = round::CLAMP;
    /// The remainder that is never negative.
    RemEuclid = round::REM_EUCLID;
    /// The quotient that belongs to the remainder that is never negative.
    DivEuclid = round::DIV_EUCLID;
    /// Radians as degrees.
    ToDegrees = trig::TO_DEGREES;
    /// Degrees as radians.
    ToRadians = trig::TO_RADIANS;
    /// The product, but exactly 0 where the first argument is 0: a cotangent times a partial that may be infinite.
    MulZ = arith::MULZ;
    /// The quotient, but exactly 0 where the first argument is 0.
    DivZ = arith::DIVZ;
    /// Whether a is less than b.
    Lt = compare::LT;
    /// Whether a is at most b.
    Le = compare::LE;
    /// Whether a is greater than b.
    Gt = compare::GT;
    /// Whether a is at least b.
    Ge = compare::GE;
    /// Whether the arguments are equal.
    Eq = compare::EQ;
    /// Whether the arguments differ.
    Ne = compare::NE;
    /// Both, or bit by bit.
    And = compare::AND;
    /// One or both, or bit by bit.
    Or = compare::OR;
    /// Exactly one, or bit by bit.
    Xor = compare::XOR;
    /// The contrary, or bit by bit.
    Not = compare::NOT;
    /// The second argument where the first is true, otherwise the third.
    Select = compare::SELECT;
    /// Whether the number is NaN.
    IsNan = compare::IS_NAN;
    /// Whether the number is neither infinite nor NaN.
    IsFinite = compare::IS_FINITE;
    /// Whether the number is an infinity.
    IsInfinite = compare::IS_INFINITE;
    /// Whether the sign bit is set.
    IsSignNegative = compare::IS_SIGN_NEGATIVE;
    /// The bits moved to the left, modulo the width.
    Shl = int::SHL;
    /// The bits moved to the right, with the sign bit coming in.
    Shr = int::SHR;
    /// The bits moved to the right, with zeros coming in.
    UShr = int::USHR;
    /// An integer's power, modulo 2 to the width.
    IPow = int::IPOW;
    /// The number as `f32`.
    ToF32 = int::TO_F32;
    /// The number as `f64`.
    ToF64 = int::TO_F64;
    /// The number as `i64`, rounded towards zero.
    ToI64 = int::TO_I64;
    /// The number as `i32`, rounded towards zero.
    ToI32 = int::TO_I32;
    /// The bits of a float as an integer.
    Bits = int::BITS;
    /// The float of these bits.
    FromBits = int::FROM_BITS;
    /// The value modulo 2^8, as `u8`.
    WrapU8 = int::WRAP_U8;
    /// The value modulo 2^8, as `i8`.
    WrapI8 = int::WRAP_I8;
    /// The value modulo 2^16, as `u16`.
    WrapU16 = int::WRAP_U16;
    /// The value modulo 2^16, as `i16`.
    WrapI16 = int::WRAP_I16;
    /// The value modulo 2^32, as `u32`.
    WrapU32 = int::WRAP_U32;
    /// The value modulo 2^32, as `i32`.
    WrapI32 = int::WRAP_I32;
    /// The argument, which counts as a constant where the result is differentiated.
    Detach = round::DETACH;
}

/// Where most functions are smooth.
const ANY: &[(f64, f64)] = &[(-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0)];

/// An entry with defaults: arithmetic without facts or derivative.
const fn op(name: &'static str, sig: Sig, eval: fn(&[Lit]) -> Lit, rust: &'static str) -> OpDef {
    OpDef {
        name,
        doc: "",
        spellings: &[],
        sig,
        eval,
        panics: |_| false,
        rust,
        rust_bool: "",
        lane: "",
        ptx: "",
        ptx_int: "",
        ptx_bool: "",
        lowered: "",
        lowered_int: "",
        unfused: "",
        fails: "",
        fails_int: "",
        partials: &[],
        facts: PLAIN,
        cost: 1,
        test: on(ANY),
    }
}

/// A test over these intervals.
const fn on(domain: &'static [(f64, f64)]) -> Test {
    Test { domain, tolerance: 1e-9, ulp: None, left: 0.0 }
}

/// A test over these intervals of a function that the runtime implements, with its error bounds.
const fn own(domain: &'static [(f64, f64)], ulp: (f64, f64)) -> Test {
    Test { domain, tolerance: 1e-9, ulp: Some(ulp), left: 0.0 }
}

/// An operation was called with arguments against its type rule: a bug in the caller.
fn mistyped(args: &[Lit]) -> ! {
    panic!("ill-typed arguments {args:?}")
}

/// The same expression for `f32` and `f64`.
macro_rules! float {
    ($($a:ident),+ => $e:expr) => {
        |x| match *x {
            [$(Lit::F32($a)),+] => Lit::F32($e),
            [$(Lit::F64($a)),+] => Lit::F64($e),
            _ => mistyped(x),
        }
    };
}

/// The same expression for `i32` and `i64`.
macro_rules! integer {
    ($($a:ident),+ => $e:expr) => {
        |x| match *x {
            [$(Lit::I32($a)),+] => Lit::I32($e),
            [$(Lit::I64($a)),+] => Lit::I64($e),
            _ => mistyped(x),
        }
    };
}

/// An expression for floats and one for integers.
macro_rules! number {
    ($($a:ident),+ => $e:expr; $i:expr) => {
        |x| match *x {
            [$(Lit::F32($a)),+] => Lit::F32($e),
            [$(Lit::F64($a)),+] => Lit::F64($e),
            [$(Lit::I32($a)),+] => Lit::I32($i),
            [$(Lit::I64($a)),+] => Lit::I64($i),
            _ => mistyped(x),
        }
    };
}

use {float, integer, number};
