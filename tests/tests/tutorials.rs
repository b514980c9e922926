//! The examples against figures computed independently with NumPy and PyTorch (`reference/README.md`).

use nalgebra::DVector;
use serde_json::Value;

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
        let path = format!("{}/reference/{tutorial}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let all: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
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
    let pi = std::f64::consts::PI;
    let x = DVector::from_fn(2000, |i, _| -pi + i as f64 * (2.0 * pi / 1999.0));
    let (value, grad) = sine_manual::loss_and_grad(reference.start(), &x, &x.map(f64::sin));
    reference.check_start(value, &grad);
    reference.check_fit(|steps, log| sine_manual::fit(reference.start(), steps, log).to_vec());
}
