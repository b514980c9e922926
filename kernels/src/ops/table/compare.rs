//! Comparisons, logic, choice, and kinds of floats.

use super::*;

macro_rules! compare {
    ($op:tt) => {
        |x| match *x {
            [Lit::Bool(a), Lit::Bool(b)] => Lit::Bool(a $op b),
            [Lit::I32(a), Lit::I32(b)] => Lit::Bool(a $op b),
            [Lit::I64(a), Lit::I64(b)] => Lit::Bool(a $op b),
            [Lit::F32(a), Lit::F32(b)] => Lit::Bool(a $op b),
            [Lit::F64(a), Lit::F64(b)] => Lit::Bool(a $op b),
            _ => mistyped(x),
        }
    };
}

macro_rules! bits {
    ($op:tt) => {
        |x| match *x {
            [Lit::Bool(a), Lit::Bool(b)] => Lit::Bool(a $op b),
            [Lit::I32(a), Lit::I32(b)] => Lit::I32(a $op b),
            [Lit::I64(a), Lit::I64(b)] => Lit::I64(a $op b),
            _ => mistyped(x),
        }
    };
}

macro_rules! kind_of_float {
    ($method:ident) => {
        |x| match *x {
            [Lit::F32(a)] => Lit::Bool(a.$method()),
            [Lit::F64(a)] => Lit::Bool(a.$method()),
            _ => mistyped(x),
        }
    };
}

const SYMMETRIC: Facts = Facts { commutative: true, ..PLAIN };

pub(super) const LT: OpDef = OpDef {
    ptx: "setp.lt.{t} {d}, {0}, {1};",
    ptx_int: "setp.lt.{i} {d}, {0}, {1};",
    ptx_bool: "not.pred {d}, {0}; and.pred {d}, {d}, {1};",
    spellings: &["<"],
    partials: &[Zero, Zero],
    ..op("lt", Sig::Compare, compare!(<), "{0} < {1}")
};

pub(super) const LE: OpDef = OpDef {
    ptx: "setp.le.{t} {d}, {0}, {1};",
    ptx_int: "setp.le.{i} {d}, {0}, {1};",
    ptx_bool: "not.pred {d}, {0}; or.pred {d}, {d}, {1};",
    spellings: &["<="],
    partials: &[Zero, Zero],
    ..op("le", Sig::Compare, compare!(<=), "{0} <= {1}")
};

pub(super) const GT: OpDef = OpDef {
    ptx: "setp.gt.{t} {d}, {0}, {1};",
    ptx_int: "setp.gt.{i} {d}, {0}, {1};",
    ptx_bool: "not.pred {d}, {1}; and.pred {d}, {d}, {0};",
    spellings: &[">"],
    partials: &[Zero, Zero],
    ..op("gt", Sig::Compare, compare!(>), "{0} > {1}")
};

pub(super) const GE: OpDef = OpDef {
    ptx: "setp.ge.{t} {d}, {0}, {1};",
    ptx_int: "setp.ge.{i} {d}, {0}, {1};",
    ptx_bool: "not.pred {d}, {1}; or.pred {d}, {d}, {0};",
    spellings: &[">="],
    partials: &[Zero, Zero],
    ..op("ge", Sig::Compare, compare!(>=), "{0} >= {1}")
};

pub(super) const EQ: OpDef = OpDef {
    ptx: "setp.eq.{t} {d}, {0}, {1};",
    ptx_int: "setp.eq.{i} {d}, {0}, {1};",
    ptx_bool: "xor.pred {d}, {0}, {1}; not.pred {d}, {d};",
    spellings: &["=="],
    partials: &[Zero, Zero],
    facts: SYMMETRIC,
    ..op("eq", Sig::Compare, compare!(==), "{0} == {1}")
};

pub(super) const NE: OpDef = OpDef {
    ptx: "setp.neu.{t} {d}, {0}, {1};",
    ptx_int: "setp.ne.{i} {d}, {0}, {1};",
    ptx_bool: "xor.pred {d}, {0}, {1};",
    spellings: &["!="],
    partials: &[Zero, Zero],
    facts: SYMMETRIC,
    ..op("ne", Sig::Compare, compare!(!=), "{0} != {1}")
};

pub(super) const AND: OpDef = OpDef {
    ptx_int: "and.{b} {d}, {0}, {1};",
    ptx_bool: "and.pred {d}, {0}, {1};",
    spellings: &["&"],
    facts: Facts { reduce: Some(Reduce::All), ..SYMMETRIC },
    ..op("and", Sig::Bits(2), bits!(&), "{0} & {1}")
};

const ZERO_IS_NEUTRAL: Facts =
    Facts { commutative: true, right_identity: Some(0.0), left_identity: Some(0.0), ..PLAIN };

pub(super) const OR: OpDef = OpDef {
    ptx_int: "or.{b} {d}, {0}, {1};",
    ptx_bool: "or.pred {d}, {0}, {1};",
    spellings: &["|"],
    facts: Facts { reduce: Some(Reduce::Any), ..ZERO_IS_NEUTRAL },
    ..op("or", Sig::Bits(2), bits!(|), "{0} | {1}")
};

pub(super) const XOR: OpDef = OpDef {
    ptx_int: "xor.{b} {d}, {0}, {1};",
    ptx_bool: "xor.pred {d}, {0}, {1};",
    spellings: &["^"],
    facts: ZERO_IS_NEUTRAL,
    ..op("xor", Sig::Bits(2), bits!(^), "{0} ^ {1}")
};

pub(super) const NOT: OpDef = OpDef {
    ptx_int: "not.{b} {d}, {0};",
    ptx_bool: "not.pred {d}, {0};",
    spellings: &["!"],
    facts: Facts { involution: true, ..PLAIN },
    ..op("not", Sig::Bits(1), not, "!{0}")
};

fn not(x: &[Lit]) -> Lit {
    match *x {
        [Lit::Bool(a)] => Lit::Bool(!a),
        [Lit::I32(a)] => Lit::I32(!a),
        [Lit::I64(a)] => Lit::I64(!a),
        _ => mistyped(x),
    }
}

pub(super) const SELECT: OpDef = OpDef {
    ptx: "selp.{t} {d}, {1}, {2}, {0};",
    ptx_int: "selp.{b} {d}, {1}, {2}, {0};",
    ptx_bool: "{ .reg .pred %q; and.pred %q, {0}, {1}; not.pred {d}, {0}; and.pred {d}, {d}, {2}; or.pred {d}, {d}, %q; }",
    partials: &[Zero, Applied("select(a, dy, 0.0)"), Applied("select(a, 0.0, dy)")],
    ..op("select", Sig::Select, select, "if {0} { {1} } else { {2} }")
};

fn select(x: &[Lit]) -> Lit {
    match *x {
        [Lit::Bool(a), b, c] => {
            if a {
                b
            } else {
                c
            }
        }
        _ => mistyped(x),
    }
}

pub(super) const IS_NAN: OpDef = OpDef {
    ptx: "setp.nan.{t} {d}, {0}, {0};",
    spellings: &["is_nan"],
    partials: &[Zero],
    ..op("is_nan", Sig::Test, kind_of_float!(is_nan), "{0}.is_nan()")
};

pub(super) const IS_FINITE: OpDef = OpDef {
    ptx: "testp.finite.{t} {d}, {0};",
    spellings: &["is_finite"],
    partials: &[Zero],
    ..op("is_finite", Sig::Test, kind_of_float!(is_finite), "{0}.is_finite()")
};

pub(super) const IS_INFINITE: OpDef = OpDef {
    ptx: "testp.infinite.{t} {d}, {0};",
    spellings: &["is_infinite"],
    partials: &[Zero],
    ..op("is_infinite", Sig::Test, kind_of_float!(is_infinite), "{0}.is_infinite()")
};

pub(super) const IS_SIGN_NEGATIVE: OpDef = OpDef {
    ptx: "{ .reg .{b} %q; mov.{b} %q, {0}; setp.lt.{i} {d}, %q, 0; }",
    spellings: &["is_sign_negative"],
    partials: &[Zero],
    ..op("is_sign_negative", Sig::Test, kind_of_float!(is_sign_negative), "{0}.is_sign_negative()")
};
