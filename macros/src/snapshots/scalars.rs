fn straight(a: f64, b: f32, n: usize) -> f64 {
    let t = a.sin() * 2.0 + f64::cos(a) / 3.0;
    let t = t + b as f64 * std::f64::consts::PI;
    let (mut s, c) = t.sin_cos();
    s += c.powi(2) - (n as f64).sqrt();
    -s.max(1e-3).mul_add(2.0, f64::EPSILON)
}
fn literals_learn_their_type(x: f32) -> f32 {
    let half = 0.5;
    let mut acc = 0.0;
    let three = 3;
    acc += half * x;
    if acc > 1.0 { acc.powi(three) } else { 2.0 * acc }
}
fn local_closures(x: f64, y: f64) -> f64 {
    let sq = |v: f64| v * v;
    let norm = |a, b| (sq(a) + sq(b)).sqrt();
    let x = x + 1.0;
    norm(x, y) - sq(2.0)
}
