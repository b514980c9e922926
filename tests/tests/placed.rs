//! Structs on devices: there and back, and as arguments.

use nalgebra::{DMatrix, DVector, Matrix2x3, Matrix3, RowDVector, Vector3};
use pullback::leaves::names;
use pullback::{Device, DeviceError, Differentiable, Leaves, Placed, Tensor, differentiable};

/// Runs a check on the CPU and, where this was built for one, on a GPU.
fn everywhere(check: impl Fn(&Device) -> Result<(), DeviceError>) {
    check(&Device::cpu()).unwrap();
    #[cfg(feature = "cuda")]
    {
        let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        check(&pullback_tests::fake::device()).unwrap();
    }
}

/// The driver for tests has one state: one test at a time.
#[cfg(feature = "cuda")]
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[differentiable]
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Flat,
    Bent,
}

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Layer {
    weight: Matrix3<f64>,
    bias: Vector3<f64>,
    #[no_diff]
    shape: Shape,
}

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Head {
    weight: DMatrix<f64>,
    bias: DVector<f64>,
}

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Pair(f64, #[no_diff] usize, [f64; 2]);

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Model {
    layers: Vec<Layer>,
    head: Head,
    scale: f64,
    #[no_diff]
    rate: f64,
    #[no_diff]
    mean: Vector3<f64>,
    knots: Vec<[f64; 2]>,
    row: RowDVector<f64>,
    pairs: [Pair; 2],
    parts: (f64, Matrix2x3<f64>),
    #[no_diff(opaque)]
    note: String,
}

fn layer(seed: usize) -> Layer {
    let wave = |k: usize| ((k + 7 * seed) as f64 * 0.37).sin();
    Layer {
        weight: Matrix3::from_fn(|i, j| wave(i + 3 * j)),
        bias: Vector3::from_fn(|i, _| wave(i + 20)),
        shape: if seed == 0 { Shape::Bent } else { Shape::Flat },
    }
}

fn model() -> Model {
    Model {
        layers: vec![layer(0), layer(1)],
        head: Head {
            weight: DMatrix::from_fn(2, 3, |i, j| (i as f64 - 0.5) * (j as f64 + 0.25)),
            bias: DVector::from_element(2, 0.125),
        },
        scale: 0.75,
        rate: 0.5,
        mean: Vector3::new(0.1, 0.2, 0.3),
        knots: vec![[0.5, -0.5], [1.5, 0.25], [2.0, 1.0]],
        row: RowDVector::from_row_slice(&[0.5, 0.25]),
        pairs: [Pair(1.5, 2, [0.5, -1.0]), Pair(-0.5, 3, [0.25, 2.0])],
        parts: (0.125, Matrix2x3::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
        note: "kept".to_string(),
    }
}

#[differentiable]
impl Model {
    fn output(&self, x: &DVector<f64>) -> f64 {
        let mut h = Vector3::new(x[0], x[1], x[2]) - self.mean;
        for k in 0..self.layers.len() {
            let layer = &self.layers[k];
            let z = layer.weight * h + layer.bias;
            h = match layer.shape {
                Shape::Bent => z.map(|v| v.tanh()),
                Shape::Flat => z,
            };
        }
        self.scale * h.sum() + (&self.head.weight * x + &self.head.bias).norm_squared()
    }

    fn loss(&self, #[no_diff] x: &DVector<f64>) -> f64 {
        let mut sum = self.output(x);
        for k in &self.knots {
            sum += (k[0] * self.rate).sin() * k[1];
        }
        for i in 0..2 {
            let pair = &self.pairs[i];
            sum += pair.0.powi(pair.1 as i32) * (pair.2[0] - pair.2[1]);
        }
        sum + self.row.norm_squared() + self.parts.0 * self.parts.1.norm_squared()
    }
}

#[differentiable(wrt(model, x))]
fn scaled(model: &Model, factor: f64, x: &DVector<f64>) -> f64 {
    factor * model.output(x)
}

#[test]
fn there_and_back() {
    everywhere(|device| {
        let model = model();
        let placed: Placed<Model> = model.to(device)?;
        assert_eq!(placed.layers[1].weight.device(), *device);
        assert_eq!(placed.layers[1].weight.shape(), [3, 3]);
        assert_eq!((placed.scale.shape(), placed.scale.item()?), (&[][..], 0.75));
        assert_eq!((placed.rate, placed.note.as_str()), (0.5, "kept"), "they stay with the host");
        assert_eq!((placed.mean.shape(), placed.knots.shape()), (&[3][..], &[3, 2][..]));
        assert_eq!((placed.pairs[0].1, placed.pairs[1].2.to_vec()?), (2, vec![0.25, 2.0]));
        assert_eq!((placed.row.shape(), placed.parts.1.shape()), (&[1, 2][..], &[2, 3][..]));
        assert_eq!(placed.to_host()?, model);
        assert_eq!(placed.to(&Device::cpu())?.to(device)?.clone().to_host()?, model);
        Ok(())
    });
}

#[test]
fn leaves_have_the_names_shapes_and_numbers_of_the_host() {
    everywhere(|device| {
        let model = model();
        let placed = model.to(device)?;
        assert_eq!(names(&placed), names(&model));
        assert_eq!(numbers(&placed), numbers(&model));
        let gradient = model.loss_grad(&x());
        let placed_gradient = gradient.to(device)?;
        assert_eq!(names(&placed_gradient), names(&gradient));
        assert_eq!(placed_gradient.to_host()?, gradient);
        let words = format!("{placed:?}");
        assert!(
            words.starts_with("Model { layers.0.weight: f64 [3, 3], layers.0.bias: f64 [3], "),
            "{words}"
        );
        Ok(())
    });
}

fn x() -> DVector<f64> {
    DVector::from_vec(vec![0.5, -1.5, 1.0])
}

/// The shapes and numbers of all leaves.
fn numbers(of: &impl Leaves) -> Vec<String> {
    let mut all = Vec::new();
    of.visit(pullback::leaves::Path::ROOT, &mut |path, leaf| {
        all.push(format!("{path} {} {:?}", leaf.shape, leaf.numbers.host().expect("a device that works")));
    });
    all
}

fn assert_close(got: &impl Leaves, want: &impl Leaves) {
    let list = |of: &dyn Leaves| {
        let mut all = Vec::new();
        of.visit(pullback::leaves::Path::ROOT, &mut |_, leaf| match leaf
            .numbers
            .host()
            .expect("a device that works")
        {
            pullback::leaves::HostNumbers::F64(x) => all.extend(x.to_vec()),
            other => panic!("{other:?}"),
        });
        all
    };
    let (got, want) = (list(got), list(want));
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    for (k, (g, w)) in got.iter().zip(&want).enumerate() {
        assert!((g - w).abs() <= 1e-12 * scale, "number {k} is {g}, not {w}");
    }
}

#[test]
fn methods_on_devices() {
    everywhere(|device| {
        let (model, x) = (model(), x());
        let (value, want) = model.loss_value_and_grad(&x);
        assert_eq!(model.loss_check(&x), Ok(()));
        let (on_host, gradient) = Model::loss_on(device).value_and_grad(&model, &x)?;
        assert!((on_host - value).abs() <= 1e-12 * value.abs());
        assert_close(&gradient, &want);
        let placed = model.to(device)?;
        let (got, gradient) = Model::loss_on(device).value_and_grad(&placed, &Tensor::from(&x))?;
        assert_eq!(got, on_host, "the same computation");
        assert_eq!(gradient.layers[0].weight.device(), *device);
        assert_eq!(names(&gradient), names(&placed));
        assert_close(&gradient, &want);
        assert_eq!(Model::loss_on(device).value(&placed, &x)?, Model::loss_on(device).value(&model, &x)?);
        Ok(())
    });
}

#[test]
fn numbers_may_be_tensors() {
    everywhere(|device| {
        let (model, x) = (model(), x());
        let want = scaled::grad(&model, 2.0, &x);
        let (placed, factor) = (model.to(device)?, Tensor::from(2.0).to(device)?);
        let gradient = scaled::on(device).grad(&placed, &factor, &x)?;
        assert_close(&gradient.model, &want.model);
        assert!(
            (gradient.x - &want.x).amax() <= 1e-12 * want.x.amax(),
            "a host value's gradient is a host value"
        );
        let [a, b, c] = [&factor, &2.0f64.to(device)?, &Tensor::from(2.0)];
        let value = scaled::on(device).value(&model, 2.0, &x)?;
        for factor in [a, b, c] {
            assert_eq!(scaled::on(device).value(&placed, factor, &x)?, value);
        }
        let gradient = product::on(device).grad(&factor, 3.0)?;
        assert_eq!((gradient.a.item()?, gradient.b, gradient.a.device()), (3.0, 2.0, device.clone()));
        Ok(())
    });
}

#[differentiable]
fn product(a: f64, b: f64) -> f64 {
    a * b
}

#[test]
fn shapes_that_do_not_fit_name_the_way_to_them() {
    everywhere(|device| {
        let (model, x) = (model(), x());
        let mut placed = model.to(device)?;
        placed.parts.1 = placed.parts.1.transpose();
        let error = |r: Result<f64, DeviceError>| r.unwrap_err().to_string();
        let want = "`this.parts.1` takes a tensor of shape [2, 3], not [3, 2]";
        assert_eq!(error(Model::loss_on(device).value(&placed, &x)), want);
        assert!(placed.to_host().unwrap_err().to_string().starts_with("`parts.1` takes a tensor"));
        let wrong = error(product::on(device).value(&Tensor::from([1.0]), 2.0));
        assert_eq!(wrong, "`a` takes a tensor of shape [], not [1]");
        Ok(())
    });
}

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Body {
    at: Vector3<f64>,
    #[no_diff]
    mass: f64,
    charge: f64,
    kind: usize,
}

/// A list of structs as a parameter, beside one of what stays with the host.
#[differentiable(wrt(bodies, k), modes(hvp))]
fn pull(bodies: &[Body], k: f64, weights: &[f64]) -> f64 {
    bodies.iter().zip(weights).map(|(b, w)| b.at.norm_squared() * b.mass * w + k * b.charge.sin()).sum()
}

fn bodies() -> Vec<Body> {
    let body = |i: usize| Body {
        at: Vector3::new(0.5 * i as f64, -0.25, 1.0 / (i + 1) as f64),
        mass: 1.0 + i as f64,
        charge: 0.3 * i as f64,
        kind: i,
    };
    (0..40).map(body).collect()
}

#[test]
fn lists_of_structs_are_arguments() {
    let (bodies, weights) = (bodies(), DVector::from_fn(40, |i, _| (i as f64 * 0.37).cos()));
    let (value, grad) = pull::value_and_grad(&bodies, 0.75, weights.as_slice());
    let along = pull::hvp(&bodies, 0.75, weights.as_slice(), &grad.bodies, 0.5);
    everywhere(|device| {
        let on = pull::on(device);
        let (got, host) = on.value_and_grad(&bodies, 0.75, weights.as_slice())?;
        assert!((got - value).abs() <= 1e-13 * value.abs());
        assert_close(&host, &grad);
        let (placed, w) = (bodies.to(device)?, Tensor::from(&weights).to(device)?);
        for _ in 0..3 {
            let (again, there) = on.value_and_grad(&placed, 0.75, &w)?;
            assert_eq!((again, there.bodies[3].at.device()), (got, device.clone()));
            assert_close(&there, &grad);
            let (_, second) = on.hvp(&placed[..], 0.75, &w, &there.bodies, 0.5)?;
            assert_eq!(second.bodies[39].charge.device(), *device);
            assert_close(&second, &along.1);
        }
        let (left, there) = on.queued().value_and_grad(&placed, 0.75, &w)?;
        assert_eq!(left.item()?, got);
        assert_close(&there, &grad);
        assert_eq!(on.value(&bodies[..0], 0.75, &[])?, 0.0);
        assert!(on.grad(&placed[..0], 0.75, &[])?.bodies.is_empty());
        let shorter = pull(&bodies[..39], 0.75, weights.as_slice());
        assert!((on.value(&placed[..39], 0.75, &w)? - shorter).abs() <= 1e-13 * shorter.abs());
        Ok(())
    });
}
