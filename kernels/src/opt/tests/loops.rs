//! Hoisting, unrolling, small arrays, and the last step before a back end.

use crate::opt::testing::becomes;
use crate::opt::*;

#[test]
fn invariant_code_leaves_loops_but_not_what_may_panic() {
    becomes(
        hoist::run,
        "fn @f(%x: f64[%n], %y: f64[%m], %a: f64, %k: i64, %c: bool) -> (f64[%n]) {
            %r = build (%i < %n) {
                %e = exp %a
                %s = fold sum (%j < %m) { %v = index %y[%j] %w = mul %v, %e yield %w }
                %p = index %y[%k]
                %q = rem %k, %k
                %z = if %c { %l = ln %a yield %l } else { %o = index %x[%i] yield %o }
                %t = add %s, %p
                %u = add %t, %z
                yield %u
            }
            return %r
        }",
        "fn @f(%x: f64[%n], %y: f64[%m], %a: f64, %k: i64, %c: bool) -> (f64[%n]) {
            %e = exp %a
            %s = fold sum (%j < %m) { %v = index %y[%j] %w = mul %v, %e yield %w }
            %l = ln %a
            %r = build (%i < %n) {
                %p = index %y[%k]
                %q = rem %k, %k
                %z = if %c { yield %l } else { %o = index %x[%i] yield %o }
                %t = add %s, %p
                %u = add %t, %z
                yield %u
            }
            return %r
        }",
    );
}

#[test]
fn code_leaves_as_many_loops_as_it_can() {
    becomes(
        hoist::run,
        "fn @f(%a: f64, %n: i64) -> (f64) {
            %s = for (%i < %n) carry (%p = %a) {
                %t = for (%j < %n) carry (%q = %p) {
                    %u = sin %a
                    %v = sin %p
                    %w = mul %u, %v
                    %x = mul %q, %w
                    yield %x
                }
                yield %t
            }
            return %s
        }",
        "fn @f(%a: f64, %n: i64) -> (f64) {
            %u = sin %a
            %s = for (%i < %n) carry (%p = %a) {
                %v = sin %p
                %w = mul %u, %v
                %t = for (%j < %n) carry (%q = %p) { %x = mul %q, %w yield %x }
                yield %t
            }
            return %s
        }",
    );
}

#[test]
fn before_differentiation_nothing_runs_in_vain() {
    let text = "fn @f(%a: f64, %x: f64[%n], %c: bool, %m: i64) -> (f64, f64) {
        %s = for (%i < %n) carry (%p = %a) { %e = exp %a %q = mul %p, %e yield %q }
        %t = for (%i.1 < 20) carry (%p.1 = %a) {
            %v = if %c { %u = exp %a yield %u } else { yield %p.1 }
            %w = mul %p.1, %v
            yield %w
        }
        return %s, %t
    }";
    becomes(hoist::cautious, text, text);
    becomes(
        hoist::cautious,
        "fn @f(%a: f64, %x: f64[%n]) -> (f64) {
            %s = for (%i < 20) carry (%p = %a) { %e = exp %a %q = mul %p, %e yield %q }
            %t = for (%j < %n) carry (%r = %s) { %b = add %a, %s %u = mul %r, %b yield %u }
            return %t
        }",
        "fn @f(%a: f64, %x: f64[%n]) -> (f64) {
            %e = exp %a
            %s = for (%i < 20) carry (%p = %a) { %q = mul %p, %e yield %q }
            %b = add %a, %s
            %t = for (%j < %n) carry (%r = %s) { %u = mul %r, %b yield %u }
            return %t
        }",
    );
}

#[test]
fn small_loops_and_nests_become_straight_line_code() {
    becomes(
        |f| {
            unroll::run(f);
            simplify::run(f);
            dce::run(f);
        },
        "fn @f(%x: f64[2], %a: f64) -> (f64, f64, f64[2]) {
            %s = for rev (%i < 2) carry (%p = %a) { %v = index %x[%i] %q = mul %p, %v yield %q }
            %t = fold sum (%j < 2) { %w = index %x[%j] yield %w }
            %y = build (%k < 2) { %u = index %x[%k] %o = add %u, %a yield %o }
            return %s, %t, %y
        }",
        "fn @f(%x: f64[2], %a: f64) -> (f64, f64, f64[2]) {
            %0 = const 1: i64
            %v = index %x[%0]
            %q = mul %a, %v
            %1 = const 0: i64
            %v.1 = index %x[%1]
            %s = mul %q, %v.1
            %2 = const 0: i64
            %w = index %x[%2]
            %3 = const 1: i64
            %w.1 = index %x[%3]
            %t = add %w, %w.1
            %4 = const 0: i64
            %u = index %x[%4]
            %o = add %u, %a
            %5 = const 1: i64
            %u.1 = index %x[%5]
            %o.1 = add %u.1, %a
            %y = pack [2] %o, %o.1
            return %s, %t, %y
        }"
        .replace("%s", "%q.1")
        .as_str(),
    );
}

#[test]
fn a_maximum_of_floats_is_not_unrolled() {
    let text = "fn @f(%x: f64[2]) -> (f64) {
        %t = fold max (%j < 2) { %w = index %x[%j] yield %w }
        return %t
    }";
    becomes(unroll::run, text, text);
}

#[test]
fn a_small_carried_array_becomes_numbers() {
    becomes(
        optimize,
        "fn @f(%a: f64, %b: f64, %n: i64) -> (f64) {
            %zero = const 0: i64
            %one = const 1: i64
            %p = pack [2] %a, %b
            %r = for (%i < %n) carry (%q = %p) {
                %u = index %q[%zero]
                %v = index %q[%one]
                %w = mul %u, %v
                %x = sin %w
                %q1 = update %q[%zero], %v
                %q2 = update %q1[%one], %x
                yield %q2
            }
            %s = index %r[%one]
            return %s
        }",
        "fn @f(%a: f64, %b: f64, %n: i64) -> (f64) {
            %0, %s = for (%i < %n) carry (%1 = %a, %2 = %b) {
                %w = mul %1, %2
                %x = sin %w
                yield %2, %x
            }
            return %s
        }"
        .replace("%1", "%u")
        .replace("%2", "%v")
        .as_str(),
    );
}

#[test]
fn an_array_that_is_read_anywhere_stays_an_array() {
    let text = "fn @f(%p: f64[2], %n: i64) -> (f64[2]) {
        %zero = const 0: i64
        %two = const 2: i64
        %r = for (%i < %n) carry (%q = %p) {
            %k = rem_euclid %i, %two
            %u = index %q[%k]
            %v = sin %u
            %q1 = update %q[%k], %v
            yield %q1
        }
        return %r
    }";
    becomes(scalarize::run, text, text);
}

#[test]
fn products_in_sums_become_multiply_adds() {
    becomes(
        contract::run,
        "fn @f(%a: f64, %b: f64, %c: f64, %i: i64) -> (f64, f64, f64, i64) {
            %p = mul %a, %b
            %q = add %p, %c
            %r = mul %a, %c
            %s = sub %b, %r
            %t = mul %b, %c
            %u = add %t, %t
            %j = mul %i, %i
            %k = add %j, %i
            return %q, %s, %u, %k
        }",
        "fn @f(%a: f64, %b: f64, %c: f64, %i: i64) -> (f64, f64, f64, i64) {
            %q = muladd %a, %b, %c
            %0 = neg %a
            %s = muladd %0, %c, %b
            %t = mul %b, %c
            %u = add %t, %t
            %j = mul %i, %i
            %k = add %j, %i
            return %q, %s, %u, %k
        }",
    );
}

#[test]
fn branches_in_nests_become_choices() {
    becomes(
        finish,
        "fn @f(%x: f64[%n], %k: i64, %a: f64) -> (f64[%n], f64[%n]) {
            %zero = const 0.0: f64
            %y, %z = nest (%i < %n) outs (build, build) {
                %v = index %x[%i]
                %c = gt %v, %zero
                %r = if %c { %e = sqrt %v yield %e } else { yield %zero }
                %s = if %c { %w = index %x[%k] yield %w } else { yield %a }
                yield %r, %s
            }
            return %y, %z
        }",
        "fn @f(%x: f64[%n], %k: i64, %a: f64) -> (f64[%n], f64[%n]) {
            %y, %z = nest (%i < %n) outs (build, build) {
                %zero = const 0.0: f64
                %v = index %x[%i]
                %c = gt %v, %zero
                %e = sqrt %v
                %r = select %c, %e, %zero
                %s = if %c { %w = index %x[%k] yield %w } else { yield %a }
                yield %r, %s
            }
            return %y, %z
        }",
    );
}
