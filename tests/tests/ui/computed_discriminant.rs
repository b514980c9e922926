use pullback::differentiable;

const FIRST: isize = 1;

#[differentiable]
enum Kernel {
    Gauss = FIRST,
    Cauchy = 2,
}

fn main() {}
