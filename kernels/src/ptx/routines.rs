//! Operations that take a loop: written in the IR's text form, once for all types.

use std::rc::Rc;

use crate::ir::{Func, Scalar, parse};

/// The function that computes the operation of that name.
pub(super) fn routine(name: &str, ty: Scalar) -> Option<Rc<Func>> {
    let text = match name {
        "powi" => POWI,
        "ipow" => IPOW,
        "rem" => REM,
        _ => return None,
    };
    let text = text.replace("{T}", ty.name());
    let module = parse(&text).unwrap_or_else(|e| panic!("the routine {name} parses: {e}"));
    module.funcs.into_iter().next().map(Rc::new)
}

/// Repeated squaring, as the runtime does it.
const POWI: &str = "fn @powi(%x: {T}, %n: i64) -> {T} {
  %zero = const 0: i64
  %one_i = const 1: i64
  %one = const 1.0: {T}
  %negative = lt %n, %zero
  %minus = neg %n
  %count = select %negative, %minus, %n
  %base, %left, %power = while carry (%b = %x, %l = %count, %p = %one) {
    %more = ne %l, %zero
    yield %more
  } do (%b.1, %l.1, %p.1) {
    %bit = and %l.1, %one_i
    %odd = eq %bit, %one_i
    %product = mul %p.1, %b.1
    %p.2 = select %odd, %product, %p.1
    %b.2 = mul %b.1, %b.1
    %l.2 = ushr %l.1, %one_i
    yield %b.2, %l.2, %p.2
  }
  %inverse = div %one, %power
  %r = select %negative, %inverse, %power
  return %r
}";

/// Repeated squaring modulo 2 to the width; the exponent's low 32 bits count, as Rust's `u32`.
const IPOW: &str = "fn @ipow(%x: {T}, %n: {T}) -> {T} {
  %zero = const 0: i64
  %one_i = const 1: i64
  %one = const 1: {T}
  %wide = to_i64 %n
  %count = wrap_u32 %wide
  %base, %left, %power = while carry (%b = %x, %l = %count, %p = %one) {
    %more = ne %l, %zero
    yield %more
  } do (%b.1, %l.1, %p.1) {
    %bit = and %l.1, %one_i
    %odd = eq %bit, %one_i
    %product = mul %p.1, %b.1
    %p.2 = select %odd, %product, %p.1
    %b.2 = mul %b.1, %b.1
    %l.2 = ushr %l.1, %one_i
    yield %b.2, %l.2, %p.2
  }
  return %power
}";

/// The remainder, exactly: the divisor times a power of two is taken away as long as it fits, from the largest power
/// down. Every difference is exact, since both numbers are multiples of the divisor's last place.
const REM: &str = "fn @rem(%a: {T}, %b: {T}) -> {T} {
  %zero = const 0.0: {T}
  %half = const 0.5: {T}
  %two = const 2.0: {T}
  %x = abs %a
  %y = abs %b
  %finite = is_finite %a
  %nonzero = gt %y, %zero
  %usual = and %finite, %nonzero
  %fits = le %y, %x
  %work = and %usual, %fits
  %r = if %work {
    // The largest y 2^k of at most x: up to half of x, so that nothing overflows.
    %top = while carry (%t = %y) {
      %h = mul %x, %half
      %below = le %t, %h
      yield %below
    } do (%t.1) {
      %t.2 = mul %t.1, %two
      yield %t.2
    }
    %rest, %step = while carry (%u = %x, %s = %top) {
      %again = ge %s, %y
      yield %again
    } do (%u.1, %s.1) {
      %take = ge %u.1, %s.1
      %less = sub %u.1, %s.1
      %u.2 = select %take, %less, %u.1
      %s.2 = mul %s.1, %half
      yield %u.2, %s.2
    }
    yield %rest
  } else {
    yield %x
  }
  %signed = copysign %r, %a
  %nan_b = is_nan %b
  %ok_b = not %nan_b
  %ok = and %usual, %ok_b
  %nan = const nan: {T}
  %result = select %ok, %signed, %nan
  return %result
}";
