//! Which instruction set and which thread a nest runs on. All of the crate's `unsafe` is here.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use super::Split;

/// An instruction set that nests are compiled for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Level {
    /// What the target guarantees.
    Baseline = 1,
    /// AVX2 and FMA.
    V3 = 2,
    /// AVX-512 (F, BW, CD, DQ, VL).
    V4 = 3,
}

/// A parallel loop, as generated code describes it: what it captures is `self`.
pub trait Nest: Sync {
    /// What its reductions come to.
    type Sums: Copy + Send;
    /// The arrays that it writes, split among threads along the loop's outer axis.
    type Stores<'a>: Split;
    /// How many lanes it takes at each level.
    type Lanes: LaneChoice;
    /// The cost of one iteration, about, in additions. With the length it decides how the loop is cut in chunks.
    const COST: usize;

    /// Whether iterations add to arrays that they share: such a loop is not split.
    const SERIAL: bool = false;

    /// How many iterations one step along the outer axis stands for.
    fn width(&self) -> usize {
        1
    }

    /// Runs a range of the outer axis. `stores` begin where the range begins.
    fn run<const FMA: bool, const L: usize>(
        &self,
        range: Range<usize>,
        stores: Self::Stores<'_>,
    ) -> Self::Sums;

    /// Combines the sums of two adjacent ranges.
    fn combine(left: Self::Sums, right: Self::Sums) -> Self::Sums;
}

/// How many lanes a nest takes: on the baseline, with AVX2, with AVX-512.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<const BASE: usize, const V3: usize, const V4: usize>;

/// Calls [`Nest::run`] with a level's number of lanes.
pub trait LaneChoice {
    /// For the baseline.
    fn base<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums;
    /// For AVX2 and FMA.
    fn v3<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums;
    /// For AVX-512.
    fn v4<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums;
}

/// Whether the target itself has fused multiply-add.
const BASE_FMA: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64", target_arch = "riscv64"));

impl<const BASE: usize, const V3: usize, const V4: usize> LaneChoice for Lanes<BASE, V3, V4> {
    #[inline(always)]
    fn base<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
        nest.run::<BASE_FMA, BASE>(range, stores)
    }

    #[inline(always)]
    fn v3<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
        nest.run::<true, V3>(range, stores)
    }

    #[inline(always)]
    fn v4<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
        nest.run::<true, V4>(range, stores)
    }
}

/// The level in use: 0 until the first question.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The level that nests run at: the best one that this machine has, unless [`force`] said otherwise.
#[must_use]
#[inline]
pub fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        1 => Level::Baseline,
        2 => Level::V3,
        3 => Level::V4,
        _ => {
            let best = detect();
            LEVEL.store(best as u8, Ordering::Relaxed);
            best
        }
    }
}

/// Runs all nests at `level`, or at the best level below it that the machine has; `None` for the best of all. For tests
/// and measurements: results differ between levels by rounding. Returns the level that is in use from now on.
///
/// ```
/// use pullback::cpu::{self, Level};
///
/// assert_eq!(cpu::force(Some(Level::Baseline)), Level::Baseline);
/// assert_eq!(cpu::level(), Level::Baseline);
/// cpu::force(None);
/// ```
pub fn force(level: Option<Level>) -> Level {
    let best = detect();
    let level = level.map_or(best, |l| l.min(best));
    LEVEL.store(level as u8, Ordering::Relaxed);
    level
}

#[cold]
fn detect() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        let v3 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt");
        let v4 = v3
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if v4 {
            return Level::V4;
        }
        if v3 {
            return Level::V3;
        }
    }
    Level::Baseline
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn v3<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
    N::Lanes::v3(nest, range, stores)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn v4<N: Nest>(nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
    N::Lanes::v4(nest, range, stores)
}

/// Runs a range on this thread.
#[inline]
fn run_at<N: Nest>(level: Level, nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
    match level {
        // SAFETY: `level()` and `force` only name levels whose features `detect` found on this machine (AVX2
        // machines have POPCNT).
        #[cfg(target_arch = "x86_64")]
        Level::V4 => unsafe { v4(nest, range, stores) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::V3 => unsafe { v3(nest, range, stores) },
        _ => N::Lanes::base(nest, range, stores),
    }
}

/// A chunk costs about this many additions: some microseconds.
const CHUNK_COST: usize = 1 << 18;

/// The length of a chunk: a function of the nest alone, so that the tree of partial sums is, too.
fn chunk<N: Nest>(nest: &N) -> usize {
    let steps = CHUNK_COST / (N::COST.max(1) * nest.width().max(1));
    // A power of two keeps the cuts on lane boundaries.
    1 << steps.max(1).ilog2()
}

/// Runs a nest over `0..len` of its outer axis.
///
/// Long loops are cut in chunks that rayon's threads share; partial sums combine in a tree that depends on the length
/// only, so the result is bitwise the same for any number of threads.
#[inline]
pub fn launch<N: Nest>(nest: &N, len: usize, stores: N::Stores<'_>) -> N::Sums {
    let chunk = chunk(nest);
    if N::SERIAL || len <= chunk {
        return run_at(level(), nest, 0..len, stores);
    }
    let threads = rayon::current_num_threads() > 1;
    tree(&Plan { level: level(), chunk, threads }, nest, 0..len, stores)
}

struct Plan {
    level: Level,
    chunk: usize,
    threads: bool,
}

fn tree<N: Nest>(plan: &Plan, nest: &N, range: Range<usize>, stores: N::Stores<'_>) -> N::Sums {
    let chunks = range.len().div_ceil(plan.chunk);
    if chunks <= 1 {
        return run_at(plan.level, nest, range, stores);
    }
    let half = chunks / 2 * plan.chunk;
    let middle = range.start + half;
    let (near, far) = stores.split(half);
    let left = || tree(plan, nest, range.start..middle, near);
    let right = || tree(plan, nest, middle..range.end, far);
    let (a, b) = if plan.threads { rayon::join(left, right) } else { (left(), right()) };
    N::combine(a, b)
}
