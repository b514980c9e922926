//! Speed of the cubic fit.
use pullback::cpu::{self, Lanes, Nest};
use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;
struct LossNest<'a> {
    a: f32,
    b: f32,
    c: f32,
    d: f32,
    x: &'a [f32],
    y: &'a [f32],
}
type Sums = (f32, f32, f32, f32, f32);
impl LossNest<'_> {
    #[inline(always)]
    fn at<const FMA: bool>(&self, x: f32, y: f32, sums: Sums) -> Sums {
        let x2 = x * x;
        let x3 = x2 * x;
        let y_pred = cpu::muladd::<FMA, _>(
            self.d,
            x3,
            cpu::muladd::<FMA, _>(self.c, x2, cpu::muladd::<FMA, _>(self.b, x, self.a)),
        );
        let r = y_pred - y;
        (
            cpu::muladd::<FMA, _>(r, r, sums.0),
            sums.1 + r,
            cpu::muladd::<FMA, _>(r, x, sums.2),
            cpu::muladd::<FMA, _>(r, x2, sums.3),
            cpu::muladd::<FMA, _>(r, x3, sums.4),
        )
    }
}
impl Nest for LossNest<'_> {
    type Sums = Sums;
    type Stores<'a> = ();
    type Lanes = Lanes<16, 16, 32>;
    const COST: usize = 11;
    #[inline(always)]
    fn run<const FMA: bool, const L: usize>(&self, range: Range<usize>, (): ()) -> Sums {
        let (x, x_tail) = self.x[range.clone()].as_chunks::<L>();
        let (y, y_tail) = self.y[range].as_chunks::<L>();
        let mut s0 = [0.0; L];
        let mut s1 = [0.0; L];
        let mut s2 = [0.0; L];
        let mut s3 = [0.0; L];
        let mut s4 = [0.0; L];
        for (x, y) in x.iter().zip(y) {
            for l in 0..L {
                (s0[l], s1[l], s2[l], s3[l], s4[l]) =
                    self.at::<FMA>(x[l], y[l], (s0[l], s1[l], s2[l], s3[l], s4[l]));
            }
        }
        for (l, (&x, &y)) in x_tail.iter().zip(y_tail).enumerate() {
            (s0[l], s1[l], s2[l], s3[l], s4[l]) = self.at::<FMA>(x, y, (s0[l], s1[l], s2[l], s3[l], s4[l]));
        }
        (cpu::add_lanes(s0), cpu::add_lanes(s1), cpu::add_lanes(s2), cpu::add_lanes(s3), cpu::add_lanes(s4))
    }
    #[inline(always)]
    fn combine(a: Sums, b: Sums) -> Sums {
        (a.0 + b.0, a.1 + b.1, a.2 + b.2, a.3 + b.3, a.4 + b.4)
    }
}
#[inline(never)]
fn vg(a: f32, b: f32, c: f32, d: f32, x: &[f32], y: &[f32]) -> Sums {
    let s = cpu::launch(&LossNest { a, b, c, d, x, y }, x.len(), ());
    (s.0, 2.0 * s.1, 2.0 * s.2, 2.0 * s.3, 2.0 * s.4)
}
fn main() {
    for n in [2000, 1 << 20] {
        let x: Vec<f32> = (0..n).map(|i| i as f32 / n as f32 * 6.28 - 3.14).collect();
        let y: Vec<f32> = x.iter().map(|x| x.sin()).collect();
        for level in [cpu::Level::Baseline, cpu::Level::V3, cpu::Level::V4] {
            cpu::force(Some(level));
            let reps = 20_000_000 / n;
            let mut best = f64::MAX;
            for _ in 0..20 {
                let t = Instant::now();
                for _ in 0..reps / 20 + 1 {
                    black_box(vg(black_box(0.1), 0.2, 0.3, 0.4, black_box(&x), &y));
                }
                best = best.min(t.elapsed().as_secs_f64() / (reps / 20 + 1) as f64);
            }
            println!("{n} {level:?} {:.3} us {:?}", best * 1e6, vg(0.1, 0.2, 0.3, 0.4, &x, &y));
        }
    }
}
