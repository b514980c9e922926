use pullback::Differentiable;

#[derive(Differentiable)]
struct Model {
    layer: Layer,
}

struct Layer {
    w: f64,
}

fn main() {}
