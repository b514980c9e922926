//! The runtime's functions by name, with and without fused multiply-add.

use pullback_kernels::ops::{Op, OpDef};

/// One function: on `f32` and `f64`, each without and with fused multiply-add.
pub(crate) struct Function {
    /// The name of the operation.
    pub(crate) name: &'static str,
    /// How many arguments it takes.
    pub(crate) arity: usize,
    /// `f32`, by `FMA as usize`.
    pub(crate) single: [fn(&[f32]) -> f32; 2],
    /// `f64`, by `FMA as usize`.
    pub(crate) double: [fn(&[f64]) -> f64; 2],
    /// What std computes in `f64`; for what std lacks, the function itself.
    pub(crate) std: fn(&[f64]) -> f64,
}

impl Function {
    /// The entry of the table of operations.
    pub(crate) fn def(&self) -> &'static OpDef {
        Op::from_name(self.name).expect("the table has it").def()
    }
}

macro_rules! unary {
    ($($name:ident),*; $($own:ident),*) => {
        [$(unary!(one $name |x| x[0].$name())),*, $(unary!(one $own |x| pullback::math::f64::$own::<true>(x[0]))),*]
    };
    (one $name:ident $std:expr) => {
        Function {
            name: stringify!($name),
            arity: 1,
            single: [|x| pullback::math::f32::$name::<false>(x[0]), |x| pullback::math::f32::$name::<true>(x[0])],
            double: [|x| pullback::math::f64::$name::<false>(x[0]), |x| pullback::math::f64::$name::<true>(x[0])],
            std: $std,
        }
    };
}

macro_rules! binary {
    ($($name:ident),*) => {
        [$(Function {
            name: stringify!($name),
            arity: 2,
            single: [
                |x| pullback::math::f32::$name::<false>(x[0], x[1]),
                |x| pullback::math::f32::$name::<true>(x[0], x[1]),
            ],
            double: [
                |x| pullback::math::f64::$name::<false>(x[0], x[1]),
                |x| pullback::math::f64::$name::<true>(x[0], x[1]),
            ],
            std: |x| x[0].$name(x[1]),
        }),*]
    };
}

/// The functions of one argument.
pub(crate) const UNARY: &[Function] = &unary![
    exp, exp2, exp_m1, sinh, cosh, tanh, ln, ln_1p, log2, log10, asinh, acosh, atanh, sin, cos, tan, asin,
    acos, atan, cbrt; erf, erfc, ln_gamma, digamma, trigamma
];

/// The functions of two arguments.
pub(crate) const BINARY: &[Function] = &binary![atan2, hypot, powf];

/// The function of that name.
pub(crate) fn function(name: &str) -> &'static Function {
    UNARY
        .iter()
        .chain(BINARY)
        .find(|f| f.name == name)
        .unwrap_or_else(|| panic!("{name} is no function of the runtime"))
}
