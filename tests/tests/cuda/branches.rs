//! Branches around loops over data whose condition is a number of the device: nothing is read back, and the arm that does not
//! count does no harm.

use nalgebra::{DMatrix, DVector};
use pullback::{Device, DeviceError, Tensor, differentiable};
use pullback_tests::fake;

use crate::gpu;
use crate::harness::wave;

/// Far from the data the sum of distances, near it the sum of squares; then a branch that is not always taken.
#[differentiable(wrt(w))]
fn robust(w: &[f64], x: &[f64], y: &[f64]) -> f64 {
    let mut r = vec![0.0; x.len()];
    for i in 0..x.len() {
        r[i] = w[0] + w[1] * x[i] - y[i];
    }
    let square: f64 = r.iter().map(|r| r * r).sum();
    let loss = if square > 10.0 { r.iter().map(|r| (r * r + 1e-3).sqrt()).sum::<f64>() } else { square };
    let mut scaled = r.clone();
    if loss < 5.0 {
        for i in 0..x.len() {
            scaled[i] = r[i].exp() / square;
        }
    }
    loss + scaled.iter().sum::<f64>() / x.len() as f64
}

/// An arm that panics where it is not to be taken.
#[differentiable(wrt(w))]
fn picked(w: &[f64], x: &[f64], class: &[usize]) -> f64 {
    let total: f64 = x.iter().sum();
    if total > 0.0 {
        let mut sum = 0.0;
        for i in 0..x.len() {
            sum += (w[class[i]] * x[i]).sin();
        }
        sum
    } else {
        w.iter().sum()
    }
}

/// Products and a sequence of loops in an arm.
#[differentiable(wrt(w))]
fn layers(w: &DMatrix<f64>, x: &DMatrix<f64>) -> f64 {
    let mut h = w * x;
    if h.norm_squared() > 4.0 {
        for _ in 0..3 {
            h = (w * &h).map(f64::tanh);
        }
    } else {
        h *= 2.0;
    }
    h.norm_squared()
}

fn data(n: usize) -> [Vec<f64>; 2] {
    [0, 1].map(|k| (0..n).map(|i| wave(k, i)).collect())
}

/// A step of descent, called and recorded, from a start near or far: the same bits, by both arms.
fn descends(start: [f64; 2]) -> Result<(), DeviceError> {
    let device = fake::device();
    let [x, y] = data(300);
    let (x, y) = (Tensor::from(x).to(&device)?, Tensor::from(y).to(&device)?);
    let mut called = Tensor::from(start).to(&device)?;
    let mut step = device.record_with(Tensor::from(start).to(&device)?, |w| {
        let (value, slopes) = robust::on(&device).queued().value_and_grad(&*w, &x, &y)?;
        w.descend(&slopes, 0.01)?;
        Ok(value)
    });
    for k in 0..8 {
        let (value, slopes) = robust::on(&device).value_and_grad(&called, &x, &y)?;
        called.descend(&slopes, 0.01)?;
        step.run()?;
        let last = step.last().map(Tensor::item).transpose()?;
        assert!(
            last.is_some_and(|v| (v - value).abs() <= 1e-12 * value.abs()),
            "run {k}: {last:?} and {value}"
        );
        for (a, b) in step.state().to_vec()?.iter().zip(called.to_vec()?) {
            assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "run {k}: {a} and {b}");
        }
        let host = robust::value_and_grad(&called.to_vec()?, &x.to_vec()?, &y.to_vec()?);
        assert!(host.0.is_finite() && host.1.iter().all(|s| s.is_finite()));
    }
    Ok(())
}

#[test]
fn both_arms_of_a_recorded_branch() {
    let (_one, _gpu) = gpu();
    assert!(robust::explain().contains("queued_gradient: "), "{}", robust::explain());
    assert!(!robust::explain().contains("reads numbers back"), "{}", robust::explain());
    descends([3.0, -2.0]).unwrap();
    descends([0.0, 0.0]).unwrap();
}

#[test]
fn derivatives_are_those_of_the_host() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let [x, y] = data(77);
    // Of the last the arm that does not count is not finite.
    for start in [[3.0, -2.0], [0.01, 0.9], [0.0, 1.0], [1000.0, 0.0]] {
        for y in [&y, &x] {
            let (value, want) = robust::value_and_grad(&start, &x, y);
            let (v, g) = robust::on(&device).queued().value_and_grad(&start, &x, y).unwrap();
            let (v, g) = (v.item().unwrap(), g.to_vec().unwrap());
            let same = |a: f64, b: f64| {
                (a - b).abs() <= 1e-11 * b.abs().max(1.0) || a == b || a.is_nan() && b.is_nan()
            };
            assert!(same(v, value), "{start:?}: {v}, not {value}");
            assert!(g.iter().zip(&want).all(|(a, b)| same(*a, *b)), "{start:?}: {g:?}, not {want:?}");
        }
    }
}

#[test]
fn an_arm_that_does_not_count_does_not_panic() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    let (w, class) = ([0.5, 0.25], [0, 1, 9]);
    let queued = picked::on(&device).queued();
    let (v, g) = queued.value_and_grad(&w, &[-1.0, -2.0, 0.5], &class).unwrap();
    assert_eq!((v.item(), g.to_vec()), (Ok(0.75), Ok(vec![1.0, 1.0])));
    device.synchronize().unwrap();
    let _left = queued.value_and_grad(&w, &[1.0, 2.0, 0.5], &class).unwrap();
    assert_eq!(device.synchronize(), Err(DeviceError::Panicked("index out of bounds".into())));
    assert!(!picked::explain().contains("reads numbers back"), "{}", picked::explain());
}

#[test]
fn products_in_an_arm() {
    let (_one, _gpu) = gpu();
    let device = fake::device();
    for scale in [0.1, 2.0] {
        let w = DMatrix::from_fn(3, 3, |i, j| scale * wave(i, j));
        let x = DMatrix::from_fn(3, 5, |i, j| wave(i + 1, j));
        let (value, want) = layers::value_and_grad(&w, &x);
        let (v, g) = layers::on(&device).queued().value_and_grad(&w, &x).unwrap();
        let (v, g): (f64, DVector<f64>) = (v.item().unwrap(), g.to_vec().unwrap().into());
        assert!((v - value).abs() <= 1e-12 * value, "{v} and {value}");
        let want = DVector::from_vec(Tensor::from(want).to_vec().unwrap());
        assert!((&g - &want).amax() <= 1e-12 * want.amax().max(1.0), "{g} and {want}");
        let on_cpu = layers::on(&Device::cpu()).queued().value(&w, &x).unwrap();
        assert!((on_cpu.item().unwrap() - value).abs() <= 1e-12 * value);
    }
}
