use pullback::Differentiable;

#[derive(Differentiable)]
struct Model<T> {
    w: T,
}

fn main() {}
