//! Loops that become nests, and loops that must not.

use crate::ir::Func;
use crate::opt::testing::becomes;
use crate::opt::{cse, dce, optimize, simplify};

fn promoted(f: &mut Func) {
    simplify::run(f);
    dce::run(f);
    super::run(f);
    simplify::run(f);
    cse::run(f);
    dce::run(f);
}

#[track_caller]
fn stays(text: &str) {
    becomes(super::run, text, text);
}

#[test]
fn a_loop_that_adds_up_is_the_sum_of_a_map() {
    let sum = "fn @f(%x: f64[%n]) -> (f64) {
        %s = fold sum (%i < %n) { %v = index %x[%i] %w = sin %v yield %w }
        return %s
    }";
    let hand_written = "fn @f(%x: f64[%n]) -> (f64) {
        %zero = const 0.0: f64
        %s = for (%i < %n) carry (%t = %zero) { %v = index %x[%i] %w = sin %v %u = add %t, %w yield %u }
        return %s
    }";
    let map = "fn @f(%x: f64[%n]) -> (f64) {
        %y = build (%j < %n) { %v = index %x[%j] %w = sin %v yield %w }
        %s = fold sum (%i < %n) { %v.1 = index %y[%i] yield %v.1 }
        return %s
    }";
    becomes(optimize, hand_written, sum);
    becomes(optimize, map, sum);
    becomes(optimize, sum, sum);
}

#[test]
fn several_sums_and_a_branch() {
    becomes(
        promoted,
        "fn @f(%x: f64[%n], %a: f64, %p: i64) -> (f64, f64, i64) {
            %one = const 1: i64
            %s, %t, %m = for (%i < %n) carry (%b = %a, %c = %a, %k = %p) {
                %v = index %x[%i]
                %b2 = sub %b, %v
                %b3 = add %v, %b2
                %l = lt %v, %a
                %c2 = if %l { %d = mul %c, %v yield %d } else { yield %c }
                %k2 = max %k, %i
                yield %b3, %c2, %k2
            }
            return %s, %t, %m
        }",
        "fn @f(%x: f64[%n], %a: f64, %p: i64) -> (f64, f64, i64) {
            %s.1, %t.1, %m.1 = nest (%i < %n) outs (fold sum, fold product, fold max) {
                %v = index %x[%i]
                %l = lt %v, %a
                %0 = neg %v
                %1 = add %0, %v
                %2 = if %l { yield %v } else { %3 = const 1.0: f64 yield %3 }
                yield %1, %2, %i
            }
            %s = add %a, %s.1
            %t = mul %a, %t.1
            %m = max %p, %m.1
            return %s, %t, %m
        }",
    );
}

#[test]
fn a_number_that_is_needed_on_the_way_keeps_the_loop() {
    stays(
        "fn @f(%x: f64[%n], %a: f64) -> (f64, f64) {
            %s, %t = for (%i < %n) carry (%b = %a, %c = %a) {
                %v = index %x[%i]
                %b2 = add %b, %v
                %c2 = add %c, %b
                yield %b2, %c2
            }
            return %s, %t
        }",
    );
    stays(
        "fn @f(%x: f64[%n], %a: f64) -> (f64) {
            %s = for (%i < %n) carry (%b = %a) { %v = index %x[%i] %c = max %b, %v yield %c }
            return %s
        }",
    );
}

#[test]
fn a_loop_that_writes_each_element_is_a_build() {
    becomes(
        optimize,
        "fn @f(%x: f64[%n]) -> (f64[%n]) {
            %z = build (%j < %n) { %zero = const 0.0: f64 yield %zero }
            %y = for (%i < %n) carry (%t = %z) { %v = index %x[%i] %w = sin %v %u = update %t[%i], %w yield %u }
            return %y
        }",
        "fn @f(%x: f64[%n]) -> (f64[%n]) {
            %y = build (%i < %n) { %v = index %x[%i] %w = sin %v yield %w }
            return %y
        }",
    );
}

#[test]
fn a_loop_that_adds_to_each_element_is_a_build() {
    becomes(
        optimize,
        "fn @f(%x: f64[%n], %z: f64[%n]) -> (f64[%n]) {
            %y = for (%i < %n) carry (%t = %z) {
                %v = index %x[%i]
                %o = index %t[%i]
                %w = add %o, %v
                %u = update %t[%i], %w
                yield %u
            }
            return %y
        }",
        "fn @f(%x: f64[%n], %z: f64[%n]) -> (f64[%n]) {
            %y = build (%i < %n) { %v = index %x[%i] %0 = index %z[%i] %1 = add %0, %v yield %1 }
            return %y
        }",
    );
}

#[test]
fn a_loop_over_a_part_keeps_the_rest() {
    becomes(
        promoted,
        "fn @f(%x: f64[%n]) -> (f64[%n]) {
            %one = const 1: i64
            %m = sub %n, %one
            %y = for (%i < %m) carry (%t = %x) {
                %j = add %i, %one
                %v = index %t[%j]
                %w = sin %v
                %u = update %t[%j], %w
                yield %u
            }
            return %y
        }",
        "fn @f(%x: f64[%n]) -> (f64[%n]) {
            %one = const 1: i64
            %m = sub %n, %one
            %0 = build (%i < %m) {
                %j = add %i, %one
                %v = index %x[%j]
                %w = sin %v
                yield %w
            }
            %y = build (%1 < %n) {
                %2 = const 0: i64
                %3 = sub %1, %one
                %4 = ge %3, %2
                %6 = if %4 { %7 = index %0[%3] yield %7 } else { %8 = index %x[%1] yield %8 }
                yield %6
            }
            return %y
        }",
    );
}

#[test]
fn a_loop_that_reads_other_elements_stays() {
    stays(
        "fn @f(%x: f64[%n]) -> (f64[%n]) {
            %one = const 1: i64
            %m = sub %n, %one
            %y = for (%i < %m) carry (%t = %x) {
                %j = add %i, %one
                %v = index %t[%i]
                %u = update %t[%j], %v
                yield %u
            }
            return %y
        }",
    );
}

#[test]
fn loops_in_loops_are_one_nest() {
    becomes(
        promoted,
        "fn @f(%x: f64[%n, %m], %a: f64) -> (f64, f64[%m, %n]) {
            %z = build (%p < %m, %q < %n) { yield %a }
            %s, %y = for (%i < %n) carry (%b = %a, %t = %z) {
                %s.1, %y.1 = for (%j < %m) carry (%b.1 = %b, %t.1 = %t) {
                    %v = index %x[%i, %j]
                    %b2 = add %b.1, %v
                    %u = update %t.1[%j, %i], %v
                    yield %b2, %u
                }
                yield %s.1, %y.1
            }
            return %s, %y
        }",
        "fn @f(%x: f64[%n, %m], %a: f64) -> (f64, f64[%m, %n]) {
            %s.1, %y = nest (%j < %m, %i < %n) outs (fold sum, build) {
                %v = index %x[%i, %j]
                yield %v, %v
            }
            %s = add %a, %s.1
            return %s, %y
        }",
    );
}

#[test]
fn additions_anywhere_are_accumulations() {
    becomes(
        promoted,
        "fn @f(%x: f64[%n], %z: f64[%m], %k: i64) -> (f64[%m]) {
            %y = for (%i < %n) carry (%t = %z) {
                %v = index %x[%i]
                %j = rem %i, %k
                %o = index %t[%j]
                %w = add %o, %v
                %u = update %t[%j], %w
                yield %u
            }
            return %y
        }",
        "fn @f(%x: f64[%n], %z: f64[%m], %k: i64) -> (f64[%m]) {
            %y = nest (%i < %n) accum (%t = %z) {
                %v = index %x[%i]
                %j = rem %i, %k
                %u = accum %t[%j], %v
                yield %u
            }
            return %y
        }",
    );
}

#[test]
fn counters_follow_from_the_index() {
    becomes(
        promoted,
        "fn @f(%x: f64[%n], %a: f64) -> (f64, i64) {
            %zero = const 0: i64
            %two = const 2: i64
            %fz = const 0.0: f64
            %s, %e = for (%i < %n) carry (%b = %fz, %j = %zero) {
                %v = index %x[%j]
                %c = add %b, %v
                %j2 = add %j, %two
                yield %c, %j2
            }
            return %s, %e
        }",
        "fn @f(%x: f64[%n], %a: f64) -> (f64, i64) {
            %0 = const 2: i64
            %e = mul %n, %0
            %s = fold sum (%i < %n) { %j = mul %i, %0 %v = index %x[%j] yield %v }
            return %s, %e
        }",
    );
}
