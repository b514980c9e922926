//! What is refused, and what the error says. `TRYBUILD=overwrite cargo test -p pullback-tests --test ui` writes the
//! texts anew: read them.

#[test]
fn refusals() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
