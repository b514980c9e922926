//! Shape checks: what generated code says when arrays do not fit together.

use crate::DeviceError;

/// Panics unless two lengths that must be equal are.
///
/// # Panics
/// With the function, both parameters and both lengths.
///
/// ```should_panic
/// // loss: `x` has 2000 elements but `y` has 1999
/// pullback::shape::equal("loss", ("x", "elements", 2000), ("y", "elements", 1999));
/// ```
#[inline]
#[track_caller]
pub fn equal(function: &str, a: (&str, &str, usize), b: (&str, &str, usize)) {
    if a.2 != b.2 {
        mismatch(function, a, b);
    }
}

/// Panics unless a length is what the function was written for.
///
/// # Panics
/// With the function, the parameter and both lengths.
#[inline]
#[track_caller]
pub fn exactly(function: &str, a: (&str, &str, usize), n: usize) {
    if a.2 != n {
        wrong(function, a, n);
    }
}

/// As [`equal`], with an error instead of a panic.
///
/// # Errors
/// With the function, both parameters and both lengths.
pub fn agree(function: &str, a: (&str, &str, usize), b: (&str, &str, usize)) -> Result<(), DeviceError> {
    if a.2 == b.2 { Ok(()) } else { Err(DeviceError::Shape(differing(function, a, b))) }
}

/// As [`exactly`], with an error instead of a panic.
///
/// # Errors
/// With the function, the parameter and both lengths.
pub fn is_exactly(function: &str, a: (&str, &str, usize), n: usize) -> Result<(), DeviceError> {
    if a.2 == n { Ok(()) } else { Err(DeviceError::Shape(needing(function, a, n))) }
}

/// As `assert!`, with an error instead of a panic.
///
/// # Errors
/// The message, unless the condition holds.
pub fn holds(condition: bool, message: &str) -> Result<(), DeviceError> {
    if condition { Ok(()) } else { Err(DeviceError::Panicked(message.to_string())) }
}

fn differing(
    function: &str,
    (a, what, n): (&str, &str, usize),
    (b, other, m): (&str, &str, usize),
) -> String {
    if what == other {
        return format!("{function}: `{a}` has {n} {what} but `{b}` has {m}");
    }
    format!("{function}: `{a}` has {n} {what} but `{b}` has {m} {other}")
}

fn needing(function: &str, (a, what, n): (&str, &str, usize), m: usize) -> String {
    format!("{function}: `{a}` has {n} {what} but needs {m}")
}

#[cold]
#[track_caller]
fn mismatch(function: &str, a: (&str, &str, usize), b: (&str, &str, usize)) -> ! {
    panic!("{}", differing(function, a, b))
}

#[cold]
#[track_caller]
fn wrong(function: &str, a: (&str, &str, usize), m: usize) -> ! {
    panic!("{}", needing(function, a, m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "loss: `x` has 2000 elements but `y` has 1999")]
    fn names_both_parameters() {
        equal("loss", ("x", "elements", 2000), ("y", "elements", 1999));
    }

    #[test]
    #[should_panic(expected = "net: `w` has 3 columns but `x` has 4 elements")]
    fn names_both_axes() {
        equal("net", ("w", "columns", 3), ("x", "elements", 4));
    }

    #[test]
    fn equal_lengths_pass() {
        equal("loss", ("x", "elements", 5), ("y", "rows", 5));
        exactly("loss", ("x", "elements", 5), 5);
    }
}
