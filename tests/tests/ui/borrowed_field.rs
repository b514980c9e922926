use pullback::Differentiable;

#[derive(Differentiable)]
struct Model {
    w: &'static [f64],
}

fn main() {}
