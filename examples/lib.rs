//! The examples are single programs: `cargo run --release --example NAME`.
