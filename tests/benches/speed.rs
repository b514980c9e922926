//! Generated `value_and_grad_into` against what a person would write for the same derivative, side by side on one thread.
//!
//! `cargo bench -p pullback-tests --bench speed` prints the median time of each and the median of their ratios.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use nalgebra::{DMatrix, DVector};
use pullback::cpu::{self, Lanes, Nest};
use pullback::{Workspace, differentiable};

/// Cross entropy of a logistic regression on five features.
#[differentiable(wrt(w, b))]
#[allow(clippy::too_many_arguments)]
fn logistic(
    w: [f32; 5],
    b: f32,
    x0: &DVector<f32>,
    x1: &DVector<f32>,
    x2: &DVector<f32>,
    x3: &DVector<f32>,
    x4: &DVector<f32>,
    y: &DVector<f32>,
) -> f32 {
    let mut total = 0.0;
    for i in 0..y.len() {
        let z = b + w[0] * x0[i] + w[1] * x1[i] + w[2] * x2[i] + w[3] * x3[i] + w[4] * x4[i];
        total += z.max(0.0) - z * y[i] + (-z.abs()).exp().ln_1p();
    }
    total
}

/// By hand: the five features, and the loss with the gradient by them and by the bias.
struct Logistic<'a> {
    w: [f32; 5],
    b: f32,
    x: [&'a [f32]; 5],
    y: &'a [f32],
}

type Sums = [f32; 7];

impl Logistic<'_> {
    #[inline(always)]
    fn at<const FMA: bool>(&self, x: [f32; 5], y: f32, s: &mut [f32; 7]) {
        let z = (0..5).fold(self.b, |z, k| cpu::muladd::<FMA, f32>(self.w[k], x[k], z));
        let e = pullback::math::f32::exp::<FMA>(-z.abs());
        s[0] += z.max(0.0) - z * y + pullback::math::f32::ln_1p::<FMA>(e);
        let p = if z >= 0.0 { 1.0 } else { e } / (1.0 + e);
        let d = p - y;
        s[1] += d;
        for k in 0..5 {
            s[2 + k] = cpu::muladd::<FMA, f32>(d, x[k], s[2 + k]);
        }
    }
}

impl Nest for Logistic<'_> {
    type Sums = Sums;
    type Stores<'s> = ();
    type Lanes = Lanes<16, 16, 32>;
    const COST: usize = 80;

    #[inline(always)]
    fn run<const FMA: bool, const L: usize>(&self, range: Range<usize>, (): ()) -> Sums {
        let x = self.x.map(|x| x[range.clone()].as_chunks::<L>());
        let (y, y_rest) = self.y[range].as_chunks::<L>();
        let mut sums = [[0.0; L]; 7];
        for (block, y) in y.iter().enumerate() {
            let x = [&x[0].0[block], &x[1].0[block], &x[2].0[block], &x[3].0[block], &x[4].0[block]];
            for l in 0..L {
                let mut s =
                    [sums[0][l], sums[1][l], sums[2][l], sums[3][l], sums[4][l], sums[5][l], sums[6][l]];
                self.at::<FMA>([x[0][l], x[1][l], x[2][l], x[3][l], x[4][l]], y[l], &mut s);
                for k in 0..7 {
                    sums[k][l] = s[k];
                }
            }
        }
        let mut total = sums.map(cpu::add_lanes);
        for (l, &y) in y_rest.iter().enumerate() {
            self.at::<FMA>(x.map(|(_, rest)| rest[l]), y, &mut total);
        }
        total
    }

    #[inline(always)]
    fn combine(a: Sums, b: Sums) -> Sums {
        std::array::from_fn(|k| a[k] + b[k])
    }
}

/// The squared error of a power series.
#[differentiable(wrt(c))]
fn series(c: [f64; 5], x: &[f64], y: &[f64]) -> f64 {
    let mut total = 0.0;
    for i in 0..x.len() {
        let p = c[0] + x[i] * (c[1] + x[i] * (c[2] + x[i] * (c[3] + x[i] * c[4])));
        total += (p - y[i]) * (p - y[i]);
    }
    total
}

/// By hand, for few points: one after the other.
fn series_by_hand(c: [f64; 5], x: &[f64], y: &[f64]) -> (f64, [f64; 5]) {
    let (mut total, mut grad) = (0.0, [0.0; 5]);
    for (&x, &y) in x.iter().zip(y) {
        let r = c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * c[4]))) - y;
        total += r * r;
        let mut term = 2.0 * r;
        for g in &mut grad {
            *g += term;
            term *= x;
        }
    }
    (total, grad)
}

/// Linear regression in matrix form.
#[differentiable(wrt(w))]
fn linear(w: &DVector<f64>, x: &DMatrix<f64>, y: &DVector<f64>) -> f64 {
    (x * w - y).norm_squared() / y.len() as f64
}

/// A network of two layers on a batch; samples are columns.
#[differentiable(wrt(w1, w2))]
fn network(w1: &DMatrix<f32>, w2: &DMatrix<f32>, x: &DMatrix<f32>, y: &DMatrix<f32>) -> f32 {
    let hidden = (w1 * x).map(|v| v.max(0.0));
    (w2 * hidden - y).norm_squared()
}

/// What two sides are kept in between calls.
#[derive(Default)]
struct Layers {
    hidden: DMatrix<f32>,
    out: DMatrix<f32>,
    dhidden: DMatrix<f32>,
    dw1: DMatrix<f32>,
    dw2: DMatrix<f32>,
}

fn network_by_hand(
    w1: &DMatrix<f32>,
    w2: &DMatrix<f32>,
    x: &DMatrix<f32>,
    y: &DMatrix<f32>,
    l: &mut Layers,
) -> f32 {
    let (h, batch) = (w1.nrows(), x.ncols());
    if l.hidden.shape() != (h, batch) {
        l.hidden = DMatrix::zeros(h, batch);
        l.dhidden = DMatrix::zeros(h, batch);
        l.out = DMatrix::zeros(w2.nrows(), batch);
        l.dw1 = DMatrix::zeros(h, w1.ncols());
        l.dw2 = DMatrix::zeros(w2.nrows(), h);
    }
    l.hidden.gemm(1.0, w1, x, 0.0);
    l.hidden.iter_mut().for_each(|v| *v = v.max(0.0));
    l.out.gemm(1.0, w2, &l.hidden, 0.0);
    let mut total = 0.0;
    for (o, y) in l.out.iter_mut().zip(y.iter()) {
        let r = *o - y;
        total += r * r;
        *o = 2.0 * r;
    }
    l.dw2.gemm(1.0, &l.out, &l.hidden.transpose(), 0.0);
    l.dhidden.gemm(1.0, &w2.transpose(), &l.out, 0.0);
    for (d, h) in l.dhidden.iter_mut().zip(l.hidden.iter()) {
        *d = if *h > 0.0 { *d } else { 0.0 };
    }
    l.dw1.gemm(1.0, &l.dhidden, &x.transpose(), 0.0);
    total
}

/// Microseconds per call.
fn time(calls: usize, f: &mut dyn FnMut() -> f64) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(f());
    }
    start.elapsed().as_secs_f64() * 1e6 / calls as f64
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn measure(name: &str, hand: &mut dyn FnMut() -> f64, made: &mut dyn FnMut() -> f64) {
    let (a, b) = (hand(), made());
    assert!((a - b).abs() <= 1e-3 * a.abs(), "{name}: {a} by hand, {b} generated");
    let once = (0..5).map(|_| time(1, hand)).fold(f64::INFINITY, f64::min);
    let calls = (2e3 / once.max(0.01)).ceil() as usize;
    let rounds = (0..31).map(|_| (time(calls, hand), time(calls, made)));
    let (hand, made): (Vec<f64>, Vec<f64>) = rounds.unzip();
    let ratio = median(made.iter().zip(&hand).map(|(m, h)| m / h).collect());
    println!("{name:<46} {:>11.3} {:>11.3} {ratio:>7.3}", median(hand), median(made));
}

fn regressions() {
    let n = 1 << 20;
    let x: [DVector<f32>; 5] =
        std::array::from_fn(|k| DVector::from_fn(n, |i, _| (i as f32 * 0.1 + k as f32).sin()));
    let y = x[0].map(|v| if v > 0.2 { 1.0 } else { 0.0 });
    let (w, b) = (black_box([0.5, -0.2, 0.1, 0.3, -0.4]), 0.1);
    let mut ws = Workspace::<logistic>::default();
    measure(
        "logistic regression, 5 features, 1048576 rows",
        &mut || {
            let x = x.each_ref().map(|x| x.as_slice());
            f64::from(cpu::launch(&Logistic { w, b, x, y: y.as_slice() }, n, ())[0])
        },
        &mut || {
            f64::from(logistic::value_and_grad_into(w, b, &x[0], &x[1], &x[2], &x[3], &x[4], &y, &mut ws))
        },
    );
    for n in [10, 2000] {
        let x: Vec<f64> = (0..n).map(|i| i as f64 / n as f64 * 2.0 - 1.0).collect();
        let y: Vec<f64> = x.iter().map(|x| x.sin()).collect();
        let c = black_box([0.1, 0.2, 0.3, 0.4, 0.5]);
        let mut ws = Workspace::<series>::default();
        measure(
            &format!("power series, 5 coefficients, {n} points"),
            &mut || series_by_hand(black_box(c), &x, &y).0,
            &mut || series::value_and_grad_into(black_box(c), &x, &y, &mut ws),
        );
    }
    let (n, k) = (10_000, 20);
    let x = DMatrix::from_fn(n, k, |i, j| ((i * 7 + j * 3) as f64 * 0.01).sin());
    let y = DVector::from_fn(n, |i, _| (i as f64 * 0.03).cos());
    let w = DVector::from_fn(k, |i, _| 0.1 * i as f64);
    let mut ws = Workspace::<linear>::default();
    let (mut r, mut g) = (DVector::zeros(n), DVector::zeros(k));
    measure(
        "linear regression, 10000 by 20",
        &mut || {
            r.gemv(1.0, &x, &w, 0.0);
            r -= &y;
            g.gemv_tr(2.0 / n as f64, &x, &r, 0.0);
            r.norm_squared() / n as f64
        },
        &mut || linear::value_and_grad_into(&w, &x, &y, &mut ws),
    );
}

fn networks() {
    let matrix =
        |r: usize, c: usize, s: f32| DMatrix::from_fn(r, c, |i, j| ((i * 31 + j * 17) as f32 * s).sin());
    let (w1, w2) = (matrix(128, 64, 0.37), matrix(10, 128, 0.11));
    let (x, y) = (matrix(64, 256, 0.07), matrix(10, 256, 0.05));
    let (mut ws, mut layers) = (Workspace::<network>::default(), Layers::default());
    measure(
        "network: 64, 128 (relu), 10; a batch of 256",
        &mut || f64::from(network_by_hand(&w1, &w2, &x, &y, &mut layers)),
        &mut || f64::from(network::value_and_grad_into(&w1, &w2, &x, &y, &mut ws)),
    );
}

fn main() {
    if std::env::args().any(|a| a == "--explain") {
        return println!("{}\n{}\n{}", logistic::explain(), series::explain(), network::explain());
    }
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("the first use of threads");
    println!("{:<46} {:>11} {:>11} {:>7}", "value and gradient", "hand, us", "macro, us", "ratio");
    regressions();
    networks();
}
