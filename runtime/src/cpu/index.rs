//! Indices: the IR's integers are `i64`, memory's are `usize`.

/// An extent as a length: negative counts as zero.
#[inline(always)]
#[must_use]
pub fn extent(n: i64) -> usize {
    n.max(0) as usize
}

/// An index as a position; a negative one is out of every bounds.
#[inline(always)]
#[must_use]
pub fn at(i: i64) -> usize {
    i as usize
}

/// The index `i` along an axis of length `n`.
///
/// # Panics
/// If it is out of bounds.
#[inline(always)]
#[must_use]
#[track_caller]
pub fn offset(i: i64, n: usize) -> usize {
    let i = i as usize;
    if i >= n {
        outside(i, n);
    }
    i
}

/// The elements of `x` at the positions of a range, which all are read.
///
/// # Panics
/// If the first of them that is out of bounds exists.
#[inline(always)]
#[must_use]
#[track_caller]
pub fn part<T>(x: &[T], range: std::ops::Range<usize>) -> &[T] {
    let start = range.start;
    match x.get(range) {
        Some(part) => part,
        None => outside(start.max(x.len()), x.len()),
    }
}

#[cold]
#[track_caller]
fn outside(i: usize, n: usize) -> ! {
    panic!("index out of bounds: the length is {n} but the index is {}", i as i64)
}
