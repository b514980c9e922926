//! A square root by Newton's method, to a tolerance: a loop whose length depends on the data.

use pullback::differentiable;

use crate::common::assert_close;

#[differentiable(modes(jvp, hessian))]
pub(crate) fn root(a: f64) -> f64 {
    let mut x = if a > 1.0 { a } else { 1.0 };
    loop {
        let next = 0.5 * (x + a / x);
        if (next - x).abs() < 1e-14 * next {
            break next;
        }
        x = next;
    }
}

#[test]
fn derivatives_of_a_root() {
    for a in [1e-4, 0.3, 1.0, 2.0, 17.0, 1e6] {
        let (value, grad) = root::value_and_grad(a);
        assert_close(&[value], &[a.sqrt()], 1e-14);
        assert_close(&[grad], &[0.5 / a.sqrt()], 1e-12);
        let (_, tangent) = root::jvp(a, 2.0);
        assert_close(&[tangent], &[1.0 / a.sqrt()], 1e-12);
        // At 1 the loop ends after one step, in which the start does not depend on a: the program is then linear in it.
        if a == 1.0 {
            continue;
        }
        assert_close(&[root::hessian(a)], &[-0.25 / (a * a.sqrt())], 1e-9);
    }
}
