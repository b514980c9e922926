//! The CUDA runtime through unmodified cust, on the driver for tests (`pullback_fakecuda`): `--features cuda`, no GPU.

mod branches;
mod cublas;
mod harness;
mod launches;
mod memory;
mod models;
mod networks;
mod queued;
mod recorded;
mod recordings;
mod serial;
mod sums;

use std::sync::{Arc, Mutex, MutexGuard};

use pullback::cuda::{Arg, Buffer, Gpu, Graph};
use pullback::{Device, DeviceError};
use pullback_kernels::ir::{Func, Kind, parse};
use pullback_kernels::opt::{finish, optimize};
use pullback_kernels::ptx::{self, BLOCK, Kernel, PARTIAL_BYTES, Param};
use pullback_tests::fake;

/// The driver has one state: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

fn gpu() -> (MutexGuard<'static, ()>, Arc<Gpu>) {
    let guard = ONE.lock().unwrap_or_else(|e| e.into_inner());
    (guard, fake::device().gpu().expect("it is a GPU").clone())
}

const FIT: &str = "fn @fit(%a: f32, %b: f32, %x: f32[%n], %y: f32[%n]) -> (f32, f32, f32, f32[%n]) {
  %s, %da, %db, %e = nest (%i < %n) outs (fold sum, fold sum, fold sum, build) {
    %xi = index %x[%i]
    %yi = index %y[%i]
    %bx = mul %b, %xi
    %p = add %a, %bx
    %r = sub %p, %yi
    %rr = mul %r, %r
    %rx = mul %r, %xi
    yield %rr, %r, %rx, %r
  }
  return %s, %da, %db, %e
}";

/// The kernel of a function's nest.
fn kernel(text: &str) -> (Func, Kernel) {
    let mut func = parse(text).expect("the text is right").entry().clone();
    optimize(&mut func);
    finish(&mut func);
    let inst = func.body.insts.iter().find(|i| matches!(i.kind, Kind::Nest(_))).expect("a nest");
    let kernel = ptx::kernel(&func, inst, "k").expect("the nest has a kernel");
    (func, kernel)
}

/// A fit on a GPU: its memory, and what to launch.
struct Fit {
    gpu: Arc<Gpu>,
    kernel: Kernel,
    text: &'static str,
    name: &'static str,
    func: Func,
    n: usize,
    x: Buffer,
    y: Buffer,
    outs: Vec<Buffer>,
    partials: Buffer,
    ticket: Buffer,
    status: Buffer,
}

fn floats(x: &[f32]) -> Vec<u8> {
    x.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn read(buffer: &Buffer) -> Result<Vec<f32>, DeviceError> {
    let mut bytes = vec![0; buffer.len()];
    buffer.read(&mut bytes)?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

fn data(n: usize) -> (Vec<f32>, Vec<f32>) {
    let x: Vec<f32> = (0..n).map(|i| (i as f32 * 0.37).sin()).collect();
    let y = x.iter().map(|x| 0.5 + 2.0 * x + 0.01 * (31.0 * x).cos()).collect();
    (x, y)
}

impl Fit {
    fn new(gpu: &Arc<Gpu>, n: usize) -> Fit {
        let (func, kernel) = kernel(FIT);
        let (x, y) = data(n);
        let room = |bytes| Buffer::zeroed(gpu, bytes).expect("there is memory");
        let copy = |x: &[f32]| Buffer::from_bytes(gpu, &floats(x)).expect("there is memory");
        let grid = kernel.grid(n as u64, 1);
        Fit {
            gpu: gpu.clone(),
            x: copy(&x),
            y: copy(&y),
            outs: vec![room(4), room(4), room(4), room(4 * n)],
            partials: room((kernel.folds as u64 * grid * PARTIAL_BYTES) as usize),
            ticket: room(4),
            status: room(4),
            text: kernel.text.clone().leak(),
            name: kernel.name.clone().leak(),
            kernel,
            func,
            n,
        }
    }

    fn arg(&self, param: Param) -> Arg {
        let name = |v| self.func.values[v].name.as_str();
        match param {
            Param::Count | Param::CopyCount => Arg::int(self.n as u64),
            Param::Scalar(v) => match name(v) {
                "a" => Arg::f32(0.25),
                "b" => Arg::f32(1.5),
                _ => Arg::int(self.n as u64),
            },
            Param::Address(_) => Arg::int(0),
            Param::Array(v) => Arg::buffer(if name(v) == "x" { &self.x } else { &self.y }),
            Param::Out(k) | Param::Copies(k) => Arg::buffer(&self.outs[k]),
            Param::Partials => Arg::buffer(&self.partials),
            Param::Ticket => Arg::buffer(&self.ticket),
            Param::Status => Arg::buffer(&self.status),
            other => panic!("{other:?}: the fit has no memory of its own"),
        }
    }

    fn launch(&self) -> Result<(), DeviceError> {
        let args: Vec<Arg> = self.kernel.params.iter().map(|&p| self.arg(p)).collect();
        let grid = self.kernel.grid(self.n as u64, 1) as u32;
        // SAFETY: the arguments are those that the kernel lists, the buffers as long as it says and alive with `self`.
        unsafe { self.gpu.launch(self.text, self.name, grid, BLOCK, &args) }
    }

    fn sums(&self) -> Result<[f32; 3], DeviceError> {
        Ok([read(&self.outs[0])?[0], read(&self.outs[1])?[0], read(&self.outs[2])?[0]])
    }
}

/// The sums in `f64`, and the residuals in `f32`.
fn want(n: usize) -> ([f64; 3], Vec<f32>) {
    let (x, y) = data(n);
    let residuals: Vec<f32> = x.iter().zip(&y).map(|(x, y)| 1.5f32.mul_add(*x, 0.25) - y).collect();
    let sum = |f: &dyn Fn(f64, f64) -> f64| {
        x.iter().zip(&residuals).map(|(x, r)| f(f64::from(*x), f64::from(*r))).sum::<f64>()
    };
    ([sum(&|_, r| r * r), sum(&|_, r| r), sum(&|x, r| r * x)], residuals)
}

fn assert_close(got: [f32; 3], want: [f64; 3]) {
    let scale = want.iter().fold(1.0f64, |a, b| a.max(b.abs()));
    for (g, w) in got.iter().zip(want) {
        assert!((f64::from(*g) - w).abs() <= 1e-6 * scale, "{got:?}, not {want:?}");
    }
}

#[test]
fn a_kernel_under_twenty_schedules() {
    let (_one, gpu) = gpu();
    let n = 2500;
    let fit = Fit::new(&gpu, n);
    let (sums, residuals) = want(n);
    let mut first = None;
    for _ in 0..20 {
        fit.launch().unwrap();
        let got = fit.sums().unwrap();
        assert_close(got, sums);
        assert_eq!(read(&fit.outs[3]).unwrap(), residuals);
        assert_eq!(*first.get_or_insert(got), got, "the order changes the result");
    }
}

#[test]
fn graphs_replay_what_was_recorded() {
    let (_one, gpu) = gpu();
    let fit = Fit::new(&gpu, 700);
    fit.launch().unwrap();
    gpu.synchronize().unwrap();
    let (mut graph, ()) = Graph::record(&gpu, || fit.launch().and_then(|()| fit.launch())).unwrap();
    for _ in 0..5 {
        graph.replay().unwrap();
    }
    assert_close(fit.sums().unwrap(), want(700).0);
}

#[test]
fn what_cannot_be_recorded_is_an_error() {
    let (_one, gpu) = gpu();
    let result = Graph::record(&gpu, || gpu.synchronize()).map(drop);
    assert!(matches!(result, Err(DeviceError::Recording(why)) if why.contains("queued()")));
    gpu.synchronize().unwrap();
}

#[test]
fn errors_are_values() {
    let (_one, gpu) = gpu();
    assert_eq!(Buffer::zeroed(&gpu, 1 << 40).map(drop), Err(DeviceError::OutOfMemory(1 << 40)));
    let buffer = Buffer::zeroed(&gpu, 8).unwrap();
    assert_eq!(buffer.write(&[0; 4]), Err(DeviceError::Length { expected: 8, found: 4 }));
    let load = |text: &'static str| {
        // SAFETY: no such text gets as far as a launch.
        unsafe { gpu.launch(text, "k", 1, 32, &[]) }.unwrap_err()
    };
    let bad = ".version 6.0\n.target sm_52\n.address_size 64\n.visible .entry k() { bra NOWHERE; }\n";
    let DeviceError::Compile(log) = load(bad) else { panic!("it does not assemble") };
    assert!(log.contains("NOWHERE"), "{log}");
    let other = |from, to| load(bad.replace("bra NOWHERE", "ret").replace(from, to).leak());
    assert_eq!(other("6.0", "99.0"), DeviceError::DriverTooOld);
    assert!(matches!(other("entry k", "entry j"), DeviceError::Driver { .. }));
    assert!(matches!(other("sm_52", "sm_999"), DeviceError::Compile(_)));
}

#[test]
fn errors_of_the_driver_and_its_name_are_told() {
    let (_one, gpu) = gpu();
    assert_eq!(Device::cuda(7).unwrap_err(), DeviceError::NoDevice(7));
    assert_eq!(Device::best().to_string(), "cuda:0 (pullback-fakecuda)");
    assert_eq!(gpu.capability(), (9, 0));
}
