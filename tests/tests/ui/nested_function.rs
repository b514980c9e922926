use pullback::differentiable;

#[differentiable]
fn f(x: f64) -> f64 {
    fn twice<T: std::ops::Add<Output = T> + Copy>(v: T) -> T {
        v + v
    }
    struct Local;
    twice(x)
}

fn main() {}
