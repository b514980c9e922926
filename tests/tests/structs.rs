//! Structs as parameters and results, written as a user would.

use nalgebra::{DMatrix, DVector, Matrix3, Vector3};
use pullback::{Differentiable, differentiable};

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Line {
    slope: f64,
    offset: f64,
    #[no_diff]
    scale: f64,
}

#[differentiable(wrt(line))]
fn loss(line: &Line, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
    (x.map(|x| line.scale * (line.slope * x + line.offset)) - y).norm_squared()
}

fn line() -> Line {
    Line { slope: 0.5, offset: -0.25, scale: 2.0 }
}

fn data() -> (DVector<f64>, DVector<f64>) {
    (DVector::from_vec(vec![0.0, 1.0, 2.0, -1.5]), DVector::from_vec(vec![1.0, 0.5, -0.25, 3.0]))
}

#[test]
fn a_gradient_has_the_fields_of_the_parameter() {
    let (x, y) = data();
    let (value, grad) = loss::value_and_grad(&line(), &x, &y);
    let residuals: Vec<f64> = x.iter().zip(&y).map(|(x, y)| 2.0 * (0.5 * x - 0.25) - y).collect();
    let slope: f64 = residuals.iter().zip(&x).map(|(r, x)| 2.0 * r * 2.0 * x).sum();
    let offset: f64 = residuals.iter().map(|r| 2.0 * r * 2.0).sum();
    assert!((value - residuals.iter().map(|r| r * r).sum::<f64>()).abs() < 1e-12);
    assert!((grad.slope - slope).abs() < 1e-12 && (grad.offset - offset).abs() < 1e-12);
    assert_eq!(loss::check(&line(), &x, &y), Ok(()));
}

#[derive(Differentiable)]
struct Network {
    hidden: Layer,
    out: Layer,
    sizes: Vec<usize>,
}

#[derive(Differentiable)]
struct Layer {
    weight: DMatrix<f64>,
    bias: DVector<f64>,
}

#[differentiable]
fn forward(layer: &Layer, x: &DVector<f64>) -> DVector<f64> {
    &layer.weight * x + &layer.bias
}

#[differentiable]
fn energy(net: &Network, x: &DVector<f64>) -> f64 {
    let h = forward(&net.hidden, x).map(f64::tanh);
    forward(&net.out, &h).norm_squared() * net.sizes[1] as f64
}

#[test]
fn structs_nest() {
    let layer = |r: usize, c: usize| Layer {
        weight: DMatrix::from_fn(r, c, |i, j| ((i * 3 + j * 5) as f64).sin()),
        bias: DVector::from_fn(r, |i, _| 0.1 * i as f64),
    };
    let net = Network { hidden: layer(3, 2), out: layer(2, 3), sizes: vec![3, 2] };
    let x = DVector::from_vec(vec![0.3, -0.7]);
    let grad = energy::grad(&net, &x);
    assert_eq!(grad.net.hidden.weight.shape(), (3, 2));
    let h = (&net.hidden.weight * &x + &net.hidden.bias).map(f64::tanh);
    let y = &net.out.weight * &h + &net.out.bias;
    let dy = 4.0 * y;
    let dh = net.out.weight.tr_mul(&dy).zip_map(&h, |d, h| d * (1.0 - h * h));
    assert!((grad.net.out.bias - &dy).norm() < 1e-12);
    assert!((grad.net.out.weight - &dy * h.transpose()).norm() < 1e-12);
    assert!((grad.net.hidden.weight - &dh * x.transpose()).norm() < 1e-12);
    assert!((grad.net.hidden.bias - &dh).norm() < 1e-12);
    assert_eq!(energy::check(&net, &x), Ok(()));
}

#[derive(Differentiable, Clone, Copy, Debug, PartialEq)]
struct Point {
    at: [f64; 2],
    #[no_diff]
    charge: f64,
    mass: f64,
}

#[derive(Differentiable, Clone, Debug)]
struct Cloud {
    points: Vec<Point>,
    corners: [Point; 2],
    softness: f64,
}

#[differentiable]
fn attraction(p: &Point, q: &Point, softness: f64) -> f64 {
    let r2 = (p.at[0] - q.at[0]).powi(2) + (p.at[1] - q.at[1]).powi(2);
    p.mass * q.mass * p.charge / (r2 + softness * softness).sqrt()
}

#[differentiable]
fn potential(cloud: &Cloud, others: &[Point], pair: [Point; 2]) -> f64 {
    let mut sum = 0.0;
    for p in &cloud.points {
        for q in others {
            sum += attraction(p, q, cloud.softness);
        }
        sum += cloud.corners.iter().map(|c| attraction(c, p, cloud.softness)).sum::<f64>();
    }
    let [first, Point { at: [x, y], mass, .. }] = pair;
    sum + mass * x * y + first.mass.powi(2) * first.at[1]
}

fn points(n: usize, seed: f64) -> Vec<Point> {
    let number = |k: usize| (seed + 1.7 * k as f64).sin();
    let point = |k: usize| Point {
        at: [number(3 * k), number(3 * k + 1)],
        charge: 0.5 + k as f64,
        mass: 1.5 + number(3 * k + 2),
    };
    (0..n).map(point).collect()
}

#[test]
fn lists_of_structs_have_lists_of_tangents() {
    let cloud =
        Cloud { points: points(4, 0.1), corners: [points(1, 0.7)[0], points(2, 0.9)[1]], softness: 0.5 };
    let (others, pair) = (points(3, 0.3), [points(1, 1.3)[0], points(1, 2.1)[0]]);
    assert_eq!(potential::check(&cloud, &others, pair), Ok(()));
    let grad = potential::grad(&cloud, &others, pair);
    assert_eq!((grad.cloud.points.len(), grad.others.len()), (4, 3));
    assert_eq!(grad.pair[1].at, [pair[1].mass * pair[1].at[1], pair[1].mass * pair[1].at[0]]);
    assert_eq!(
        (grad.pair[0].mass, grad.pair[0].at),
        (2.0 * pair[0].mass * pair[0].at[1], [0.0, pair[0].mass.powi(2)])
    );
    let by_mass: f64 = cloud.points.iter().map(|p| attraction(p, &others[2], 0.5)).sum();
    assert!((grad.others[2].mass - by_mass / others[2].mass).abs() < 1e-12);
    let empty = Cloud { points: Vec::new(), ..cloud };
    assert_eq!(potential::grad(&empty, &[], pair).cloud.softness, 0.0);
}

#[derive(Differentiable, Clone, Copy, Debug, PartialEq)]
struct Meters(f64);

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct State {
    position: Meters,
    velocity: f64,
    #[no_diff]
    drag: f64,
    steps: usize,
}

#[differentiable(modes(jvp))]
fn advance(state: &State, dt: f64) -> State {
    let mut next = State { steps: state.steps + 1, ..state.clone() };
    for _ in 0..2 {
        next.velocity -= dt * state.drag * next.velocity;
        next.position.0 += dt * next.velocity;
    }
    if next.velocity < 0.0 {
        next.position = Meters(-next.position.0);
    }
    next
}

#[differentiable]
fn shifted(state: State, by: Meters) -> f64 {
    let State { position: Meters(x), velocity, .. } = advance(&state, 0.5);
    let Meters(y) = by;
    (x - y) * velocity
}

fn state() -> State {
    State { position: Meters(2.0), velocity: 3.0, drag: 0.25, steps: 4 }
}

#[test]
fn structs_are_results() {
    let (dt, drag) = (0.5, 0.25);
    let keep = 1.0 - dt * drag;
    let start = state();
    let (value, pull) = advance::vjp(&start, dt);
    assert_eq!((value.steps, value.drag), (5, 0.25));
    let seed = |x: f64, v: f64| {
        let mut seed = value.zeros_like();
        seed.position.0 = x;
        seed.velocity = v;
        seed
    };
    let grad = pull(seed(1.0, 0.0));
    assert!((grad.state.position.0 - 1.0).abs() < 1e-15);
    assert!((grad.state.velocity - dt * (keep + keep * keep)).abs() < 1e-15);
    let grad = pull(seed(0.0, 2.0));
    assert!((grad.state.velocity - 2.0 * keep * keep).abs() < 1e-15);
    assert!((grad.dt + 2.0 * 2.0 * keep * drag * 3.0).abs() < 1e-14);
    let mut direction = state().zeros_like();
    direction.velocity = 1.0;
    let (again, derivative) = advance::jvp(&state(), dt, &direction, 0.0);
    assert_eq!(again, value);
    assert!((derivative.position.0 - dt * (keep + keep * keep)).abs() < 1e-15);
    assert_eq!(advance::check(&state(), dt), Ok(()));
    assert_eq!(shifted::check(state(), Meters(0.5)), Ok(()));
}

#[differentiable]
fn settle(state: &mut State, force: f64) {
    state.velocity += force * state.velocity;
    state.position.0 *= state.velocity;
}

#[test]
fn structs_are_filled() {
    let mut s = state();
    let ((), pull) = settle::vjp(&mut s, 0.5);
    let mut seed = state().zeros_like();
    seed.position.0 = 1.0;
    let grad = pull(seed);
    assert_eq!((grad.state.position.0, grad.state.velocity, grad.force), (4.5, 3.0, 6.0));
    assert_eq!((s.position.0, s.velocity), (9.0, 4.5));
    assert_eq!(settle::check(&mut s, 0.5), Ok(()));
}

#[differentiable(modes(jacobian, hvp))]
fn bowl(p: &Point, scale: f64) -> f64 {
    scale * (p.at[0].powi(2) * p.mass + p.at[1] * p.mass.powi(3)) * p.charge
}

#[differentiable(modes(jacobian))]
fn image(p: &Point) -> [f64; 2] {
    [p.at[0] * p.mass, p.at[1] / p.mass]
}

#[test]
fn derivatives_of_higher_order() {
    let p = Point { at: [2.0, 3.0], charge: 0.5, mass: 1.5 };
    let jacobian = bowl::jacobian(&p, 2.0);
    assert_eq!(jacobian.p, bowl::grad(&p, 2.0).p);
    let rows = image::jacobian(&p);
    assert_eq!((rows[0].at, rows[0].mass), ([1.5, 0.0], 2.0));
    assert_eq!((rows[1].at, rows[1].mass), ([0.0, 1.0 / 1.5], -3.0 / 2.25));
    let mut direction = p.zeros_like();
    direction.mass = 1.0;
    let (_, along) = bowl::hvp(&p, 2.0, &direction, 0.0);
    assert!((along.p.at[0] - 4.0).abs() < 1e-14 && (along.p.at[1] - 6.75).abs() < 1e-14);
    assert!((along.p.mass - 27.0).abs() < 1e-13);
}

#[test]
fn tangents_have_leaves() {
    use pullback::leaves::names;
    let cloud = Cloud { points: points(2, 0.1), corners: [points(1, 0.7)[0]; 2], softness: 0.5 };
    let all =
        ["points.0.at", "points.0.mass", "points.1.at", "points.1.mass", "corners.0.at", "corners.0.mass"];
    let all = [&all[..], &["corners.1.at", "corners.1.mass", "softness"]].concat();
    assert_eq!(names(&cloud), all);
    assert_eq!(names(&cloud.zeros_like()), all);
}

mod elsewhere {
    use pullback::differentiable;
    use pullback_tests::models::{Network, size};

    /// Fields and layers that cannot be named here.
    #[differentiable]
    pub(super) fn penalty(net: &Network, factor: f64) -> f64 {
        factor * size(net) + net.hidden.size()
    }
}

#[test]
fn structs_and_methods_of_another_crate() {
    use pullback_tests::models::Network;
    let (net, x) = (Network::small(), DVector::from_vec(vec![0.4, -1.2]));
    assert_eq!(net.loss_check(&x, 0.3), Ok(()));
    assert_eq!(elsewhere::penalty::check(&net, 1.5), Ok(()));
    let grad = elsewhere::penalty::grad(&net, 1.5);
    assert!((grad.factor - pullback_tests::models::size(&net)).abs() < 1e-14);
}

#[derive(Differentiable, Clone, Debug)]
struct Camera {
    rotation: Matrix3<f64>,
    centre: Vector3<f64>,
}

#[differentiable]
fn reprojection(cameras: &[Camera], points: &[Vector3<f64>], seen: &[(usize, usize, [f64; 2])]) -> f64 {
    let mut sum = 0.0;
    for (c, p, at) in seen {
        let q = cameras[*c].rotation * (points[*p] - cameras[*c].centre);
        sum += (q.x / q.z - at[0]).powi(2) + (q.y / q.z - at[1]).powi(2);
    }
    sum
}

#[differentiable]
fn moved(points: &[Vector3<f64>], by: f64) -> Vec<Vector3<f64>> {
    points.iter().map(|p| p * by).collect()
}

#[test]
fn lists_of_static_vectors_and_matrices() {
    let camera = |k: f64| Camera {
        rotation: Matrix3::from_fn(|i, j| if i == j { 1.0 } else { 0.1 * k * (i as f64 - j as f64) }),
        centre: Vector3::new(0.2 * k, -0.1, -3.0 - k),
    };
    let cameras = [camera(0.0), camera(1.0)];
    let points = [Vector3::new(0.3, 0.4, 1.0), Vector3::new(-0.5, 0.1, 2.0), Vector3::new(0.0, 1.0, 0.5)];
    let seen = [(0, 0, [0.1, 0.2]), (1, 0, [0.0, 0.1]), (0, 1, [-0.2, 0.3]), (1, 2, [0.4, -0.1])];
    assert_eq!(reprojection::check(&cameras, &points, &seen), Ok(()));
    let grad = reprojection::grad(&cameras, &points, &seen);
    assert_eq!((grad.cameras.len(), grad.points.len()), (2, 3));
    let (value, pull) = moved::vjp(&points, 2.0);
    assert_eq!(value[1], Vector3::new(-1.0, 0.2, 4.0));
    let grad = pull(vec![Vector3::zeros(), Vector3::x(), Vector3::zeros()]);
    assert_eq!((grad.points[1], grad.by), (Vector3::new(2.0, 0.0, 0.0), -0.5));
}
