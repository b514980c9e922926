//! The examples against figures computed independently with NumPy and PyTorch (`reference/README.md`).

use nalgebra::DVector;
use pullback::{derivative, differentiable};
use serde_json::Value;

#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/line_fit.rs"]
mod line_fit;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/sine_autograd.rs"]
mod sine_autograd;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/sine_legendre.rs"]
mod sine_legendre;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/sine_manual.rs"]
mod sine_manual;

/// How far figures may be from the reference.
struct Tolerance {
    /// Of parameters and gradients, relative to the largest in size.
    params: f64,
    /// Of losses, relative.
    loss: f64,
}

const F32: Tolerance = Tolerance { params: 2e-5, loss: 1e-4 };
const F64: Tolerance = Tolerance { params: 1e-12, loss: 1e-11 };

/// The figures of one run of the reference: `case` of a tutorial, by `who` (`f64_numpy`, `f64_torch`, `f32_torch`).
struct Reference {
    name: String,
    initial: Vec<f64>,
    figures: Value,
    tolerance: Tolerance,
}

impl Reference {
    fn read(tutorial: &str, case: &str, who: &str, tolerance: Tolerance) -> Reference {
        let all = pullback_tests::reference::read(tutorial);
        let name = format!("{tutorial} {case} {who}");
        Reference { name, initial: floats(&all[case]["initial"]), figures: all[case][who].clone(), tolerance }
    }

    /// Where the run starts.
    fn start<const N: usize>(&self) -> [f64; N] {
        self.initial.clone().try_into().expect("as many parameters as the model has")
    }

    /// The parameters after the steps that the reference marks, among them the last.
    fn marked(&self) -> Vec<(usize, Vec<f64>)> {
        let early = self.figures["params_after_step"].as_object().expect("an object of steps");
        let mut marked: Vec<_> = early.iter().map(|(step, p)| (step.parse().unwrap(), floats(p))).collect();
        marked.push((2000, floats(&self.figures["final_params"])));
        marked
    }

    /// The losses that the reference lists, among them the one after the last step.
    fn losses(&self) -> Vec<(usize, f64)> {
        let log = self.figures["loss_log"].as_array().expect("a list of pairs");
        let mut log: Vec<_> =
            log.iter().map(|p| (p[0].as_u64().unwrap() as usize, p[1].as_f64().unwrap())).collect();
        log.push((0, self.figures["loss_at_start"].as_f64().unwrap()));
        log.push((2000, self.figures["final_loss"].as_f64().unwrap()));
        log
    }

    /// Compares value and gradient at the start.
    fn check_start(&self, value: f64, grad: &[f64]) {
        self.close("gradient at the start", grad, &floats(&self.figures["grad_at_start"]));
        self.loss_close(0, value, self.figures["loss_at_start"].as_f64().unwrap());
    }

    /// Compares every marked step and every logged loss of `fit`, which takes a number of steps and a log, and returns
    /// the parameters.
    fn check_fit(&self, fit: impl Fn(usize, &mut dyn FnMut(usize, f64)) -> Vec<f64>) {
        for (steps, params) in self.marked() {
            self.close(&format!("parameters after step {steps}"), &fit(steps, &mut |_, _| ()), &params);
        }
        let mut log = Vec::new();
        fit(2001, &mut |_, loss| log.push(loss));
        for (step, loss) in self.losses() {
            self.loss_close(step, log[step], loss);
        }
    }

    fn close(&self, what: &str, ours: &[f64], theirs: &[f64]) {
        let scale = theirs.iter().fold(0.0, |m: f64, p| m.max(p.abs()));
        let off = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / scale).fold(0.0, f64::max);
        assert_eq!(ours.len(), theirs.len(), "{}: {what}", self.name);
        assert!(
            off <= self.tolerance.params,
            "{}: {what} are off by {off:e}: {ours:?} instead of {theirs:?}",
            self.name
        );
    }

    fn loss_close(&self, step: usize, ours: f64, theirs: f64) {
        let off = (ours / theirs - 1.0).abs();
        assert!(
            off <= self.tolerance.loss,
            "{}: loss at step {step} is off by {off:e}: {ours} instead of {theirs}",
            self.name
        );
    }
}

fn floats(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list of numbers").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[test]
fn sine_manual() {
    let reference = Reference::read("t1_sin_cubic", "case_A", "f64_numpy", F64);
    let (x, y) = sine();
    let (value, grad) = sine_manual::loss_and_grad(reference.start(), &x, &y);
    reference.check_start(value, &grad);
    reference.check_fit(|steps, log| sine_manual::fit(reference.start(), steps, log).to_vec());
}

/// The tutorials' points in f64, as `numpy.linspace` makes them, and the sine there.
fn sine() -> (DVector<f64>, DVector<f64>) {
    let pi = std::f64::consts::PI;
    let x = DVector::from_fn(2000, |i, _| -pi + i as f64 * (2.0 * pi / 1999.0));
    let y = x.map(f64::sin);
    (x, y)
}

/// Gradient descent from `start`; `log` sees each step's number and loss.
fn descend<const N: usize>(
    start: [f64; N],
    rate: f64,
    steps: usize,
    log: &mut dyn FnMut(usize, f64),
    value_and_grad: impl Fn([f64; N]) -> (f64, [f64; N]),
) -> Vec<f64> {
    let mut params = start;
    for step in 0..steps {
        let (value, grad) = value_and_grad(params);
        log(step, value);
        params.iter_mut().zip(grad).for_each(|(param, grad)| *param -= rate * grad);
    }
    params.to_vec()
}

#[differentiable(wrt(a, b, c, d))]
fn cubic(a: f64, b: f64, c: f64, d: f64, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
    let y_pred = x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - y).norm_squared()
}

#[test]
fn cubic_f64() {
    let (x, y) = sine();
    let value_and_grad = |[a, b, c, d]: [f64; 4]| {
        let (value, grad) = cubic::value_and_grad(a, b, c, d, &x, &y);
        (value, [grad.a, grad.b, grad.c, grad.d])
    };
    for (case, who) in [("case_A", "f64_numpy"), ("case_A", "f64_torch"), ("case_zeros", "f64_torch")] {
        let reference = Reference::read("t1_sin_cubic", case, who, F64);
        let (value, grad) = value_and_grad(reference.start());
        reference.check_start(value, &grad);
        reference.check_fit(|steps, log| descend(reference.start(), 1e-6, steps, log, value_and_grad));
    }
}

#[test]
fn cubic_f32() {
    for case in ["case_A", "case_zeros"] {
        let reference = Reference::read("t1_sin_cubic", case, "f32_torch", F32);
        let start = reference.start().map(|p: f64| p as f32);
        reference.check_fit(|steps, log| {
            widen(sine_autograd::fit(start, steps, |step, loss| log(step, f64::from(loss))))
        });
    }
}

fn widen<const N: usize>(params: [f32; N]) -> Vec<f64> {
    params.iter().copied().map(f64::from).collect()
}

fn legendre_p3(z: f64) -> f64 {
    0.5 * (5.0 * z.powi(3) - 3.0 * z)
}

#[derivative(of = legendre_p3)]
fn legendre_p3_vjp(z: f64, dy: f64) -> f64 {
    dy * 1.5 * (5.0 * z.powi(2) - 1.0)
}

#[differentiable(wrt(a, b, c, d))]
fn legendre(a: f64, b: f64, c: f64, d: f64, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
    let y_pred = x.map(|x| a + b * legendre_p3(c + d * x));
    (y_pred - y).norm_squared()
}

#[test]
fn legendre_f64() {
    let (x, y) = sine();
    let value_and_grad = |[a, b, c, d]: [f64; 4]| {
        let (value, grad) = legendre::value_and_grad(a, b, c, d, &x, &y);
        (value, [grad.a, grad.b, grad.c, grad.d])
    };
    for (case, who) in [("case", "f64_numpy"), ("case", "f64_torch"), ("case_asymmetric_start", "f64_numpy")]
    {
        let reference = Reference::read("t2_legendre", case, who, F64);
        let (value, grad) = value_and_grad(reference.start());
        reference.check_start(value, &grad);
        reference.check_fit(|steps, log| descend(reference.start(), 5e-6, steps, log, value_and_grad));
    }
}

#[test]
fn legendre_f32() {
    for case in ["case", "case_asymmetric_start"] {
        let reference = Reference::read("t2_legendre", case, "f32_torch", F32);
        let start = reference.start().map(|p: f64| p as f32);
        reference.check_fit(|steps, log| {
            widen(sine_legendre::fit(start, steps, |step, loss| log(step, f64::from(loss))))
        });
    }
}

#[test]
fn line_f64() {
    for who in ["f64_numpy", "f64_torch"] {
        let reference = Reference::read("t5_line_fit_norm", "case", who, F64);
        line_fit::fit(1, |_, value, grad| reference.check_start(value, &grad));
        reference.check_fit(|steps, log| line_fit::fit(steps, |step, value, _| log(step, value)).to_vec());
    }
}

#[differentiable(wrt(slope, intercept))]
fn error(slope: f32, intercept: f32, x: &[f32], y: &[f32]) -> f32 {
    let squares: f32 = x.iter().zip(y).map(|(x, y)| (slope * x + intercept - y).powi(2)).sum();
    squares.sqrt() / x.len() as f32
}

/// In f32, and over slices instead of vectors.
#[test]
fn line_f32() {
    let x: Vec<f64> = (0..10).map(|i| f64::from(i) * (1.0 / 9.0)).collect();
    let y: Vec<f32> = x.iter().map(|x| (3.0 * x + (6.0 * x).sin() + 1.0) as f32).collect();
    let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let reference = Reference::read("t5_line_fit_norm", "case", "f32_torch", F32);
    let (value, grad) = error::value_and_grad(0.0, 0.0, &x, &y);
    reference.check_start(value.into(), &[grad.slope.into(), grad.intercept.into()]);
    reference.check_fit(|steps, log| {
        let [mut slope, mut intercept] = [0.0; 2];
        for step in 0..steps {
            let (value, grad) = error::value_and_grad(slope, intercept, &x, &y);
            log(step, value.into());
            slope -= 0.01 * grad.slope;
            intercept -= 0.01 * grad.intercept;
        }
        widen([slope, intercept])
    });
}
