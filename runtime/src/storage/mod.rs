//! Saving and loading parameters in the format `safetensors`, which PyTorch, JAX and NumPy programs read as well.
//!
//! ```
//! use pullback::nalgebra::DMatrix;
//! use pullback::optim::Adam;
//! use pullback::storage;
//!
//! let mut model = (DMatrix::from_element(2, 3, 1.5), vec![0.5f32; 2]);
//! let mut optimizer = Adam::new(0.01);
//! let grad = model.clone();
//! optimizer.step(&mut model, &grad);
//!
//! let path = std::env::temp_dir().join(format!("model-{}.safetensors", std::process::id()));
//! storage::save_checkpoint(&path, &model, &optimizer)?;
//!
//! let (mut again, mut fresh) = ((DMatrix::zeros(2, 3), vec![0.0; 2]), Adam::new(0.5));
//! storage::load_checkpoint(&path, &mut again, &mut fresh)?;
//! assert_eq!((&again, fresh.learning_rate()), (&model, 0.01));
//! std::fs::remove_file(&path).expect("it was just read");
//!
//! let error = storage::load(&path, &mut again).unwrap_err();
//! assert!(error.to_string().starts_with(&path.display().to_string()));
//! # Ok::<(), storage::StorageError>(())
//! ```
//!
//! Each leaf is a tensor under its [name](crate::leaves::names), a value that is a leaf by itself `value`. Matrices are row-major in
//! the file. What an optimizer remembers is under `optimizer/`, with the number of steps and the learning rate; so the
//! parameters in a checkpoint can be loaded alone.
//!
//! A file is complete or not there: it is written beside its place and renamed. Loading changes all or nothing.
//!
//! What is on a [device](crate::Device) is copied through the host's memory, and stays there when it is loaded.

mod error;
mod file;
mod order;
mod tensors;

use std::path::Path;

pub use error::{Difference, StorageError};

use crate::DeviceError;
use crate::leaves::{Leaves, LeavesMut};
use crate::optim::{Optimizer, State};
use tensors::{Count, OPTIMIZER, RATE, STEPS, Stored};

/// An error of a device with the file that it is about.
fn on<T>(path: &Path, result: Result<T, DeviceError>) -> Result<T, StorageError> {
    result.map_err(|error| StorageError::Device { file: path.display().to_string(), error })
}

/// Writes the leaves of a value.
///
/// # Errors
/// If the file cannot be written, or a device fails. What was there before is there still.
pub fn save(path: impl AsRef<Path>, value: &(impl Leaves + ?Sized)) -> Result<(), StorageError> {
    let bytes = on(path.as_ref(), tensors::bytes(&value, None))?;
    file::write(path.as_ref(), &bytes)
}

/// Reads the leaves of a value.
///
/// # Errors
/// If the file cannot be read, or has other leaves than the value: other names, shapes or types, all of which are listed. Then
/// the value is unchanged; if a device fails, what it took already stays changed.
pub fn load(path: impl AsRef<Path>, mut value: impl LeavesMut) -> Result<(), StorageError> {
    let (file, bytes) = file::read(path.as_ref())?;
    let stored = Stored::parse(&file, &bytes)?;
    let differences = stored.compare("", &value, |name| !name.starts_with(OPTIMIZER));
    stored.fits(differences)?;
    on(path.as_ref(), stored.fill("", &mut value))
}

/// Writes parameters with an optimizer's state, number of steps and learning rate.
///
/// # Errors
/// If the file cannot be written, or a device fails. What was there before is there still.
pub fn save_checkpoint(
    path: impl AsRef<Path>,
    params: &(impl Leaves + ?Sized),
    optimizer: &impl Optimizer,
) -> Result<(), StorageError> {
    let state = Some((optimizer.state(), optimizer.learning_rate()));
    let bytes = on(path.as_ref(), tensors::bytes(&params, state))?;
    file::write(path.as_ref(), &bytes)
}

/// Reads what [`save_checkpoint`] wrote: training goes on as if it had not stopped.
///
/// The optimizer must be made as the one that was saved; its learning rate becomes what it was then.
///
/// # Errors
/// If the file cannot be read, or does not fit the parameters or the optimizer; all that differs is listed. Then both are
/// unchanged; if a device fails, parameters that it took already stay changed.
pub fn load_checkpoint(
    path: impl AsRef<Path>,
    mut params: impl LeavesMut,
    optimizer: &mut (impl Optimizer + Clone),
) -> Result<(), StorageError> {
    let (file, bytes) = file::read(path.as_ref())?;
    let stored = Stored::parse(&file, &bytes)?;
    let mut restored = optimizer.clone();
    let steps = stored.number(STEPS, Count::from_le_bytes);
    let is_state = |name: &str| name.starts_with(OPTIMIZER) && name != STEPS && name != RATE;
    // before its first step an optimizer remembers nothing
    if steps == Some(0) && !stored.has(is_state) {
        *restored.state_mut() = State::default();
    } else {
        restored.prepare(&params);
    }
    let mut differences = stored.compare("", &params, |name| !name.starts_with(OPTIMIZER));
    differences.extend(stored.compare(OPTIMIZER, restored.state(), is_state));
    let rate = stored.number(RATE, f64::from_le_bytes);
    for (name, there) in [(STEPS, steps.is_some()), (RATE, rate.is_some())] {
        differences.extend((!there).then(|| Difference::Missing { name: name.into() }));
    }
    stored.fits(differences)?;
    on(path.as_ref(), stored.fill(OPTIMIZER, restored.state_mut()))?;
    restored.state_mut().set_steps(steps.unwrap_or(0));
    // Where the rates of all steps are known, that of this one is among them.
    if rate.is_some_and(|rate| rate != restored.learning_rate()) {
        restored.set_learning_rate(rate.unwrap_or(0.0));
    }
    on(path.as_ref(), stored.fill("", &mut params))?;
    *optimizer = restored;
    Ok(())
}
