//! `modes(..)` on devices, against the functions of the CPU. A GPU's results are asked for several times: its schedule changes.

use nalgebra::{DMatrix, DVector, Matrix2, Matrix4, Vector3, Vector4};
use pullback::leaves::{HostNumbers, Leaves, Path};
use pullback::{Device, DeviceError, Differentiable, Tensor, differentiable};

/// The CPU, and with the feature `cuda` the driver for tests, several times.
fn devices() -> Vec<Device> {
    #[cfg(feature = "cuda")]
    return [vec![Device::cpu()], vec![pullback_tests::fake::device(); 5]].concat();
    #[cfg(not(feature = "cuda"))]
    vec![Device::cpu()]
}

/// The numbers of something, wherever they are.
fn numbers(of: &impl Leaves) -> Vec<f64> {
    let mut all = Vec::new();
    of.visit(Path::ROOT, &mut |_, leaf| match leaf.numbers.host().expect("a device that works") {
        HostNumbers::F32(x) => all.extend(x.iter().map(|x| f64::from(*x))),
        HostNumbers::F64(x) => all.extend(&*x),
    });
    all
}

fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
    let scale = want.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    assert_eq!(got.len(), want.len(), "{got:?}, not {want:?}");
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= tolerance * scale, "{got:?}, not {want:?}");
    }
}

fn wave(k: usize, n: usize) -> DVector<f64> {
    DVector::from_fn(n, |i, _| ((i as f64 + 0.5) * (0.37 + 0.21 * k as f64)).sin())
}

#[differentiable(modes(jvp, hvp, hessian, jacobian))]
fn energy(a: f64, x: &DVector<f64>, y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (a * x).sin() * y * x).sum()
}

#[test]
fn along_a_direction() {
    let (x, y, dx, dy) = (wave(0, 300), wave(1, 300), wave(2, 300), wave(3, 300));
    let (y, dy) = (y.as_slice(), dy.as_slice());
    let (value, along) = energy::jvp(0.7, &x, y, 0.3, &dx, dy);
    for device in devices() {
        let on = energy::on(&device);
        let (got, got_along) = on.jvp(0.7, &x, y, 0.3, &dx, dy).unwrap();
        assert_close(&[got, got_along], &[value, along], 1e-13);
        let [tx, tdx] = [&x, &dx].map(|x| Tensor::from(x).to(&device).unwrap());
        let a = Tensor::from(0.7).to(&device).unwrap();
        assert_eq!(on.jvp(&a, &tx, y, 0.3, &tdx, dy), Ok((got, got_along)), "tensors");
    }
}

#[test]
fn the_hessian_times_a_direction() {
    let (x, y, dx, dy) = (wave(0, 300), wave(1, 300), wave(2, 300), wave(3, 300));
    let (y, dy) = (y.as_slice(), dy.as_slice());
    let (grad, along) = energy::hvp(0.7, &x, y, 0.3, &dx, dy);
    for device in devices() {
        let on = energy::on(&device);
        let (g, d) = on.hvp(0.7, &x, y, 0.3, &dx, dy).unwrap();
        assert_close(&numbers(&g), &numbers(&grad), 1e-13);
        assert_close(&numbers(&d), &numbers(&along), 1e-13);
        // The x of the gradient is where x is, not where the direction is.
        let tx = Tensor::from(&x).to(&device).unwrap();
        let (tg, td) = on.hvp(0.7, &tx, y, 0.3, &dx, dy).unwrap();
        let [by_x, along_x]: [Tensor<f64>; 2] = [tg.x, td.x];
        assert_eq!((by_x.device(), along_x.device()), (device.clone(), device));
        assert_eq!(by_x.to_vec().unwrap(), g.x.as_slice());
        assert_eq!(along_x.to_vec().unwrap(), d.x.as_slice());
        assert_eq!((tg.a, td.y), (g.a, d.y));
    }
}

#[test]
fn all_second_derivatives() {
    let (x, y) = (wave(0, 40), wave(1, 40));
    let want = energy::hessian(0.7, &x, y.as_slice());
    let slopes = energy::jacobian(0.7, &x, y.as_slice());
    for device in devices() {
        let tx = Tensor::from(&x).to(&device).unwrap();
        let got = energy::on(&device).hessian(0.7, &tx, y.as_slice()).unwrap();
        assert_close(&[got.a.a], &[want.a.a], 1e-13);
        assert_close(got.a.x.as_slice(), want.a.x.as_slice(), 1e-13);
        assert_close(got.x.x.as_slice(), want.x.x.as_slice(), 1e-13);
        assert_close(got.x.a.as_slice(), want.x.a.as_slice(), 1e-13);
        assert_eq!((got.x.y.len(), got.y.x.len(), got.y.y.len()), (want.x.y.len(), 40, 40));
        for (g, w) in got.y.x.iter().zip(&want.y.x) {
            assert_close(g.as_slice(), w.as_slice(), 1e-13);
        }
        let got = energy::on(&device).jacobian(0.7, &tx, y.as_slice()).unwrap();
        assert_close(got.x.as_slice(), slopes.x.as_slice(), 1e-13);
        assert_close(&got.y, &slopes.y, 1e-13);
        assert_close(&[got.a], &[slopes.a], 1e-13);
    }
}

#[test]
fn a_direction_of_another_length_is_an_error() {
    let (x, y) = (wave(0, 3), [0.5, 1.5, 2.5]);
    for device in devices() {
        let error = energy::on(&device).hvp(0.7, &x, &y, 0.3, &wave(2, 2), &y).unwrap_err();
        assert!(matches!(error, DeviceError::Shape(_)), "{error}");
        assert!(error.to_string().contains("`dx` has 2"), "{error}");
    }
}

/// Products only, which no machine fuses: the same bits.
#[differentiable(wrt(x), modes(jvp))]
fn cubes(x: &DVector<f32>, w: f32) -> DVector<f32> {
    x.map(|x| w * x * x * x)
}

#[test]
fn the_same_bits() {
    let [x, dx] = [0, 1].map(|k| wave(k, 500).map(|x| x as f32));
    let want = cubes::jvp(&x, 1.7, &dx);
    for device in devices() {
        assert_eq!(cubes::on(&device).jvp(&x, 1.7, &dx).unwrap(), want);
    }
}

#[differentiable(wrt(x, m), modes(jvp, jacobian))]
fn several(x: &[f64], m: &DMatrix<f64>, n: usize) -> (f64, usize, (Vec<f64>, DMatrix<f64>)) {
    let sum: f64 = x.iter().map(|x| x.sin()).sum();
    (sum, 2 * n, (x.iter().map(|x| x * sum).collect(), m * sum))
}

#[test]
fn a_tuple() {
    let (x, m) = ([0.5, 1.5, -0.25], DMatrix::from_row_slice(2, 3, &[1.0, -2.0, 3.0, 0.5, 4.0, 1.0]));
    let (dx, dm) = ([0.25, -1.0, 2.0], DMatrix::from_element(2, 3, 0.5));
    let (value, along) = several::jvp(&x, &m, 3, &dx, &dm);
    let whole = several::jacobian(&x, &m, 3);
    for device in devices() {
        let on = several::on(&device);
        let (got, got_along) = on.jvp(&x, &m, 3, &dx, &dm).unwrap();
        assert_eq!(got.1, value.1);
        let flat = |v: f64, list: &[f64], m: &DMatrix<f64>| [&[v], list, m.as_slice()].concat();
        assert_close(&flat(got.0, &got.2.0, &got.2.1), &flat(value.0, &value.2.0, &value.2.1), 1e-13);
        let (g, w) = (&got_along, &along);
        assert_close(&flat(g.0, &g.2.0, &g.2.1), &flat(w.0, &w.2.0, &w.2.1), 1e-13);
        let got = on.jacobian(&x, &m, 3).unwrap();
        assert_close(&got.x.0, &whole.x.0, 1e-13);
        for (g, w) in got.x.2.0.iter().zip(&whole.x.2.0) {
            assert_close(g, w, 1e-13);
        }
        for (g, w) in got.m.2.1.iter().zip(&whole.m.2.1) {
            assert_close(g.as_slice(), w.as_slice(), 1e-13);
        }
    }
}

#[derive(Clone, Debug, PartialEq, Differentiable)]
struct Layer {
    w: Matrix4<f64>,
    #[no_diff]
    scale: f64,
    b: [f64; 4],
}

#[derive(Clone, Debug, PartialEq, Differentiable)]
struct Model {
    layers: Vec<Layer>,
    shift: f64,
    steps: usize,
}

#[differentiable]
impl Model {
    #[differentiable(wrt(self), modes(jvp, hvp))]
    fn loss(&self, x: &Vector4<f64>) -> f64 {
        let mut y = *x;
        for layer in &self.layers {
            y = layer.w * y;
            for i in 0..y.len() {
                y[i] = (y[i] * layer.scale + layer.b[i] + self.shift).tanh();
            }
        }
        y.norm_squared() * self.steps as f64
    }
}

fn model(k: usize) -> Model {
    let layer = |j: usize| {
        let w = wave(k + j, 16);
        let b = wave(k + j + 1, 4);
        Layer { w: Matrix4::from_column_slice(w.as_slice()), scale: 0.5, b: [b[0], b[1], b[2], b[3]] }
    };
    Model { layers: vec![layer(0), layer(2)], shift: 0.25 + k as f64, steps: 2 }
}

#[test]
fn a_model() {
    let (m, x) = (model(0), Vector4::new(0.5, -1.0, 0.25, 2.0));
    let mut d = m.zeros_like();
    let other = model(7);
    for (to, from) in d.layers.iter_mut().zip(&other.layers) {
        (to.w, to.b) = (from.w, from.b);
    }
    d.shift = 0.5;
    let (value, along) = m.loss_jvp(&x, &d);
    let (grad, second) = m.loss_hvp(&x, &d);
    for device in devices() {
        let on = Model::loss_on(&device);
        let (v, a) = on.jvp(&m, &x, &d).unwrap();
        assert_close(&[v, a], &[value, along], 1e-13);
        let (placed, direction) = (m.to(&device).unwrap(), d.to(&device).unwrap());
        assert_eq!(on.jvp(&placed, &x, &direction), Ok((v, a)), "on the device");
        let (g, h) = on.hvp(&placed, &x, &direction).unwrap();
        assert_eq!(g.layers[0].w.device(), device);
        assert_close(&numbers(&g), &numbers(&grad), 1e-13);
        assert_close(&numbers(&h), &numbers(&second), 1e-13);
        // A gradient on the device is a direction.
        let (_, h) = on.hvp(&placed, &x, &g).unwrap();
        assert_close(&numbers(&h), &numbers(&m.loss_hvp(&x, &grad).1), 1e-13);
    }
}

/// A parameter's direction by value, and one that is a tuple.
#[differentiable(modes(jvp, hvp))]
fn mixed(v: Vector3<f64>, p: (f64, usize), pairs: &[(f64, f64)]) -> f64 {
    v.norm_squared() * p.0 + pairs.iter().map(|q| q.0 * q.1 * p.0).sum::<f64>()
}

#[test]
fn directions_by_value() {
    let (v, p, pairs) = (Vector3::new(1.0, 2.0, -1.0), (0.5, 3), [(1.0, 2.0), (0.5, -3.0)]);
    let (dv, dp, dpairs) = (Vector3::new(0.5, 0.0, 1.0), (2.0, 0), [(0.25, 1.0), (-1.0, 0.5)]);
    let want = mixed::jvp(v, p, &pairs, dv, dp, &dpairs);
    let second = mixed::hvp(v, p, &pairs, dv, dp, &dpairs);
    for device in devices() {
        let got = mixed::on(&device).jvp(v, p, &pairs, dv, dp, &dpairs).unwrap();
        assert_close(&[got.0, got.1], &[want.0, want.1], 1e-14);
        let got = mixed::on(&device).hvp(v, p, &pairs, dv, dp, &dpairs).unwrap();
        assert_close(&numbers(&got.0), &numbers(&second.0), 1e-13);
        assert_close(&numbers(&got.1), &numbers(&second.1), 1e-13);
    }
}

#[differentiable(modes(jacobian))]
fn polar(p: Vector3<f64>, k: usize) -> Matrix2<f64> {
    Matrix2::new(p[0] * p[1], p[k].sin(), p[2], p[0] + 2.0 * p[2])
}

#[test]
fn panics_are_errors() {
    let p = Vector3::new(0.5, 1.5, 2.5);
    let want = polar::jacobian(p, 1);
    for device in devices() {
        assert_eq!(polar::on(&device).jacobian(p, 1).unwrap(), want);
        assert!(matches!(polar::on(&device).jacobian(p, 3), Err(DeviceError::Panicked(_))));
    }
}

/// Products of matrices, in single precision.
#[differentiable(wrt(w, v), modes(jvp, hvp))]
fn network(w: &DMatrix<f32>, v: &DMatrix<f32>, x: &DMatrix<f32>) -> f32 {
    let hidden = (w * x).map(|z| z.tanh());
    (v * hidden).map(|z| z * z).sum()
}

#[test]
fn products_in_single_precision() {
    let matrix = |k: usize, r: usize, c: usize| {
        DMatrix::from_iterator(r, c, wave(k, r * c).iter().map(|x| (x * 0.5) as f32))
    };
    let (w, v, x) = (matrix(0, 12, 7), matrix(1, 5, 12), matrix(2, 7, 40));
    let (dw, dv) = (matrix(3, 12, 7), matrix(4, 5, 12));
    let (value, along) = network::jvp(&w, &v, &x, &dw, &dv);
    let (grad, second) = network::hvp(&w, &v, &x, &dw, &dv);
    let mut first = None;
    for device in devices() {
        let on = network::on(&device);
        let [tw, tv, tx, td] = [&w, &v, &x, &dw].map(|m| Tensor::from(m).to(&device).unwrap());
        let got = on.jvp(&tw, &tv, &tx, &td, &dv).unwrap();
        assert_close(&[f64::from(got.0), f64::from(got.1)], &[f64::from(value), f64::from(along)], 1e-6);
        let (g, h) = on.hvp(&tw, &tv, &tx, &td, &dv).unwrap();
        assert_close(&numbers(&g), &numbers(&grad), 2e-6);
        assert_close(&numbers(&h), &numbers(&second), 2e-6);
        if !device.is_cpu() {
            let all = [numbers(&g), numbers(&h)].concat();
            assert_eq!(first.get_or_insert(all.clone()), &all, "the schedule changes the result");
        }
    }
}

/// Iterations that depend on each other, branches, and a number of them that is known late.
#[differentiable(wrt(rate, x), modes(jvp, hvp, jacobian, hessian))]
fn relaxed(rate: f64, x: &[f64], steps: usize) -> f64 {
    let mut mean = 0.0;
    for k in 0..steps {
        let total: f64 = x.iter().map(|x| (x - mean) * (x * rate).cos()).sum();
        if total > 0.0 {
            mean += rate * total / x.len() as f64;
        } else {
            mean -= rate * (total * mean).sin() / (k + 1) as f64;
        }
    }
    mean * mean
}

#[test]
fn sequential_loops() {
    let (x, dx) = (wave(0, 150), wave(1, 150));
    let (x, dx) = (x.as_slice(), dx.as_slice());
    for steps in [0, 5] {
        let want = relaxed::jvp(0.8, x, steps, 0.5, dx);
        let (grad, second) = relaxed::hvp(0.8, x, steps, 0.5, dx);
        let (slopes, matrix) = (relaxed::jacobian(0.8, x, steps), relaxed::hessian(0.8, &x[..6], steps));
        for device in devices() {
            let on = relaxed::on(&device);
            let got = on.jvp(0.8, x, steps, 0.5, dx).unwrap();
            assert_close(&[got.0, got.1], &[want.0, want.1], 1e-13);
            let (g, h) = on.hvp(0.8, x, steps, 0.5, dx).unwrap();
            assert_close(&numbers(&g), &numbers(&grad), 1e-13);
            assert_close(&numbers(&h), &numbers(&second), 1e-12);
            let got = on.jacobian(0.8, x, steps).unwrap();
            assert_close(&got.x, &slopes.x, 1e-13);
            let got = on.hessian(0.8, &x[..6], steps).unwrap();
            assert_close(&got.x.x.concat(), &matrix.x.x.concat(), 1e-12);
        }
    }
}
