//! Steps that are recorded and replayed.

use std::cell::RefCell;

use pullback::tensor::Float;
use pullback::{Device, DeviceError, Recording, Tensor};
use pullback_tests::fake;

pub(crate) fn on_a_gpu(test: impl FnOnce(&Device) -> Result<(), DeviceError>) {
    let _one = super::gpu().0;
    test(&fake::device()).unwrap_or_else(|e| panic!("{e}"));
}

pub(crate) fn numbers<T: Float>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| T::nearest(((i * 37 + seed * 11) as f64 * 0.61).sin())).collect()
}

/// A least-squares problem: predictions, residuals, a gradient, and a step downwards.
struct Problem<T: Float> {
    a: Tensor<T>,
    y: Tensor<T>,
    w: Tensor<T>,
}

impl<T: Float> Problem<T> {
    fn new(device: &Device) -> Result<Problem<T>, DeviceError> {
        let [a, y] = [numbers(40 * 6, 1), numbers(40, 2)];
        Ok(Problem {
            a: Tensor::new(&[40, 6], a)?.to(device)?,
            y: Tensor::from(y).to(device)?,
            w: Tensor::zeros(&[6], device)?,
        })
    }

    fn step(&mut self) -> Result<Tensor<T>, DeviceError> {
        let residual = self.a.matmul(&self.w)?.sub(&self.y)?;
        let gradient = self.a.transpose().matmul(&residual)?;
        self.w.descend(&gradient, T::nearest(0.01))?;
        Ok(residual)
    }
}

fn training_is_the_same<T: Float>(device: &Device) -> Result<(), DeviceError> {
    let mut want = Problem::<T>::new(device)?;
    let mut recorded = device.record_with(Problem::<T>::new(device)?, Problem::step);
    for step in 0..8 {
        let residual = want.step()?;
        recorded.run()?;
        assert_eq!(recorded.last().expect("it ran").to_vec()?, residual.to_vec()?, "step {step}");
        assert_eq!(recorded.state().w.to_vec()?, want.w.to_vec()?, "step {step}");
    }
    assert!(want.w.to_vec()?.iter().any(|w| *w != T::zero()));
    Ok(())
}

#[test]
fn a_recorded_step_does_what_the_step_does() {
    on_a_gpu(|device| {
        training_is_the_same::<f32>(device)?;
        training_is_the_same::<f64>(device)?;
        training_is_the_same::<f32>(&Device::cpu())
    });
}

#[test]
fn the_function_is_called_three_times() {
    on_a_gpu(|device| {
        let (x, calls) = (RefCell::new(Tensor::<f64>::zeros(&[5], device)?), RefCell::new(0));
        let one = Tensor::ones(&[5], device)?;
        let mut step = device.record(|| {
            *calls.borrow_mut() += 1;
            x.borrow_mut().add_assign(&one)
        });
        for k in 1..=7 {
            step.run()?;
            assert_eq!(x.borrow().to_vec()?, [f64::from(k); 5]);
        }
        drop(step);
        assert_eq!(*calls.borrow(), 3);
        Ok(())
    });
}

#[test]
fn copies_in_the_host_s_memory_are_never_old() {
    on_a_gpu(|device| {
        let mut step = device.record_with(Tensor::<f32>::ones(&[300], device)?, |x| {
            x.add_assign(&x.duplicate()?)?;
            x.scale(0.5)
        });
        let mut held = Vec::new();
        for k in 1..=6 {
            step.run()?;
            let (now, half) = (step.state().clone(), step.last().expect("it ran").clone());
            for _ in 0..2 {
                assert_eq!(now.at(&[7])?, 2f32.powi(k));
                assert_eq!(half.at(&[299])?, 2f32.powi(k - 1));
            }
            held.push(half);
            if k < 3 {
                held.clear();
            }
        }
        // All are the tensor that each replay writes.
        assert!(held.iter().all(|half| half.to_vec().is_ok_and(|all| all == [32.0; 300])));
        Ok(())
    });
}

#[test]
fn batches_are_copied_in_between_runs() {
    on_a_gpu(|device| {
        let zeros = || Tensor::<f32>::zeros(&[3, 2], device);
        let mut step = device.record_with((zeros()?, zeros()?), |(sum, batch)| sum.add_assign(batch));
        let mut want = [0.0; 6];
        for k in 0..7 {
            let batch: Vec<f32> = numbers(6, k);
            want.iter_mut().zip(&batch).for_each(|(w, b)| *w += b);
            match k % 2 {
                0 => step.state_mut().1.copy_from_slice(&batch)?,
                _ => step.state_mut().1.copy_from(&Tensor::new(&[3, 2], batch)?)?,
            }
            step.run()?;
            assert_eq!(step.state().0.to_vec()?, want);
        }
        Ok(())
    });
}

#[test]
fn two_recordings_and_direct_calls() {
    on_a_gpu(|device| {
        let x = RefCell::new(Tensor::<f64>::zeros(&[64], device)?);
        let (one, three) = (Tensor::full(&[64], 1.0, device)?, Tensor::full(&[64], 3.0, device)?);
        let mut add = device.record(|| x.borrow_mut().add_assign(&one));
        let mut multiply = device.record(|| {
            // Temporary memory, used twice.
            let twice = three.add(&three)?.sub(&three)?;
            x.borrow_mut().mul_assign(&twice)
        });
        let mut want = 0.0;
        for k in 0..6 {
            add.run()?;
            let _other = one.scale(7.0)?.scale(3.0)?;
            multiply.run()?;
            x.borrow_mut().sub_assign(&one)?;
            want = (want + 1.0) * 3.0 - 1.0;
            assert_eq!(x.borrow().to_vec()?, [want; 64], "round {k}");
        }
        Ok(())
    });
}

#[test]
fn what_a_step_uploads_is_uploaded_each_time() {
    on_a_gpu(|device| {
        let mut step = device.record_with(Tensor::<f64>::zeros(&[2], device)?, |x| {
            let mut y = Tensor::from([1.0, 2.0]).to(device)?;
            y.add_assign(&y.scale(10.0)?)?;
            x.add_assign(&y)?;
            Ok(y)
        });
        for k in 1..=6 {
            step.run()?;
            assert_eq!(step.last().expect("it ran").to_vec()?, [11.0, 22.0]);
            assert_eq!(step.state().to_vec()?, [11.0 * f64::from(k), 22.0 * f64::from(k)]);
        }
        Ok(())
    });
}

/// What a run says that does not work.
pub(crate) fn refused<T, S>(step: &mut Recording<'_, T, S>) -> String {
    match step.run() {
        Err(DeviceError::Recording(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_read_while_recording_is_an_error() {
    on_a_gpu(|device| {
        let x = Tensor::<f32>::ones(&[4], device)?;
        let mut sums = device.record(|| x.scale(2.0)?.sum());
        sums.run()?;
        assert_eq!(sums.last(), Some(&8.0));
        assert!(refused(&mut sums).contains("queued()"));
        // Where the step does not mind, the recording does.
        let mut ignored = device.record(|| {
            let twice = x.scale(2.0)?;
            let _ = twice.to_vec();
            Ok(twice)
        });
        ignored.run()?;
        assert!(refused(&mut ignored).contains("`Recording::last`"));
        assert!(refused(&mut ignored).contains("`Recording::last`"));
        assert!(ignored.last().is_none());
        assert_eq!(x.scale(3.0)?.to_vec()?, [3.0; 4], "the device is as it was");
        let mut waits = device.record(|| device.synchronize());
        waits.run()?;
        assert!(refused(&mut waits).contains("`Recording::last`"));
        device.synchronize()
    });
}

#[test]
fn what_changes_from_run_to_run_is_an_error() {
    on_a_gpu(|device| {
        let mut rate = 1.0;
        let mut step = device.record_with(Tensor::<f64>::ones(&[3], device)?, |x| {
            rate *= 0.5;
            x.descend(&x.duplicate()?, rate)
        });
        step.run()?;
        step.run()?;
        let message = refused(&mut step);
        assert!(message.contains("operation 2 (tensor_descend_f64)"), "{message}");
        assert_eq!(refused(&mut step), message, "it stays so");
        assert_eq!(step.state().to_vec()?, [0.375; 3], "the third run was not done");
        let mut count = 0;
        let mut uploads = device.record(|| {
            count += 1;
            Tensor::from([f64::from(count)]).to(device)
        });
        uploads.run()?;
        uploads.run()?;
        assert!(refused(&mut uploads).contains("copying to the GPU"));
        Ok(())
    });
}

#[test]
fn memory_that_is_taken_again_is_told_apart() {
    on_a_gpu(|device| {
        let y = Tensor::from(numbers::<f64>(8, 1)).to(device)?;
        let mut calls = 0;
        let mut step = device.record_with(y.zeros_like()?, |z| {
            calls += 1;
            drop(y.scale(2.0)?);
            // The first of these lies where that lay.
            let (three, five) = (y.scale(3.0)?, y.scale(5.0)?);
            z.copy_from(if calls < 3 { &three } else { &five })
        });
        step.run()?;
        step.run()?;
        let error = step.run().expect_err("the third run copies something else");
        assert!(error.to_string().contains("copying"), "{error}");
        Ok(())
    });
}

#[test]
fn tensors_that_are_replaced_are_an_error() {
    on_a_gpu(|device| {
        let ones = || Tensor::<f64>::ones(&[3], device);
        let mut step = device.record_with(ones()?, |x| {
            *x = x.scale(2.0)?;
            Ok(())
        });
        step.run()?;
        assert!(refused(&mut step).contains("replaced"));
        // With the old ones kept, nothing is dropped.
        let mut kept = Vec::new();
        let mut step = device.record_with(ones()?, |x| {
            kept.push(x.clone());
            *x = x.scale(2.0)?;
            Ok(())
        });
        step.run()?;
        step.run()?;
        assert!(refused(&mut step).contains("operation 1 (tensor_times_f64)"));
        let mut step = device.record_with(ones()?, |x| x.scale(2.0));
        for _ in 0..4 {
            step.run()?;
        }
        *step.state_mut() = ones()?;
        assert!(refused(&mut step).contains("replaced"));
        Ok(())
    });
}

#[test]
fn a_shared_tensor_of_a_recording_is_not_changed_unseen() {
    on_a_gpu(|device| {
        let mut step = device.record_with(Tensor::<f64>::ones(&[3], device)?, |x| x.scale(2.0));
        for _ in 0..4 {
            step.run()?;
        }
        let other = step.state().clone();
        let error = step.state_mut().fill(5.0).unwrap_err();
        assert!(error.to_string().contains("`duplicate`"), "{error}");
        drop(other);
        step.state_mut().fill(5.0)?;
        step.run()?;
        assert_eq!(step.last().expect("it ran").to_vec()?, [10.0; 3]);
        Ok(())
    });
}

#[test]
fn a_step_that_fails_is_not_done() {
    on_a_gpu(|device| {
        let (x, wide) = (Tensor::<f64>::ones(&[3], device)?, Tensor::<f64>::ones(&[4], device)?);
        let (fail, out) = (RefCell::new(false), RefCell::new(x.clone()));
        let mut step = device.record(|| {
            *out.borrow_mut() = x.scale(2.0)?;
            if *fail.borrow() { x.add(&wide) } else { x.scale(3.0) }
        });
        step.run()?;
        fail.replace(true);
        assert!(matches!(step.run(), Err(DeviceError::Shape(_))));
        let error = out.borrow().to_vec().unwrap_err();
        assert!(error.to_string().contains("has no numbers"), "{error}");
        let error = out.borrow().scale(2.0)?.to_vec().unwrap_err();
        assert!(error.to_string().contains("has no numbers"), "{error}");
        fail.replace(false);
        for _ in 0..4 {
            step.run()?;
            assert_eq!(step.last().expect("it ran").to_vec()?, [3.0; 3]);
            assert_eq!(out.borrow().to_vec()?, [2.0; 3]);
        }
        Ok(())
    });
}

#[test]
fn a_panic_ends_the_recording() {
    on_a_gpu(|device| {
        let x = Tensor::<f64>::ones(&[3], device)?;
        let mut runs = 0;
        let mut step = device.record(|| {
            runs += 1;
            let made = x.scale(2.0)?;
            assert!(runs != 2, "the second run");
            Ok(made)
        });
        step.run()?;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| step.run()));
        assert!(outcome.is_err());
        assert_eq!(x.sum()?, 3.0);
        step.run()?;
        assert_eq!(step.last().expect("it ran").to_vec()?, [2.0; 3]);
        Ok(())
    });
}

#[test]
fn recordings_do_not_nest() {
    on_a_gpu(|device| {
        let x = Tensor::<f64>::ones(&[3], device)?;
        let mut inner = device.record(|| x.scale(2.0));
        let mut outer = device.record(|| inner.run());
        outer.run()?;
        assert!(refused(&mut outer).contains("the inner step itself"));
        Ok(())
    });
}

#[test]
fn memory_comes_back() {
    on_a_gpu(|device| {
        let gpu = device.gpu().expect("it is a GPU");
        let run = |n: usize| -> Result<(), DeviceError> {
            let mut step = device.record_with(Tensor::<f64>::ones(&[n], device)?, |x| {
                x.add_assign(&x.scale(2.0)?)?;
                x.scale(0.5)
            });
            for _ in 0..5 {
                step.run()?;
            }
            // A tensor of the recording, its recording, and what is left of it, in either order.
            let made = step.last().cloned().expect("it ran");
            if n.is_multiple_of(2) {
                let before = gpu.spare_bytes();
                drop(made);
                assert_eq!(gpu.spare_bytes(), before, "a replay still writes it");
                drop(step);
                assert!(gpu.spare_bytes() >= before + 2 * 8 * n);
            } else {
                drop(step);
                assert_eq!(made.to_vec()?, vec![121.5; n]);
            }
            Ok(())
        };
        run(1000)?;
        run(1001)?;
        let spare = gpu.spare_bytes();
        for _ in 0..3 {
            run(1000)?;
            run(1001)?;
        }
        assert_eq!(gpu.spare_bytes(), spare, "all memory was used again");
        Ok(())
    });
}

#[test]
fn other_threads_compute_while_one_records() {
    on_a_gpu(|device| {
        let x = Tensor::<f64>::ones(&[3], device)?;
        let mut step = device.record(|| {
            let other = std::thread::scope(|scope| {
                scope.spawn(|| x.scale(5.0).and_then(|t| t.to_vec())).join().expect("it does not panic")
            })?;
            assert_eq!(other, [5.0; 3]);
            x.scale(2.0)
        });
        for _ in 0..4 {
            step.run()?;
            assert_eq!(step.last().expect("it ran").to_vec()?, [2.0; 3]);
        }
        Ok(())
    });
}
