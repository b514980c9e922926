//! How long an expansion takes. The bounds are wide, since the build is not optimised and machines differ.

use std::time::{Duration, Instant};

use proc_macro2::TokenStream;

use crate::expand::attribute;

/// A loss with `terms` statements in its loop.
fn function(terms: usize) -> TokenStream {
    let lines: String = (0..terms)
        .map(|k| format!("let t{k} = (w[{k} % w.len()] * x[i]).tanh() + s;\n s += t{k} * t{k};\n"))
        .collect();
    let text = format!(
        "fn f(w: &[f64], x: &[f64]) -> f64 {{ let mut s = 0.0; for i in 0..x.len() {{ {lines} }} s }}"
    );
    text.parse().expect("tokens")
}

fn best_of_three(item: &TokenStream) -> Duration {
    let once = |_| {
        let start = Instant::now();
        let tokens = attribute(TokenStream::new(), item.clone(), false).to_string();
        assert!(tokens.contains("value_and_grad") && !tokens.contains("compile_error"), "{tokens}");
        start.elapsed()
    };
    (0..3).map(once).min().expect("three runs")
}

#[test]
fn an_ordinary_function_takes_milliseconds() {
    let (small, large) = (best_of_three(&function(4)), best_of_three(&function(40)));
    println!("10 lines: {small:?}, 80 lines: {large:?}");
    // With the feature `cuda` the programs for GPUs are printed as well, each nest as PTX.
    let most = if cfg!(feature = "cuda") { 1200 } else { 400 };
    assert!(small < Duration::from_millis(most), "{small:?}");
    // Ten times as much code: about ten times as long, not a hundred.
    assert!(large < 40 * small.max(Duration::from_millis(5)), "{small:?} and {large:?}");
}
