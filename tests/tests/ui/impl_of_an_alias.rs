use pullback::differentiable;

#[differentiable]
type Real = f64;

struct Holder<T>(T);

#[differentiable]
impl Holder<Real> {
    fn f(&self, x: f64) -> f64 {
        self.0 * x
    }
}

fn main() {}
