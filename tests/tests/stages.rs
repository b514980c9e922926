//! Loops that read and add at computed places, over more data than lanes: against the same sums taken one by one.

use nalgebra::DMatrix;
use pullback::differentiable;

/// Two additions to one array, which may meet; a number that is used both as a place and as a number.
#[differentiable(wrt(table, slope))]
fn interpolate(table: &[f64], slope: f64, place: &[usize], x: &[f64]) -> f64 {
    let mut total = 0.0;
    for i in 0..place.len() {
        let (p, q) = (place[i], (place[i] + i) % table.len());
        let t = (slope * x[i]).sin();
        let y = table[p] * t.exp() + table[q] * (1.0 - t) * place[i] as f64;
        total += y * y / (1.0 + t * t) + (y * 0.1).tanh();
    }
    total
}

fn case(n: usize) -> (Vec<f64>, Vec<usize>, Vec<f64>) {
    let table = (0..7).map(|k| 0.3 * k as f64 - 0.9).collect();
    // Sines of large arguments take another way.
    let far = |i: usize| if i % 50 == 49 { 1e9 } else { 0.0 };
    let x = (0..n).map(|i| (i as f64 * 0.7).sin() + far(i)).collect();
    (table, (0..n).map(|i| i * i % 7).collect(), x)
}

#[test]
fn sums_over_blocks_of_lanes_and_the_rest() {
    for n in [0, 1, 15, 16, 64, 100, 1000] {
        let (table, place, x) = case(n);
        let (value, grad) = interpolate::value_and_grad(&table, 1.2, &place, &x);
        let (mut sum, mut slope, mut by_table) = (0.0, 0.0, vec![0.0; 7]);
        for i in 0..n {
            // One iteration by itself is computed without lanes.
            let (v, g) = single(&table, 1.2, place[i], i, x[i]);
            sum += v;
            slope += g.1;
            by_table.iter_mut().zip(&g.0).for_each(|(t, g)| *t += g);
        }
        let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= 1e-11 * (1.0 + scale);
        assert!(close(value, sum, sum.abs()), "{n}: {value} and {sum}");
        let scale = x.iter().fold(n as f64, |m, x| m.max(x.abs() * 100.0));
        assert!(close(grad.slope, slope, scale), "{n}: {} and {slope}", grad.slope);
        for (a, b) in grad.table.iter().zip(&by_table) {
            assert!(close(*a, *b, n as f64 * 100.0), "{n}: {a} and {b}");
        }
    }
}

/// The derivatives of one term by hand: by the table, and by the slope.
fn single(table: &[f64], slope: f64, p: usize, i: usize, x: f64) -> (f64, (Vec<f64>, f64)) {
    let q = (p + i) % table.len();
    let t = (slope * x).sin();
    let dt = (slope * x).cos() * x;
    let y = table[p] * t.exp() + table[q] * (1.0 - t) * p as f64;
    let value = y * y / (1.0 + t * t) + (y * 0.1).tanh();
    let by_y = 2.0 * y / (1.0 + t * t) + 0.1 * (1.0 - (y * 0.1).tanh().powi(2));
    let by_t = by_y * (table[p] * t.exp() - table[q] * p as f64) - y * y * 2.0 * t / (1.0 + t * t).powi(2);
    let mut by_table = vec![0.0; table.len()];
    by_table[p] += by_y * t.exp();
    by_table[q] += by_y * (1.0 - t) * p as f64;
    (value, (by_table, by_t * dt))
}

/// Rows and columns, of which the places in a table are computed.
#[differentiable(wrt(table))]
fn rows(table: &[f64], m: &DMatrix<f64>) -> f64 {
    let mut total = 0.0;
    for j in 0..m.ncols() {
        for i in 0..m.nrows() {
            let v = table[(i + 2 * j) % table.len()];
            total += (v * m[(i, j)]).exp() * v * v + (v + m[(i, j)]).tanh();
        }
    }
    total
}

#[test]
fn rows_of_lanes() {
    let table = [0.1, -0.2, 0.3, 0.4, -0.5];
    for (r, c) in [(3, 4), (40, 3), (37, 41)] {
        let m = DMatrix::from_fn(r, c, |i, j| ((i * 7 + j * 3) as f64 * 0.1).sin());
        let (value, _) = rows::value_and_grad(&table, &m);
        assert!((value - rows(&table, &m)).abs() <= 1e-11 * value.abs());
        if let Err(e) = rows::check(&table, &m) {
            panic!("{r} by {c}: {e}");
        }
    }
}

/// Vectors whose lengths nothing ties together.
#[differentiable(wrt(w, x))]
fn two_lengths(w: f64, x: &[f64], y: &[f64]) -> f64 {
    let mut total = 0.0;
    for i in 0..y.len() {
        let r = (w * x[i]).tanh() - y[i];
        total += r * r;
    }
    total
}

#[test]
fn a_longer_vector() {
    for (n, m) in [(0, 0), (0, 3), (5, 5), (100, 100), (100, 117)] {
        let y: Vec<f64> = (0..n).map(|i| (i as f64 * 0.3).sin()).collect();
        let x: Vec<f64> = (0..m).map(|i| (i as f64 * 0.7).cos()).collect();
        let (value, grad) = two_lengths::value_and_grad(0.8, &x, &y);
        assert!((value - two_lengths(0.8, &x, &y)).abs() <= 1e-12 * (1.0 + value.abs()));
        assert!(grad.x.len() == m && grad.x[n..].iter().all(|g| *g == 0.0));
        if let Err(e) = two_lengths::check(0.8, &x, &y) {
            panic!("{n} of {m}: {e}");
        }
    }
}

#[test]
#[should_panic(expected = "index out of bounds: the length is 99 but the index is 99")]
fn a_shorter_vector_panics() {
    let _ = two_lengths::value_and_grad(0.8, &[0.5; 99], &[0.25; 100]);
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn a_place_outside_panics() {
    let (table, mut place, x) = case(100);
    place[70] = 7;
    let _ = interpolate::value_and_grad(&table, 1.2, &place, &x);
}
