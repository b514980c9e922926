//! Each fusion on a small piece of text.

use super::*;
use crate::ad::vjp;
use crate::ir::{Func, Kind, parse};
use crate::opt::testing::{becomes, func};
use crate::opt::{cse, dce, finish, optimize, simplify};

fn inlined(f: &mut Func) {
    vertical::run(f);
    dce::run(f);
}

#[test]
fn cheap_builds_vanish_into_all_readers() {
    becomes(
        inlined,
        "fn @f(%x: f64[%n]) -> (f64, f64) {
            %two = const 2.0: f64
            %y = build (%i < %n) { %v = index %x[%i] %w = mul %v, %two yield %w }
            %s = fold sum (%j < %n) { %a = index %y[%j] yield %a }
            %t = fold max (%k < %n) { %b = index %y[%k] yield %b }
            return %s, %t
        }",
        "fn @f(%x: f64[%n]) -> (f64, f64) {
            %two = const 2.0: f64
            %s = fold sum (%j < %n) { %v = index %x[%j] %w = mul %v, %two yield %w }
            %t = fold max (%k < %n) { %v.1 = index %x[%k] %w.1 = mul %v.1, %two yield %w.1 }
            return %s, %t
        }",
    );
}

#[test]
fn an_expensive_build_read_more_than_once_per_element_stays() {
    let text = "fn @f(%x: f64[%n]) -> (f64) {
        %y = build (%i < %n) { %v = index %x[%i] %w = exp %v yield %w }
        %s = fold sum (%j < %n, %k < %n) { %a = index %y[%j] %b = index %y[%k] %c = mul %a, %b yield %c }
        return %s
    }";
    becomes(inlined, text, text);
}

#[test]
fn a_read_that_may_be_out_of_bounds_keeps_its_array() {
    let text = "fn @f(%x: f64[%n], %k: i64) -> (f64) {
        %y = build (%i < %n) { %v = index %x[%i] %w = add %v, %v yield %w }
        %s = index %y[%k]
        return %s
    }";
    becomes(inlined, text, text);
}

#[test]
fn shifted_reads_within_bounds_are_inlined() {
    becomes(
        inlined,
        "fn @f(%x: f64[%n]) -> (f64[%m]) {
            %one = const 1: i64
            %m = sub %n, %one
            %y = build (%i < %n) { %v = index %x[%i] %w = add %v, %v yield %w }
            %z = build (%j < %m) { %k = add %j, %one %a = index %y[%k] yield %a }
            return %z
        }"
        .replace("-> (f64[%m])", "-> (f64)")
        .replace("return %z", "%s = fold sum (%q < %m) { %e = index %z[%q] yield %e } return %s")
        .as_str(),
        "fn @f(%x: f64[%n]) -> (f64) {
            %one = const 1: i64
            %m = sub %n, %one
            %s = fold sum (%q < %m) {
                %k = add %q, %one
                %v = index %x[%k]
                %w = add %v, %v
                yield %w
            }
            return %s
        }",
    );
}

#[test]
fn independent_nests_merge_and_dependents_move_behind() {
    becomes(
        horizontal::run,
        "fn @f(%x: f64[%n], %y: f64[%n]) -> (f64, f64) {
            %s = fold sum (%i < %n) { %a = index %x[%i] yield %a }
            %r = exp %s
            %t = fold sum (%j < %n) { %b = index %y[%j] yield %b }
            %u = add %r, %t
            return %u, %s
        }",
        "fn @f(%x: f64[%n], %y: f64[%n]) -> (f64, f64) {
            %s, %t = nest (%i < %n) outs (fold sum, fold sum) {
                %a = index %x[%i]
                %b = index %y[%i]
                yield %a, %b
            }
            %r = exp %s
            %u = add %r, %t
            return %u, %s
        }",
    );
}

#[test]
fn a_nest_that_needs_the_other_ones_sum_stays_apart() {
    let text = "fn @f(%x: f64[%n]) -> (f64) {
        %s = fold sum (%i < %n) { %a = index %x[%i] yield %a }
        %r = exp %s
        %t = fold sum (%j < %n) { %b = index %x[%j] %c = mul %b, %r yield %c }
        return %t
    }";
    becomes(horizontal::run, text, text);
}

#[test]
fn a_producer_merges_with_its_reader() {
    becomes(
        |f| {
            optimize(f);
        },
        "fn @softmax(%x: f64[%n]) -> (f64[%n]) {
            %e = build (%i < %n) { %v = index %x[%i] %w = exp %v yield %w }
            %s = fold sum (%j < %n) { %a = index %e[%j] yield %a }
            %p = build (%k < %n) { %b = index %e[%k] %q = div %b, %s yield %q }
            return %p
        }",
        "fn @softmax(%x: f64[%n]) -> (f64[%n]) {
            %e, %s = nest (%i < %n) outs (build, fold sum) { %v = index %x[%i] %w = exp %v yield %w, %w }
            %p = build (%k < %n) { %b = index %e[%k] %q = div %b, %s yield %q }
            return %p
        }",
    );
}

#[test]
fn accumulators_are_handed_on() {
    becomes(
        horizontal::run,
        "fn @f(%x: f64[%n], %k: i64) -> (f64[%n]) {
            %z = nest (%i < %n) accum (%t = %x) outs () { %a = accum %t[%k], %one yield %a }
            %w = nest (%j < %n) accum (%u = %z) outs () { %b = accum %u[%k], %one yield %b }
            return %w
        }"
        .replace("%z = nest", "%one = const 1.0: f64 %z = nest")
        .replace(" outs ()", "")
        .as_str(),
        "fn @f(%x: f64[%n], %k: i64) -> (f64[%n]) {
            %one = const 1.0: f64
            %w = nest (%i < %n) accum (%t = %x) { %a = accum %t[%k], %one %b = accum %a[%k], %one yield %b }
            return %w
        }",
    );
}

#[test]
fn accumulation_at_the_own_indices_is_a_build() {
    becomes(
        |f| {
            scatter::run(f);
            simplify::run(f);
            dce::run(f);
        },
        "fn @f(%x: f64[%n], %c: bool) -> (f64[%n]) {
            %z = build (%i < %n) { %zero = const 0.0: f64 yield %zero }
            %w = nest (%j < %n) accum (%u = %z) {
                %v = index %x[%j]
                %a = accum %u[%j], %v
                %b = if %c { %d = accum %a[%j], %v yield %d } else { yield %a }
                yield %b
            }
            return %w
        }",
        "fn @f(%x: f64[%n], %c: bool) -> (f64[%n]) {
            %w = build (%j < %n) {
                %v = index %x[%j]
                %d = if %c { yield %v } else { %zero = const 0.0: f64 yield %zero }
                %s = add %v, %d
                yield %s
            }
            return %w
        }"
        .replace("%d", "%0")
        .replace("%s", "%1")
        .replace("%zero", "%2")
        .as_str(),
    );
}

#[test]
fn accumulation_at_constant_places_is_a_sum_each() {
    becomes(
        |f| {
            scatter::run(f);
            dce::run(f);
        },
        "fn @f(%x: f64[%n], %w: f64[2]) -> (f64[2]) {
            %k = const 1: i64
            %r = nest (%j < %n) accum (%u = %w) {
                %v = index %x[%j]
                %a = accum %u[%k], %v
                %b = accum %a[%k], %v
                yield %b
            }
            return %r
        }",
        "fn @f(%x: f64[%n], %w: f64[2]) -> (f64[2]) {
            %0 = fold sum (%j < %n) { %v = index %x[%j] %1 = add %v, %v yield %1 }
            %2 = const 0: i64
            %3 = index %w[%2]
            %4 = const 1: i64
            %5 = index %w[%4]
            %6 = add %5, %0
            %r = pack [2] %3, %6
            return %r
        }",
    );
}

#[test]
fn value_and_gradient_of_a_fit_are_one_nest() {
    let text = "fn @loss(%a: f32, %b: f32, %c: f32, %d: f32, %x: f32[%n], %y: f32[%n]) -> (f32) {
        %two = const 2: i64
        %three = const 3: i64
        %p = build (%i < %n) {
            %v = index %x[%i]
            %bx = mul %b, %v
            %ab = add %a, %bx
            %x2 = powi %v, %two
            %cx = mul %c, %x2
            %abc = add %ab, %cx
            %x3 = powi %v, %three
            %dx = mul %d, %x3
            %q = add %abc, %dx
            yield %q
        }
        %r = build (%i.1 < %n) { %u = index %p[%i.1] %w = index %y[%i.1] %e = sub %u, %w yield %e }
        %s = fold sum (%i.2 < %n) { %g = index %r[%i.2] %gg = mul %g, %g yield %gg }
        return %s
    }";
    let mut f = func(text);
    optimize(&mut f);
    let mut module = parse(text).unwrap();
    module.funcs = vec![f];
    let mut g = vjp(&module, "loss", &[0, 1, 2, 3]).unwrap();
    optimize(&mut g);
    finish(&mut g);
    let nests: Vec<_> = g.body.insts.iter().filter(|i| matches!(i.kind, Kind::Nest(_))).collect();
    assert_eq!(nests.len(), 1, "{g}");
    let Kind::Nest(nest) = &nests[0].kind else { unreachable!() };
    assert_eq!((nest.outs.len(), nest.accs.len()), (5, 0), "{g}");
    let info = nest_info(&g.values, nest);
    assert!(info.straight, "{g}");
    assert_eq!((info.bytes_read, info.bytes_written, info.scalars.len()), (8, 0, 5), "{info:?}\n{g}");
    assert!(info.arrays.iter().all(|r| r.pattern == Pattern::Own) && info.arrays.len() == 2, "{info:?}");
    assert!(nest.body.insts.len() <= 15, "{g}");
}

#[test]
fn repeated_passes_keep_code_that_is_done() {
    let text = "fn @f(%x: f64[%n]) -> (f64) {
        %s = fold sum (%i < %n) { %a = index %x[%i] yield %a }
        return %s
    }";
    becomes(optimize, text, text);
    becomes(cse::run, text, text);
}
