use pullback::differentiable;

#[differentiable(modes(jvp, hessian, hvp))]
fn residuals(x: f64) -> [f64; 2] {
    [x, x * x]
}

fn main() {}
