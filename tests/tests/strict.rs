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

/// Structs with fields, methods and variants that are named like generated code, and keywords.
pub mod structs {
    use pullback::{Differentiable, differentiable};

    /// A number.
    #[differentiable]
    pub type Number = f64;

    /// A choice.
    #[differentiable]
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Choice {
        /// This.
        This,
        /// That.
        That,
    }

    /// A struct.
    #[derive(Debug, Clone, Copy, Differentiable)]
    pub struct Model {
        /// Named like a closure's parameter.
        pub e: Number,
        r#type: Number,
        /// Named like a buffer.
        pub(crate) buffers: [Number; 2],
        /// Not a number.
        pub choice: Choice,
    }

    /// A list of them.
    #[derive(Debug, Clone, Differentiable)]
    pub struct Models {
        /// The list.
        pub to: Vec<Model>,
        #[no_diff]
        from: Number,
    }

    #[differentiable]
    impl Model {
        /// A model.
        pub fn new(e: Number) -> Self {
            Self { e, r#type: 2.0 * e, buffers: [e, 0.5], choice: Choice::That }
        }

        /// Its value.
        pub fn value(&self, grad: Number, x: &[Number]) -> Number {
            match self.choice {
                Choice::This => grad,
                Choice::That => self.r#type * x[0] + self.e * self.buffers[1] * grad,
            }
        }
    }

    #[differentiable]
    impl Models {
        /// The sum of all.
        pub fn all(&self, x: &[Number]) -> Number {
            self.to.iter().map(|e| e.value(self.from, x)).sum()
        }
    }

    /// Two models.
    pub fn models() -> Models {
        Models { to: vec![Model::new(0.5), Model { choice: Choice::This, ..Model::new(2.0) }], from: 3.0 }
    }
}

#[test]
fn names_in_structs_do_not_clash() {
    let models = structs::models();
    let (value, grad) = models.all_value_and_grad(&[4.0]);
    assert!((value - (4.0 + 0.5 * 0.5 * 3.0 + 3.0)).abs() < 1e-12);
    assert!((grad.this.to[0].e - 1.5).abs() < 1e-12 && (grad.this.to[0].r#type - 4.0).abs() < 1e-12);
    assert!((grad.this.to[1].e).abs() < 1e-12 && (grad.x[0] - 1.0).abs() < 1e-12);
    assert!(models.all_check(&[4.0]).is_ok());
    assert!(models.to[0].value_check(1.5, &[0.5]).is_ok());
    assert!((structs::Model::new_vjp(1.0).0.e - 1.0).abs() < 1e-12);
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
