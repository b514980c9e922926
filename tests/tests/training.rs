//! The examples that train with `optim` and `data`, against figures of NumPy and PyTorch (`reference/README.md`).

use nalgebra::{DMatrix, DVector};
use pullback::data::{Batches, Rows, split};
use pullback_tests::reference::{close, floats, read};
use serde_json::Value;

macro_rules! examples {
    ($($name:ident $path:literal)*) => {
        $(#[allow(dead_code, unreachable_pub)]
        #[path = $path]
        mod $name;)*
    };
}

examples! {
    dynamic_net "../../examples/dynamic_net.rs"
    gradient_descent "../../examples/gradient_descent.rs"
    linear_regression "../../examples/linear_regression.rs"
    logistic_regression "../../examples/logistic_regression.rs"
    mini_batch "../../examples/mini_batch.rs"
    power_series "../../examples/power_series.rs"
    sine_rmsprop "../../examples/sine_rmsprop.rs"
}

/// Compares the parameters after every marked step, and the losses of a run to the last of them. `fit` takes a number of steps and a
/// log, and returns the parameters.
fn check(figures: &Value, tolerance: f64, fit: impl Fn(usize, &mut dyn FnMut(usize, f64)) -> Vec<f64>) {
    let marked = figures["params_after_step"].as_object().expect("an object of steps");
    let last: usize = marked.keys().map(|s| s.parse().unwrap()).max().expect("some steps");
    let mut losses = Vec::new();
    for (step, theirs) in marked {
        let steps = step.parse().unwrap();
        let mut log = Vec::new();
        let ours = fit(steps, &mut |_, loss| log.push(loss));
        close(&format!("step {step}"), &ours, &floats(theirs), tolerance);
        assert_eq!(log.len(), steps);
        if steps == last {
            losses = log;
        }
    }
    for pair in figures["loss_log"].as_array().into_iter().flatten() {
        let (step, theirs) = (pair[0].as_u64().unwrap() as usize, pair[1].as_f64().unwrap());
        if let Some(&ours) = losses.get(step) {
            close(&format!("loss at step {step}"), &[ours], &[theirs], tolerance);
        }
    }
}

fn joined<const N: usize>((w, b): ([f64; N], f64)) -> Vec<f64> {
    [&w[..], &[b]].concat()
}

#[test]
fn sine_rmsprop_to_step_500() {
    let mut figures = read("sine_rmsprop");
    // later the signs of tiny gradients decide, which rounding changes
    figures["params_after_step"].as_object_mut().unwrap().remove("2000");
    check(&figures, 1e-9, |steps, log| joined(sine_rmsprop::fit(steps, log)));
    // where all runs end
    let (w, b) = sine_rmsprop::fit(2000, |_, _| ());
    assert!((w[0] - 0.857).abs() < 0.002 && (w[2] + 0.0933).abs() < 0.001 && b.abs() < 0.001, "{w:?} {b}");
}

#[test]
fn dynamic_net_with_the_same_choices() {
    check(&read("dynamic_net"), 1e-9, |steps, log| dynamic_net::fit(steps, log).to_vec());
}

/// What the tutorial printed, in f32: the order of summation shows from the fifth digit on after 90,000 steps.
#[test]
fn power_series_as_printed() {
    let reference = read("t7_polyfit");
    let published = &reference["published"];
    let mut seen = false;
    let last = power_series::fit(100_000, |epoch, loss, w| {
        if epoch == 90_000 {
            close("the last print", &w.map(f64::from), &floats(&published["params"]), 1e-4);
            close("its loss", &[loss.into()], &[published["loss"].as_f64().unwrap()], 1e-5);
            seen = true;
        }
    });
    assert!(seen);
    close("the end", &last.map(f64::from), &floats(&reference["f32_numpy"]["final_params"]), 1e-4);
}

#[pullback::differentiable(wrt(w))]
fn series(w: &[f64; 5], x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        let y_pred = w[0] + w[1] * x[i] + w[2] * x[i].powi(2) + w[3] * x[i].powi(3) + w[4] * x[i].powi(4);
        sum += (y_pred - y[i]).powi(2);
    }
    sum / x.len() as f64
}

#[test]
fn power_series_in_f64() {
    let reference = read("t7_polyfit");
    let (x, y) = (floats(&reference["x"]), floats(&reference["y"]));
    check(&reference["f64_numpy"], 1e-9, |steps, log| {
        let (mut w, mut sgd) = ([0.0; 5], pullback::optim::Sgd::new(0.05));
        for step in 0..steps {
            let (value, grad) = series::value_and_grad(&w, &x, &y);
            log(step, value);
            sgd.step(&mut w, &grad);
        }
        w.to_vec()
    });
}

/// The points of the linear regression: rows of three, and what was measured.
fn regression() -> (Vec<[f64; 3]>, Vec<f64>) {
    let reference = read("t8_linear_regression");
    let rows = floats(&reference["X_row_major"]).as_chunks::<3>().0.to_vec();
    (rows, floats(&reference["y"]))
}

#[test]
fn linear_regression_and_a_prediction() {
    let reference = read("t8_linear_regression");
    let (x, y) = regression();
    let case = &reference["sum_mse_sgd_lr1e-4_500"];
    let w = [0.0; 3];
    let (value, grad) = linear_regression::loss::value_and_grad(&w, 0.0, &x, &y);
    close("loss at the start", &[value], &[case["f64_numpy"]["loss_at_start"].as_f64().unwrap()], 1e-12);
    close(
        "gradient at the start",
        &joined((grad.w, grad.b)),
        &floats(&case["f64_numpy"]["grad_at_start"]),
        1e-12,
    );
    for who in ["f64_numpy", "f64_torch"] {
        // the last losses are sums of squares of noise: 1e-9 of the first
        let mut figures = case[who].clone();
        figures.as_object_mut().unwrap().remove("loss_log");
        check(&figures, 1e-9, |steps, log| joined(linear_regression::fit(&x, &y, steps, log)));
        let mut last = 0.0;
        let (w, b) = linear_regression::fit(&x, &y, 501, |_, loss| last = loss);
        close("the end", &joined((w, b)), &floats(&case[who]["final_params"]), 1e-12);
        close("the last loss", &[last], &[case[who]["final_loss"].as_f64().unwrap()], 1e-6);
        let new = linear_regression::predict(&w, b, &[1.0, 1.0, 1.0]);
        assert!((new - 10.0).abs() < 1e-6, "{new}");
    }
}

#[test]
fn gradient_descent_by_hand_and_by_the_attribute() {
    let (rows, y) = regression();
    let x = DMatrix::from_fn(rows.len(), 4, |r, c| if c < 3 { rows[r][c] } else { 1.0 });
    let y = DVector::from_vec(y);
    for by_hand in [false, true] {
        let figures = read("gradient_descent");
        check(&figures, 1e-9, |steps, log| {
            gradient_descent::fit(&x, &y, steps, by_hand, log).as_slice().to_vec()
        });
    }
}

#[test]
fn mini_batches_of_both_kinds() {
    let (data, figures) = (regression(), read("mini_batch"));
    for (rule, made) in [
        ("cyclic", (|| Batches::cyclic(1000, 32)) as fn() -> Batches),
        ("random", || Batches::random(1000, 32, 7)),
    ] {
        check(&figures[rule], 1e-9, |steps, log| joined(mini_batch::fit(&data, made(), steps, log)));
    }
}

#[test]
fn logistic_regression_and_its_accuracy() {
    let reference = read("t9_logistic");
    let case = &reference["lr0.0001_epochs100"];
    let x = floats(&reference["X_row_major"]).as_chunks::<5>().0.to_vec();
    let y = floats(&reference["y"]);
    let (train, test) = split(x.len(), 0.3);
    assert_eq!((train[6999], test[0]), (6999, 7000));
    let (x_train, y_train) = (x.take_rows(&train), y.take_rows(&train));
    let (x_test, y_test) = (x.take_rows(&test), y.take_rows(&test));

    for who in ["f64_numpy", "f64_torch"] {
        check(&case[who], 1e-9, |epochs, log| {
            joined(logistic_regression::fit(&x_train, &y_train, epochs, log))
        });
    }
    let (w, b) = logistic_regression::fit(&x_train, &y_train, 100, |_, _| ());
    close("the end", &joined((w, b)), &floats(&case["f64_numpy"]["final_params"]), 1e-12);
    assert_eq!(logistic_regression::accuracy(&w, b, &x_train, &y_train), 0.864);
    let tested = logistic_regression::accuracy(&w, b, &x_test, &y_test);
    assert!((tested - 0.852_666_666_666_666_7).abs() < 1e-15, "{tested}");
}
