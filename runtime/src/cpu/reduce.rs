//! Reductions other than sums and products.

/// A number that has a largest and a smallest element, and may be NaN.
pub trait Limits: Copy + PartialOrd {
    /// Above every other: the minimum of nothing.
    const TOP: Self;
    /// Below every other: the maximum of nothing.
    const BOTTOM: Self;
}

macro_rules! limits {
    ($($t:ty: $bottom:expr, $top:expr;)*) => {
        $(impl Limits for $t {
            const TOP: $t = $top;
            const BOTTOM: $t = $bottom;
        })*
    };
}

limits! {
    f32: f32::NEG_INFINITY, f32::INFINITY;
    f64: f64::NEG_INFINITY, f64::INFINITY;
    i32: i32::MIN, i32::MAX;
    i64: i64::MIN, i64::MAX;
}

/// The larger number; NaN if either is.
#[inline(always)]
#[allow(clippy::eq_op)]
pub fn max<T: Limits>(a: T, b: T) -> T {
    if a > b || a != a { a } else { b }
}

/// The smaller number; NaN if either is.
#[inline(always)]
#[allow(clippy::eq_op)]
pub fn min<T: Limits>(a: T, b: T) -> T {
    if a < b || a != a { a } else { b }
}

/// An element and its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arg<T> {
    /// The element.
    pub value: T,
    /// Its row-major position; `i64::MAX` while there is none.
    pub at: i64,
}

impl<T: Limits> Arg<T> {
    /// Where the search for the largest begins.
    pub const LOW: Arg<T> = Arg { value: T::BOTTOM, at: i64::MAX };
    /// Where the search for the smallest begins.
    pub const HIGH: Arg<T> = Arg { value: T::TOP, at: i64::MAX };

    /// The position found; 0 in an empty domain.
    #[inline(always)]
    pub fn found(self) -> i64 {
        if self.at == i64::MAX { 0 } else { self.at }
    }
}

/// Of two elements the first NaN, or else the larger, or else the first.
#[inline(always)]
pub fn argmax<T: Limits>(a: Arg<T>, b: Arg<T>) -> Arg<T> {
    if precedes(a, b, a.value > b.value) { a } else { b }
}

/// Of two elements the first NaN, or else the smaller, or else the first.
#[inline(always)]
pub fn argmin<T: Limits>(a: Arg<T>, b: Arg<T>) -> Arg<T> {
    if precedes(a, b, a.value < b.value) { a } else { b }
}

#[inline(always)]
#[allow(clippy::eq_op)]
fn precedes<T: Limits>(a: Arg<T>, b: Arg<T>, better: bool) -> bool {
    let (a_nan, b_nan) = (a.value != a.value, b.value != b.value);
    let tie = if a_nan | b_nan { a_nan & b_nan } else { a.value == b.value };
    better | (a_nan & !b_nan) | (tie & (a.at <= b.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_keep_nan() {
        for f in [max::<f64>, min::<f64>] {
            assert!(f(f64::NAN, 1.0).is_nan());
            assert!(f(1.0, f64::NAN).is_nan());
        }
        assert_eq!(max(1.0, 2.0), 2.0);
        assert_eq!(min(1, -2), -2);
    }

    #[test]
    fn first_of_equals_wins_in_any_order() {
        let (a, b) = (Arg { value: 1.0, at: 3 }, Arg { value: 1.0, at: 7 });
        assert_eq!(argmax(a, b).at, 3);
        assert_eq!(argmax(b, a).at, 3);
        assert_eq!(argmin(b, a).at, 3);
    }

    #[test]
    fn first_nan_wins() {
        let (nan, two) = (Arg { value: f64::NAN, at: 5 }, Arg { value: 2.0, at: 1 });
        let later = Arg { value: f64::NAN, at: 9 };
        assert_eq!(argmax(two, nan).at, 5);
        assert_eq!(argmin(nan, two).at, 5);
        assert_eq!(argmax(later, nan).at, 5);
    }

    #[test]
    fn lowest_element_is_found() {
        let low = Arg { value: f64::NEG_INFINITY, at: 0 };
        assert_eq!(argmax(Arg::LOW, low).found(), 0);
        assert_eq!(argmax(Arg::LOW, Arg { value: f64::NEG_INFINITY, at: 2 }).found(), 2);
        assert_eq!(Arg::<f64>::HIGH.found(), 0);
    }
}
