//! Recordings of functions whose results stay on the device.

use nalgebra::{DMatrix, DVector};
use pullback::{Device, DeviceError, Tensor, differentiable};

use crate::recordings::{numbers, on_a_gpu, refused};

#[differentiable(wrt(a, b, c, d))]
fn cubic(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

/// The parameters, and the points.
type Fit = ([Tensor<f32>; 4], [Tensor<f32>; 2]);

fn start(device: &Device) -> Result<Fit, DeviceError> {
    let number = |p: f32| Tensor::from(p).to(device);
    let points = |seed| Tensor::from(numbers::<f32>(300, seed)).to(device);
    let params = [number(0.5)?, number(-0.3)?, number(0.2)?, number(0.1)?];
    Ok((params, [points(1)?, points(2)?]))
}

fn step(device: &Device, ([a, b, c, d], [x, y]): &mut Fit) -> Result<Tensor<f32>, DeviceError> {
    let on = cubic::on(device).queued();
    let (loss, grad) = on.value_and_grad(&*a, &*b, &*c, &*d, &*x, &*y)?;
    for (param, slope) in [(a, grad.a), (b, grad.b), (c, grad.c), (d, grad.d)] {
        param.descend(&slope, 1e-3)?;
    }
    Ok(loss)
}

fn bits(of: &[Tensor<f32>]) -> Result<Vec<u32>, DeviceError> {
    of.iter().map(|p| Ok(p.item()?.to_bits())).collect()
}

#[test]
fn a_recorded_fit_is_the_same_to_the_bit() {
    on_a_gpu(|device| {
        let mut want = start(device)?;
        let mut recorded = device.record_with(start(device)?, |fit| step(device, fit));
        let mut losses = Vec::new();
        for k in 0..10 {
            let loss = step(device, &mut want)?.item()?;
            recorded.run()?;
            assert_eq!(recorded.last().expect("it ran").item()?.to_bits(), loss.to_bits(), "step {k}");
            assert_eq!(bits(&recorded.state().0)?, bits(&want.0)?, "step {k}");
            losses.push(loss);
        }
        assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
        // And as the CPU, up to the order of sums.
        let cpu = Device::cpu();
        let mut on_cpu = cpu.record_with(start(&cpu)?, |fit| step(&cpu, fit));
        (0..10).try_for_each(|_| on_cpu.run())?;
        for (got, want) in want.0.iter().zip(&on_cpu.state().0) {
            assert!((got.item()? - want.item()?).abs() < 1e-5);
        }
        Ok(())
    });
}

#[differentiable(wrt(w, v))]
fn network(w: &DMatrix<f64>, v: &DVector<f64>, x: &DMatrix<f64>, y: &DVector<f64>) -> f64 {
    let hidden = (w * x).map(f64::tanh);
    (hidden.transpose() * v - y).norm_squared() / y.len() as f64
}

/// Weights, and a mini-batch.
type Learner = (Tensor<f64>, Tensor<f64>, Tensor<f64>, Tensor<f64>);

fn learner(device: &Device) -> Result<Learner, DeviceError> {
    let matrix = |rows, columns, seed| {
        Tensor::from(DMatrix::from_vec(rows, columns, numbers(rows * columns, seed))).to(device)
    };
    let vector = |n, seed| Tensor::from(numbers::<f64>(n, seed)).to(device);
    Ok((matrix(8, 3, 1)?, vector(8, 2)?, matrix(3, 20, 3)?, vector(20, 4)?))
}

/// Puts the k-th mini-batch where the last one was.
fn next_batch((_, _, x, y): &mut Learner, k: usize) -> Result<(), DeviceError> {
    x.copy_from(&Tensor::from(DMatrix::from_vec(3, 20, numbers(60, k + 5))))?;
    y.copy_from_slice(&numbers(20, k + 50))
}

fn learn(device: &Device, (w, v, x, y): &mut Learner) -> Result<(), DeviceError> {
    let grad = network::on(device).queued().grad(&*w, &*v, &*x, &*y)?;
    w.descend(&grad.w, 0.1)?;
    v.descend(&grad.v, 0.1)
}

#[test]
fn a_recorded_network_learns_from_batches() {
    on_a_gpu(|device| {
        let mut want = learner(device)?;
        let mut recorded = device.record_with(learner(device)?, |all| learn(device, all));
        for k in 0..8 {
            next_batch(&mut want, k)?;
            learn(device, &mut want)?;
            next_batch(recorded.state_mut(), k)?;
            recorded.run()?;
        }
        let (w, v, ..) = recorded.into_state();
        assert_eq!((w.to_vec()?, v.to_vec()?), (want.0.to_vec()?, want.1.to_vec()?));
        assert_ne!(w, learner(device)?.0);
        Ok(())
    });
}

/// The slope by `x` reads `y` at places that `x` names.
#[differentiable(wrt(x))]
fn looked_up(x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += x[i] * y[x[i] as usize];
    }
    sum
}

fn is_out_of_bounds(error: &DeviceError) -> bool {
    matches!(error, DeviceError::Panicked(why) if why.contains("index out of bounds"))
}

#[test]
fn a_failure_in_a_replay_is_told_by_whoever_reads_next() {
    on_a_gpu(|device| {
        let y = Tensor::from([5.0, 6.0, 7.0]).to(device)?;
        let x = Tensor::from([0.0, 1.0, 2.0, 1.0]).to(device)?;
        let mut step = device.record_with(x, |x| looked_up::on(device).queued().grad(&*x, &y));
        for _ in 0..4 {
            step.run()?;
            assert_eq!(step.last().expect("it ran").to_vec()?, [5.0, 6.0, 7.0, 6.0]);
        }
        step.state_mut().set(&[2], 3.0)?;
        step.run()?;
        step.run()?;
        assert!(is_out_of_bounds(&step.last().expect("it ran").to_vec().unwrap_err()));
        // Once told, it is over; and another may ask.
        device.synchronize()?;
        step.run()?;
        assert!(is_out_of_bounds(&y.add(&y)?.to_vec().unwrap_err()));
        step.run()?;
        assert!(is_out_of_bounds(&device.synchronize().unwrap_err()));
        step.state_mut().set(&[2], 0.0)?;
        step.run()?;
        assert_eq!(step.last().expect("it ran").to_vec()?, [5.0, 6.0, 5.0, 6.0]);
        step.state_mut().set(&[2], 3.0)?;
        step.run()?;
        drop(step);
        assert!(is_out_of_bounds(&device.synchronize().unwrap_err()), "also when the recording is gone");
        device.synchronize()
    });
}

#[test]
fn host_numbers_that_change_are_an_error() {
    on_a_gpu(|device| {
        let ([_, b, c, d], [x, y]) = start(device)?;
        let mut a = 0.5;
        let mut step = device.record(|| {
            a += 0.25;
            cubic::on(device).queued().value(a, &b, &c, &d, &x, &y)
        });
        step.run()?;
        step.run()?;
        assert!(refused(&mut step).contains("gets other numbers"));
        let mut same = device.record(|| cubic::on(device).queued().value(0.5, &b, &c, &d, &x, &y));
        for _ in 0..5 {
            same.run()?;
        }
        let want = cubic::on(device).value(0.5, b.item()?, c.item()?, d.item()?, &x, &y)?;
        assert_eq!(same.last().expect("it ran").item()?, want);
        let mut reads = device.record(|| cubic::on(device).value(0.5, &b, &c, &d, &x, &y));
        reads.run()?;
        assert!(refused(&mut reads).contains("queued()"));
        Ok(())
    });
}
