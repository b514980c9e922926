//! Grids: which warp runs next, and barriers.

use std::collections::HashMap;

use crate::module::{Func, Module, Slot};
use crate::race::{Clock, Shadow};
use crate::warp::{Step, Warp, step};
use crate::{Fault, FaultKind, Gpu};

/// What to run.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    /// The kernel's name.
    pub func: &'a str,
    /// Blocks of the grid.
    pub grid: [u32; 3],
    /// Threads of a block.
    pub block: [u32; 3],
    /// The parameters' bytes.
    pub params: &'a [Vec<u8>],
    /// 0 runs warps in order; anything else draws an order.
    pub seed: u64,
    /// An end to endless loops: how many instructions all warps may run together; 0 for any number.
    pub limit: u64,
}

/// What a launch did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Instructions, each counted once per warp.
    pub instructions: u64,
}

/// What is common to all blocks of a launch under way.
pub(crate) struct Machine<'a> {
    pub(crate) module: &'a Module,
    pub(crate) gpu: &'a mut Gpu,
    pub(crate) launch: &'a Launch<'a>,
    /// What the atomics on each address have released.
    pub(crate) released: HashMap<u64, Clock>,
    /// Counts instructions; times of accesses.
    pub(crate) now: u64,
    rng: u64,
}

impl Machine<'_> {
    /// A random number; 0 without a seed.
    pub(crate) fn draw(&mut self) -> u64 {
        if self.launch.seed == 0 {
            return 0;
        }
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 7;
        self.rng ^= self.rng << 17;
        self.rng >> 11
    }
}

/// What a thread that fences and uses atomics knows.
#[derive(Default)]
pub(crate) struct ThreadSync {
    /// The epoch and the time of its last fence.
    pub(crate) fence: Option<(u64, u64)>,
    /// Acquired by atomics, in force after the next fence.
    pub(crate) pending: Clock,
    pub(crate) acquired: Clock,
}

/// A block under way.
pub(crate) struct Block {
    pub(crate) id: [u32; 3],
    pub(crate) index: u32,
    pub(crate) warps: Vec<Warp>,
    pub(crate) shared: Vec<u8>,
    pub(crate) shared_written: Vec<bool>,
    pub(crate) shadow: Shadow,
    pub(crate) epoch: u64,
    pub(crate) clock: Clock,
    pub(crate) sync: HashMap<u32, ThreadSync>,
    /// Where a constant is copied to be read.
    pub(crate) scratch: [u8; 8],
}

/// Runs a grid to its end.
///
/// # Errors
/// The first fault. Memory keeps what was written until then.
pub fn launch(module: &Module, gpu: &mut Gpu, launch: &Launch<'_>) -> Result<Stats, Fault> {
    let func = checked_kernel(module, launch)?;
    let params = param_bytes(module, func, launch)?;
    gpu.forget_accesses();
    let count: u32 = launch.grid.iter().product();
    let mut blocks: Vec<Block> =
        (0..count).map(|index| new_block(module, func, launch, index, &params)).collect();
    let mut live: Vec<(usize, usize)> =
        (0..blocks.len()).flat_map(|b| (0..blocks[b].warps.len()).map(move |w| (b, w))).collect();
    let rng = launch.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut machine = Machine { module, gpu, launch, released: HashMap::new(), now: 0, rng };
    let mut idle = 0;
    while !live.is_empty() {
        let k = (machine.draw() % live.len() as u64) as usize;
        let (b, w) = live[k];
        let turn = take_turn(&mut machine, &mut blocks[b], w)?;
        let released = release_barrier(&mut blocks[b])?;
        idle = if turn.ran || released { 0 } else { idle + 1 };
        match turn.done {
            true => drop(live.remove(k)),
            false if launch.seed == 0 => live.rotate_left(1),
            false => {}
        }
        if idle > 64 * live.len() + 1000 {
            let message = format!("block {b}: not all warps reach the barrier where the others wait");
            return Err(Fault::new(FaultKind::Deadlock, message));
        }
    }
    Ok(Stats { instructions: machine.now })
}

struct Turn {
    ran: bool,
    done: bool,
}

/// Some instructions of one warp.
fn take_turn(machine: &mut Machine<'_>, block: &mut Block, w: usize) -> Result<Turn, Fault> {
    let quantum = if machine.launch.seed == 0 { 1000 } else { 1 + machine.draw() % 64 };
    let mut ran = false;
    for _ in 0..quantum {
        match step(machine, block, w)? {
            Step::Ran => ran = true,
            Step::Waits => break,
            Step::Done => return Ok(Turn { ran: true, done: true }),
        }
        if machine.launch.limit != 0 && machine.now > machine.launch.limit {
            return Err(Fault::new(FaultKind::Timeout, format!("{} instructions", machine.now)));
        }
    }
    Ok(Turn { ran, done: false })
}

/// Lets the block go on when all its threads wait at a barrier.
fn release_barrier(block: &mut Block) -> Result<bool, Fault> {
    let all_wait = block.warps.iter().all(|w| w.waiting | w.done == w.all);
    if !all_wait || block.warps.iter().all(|w| w.waiting == 0) {
        return Ok(false);
    }
    if block.warps.iter().any(|w| w.done != 0) {
        let message = format!("block {}: a barrier is reached after threads have ended", block.index);
        return Err(Fault::new(FaultKind::Divergence, message));
    }
    block.epoch += 1;
    block.warps.iter_mut().for_each(|w| w.waiting = 0);
    for sync in block.sync.values() {
        block.clock.merge(&sync.acquired);
    }
    Ok(true)
}

fn checked_kernel<'m>(module: &'m Module, launch: &Launch<'_>) -> Result<&'m Func, Fault> {
    let refuse = |message: String| Err(Fault::new(FaultKind::Unsupported, message));
    let Some(func) = module.funcs.get(launch.func).filter(|f| f.entry) else {
        return refuse(format!("there is no kernel {}", launch.func));
    };
    let threads: u32 = launch.block.iter().product();
    if threads == 0 || threads > func.max_threads.unwrap_or(1024).min(1024) {
        return refuse(format!("{} cannot run with {threads} threads a block", launch.func));
    }
    if launch.grid.contains(&0) {
        return refuse("an empty grid".into());
    }
    let sizes: Vec<usize> = launch.params.iter().map(Vec::len).collect();
    if sizes != func.param_sizes() {
        let wanted = func.param_sizes();
        return refuse(format!("{} takes parameters of {wanted:?} bytes, not {sizes:?}", launch.func));
    }
    Ok(func)
}

fn param_bytes(module: &Module, func: &Func, launch: &Launch<'_>) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; module.param_bytes];
    for (slot, value) in func.params.iter().zip(launch.params) {
        if let Slot::Param { offset, size } = *slot {
            bytes[offset..offset + size].copy_from_slice(value);
        }
    }
    Ok(bytes)
}

fn new_block(module: &Module, func: &Func, launch: &Launch<'_>, index: u32, params: &[u8]) -> Block {
    let [x, y, _] = launch.grid;
    let threads: u32 = launch.block.iter().product();
    let warp = |w: u32| Warp::new(module, func, 32.min(threads - w * 32), params);
    Block {
        id: [index % x, index / x % y, index / (x * y)],
        index,
        warps: (0..threads.div_ceil(32)).map(warp).collect(),
        shared: vec![0xcd; func.shared],
        shared_written: vec![false; func.shared],
        shadow: Shadow::default(),
        epoch: 0,
        clock: Clock::default(),
        sync: HashMap::new(),
        scratch: [0; 8],
    }
}
