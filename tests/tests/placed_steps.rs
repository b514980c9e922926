//! Steps of training on a device: how many launches they take, clipping and learning rates in recorded ones.
#![cfg(feature = "cuda")]

use std::sync::{Mutex, MutexGuard};

use pullback::leaves::{HostNumbers, Path};
use pullback::optim::{
    Adagrad, Adam, AdamW, Cosine, Exponential, Optimizer, RmsProp, Schedule, Sgd, StepDecay,
};
use pullback::optim::{clip_norm, clip_norm_queued, clip_value};
use pullback::{Device, DeviceError, Leaves, Tensor};
use pullback_tests::fake::{self, launches};

/// The driver for tests has one state: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

fn gpu() -> (MutexGuard<'static, ()>, Device) {
    (ONE.lock().unwrap_or_else(|e| e.into_inner()), fake::device())
}

/// Arrays of both precisions.
type Model = (Vec<Vec<f32>>, Vec<Vec<f64>>);
type Placed = (Vec<Tensor<f32>>, Vec<Tensor<f64>>);

fn wave(k: usize, i: usize) -> f64 {
    ((i as f64 + 0.5) * (0.37 + 0.21 * k as f64)).sin()
}

fn model(single: &[usize], double: &[usize], seed: usize) -> Model {
    let array = |k: usize, n: usize| (0..n).map(move |i| wave(k + seed, i));
    let single = single.iter().enumerate().map(|(k, &n)| array(k, n).map(|x| x as f32).collect());
    let double = double.iter().enumerate().map(|(k, &n)| array(k + 7, n).collect());
    (single.collect(), double.collect())
}

fn placed((single, double): &Model, device: &Device) -> Result<Placed, DeviceError> {
    Ok((
        single.iter().map(|x| Tensor::from(x.clone()).to(device)).collect::<Result<_, _>>()?,
        double.iter().map(|x| Tensor::from(x.clone()).to(device)).collect::<Result<_, _>>()?,
    ))
}

/// The bits of all numbers.
fn bits(of: &(impl Leaves + ?Sized)) -> Vec<u64> {
    let mut all = Vec::new();
    of.visit(Path::ROOT, &mut |_, leaf| match leaf.numbers.host().expect("a device that works") {
        HostNumbers::F32(x) => all.extend(x.iter().map(|x| u64::from(x.to_bits()))),
        HostNumbers::F64(x) => all.extend(x.iter().map(|x| x.to_bits())),
    });
    all
}

/// Empty ones, single numbers, whole chunks and those with a rest.
const SIZES: [usize; 7] = [3, 0, 2048, 1, 5000, 0, 2049];

/// Steps of a model on the host and on a device: the same bits, by so many launches.
fn same<O: Optimizer + Clone>(name: &str, optimizer: O, sizes: [&[usize]; 2], wanted: u64) {
    let (_one, device) = gpu();
    let start = model(sizes[0], sizes[1], 0);
    let mut there = (placed(&start, &device).unwrap(), optimizer.clone());
    let mut host = (start, optimizer);
    for step in 0..3 {
        let gradient = model(sizes[0], sizes[1], step + 1);
        let moved = placed(&gradient, &device).unwrap();
        host.1.step(&mut host.0, &gradient);
        let count = launches(&device, || there.1.step(&mut there.0, &moved));
        assert_eq!(bits(&there.0), bits(&host.0), "{name}: parameters after step {step}");
        assert_eq!(bits(there.1.state()), bits(host.1.state()), "{name}: memory after step {step}");
        assert!(
            count.is_none_or(|n| n == wanted),
            "{name}: step {step} takes {count:?} launches, not {wanted}"
        );
    }
}

#[test]
fn all_leaves_are_one_launch() {
    let [single, double] = [&[5usize; 20][..], &[]];
    same("sgd", Sgd::new(0.1), [single, double], 2);
    same("momentum", Sgd::new(0.1).momentum(0.9).weight_decay(0.5), [double, single], 2);
    same("adam", Adam::new(0.1), [single, double], 2);
    same("adam", Adam::new(0.1), [&SIZES, &SIZES], 3);
    same("adamw amsgrad", AdamW::new(0.1).amsgrad(true), [&SIZES, &SIZES], 3);
    same("rmsprop", RmsProp::new(0.1).momentum(0.5).centered(true), [&SIZES, &SIZES], 3);
    same("dampened", Sgd::new(0.1).momentum(0.9).dampening(0.25), [&SIZES, &SIZES], 3);
    same("adagrad", Adagrad::new(0.1).rate_decay(0.125), [&SIZES, &SIZES], 3);
}

#[test]
fn very_many_leaves_are_a_launch_for_each_64() {
    let many: Vec<usize> = (0..200).map(|k| 1 + k % 7).collect();
    same("adam", Adam::new(0.1), [&many[..64], &[]], 2);
    same("adam", Adam::new(0.1), [&many[..65], &[]], 3);
    same("rmsprop", RmsProp::new(0.1).momentum(0.5).centered(true), [&many, &many[..128]], 1 + 4 + 2);
    // Those without numbers take no row.
    same("sgd", Sgd::new(0.1), [&[vec![0; 200], vec![3; 10]].concat(), &[0]], 2);
    same("sgd", Sgd::new(0.1), [&[0], &[]], 1);
}

#[test]
fn gradients_are_clipped_in_few_launches() {
    let (_one, device) = gpu();
    let host = model(&SIZES, &SIZES, 0);
    let mut clipped = (host.clone(), placed(&host, &device).unwrap());
    clip_value(&mut clipped.0, 0.25);
    let count = launches(&device, || clip_value(&mut clipped.1, 0.25));
    assert_eq!((bits(&clipped.1), count.unwrap_or(2)), (bits(&clipped.0), 2));
    for (limit, scale) in [(1.5, true), (1e6, false), (0.0, true)] {
        let (mut a, mut b) = (host.clone(), placed(&host, &device).unwrap());
        let mut norm = None;
        let count = launches(&device, || norm = Some(clip_norm_queued(&mut b, limit).unwrap()));
        let (want, norm) = (clip_norm(&mut a, limit), norm.map(|n| n.item().unwrap()).unwrap_or_default());
        assert!((norm - want).abs() <= 1e-13 * want, "{norm} and {want}");
        assert_eq!(count.unwrap_or(6), 6);
        // The norms round differently, what is done with them does not.
        let factor = if limit / (norm + 1e-6) >= 1.0 { 1.0 } else { limit / (norm + 1e-6) };
        let scaled = (host.0.clone(), host.1.clone());
        let scaled: Model = (
            scaled.0.iter().map(|x| x.iter().map(|x| x * factor as f32).collect()).collect(),
            scaled.1.iter().map(|x| x.iter().map(|x| x * factor).collect()).collect(),
        );
        assert_eq!(bits(&b), bits(&scaled), "{limit}");
        assert_eq!(bits(&scaled) != bits(&host), scale);
        let mut again = placed(&host, &device).unwrap();
        assert_eq!(clip_norm(&mut again, limit).to_bits(), norm.to_bits(), "in any run the same");
        assert_eq!(bits(&again), bits(&b));
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    let (_one, device) = gpu();
    for (bad, expected) in [(f32::NAN, f64::NAN), (f32::INFINITY, f64::INFINITY)] {
        let mut gradient = Tensor::from([1.0, bad]).to(&device).unwrap();
        let norm = clip_norm_queued(&mut gradient, 1.0).unwrap().item().unwrap();
        assert_eq!(norm.is_nan(), expected.is_nan());
        let all = gradient.to_vec().unwrap();
        assert!(all[1].is_nan() && all[0].is_nan() == bad.is_nan(), "{all:?}");
    }
}

#[test]
fn leaves_in_several_places() {
    let (_one, device) = gpu();
    let there = Tensor::from([3.0]).to(&device).unwrap();
    let mut mixed = (there.duplicate().unwrap(), vec![4.0f32]);
    let error = clip_norm_queued(&mut mixed, 1.0).unwrap_err().to_string();
    assert!(error.contains("clip_norm_queued"), "{error}");
    assert_eq!(bits(&mixed), bits(&(vec![3.0], vec![4.0f32])), "nothing changed");
    assert_eq!(clip_norm(&mut mixed, 2.5), 5.0);
    let factor = 2.5 / (5.0 + 1e-6);
    assert_eq!(bits(&mixed), bits(&(vec![3.0 * factor], vec![4.0 * factor as f32])));
    clip_value(&mut mixed, 1.75);
    assert_eq!(bits(&mixed), bits(&(vec![3.0 * factor], vec![1.75f32])));
}

/// A state that is trained by recorded steps, and the same by calls.
fn recorded<O: Optimizer + Clone>(name: &str, optimizer: O, mut between: impl FnMut(usize, &mut O)) {
    let (_one, device) = gpu();
    let (start, gradient) = (model(&SIZES, &[4, 9], 0), model(&SIZES, &[4, 9], 1));
    let there = placed(&gradient, &device).unwrap();
    let mut called = (start.clone(), optimizer.clone());
    let mut step = device
        .record_with((placed(&start, &device).unwrap(), optimizer), |(params, optimizer)| {
            Ok(optimizer.try_step(params, &there)?)
        });
    for k in 0..9 {
        between(k, &mut called.1);
        // A copy that somebody keeps does not keep the rate from changing.
        let kept = step.state().1.clone();
        between(k, &mut step.state_mut().1);
        assert_eq!(kept.state().steps(), k as u64);
        drop(kept);
        let rate = called.1.learning_rate();
        assert_eq!(step.state().1.learning_rate(), rate, "{name}: run {k}");
        called.1.step(&mut called.0, &gradient);
        step.run().unwrap();
        assert_eq!(bits(&step.state().0), bits(&called.0), "{name}: parameters after run {k}, rate {rate}");
    }
    assert_eq!(step.state().1.state().steps(), 9, "{name}");
    assert_eq!(step.state().1.learning_rate(), called.1.learning_rate());
}

#[test]
fn rates_follow_a_schedule_in_recorded_steps() {
    recorded("sgd", Sgd::new(0.0).rates(&StepDecay::new(0.1, 2, 0.5).per_step(9, 1)), |_, _| {});
    recorded("adam", Adam::new(0.0).rates(&Cosine::new(0.1, 3).per_step(3, 2)), |_, _| {});
    recorded("adamw", AdamW::new(0.0).rates(&Exponential::new(0.1, 0.9).per_step(20, 1)), |_, _| {});
    recorded("rmsprop", RmsProp::new(0.0).rates(&[0.1, 0.2]), |_, _| {});
}

#[test]
fn rates_are_set_between_runs() {
    recorded("sgd", Sgd::new(0.1).momentum(0.9), |k, sgd: &mut Sgd| {
        if [1, 4, 7].contains(&k) {
            sgd.set_learning_rate(0.5 / k as f64);
        }
    });
    // After a table of rates, a rate is that of all steps to come.
    recorded("adam", Adam::new(0.0).rates(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]), |k, adam: &mut Adam| {
        if k == 5 {
            adam.set_learning_rate(0.01);
        }
    });
}

#[test]
fn a_rate_that_is_set_by_the_recorded_step_is_an_error() {
    let (_one, device) = gpu();
    let gradient = Tensor::from([1.0]).to(&device).unwrap();
    let state = (Tensor::from([1.0]).to(&device).unwrap(), Sgd::new(0.5));
    let mut step = device.record_with(state, |(w, sgd)| {
        sgd.set_learning_rate(0.25);
        Ok(sgd.try_step(w, &gradient)?)
    });
    step.run().unwrap();
    let error = step.run().unwrap_err().to_string();
    assert!(error.contains("set it between runs"), "{error}");
    let (mut w, mut sgd) = step.into_state();
    assert_eq!((w.to_vec().unwrap(), sgd.state().steps()), (vec![0.75], 1));
    sgd.step(&mut w, &gradient);
    sgd.set_learning_rate(0.125);
    sgd.step(&mut w, &gradient);
    assert_eq!((w.to_vec().unwrap(), sgd.state().steps()), (vec![0.375], 3));
}

#[test]
fn a_recorded_step_clips_without_reading_back() {
    let (_one, device) = gpu();
    let start = model(&SIZES, &[4, 9], 0);
    let numbers = model(&SIZES, &[4, 9], 1);
    let gradient = placed(&numbers, &device).unwrap();
    let mut called = (placed(&start, &device).unwrap(), Adam::new(0.1));
    let mut step =
        device.record_with((placed(&start, &device).unwrap(), Adam::new(0.1)), |(params, adam)| {
            let mut own = gradient.clone();
            let norm = clip_norm_queued(&mut own, 0.5)?;
            adam.try_step(params, &own)?;
            Ok(norm)
        });
    for k in 0..6 {
        let count = launches(&device, || step.run().unwrap());
        assert!(count.is_none_or(|n| n == 9), "run {k} takes {count:?} launches");
        let mut own = placed(&numbers, &device).unwrap();
        let norm = clip_norm(&mut own, 0.5);
        called.1.step(&mut called.0, &own);
        assert_eq!(step.last().unwrap().item().unwrap().to_bits(), norm.to_bits(), "run {k}");
        assert_eq!(bits(&step.state().0), bits(&called.0), "run {k}");
    }
}
