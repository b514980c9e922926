//! Arithmetic: what an instruction makes of one lane's operands, bit for bit.

use std::cmp::Ordering;

use crate::module::{Alu, Approx, Class, Compare, Part, Round, Ty};

/// The NaN that a GPU's 32-bit arithmetic returns, whatever NaN went in.
const NAN32: u32 = 0x7fff_ffff;

fn f32_of(v: u64) -> f32 {
    f32::from_bits(v as u32)
}

fn f64_of(v: u64) -> f64 {
    f64::from_bits(v)
}

fn bits32(x: f32) -> u64 {
    if x.is_nan() { NAN32.into() } else { x.to_bits().into() }
}

/// The same formula in either width.
macro_rules! float {
    ($ty:expr, |$($x:ident),+| $e:expr) => {
        if $ty == Ty::F32 {
            $(let $x = f32_of($x);)+
            bits32($e)
        } else {
            $(let $x = f64_of($x);)+
            f64::to_bits($e)
        }
    };
}

/// The types of an instruction's destination and sources.
pub(crate) fn signature(alu: Alu, ty: Ty) -> (Ty, Vec<Ty>) {
    let wide = |part: Part| if part == Part::Wide { ty.widened().unwrap_or(ty) } else { ty };
    match alu {
        Alu::Mov | Alu::Neg | Alu::Abs | Alu::Not | Alu::Sqrt | Alu::Rcp | Alu::Brev => (ty, vec![ty]),
        Alu::Approx(Approx::Div) => (ty, vec![ty; 2]),
        Alu::Approx(_) => (ty, vec![ty]),
        Alu::Clz | Alu::Popc => (Ty::U32, vec![ty]),
        Alu::Mul(part) => (wide(part), vec![ty; 2]),
        Alu::Mad(part) => (wide(part), vec![ty, ty, wide(part)]),
        Alu::Fma => (ty, vec![ty; 3]),
        Alu::Shl | Alu::Shr => (ty, vec![ty, Ty::U32]),
        Alu::Bfe => (ty, vec![ty, Ty::U32, Ty::U32]),
        Alu::Shf { .. } => (ty, vec![ty, ty, Ty::U32]),
        Alu::Setp(_) => (Ty::Pred, vec![ty; 2]),
        Alu::Selp => (ty, vec![ty, ty, Ty::Pred]),
        Alu::Testp(_) => (Ty::Pred, vec![ty]),
        Alu::Cvt { from, .. } => (ty, vec![from]),
        _ => (ty, vec![ty; 2]),
    }
}

/// The result, masked to its type; an error where the machine has none.
pub(crate) fn compute(alu: Alu, ty: Ty, x: &[u64], noise: u64) -> Result<u64, &'static str> {
    let arg = |k: usize| x.get(k).copied().unwrap_or(0);
    let (a, b, c) = (arg(0), arg(1), arg(2));
    Ok(match alu {
        Alu::Mov => ty.mask(a),
        Alu::Setp(compare) => compared(compare, ty, a, b).into(),
        Alu::Selp => ty.mask(if c & 1 == 1 { a } else { b }),
        Alu::Testp(class) => tested(class, ty, a).into(),
        Alu::Cvt { from, round } => convert(from, ty, round, a),
        Alu::Approx(f) => approximate(f, f32_of(a), f32_of(b), noise),
        Alu::Mad(part) => {
            let to = if part == Part::Wide { ty.widened().unwrap_or(ty) } else { ty };
            to.mask(product(part, ty, a, b).wrapping_add(c))
        }
        _ if ty.is_float() => float(alu, ty, a, b, c)?,
        _ => integer(alu, ty, a, b, c)?,
    })
}

fn float(alu: Alu, ty: Ty, a: u64, b: u64, c: u64) -> Result<u64, &'static str> {
    let sign = 1u64 << (8 * ty.size() - 1);
    Ok(match alu {
        Alu::Add => float!(ty, |a, b| a + b),
        Alu::Sub => float!(ty, |a, b| a - b),
        Alu::Mul(_) => float!(ty, |a, b| a * b),
        Alu::Div => float!(ty, |a, b| a / b),
        Alu::Fma => float!(ty, |a, b, c| a.mul_add(b, c)),
        Alu::Sqrt => float!(ty, |a| a.sqrt()),
        Alu::Rcp => float!(ty, |a| a.recip()),
        Alu::Min | Alu::Max => extreme(alu == Alu::Max, ty, a, b),
        Alu::Neg => a ^ sign,
        Alu::Abs => a & !sign,
        Alu::CopySign => (b & !sign) | (a & sign),
        _ => return Err("no such float instruction"),
    })
}

/// The smaller or larger; the other one if one is NaN; -0 is below +0.
fn extreme(max: bool, ty: Ty, a: u64, b: u64) -> u64 {
    let (x, y) = (as_f64(ty, a), as_f64(ty, b));
    let a_wins = match x.partial_cmp(&y) {
        Some(Ordering::Equal) => x.is_sign_positive() == max,
        Some(order) => (order == Ordering::Greater) == max,
        None => y.is_nan(),
    };
    let chosen = if a_wins { a } else { b };
    if ty == Ty::F32 { bits32(f32_of(chosen)) } else { chosen }
}

fn as_f64(ty: Ty, v: u64) -> f64 {
    if ty == Ty::F32 { f32_of(v).into() } else { f64_of(v) }
}

fn product(part: Part, ty: Ty, a: u64, b: u64) -> u64 {
    let wide = if ty.is_signed() {
        (i128::from(ty.signed(a)) * i128::from(ty.signed(b))) as u128
    } else {
        u128::from(ty.mask(a)) * u128::from(ty.mask(b))
    };
    match part {
        Part::Lo => ty.mask(wide as u64),
        Part::Hi => ty.mask((wide >> (8 * ty.size())) as u64),
        Part::Wide => ty.widened().unwrap_or(ty).mask(wide as u64),
    }
}

fn integer(alu: Alu, ty: Ty, a: u64, b: u64, c: u64) -> Result<u64, &'static str> {
    let bits = 8 * ty.size() as u32;
    let (ua, ub, sa, sb) = (ty.mask(a), ty.mask(b), ty.signed(a), ty.signed(b));
    let signed = ty.is_signed();
    let shift = u32::try_from(b & 0xffff_ffff).unwrap_or(u32::MAX);
    let result = match alu {
        Alu::Add => a.wrapping_add(b),
        Alu::Sub => a.wrapping_sub(b),
        Alu::Mul(part) => return Ok(product(part, ty, a, b)),
        Alu::Div | Alu::Rem if ub == 0 => return Err("an integer divided by zero"),
        Alu::Div if signed => sa.wrapping_div(sb) as u64,
        Alu::Div => ua / ub,
        Alu::Rem if signed => sa.wrapping_rem(sb) as u64,
        Alu::Rem => ua % ub,
        Alu::Min if signed => sa.min(sb) as u64,
        Alu::Min => ua.min(ub),
        Alu::Max if signed => sa.max(sb) as u64,
        Alu::Max => ua.max(ub),
        Alu::Neg => sa.wrapping_neg() as u64,
        Alu::Abs => sa.wrapping_abs() as u64,
        Alu::And => a & b,
        Alu::Or => a | b,
        Alu::Xor => a ^ b,
        Alu::Not => !a,
        Alu::Shl => ua.checked_shl(shift).unwrap_or(0),
        Alu::Shr if signed => (sa >> shift.min(bits - 1)) as u64,
        Alu::Shr => ua.checked_shr(shift).unwrap_or(0),
        Alu::Clz => u64::from(ua.leading_zeros() - (64 - bits)),
        Alu::Popc => u64::from(ua.count_ones()),
        Alu::Brev => ua.reverse_bits() >> (64 - bits),
        Alu::Bfe => bit_field(ua, b & 0xff, c & 0xff, bits.into()),
        Alu::Shf { left, wrap } => funnel(left, wrap, ua, ub, c as u32),
        _ => return Err("no such integer instruction"),
    };
    Ok(ty.mask(result))
}

fn bit_field(value: u64, position: u64, length: u64, bits: u64) -> u64 {
    let length = length.min(bits.saturating_sub(position));
    let mask = if length == 0 { 0 } else { u64::MAX >> (64 - length) };
    value.checked_shr(position as u32).unwrap_or(0) & mask
}

fn funnel(left: bool, wrap: bool, low: u64, high: u64, shift: u32) -> u64 {
    let shift = if wrap { shift & 31 } else { shift.min(32) };
    let both = (high << 32) | low;
    if left { (both << shift) >> 32 } else { both >> shift }
}

fn compared(compare: Compare, ty: Ty, a: u64, b: u64) -> bool {
    let order = match ty {
        _ if ty.is_float() => as_f64(ty, a).partial_cmp(&as_f64(ty, b)),
        _ if ty.is_signed() => Some(ty.signed(a).cmp(&ty.signed(b))),
        _ => Some(ty.mask(a).cmp(&ty.mask(b))),
    };
    match order {
        Some(Ordering::Less) => compare.less,
        Some(Ordering::Equal) => compare.equal,
        Some(Ordering::Greater) => compare.greater,
        None => compare.unordered,
    }
}

fn tested(class: Class, ty: Ty, v: u64) -> bool {
    let (normal, subnormal) = if ty == Ty::F32 {
        (f32_of(v).is_normal(), f32_of(v).is_subnormal())
    } else {
        (f64_of(v).is_normal(), f64_of(v).is_subnormal())
    };
    let x = as_f64(ty, v);
    match class {
        Class::Finite => x.is_finite(),
        Class::Infinite => x.is_infinite(),
        Class::Number => !x.is_nan(),
        Class::NotANumber => x.is_nan(),
        Class::Normal => normal,
        Class::Subnormal => subnormal,
    }
}

fn convert(from: Ty, to: Ty, round: Round, v: u64) -> u64 {
    if !from.is_float() {
        let (signed, unsigned) = (from.signed(v), from.mask(v));
        return match to {
            Ty::F32 if from.is_signed() => bits32(signed as f32),
            Ty::F32 => bits32(unsigned as f32),
            Ty::F64 if from.is_signed() => (signed as f64).to_bits(),
            Ty::F64 => (unsigned as f64).to_bits(),
            _ if from.is_signed() => to.mask(signed as u64),
            _ => to.mask(unsigned),
        };
    }
    let x = as_f64(from, v);
    let x = match round {
        Round::None => x,
        Round::NearestInt => x.round_ties_even(),
        Round::ZeroInt => x.trunc(),
        Round::DownInt => x.floor(),
        Round::UpInt => x.ceil(),
    };
    match to {
        Ty::F32 => bits32(x as f32),
        Ty::F64 => x.to_bits(),
        _ if x.is_nan() => nan_as_integer(from, to),
        Ty::S64 => x as i64 as u64,
        Ty::U64 => x as u64,
        Ty::S32 => to.mask((x as i32) as u64),
        Ty::U32 => (x as u32).into(),
        Ty::S16 => to.mask((x as i16) as u64),
        Ty::U16 => (x as u16).into(),
        Ty::S8 => to.mask((x as i8) as u64),
        _ => (x as u8).into(),
    }
}

/// NaN becomes 0 in conversions between 32-bit types, otherwise the integer with only its highest bit set.
fn nan_as_integer(from: Ty, to: Ty) -> u64 {
    if from == Ty::F64 || to.size() == 8 { 1 << (8 * to.size() - 1) } else { 0 }
}

/// The value rounded to nearest, then moved by up to `noise` units in the last place: an approximate instruction may
/// return any number that close.
fn approximate(f: Approx, a: f32, b: f32, noise: u64) -> u64 {
    let (x, y) = (f64::from(a), f64::from(b));
    let exact = match f {
        Approx::Rcp => x.recip(),
        Approx::Sqrt => x.sqrt(),
        Approx::Rsqrt => x.sqrt().recip(),
        Approx::Ex2 => x.exp2(),
        Approx::Lg2 => x.log2(),
        Approx::Sin => x.sin(),
        Approx::Cos => x.cos(),
        Approx::Tanh => x.tanh(),
        Approx::Div => x / y,
    } as f32;
    if noise == 0 || !exact.is_normal() {
        return bits32(exact);
    }
    let draw = u64::from(a.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let moved = i64::from(exact.to_bits()) + (draw % (2 * noise + 1)) as i64 - noise as i64;
    moved as u64 & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32s(alu: Alu, x: &[f32]) -> f32 {
        let args: Vec<u64> = x.iter().map(|v| v.to_bits().into()).collect();
        f32_of(compute(alu, Ty::F32, &args, 0).unwrap())
    }

    #[test]
    fn minimum_and_maximum_follow_the_machine() {
        assert_eq!(f32s(Alu::Max, &[f32::NAN, 1.0]), 1.0);
        assert_eq!(f32s(Alu::Min, &[2.0, f32::NAN]), 2.0);
        assert!(f32s(Alu::Max, &[-0.0, 0.0]).is_sign_positive());
        assert!(f32s(Alu::Min, &[0.0, -0.0]).is_sign_negative());
        assert!(f32s(Alu::Max, &[f32::NAN, f32::NAN]).is_nan());
    }

    #[test]
    fn conversions_saturate_and_know_nan() {
        let cvt = |from, to, v| convert(from, to, Round::ZeroInt, v);
        assert_eq!(cvt(Ty::F32, Ty::S32, f32::NAN.to_bits().into()), 0);
        assert_eq!(cvt(Ty::F64, Ty::S64, f64::NAN.to_bits()), 1 << 63);
        assert_eq!(cvt(Ty::F32, Ty::S32, 3e9f32.to_bits().into()), i32::MAX as u64);
        assert_eq!(cvt(Ty::F64, Ty::U32, (-1.5f64).to_bits()), 0);
        assert_eq!(cvt(Ty::F64, Ty::S64, (-1.5f64).to_bits()) as i64, -1);
    }

    #[test]
    fn shifts_past_the_width_clear() {
        let int = |alu, ty, a: u64, b: u64| compute(alu, ty, &[a, b], 0).unwrap();
        assert_eq!(int(Alu::Shl, Ty::B32, 1, 32), 0);
        assert_eq!(int(Alu::Shr, Ty::S32, 0x8000_0000, 40), 0xffff_ffff);
        assert_eq!(int(Alu::Shr, Ty::U64, u64::MAX, 63), 1);
        assert_eq!(int(Alu::Mul(Part::Hi), Ty::U32, 0xffff_ffff, 0xffff_ffff), 0xffff_fffe);
        assert_eq!(int(Alu::Mul(Part::Wide), Ty::S32, 0xffff_ffff, 2) as i64, -2);
    }

    #[test]
    fn a_zero_divisor_is_an_error() {
        assert!(compute(Alu::Div, Ty::S32, &[1, 0], 0).is_err());
        assert_eq!(compute(Alu::Rem, Ty::S64, &[(-7i64) as u64, 4], 0).unwrap() as i64, -3);
    }

    #[test]
    fn approximations_stay_within_the_noise() {
        let exact = compute(Alu::Approx(Approx::Ex2), Ty::F32, &[0.3f32.to_bits().into()], 0).unwrap() as i64;
        let moved = compute(Alu::Approx(Approx::Ex2), Ty::F32, &[0.3f32.to_bits().into()], 4).unwrap() as i64;
        assert!((exact - moved).abs() <= 4);
    }
}
