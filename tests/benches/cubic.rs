//! The cubic fit: generated `value_and_grad_into` against a loop over lanes written by hand, side by side.
//!
//! `cargo bench -p pullback-tests --bench cubic` prints the median time of each and the median of their ratios.

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use nalgebra::DVector;
use pullback::cpu::{self, Lanes, Level, Nest};
use pullback::{Workspace, differentiable};

/// Sum of squared errors of y = a + b x + c x² + d x³.
#[differentiable(wrt(a, b, c, d))]
fn loss(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

/// What a person would write: value and gradient in one pass, sums in lanes.
struct ByHand<'a> {
    a: f32,
    b: f32,
    c: f32,
    d: f32,
    x: &'a [f32],
    y: &'a [f32],
}

/// The value, and half the derivatives with respect to a, b, c and d.
type Sums = (f32, f32, f32, f32, f32);

/// `a * b + c`.
#[inline(always)]
fn muladd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

impl ByHand<'_> {
    #[inline(always)]
    fn at<const FMA: bool>(&self, x: f32, y: f32, sums: Sums) -> Sums {
        let (x2, x3) = (x * x, x * x * x);
        let y_pred = muladd::<FMA>(self.d, x3, muladd::<FMA>(self.c, x2, muladd::<FMA>(self.b, x, self.a)));
        let r = y_pred - y;
        (
            muladd::<FMA>(r, r, sums.0),
            sums.1 + r,
            muladd::<FMA>(r, x, sums.2),
            muladd::<FMA>(r, x2, sums.3),
            muladd::<FMA>(r, x3, sums.4),
        )
    }
}

impl Nest for ByHand<'_> {
    type Sums = Sums;
    type Stores<'s> = ();
    type Lanes = Lanes<16, 16, 32>;
    const COST: usize = 18;

    #[inline(always)]
    fn run<const FMA: bool, const L: usize>(&self, range: Range<usize>, (): ()) -> Sums {
        let (x, x_tail) = self.x[range.clone()].as_chunks::<L>();
        let (y, y_tail) = self.y[range].as_chunks::<L>();
        let (mut v, mut a, mut b, mut c, mut d) = ([0.0; L], [0.0; L], [0.0; L], [0.0; L], [0.0; L]);
        for (x, y) in x.iter().zip(y) {
            for l in 0..L {
                (v[l], a[l], b[l], c[l], d[l]) = self.at::<FMA>(x[l], y[l], (v[l], a[l], b[l], c[l], d[l]));
            }
        }
        for (l, (&x, &y)) in x_tail.iter().zip(y_tail).enumerate() {
            (v[l], a[l], b[l], c[l], d[l]) = self.at::<FMA>(x, y, (v[l], a[l], b[l], c[l], d[l]));
        }
        (cpu::add_lanes(v), cpu::add_lanes(a), cpu::add_lanes(b), cpu::add_lanes(c), cpu::add_lanes(d))
    }

    #[inline(always)]
    fn combine(l: Sums, r: Sums) -> Sums {
        (l.0 + r.0, l.1 + r.1, l.2 + r.2, l.3 + r.3, l.4 + r.4)
    }
}

#[inline(never)]
fn by_hand([a, b, c, d]: [f32; 4], x: &DVector<f32>, y: &DVector<f32>) -> Sums {
    assert_eq!(x.len(), y.len());
    let s = cpu::launch(&ByHand { a, b, c, d, x: x.as_slice(), y: y.as_slice() }, x.len(), ());
    (s.0, 2.0 * s.1, 2.0 * s.2, 2.0 * s.3, 2.0 * s.4)
}

#[inline(never)]
fn generated([a, b, c, d]: [f32; 4], x: &DVector<f32>, y: &DVector<f32>, ws: &mut Workspace<loss>) -> Sums {
    let value = loss::value_and_grad_into(a, b, c, d, x, y, ws);
    (value, ws.grad.a, ws.grad.b, ws.grad.c, ws.grad.d)
}

/// Microseconds per call.
fn time(calls: usize, mut f: impl FnMut() -> Sums) -> f64 {
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

fn main() {
    const ROUNDS: usize = 101;
    println!("{:>9} {:>9} {:>11} {:>11} {:>7}", "n", "level", "hand, us", "macro, us", "ratio");
    for n in [2_000, 1 << 20] {
        let x = DVector::from_fn(n, |i, _| (i as f32 / n as f32 * 2.0 - 1.0) * std::f32::consts::PI);
        let y = x.map(f32::sin);
        let mut ws = Workspace::<loss>::default();
        for level in [Level::Baseline, Level::V3, Level::V4] {
            if cpu::force(Some(level)) != level {
                continue;
            }
            let (calls, at) = (2_000_000 / n + 1, black_box([0.5, -0.3, 0.2, 0.1]));
            let rounds = (0..ROUNDS).map(|_| {
                let hand = time(calls, || by_hand(at, &x, &y));
                (hand, time(calls, || generated(at, &x, &y, &mut ws)))
            });
            let (hand, made): (Vec<f64>, Vec<f64>) = rounds.unzip();
            let ratio = median(made.iter().zip(&hand).map(|(m, h)| m / h).collect());
            let (hand, made) = (median(hand), median(made));
            println!("{n:>9} {:>9} {hand:>11.3} {made:>11.3} {ratio:>7.3}", format!("{level:?}"));
        }
    }
}
