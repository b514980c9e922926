//! The trainer: the same steps as a plain loop, and what is hung into it.

use std::cell::RefCell;
use std::path::PathBuf;

use pullback::data::{Batches, Rows};
use pullback::optim::{Adam, Optimizer, Sgd, StepDecay};
use pullback::train::{Checkpoints, EarlyStopping, Epoch, Progress, TrainError, Trainer};
use pullback::{Differentiable, differentiable, storage};

#[derive(Differentiable, Clone, PartialEq, Debug)]
struct Line {
    slope: f64,
    offset: f64,
}

#[differentiable(wrt(line))]
fn loss(line: &Line, x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (line.slope * x + line.offset - y).powi(2)).sum::<f64>() / x.len() as f64
}

type Data = (Vec<f64>, Vec<f64>);

fn data() -> Data {
    let x: Vec<f64> = (0..50).map(|i| f64::from(i) / 25.0 - 1.0).collect();
    let y = x.iter().map(|x| 3.0 * x + 1.0).collect();
    (x, y)
}

fn step(line: &Line, (x, y): &Data) -> (f64, Line) {
    let (value, grad) = loss::value_and_grad(line, x, y);
    (value, Line { slope: grad.slope, offset: grad.offset })
}

const ZERO: Line = Line { slope: 0.0, offset: 0.0 };

#[test]
fn the_trainer_takes_the_steps_of_a_plain_loop() {
    let (mut plain, mut adam, mut losses) = (ZERO, Adam::new(0.1), Vec::new());
    let mut batches = Batches::shuffled(50, 16, 3);
    for _ in 0..7 {
        let mut sum = 0.0;
        for _ in 0..batches.per_epoch() {
            let (value, grad) = step(&plain, &data().take_rows(batches.next_batch()));
            adam.step(&mut plain, &grad);
            sum += value;
        }
        losses.push(sum / 4.0);
    }
    let mut model = ZERO;
    let mut trainer = Trainer::new(Adam::new(0.1)).epochs(7).batches(Batches::shuffled(50, 16, 3));
    let history = trainer.fit(&mut model, &data(), step).unwrap();
    assert_eq!((model, history.losses), (plain, losses));
    assert_eq!(trainer.optimizer_mut().state().steps(), 28);
}

#[test]
fn schedules_and_callbacks_see_each_epoch() {
    let seen: RefCell<Vec<Epoch>> = RefCell::new(Vec::new());
    let mut model = ZERO;
    let other = (vec![2.0], vec![7.0]);
    Trainer::new(Sgd::new(1.0))
        .epochs(4)
        .schedule(StepDecay::new(0.2, 2, 0.5))
        .validate(|line| loss(line, &other.0, &other.1))
        .on_epoch(|epoch: &Epoch, _: &Line| seen.borrow_mut().push(epoch.clone()))
        .on_epoch(Progress::new(4))
        .fit(&mut model, &data(), step)
        .unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen.iter().map(|e| e.learning_rate).collect::<Vec<_>>(), [0.2, 0.2, 0.1, 0.1]);
    assert_eq!(seen.iter().map(|e| e.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(seen.windows(2).all(|w| w[1].loss < w[0].loss && w[1].validation < w[0].validation));
    assert_eq!(seen[3].validation, Some(loss(&model, &[2.0], &[7.0])));
}

#[test]
fn training_stops_when_the_loss_stops_falling() {
    let mut model = ZERO;
    let history = Trainer::new(Sgd::new(0.3))
        .epochs(10_000)
        .on_epoch(EarlyStopping::new(5).at_least(1e-9))
        .fit(&mut model, &data(), step)
        .unwrap();
    assert!(history.losses.len() < 500, "{}", history.losses.len());
    assert!(history.last() < 1e-8 && history.first() > 1.0);
    // the loss on other data rises from the third epoch on: two more, and it is over
    let mut validation = [3.0, 2.0, 1.0, 1.5, 1.2, 0.5].into_iter();
    let history = Trainer::new(Sgd::new(0.01))
        .epochs(6)
        .validate(|_: &Line| validation.next().unwrap())
        .on_epoch(EarlyStopping::new(2))
        .fit(&mut model, &data(), step)
        .unwrap();
    assert_eq!(history.losses.len(), 5);
}

#[test]
fn training_goes_on_from_a_checkpoint() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("trainer");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("line.safetensors");
    let mut whole = ZERO;
    Trainer::new(Adam::new(0.1)).epochs(10).fit(&mut whole, &data(), step).unwrap();

    let mut first = ZERO;
    let mut trainer = Trainer::new(Adam::new(0.1)).epochs(6).on_epoch(Checkpoints::new(&path, 4));
    trainer.fit(&mut first, &data(), step).unwrap();
    let mut second = ZERO;
    let mut trainer = Trainer::new(Adam::new(0.1)).epochs(4);
    storage::load_checkpoint(&path, &mut second, trainer.optimizer_mut()).unwrap();
    assert_eq!(second, first, "the end of the first part, though it was no fourth epoch");
    trainer.fit(&mut second, &data(), step).unwrap();
    assert_eq!(second, whole);

    let nowhere = Checkpoints::new(folder.join("no/such/folder/line"), 1);
    let error = Trainer::new(Adam::new(0.1)).on_epoch(nowhere).fit(&mut second, &data(), step).unwrap_err();
    assert!(matches!(error, TrainError::Callback(_)), "{error}");
}

#[test]
fn a_loss_that_is_no_number_is_an_error() {
    let mut model = ZERO;
    let mut trainer = Trainer::new(Sgd::new(1e200)).epochs(10);
    let error = trainer.fit(&mut model, &data(), step).unwrap_err();
    assert!(matches!(error, TrainError::Loss { epoch: 1, .. }), "{error}");
    assert!(error.to_string().contains("the learning rate may be too large"), "{error}");
    let error =
        Trainer::new(Sgd::new(0.1)).fit(&mut vec![1.0, 2.0], &data(), |_, _| (1.0, [1.0])).unwrap_err();
    assert_eq!(error.to_string(), "the parameter has shape [2] but its gradient [1]");
}
