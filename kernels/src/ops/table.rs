//! The entries.

use super::{Facts, OpDef, PLAIN, Partial::*, Sig, Test};
use crate::ir::Lit;

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
        pub static TABLE: &[OpDef] = &[$(OpDef { doc: concat!($($doc),*), ..$def }),*];
    };
}

const ANY: Test = Test { domain: &[(-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0)], tolerance: 1e-6, ulp: None };

const fn op(name: &'static str, sig: Sig, eval: fn(&[Lit]) -> Lit, rust: &'static str) -> OpDef {
    OpDef {
        name,
        doc: "",
        spellings: &[],
        sig,
        eval,
        rust,
        lane: "",
        ptx: "",
        partials: &[],
        facts: PLAIN,
        cost: 1,
        test: ANY,
    }
}

ops! {
    /// The sum.
    Add = OpDef { spellings: &["+"], partials: &[Of("1.0"), Of("1.0")], ptx: "add.rn.{t} {d}, {0}, {1};",
        facts: Facts { commutative: true, right_identity: Some(-0.0), left_identity: Some(-0.0), ..PLAIN },
        ..op("add", Sig::Num(2), |x| num2(x, |a, b| a + b, i64::wrapping_add), "{0} + {1}") };
    /// The product.
    Mul = OpDef { spellings: &["*"], partials: &[Of("b"), Of("a")],
        facts: Facts { commutative: true, right_identity: Some(1.0), left_identity: Some(1.0), ..PLAIN },
        ..op("mul", Sig::Num(2), |x| num2(x, |a, b| a * b, i64::wrapping_mul), "{0} * {1}") };
}

fn num2(_x: &[Lit], _f: fn(f64, f64) -> f64, _i: fn(i64, i64) -> i64) -> Lit {
    todo!()
}
