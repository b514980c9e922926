use pullback::{Differentiable, differentiable};

#[differentiable(rule = wants_more)]
fn few(x: f64, y: f64) -> f64 {
    x * y
}

#[differentiable]
fn wants_more(x: f64, y: f64) -> f64 {
    x * y
}

#[differentiable(rule = returns_one)]
fn two(x: f64, y: f64) -> f64 {
    x * y
}

#[differentiable]
fn returns_one(_x: f64, y: f64, dz: f64) -> f64 {
    y * dz
}

#[derive(Differentiable)]
struct Line {
    slope: f64,
    offset: f64,
}

#[differentiable(rule = of_parts)]
fn parts(line: &Line, x: f64) -> f64 {
    line.slope * x + line.offset
}

#[differentiable]
fn of_parts(line: &Line, x: f64, dy: f64) -> f64 {
    line.slope * x * dy
}

#[differentiable(rule = of_other_length)]
fn sum(x: &[f64], y: &[f64]) -> f64 {
    x.iter().sum::<f64>() + y.iter().sum::<f64>()
}

#[differentiable]
fn of_other_length(x: &[f64], y: &[f64], dz: f64) -> (Vec<f64>, Vec<f64>) {
    (y.iter().map(|_| dz).collect(), x.iter().map(|_| dz).collect())
}

fn main() {}
