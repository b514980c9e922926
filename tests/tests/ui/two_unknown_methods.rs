use pullback::differentiable;

#[differentiable]
fn f(x: f64, y: f64) -> f64 {
    let a = x.next_up();
    let b = y.next_down();
    let c = a + b;
    c.next_up()
}

fn main() {}
