//! Files of parameters: what is written is read, by others too, and what does not fit changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use nalgebra::{DMatrix, DVector};
use pullback::differentiable;
use pullback::optim::{Adam, Optimizer, RmsProp, Sgd};
use pullback::storage::{self, StorageError};

/// A file's place, in a folder of its own.
fn place(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("storage-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder for tests can be written to");
    folder.join("model.safetensors")
}

type Model = (DMatrix<f64>, [f32; 2], f64);

fn model() -> Model {
    (DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [0.5, -0.25], 7.0)
}

fn zeros() -> Model {
    (DMatrix::zeros(2, 3), [0.0; 2], 0.0)
}

fn problem(result: Result<(), StorageError>, path: &Path) -> String {
    let text = result.unwrap_err().to_string();
    let rest = text.strip_prefix(&format!("{}: ", path.display()));
    rest.unwrap_or_else(|| panic!("`{text}` does not begin with the file")).into()
}

/// Written by Python's safetensors: `peers/safetensors_files.py`.
#[test]
fn a_file_from_python_is_read() {
    let path = format!("{}/reference/model.safetensors", env!("CARGO_MANIFEST_DIR"));
    let mut read = zeros();
    storage::load(&path, &mut read).unwrap();
    assert_eq!(read, model());
}

/// The bytes that the format asks for: a length, a header in JSON, numbers of a matrix row by row.
#[test]
fn the_file_is_what_the_format_says() {
    let path = place("format");
    storage::save(&path, &model()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(header["0"]["dtype"], "F64");
    assert_eq!(header["0"]["shape"], serde_json::json!([2, 3]));
    assert_eq!(header["1"]["dtype"], "F32");
    assert_eq!(header["2"]["shape"], serde_json::json!([]));
    let at = header["0"]["data_offsets"][0].as_u64().unwrap() as usize + 8 + length;
    let numbers: Vec<f64> =
        bytes[at..at + 48].chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(numbers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    storage::save(&path, &model()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes, "the same parameters make the same file");
}

#[test]
fn every_bit_comes_back() {
    let path = place("bits");
    let values = vec![0.1, -0.0, f64::INFINITY, f64::from_bits(0x7ff8_0000_0000_1234), 5e-324, f64::MAX];
    let mut read = vec![0.0; values.len()];
    storage::save(&path, &values).unwrap();
    storage::load(&path, &mut read).unwrap();
    let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&read), bits(&values));
}

#[test]
fn all_that_differs_is_listed_and_nothing_changes() {
    let path = place("differs");
    storage::save(&path, &model()).unwrap();
    let mut other = (DMatrix::<f64>::zeros(3, 2), [0.0f64; 2]);
    let before = other.clone();
    assert_eq!(
        problem(storage::load(&path, &mut other), &path),
        "`0` has shape [2, 3] in the file but should have [3, 2]; `1` is f32 in the file but should be f64; \
         `2` is only in the file"
    );
    assert_eq!(other, before);
    let mut more = (model(), 1.0);
    let text = problem(storage::load(&path, &mut more), &path);
    assert!(text.starts_with("`0.0` is not in the file; `0.1` is not in the file"), "{text}");
    assert_eq!(more, (model(), 1.0));
}

#[test]
fn damaged_files_are_refused() {
    let path = place("damaged");
    storage::save(&path, &model()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let longer = [&bytes[..], &[0]].concat();
    for damaged in
        [&bytes[..bytes.len() - 1], &bytes[..20], &bytes[..4], &[], b"not a file of tensors", &longer]
    {
        fs::write(&path, damaged).unwrap();
        let mut read = zeros();
        let text = problem(storage::load(&path, &mut read), &path);
        assert!(text.starts_with("this is no complete file of safetensors"), "{text}");
        assert_eq!(read, zeros());
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(storage::load(&path, &mut zeros()).unwrap_err(), StorageError::File { .. }));
}

/// A crash while writing leaves the old file; nothing else is left in the folder.
#[test]
fn the_old_file_is_there_until_the_new_one_is() {
    let path = place("rename");
    storage::save(&path, &model()).unwrap();
    storage::save(&path, &zeros()).unwrap();
    let mut read = model();
    storage::load(&path, &mut read).unwrap();
    assert_eq!(read, zeros());
    let folder = path.parent().unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    // a folder is in the place: the renaming fails, and what was written beside it is gone
    let taken = folder.join("taken");
    fs::create_dir_all(taken.join("inside")).unwrap();
    let error = storage::save(&taken, &model()).unwrap_err();
    assert!(matches!(&error, StorageError::File { file, .. } if *file == taken.display().to_string()));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
    let nowhere = folder.join("no/such/folder");
    assert!(storage::save(&nowhere, &model()).is_err());
}

#[differentiable]
fn bowl(w: &DVector<f64>, b: f64) -> f64 {
    w.norm_squared() * 3.0 + (b - 2.0).powi(2) + w[0] * b
}

/// Steps, with a checkpoint after `until` of them, then more: returns where that leads.
fn train<O: Optimizer + Clone>(
    made: impl Fn() -> O,
    checkpoint: Option<(&Path, usize)>,
) -> (DVector<f64>, f64) {
    let start = || (DVector::from_vec(vec![1.0, -2.0, 0.5]), 0.0);
    let ((mut w, mut b), mut optimizer) = (start(), made());
    for step in 0..20 {
        let grad = bowl::grad(&w, b);
        optimizer.step((&mut w, &mut b), &grad);
        if let Some((path, until)) = checkpoint
            && step + 1 == until
        {
            storage::save_checkpoint(path, &(&w, &b), &optimizer).unwrap();
            // begin anew, from the file alone
            ((w, b), optimizer) = (start(), made());
            optimizer.set_learning_rate(123.0);
            storage::load_checkpoint(path, (&mut w, &mut b), &mut optimizer).unwrap();
            assert_eq!(optimizer.state().steps(), until as u64);
        }
    }
    (w, b)
}

/// The rates of all steps are not in the file; where the optimizer has them, they go on.
#[test]
fn rates_go_on_after_loading() {
    let path = place("rates");
    let rates: Vec<f64> = (0..20).map(|k| 0.01 / f64::from(k + 1)).collect();
    let made = || Sgd::new(0.0).momentum(0.5).rates(&rates);
    let (mut w, mut b, mut optimizer) = (DVector::from_vec(vec![1.0, -2.0, 0.5]), 0.0, made());
    for (step, &rate) in rates.iter().enumerate() {
        if step == 7 {
            storage::save_checkpoint(&path, &(&w, &b), &optimizer).unwrap();
            optimizer = made();
            storage::load_checkpoint(&path, (&mut w, &mut b), &mut optimizer).unwrap();
        }
        assert_eq!(optimizer.learning_rate(), rate);
        let grad = bowl::grad(&w, b);
        optimizer.step((&mut w, &mut b), &grad);
    }
    assert_eq!((w, b), train(made, None));
}

#[test]
fn training_goes_on_as_if_it_had_not_stopped() {
    let path = place("checkpoint");
    let adam = || Adam::new(0.1).amsgrad(true);
    assert_eq!(train(adam, Some((&path, 7))), train(adam, None));
    let rms = || RmsProp::new(0.1).centered(true).momentum(0.9);
    assert_eq!(train(rms, Some((&path, 7))), train(rms, None));
    let sgd = || Sgd::new(0.01);
    assert_eq!(train(sgd, Some((&path, 7))), train(sgd, None));
    // the parameters in a checkpoint can be had alone
    let (mut w, mut b) = (DVector::<f64>::zeros(3), 0.0);
    storage::load(&path, (&mut w, &mut b)).unwrap();
    assert!(b != 0.0 && w.norm() > 0.0);
}

#[test]
fn a_checkpoint_of_another_optimizer_changes_nothing() {
    let path = place("other");
    let mut w = vec![1.0, 2.0];
    let mut sgd = Sgd::new(0.1).momentum(0.9);
    sgd.step(&mut w, &[0.5, 0.5]);
    storage::save_checkpoint(&path, &w, &sgd).unwrap();
    let (mut other, mut adam) = (vec![0.0; 2], Adam::new(0.2));
    assert_eq!(
        problem(storage::load_checkpoint(&path, &mut other, &mut adam), &path),
        "`optimizer/exp_avg` is not in the file; `optimizer/exp_avg_sq` is not in the file; \
         `optimizer/momentum_buffer` is only in the file"
    );
    assert_eq!((other, adam.learning_rate(), adam.state().steps()), (vec![0.0; 2], 0.2, 0));
    // parameters alone are no checkpoint
    storage::save(&path, &w).unwrap();
    let text = problem(storage::load_checkpoint(&path, &mut w.clone(), &mut Sgd::new(0.1)), &path);
    assert_eq!(text, "`optimizer/steps` is not in the file; `optimizer/learning_rate` is not in the file");
}

/// Before its first step an optimizer remembers nothing.
#[test]
fn a_checkpoint_before_the_first_step() {
    let path = place("fresh");
    storage::save_checkpoint(&path, &[1.0, 2.0], &Adam::new(0.1)).unwrap();
    let (mut w, mut adam) = ([0.0f64; 2], Adam::new(0.2));
    adam.step(&mut w, &[1.0, 1.0]);
    storage::load_checkpoint(&path, &mut w, &mut adam).unwrap();
    assert_eq!((w, adam.learning_rate(), adam.state().steps()), ([1.0, 2.0], 0.1, 0));
    adam.step(&mut w, &[1.0, 1.0]);
    assert!((w[0] - 0.9).abs() < 1e-8);
}
