//! Training where the model is: each optimizer on a device does what it does on the host, bit for bit.

use nalgebra::{DMatrix, DVector};
use pullback::leaves::{HostNumbers, Numbers, NumbersMut, Path};
use pullback::optim::{Adagrad, Adam, AdamW, LeafError, Optimizer, RmsProp, Sgd, clip_norm, clip_value};
use pullback::storage;
use pullback::{Device, DeviceError, Differentiable, Leaves, LeavesMut, Tensor, differentiable};

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

#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Parts {
    w: DMatrix<f32>,
    v: DVector<f64>,
    b: f32,
    #[no_diff]
    scale: DVector<f32>,
}

fn wave(k: usize, i: usize) -> f64 {
    ((i as f64 + 0.5) * (0.37 + 0.21 * k as f64)).sin()
}

/// Lengths that are no multiple of what a thread takes at once; a parameter that is not finite.
fn parts(k: usize) -> Parts {
    Parts {
        w: DMatrix::from_fn(3, 7, |i, j| wave(k, 7 * i + j) as f32),
        v: DVector::from_fn(301, |i, _| if i == 7 { f64::INFINITY } else { wave(k + 1, i) }),
        b: wave(k + 2, 3) as f32,
        scale: DVector::from_element(2, 0.5),
    }
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

/// Seven steps on the host and on a device, with another learning rate after three.
fn same<O: Optimizer + Clone>(name: &str, optimizer: O, device: &Device) -> Result<(), DeviceError> {
    let mut host = (parts(0), optimizer.clone());
    let mut there = (parts(0).to(device)?, optimizer);
    for step in 0..7 {
        if step == 3 {
            host.1.set_learning_rate(0.03125);
            there.1.set_learning_rate(0.03125);
        }
        let mut gradient = host.0.zeros_like();
        let from = parts(step + 3);
        (gradient.w, gradient.v, gradient.b) =
            (from.w, from.v.map(|v| if v.is_finite() { v } else { 0.5 }), from.b);
        host.1.step(&mut host.0, &gradient);
        there.1.step(&mut there.0, &gradient.to(device)?);
        assert_eq!(bits(&there.0), bits(&host.0), "{name}: parameters after step {step}");
        assert_eq!(bits(there.1.state()), bits(host.1.state()), "{name}: memory after step {step}");
    }
    assert_eq!((there.1.state().steps(), there.0.w.device()), (7, device.clone()));
    Ok(())
}

#[test]
fn optimizers_do_the_same_everywhere() {
    everywhere(|device| {
        same("sgd", Sgd::new(0.1), device)?;
        same("sgd, decay, uphill", Sgd::new(0.1).weight_decay(0.01).maximize(true), device)?;
        same("momentum", Sgd::new(0.1).momentum(0.9), device)?;
        same("nesterov", Sgd::new(0.1).momentum(0.9).nesterov(true).weight_decay(0.5), device)?;
        same("dampened", Sgd::new(0.1).momentum(0.9).dampening(0.25), device)?;
        same("rmsprop", RmsProp::new(0.1).weight_decay(0.1), device)?;
        same("rmsprop centered", RmsProp::new(0.1).centered(true).alpha(0.3), device)?;
        same("rmsprop momentum", RmsProp::new(0.1).momentum(0.5), device)?;
        same("rmsprop both", RmsProp::new(0.1).momentum(0.5).centered(true), device)?;
        same("adagrad", Adagrad::new(0.1).initial_sum(0.25).rate_decay(0.125), device)?;
        same("adam", Adam::new(0.1), device)?;
        same("adam, decay, uphill", Adam::new(0.1).weight_decay(0.1).betas(0.3, 0.8).maximize(true), device)?;
        same("amsgrad", Adam::new(0.1).amsgrad(true), device)?;
        same("adamw", AdamW::new(0.1), device)?;
        same("adamw amsgrad", AdamW::new(0.1).amsgrad(true).eps(1e-3), device)
    });
}

/// Six runs of a recorded step, then one that is not recorded, and the same on the host.
fn recorded<O: Optimizer + Clone>(name: &str, optimizer: O, device: &Device) -> Result<(), DeviceError> {
    let mut gradient = parts(0).zeros_like();
    (gradient.w, gradient.v, gradient.b) = (parts(1).w, DVector::from_fn(301, |i, _| wave(5, i)), 0.5);
    let mut host = (parts(0), optimizer.clone());
    let there = gradient.to(device)?;
    let mut step = device.record_with((parts(0).to(device)?, optimizer), |(params, optimizer)| {
        Ok(optimizer.try_step(params, &there)?)
    });
    for k in 1..=6 {
        step.run()?;
        host.1.step(&mut host.0, &gradient);
        assert_eq!(bits(&step.state().0), bits(&host.0), "{name}: parameters after run {k}");
        assert_eq!(step.state().1.state().steps(), k, "{name}");
    }
    let mut state = step.into_state();
    state.1.step(&mut state.0, &there);
    host.1.step(&mut host.0, &gradient);
    assert_eq!((bits(&state.0), bits(state.1.state())), (bits(&host.0), bits(host.1.state())), "{name}");
    assert_eq!(state.1.state().steps(), 7, "{name}");
    Ok(())
}

#[test]
fn a_recorded_step_counts_on() {
    everywhere(|device| {
        recorded("sgd", Sgd::new(0.1), device)?;
        recorded("dampened", Sgd::new(0.1).momentum(0.9).dampening(0.25), device)?;
        recorded("rmsprop", RmsProp::new(0.1).momentum(0.5).centered(true), device)?;
        recorded("adagrad", Adagrad::new(0.1).rate_decay(0.125), device)?;
        recorded("adam", Adam::new(0.1).amsgrad(true), device)?;
        recorded("adamw", AdamW::new(0.1), device)
    });
}

#[test]
fn shared_memory_is_copied_first() {
    everywhere(|device| {
        let mut w = Tensor::from([1.0, 2.0]).to(device)?;
        let (before, gradient) = (w.clone(), Tensor::from([1.0, -1.0]).to(device)?);
        let mut optimizer = Sgd::new(0.5);
        optimizer.step(&mut w, &gradient);
        assert_eq!((before.to_vec()?, w.to_vec()?), (vec![1.0, 2.0], vec![0.5, 2.5]));
        // Of two optimizers that were one each counts its own steps.
        let mut a = (Adam::new(0.1), w.clone());
        a.0.step(&mut a.1, &gradient);
        let mut b = a.clone();
        for _ in 0..3 {
            a.0.step(&mut a.1, &gradient);
        }
        b.0.step(&mut b.1, &gradient);
        let mut host = (Adam::new(0.1), vec![0.5, 2.5]);
        for _ in 0..2 {
            host.0.step(&mut host.1, &[1.0, -1.0]);
        }
        assert_eq!((b.1.to_vec()?, b.0.state().steps(), a.0.state().steps()), (host.1, 2, 4));
        Ok(())
    });
}

#[test]
fn gradients_are_clipped_where_they_are() {
    everywhere(|device| {
        let mut host = (vec![3.0f32, -0.5, f32::NAN], DVector::from_element(2, 7.0f64));
        let mut there = host.to(device)?;
        clip_value(&mut host, 2.0);
        clip_value(&mut there, 2.0);
        assert_eq!(bits(&there), bits(&host));
        let mut host = (vec![3.0f32; 1000], DVector::from_fn(77, |i, _| wave(0, i)));
        let mut there = host.to(device)?;
        let (a, b) = (clip_norm(&mut host, 1.5), clip_norm(&mut there, 1.5));
        assert!((a - b).abs() <= 1e-13 * a, "{a} and {b}");
        for (x, y) in there.0.to_vec()?.iter().zip(&host.0) {
            assert!((x - y).abs() <= 1e-6 * y.abs());
        }
        assert_eq!(there.0.device(), *device);
        let again = there.clone();
        assert_eq!(bits(&again), bits(&there));
        assert!(clip_norm(&mut there, 100.0) < 1.6 && bits(&again) == bits(&there), "short ones stay");
        Ok(())
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    everywhere(|device| {
        let mut w = Tensor::from([1.0f32, 2.0]).to(device)?;
        let mut optimizer = Sgd::new(0.1);
        if !device.is_cpu() {
            let error = optimizer.try_step(&mut w, &[1.0f32, 1.0]).unwrap_err();
            assert_eq!(error.to_string(), format!("the parameter is on {device} but its gradient on cpu"));
        }
        let error = optimizer.try_step(&mut w, &Tensor::from([1.0f32]).to(device)?).unwrap_err();
        assert_eq!(
            error,
            LeafError::Shape {
                leaf: String::new(),
                parameter: vec![2],
                other: "its gradient",
                shape: vec![1]
            }
        );
        assert_eq!(w.to_vec()?, [1.0, 2.0], "nothing changed");
        Ok(())
    });
}

/// A hidden layer, samples in columns.
#[derive(Differentiable, Clone, Debug, PartialEq)]
struct Network {
    w1: DMatrix<f32>,
    b1: DVector<f32>,
    w2: DMatrix<f32>,
}

#[differentiable]
impl Network {
    fn loss(&self, #[no_diff] x: &DMatrix<f32>, #[no_diff] y: &DMatrix<f32>) -> f32 {
        let mut hidden = &self.w1 * x;
        for j in 0..hidden.ncols() {
            for i in 0..hidden.nrows() {
                hidden[(i, j)] = (hidden[(i, j)] + self.b1[i]).tanh();
            }
        }
        (&self.w2 * hidden - y).norm_squared() / y.ncols() as f32
    }
}

fn network() -> (Network, DMatrix<f32>, DMatrix<f32>) {
    let matrix = |k, rows, columns| DMatrix::from_fn(rows, columns, |i, j| wave(k, i * columns + j) as f32);
    let network = Network { w1: matrix(0, 5, 3), b1: matrix(1, 5, 1).column(0).into(), w2: matrix(2, 2, 5) };
    (network, matrix(3, 3, 40), matrix(4, 2, 40))
}

#[test]
fn a_network_is_trained_where_it_is() {
    everywhere(|device| {
        let (mut host, x, y) = network();
        let mut placed = host.to(device)?;
        let (there_x, there_y) = (x.to(device)?, y.to(device)?);
        let (mut a, mut b) = (Adam::new(0.02), Adam::new(0.02));
        let (mut first, mut last) = (None, f32::INFINITY);
        for _ in 0..12 {
            let gradient = host.loss_grad(&x, &y);
            a.step(&mut host, &gradient);
            let (value, gradient) = Network::loss_on(device).value_and_grad(&placed, &there_x, &there_y)?;
            b.step(&mut placed, &gradient);
            first.get_or_insert(value);
            last = value.min(last);
        }
        assert!(last < 0.8 * first.unwrap_or(0.0), "{first:?} to {last}");
        let back = placed.to_host()?;
        assert!((back.w1 - &host.w1).amax() < 1e-4 && (back.b1 - &host.b1).amax() < 1e-4);
        assert!((back.w2 - &host.w2).amax() < 1e-4);
        Ok(())
    });
}

#[test]
fn leaves_of_tensors_can_be_walked() {
    everywhere(|device| {
        let mut placed = (vec![1.0f64, 2.0], 3.0f32).to(device)?;
        placed.visit_mut(Path::ROOT, &mut |_, leaf| match leaf.numbers {
            NumbersMut::F64(x) => x.fill(5.0),
            NumbersMut::F32(x) => x.fill(6.0),
            NumbersMut::TensorF64(t) => t.fill(5.0).expect("a device that works"),
            NumbersMut::TensorF32(t) => t.fill(6.0).expect("a device that works"),
            other => panic!("{other:?}"),
        });
        assert_eq!((placed.0.to_vec()?, placed.1.item()?), (vec![5.0, 5.0], 6.0));
        placed.visit(Path::ROOT, &mut |_, leaf| {
            let on_gpu = matches!(leaf.numbers, Numbers::TensorF32(_) | Numbers::TensorF64(_));
            assert_eq!(on_gpu, !device.is_cpu());
            assert_eq!((leaf.numbers.device(), leaf.numbers.is_empty()), (device.clone(), false));
        });
        Ok(())
    });
}

#[test]
fn checkpoints_are_read_where_the_model_is() {
    everywhere(|device| {
        let name = format!("placed-{}-{}.safetensors", device.is_cpu(), std::process::id());
        let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let gradient = parts(1).zeros_like().to(device)?;
        let (mut model, mut optimizer) = (parts(0).to(device)?, Adam::new(0.1));
        for _ in 0..3 {
            optimizer.step(&mut model, &gradient);
        }
        storage::save_checkpoint(&path, &model, &optimizer).expect("a file that can be written");
        let (mut again, mut fresh) = (parts(2).to(device)?, Adam::new(0.5));
        storage::load_checkpoint(&path, &mut again, &mut fresh).expect("what was written can be read");
        // A host's model reads it as well.
        let (mut host, mut on_host) = (parts(2), Adam::new(0.5));
        storage::load_checkpoint(&path, &mut host, &mut on_host).expect("what was written can be read");
        std::fs::remove_file(&path).expect("it was just read");
        assert_eq!((bits(&again), again.w.device()), (bits(&model), device.clone()));
        assert_eq!((bits(fresh.state()), fresh.state().steps()), (bits(optimizer.state()), 3));
        for _ in 0..2 {
            optimizer.step(&mut model, &gradient);
            fresh.step(&mut again, &gradient);
            on_host.step(&mut host, &parts(1).zeros_like());
        }
        assert_eq!((bits(&again), bits(fresh.state())), (bits(&model), bits(optimizer.state())));
        assert_eq!((bits(&host), fresh.state().steps()), (bits(&model), 5));
        Ok(())
    });
}

#[test]
fn a_recorded_step_of_training_reads_nothing_back() {
    everywhere(|device| {
        let (host, x, y) = network();
        let (x, y) = (x.to(device)?, y.to(device)?);
        let (mut called, mut adam) = (host.to(device)?, Adam::new(0.02));
        let on = Network::loss_on(device);
        let mut step = device.record_with((host.to(device)?, Adam::new(0.02)), |(model, adam)| {
            let (value, gradient) = on.queued().value_and_grad(&*model, &x, &y)?;
            adam.try_step(model, &gradient)?;
            Ok(value)
        });
        for k in 1..=6 {
            step.run()?;
            let (value, gradient) = on.value_and_grad(&called, &x, &y)?;
            adam.step(&mut called, &gradient);
            let loss = step.last().map(Tensor::item).transpose()?;
            assert_eq!(loss.map(f32::to_bits), Some(value.to_bits()), "the loss of run {k}");
            assert_eq!(bits(&step.state().0), bits(&called), "the model after run {k}");
        }
        assert_eq!(step.state().1.state().steps(), 6);
        Ok(())
    });
}
