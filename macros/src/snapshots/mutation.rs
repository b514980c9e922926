fn in_place(x: &[f64], w: &[[f64; 2]]) -> f64 {
    let mut v = x.to_vec();
    for e in v.iter_mut() {
        *e *= 2.0;
    }
    v.swap(0, 1);
    let mut t = (v[0], [1.0, v[1]]);
    t.1[0] += t.0;
    let r = &mut t.0;
    *r += w[1][0];
    for (e, k) in v[1..].iter_mut().zip(0..) {
        *e -= k as f64;
    }
    let mut m = [[0.0; 2]; 3];
    for i in 0..3 {
        m[i][i % 2] = t.0;
        m[i] = [m[i][1], t.1[0]];
    }
    t.0 + t.1[0] * m[2][1] + v.iter().sum::<f64>()
}
fn filled(x: &[f64], out: &mut [f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o = x * x;
    }
}
fn grown(x: f64) -> Vec<f64> {
    let mut v = vec![x];
    v.push(x * 2.0);
    let mut add = |y: f64| v.push(y);
    add(3.0);
    v
}
fn eliminated(a: &DMatrix<f64>) -> f64 {
    let mut m = a.clone();
    let n = m.nrows();
    let mut det = 1.0;
    for k in 0..n {
        let mut p = k;
        for i in k + 1..n {
            if m[(i, k)].abs() > m[(p, k)].abs() {
                p = i;
            }
        }
        if p != k {
            m.swap_rows(p, k);
            det = -det;
        }
        det *= m[(k, k)];
        for i in k + 1..n {
            let f = m[(i, k)] / m[(k, k)];
            for j in k..n {
                m[(i, j)] -= f * m[(k, j)];
            }
        }
    }
    det
}
