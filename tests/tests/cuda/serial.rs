//! Sequential loops and factorisations between loops over the data: on the GPU they are kernels, so that programs with them
//! are left there, and recorded.

use nalgebra::{DMatrix, DVector, Matrix3, Vector3};
use pullback::{Device, DeviceError, Tensor, differentiable};
use pullback_tests::fake::{self, numbers};

use crate::gpu;
use crate::harness::wave;

/// A recurrence along the data, and a sum over what it makes.
#[differentiable(wrt(a, x))]
fn recurrence(a: f64, x: &[f64]) -> f64 {
    let mut y = vec![0.0; x.len()];
    y[0] = x[0];
    for k in 1..x.len() {
        y[k] = (a * y[k - 1]).sin() + x[k];
    }
    let mut sum = 0.0;
    for k in 0..x.len() {
        sum += y[k] * y[k] * x[k];
    }
    sum
}

/// Steps of Runge and Kutta, the state in an array.
#[differentiable(wrt(start, k))]
fn oscillator(start: &[f64; 2], k: f64, h: f64, seen: &[f64]) -> f64 {
    let mut s = *start;
    let mut path = vec![0.0; seen.len()];
    for place in &mut path {
        let slope = |s: [f64; 2]| [s[1], -k * s[0] - 0.1 * s[1]];
        let k1 = slope(s);
        let k2 = slope([s[0] + 0.5 * h * k1[0], s[1] + 0.5 * h * k1[1]]);
        let k3 = slope([s[0] + 0.5 * h * k2[0], s[1] + 0.5 * h * k2[1]]);
        let k4 = slope([s[0] + h * k3[0], s[1] + h * k3[1]]);
        for i in 0..2 {
            s[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
        *place = s[0];
    }
    path.iter().zip(seen).map(|(p, s)| (p - s).powi(2)).sum()
}

/// The state is as long as the program says: each step changes all of it, one element after the other.
#[differentiable(wrt(u, c))]
fn swept(u: &[f64], c: f64, steps: usize) -> f64 {
    let mut v = u.to_vec();
    for _ in 0..steps {
        for i in 1..v.len() {
            let slope = v[i] - v[i - 1];
            if slope > 0.0 {
                v[i] -= c * slope * v[i];
            }
        }
    }
    v.iter().map(|v| v * v).sum()
}

/// Loops over the data and along it by turns, in a sequential loop.
#[differentiable(wrt(a, x))]
fn by_turns(a: f64, x: &[f64]) -> f64 {
    let mut w = x.to_vec();
    let mut total = 0.0;
    for step in 0..3 {
        let mean = w.iter().sum::<f64>() / w.len() as f64;
        for i in 1..w.len() {
            w[i] += 0.5 * w[i - 1] * a;
        }
        total += w.iter().map(|w| (w - mean).powi(2)).sum::<f64>() * (step + 1) as f64;
    }
    total
}

/// A running maximum, and where it was reached.
#[differentiable(wrt(x))]
fn envelope(x: &[f64], decay: f64) -> f64 {
    let mut e = x.to_vec();
    for k in 1..e.len() {
        let old = e[k - 1] * decay;
        if old > e[k] {
            e[k] = old;
        }
    }
    e.iter().zip(x).map(|(e, x)| (e - x) * (e - x) + e).sum()
}

fn data(n: usize) -> Vec<f64> {
    (0..n).map(|i| wave(1, i) + 0.25).collect()
}

/// Holds a function that is left on the device to the CPU, under several schedules, and records it.
macro_rules! check {
    ($f:ident, [$($arg:expr),*], $exact:expr) => {{
        let text = $f::explain();
        for what in ["queued_gradient", "queued_value"] {
            let line = text.lines().find(|l| l.contains(what)).unwrap_or_else(|| panic!("{text}"));
            assert!(line.contains("reads nothing back"), "{}: {line}", stringify!($f));
        }
        let device = fake::device();
        let (value, gradient) = $f::value_and_grad($($arg),*);
        let want = [vec![value], numbers(&gradient)].concat();
        let close = |got: &[f64], how: &str| {
            let scale = want.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            for (k, (g, w)) in got.iter().zip(&want).enumerate() {
                assert!((g - w).abs() <= $exact * scale, "{} {how}: number {k} is {g}, not {w}", stringify!($f));
            }
        };
        let mut first = None;
        for _ in 0..6 {
            let (value, gradient) = $f::on(&device).queued().value_and_grad($($arg),*).unwrap();
            let got = [vec![value.item().unwrap()], numbers(&gradient)].concat();
            close(&got, "queued");
            assert_eq!(first.get_or_insert(got.clone()), &got, "the order changes the result");
        }
        assert_eq!($f::on(&device).queued().value($($arg),*).unwrap().item().unwrap(), first.unwrap()[0]);
        let mut step = device.record(|| $f::on(&device).queued().value_and_grad($($arg),*));
        for _ in 0..5 {
            step.run().unwrap();
            let (value, gradient) = step.last().unwrap();
            let got = [vec![value.item().unwrap()], numbers(gradient)].concat();
            close(&got, "recorded");
        }
    }};
}

#[test]
fn loops_along_the_data() {
    let (_one, _gpu) = gpu();
    for n in [1, 2, 7, 300, 700] {
        let x = data(n);
        check!(recurrence, [0.75, &x], 1e-12);
        check!(envelope, [&x, 0.8], 1e-13);
        check!(by_turns, [0.9, &x], 1e-12);
    }
}

#[test]
fn states_in_arrays() {
    let (_one, _gpu) = gpu();
    for n in [1, 5, 40] {
        let seen = data(n);
        check!(oscillator, [&[0.5, -0.25], 1.5, 0.1, &seen], 1e-12);
    }
    for (n, steps) in [(3, 1), (40, 4), (300, 2)] {
        let u = data(n);
        check!(swept, [&u, 0.125, steps], 1e-12);
    }
}

/// A fit along the data on a device, recorded, with numbers and data that stay there: parameters after some steps.
fn fit(device: &Device, n: usize) -> Result<[f64; 2], DeviceError> {
    let x = Tensor::from(data(n)).to(device)?;
    let mut a = Tensor::new(&[], vec![0.5])?.to(device)?;
    let mut step = device.record(|| {
        let (value, gradient) = recurrence::on(device).queued().value_and_grad(&a, &x)?;
        a.descend(&gradient.a, 1e-4)?;
        Ok(value)
    });
    for _ in 0..6 {
        step.run()?;
    }
    let value = step.last().expect("it ran").item()?;
    drop(step);
    Ok([value, a.item()?])
}

#[test]
fn steps_along_the_data_are_recorded() {
    let (_one, _gpu) = gpu();
    let (got, want) = (fit(&fake::device(), 500).unwrap(), fit(&Device::cpu(), 500).unwrap());
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-12 * w.abs(), "{got:?}, not {want:?}");
    }
}

/// Indices in a loop of one thread are checked.
#[differentiable(wrt(x))]
fn scattered(x: &[f64], to: &[usize]) -> f64 {
    let mut y = vec![0.0; x.len()];
    for k in 0..x.len() {
        y[to[k]] = 0.5 * y[to[k]] + x[k];
    }
    y.iter().map(|y| y * y).sum()
}

#[test]
fn failures_of_one_thread_are_told_later() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let x = [1.0, 2.0, 3.0];
    check!(scattered, [&x, &[0, 2, 0]], 1e-14);
    let left = scattered::on(&device).queued().grad(&x, &[0, 3, 1]).unwrap();
    assert_eq!(left.to_vec(), Err(DeviceError::Panicked("index out of bounds".into())));
}

/// A system of three unknowns, and of as many as there are.
#[differentiable(wrt(a, b))]
fn small_system(a: &Matrix3<f64>, b: &Vector3<f64>, x: &[f64]) -> f64 {
    let s = a.lu().solve(b).unwrap();
    x.iter().map(|x| (s[0] * x + s[1] * x * x + s[2]).sin()).sum()
}

#[differentiable(wrt(a, b))]
fn system(a: &DMatrix<f64>, b: &DVector<f64>) -> f64 {
    let x = a.clone().lu().solve(b).unwrap();
    x.norm_squared()
}

#[differentiable(wrt(a, w))]
fn whitened(a: &DMatrix<f64>, w: &DMatrix<f64>) -> f64 {
    let factor = a.clone().cholesky().unwrap();
    factor.l().dot(w)
}

#[differentiable(wrt(a, w))]
fn inverted(a: &DMatrix<f64>, w: &DMatrix<f64>) -> f64 {
    a.clone().try_inverse().unwrap().dot(w) + 0.125 * a.determinant()
}

fn matrix(n: usize, k: usize) -> DMatrix<f64> {
    let m = DMatrix::from_fn(n, n, |i, j| wave(k, i * n + j));
    DMatrix::identity(n, n) * 2.0 + m.transpose() * m
}

#[test]
fn systems_of_equations() {
    let (_one, _gpu) = gpu();
    let a = Matrix3::new(0.1, 1.5, -0.5, 2.0, 0.25, 1.0, -1.0, 0.5, 3.0);
    check!(small_system, [&a, &Vector3::new(1.0, -0.5, 0.25), &data(300)], 1e-12);
    for n in [1, 2, 5, 18] {
        // Rows have to change places.
        let mut a = matrix(n, 2);
        a.swap_rows(0, n - 1);
        let b = DVector::from_fn(n, |i, _| wave(3, i));
        check!(system, [&a, &b], 1e-11);
    }
    let device = fake::device();
    let (a, b) = (DMatrix::from_element(2, 2, 1.0), DVector::from_element(2, 1.0));
    let left = system::on(&device).queued().value(&a, &b).unwrap();
    assert_eq!(left.item(), Err(DeviceError::Panicked("a singular system of equations".into())));
}

#[test]
fn factors_and_inverses() {
    let (_one, _gpu) = gpu();
    for n in [1, 2, 6] {
        let (a, w) = (matrix(n, 1), matrix(n, 4));
        check!(whitened, [&a, &w], 1e-11);
        check!(inverted, [&a, &w], 1e-11);
    }
}

/// Loops of the host's that keep numbers and arrays, around loops of one thread that do: by `while` and under a condition.
#[differentiable(wrt(a, x))]
fn mixed(a: f32, x: &[f32], flips: &[bool]) -> f32 {
    let mut w = x.to_vec();
    let mut total = 0.0;
    for &flip in flips {
        let mean = w.iter().map(|w| w * w).sum::<f32>() / w.len() as f32;
        if flip {
            for i in 1..w.len() {
                w[i] = (w[i - 1] * a + w[i]).sin();
            }
        }
        let mut root = mean + 1.0;
        while (root * root - mean - 0.5).abs() > 1e-3 {
            root -= 0.5 * (root * root - mean - 0.5) / root;
        }
        total += root * w.iter().map(|w| (w - mean).powi(2)).sum::<f32>();
    }
    total
}

#[test]
fn tapes_of_the_host_and_of_threads() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let x: Vec<f32> = data(33).iter().map(|&x| x as f32).collect();
    for flips in [&[true, false, true][..], &[false, false], &[true, true]] {
        let (value, gradient) = mixed::value_and_grad(0.75, &x, flips);
        let want = [vec![f64::from(value)], numbers(&gradient)].concat();
        let (value, gradient) = mixed::on(&device).queued().value_and_grad(0.75, &x, flips).unwrap();
        let got = [vec![f64::from(value.item().unwrap())], numbers(&gradient)].concat();
        crate::harness::assert_close("mixed", &got, &want, 1e-5);
    }
}
