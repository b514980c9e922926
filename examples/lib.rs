//! What the examples share: the points they fit and where they start.
//!
//! The examples are single programs: `cargo run --release --example NAME`.

use nalgebra::DVector;
use pullback::Random;

/// `n` equally spaced points from `start` to `end`, both included. The second half counts back from `end`, as
/// `torch.linspace` does, so that a symmetric interval gives points that are symmetric to the last bit.
pub fn linspace(start: f32, end: f32, n: usize) -> DVector<f32> {
    let step = (end - start) / (n - 1) as f32;
    DVector::from_fn(
        n,
        |i, _| if i < n / 2 { start + step * i as f32 } else { end - step * (n - 1 - i) as f32 },
    )
}

/// The tutorials' points: 2,000 on [-π, π].
pub fn points() -> DVector<f32> {
    linspace(-std::f32::consts::PI, std::f32::consts::PI, 2000)
}

/// Four coefficients to start from: `fixed`, or with `--random SEED` on the command line four standard normal numbers.
///
/// # Errors
/// A usage message if the command line is anything else.
pub fn start(fixed: [f64; 4]) -> Result<[f64; 4], String> {
    start_from(std::env::args().skip(1), fixed)
}

/// [`start`] for given arguments.
///
/// # Errors
/// A usage message if they are neither nothing nor `--random SEED`.
pub fn start_from(args: impl IntoIterator<Item = String>, fixed: [f64; 4]) -> Result<[f64; 4], String> {
    let args: Vec<String> = args.into_iter().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(fixed),
        ["--random", seed] => match seed.parse() {
            Ok(seed) => Ok(normal(seed)),
            Err(_) => {
                Err(format!("`{seed}` is no seed: --random takes a whole number from 0 to {}", u64::MAX))
            }
        },
        _ => Err(format!("the arguments are [--random SEED], not `{}`", args.join(" "))),
    }
}

/// `N` draws from the standard normal distribution.
fn normal<const N: usize>(seed: u64) -> [f64; N] {
    let mut random = Random::new(seed);
    std::array::from_fn(|_| random.normal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn linspace_is_symmetric_and_ends_where_it_should() {
        let x = points();
        assert_eq!((x.len(), x[0], x[1999]), (2000, -std::f32::consts::PI, std::f32::consts::PI));
        assert!((0..2000).all(|i| x[i] == -x[1999 - i]));
        assert!(x.as_slice().windows(2).all(|w| (w[1] - w[0] - 0.003_143_164).abs() < 1e-6));
    }

    #[test]
    fn command_lines() {
        let fixed = [0.5, -0.3, 0.2, 0.1];
        assert_eq!(start_from(args(""), fixed), Ok(fixed));
        assert!(start_from(args("--random x"), fixed).unwrap_err().contains("`x` is no seed"));
        assert!(start_from(args("--seed 1"), fixed).unwrap_err().contains("--random SEED"));
        let drawn = start_from(args("--random 1"), fixed).unwrap();
        assert_eq!(start_from(args("--random 1"), fixed), Ok(drawn));
        assert_ne!(start_from(args("--random 2"), fixed), Ok(drawn));
    }

    #[test]
    fn draws_are_standard_normal() {
        let draws: [f64; 4096] = normal(7);
        let mean = draws.iter().sum::<f64>() / 4096.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4096.0;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.1, "mean {mean}, variance {variance}");
    }
}
