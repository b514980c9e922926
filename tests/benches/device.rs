//! Timings on a GPU: what a copy reaches, what a launch costs the host, what steps of the tutorials' models take, matrix products,
//! and what kernels take of the GPU. Prints tables; on a machine without a GPU it says so. `--small` makes everything small, to see
//! that it runs. `--launches` only shows what a launch costs the host; with it the driver for tests stands in, which is
//! to do nothing then: `PULLBACK_FAKECUDA_IDLE=1`.

use std::time::Instant;

use nalgebra::{DMatrix, DVector};
use pullback::cuda::Buffer;
use pullback::optim::{Adam, clip_norm_queued};
use pullback::{Device, DeviceError, Tensor, differentiable};

#[differentiable(wrt(a, b, c, d))]
fn cubic(a: f32, b: f32, c: f32, d: f32, x: &DVector<f32>, y: &DVector<f32>) -> f32 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

#[differentiable(wrt(w, b))]
fn logistic(w: &[f32; 5], b: f32, x: &[[f32; 5]], y: &[f32]) -> f32 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        let z = b + w[0] * x[i][0] + w[1] * x[i][1] + w[2] * x[i][2] + w[3] * x[i][3] + w[4] * x[i][4];
        sum += z.max(0.0) - z * y[i] + (1.0 + (-z.abs()).exp()).ln();
    }
    sum / x.len() as f32
}

#[differentiable(wrt(w))]
fn layer(w: &DMatrix<f32>, x: &DMatrix<f32>, y: &DMatrix<f32>) -> f32 {
    ((w * x).map(f32::tanh) - y).norm_squared()
}

/// The shortest of several runs, in seconds; the first is not counted, since it assembles kernels.
fn seconds(mut work: impl FnMut() -> Result<(), DeviceError>) -> Result<f64, DeviceError> {
    work()?;
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn copy(device: &Device, n: usize) -> Result<f64, DeviceError> {
    let gpu = device.gpu().ok_or(DeviceError::NoDriver)?;
    let buffer = Buffer::zeroed(gpu, 4 * n)?;
    let time = seconds(|| {
        drop(buffer.duplicate()?);
        gpu.synchronize()
    })?;
    let rate = 8.0 * n as f64 / time;
    println!(
        "| copy of 2^{} f32 | {:.1} us | {:.0} GB/s read and written |",
        n.ilog2(),
        time * 1e6,
        rate / 1e9
    );
    Ok(rate)
}

/// What queueing a kernel costs the host.
fn launches(device: &Device, count: usize) -> Result<(), DeviceError> {
    let mut x = Tensor::<f32>::ones(&[1000], device)?;
    let y = x.duplicate()?;
    let rows = |what: &str, step: &mut dyn FnMut() -> Result<(), DeviceError>| {
        step()?;
        let mut best = f64::INFINITY;
        for _ in 0..10 {
            device.synchronize()?;
            let start = Instant::now();
            (0..count).try_for_each(|_| step())?;
            best = best.min(start.elapsed().as_secs_f64() / count as f64);
        }
        println!("| host: {what} | {:.2} us | |", best * 1e6);
        Ok::<(), DeviceError>(())
    };
    rows("a launch, in place", &mut || x.descend(&y, 0.1))?;
    rows("a launch with a new array", &mut || y.scale(0.5).map(drop))?;
    let (mut model, slopes) = (arrays(device, 8, 1000)?, arrays(device, 8, 1000)?);
    let mut adam = Adam::new(1e-3);
    rows("a step of Adam, 8 arrays", &mut || Ok(adam.try_step(&mut model, &slopes)?))?;
    let mut step = device.record_with(y.duplicate()?, |z| (0..10).try_for_each(|_| z.descend(&y, 0.1)));
    (0..4).try_for_each(|_| step.run())?;
    rows("a recording of 10 launches", &mut || step.run())?;
    device.synchronize()
}

fn arrays(device: &Device, count: usize, n: usize) -> Result<Vec<Tensor<f32>>, DeviceError> {
    (0..count).map(|_| Tensor::ones(&[n], device)).collect()
}

/// What all arrays of a model take when a step clips their gradient and trains them.
fn training(device: &Device, count: usize, n: usize) -> Result<(), DeviceError> {
    let state = (arrays(device, count, n)?, arrays(device, count, n)?, Adam::new(1e-3));
    let mut step = device.record_with(state, |(model, slopes, adam)| {
        clip_norm_queued(&mut *slopes, 1.0)?;
        Ok(adam.try_step(model, slopes)?)
    });
    (0..4).try_for_each(|_| step.run())?;
    let time = seconds(|| {
        step.run()?;
        device.synchronize()
    })?;
    // Gradients are read three times and written, the model and its two means read and written.
    let rate = 10.0 * 4.0 * (count * n) as f64 / time;
    println!(
        "| clipping and Adam, recorded, {count} arrays of {n} | {:.1} us | {:.0} GB/s |",
        time * 1e6,
        rate / 1e9
    );
    Ok(())
}

/// What the kernels above take of a multiprocessor.
fn usage(device: &Device) -> Result<(), DeviceError> {
    let gpu = device.gpu().ok_or(DeviceError::NoDriver)?;
    println!("\n| kernel | registers | bytes of local memory |\n| --- | --- | --- |");
    for kernel in gpu.usage()? {
        println!("| {} | {} | {} |", kernel.kernel, kernel.registers, kernel.local_bytes);
    }
    Ok(())
}

/// The parameters of the fit at first.
const START: [f32; 4] = [0.5, -0.3, 0.2, 0.1];

#[differentiable(wrt(p))]
fn cubic_of(p: &[f32; 4], x: &[f32], y: &[f32]) -> f32 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        let y_pred = p[0] + p[1] * x[i] + p[2] * x[i].powi(2) + p[3] * x[i].powi(3);
        sum += (y_pred - y[i]).powi(2);
    }
    sum
}

/// The loss at the start in double precision.
fn loss_at_start(x: &[f32], y: &[f32]) -> f64 {
    let [a, b, c, d] = START.map(f64::from);
    let residual = |(&x, &y): (&f32, &f32)| {
        let x = f64::from(x);
        a + x * (b + x * (c + x * d)) - f64::from(y)
    };
    x.iter().zip(y).map(|point| residual(point).powi(2)).sum()
}

/// Steps of gradient descent on the fit: value, slopes and new parameters, one launch of a recording each.
fn recorded(device: &Device, sizes: &[usize], steps: usize, rate: f64) -> Result<(), DeviceError> {
    for &n in sizes {
        let x = Tensor::<f32>::rand(&[n], 1, device)?;
        let y = Tensor::<f32>::rand(&[n], 2, device)?;
        let params = Tensor::from(START).to(device)?;
        let mut step = device.record_with(params, |p| {
            let (value, slopes) = cubic_of::on(device).queued().value_and_grad(&*p, &x, &y)?;
            p.descend(&slopes, 1e-6 / n as f32)?;
            Ok(value)
        });
        step.run()?;
        let value = step.last().map(Tensor::item).transpose()?.map_or(f64::NAN, f64::from);
        let wanted = loss_at_start(&x.to_vec()?, &y.to_vec()?);
        assert!((value - wanted).abs() <= 1e-5 * wanted, "the loss of {n} points is {value}, not {wanted}");
        (0..4).try_for_each(|_| step.run())?;
        let time = seconds(|| {
            (0..steps).try_for_each(|_| step.run())?;
            device.synchronize()
        })? / steps as f64;
        println!(
            "| cubic, a recorded step, n = {n} | {:.1} us | {:.0} % of the copy |",
            time * 1e6,
            800.0 * n as f64 / time / rate
        );
    }
    Ok(())
}

fn cubics(device: &Device, sizes: &[usize], rate: f64) -> Result<(), DeviceError> {
    for &n in sizes {
        let x = Tensor::<f32>::rand(&[n], 1, device)?;
        let y = Tensor::<f32>::rand(&[n], 2, device)?;
        let on = cubic::on(device);
        let time = seconds(|| on.value_and_grad(0.5, -0.3, 0.2, 0.1, &x, &y).map(drop))?;
        let part = 8.0 * n as f64 / time / rate;
        println!(
            "| cubic, value and 4 slopes, n = {n} | {:.1} us | {:.0} % of the copy |",
            time * 1e6,
            part * 100.0
        );
    }
    Ok(())
}

fn models(device: &Device, n: usize, side: usize) -> Result<(), DeviceError> {
    let x = Tensor::<f32>::rand(&[n, 5], 1, device)?;
    let y = Tensor::<f32>::rand(&[n], 2, device)?;
    let w = [0.1, -0.2, 0.3, 0.4, -0.5];
    let time = seconds(|| logistic::on(device).value_and_grad(&w, 0.1, &x, &y).map(drop))?;
    println!(
        "| logistic regression, 5 features, n = {n} | {:.1} us | {:.0} GB/s |",
        time * 1e6,
        24e-9 * n as f64 / time
    );
    let [w, x, y] = [1, 2, 3].map(|k| Tensor::<f32>::rand(&[side, side], k, device));
    let (w, x, y) = (w?.transpose(), x?.transpose(), y?.transpose());
    let time = seconds(|| layer::on(device).grad(&w, &x, &y).map(drop))?;
    let rate = 4.0 * (side as f64).powi(3) / time;
    println!(
        "| a layer of {side} x {side}, {side} samples | {:.1} us | {:.2} Tflop/s |",
        time * 1e6,
        rate / 1e12
    );
    let time = seconds(|| {
        drop(w.matmul(&x)?);
        device.gpu().map_or(Ok(()), |gpu| gpu.synchronize())
    })?;
    let rate = 2.0 * (side as f64).powi(3) / time;
    println!("| product of {side} x {side} | {:.1} us | {:.2} Tflop/s |", time * 1e6, rate / 1e12);
    Ok(())
}

fn main() -> Result<(), DeviceError> {
    let [small, only_launches] = ["--small", "--launches"].map(|given| std::env::args().any(|a| a == given));
    let device = if small || only_launches { pullback_tests::fake::device() } else { Device::best() };
    if device.is_cpu() {
        println!("There is no GPU here.");
        return Ok(());
    }
    println!("{device}\n\n| what | time | rate |\n| --- | --- | --- |");
    launches(&device, if small { 5 } else { 1000 })?;
    if only_launches {
        return Ok(());
    }
    let (large, sizes, n, side) = match small {
        true => (1 << 10, vec![2000], 512, 20),
        false => (1 << 28, vec![2000, 1 << 20, 1 << 28], 1 << 20, 2048),
    };
    let rate = copy(&device, large)?;
    cubics(&device, &sizes, rate)?;
    recorded(&device, &sizes, if small { 2 } else { 50 }, rate)?;
    models(&device, n, side)?;
    training(&device, if small { 3 } else { 64 }, if small { 100 } else { 1 << 20 })?;
    usage(&device)
}
