//! Integers, casts and bits.

use super::*;

const SHIFT: Facts = Facts { right_identity: Some(0.0), ..PLAIN };

pub(super) const SHL: OpDef = OpDef {
    ptx_int: "{ .reg .b32 %q; cvt.u32.{u} %q, {1}; and.b32 %q, %q, {w}; shl.{b} {d}, {0}, %q; }",
    spellings: &["<<"],
    facts: SHIFT,
    ..op("shl", Sig::Int(2), integer!(a, b => a.wrapping_shl(b as u32)), "{0}.wrapping_shl({1} as u32)")
};

pub(super) const SHR: OpDef = OpDef {
    ptx_int: "{ .reg .b32 %q; cvt.u32.{u} %q, {1}; and.b32 %q, %q, {w}; shr.{i} {d}, {0}, %q; }",
    spellings: &[">>"],
    facts: SHIFT,
    ..op("shr", Sig::Int(2), integer!(a, b => a.wrapping_shr(b as u32)), "{0}.wrapping_shr({1} as u32)")
};

pub(super) const USHR: OpDef = OpDef {
    ptx_int: "{ .reg .b32 %q; cvt.u32.{u} %q, {1}; and.b32 %q, %q, {w}; shr.{u} {d}, {0}, %q; }",
    facts: SHIFT,
    ..op(
        "ushr",
        Sig::Int(2),
        integer!(a, b => a.cast_unsigned().wrapping_shr(b as u32).cast_signed()),
        "{0}.cast_unsigned().wrapping_shr({1} as u32).cast_signed()",
    )
};

pub(super) const IPOW: OpDef = OpDef {
    spellings: &["pow"],
    facts: Facts { right_identity: Some(1.0), ..PLAIN },
    cost: 10,
    ..op("ipow", Sig::Int(2), integer!(a, b => a.wrapping_pow(b as u32)), "{0}.wrapping_pow({1} as u32)")
};

macro_rules! cast {
    ($variant:ident, $ty:ty) => {
        |x| match *x {
            [Lit::Bool(a)] => Lit::$variant(a as u8 as $ty),
            [Lit::I32(a)] => Lit::$variant(a as $ty),
            [Lit::I64(a)] => Lit::$variant(a as $ty),
            [Lit::F32(a)] => Lit::$variant(a as $ty),
            [Lit::F64(a)] => Lit::$variant(a as $ty),
            _ => mistyped(x),
        }
    };
}

// A cotangent goes to the type of the argument, a tangent to that of the result.
pub(super) const TO_F32: OpDef = OpDef {
    rust_bool: "{0} as u8 as f32",
    partials: &[Applied("cross(dy)")],
    ..op("to_f32", Sig::Cast(Scalar::F32), cast!(F32, f32), "{0} as f32")
};

pub(super) const TO_F64: OpDef = OpDef {
    rust_bool: "{0} as u8 as f64",
    partials: &[Applied("cross(dy)")],
    ..op("to_f64", Sig::Cast(Scalar::F64), cast!(F64, f64), "{0} as f64")
};

pub(super) const TO_I64: OpDef =
    OpDef { partials: &[Zero], ..op("to_i64", Sig::Cast(Scalar::I64), cast!(I64, i64), "{0} as i64") };

pub(super) const TO_I32: OpDef =
    OpDef { partials: &[Zero], ..op("to_i32", Sig::Cast(Scalar::I32), cast!(I32, i32), "{0} as i32") };

pub(super) const BITS: OpDef = OpDef {
    ptx: "mov.{b} {d}, {0};",
    spellings: &["to_bits"],
    partials: &[Zero],
    ..op("bits", Sig::ToBits, bits, "{0}.to_bits().cast_signed()")
};

fn bits(x: &[Lit]) -> Lit {
    match *x {
        [Lit::F32(a)] => Lit::I32(a.to_bits().cast_signed()),
        [Lit::F64(a)] => Lit::I64(a.to_bits().cast_signed()),
        _ => mistyped(x),
    }
}

pub(super) const FROM_BITS: OpDef = OpDef {
    ptx_int: "mov.{b} {d}, {0};",
    spellings: &["from_bits"],
    partials: &[Zero],
    ..op("from_bits", Sig::FromBits, from_bits, "{R}::from_bits({0}.cast_unsigned())")
};

fn from_bits(x: &[Lit]) -> Lit {
    match *x {
        [Lit::I32(a)] => Lit::F32(f32::from_bits(a.cast_unsigned())),
        [Lit::I64(a)] => Lit::F64(f64::from_bits(a.cast_unsigned())),
        _ => mistyped(x),
    }
}

macro_rules! wrap {
    ($name:literal, $ty:ty, $ptx:literal) => {
        OpDef {
            ptx_int: concat!("cvt.{i}.", $ptx, " {d}, {0};"),
            ..op(
                $name,
                Sig::Int(1),
                |x| match *x {
                    [Lit::I32(a)] => Lit::I32(a as $ty as i32),
                    [Lit::I64(a)] => Lit::I64(a as $ty as i64),
                    _ => mistyped(x),
                },
                concat!("{0} as ", stringify!($ty), " as {T}"),
            )
        }
    };
}

pub(super) const WRAP_U8: OpDef = wrap!("wrap_u8", u8, "u8");
pub(super) const WRAP_I8: OpDef = wrap!("wrap_i8", i8, "s8");
pub(super) const WRAP_U16: OpDef = wrap!("wrap_u16", u16, "u16");
pub(super) const WRAP_I16: OpDef = wrap!("wrap_i16", i16, "s16");
pub(super) const WRAP_U32: OpDef = wrap!("wrap_u32", u32, "u32");
pub(super) const WRAP_I32: OpDef = wrap!("wrap_i32", i32, "s32");
