//! Blocks of lanes.

/// `f32` or `f64`.
pub trait Number: Copy + PartialOrd + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self> {
    /// `self * b + c`, rounded once.
    #[must_use]
    fn fused(self, b: Self, c: Self) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn fused(self, b: f32, c: f32) -> f32 {
        self.mul_add(b, c)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn fused(self, b: f64, c: f64) -> f64 {
        self.mul_add(b, c)
    }
}

/// `a * b + c`, fused where `FMA` says that the machine does it in one instruction.
#[inline(always)]
pub fn muladd<const FMA: bool, T: Number>(a: T, b: T, c: T) -> T {
    if FMA { a.fused(b, c) } else { a * b + c }
}

/// Combines the lanes in a fixed tree. `L` is a multiple of 8.
#[inline(always)]
pub fn tree<T: Copy, const L: usize>(lanes: [T; L], combine: impl Fn(T, T) -> T) -> T {
    let (blocks, _) = lanes.as_chunks::<8>();
    let mut sum = blocks[0];
    for block in &blocks[1..] {
        for l in 0..8 {
            sum[l] = combine(sum[l], block[l]);
        }
    }
    let [a, b, c, d, e, f, g, h] = sum;
    let (even, odd) = (combine(combine(a, e), combine(c, g)), combine(combine(b, f), combine(d, h)));
    combine(even, odd)
}

/// The sum of the lanes, in a tree.
#[inline(always)]
pub fn add_lanes<T: Copy + std::ops::Add<Output = T>, const L: usize>(lanes: [T; L]) -> T {
    tree(lanes, |a, b| a + b)
}
