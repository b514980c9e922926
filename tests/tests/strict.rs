//! Generated code in a crate that forbids and denies what crates forbid and deny.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused, rust_2018_idioms, elided_lifetimes_in_paths)]
#![deny(
    missing_debug_implementations,
    missing_copy_implementations,
    single_use_lifetimes,
    unused_qualifications
)]
#![deny(clippy::all, clippy::pedantic)]
// What the functions below do themselves.
#![allow(clippy::must_use_candidate, clippy::cast_precision_loss, clippy::float_cmp)]

/// What user code may be called in the scope of generated code.
pub mod names {
    use pullback::differentiable;

    /// A name that generated code could use itself.
    pub const N: usize = 3;

    /// Another.
    #[derive(Debug, Clone, Copy)]
    pub struct Range;

    /// A function of the name of one of its parameters and of what nests call their own.
    #[differentiable]
    pub fn row(row: f64, kind: f64, x: &[f64], l: &[[f64; 2]], range: (f64, f64)) -> f64 {
        let start = row * kind + range.0;
        let mut width = 0.0;
        for (block, e) in x.iter().enumerate() {
            width += start * e * block as f64 + range.1 * l[block][1] * N as f64;
        }
        width
    }
}

#[test]
fn strict_crates_compile_and_run() {
    let (value, grad) =
        names::row::value_and_grad(0.5, 2.0, &[1.0, 2.0], &[[0.0, 1.0], [3.0, 4.0]], (0.25, 3.0));
    assert!((value - (1.25 * 2.0 + 3.0 * 5.0 * 3.0)).abs() < 1e-12);
    assert!((grad.row - 4.0).abs() < 1e-12 && (grad.range.1 - 15.0).abs() < 1e-12);
    assert_eq!(grad.l, [[0.0, 9.0], [0.0, 9.0]]);
    assert!(names::row::check(0.5, 2.0, &[1.0, 2.0], &[[0.0, 1.0], [3.0, 4.0]], (0.25, 3.0)).is_ok());
    let _ = names::Range;
}

/// Parameters that are named like what generated functions call their own.
mod own {
    use pullback::differentiable;

    #[differentiable]
    pub(crate) fn backward(
        grad: f64,
        seed: f64,
        buffers: &[f64],
        workspace: f64,
        value: f64,
        pull: f64,
        probe: f64,
    ) -> f64 {
        grad * seed + buffers[0] * workspace + value * value * pull + probe.sin()
    }

    #[differentiable]
    pub(crate) fn fill(scale: f64, x: &[f64], out: &mut [f64]) {
        for i in 0..x.len() {
            out[i] = scale * x[i] * x[i] + 0.5 * out[i];
        }
    }
}

#[test]
fn own_names_do_not_clash() {
    let grad = own::backward::grad(1.0, 2.0, &[3.0], 4.0, 5.0, 6.0, 0.0);
    assert_eq!((grad.grad, grad.seed, grad.buffers, grad.workspace), (2.0, 1.0, vec![4.0], 3.0));
    assert_eq!((grad.value, grad.pull, grad.probe), (60.0, 25.0, 1.0));
    assert!(own::backward::check(1.0, 2.0, &[3.0], 4.0, 5.0, 6.0, 0.0).is_ok());
}

#[test]
fn filled_buffers_have_cotangents() {
    let mut out = [1.0, 2.0];
    let ((), pull) = own::fill::vjp(3.0, &[1.0, 2.0], &mut out);
    assert_eq!(out, [3.5, 13.0]);
    let grad = pull(vec![1.0, 10.0]);
    assert_eq!((grad.scale, grad.x, grad.out), (41.0, vec![6.0, 120.0], vec![0.5, 5.0]));
    assert!(own::fill::check(3.0, &[1.0, 2.0], &mut out).is_ok());
}

#[test]
fn explain_names_the_loops() {
    let text = names::row::explain();
    assert!(text.contains("fn @row") && text.contains("// Its loops over data.\n// RowNest1: "), "{text}");
    assert!(text.contains("bytes an iteration"), "{text}");
}
