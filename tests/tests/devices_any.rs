//! Functions that return something else than one float, on devices: `value` and `vjp`.

use nalgebra::{DMatrix, DVector, Matrix2, Vector3};
use pullback::{Device, DeviceError, Differentiable, Tensor, differentiable};

/// The CPU, and with the feature `cuda` the driver for tests.
fn devices() -> Vec<Device> {
    #[cfg(feature = "cuda")]
    return vec![Device::cpu(), pullback_tests::fake::device()];
    #[cfg(not(feature = "cuda"))]
    vec![Device::cpu()]
}

fn shape(message: &str) -> DeviceError {
    DeviceError::Shape(message.to_string())
}

#[differentiable]
fn squares(x: &DVector<f64>, a: f64) -> DVector<f64> {
    x.map(|x| a * x * x + x)
}

#[test]
fn a_vector() {
    let x = DVector::from_fn(300, |i, _| (i as f64 * 0.37).sin());
    let seed = DVector::from_fn(300, |i, _| (i as f64 * 0.11).cos());
    let (want, pull) = squares::vjp(&x, 1.5);
    let gradient = pull(seed.clone());
    for device in devices() {
        let on = squares::on(&device);
        assert!((on.value(&x, 1.5).unwrap() - &want).abs().max() <= 1e-15);
        let (value, pull) = on.vjp(&x, 1.5).unwrap();
        assert!((value - &want).abs().max() <= 1e-15);
        for _ in 0..2 {
            let got = pull(seed.clone()).unwrap();
            assert!((&got.x - &gradient.x).abs().max() <= 1e-15);
            assert!((got.a - gradient.a).abs() <= 1e-12 * gradient.a.abs());
        }
    }
}

#[test]
fn gradients_of_tensors_are_tensors() {
    let x = DVector::from_vec(vec![1.0, 2.0, 3.0]);
    for device in devices() {
        let tensor = Tensor::from(&x).to(&device).unwrap();
        let (value, pull) = squares::on(&device).vjp(&tensor, 0.5).unwrap();
        assert_eq!(value.as_slice(), [1.5, 4.0, 7.5]);
        let gradient = pull(DVector::from_element(3, 1.0)).unwrap();
        let by_x: Tensor<f64> = gradient.x;
        assert_eq!(by_x.device(), device);
        assert_eq!(by_x.to_vec().unwrap(), [2.0, 3.0, 4.0]);
        assert_eq!(gradient.a, 14.0);
    }
}

#[test]
fn seeds_of_another_length_are_errors() {
    let x = DVector::from_vec(vec![1.0, 2.0, 3.0]);
    for device in devices() {
        let (_, pull) = squares::on(&device).vjp(&x, 0.5).unwrap();
        let error = pull(DVector::from_element(2, 1.0)).unwrap_err();
        assert_eq!(error, shape("squares: `x` has 3 elements but `seed` has 2"));
    }
}

#[differentiable]
fn layer(w: &DMatrix<f64>, b: &[f64], x: &DMatrix<f64>) -> DMatrix<f64> {
    let mut y = w * x;
    for j in 0..y.ncols() {
        for i in 0..y.nrows() {
            y[(i, j)] = (y[(i, j)] + b[i]).tanh();
        }
    }
    y
}

#[test]
fn a_matrix() {
    let element = |k: usize, i: usize, j: usize| ((i * 7 + j * 3 + k) as f64 * 0.61).sin();
    let w = DMatrix::from_fn(4, 3, |i, j| element(0, i, j));
    let x = DMatrix::from_fn(3, 50, |i, j| element(1, i, j));
    let seed = DMatrix::from_fn(4, 50, |i, j| element(2, i, j));
    let b = [0.5, -0.5, 0.25, 0.125];
    let (want, pull) = layer::vjp(&w, &b, &x);
    let gradient = pull(seed.clone());
    for device in devices() {
        let (value, pull) = layer::on(&device).vjp(&w, &b, &x).unwrap();
        assert!((&value - &want).abs().max() <= 1e-14);
        let got = pull(seed.clone()).unwrap();
        assert!((got.w - &gradient.w).abs().max() <= 1e-13);
        assert!((got.x - &gradient.x).abs().max() <= 1e-13);
        let b = DVector::from_vec(got.b) - DVector::from_vec(gradient.b.clone());
        assert!(b.abs().max() <= 1e-12);
    }
}

/// A function of one float whose body would panic in nalgebra.
#[differentiable(wrt(w))]
fn residual(w: &DVector<f64>, x: &DMatrix<f64>, y: &DVector<f64>) -> f64 {
    (x * w - y).norm_squared()
}

#[test]
fn lengths_that_do_not_agree_are_errors() {
    let (w, x, y) = (DVector::zeros(3), DMatrix::zeros(4, 3), DVector::zeros(5));
    let want = shape("residual: `x` has 4 rows but `y` has 5 elements");
    for device in devices() {
        let (on, queued) = (residual::on(&device), residual::on(&device).queued());
        assert_eq!(on.value(&w, &x, &y), Err(want.clone()));
        assert_eq!(on.grad(&w, &x, &y), Err(want.clone()));
        assert_eq!(on.value_and_grad(&w, &x, &y), Err(want.clone()));
        assert_eq!(queued.value(&w, &x, &y), Err(want.clone()));
        assert_eq!(queued.grad(&w, &x, &y), Err(want.clone()));
        assert_eq!(queued.value_and_grad(&w, &x, &y), Err(want.clone()));
        let placed = Tensor::from(&y).to(&device).unwrap();
        assert_eq!(on.value(&w, &x, &placed), Err(want.clone()));
        assert_eq!(on.value(&w, &x, &DVector::zeros(4)), Ok(0.0));
    }
}

#[test]
fn lengths_that_do_not_agree_are_errors_of_other_functions() {
    let (w, x) = (DMatrix::zeros(4, 3), DMatrix::zeros(2, 50));
    let want = shape("layer: `w` has 3 columns but `x` has 2 rows");
    for device in devices() {
        assert_eq!(layer::on(&device).value(&w, &[0.0; 4], &x), Err(want.clone()));
        assert_eq!(layer::on(&device).vjp(&w, &[0.0; 4], &x).map(drop), Err(want.clone()));
    }
}

/// Numbers, an array, a matrix of constant size and a nested tuple.
#[differentiable(wrt(x, v))]
fn several(x: &[f64], v: &Vector3<f64>, n: usize) -> (f64, [f64; 3], (Matrix2<f64>, Vec<f64>)) {
    let sum: f64 = x.iter().map(|x| x.sin()).sum();
    let m = Matrix2::new(v[0], sum, v[1] * v[2], n as f64);
    let list = x.iter().map(|x| x * sum).collect();
    (sum, [v[0] * v[1], v[1].exp(), v[2]], (m, list))
}

#[test]
fn a_tuple() {
    let (x, v) = ([0.5, 1.5, -0.25, 0.75], Vector3::new(0.5, -1.0, 2.0));
    let (want, pull) = several::vjp(&x, &v, 3);
    let seed = || (0.5, [1.0, -2.0, 3.0], (Matrix2::new(1.0, 2.0, 3.0, 4.0), vec![1.0, 0.5, 0.25, -1.0]));
    let gradient = pull(seed());
    for device in devices() {
        let (value, pull) = several::on(&device).vjp(&x, &v, 3).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        assert!(close(value.0, want.0) && value.1.iter().zip(want.1).all(|(a, b)| close(*a, b)));
        assert!((value.2.0 - want.2.0).abs().max() <= 1e-12);
        assert!(value.2.1.iter().zip(&want.2.1).all(|(a, b)| close(*a, *b)));
        let got = pull(seed()).unwrap();
        assert!(got.x.iter().zip(&gradient.x).all(|(a, b)| close(*a, *b)), "{got:?}, not {gradient:?}");
        assert!((got.v - gradient.v).abs().max() <= 1e-12);
    }
}

#[differentiable]
fn largest(x: &[f64]) -> (f64, usize, bool) {
    let mut best = 0;
    for i in 0..x.len() {
        if x[i] > x[best] {
            best = i;
        }
    }
    (x[best] * 2.0, best, x[best] > 1.0)
}

#[test]
fn integers_beside_floats() {
    for device in devices() {
        assert_eq!(largest::on(&device).value(&[0.5, 1.5, 1.0]).unwrap(), (3.0, 1, true));
        let (value, pull) = largest::on(&device).vjp(&[0.5, 1.5, 1.0]).unwrap();
        assert_eq!(value, (3.0, 1, true));
        // What has no derivative is given, and does not count.
        assert_eq!(pull((0.5, 7, false)).unwrap(), [0.0, 1.0, 0.0]);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[differentiable]
enum Side {
    Left = 3,
    Right = 7,
}

#[derive(Clone, Debug, PartialEq, Differentiable)]
struct Point {
    at: [f64; 2],
    #[no_diff]
    weight: f64,
    index: usize,
}

/// What a function returns: nested structs, lists of them, an enum, integers, and floats that count as constants.
#[derive(Clone, Debug, PartialEq, Differentiable)]
struct Report {
    points: Vec<Point>,
    mean: DVector<f64>,
    side: Side,
    signs: Vec<bool>,
    ranks: [u8; 2],
}

#[differentiable(wrt(x, s), modes(jvp))]
fn report(x: &[f64], s: f64) -> Report {
    let points = x
        .iter()
        .enumerate()
        .map(|(k, x)| Point { at: [x * s, x.sin()], weight: x * 2.0, index: k })
        .collect();
    let side = if s > 0.0 { Side::Right } else { Side::Left };
    let mean = DVector::from_vec(vec![x.iter().sum::<f64>() / x.len() as f64, s * s]);
    Report { points, mean, side, signs: x.iter().map(|x| *x > 0.0).collect(), ranks: [7, x.len() as u8] }
}

fn report_numbers(report: &<Report as Differentiable>::Tangent) -> Vec<f64> {
    let points = report.points.iter().flat_map(|p| p.at);
    points.chain(report.mean.iter().copied()).collect()
}

#[test]
fn a_struct() {
    let x = [0.5, -1.5, 2.0];
    let (want, pull) = report::vjp(&x, 1.5);
    let mut seed = want.zeros_like();
    seed.points.iter_mut().enumerate().for_each(|(k, p)| p.at = [k as f64 + 1.0, 0.5 - k as f64]);
    seed.mean.copy_from_slice(&[0.5, 1.0]);
    let gradient = pull(seed.clone());
    let (dx, ds) = ([1.0, -0.5, 0.25], 2.0);
    let (_, along) = report::jvp(&x, 1.5, &dx, ds);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs().max(1.0);
    for device in devices() {
        let value = report::on(&device).value(&x, 1.5).unwrap();
        assert_eq!(
            (&value.points[2].index, value.side, &value.signs, value.ranks),
            (&2, Side::Right, &want.signs, [7, 3])
        );
        for (got, want) in value.points.iter().zip(&want.points) {
            assert!(close(got.at[1], want.at[1]));
            assert_eq!((got.at[0], got.weight), (want.at[0], want.weight));
        }
        assert!((&value.mean - &want.mean).amax() <= 1e-15);
        let (again, pull) = report::on(&device).vjp(&x, 1.5).unwrap();
        assert_eq!(again, value);
        let got = pull(seed.clone()).unwrap();
        assert!(got.x.iter().zip(&gradient.x).all(|(a, b)| close(*a, *b)), "{got:?}, not {gradient:?}");
        assert!(close(got.s, gradient.s));
        let (again, got) = report::on(&device).jvp(&x, 1.5, &dx, ds).unwrap();
        assert_eq!(again, value);
        let (got, want) = (report_numbers(&got), report_numbers(&along));
        assert!(got.len() == 8 && got.iter().zip(&want).all(|(a, b)| close(*a, *b)), "{got:?}, not {want:?}");
        let error = report::on(&device).value(&[1.0; 0], 1.0).unwrap();
        assert!(error.points.is_empty() && error.mean[0].is_nan());
    }
}

/// A struct with a field that functions do not see is returned as it was given.
#[derive(Clone, Debug, PartialEq, Differentiable)]
struct Named {
    x: f64,
    #[no_diff(opaque)]
    name: String,
}

#[differentiable]
fn kept(mut n: Named, a: f64) -> Named {
    n.x *= a;
    n
}

#[test]
fn what_a_gpu_cannot_make() {
    let named = Named { x: 2.0, name: "two".to_string() };
    for device in devices() {
        match kept::on(&device).value(named.clone(), 1.5) {
            Ok(value) => assert_eq!(value, Named { x: 3.0, ..named.clone() }),
            Err(DeviceError::Unsupported(why)) => {
                assert!(!device.is_cpu() && why.contains("do not make its field `name`"), "{why}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn panics_are_errors() {
    #[differentiable]
    fn third(x: &[f64]) -> [f64; 1] {
        [x[2] * 2.0]
    }
    for device in devices() {
        assert_eq!(third::on(&device).value(&[1.0, 2.0, 3.0]).unwrap(), [6.0]);
        assert!(matches!(third::on(&device).value(&[1.0]), Err(DeviceError::Panicked(_))));
        assert!(matches!(third::on(&device).vjp(&[1.0]).map(drop), Err(DeviceError::Panicked(_))));
    }
}

#[derive(Clone, Debug, Differentiable)]
struct Line {
    slope: f64,
    offset: Vec<f64>,
}

#[differentiable]
impl Line {
    fn off(&self, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
        (x * self.slope - y).norm_squared()
    }

    fn predict(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.offset).map(|(x, b)| self.slope * x + b).collect()
    }
}

#[test]
fn lengths_that_do_not_agree_are_errors_of_methods() {
    let (line, x, y) = (Line { slope: 2.0, offset: vec![] }, DVector::zeros(2), DVector::zeros(3));
    for device in devices() {
        let error = Line::off_on(&device).value(&line, &x, &y).unwrap_err();
        assert_eq!(error, shape("Line::off: `x` has 2 elements but `y` has 3"));
    }
}

#[test]
fn a_method() {
    let (line, x) = (Line { slope: 2.0, offset: vec![0.5, 0.25] }, [1.0, -3.0]);
    for device in devices() {
        assert_eq!(Line::predict_on(&device).value(&line, &x).unwrap(), [2.5, -5.75]);
        let (value, pull) = Line::predict_on(&device).vjp(&line, &x).unwrap();
        assert_eq!(value, [2.5, -5.75]);
        let gradient = pull(vec![1.0, 10.0]).unwrap();
        assert_eq!((gradient.this.slope, &gradient.this.offset[..]), (-29.0, &[1.0, 10.0][..]));
        assert_eq!(gradient.x, [2.0, 20.0]);
    }
}
