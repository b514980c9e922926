use pullback::Differentiable;

#[derive(Differentiable)]
struct Layer {
    w: Vec<f64>,
}

#[derive(Differentiable)]
struct Model {
    layers: Vec<Layer>,
}

fn main() {}
