//! Results that are left on the GPU: numbers as tensors without axes, steps that read nothing back, and failures that are
//! told later.

use pullback::{Device, DeviceError, Tensor, differentiable};
use pullback_tests::fake;

use crate::gpu;
use crate::harness::wave;

#[differentiable(wrt(a, b, c, d))]
fn cubic(a: f64, b: f64, c: f64, d: f64, x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in x.iter().zip(y) {
        sum += (a + b * x + c * x.powi(2) + d * x.powi(3) - y).powi(2);
    }
    sum / x.len() as f64
}

/// Code before, between and after the loops over the data, with a branch on a sum.
#[differentiable(wrt(a, w))]
fn staged(a: f64, w: &[f64; 3], x: &[f64]) -> f64 {
    let scale = a * w[1] + 0.5;
    let first: f64 = x.iter().map(|x| (x * scale - w[0]).powi(2)).sum();
    let middle = if first > 10.0 { (first / x.len() as f64).sqrt() } else { first * w[2] };
    let mut damped = middle;
    for _ in 0..4 {
        damped = 0.5 * damped + a * a;
    }
    let second: f64 = x.iter().map(|x| (x - damped).powi(2)).sum();
    second / (1.0 + first) + damped
}

#[differentiable(wrt(w))]
fn classes(w: &[f64], x: &[f64], class: &[usize]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += (w[class[i]] * x[i]).sin();
    }
    sum
}

fn data(n: usize) -> [Vec<f64>; 2] {
    [0, 1].map(|k| (0..n).map(|i| wave(k, i)).collect())
}

/// The numbers of a fit after some steps, and the last value: with numbers and data on a device.
fn fit(device: &Device, n: usize) -> Result<[f64; 5], DeviceError> {
    let place = |x: &[f64]| Tensor::from(x.to_vec()).to(device);
    let [x, y] = data(n);
    let (x, y) = (place(&x)?, place(&y)?);
    let start = [0.5, -0.25, 0.125, 0.0625];
    let [mut a, mut b, mut c, mut d] =
        start.map(|p| Tensor::new(&[], vec![p]).and_then(|p| p.to(device)).expect("a number"));
    let mut step = device.record(|| {
        let (value, g) = cubic::on(device).queued().value_and_grad(&a, &b, &c, &d, &x, &y)?;
        a.descend(&g.a, 0.05)?;
        b.descend(&g.b, 0.05)?;
        c.descend(&g.c, 0.05)?;
        d.descend(&g.d, 0.05)?;
        Ok(value)
    });
    // While the second is recorded, reading anything back is an error; so is waiting.
    for _ in 0..6 {
        step.run()?;
    }
    let value = step.last().expect("it ran").item()?;
    drop(step);
    Ok([value, a.item()?, b.item()?, c.item()?, d.item()?])
}

/// The same on the CPU.
fn fit_on_the_host(n: usize) -> [f64; 5] {
    let [x, y] = data(n);
    let [mut a, mut b, mut c, mut d] = [0.5, -0.25, 0.125, 0.0625];
    let mut last = 0.0;
    for _ in 0..6 {
        let (value, g) = cubic::value_and_grad(a, b, c, d, &x, &y);
        (a, b, c, d) = (a - 0.05 * g.a, b - 0.05 * g.b, c - 0.05 * g.c, d - 0.05 * g.d);
        last = value;
    }
    [last, a, b, c, d]
}

#[test]
fn a_training_loop_reads_nothing_back() {
    let (_one, _gpu) = gpu();
    let (got, want) = (fit(&fake::device(), 700).unwrap(), fit_on_the_host(700));
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-12 * w.abs().max(1.0), "{got:?}, not {want:?}");
    }
    assert_eq!(fit(&Device::cpu(), 700).unwrap(), want);
}

#[test]
fn two_launches_make_a_step() {
    let text = cubic::explain();
    assert!(text.contains("queued_gradient: 2 kernels, reads nothing back"), "{text}");
    assert!(text.contains("queued_value: 2 kernels, reads nothing back"), "{text}");
}

#[test]
fn code_between_loops_runs_on_the_gpu() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let w = [0.3, 0.8, 0.1];
    for n in [5, 600] {
        let [x, _] = data(n);
        let (value, want) = staged::on(&device).value_and_grad(0.75, &w, &x).unwrap();
        let a = Tensor::new(&[], vec![0.75]).and_then(|a| a.to(&device)).unwrap();
        let t = Tensor::from(w.to_vec()).to(&device).unwrap();
        let [host, there] = [
            staged::on(&device).queued().value_and_grad(0.75, w, &x).unwrap(),
            staged::on(&device).queued().value_and_grad(&a, &t, &x).unwrap(),
        ];
        for (v, g) in [host, there] {
            assert_eq!((v.item(), g.a.item(), g.w.to_vec()), (Ok(value), Ok(want.a), Ok(want.w.to_vec())));
        }
        let on_cpu = staged::on(&Device::cpu()).queued().value_and_grad(0.75, w, &x).unwrap();
        let (value, want) = staged::value_and_grad(0.75, &w, &x);
        assert_eq!((on_cpu.0.item(), on_cpu.1.a.item()), (Ok(value), Ok(want.a)));
        assert_eq!(on_cpu.1.w.to_vec(), Ok(want.w.to_vec()));
    }
    assert!(staged::explain().contains("reads nothing back"), "{}", staged::explain());
}

#[test]
fn numbers_on_a_device_stand_for_numbers() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let [x, y] = data(40);
    let a = Tensor::new(&[], vec![0.5]).and_then(|a| a.to(&device)).unwrap();
    let (value, g) = cubic::on(&device).value_and_grad(&a, -0.25, 0.125, 0.0625, &x, &y).unwrap();
    let (want, w) = cubic::on(&device).value_and_grad(0.5, -0.25, 0.125, 0.0625, &x, &y).unwrap();
    assert_eq!((value, g.a.item(), g.b), (want, Ok(w.a), w.b));
}

#[test]
fn failures_are_told_later() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let (w, x) = ([1.0, 2.0], [1.0, 2.0, 3.0]);
    let left = classes::on(&device).queued().grad(&w, &x, &[0, 2, 1]).unwrap();
    assert_eq!(device.synchronize(), Err(DeviceError::Panicked("index out of bounds".into())));
    device.synchronize().unwrap();
    drop(left);
    // Whatever is read next: here the result itself.
    let left = classes::on(&device).queued().grad(&w, &x, &[0, 2, 1]).unwrap();
    assert_eq!(left.to_vec(), Err(DeviceError::Panicked("index out of bounds".into())));
    let left = classes::on(&device).queued().value(&w, &x, &[0, 1, 1]).unwrap();
    assert_eq!(left.item().ok(), classes::on(&device).value(&w, &x, &[0, 1, 1]).ok());
}
