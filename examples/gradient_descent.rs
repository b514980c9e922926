//! Gradient descent in matrix form: the gradient of the mean squared error by hand, (2/n) Xᵀ e, and by the attribute.
//!
//! Both runs take the same steps, and the generated gradient is the matrix product that a person would write.
//!
//!     cargo run --release --example gradient_descent

use nalgebra::{DMatrix, DVector};
use pullback::{Random, differentiable};

/// The mean squared error of y = X w.
#[differentiable(wrt(w))]
fn loss(w: &DVector<f64>, x: &DMatrix<f64>, y: &DVector<f64>) -> f64 {
    (x * w - y).norm_squared() / y.len() as f64
}

/// Its gradient by hand.
fn gradient(w: &DVector<f64>, x: &DMatrix<f64>, y: &DVector<f64>) -> DVector<f64> {
    let e = x * w - y;
    x.tr_mul(&e) * (2.0 / y.len() as f64)
}

/// The weights after some steps from zero; `log` sees each step's number and loss. With `by_hand` the gradient is that.
pub fn fit(
    x: &DMatrix<f64>,
    y: &DVector<f64>,
    steps: usize,
    by_hand: bool,
    mut log: impl FnMut(usize, f64),
) -> DVector<f64> {
    let mut w = DVector::zeros(x.ncols());
    for step in 0..steps {
        let (value, mut grad) = loss::value_and_grad(&w, x, y);
        if by_hand {
            grad = gradient(&w, x, y);
        }
        log(step, value);
        w -= 0.1 * grad;
    }
    w
}

fn main() {
    let mut random = Random::new(2);
    // the last column is one, so that the last weight is the bias
    let x = DMatrix::from_fn(1000, 4, |_, column| if column < 3 { random.normal() } else { 1.0 });
    let y = &x * DVector::from_vec(vec![1.0, 2.0, 4.0, 3.0]);

    let generated = fit(&x, &y, 100, false, |step, loss| {
        if step % 10 == 9 {
            println!("{step} {loss:.6e}");
        }
    });
    let by_hand = fit(&x, &y, 100, true, |_, _| ());
    println!("Result: {:.6?}", generated.as_slice());
    println!("By hand it differs by {:.1e}", (generated - by_hand).amax());
}
