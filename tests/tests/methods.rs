//! `#[differentiable] impl`: methods and associated functions, written as a user would.

use nalgebra::DVector;
use pullback::{Differentiable, differentiable};

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Model {
    w: DVector<f64>,
    b: f64,
}

#[differentiable(modes(jvp))]
impl Model {
    /// Not differentiable, and read by those that are.
    const RIDGE: f64 = 0.25;

    fn new(n: usize, w: f64) -> Self {
        Self { w: DVector::from_element(n, w), b: 0.5 * w }
    }

    fn predict(&self, x: &DVector<f64>) -> f64 {
        self.w.dot(x) + self.b
    }

    fn loss(&self, #[no_diff] x: &DVector<f64>, #[no_diff] y: f64) -> f64 {
        let error = self.predict(x) - y;
        error * error + self.penalty()
    }

    #[differentiable(modes(hvp))]
    fn penalty(&self) -> f64 {
        Self::RIDGE * self.w.norm_squared()
    }

    fn size(&self) -> usize {
        self.w.len()
    }
}

#[differentiable]
fn both(model: &Model, x: &DVector<f64>) -> f64 {
    let scaled = Model { b: 2.0 * model.b, ..model.clone() };
    scaled.predict(x) * Model::predict(model, x) / model.size() as f64
}

#[differentiable]
fn made(w: f64, x: &DVector<f64>) -> f64 {
    Model::new(x.len(), w).predict(x)
}

fn model() -> Model {
    Model { w: DVector::from_vec(vec![1.0, -2.0, 0.5]), b: 0.25 }
}

fn x() -> DVector<f64> {
    DVector::from_vec(vec![0.5, 1.5, -1.0])
}

#[test]
fn self_alone_gives_the_bare_tangent() {
    let (m, x) = (model(), x());
    let (value, grad) = m.loss_value_and_grad(&x, 1.0);
    let error = m.w.dot(&x) + m.b - 1.0;
    assert!((value - (error * error + 0.25 * m.w.norm_squared())).abs() < 1e-12);
    assert!((&grad.w - (2.0 * error * &x + 0.5 * &m.w)).norm() < 1e-12);
    assert!((grad.b - 2.0 * error).abs() < 1e-12);
    assert_eq!(m.loss_grad(&x, 1.0), grad);
    assert_eq!(m.loss_check(&x, 1.0), Ok(()));
    let mut workspace = Model::loss_workspace();
    assert_eq!(m.loss_value_and_grad_into(&x, 1.0, &mut workspace), value);
    assert_eq!(workspace.grad, grad);
    assert!(Model::loss_explain().contains("fn @loss"));
}

#[test]
fn more_parameters_give_a_struct_with_this() {
    let (m, x) = (model(), x());
    let grad = m.predict_grad(&x);
    assert_eq!((grad.this.w, grad.this.b, grad.x), (x, 1.0, m.w));
}

#[test]
fn other_modes() {
    let (m, x) = (model(), x());
    let mut direction = m.zeros_like();
    direction.w[1] = 2.0;
    direction.b = -1.0;
    let grad = m.loss_grad(&x, 1.0);
    let (value, dvalue) = m.loss_jvp(&x, 1.0, &direction);
    assert_eq!(value, m.loss(&x, 1.0));
    assert!((dvalue - (2.0 * grad.w[1] - grad.b)).abs() < 1e-12);
    let (gradient, product) = m.penalty_hvp(&direction);
    assert!((gradient.w - 0.5 * &m.w).norm() < 1e-12);
    assert_eq!((product.w, product.b), (0.5 * direction.w, 0.0));
    let (value, pull) = m.loss_vjp(&x, 1.0);
    assert_eq!((value, pull(2.0).b), (m.loss(&x, 1.0), 2.0 * grad.b));
}

#[test]
fn functions_call_methods() {
    let (m, x) = (model(), x());
    let (a, p) = (m.w.dot(&x) + 2.0 * m.b, m.w.dot(&x) + m.b);
    let grad = both::grad(&m, &x);
    assert!((grad.model.b - (2.0 * p + a) / 3.0).abs() < 1e-12);
    assert!((grad.model.w - (p + a) * &x / 3.0).norm() < 1e-12);
    assert_eq!(both::check(&m, &x), Ok(()));
    assert_eq!(made::check(0.75, &x), Ok(()));
    assert!((made::grad(0.75, &x).w - (x.sum() + 0.5)).abs() < 1e-12);
}

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Filter {
    gain: f64,
    memory: [f64; 2],
}

mod library {
    use super::Filter;
    use pullback::differentiable;

    #[differentiable]
    impl Filter {
        /// Changes the filter, and returns a number.
        pub(super) fn push(&mut self, x: f64) -> f64 {
            let y = self.gain * x - self.memory[0] * self.memory[1];
            self.memory = [y, self.memory[0]];
            y
        }

        /// The filter itself goes in.
        pub(super) fn doubled(self) -> Self {
            Self { gain: 2.0 * self.gain, ..self }
        }

        #[differentiable(wrt(self))]
        pub(super) fn scaled(&self, x: f64) -> f64 {
            self.gain * x
        }

        /// A filter from numbers.
        pub(super) fn with(gain: f64, first: f64) -> Filter {
            Filter { gain, memory: [first, first * first] }
        }
    }
}

#[differentiable]
fn response(filter: &Filter, signal: &[f64]) -> f64 {
    let mut f = filter.clone().doubled();
    let mut sum = 0.0;
    for x in signal {
        if *x > 0.0 {
            sum += f.push(*x);
        } else {
            f.push(2.0 * *x);
        }
    }
    sum + f.memory[1]
}

#[differentiable]
fn started(gain: f64, first: f64) -> f64 {
    let mut f = Filter::with(gain, first);
    f.push(0.5) + f.memory[0] * f.memory[1]
}

fn filter() -> Filter {
    Filter { gain: 0.5, memory: [0.25, -0.75] }
}

#[test]
fn methods_that_change_self() {
    assert_eq!(response::check(&filter(), &[0.5, -0.25, 1.5]), Ok(()));
    assert_eq!(started::check(0.5, 0.75), Ok(()));
    let mut f = filter();
    let (value, pull) = f.push_vjp(2.0);
    assert_eq!(value, 0.5 * 2.0 + 0.25 * 0.75);
    let mut seed = filter().zeros_like();
    seed.memory = [0.0, 10.0];
    let grad = pull((1.0, seed));
    assert_eq!((grad.this.gain, grad.this.memory, grad.x), (2.0, [10.75, -0.25], 0.5));
    assert_eq!(f.memory, [value, 0.25]);
}

#[test]
fn self_by_value_and_without_self() {
    let (value, pull) = filter().doubled_vjp();
    assert_eq!(value.gain, 1.0);
    let mut seed = value.zeros_like();
    seed.gain = 1.0;
    assert_eq!((pull(seed.clone()).gain, pull(seed).memory), (2.0, [0.0, 0.0]));
    assert_eq!(filter().scaled_grad(3.0).gain, 3.0);
    let (value, pull) = Filter::with_vjp(0.5, 3.0);
    let mut seed = value.zeros_like();
    seed.memory = [1.0, 1.0];
    let grad = pull(seed);
    assert_eq!((grad.gain, grad.first), (0.0, 7.0));
}
