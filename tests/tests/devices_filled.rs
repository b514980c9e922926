//! Functions that fill buffers, on devices: buffers of the host and tensors, against the CPU.

use nalgebra::{DMatrix, DVector, Matrix2};
use pullback::{Device, DeviceError, Differentiable, Tensor, differentiable};

/// The CPU, and with the feature `cuda` the driver for tests, several times: its schedule changes.
fn devices() -> Vec<Device> {
    #[cfg(feature = "cuda")]
    return [vec![Device::cpu()], vec![pullback_tests::fake::device(); 4]].concat();
    #[cfg(not(feature = "cuda"))]
    vec![Device::cpu()]
}

fn wave(k: usize, n: usize) -> DVector<f64> {
    DVector::from_fn(n, |i, _| ((i as f64 + 0.5) * (0.37 + 0.21 * k as f64)).sin())
}

fn assert_close(got: &[f64], want: &[f64]) {
    let scale = want.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    assert_eq!(got.len(), want.len(), "{got:?}, not {want:?}");
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-13 * scale, "{got:?}, not {want:?}");
    }
}

/// Reads what was there, writes it anew, and returns a number.
#[differentiable(modes(jvp, jacobian))]
fn blend(x: &[f64], out: &mut [f64], keep: f64) -> f64 {
    let mut total = 0.0;
    for i in 0..x.len() {
        out[i] = keep * out[i] + x[i] * x[i];
        total += x[i].sin();
    }
    total
}

#[test]
fn buffers_of_the_host() {
    let (x, start, seed) = (wave(0, 300), wave(1, 300), wave(2, 300));
    let mut want = start.as_slice().to_vec();
    let (value, pull) = blend::vjp(x.as_slice(), &mut want, 0.5);
    let gradient = pull((0.25, seed.as_slice().to_vec()));
    for device in devices() {
        let on = blend::on(&device);
        let mut out = start.as_slice().to_vec();
        let got = on.value(x.as_slice(), &mut out, 0.5).unwrap();
        assert_close(&[got], &[value]);
        assert_close(&out, &want);
        let mut out = start.as_slice().to_vec();
        let (got, pull) = on.vjp(x.as_slice(), &mut out[..], 0.5).unwrap();
        assert_close(&[got], &[value]);
        assert_close(&out, &want);
        // The derivative is by what was there before.
        out.fill(f64::NAN);
        let got = pull((0.25, seed.as_slice().to_vec())).unwrap();
        assert_close(&got.x, &gradient.x);
        assert_close(&got.out, &gradient.out);
        assert_close(&[got.keep], &[gradient.keep]);
    }
}

#[test]
fn tensors() {
    let (x, start, seed) = (wave(0, 300), wave(1, 300), wave(2, 300));
    let mut want = start.as_slice().to_vec();
    let (value, pull) = blend::vjp(x.as_slice(), &mut want, 0.5);
    let gradient = pull((0.25, seed.as_slice().to_vec()));
    for device in devices() {
        let on = blend::on(&device);
        let (tx, before) = (Tensor::from(&x).to(&device).unwrap(), Tensor::from(&start).to(&device).unwrap());
        let mut out = before.duplicate().unwrap();
        assert_close(&[on.value(&tx, &mut out, 0.5).unwrap()], &[value]);
        assert_close(&out.to_vec().unwrap(), &want);
        assert_eq!(out.device(), device);
        let mut out = before.clone();
        let (_, pull) = on.vjp(&tx, &mut out, 0.5).unwrap();
        assert_close(&out.to_vec().unwrap(), &want);
        assert_eq!(before.to_vec().unwrap(), start.as_slice(), "what shares its memory is left alone");
        let got = pull((0.25, seed.as_slice().to_vec())).unwrap();
        let by_out: Tensor<f64> = got.out;
        assert_close(&by_out.to_vec().unwrap(), &gradient.out);
        assert_close(&got.x.to_vec().unwrap(), &gradient.x);
        // A tensor of the CPU is filled where it is.
        let mut out = Tensor::from(&start);
        on.value(&tx, &mut out, 0.5).unwrap();
        assert!(out.device().is_cpu());
        assert_close(&out.to_vec().unwrap(), &want);
    }
}

#[test]
fn modes() {
    let (x, dx, start, dout) = (wave(0, 30), wave(1, 30), wave(2, 30), wave(3, 30));
    let mut want = start.as_slice().to_vec();
    let (value, along) = blend::jvp(x.as_slice(), &mut want, 0.5, dx.as_slice(), dout.as_slice(), 0.1);
    let whole = blend::jacobian(x.as_slice(), &mut want.clone(), 0.5);
    for device in devices() {
        let on = blend::on(&device);
        let mut out = start.as_slice().to_vec();
        let (got, got_along) =
            on.jvp(x.as_slice(), &mut out, 0.5, dx.as_slice(), dout.as_slice(), 0.1).unwrap();
        assert_close(&[got, got_along.0], &[value, along.0]);
        assert_close(&out, &want);
        assert_close(&got_along.1, &along.1);
        let mut out = Tensor::new(&[30], want.clone()).unwrap().to(&device).unwrap();
        let got = on.jacobian(x.as_slice(), &mut out, 0.5).unwrap();
        assert_close(&got.out.1.concat(), &whole.out.1.concat());
        assert_close(&got.x.0, &whole.x.0);
        assert_close(&got.keep.1, &whole.keep.1);
        assert_eq!(out.to_vec().unwrap(), want, "buffers are left alone");
    }
}

#[test]
fn what_fails_fills_nothing() {
    for device in devices() {
        let mut out = [1.0, 2.0];
        let error = blend::on(&device).value(&[1.0, 2.0, 3.0], &mut out, 0.5).unwrap_err();
        assert!(matches!(error, DeviceError::Shape(_) | DeviceError::Panicked(_)), "{error}");
        assert_eq!(out, [1.0, 2.0]);
    }
}

/// Buffers of all kinds, and no value: a number, a matrix, one of constant size, a list of pairs, an integer.
#[differentiable(wrt(x, m))]
fn all_kinds(
    x: &[f64],
    sum: &mut f64,
    m: &mut DMatrix<f64>,
    s: &mut Matrix2<f64>,
    pairs: &mut [(f64, usize)],
    count: &mut usize,
) {
    *sum += x.iter().sum::<f64>();
    *m *= *sum;
    s[(0, 1)] = x[0] * *sum;
    for (pair, x) in pairs.iter_mut().zip(x) {
        *pair = (x * x, pair.1 + 1);
    }
    *count += x.len();
}

#[test]
fn every_kind() {
    let x = [0.5, -1.5, 2.0];
    let m = DMatrix::from_fn(2, 3, |i, j| (i + 2 * j) as f64 - 1.5);
    let start = || (0.25, m.clone(), Matrix2::new(1.0, 2.0, 3.0, 4.0), [(0.5, 1), (0.25, 2)], 7usize);
    let mut w = start();
    let ((), pull) = all_kinds::vjp(&x, &mut w.0, &mut w.1, &mut w.2, &mut w.3, &mut w.4);
    let by = (1.5, m.map(|m| m + 1.0), Matrix2::new(0.5, 1.0, -1.0, 2.0), vec![(1.0, ()), (2.0, ())]);
    let gradient = pull(by.clone());
    let mut c = start();
    assert_eq!(all_kinds::check(&x, &mut c.0, &mut c.1, &mut c.2, &mut c.3, &mut c.4), Ok(()));
    for device in devices() {
        let mut g = start();
        let on = all_kinds::on(&device);
        on.value(&x, &mut g.0, &mut g.1, &mut g.2, &mut g.3, &mut g.4).unwrap();
        assert_close(&[g.0], &[w.0]);
        assert_close(g.1.as_slice(), w.1.as_slice());
        assert_close(g.2.as_slice(), w.2.as_slice());
        assert_eq!((g.3, g.4), (w.3, w.4));
        let mut g = start();
        let mut sum = Tensor::from(g.0).to(&device).unwrap();
        let mut tm = Tensor::from(&g.1).to(&device).unwrap();
        let ((), pull) = on.vjp(&x, &mut sum, &mut tm, &mut g.2, &mut g.3, &mut g.4).unwrap();
        assert_eq!((g.3, g.4, sum.device()), (w.3, w.4, device));
        assert_close(&[sum.item().unwrap()], &[w.0]);
        let got = pull(by.clone()).unwrap();
        assert_close(&got.x, &gradient.x);
        assert_close(DMatrix::from_placed(&got.m).unwrap().as_slice(), gradient.m.as_slice());
    }
}

#[derive(Clone, Debug, PartialEq, Differentiable)]
struct State {
    at: [f64; 2],
    speed: f64,
    #[no_diff]
    mass: f64,
    steps: usize,
}

#[differentiable]
impl State {
    fn push(&mut self, force: f64, log: &mut [f64]) {
        self.speed += force / self.mass;
        self.at[0] += self.speed;
        self.steps += 1;
        for x in log.iter_mut() {
            *x *= self.speed;
        }
    }
}

#[test]
fn a_struct_that_is_changed() {
    let start = State { at: [1.0, 2.0], speed: 0.5, mass: 2.0, steps: 3 };
    let mut want = start.clone();
    let mut log = [1.0, 2.0];
    let ((), pull) = want.push_vjp(3.0, &mut log);
    let mut seed = start.zeros_like();
    (seed.at, seed.speed) = ([1.0, 0.5], 2.0);
    let gradient = pull((seed.clone(), vec![0.5, 1.0]));
    for device in devices() {
        let (mut state, mut out) = (start.clone(), [1.0, 2.0]);
        State::push_on(&device).value(&mut state, 3.0, &mut out).unwrap();
        assert_eq!((&state, out), (&want, log));
        let (mut state, mut out) = (start.clone(), [1.0, 2.0]);
        let ((), pull) = State::push_on(&device).vjp(&mut state, 3.0, &mut out).unwrap();
        assert_eq!((&state, out), (&want, log));
        let got = pull((seed.clone(), vec![0.5, 1.0])).unwrap();
        assert_eq!((&got.this, got.force, &got.log), (&gradient.this, gradient.force, &gradient.log));
    }
}
