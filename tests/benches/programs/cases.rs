//! The programs with data of realistic sizes.

use nalgebra::{DMatrix, DVector};
use pullback::{Workspace, differentiable};

use crate::common::random;
use crate::{Case, attention, bundle, determinant, gmm, hand, kmeans, lstm, network, newton, ode};
use attention::head;
use bundle::residual;
use determinant::determinant as det;
use hand::errors;
use kmeans::cost;
use newton::root;
use ode::miss;

/// A function and its gradient as a closure that gives the value, with a workspace that is kept.
macro_rules! kept {
    ($($f:ident)::+($($arg:expr),* $(,)?)) => {{
        let mut room = Workspace::<$($f)::+>::default();
        Box::new(move || $($f)::+::value_and_grad_into($($arg),*, &mut room))
    }};
}

/// Every program.
pub(crate) fn all() -> Vec<Case> {
    vec![
        mixture(),
        reprojection(),
        memory(),
        tracking(),
        square_roots(),
        lorenz(),
        elimination(),
        attention_head(),
        two_layers(),
        clusters(),
    ]
}

/// Numbers in (-scale, scale).
fn around(seed: u64, n: usize, scale: f64) -> Vec<f64> {
    random(seed, n).iter().map(|v| scale * (2.0 * v - 1.0)).collect()
}

fn chunks<const N: usize>(numbers: &[f64]) -> Vec<[f64; N]> {
    numbers.as_chunks().0.to_vec()
}

/// Data that lives as long as the program.
fn keep<T>(data: T) -> &'static T {
    Box::leak(Box::new(data))
}

fn mixture() -> Case {
    #[differentiable(wrt(one))]
    fn forward(one: f64, a: &[f64], m: &[f64], l: &[f64], x: &[f64], d: usize) -> f64 {
        one * gmm::objective(a, m, l, x, d, 1.0, 0.0)
    }
    const D: usize = 10;
    let (k, n) = (25, 500);
    let (a, m) = (keep(around(1, k, 1.0)), keep(around(2, k * D, 1.0)));
    let (l, x) = (keep(around(3, k * D * (D + 1) / 2, 0.5)), keep(around(4, n * D, 1.5)));
    Case {
        name: "gmm: 10 dimensions, 25 components, 500 points",
        explain: gmm::objective::explain,
        plain: Box::new(|| gmm::objective(a, m, l, x, D, 1.0, 0.0)),
        forward: kept!(forward(1.0, a, m, l, x, D)),
        gradient: kept!(gmm::objective(a, m, l, x, D, 1.0, 0.0)),
    }
}

fn reprojection() -> Case {
    /// Half the sum of squares of all residuals; an observation is a camera and a point.
    #[differentiable(wrt(cameras, points))]
    fn adjust(cameras: &[[f64; 11]], points: &[[f64; 3]], seen: &[[usize; 2]], features: &[[f64; 2]]) -> f64 {
        let mut total = 0.0;
        for i in 0..seen.len() {
            let [camera, point] = seen[i];
            let r = residual(cameras[camera], points[point], 1.0, features[i]);
            total += r[0] * r[0] + r[1] * r[1];
        }
        0.5 * total
    }

    #[differentiable(wrt(one))]
    fn forward(
        one: f64,
        cameras: &[[f64; 11]],
        points: &[[f64; 3]],
        seen: &[[usize; 2]],
        features: &[[f64; 2]],
    ) -> f64 {
        one * adjust(cameras, points, seen, features)
    }
    let (cameras, points, n) = (49, 1000, 10_000);
    let seen = keep((0..n).map(|i| [i * 31 % cameras, i * 7 % points]).collect::<Vec<_>>());
    let near = chunks::<11>(&around(1, cameras * 11, 0.1));
    let cameras = keep(
        near.iter()
            .map(|c| {
                let mut c = *c;
                c[5] -= 5.0;
                c[6] += 500.0;
                c
            })
            .collect::<Vec<_>>(),
    );
    let points = keep(chunks::<3>(&around(2, points * 3, 1.0)));
    let features = keep(chunks::<2>(&around(3, n * 2, 100.0)));
    Case {
        name: "bundle: 49 cameras, 1000 points, 10000 seen",
        explain: adjust::explain,
        plain: Box::new(|| adjust(cameras, points, seen, features)),
        forward: kept!(forward(1.0, cameras, points, seen, features)),
        gradient: kept!(adjust(cameras, points, seen, features)),
    }
}

fn memory() -> Case {
    #[differentiable(wrt(one))]
    fn forward(one: f64, main: &[f64], extra: &[f64], state: &[f64], sequence: &[f64], b: usize) -> f64 {
        one * lstm::loss(main, extra, state, sequence, b)
    }
    let (layers, b, steps) = (2, 14, 1024);
    let (main, extra) = (keep(around(1, layers * 8 * b, 1.0)), keep(around(2, 3 * b, 1.0)));
    let (state, sequence) = (keep(around(3, layers * 2 * b, 1.0)), keep(around(4, steps * b, 1.0)));
    Case {
        name: "lstm: 2 layers of 14, 1024 steps",
        explain: lstm::loss::explain,
        plain: Box::new(|| lstm::loss(main, extra, state, sequence, 14)),
        forward: kept!(forward(1.0, main, extra, state, sequence, 14)),
        gradient: kept!(lstm::loss(main, extra, state, sequence, 14)),
    }
}

/// A pose, parents, transforms and their inverses, and for each vertex its position, weights and point.
type Skeleton = (
    &'static [f64; 26],
    &'static [i64],
    &'static [[[f64; 4]; 4]],
    &'static [[[f64; 4]; 4]],
    &'static [[f64; 3]],
    &'static [[f64; 22]],
    &'static [[f64; 3]],
);

fn skeleton() -> Skeleton {
    let (bones, n) = (22, 500);
    let theta: &'static [f64; 26] = keep(around(1, 26, 0.3).try_into().expect("26 numbers"));
    let parents = keep((0..bones as i64).map(|b| if b % 4 == 1 { 0 } else { b - 1 }).collect::<Vec<_>>());
    let transform = |v: &[f64; 16]| {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| if i == 3 { f64::from(j == 3) } else { v[4 * i + j] })
        })
    };
    let transforms = |seed: u64| -> &'static Vec<[[f64; 4]; 4]> {
        keep(chunks::<16>(&around(seed, bones * 16, 0.8)).iter().map(transform).collect())
    };
    let (relatives, inverses) = (transforms(2), transforms(3));
    let positions = keep(chunks::<3>(&around(4, n * 3, 1.0)));
    let points = keep(chunks::<3>(&around(5, n * 3, 1.0)));
    // Four bones move a vertex, as in the model.
    let weight = |v: usize, bone: usize| if (bone + v).is_multiple_of(6) { 0.25 } else { 0.0 };
    let weights: &'static Vec<[f64; 22]> =
        keep((0..n).map(|v| std::array::from_fn(|bone| weight(v, bone))).collect());
    (theta, parents, relatives, inverses, positions, weights, points)
}

fn tracking() -> Case {
    /// Half the sum of squares of all errors.
    #[differentiable(wrt(theta))]
    fn misfit(
        theta: [f64; 26],
        parents: &[i64],
        relatives: &[[[f64; 4]; 4]],
        inverses: &[[[f64; 4]; 4]],
        positions: &[[f64; 3]],
        weights: &[[f64; 22]],
        points: &[[f64; 3]],
    ) -> f64 {
        let e = errors(theta, parents, relatives, inverses, positions, weights, points);
        let mut total = 0.0;
        for i in 0..e.len() {
            total += e[i] * e[i];
        }
        0.5 * total
    }

    #[differentiable(wrt(one))]
    fn forward(
        one: f64,
        theta: [f64; 26],
        parents: &[i64],
        relatives: &[[[f64; 4]; 4]],
        inverses: &[[[f64; 4]; 4]],
        positions: &[[f64; 3]],
        weights: &[[f64; 22]],
        points: &[[f64; 3]],
    ) -> f64 {
        one * misfit(theta, parents, relatives, inverses, positions, weights, points)
    }
    let (theta, parents, relatives, inverses, positions, weights, points) = skeleton();
    Case {
        name: "hand: 22 bones, 500 points",
        explain: misfit::explain,
        plain: Box::new(|| misfit(*theta, parents, relatives, inverses, positions, weights, points)),
        forward: kept!(forward(1.0, *theta, parents, relatives, inverses, positions, weights, points)),
        gradient: kept!(misfit(*theta, parents, relatives, inverses, positions, weights, points)),
    }
}

fn square_roots() -> Case {
    #[differentiable(wrt(one))]
    fn forward(one: f64, a: f64) -> f64 {
        one * root(a)
    }
    let mut room = Workspace::<root>::default();
    let all = keep(random(1, 1000).iter().map(|a| 1e4 * a).collect::<Vec<_>>());
    Case {
        name: "newton: 1000 square roots",
        explain: root::explain,
        plain: Box::new(|| all.iter().map(|&a| root(a)).sum()),
        forward: Box::new(|| all.iter().map(|&a| forward::value_and_grad(1.0, a).0).sum()),
        gradient: Box::new(move || {
            let each = |room: &mut _, &a: &f64| root::value_and_grad_into(a, room);
            all.iter().map(|a| each(&mut room, a)).sum()
        }),
    }
}

fn lorenz() -> Case {
    #[differentiable(wrt(one))]
    fn forward(one: f64, start: [f64; 3], target: [f64; 3], steps: usize) -> f64 {
        one * miss(start, 10.0, 28.0, 8.0 / 3.0, target, 0.01, steps)
    }
    const START: [f64; 3] = [1.0, 1.1, 1.3];
    const TARGET: [f64; 3] = [1.0, 2.0, 20.0];
    const BETA: f64 = 8.0 / 3.0;
    Case {
        name: "lorenz: 200 steps of Runge and Kutta",
        explain: miss::explain,
        plain: Box::new(|| miss(START, 10.0, 28.0, BETA, TARGET, 0.01, 200)),
        forward: kept!(forward(1.0, START, TARGET, 200)),
        gradient: kept!(miss(START, 10.0, 28.0, BETA, TARGET, 0.01, 200)),
    }
}

fn elimination() -> Case {
    #[differentiable(wrt(one))]
    fn forward(one: f64, m: &DMatrix<f64>) -> f64 {
        one * det(m)
    }
    let n = 48;
    let m = keep(DMatrix::from_vec(n, n, around(1, n * n, 1.0)));
    Case {
        name: "determinant: 48 by 48, pivoting",
        explain: det::explain,
        plain: Box::new(|| det(m)),
        forward: kept!(forward(1.0, m)),
        gradient: kept!(det(m)),
    }
}

fn attention_head() -> Case {
    #[differentiable(wrt(one))]
    fn forward(
        one: f64,
        x: &DMatrix<f64>,
        wq: &DMatrix<f64>,
        wk: &DMatrix<f64>,
        wv: &DMatrix<f64>,
        target: &DMatrix<f64>,
    ) -> f64 {
        one * head(x, wq, wk, wv, target)
    }
    let (n, d, h) = (128, 64, 32);
    let matrix = |seed, r: usize, c: usize| keep(DMatrix::from_vec(r, c, around(seed, r * c, 0.5)));
    let (x, target) = (matrix(1, n, d), matrix(2, n, h));
    let (wq, wk, wv) = (matrix(3, d, h), matrix(4, d, h), matrix(5, d, h));
    Case {
        name: "attention: 128 tokens of 64, a head of 32",
        explain: head::explain,
        plain: Box::new(|| head(x, wq, wk, wv, target)),
        forward: kept!(forward(1.0, x, wq, wk, wv, target)),
        gradient: kept!(head(x, wq, wk, wv, target)),
    }
}

fn two_layers() -> Case {
    #[differentiable(wrt(one))]
    fn forward(
        one: f64,
        w1: &DMatrix<f64>,
        b1: &DVector<f64>,
        w2: &DMatrix<f64>,
        b2: &DVector<f64>,
        x: &DMatrix<f64>,
        y: &DMatrix<f64>,
    ) -> f64 {
        one * network::loss(w1, b1, w2, b2, x, y)
    }
    let (inputs, hidden, outputs, batch) = (32, 64, 10, 256);
    let matrix = |seed, r: usize, c: usize| keep(DMatrix::from_vec(r, c, around(seed, r * c, 0.5)));
    let vector = |seed, n: usize| keep(DVector::from_vec(around(seed, n, 0.5)));
    let (w1, b1) = (matrix(1, hidden, inputs), vector(2, hidden));
    let (w2, b2) = (matrix(3, outputs, hidden), vector(4, outputs));
    let (x, y) = (matrix(5, inputs, batch), matrix(6, outputs, batch));
    Case {
        name: "network: 32, 64 (tanh), 10; a batch of 256",
        explain: network::loss::explain,
        plain: Box::new(|| network::loss(w1, b1, w2, b2, x, y)),
        forward: kept!(forward(1.0, w1, b1, w2, b2, x, y)),
        gradient: kept!(network::loss(w1, b1, w2, b2, x, y)),
    }
}

fn clusters() -> Case {
    #[differentiable(wrt(one))]
    fn forward(one: f64, points: &[[f64; 2]], centres: &[[f64; 2]]) -> f64 {
        one * cost(points, centres)
    }
    let points = keep(chunks::<2>(&random(1, 20_000)));
    let centres = keep(chunks::<2>(&random(2, 20)));
    Case {
        name: "kmeans: 10000 points, 10 centres",
        explain: cost::explain,
        plain: Box::new(|| cost(points, centres)),
        forward: kept!(forward(1.0, points, centres)),
        gradient: kept!(cost(points, centres)),
    }
}
