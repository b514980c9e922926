//! Each simplification on a small piece of text.

mod loops;

use super::testing::becomes;
use super::*;

fn simple(f: &mut Func) {
    simplify::run(f);
    dce::run(f);
}

#[test]
fn folds_constants_and_identities() {
    becomes(
        simple,
        "fn @f(%a: f64) -> (f64, f64, f64) {
            %one = const 1.0: f64
            %two = const 2.0: f64
            %three = add %one, %two
            %p = mul %a, %one
            %q = neg %a
            %r = neg %q
            return %three, %p, %r
        }",
        "fn @f(%a: f64) -> (f64, f64, f64) {
            %three = const 3.0: f64
            return %three, %a, %a
        }",
    );
}

#[test]
fn keeps_a_division_that_panics() {
    let text = "fn @f(%a: i64) -> (i64) {
        %zero = const 0: i64
        %one = const 1: i64
        %r = div %one, %zero
        return %r
    }";
    becomes(simple, text, text);
}

#[test]
fn adds_up_integers() {
    becomes(
        simple,
        "fn @f(%i: i64) -> (i64, bool) {
            %one = const 1: i64
            %p = add %i, %one
            %q = sub %p, %one
            %r = add %p, %one
            %c = lt %q, %r
            return %q, %c
        }",
        "fn @f(%i: i64) -> (i64, bool) {
            %c = const true: bool
            return %i, %c
        }",
    );
}

#[test]
fn powers_become_products() {
    becomes(
        |f| {
            simple(f);
            cse::run(f);
        },
        "fn @f(%x: f32) -> (f32, f32) {
            %two = const 2: i64
            %three = const 3: i64
            %s = powi %x, %two
            %c = powi %x, %three
            return %s, %c
        }",
        "fn @f(%x: f32) -> (f32, f32) {
            %s = mul %x, %x
            %c = mul %s, %x
            return %s, %c
        }",
    );
}

#[test]
fn reads_packs_and_updates() {
    becomes(
        simple,
        "fn @f(%a: f64, %b: f64, %x: f64[5]) -> (f64, f64, f64) {
            %i = const 3: i64
            %one = const 1: i64
            %p = pack [2] %a, %b
            %e = index %p[%one]
            %j = add %i, %one
            %y = update %x[%j], %a
            %u = index %y[%i]
            %v = index %y[%j]
            return %e, %u, %v
        }",
        "fn @f(%a: f64, %b: f64, %x: f64[5]) -> (f64, f64, f64) {
            %i = const 3: i64
            %u = index %x[%i]
            return %b, %u, %a
        }",
    );
}

#[test]
fn a_write_that_may_be_out_of_bounds_keeps_its_check() {
    let text = "fn @f(%a: f64, %x: f64[%n], %i: i64) -> (f64) {
        %y = update %x[%i], %a
        %u = index %y[%i]
        return %u
    }";
    becomes(simple, text, text);
}

#[test]
fn takes_decided_branches_and_single_iterations() {
    becomes(
        simple,
        "fn @f(%a: f64, %c: bool) -> (f64, f64) {
            %t = const true: bool
            %r = if %t { yield %a } else { %z = neg %a yield %z }
            %s = for (%k < 1) carry (%q = %r) { %w = add %q, %a yield %w }
            %u = if %c { %v = if %c { yield %a } else { yield %s } yield %v } else { yield %a }
            return %s, %u
        }",
        "fn @f(%a: f64, %c: bool) -> (f64, f64) {
            %w = add %a, %a
            return %w, %a
        }",
    );
}

#[test]
fn equal_nests_are_one() {
    becomes(
        |f| {
            cse::run(f);
            dce::run(f);
        },
        "fn @f(%x: f64[%n]) -> (f64, f64) {
            %two = const 2.0: f64
            %s = fold sum (%i < %n) { %v = index %x[%i] %w = mul %v, %two yield %w }
            %t = fold sum (%j < %n) { %c = const 2.0: f64 %v.1 = index %x[%j] %w.1 = mul %c, %v.1 yield %w.1 }
            return %s, %t
        }",
        "fn @f(%x: f64[%n]) -> (f64, f64) {
            %two = const 2.0: f64
            %s = fold sum (%i < %n) { %v = index %x[%i] %w = mul %v, %two yield %w }
            return %s, %s
        }",
    );
}

#[test]
fn equal_sums_of_a_nest_are_one() {
    becomes(
        |f| {
            cse::run(f);
            dce::run(f);
        },
        "fn @f(%x: f64[%n]) -> (f64, f64, f64) {
            %s, %t, %u = nest (%i < %n) outs (fold sum, fold max, fold sum) { %v = index %x[%i] yield %v, %v, %v }
            return %s, %t, %u
        }",
        "fn @f(%x: f64[%n]) -> (f64, f64, f64) {
            %s, %t = nest (%i < %n) outs (fold sum, fold max) { %v = index %x[%i] yield %v, %v }
            return %s, %t, %s
        }",
    );
}

#[test]
fn unused_carried_values_go() {
    becomes(
        dce::run,
        "fn @f(%a: f64, %n: i64) -> (f64) {
            %r, %s, %t = for (%k < %n) carry (%p = %a, %q = %a, %o = %a) {
                %u = add %p, %p
                %v = add %q, %u
                %w = mul %o, %o
                yield %u, %v, %w
            }
            return %r
        }",
        "fn @f(%a: f64, %n: i64) -> (f64) {
            %r = for (%k < %n) carry (%p = %a) { %u = add %p, %p yield %u }
            return %r
        }",
    );
}

#[test]
fn assertions_stay_with_what_they_need() {
    let text = "fn @f(%a: f64, %n: i64) -> (f64) {
        for (%k < %n) carry () {
            %c = lt %k, %n
            assert %c, \"no\"
            yield
        }
        return %a
    }";
    becomes(dce::run, text, text);
}

#[test]
fn calls_are_inlined_with_their_sizes() {
    let text = "fn @dot(%x: f64[%n], %y: f64[%n]) -> (f64) {
            %s = fold sum (%i < %n) { %a = index %x[%i] %b = index %y[%i] %p = mul %a, %b yield %p }
            return %s
        }
        fn @f(%x: f64[3], %y: f64[%m]) -> (f64, f64) {
            %r = call @dot(%x, %x)
            %s = call @dot(%y, %y)
            return %r, %s
        }";
    let module = crate::ir::parse(text).unwrap();
    becomes(
        |f| {
            inline(&module, f, true);
            simple(f);
            cse::run(f);
            dce::run(f);
        },
        text,
        "fn @f(%x: f64[3], %y: f64[%m]) -> (f64, f64) {
            %s = fold sum (%i < 3) { %a = index %x[%i] %p = mul %a, %a yield %p }
            %s.1 = fold sum (%i.1 < %m) { %a.1 = index %y[%i.1] %p.1 = mul %a.1, %a.1 yield %p.1 }
            return %s, %s.1
        }",
    );
}
