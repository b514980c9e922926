use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    x.sin().next_up()
}

fn main() {}
