//! What gradients cost: the programs of `tests/tests/programs` at realistic sizes, `value_and_grad_into` against the function itself.
//!
//! `cargo bench -p pullback-tests --bench programs` prints, for each, the time of the user's own function, of the
//! forward function as pullback compiles it, of value and gradient with a workspace that is kept (as in training), and the ratios of the latter to both: medians of
//! rounds in which the three run one after the other, on one thread. A name as an argument (`-- gmm`) runs that one only,
//! `-- gmm --explain` prints how it is computed instead.

// The programs' tests stay behind.
#![allow(dead_code, unused_imports)]
#![allow(clippy::needless_range_loop)]

mod cases;
#[path = "../../tests/programs/common.rs"]
mod common;

#[path = "../../tests/programs/attention.rs"]
mod attention;
#[path = "../../tests/programs/bundle.rs"]
mod bundle;
#[path = "../../tests/programs/determinant.rs"]
mod determinant;
#[path = "../../tests/programs/gmm.rs"]
mod gmm;
#[path = "../../tests/programs/hand.rs"]
mod hand;
#[path = "../../tests/programs/kmeans.rs"]
mod kmeans;
#[path = "../../tests/programs/lstm.rs"]
mod lstm;
#[path = "../../tests/programs/network.rs"]
mod network;
#[path = "../../tests/programs/newton.rs"]
mod newton;
#[path = "../../tests/programs/ode.rs"]
mod ode;

use std::hint::black_box;
use std::time::Instant;

/// A program with its data.
pub(crate) struct Case {
    /// Its name and sizes.
    pub(crate) name: &'static str,
    /// How its gradient is computed.
    pub(crate) explain: fn() -> &'static str,
    /// The user's function.
    pub(crate) plain: Box<dyn FnMut() -> f64>,
    /// The same, compiled by pullback.
    pub(crate) forward: Box<dyn FnMut() -> f64>,
    /// The value, with the gradient computed.
    pub(crate) gradient: Box<dyn FnMut() -> f64>,
}

/// How often the three are timed one after the other.
const ROUNDS: usize = 31;
/// About how long a measurement takes, in seconds: less than what other programs interrupt.
const MEASURE: f64 = 2e-3;

/// Seconds per call.
fn time(calls: usize, f: &mut dyn FnMut() -> f64) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(f());
    }
    start.elapsed().as_secs_f64() / calls as f64
}

/// So many calls that they take about [`MEASURE`].
fn calls(f: &mut dyn FnMut() -> f64) -> usize {
    let once = (0..5).map(|_| time(1, f)).fold(f64::INFINITY, f64::min);
    (MEASURE / once.max(1e-8)).ceil() as usize
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Measures a program, prints its line; returns the ratios to the user's function and to pullback's forward function.
fn measure(mut case: Case) -> [f64; 2] {
    let mut parts = [&mut case.plain, &mut case.forward, &mut case.gradient];
    let values = parts.each_mut().map(|f| f());
    for v in values {
        let close = (v - values[0]).abs() <= 1e-6 * values[0].abs();
        assert!(close, "{}: the three disagree on the value: {values:?}", case.name);
    }
    let calls = parts.each_mut().map(|f| calls(f));
    let rounds: Vec<[f64; 3]> = (0..ROUNDS).map(|_| [0, 1, 2].map(|k| time(calls[k], parts[k]))).collect();
    let of = |k: usize| median(rounds.iter().map(|r| r[k]).collect());
    let ratio = |k: usize| median(rounds.iter().map(|r| r[2] / r[k]).collect());
    let ratios = [ratio(0), ratio(1)];
    let [plain, forward, gradient] = [0, 1, 2].map(|k| of(k) * 1e6);
    println!(
        "{:<44} {plain:>10.2} {forward:>11.2} {gradient:>13.2} {:>8.2} {:>10.2}",
        case.name, ratios[0], ratios[1]
    );
    ratios
}

fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    if std::env::args().any(|a| a == "--explain") {
        cases::all()
            .iter()
            .filter(|c| c.name.starts_with(&wanted))
            .for_each(|c| println!("{}", (c.explain)()));
        return;
    }
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("the first use of threads");
    println!(
        "{:<44} {:>10} {:>11} {:>13} {:>8} {:>10}",
        "program", "plain, us", "forward, us", "gradient, us", "/ plain", "/ forward"
    );
    let ratios: Vec<[f64; 2]> =
        cases::all().into_iter().filter(|c| c.name.starts_with(&wanted)).map(measure).collect();
    for (k, what) in ["the user's function", "pullback's forward function"].into_iter().enumerate() {
        let all: Vec<f64> = ratios.iter().map(|r| r[k]).collect();
        let worst = all.iter().copied().fold(0.0, f64::max);
        println!("times {what}: median {:.2}, worst {worst:.2}", median(all));
    }
}
