fn branches(x: f64, n: i32) -> f64 {
    let mut y = x;
    if x > 0.0 && n > 2 {
        y *= 2.0;
    } else if x < -1.0 {
        y = -x;
    }
    let z = if y > 1.0 { y.ln() } else { 0.0 };
    match n {
        0 => z,
        1 | 2 => z + y,
        3..=5 => z * y,
        k if k > 10 => z - 1.0,
        _ => y,
    }
}
fn loops(x: &[f64], n: usize) -> f64 {
    let mut s = 0.0;
    let mut out = vec![0.0; n];
    for i in 0..n {
        out[i] = x[i] * 2.0;
        s += out[i];
    }
    for (i, v) in x.iter().enumerate().rev().skip(1) {
        if i % 2 == 0 {
            continue;
        }
        s += v * i as f64;
    }
    s
}
fn newton(a: f64) -> f64 {
    let mut x = a;
    let mut n = 0;
    while (x * x - a).abs() > 1e-12 {
        x = 0.5 * (x + a / x);
        n += 1;
        if n > 50 {
            break;
        }
    }
    x
}
fn early(x: &[f64], limit: f64) -> f64 {
    let mut s = 0.0;
    if limit < 0.0 {
        return -limit;
    }
    for v in x {
        s += v;
        if s > limit {
            return limit * 2.0;
        }
    }
    s
}
