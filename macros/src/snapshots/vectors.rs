fn cubic(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}
fn iterators(a: f64, x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (a * x - y).powi(2)).sum::<f64>() / x.len() as f64
}
fn affine(w: &DMatrix<f64>, b: &DVector<f64>, x: &DVector<f64>) -> DVector<f64> {
    (w * x + b).map(f64::tanh)
}
fn rotated(m: Matrix2<f64>, v: &Vector2<f64>) -> f64 {
    let r = m * v;
    r.x * 2.0 + r[1] + m[(0, 1)]
}
fn filtered(x: &[f64]) -> f64 {
    x.iter().filter(|v| **v > 0.0).map(|v| v.sqrt()).sum()
}
