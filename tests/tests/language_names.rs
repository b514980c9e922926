//! Names of all kinds, constants, attributes, `detach`, and unsigned integers that would be below zero.

// Programs as people write them, not as a linter would.
#![allow(clippy::all, unused, non_snake_case, confusable_idents, mixed_script_confusables)]

use pullback::detach;
use pullback::differentiable;
use pullback_tests::agrees;

#[differentiable]
fn raw_names(r#type: f64, r#match: &[f64]) -> f64 {
    let r#fn = r#type * 2.0;
    r#fn * r#match[0]
}
#[differentiable]
fn r#loop(r#in: f64) -> f64 {
    r#in * r#in
}
#[differentiable]
fn calls_a_raw_name(x: f64) -> f64 {
    r#loop(x) + 1.0
}
#[differentiable]
fn attributes(mut x: f64, #[allow(unused)] y: f64, z: f64) -> f64 {
    #[allow(unused_variables)]
    let q = 3.0;
    x += 1.0;
    x * y * z
}
#[differentiable]
fn generated_names(
    grad: f64,
    seed: &[f64],
    workspace: f64,
    value: f64,
    x_len: f64,
    len: f64,
    gpu: f64,
) -> f64 {
    let result = grad * seed[0];
    let returned = workspace;
    let n = x_len;
    let f = len;
    let core = 1.0;
    let pullback = 2.0;
    let __x = 3.0;
    let k = 1.0;
    result + returned + n * value * f + core * pullback * __x * grad * k * gpu
}
#[differentiable]
fn detached(x: f64, y: f64) -> f64 {
    detach(x) * x + y * pullback::detach(x)
}
#[differentiable]
fn letters(naïve: f64, α: f64, Big: f64, UPPER: f64) -> f64 {
    naïve * α + Big * UPPER
}
struct C;
impl C {
    const K: f64 = 3.0;
    const N: usize = 2;
}
mod consts {
    pub const S: f64 = 0.5;
    pub const M: usize = 3;
    pub static ST: f64 = 2.0;
}
const N: usize = 3;
const W: [f64; 3] = [1.0, 2.0, 3.0];
const T: (f64, usize) = (2.0, 1);
const F32: f32 = 1.5;
const NEG: i32 = -2;
const B: bool = true;
#[differentiable]
fn constants(x: f64) -> f64 {
    let mut s = 0.0;
    for i in 0..C::N {
        s += C::K * x + i as f64;
    }
    for _ in 0..consts::M {
        s *= consts::S;
    }
    (if B { s + (F32 as f64) * x } else { s }) + x.powi(NEG) + self::N as f64
}
#[differentiable]
fn repeated(x: f64) -> f64 {
    let v = vec![x; N];
    let mut s = 0.0;
    for i in 0..N {
        s += v[i] * i as f64;
    }
    s
}
#[differentiable]
fn cast(x: &[f64], #[no_diff] i: usize) -> f64 {
    let j = i - 1;
    x[0] * (j as f64)
}
#[differentiable]
fn bound(x: &[f64], #[no_diff] i: usize) -> f64 {
    let mut s = x[0];
    for _ in 0..i - 1 {
        s *= 2.0;
    }
    s
}
#[differentiable]
fn comparison(x: &[f64], #[no_diff] i: usize) -> f64 {
    if i - 1 < 3 { x[0] } else { x[1] }
}
#[differentiable]
fn counted_down(x: &[f64], #[no_diff] i: usize) -> f64 {
    let mut s = 0.0;
    for k in 1..x.len() {
        s += x[k] * x[k - 1];
    }
    let mut k = i;
    k -= 1;
    s * k as f64
}
#[differentiable]
fn cast_of_a_sign(x: &[f64], #[no_diff] i: i32) -> f64 {
    x[0] * (i as usize) as f64
}
#[differentiable]
fn constant_lengths(x: &[f64]) -> f64 {
    const M: usize = 4;
    let mut v: [f64; N] = [0.0; N];
    for i in 0..N {
        v[i] = x[i] * 2.0;
    }
    let w = [1.0; M];
    let q = [[0.5; 2]; N];
    v.iter().map(|a| a * a).sum::<f64>() + w[3] + q[2][1] * x[0]
}

#[test]
fn names() {
    agrees!(raw_names(0.3, &[0.2, 0.3]));
    assert_eq!(raw_names::value_and_grad(0.3, &[0.2]).1.r#type, 0.4);
    assert_eq!(r#loop::grad(0.3), 0.6);
    assert_eq!(calls_a_raw_name::grad(0.3), 0.6);
    agrees!(attributes(0.3, 0.2, 0.4));
    agrees!(generated_names(0.1, &[0.2], 0.3, 0.4, 0.5, 0.6, 0.7));
    agrees!(letters(0.1, 0.2, 0.3, 0.4));
}

#[test]
fn constants_and_what_counts_as_one() {
    let (_, grad) = detached::value_and_grad(0.3, 0.4);
    assert_eq!((grad.x, grad.y), (0.3, 0.3));
    assert_eq!(constants::value_and_grad(0.3).0, constants(0.3));
    assert!(constants::check(0.3).is_ok());
    assert!(repeated::check(0.3).is_ok());
    agrees!(constant_lengths(&X));
}

const X: [f64; 4] = [0.5, 1.5, -2.0, 0.3];

#[test]
fn unsigned_integers_above_zero() {
    for i in [1, 2, 7] {
        agrees!(cast(&X, i));
        agrees!(bound(&X, i));
        agrees!(comparison(&X, i));
        agrees!(counted_down(&X, i));
        agrees!(cast_of_a_sign(&X, i as i32));
    }
}

#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_cast_below_zero() {
    cast::value_and_grad(&X, 0);
}

#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_bound_below_zero() {
    bound::value_and_grad(&X, 0);
}

#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_comparison_below_zero() {
    comparison::value_and_grad(&X, 0);
}

#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_variable_below_zero() {
    counted_down::value_and_grad(&X, 0);
}

#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_sign_lost() {
    cast_of_a_sign::value_and_grad(&X, -1);
}
