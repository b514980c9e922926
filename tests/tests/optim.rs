//! Optimizers, schedules and clipping against PyTorch (`reference/README.md`), and what they refuse.

use nalgebra::{DMatrix, DVector};
use pullback::optim::{
    Adagrad, Adam, AdamW, Cosine, Exponential, LeafError, Optimizer, RmsProp, Schedule, Sgd, StepDecay,
    clip_norm, clip_value,
};
use pullback::{differentiable, leaves};
use pullback_tests::reference::{floats, read};
use serde_json::{Map, Value};

/// PyTorch's arguments of an optimizer.
struct Options<'a>(&'a Map<String, Value>);

impl Options<'_> {
    fn number(&self, name: &str, default: f64) -> f64 {
        self.0.get(name).map_or(default, |v| v.as_f64().expect("a number"))
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|v| v.as_bool().expect("a truth value"))
    }

    fn betas(&self) -> (f64, f64) {
        self.0.get("betas").map_or((0.9, 0.999), |v| (v[0].as_f64().unwrap(), v[1].as_f64().unwrap()))
    }
}

/// The optimizer that PyTorch's class and arguments describe.
fn optimizer(class: &str, options: &Value) -> Box<dyn Optimizer> {
    let o = Options(options.as_object().expect("an object"));
    let (rate, decay) = (o.number("lr", f64::NAN), o.number("weight_decay", 0.0));
    let (maximize, amsgrad, (first, second)) = (o.flag("maximize"), o.flag("amsgrad"), o.betas());
    match class {
        "SGD" => Box::new(
            Sgd::new(rate)
                .momentum(o.number("momentum", 0.0))
                .dampening(o.number("dampening", 0.0))
                .weight_decay(decay)
                .nesterov(o.flag("nesterov"))
                .maximize(maximize),
        ),
        "RMSprop" => Box::new(
            RmsProp::new(rate)
                .alpha(o.number("alpha", 0.99))
                .eps(o.number("eps", 1e-8))
                .momentum(o.number("momentum", 0.0))
                .weight_decay(decay)
                .centered(o.flag("centered")),
        ),
        "Adam" => {
            let adam = Adam::new(rate).betas(first, second).eps(o.number("eps", 1e-8));
            Box::new(adam.weight_decay(decay).amsgrad(amsgrad).maximize(maximize))
        }
        "AdamW" => Box::new(
            AdamW::new(rate)
                .betas(first, second)
                .weight_decay(o.number("weight_decay", 0.01))
                .amsgrad(amsgrad),
        ),
        "Adagrad" => Box::new(
            Adagrad::new(rate)
                .rate_decay(o.number("lr_decay", 0.0))
                .weight_decay(decay)
                .initial_sum(o.number("initial_accumulator_value", 0.0))
                .eps(o.number("eps", 1e-10)),
        ),
        other => panic!("no optimizer {other}"),
    }
}

#[differentiable]
fn rosenbrock(x: f64, y: f64) -> f64 {
    100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
}

#[differentiable]
fn rosenbrock32(p: &[f32; 2]) -> f32 {
    let [x, y] = *p;
    100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
}

/// Runs to the steps that `marked` names and compares relative to the larger parameter.
fn check(name: &str, mut optimizer: Box<dyn Optimizer>, marked: &Value, tolerance: f64, single: bool) {
    let marked = marked.as_object().expect("an object of steps");
    let last = marked.keys().map(|s| s.parse().unwrap()).max().unwrap();
    let ((mut x, mut y), mut p) = ((-1.2, 1.0), [-1.2f32, 1.0]);
    let mut compared = 0;
    for step in 1..=last {
        if single {
            let grad = rosenbrock32::grad(&p);
            optimizer.update(&mut p, &grad).unwrap();
            (x, y) = (p[0].into(), p[1].into());
        } else {
            let grad = rosenbrock::grad(x, y);
            optimizer.update(&mut (&mut x, &mut y), &grad).unwrap();
        }
        if let Some(theirs) = marked.get(&step.to_string()) {
            let theirs = floats(theirs);
            let scale = theirs[0].abs().max(theirs[1].abs());
            let off = (x - theirs[0]).abs().max((y - theirs[1]).abs()) / scale;
            assert!(off <= tolerance, "{name}: step {step} is off by {off:e}: {x} {y} instead of {theirs:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, marked.len());
    assert_eq!(optimizer.state().steps(), last);
}

#[test]
fn five_optimizers_on_rosenbrock() {
    let all = read("t4b_optimizers_rosenbrock");
    let all = all["optimizers"].as_object().unwrap();
    assert_eq!(all.len(), 5);
    for (name, case) in all {
        for (who, tolerance, single) in
            [("f64_numpy", 1e-12, false), ("f64_torch", 1e-12, false), ("f32_torch", 2e-4, true)]
        {
            let made = optimizer(case["torch_class"].as_str().unwrap(), &case["hyperparameters"]);
            check(&format!("{name} {who}"), made, &case[who]["params_after_step"], tolerance, single);
        }
    }
}

#[test]
fn options_as_in_pytorch() {
    let all = read("optimizers");
    let cases = all["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 13);
    for (name, case) in cases {
        for (who, tolerance, single) in [("f64", 1e-12, false), ("f32", 2e-4, true)] {
            let made = optimizer(case["class"].as_str().unwrap(), &case["options"]);
            check(&format!("{name} {who}"), made, &case[who], tolerance, single);
        }
    }
}

#[test]
fn schedules_as_in_pytorch() {
    let all = read("optimizers");
    let ours: [(&str, &dyn Schedule); 3] = [
        ("step", &StepDecay::new(0.1, 3, 0.5)),
        ("exponential", &Exponential::new(0.1, 0.9)),
        ("cosine", &Cosine::new(0.1, 8).minimum(0.01)),
    ];
    for (name, schedule) in ours {
        let theirs = floats(&all["schedules"][name]);
        assert_eq!(theirs.len(), 12);
        for (epoch, rate) in theirs.into_iter().enumerate() {
            let our = schedule.rate(epoch as u64);
            assert!((our - rate).abs() < 1e-15, "{name}: epoch {epoch}: {our} instead of {rate}");
        }
    }
}

#[test]
fn clipping_as_in_pytorch() {
    let all = read("optimizers");
    let clipping = &all["clipping"];
    let start = || (floats(&clipping["start"][0]), floats(&clipping["start"][1]));
    let close = |ours: &(Vec<f64>, Vec<f64>), theirs: &Value| {
        let both = [(&ours.0, floats(&theirs[0])), (&ours.1, floats(&theirs[1]))];
        for (a, b) in both.iter().flat_map(|(a, b)| a.iter().zip(b)) {
            assert!((a - b).abs() < 1e-14, "{ours:?} instead of {theirs}");
        }
    };
    for (limit, name) in [(2.0, "norm_2"), (100.0, "norm_100")] {
        let mut grad = start();
        let norm = clip_norm(&mut grad, limit);
        assert!((norm - clipping[name]["norm"].as_f64().unwrap()).abs() < 1e-13);
        close(&grad, &clipping[name]["grad"]);
    }
    let mut grad = start();
    clip_value(&mut grad, 1.0);
    close(&grad, &clipping["value_1"]["grad"]);
}

#[test]
fn nan_is_not_clipped_away() {
    let mut grad = [f64::NAN, 3.0];
    clip_value(&mut grad, 1.0);
    assert!(grad[0].is_nan() && grad[1] == 1.0);
    assert!(clip_norm(&mut grad, 1.0).is_nan());
    assert!(grad.iter().all(|g| g.is_nan()));
}

/// Long leaves go through chunks, lanes and the remainder; each number moves as a single one would.
#[test]
fn long_leaves_move_like_single_numbers() {
    let n = 300_007;
    let start = |i: usize| (i as f64 * 0.37).sin();
    let slope = |i: usize, step: usize| (i as f64 * 0.11 + step as f64).cos();
    let mut all = DVector::from_fn(n, |i, _| start(i));
    let made = || RmsProp::new(0.01).centered(true).momentum(0.9).weight_decay(0.1);
    let mut long = made();
    for step in 0..3 {
        long.step(&mut all, &DVector::from_fn(n, |i, _| slope(i, step)));
    }
    for i in [0, 1, 17, 4095, 131_072, 262_143, 300_000, 300_006] {
        let (mut one, mut single) = (start(i), made());
        (0..3).for_each(|step| single.step(&mut one, &slope(i, step)));
        assert_eq!(all[i], one, "number {i}");
    }
}

#[test]
fn state_is_shaped_like_the_parameters() {
    let mut model = (DMatrix::<f64>::zeros(2, 3), [1.0f32; 2]);
    let grad = (DMatrix::from_element(2, 3, 2.0), [0.5f32; 2]);
    let mut adam = Adam::new(0.1);
    adam.step(&mut model, &grad);
    let names = leaves::names(adam.state());
    assert_eq!(names, ["exp_avg.0", "exp_avg_sq.0", "exp_avg.1", "exp_avg_sq.1"]);
    let mut fresh = Adam::new(0.1);
    fresh.prepare(&model);
    assert_eq!((leaves::names(fresh.state()), fresh.state().steps()), (names, 0));
    assert_eq!(leaves::names(Sgd::new(0.1).state()), [""; 0]);
}

fn refused<P: pullback::LeavesMut + Clone + PartialEq>(params: P, grad: impl pullback::Leaves) -> LeafError {
    let (mut after, mut sgd) = (params.clone(), Sgd::new(0.1).momentum(0.5));
    let error = sgd.try_step(&mut after, &grad).unwrap_err();
    assert!(after == params && sgd.state().steps() == 0, "nothing changes: {error}");
    error
}

#[test]
fn what_does_not_fit_is_named() {
    let error = refused((DMatrix::<f64>::zeros(2, 3), 1.0), (DMatrix::<f64>::zeros(3, 2), 1.0));
    assert_eq!(error.to_string(), "`0` has shape [2, 3] but its gradient [3, 2]");
    let error = refused((1.0, [1.0; 3]), (1.0, [1.0; 4]));
    assert_eq!(error.to_string(), "`1` has shape [3] but its gradient [4]");
    let error = refused(vec![1.0; 3], vec![1.0; 2]);
    assert_eq!(error.to_string(), "the parameter has shape [3] but its gradient [2]");
    let error = refused((1.0, 2.0), (1.0,));
    assert_eq!(error.to_string(), "`1` is in the parameters but not in the gradient");
    let error = refused((1.0, 2.0), (1.0, 2.0, 3.0));
    assert_eq!(error.to_string(), "`2` is in the gradient but not in the parameters");
    let error = refused([1.0f32; 2], [1.0; 2]);
    assert_eq!(error.to_string(), "the parameter is f32 but its gradient f64");
    let error = refused([[1.0; 3]; 2], DMatrix::from_element(2, 3, 1.0));
    assert_eq!(error.to_string(), "the parameter is row-major but its gradient column-major");
    // where the order makes no difference it is no error
    Sgd::new(0.1).step(&mut [1.0; 3], &DVector::from_element(3, 1.0));
}

#[test]
fn other_parameters_than_before_are_refused() {
    let mut sgd = Sgd::new(0.1).momentum(0.5);
    sgd.step(&mut [1.0; 3], &[1.0; 3]);
    let error = sgd.try_step(&mut [1.0; 4], &[1.0; 4]).unwrap_err();
    assert_eq!(error.to_string(), "the parameter has shape [4] but the optimizer's state of it [3]");
    assert_eq!(sgd.state().steps(), 1);
}

/// Two parameters of equal shape could be swapped without anyone noticing.
#[test]
fn names_in_another_order_are_refused() {
    let (grad, ordered) = (rosenbrock::grad(1.0, 2.0), swapped::grad(1.0, 2.0));
    let error = Sgd::new(0.1).try_step(&mut grad.clone(), &ordered).unwrap_err();
    let text = "`x` of the parameters meets `y` of the gradient: give them in one order";
    assert_eq!(error.to_string(), text);
    Sgd::new(0.1).step(&mut grad.clone(), &grad);
}

#[differentiable]
fn swapped(y: f64, x: f64) -> f64 {
    x * y
}

#[test]
#[should_panic(expected = "`1` has shape [] but its gradient [2]")]
fn step_panics_with_the_same_words() {
    let (mut a, mut b) = (1.0, 2.0);
    Adam::new(0.1).step((&mut a, &mut b), &(1.0, [1.0, 2.0]));
}

#[test]
fn learning_rates_change_between_steps() {
    let mut sgd = Sgd::new(0.5);
    let mut w = 1.0;
    sgd.step(&mut w, &1.0);
    sgd.set_learning_rate(0.25);
    sgd.step(&mut w, &1.0);
    assert_eq!((w, sgd.learning_rate()), (0.25, 0.25));
}
