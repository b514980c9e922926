//! One warp: its lanes' registers, which of them run next, and control flow.

use crate::alu;
use crate::launch::{Block, Machine};
use crate::module::{Call, Func, Inst, Module, Op, Shuffle, Slot, Special, Src, Vote};
use crate::{Fault, FaultKind};

mod memory;

pub(crate) use memory::CONSTANT;

/// What a turn of a warp came to.
pub(crate) enum Step {
    Ran,
    /// All lanes that are left wait at a barrier.
    Waits,
    Done,
}

/// Up to 32 threads that run together where they can. Sets of lanes are bit masks.
pub(crate) struct Warp {
    pub(crate) all: u32,
    pub(crate) done: u32,
    pub(crate) waiting: u32,
    pub(crate) epoch: u64,
    pc: [usize; 32],
    /// Return addresses of each lane.
    stack: Vec<Vec<usize>>,
    /// Register r of lane l at 32 r + l.
    regs: Vec<u64>,
    /// Which lanes have written each register.
    written: Vec<u32>,
    params: Vec<Vec<u8>>,
    local: Vec<Vec<u8>>,
    local_written: Vec<Vec<bool>>,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Warp {
    pub(crate) fn new(module: &Module, func: &Func, lanes: u32, params: &[u8]) -> Warp {
        let n = lanes as usize;
        Warp {
            all: if lanes == 32 { u32::MAX } else { (1 << lanes) - 1 },
            done: 0,
            waiting: 0,
            epoch: 0,
            pc: [func.start; 32],
            stack: vec![Vec::new(); n],
            regs: vec![0; module.regs.len() * 32],
            written: vec![0; module.regs.len()],
            params: vec![params.to_vec(); n],
            local: vec![vec![0xcd; module.local_bytes]; n],
            local_written: vec![vec![false; module.local_bytes]; n],
        }
    }

    /// Sets of lanes that stand at the same place, the deepest call and then the lowest address first.
    fn groups(&self) -> Vec<u32> {
        let mut keys: Vec<((usize, usize), u32)> = Vec::with_capacity(1);
        for lane in lanes(self.all & !self.done & !self.waiting) {
            let key = (usize::MAX - self.stack[lane].len(), self.pc[lane]);
            match keys.iter_mut().find(|(k, _)| *k == key) {
                Some((_, mask)) => *mask |= 1 << lane,
                None => keys.push((key, 1 << lane)),
            }
        }
        keys.sort_by_key(|&(key, _)| key);
        keys.into_iter().map(|(_, mask)| mask).collect()
    }
}

/// The lanes of a mask.
pub(super) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let lane = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (lane < 32).then_some(lane)
    })
}

/// One instruction of one warp: the warp, what surrounds it, and the lanes that execute.
pub(super) struct Now<'a, 'm> {
    pub(super) machine: &'a mut Machine<'m>,
    pub(super) block: &'a mut Block,
    pub(super) w: usize,
    pub(super) inst: &'m Inst,
    /// The lanes that are here, and those whose guard holds.
    pub(super) here: u32,
    pub(super) active: u32,
}

/// Runs the next instruction of a warp.
pub(crate) fn step(machine: &mut Machine<'_>, block: &mut Block, w: usize) -> Result<Step> {
    let mut groups = block.warps[w].groups();
    if groups.is_empty() {
        let warp = &block.warps[w];
        return Ok(if warp.done == warp.all { Step::Done } else { Step::Waits });
    }
    // Now and then another part of a diverged warp goes first.
    if groups.len() > 1 && machine.draw().is_multiple_of(4) && machine.launch.seed != 0 {
        let k = (machine.draw() % groups.len() as u64) as usize;
        groups.rotate_left(k);
    }
    let mut refused = None;
    for here in groups {
        let pc = block.warps[w].pc[here.trailing_zeros() as usize];
        let inst = &machine.module.code[pc];
        let mut now = Now { machine: &mut *machine, block: &mut *block, w, inst, here, active: here };
        now.active = now.guarded()?;
        match now.missing()? {
            Some(message) => refused = refused.or(Some(now.fault(FaultKind::Divergence, message))),
            None => {
                now.execute()?;
                machine.now += 1;
                return Ok(Step::Ran);
            }
        }
    }
    Err(refused.expect("some group was refused"))
}

impl Now<'_, '_> {
    pub(super) fn warp(&mut self) -> &mut Warp {
        &mut self.block.warps[self.w]
    }

    pub(super) fn fault(&self, kind: FaultKind, message: impl AsRef<str>) -> Fault {
        let (text, line) = (&self.inst.text, self.inst.line);
        let place = format!("line {line} ({text}), block {}, warp {}", self.block.index, self.w);
        Fault::new(kind, format!("{place}: {}", message.as_ref()))
    }

    /// The thread's number in its block.
    pub(super) fn thread(&self, lane: usize) -> u32 {
        (self.w * 32 + lane) as u32
    }

    pub(super) fn reg(&self, lane: usize, r: u32) -> Result<u64> {
        let warp = &self.block.warps[self.w];
        if warp.written[r as usize] >> lane & 1 == 0 {
            let message = format!("thread {} reads a register that nothing has set", self.thread(lane));
            return Err(self.fault(FaultKind::Uninitialised, message));
        }
        Ok(warp.regs[r as usize * 32 + lane])
    }

    pub(super) fn set(&mut self, lane: usize, r: Option<u32>, value: u64) {
        let Some(r) = r else { return };
        let warp = self.warp();
        warp.regs[r as usize * 32 + lane] = value;
        warp.written[r as usize] |= 1 << lane;
    }

    pub(super) fn value(&self, lane: usize, src: Src) -> Result<u64> {
        match src {
            Src::Reg(r) => self.reg(lane, r),
            Src::Bits(v) => Ok(v),
            Src::Special(s) => Ok(self.special(lane, s).into()),
        }
    }

    fn special(&self, lane: usize, special: Special) -> u32 {
        let [x, y, _] = self.machine.launch.block;
        let thread = self.thread(lane);
        match special {
            Special::Tid(axis) => [thread % x, thread / x % y, thread / (x * y)][axis],
            Special::Ntid(axis) => self.machine.launch.block[axis],
            Special::Ctaid(axis) => self.block.id[axis],
            Special::Nctaid(axis) => self.machine.launch.grid[axis],
            Special::Lane => lane as u32,
            Special::Warp => self.w as u32,
        }
    }

    /// The lanes here whose guard holds.
    fn guarded(&self) -> Result<u32> {
        let Some((r, negated)) = self.inst.guard else { return Ok(self.here) };
        let mut active = 0;
        for lane in lanes(self.here) {
            if (self.reg(lane, r)? & 1 == 1) != negated {
                active |= 1 << lane;
            }
        }
        Ok(active)
    }

    /// Why the instruction cannot run yet: lanes that it names are elsewhere.
    fn missing(&self) -> Result<Option<String>> {
        let warp = &self.block.warps[self.w];
        let wanted = match self.inst.op {
            Op::Barrier | Op::WarpBarrier if self.active == 0 => return Ok(None),
            Op::Barrier => warp.all & !warp.done,
            Op::WarpBarrier | Op::Shuffle(_) | Op::Vote(_) => {
                let mask = *self.inst.src.last().expect("the mask is the last operand");
                let mut wanted = 0;
                for lane in lanes(self.active) {
                    wanted |= self.value(lane, mask)? as u32 | 1 << lane;
                }
                wanted
            }
            _ => return Ok(None),
        };
        let absent = wanted & !self.active;
        Ok((absent != 0).then(|| format!("lanes {:?} are not here", lanes(absent).collect::<Vec<_>>())))
    }

    fn execute(&mut self) -> Result<()> {
        let inst = self.inst;
        for lane in lanes(self.here) {
            self.warp().pc[lane] += 1;
        }
        match &inst.op {
            Op::Alu(alu, ty) => self.alu(*alu, *ty),
            Op::Unpack(bits) => self.unpack(*bits),
            Op::Pack(bits) => self.pack(*bits),
            Op::Load { .. } | Op::Store { .. } | Op::Atom { .. } => self.memory(),
            Op::Shuffle(mode) => self.shuffle(*mode),
            Op::Vote(vote) => self.vote(*vote),
            Op::Barrier => {
                self.warp().waiting |= self.active;
                Ok(())
            }
            Op::WarpBarrier => {
                self.warp().epoch += 1;
                Ok(())
            }
            Op::Fence => self.fence(),
            Op::Branch(target) => {
                lanes(self.active).for_each(|lane| self.warp().pc[lane] = *target);
                Ok(())
            }
            Op::Call(call) => self.call(call),
            Op::Ret => self.ret(),
            Op::Exit => {
                self.warp().done |= self.active;
                Ok(())
            }
            Op::Trap if self.active == 0 => Ok(()),
            Op::Trap => Err(self.fault(FaultKind::Trap, "trap")),
        }
    }

    fn alu(&mut self, alu: crate::module::Alu, ty: crate::module::Ty) -> Result<()> {
        let inst = self.inst;
        for lane in lanes(self.active) {
            let mut args = [0; 3];
            for (arg, &src) in args.iter_mut().zip(&inst.src) {
                *arg = self.value(lane, src)?;
            }
            let result = alu::compute(alu, ty, &args, self.machine.gpu.noise);
            let result = result.map_err(|e| self.fault(FaultKind::Trap, e))?;
            self.set(lane, inst.dst[0], result);
        }
        Ok(())
    }

    fn unpack(&mut self, bits: u32) -> Result<()> {
        let inst = self.inst;
        for lane in lanes(self.active) {
            let x = self.value(lane, inst.src[0])?;
            self.set(lane, inst.dst[0], x & ((1 << bits) - 1));
            self.set(lane, inst.dst[1], x >> bits);
        }
        Ok(())
    }

    fn pack(&mut self, bits: u32) -> Result<()> {
        let inst = self.inst;
        for lane in lanes(self.active) {
            let (low, high) = (self.value(lane, inst.src[0])?, self.value(lane, inst.src[1])?);
            self.set(lane, inst.dst[0], low | high << bits);
        }
        Ok(())
    }

    fn shuffle(&mut self, mode: Shuffle) -> Result<()> {
        let inst = self.inst;
        let mut read = Vec::with_capacity(32);
        for lane in lanes(self.active) {
            let by = self.value(lane, inst.src[1])? as i64;
            let clamp = self.value(lane, inst.src[2])? as i64;
            let from = source_lane(mode, lane as i64, by, clamp);
            if self.active >> from & 1 == 0 {
                let message = format!("lane {lane} reads lane {from}, which does not take part");
                return Err(self.fault(FaultKind::Divergence, message));
            }
            read.push((lane, self.value(from, inst.src[0])?));
        }
        for (lane, value) in read {
            self.set(lane, inst.dst[0], value);
        }
        Ok(())
    }

    fn vote(&mut self, vote: Vote) -> Result<()> {
        let inst = self.inst;
        let mut ballot = 0u32;
        for lane in lanes(self.active) {
            ballot |= ((self.value(lane, inst.src[0])? & 1) as u32) << lane;
        }
        let result = match vote {
            Vote::All => u64::from(ballot == self.active),
            Vote::Any => u64::from(ballot != 0),
            Vote::Ballot => ballot.into(),
        };
        lanes(self.active).for_each(|lane| self.set(lane, inst.dst[0], result));
        Ok(())
    }

    fn fence(&mut self) -> Result<()> {
        let (epoch, time) = (self.block.epoch, self.machine.now);
        for lane in lanes(self.active) {
            let sync = self.block.sync.entry(self.thread(lane)).or_default();
            sync.fence = Some((epoch, time));
            let pending = std::mem::take(&mut sync.pending);
            sync.acquired.merge(&pending);
        }
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Result<()> {
        let func = &self.machine.module.funcs[&call.name];
        for lane in lanes(self.active) {
            let args = call.args.iter().map(|&s| self.slot(lane, s)).collect::<Result<Vec<_>>>()?;
            for r in func.regs.clone() {
                self.warp().written[r] &= !(1 << lane);
            }
            for (&to, value) in func.params.iter().zip(args) {
                self.set_slot(lane, to, value);
            }
            let warp = self.warp();
            let back = warp.pc[lane];
            warp.stack[lane].push(back);
            warp.pc[lane] = func.start;
        }
        Ok(())
    }

    fn ret(&mut self) -> Result<()> {
        for lane in lanes(self.active) {
            let Some(back) = self.warp().stack[lane].pop() else {
                self.warp().done |= 1 << lane;
                continue;
            };
            self.warp().pc[lane] = back;
            let module = self.machine.module;
            let Op::Call(call) = &module.code[back - 1].op else { unreachable!("a return goes to a call") };
            for (&from, &to) in module.funcs[&call.name].rets.iter().zip(&call.rets) {
                let value = self.slot(lane, from)?;
                self.set_slot(lane, to, value);
            }
        }
        Ok(())
    }

    fn slot(&self, lane: usize, slot: Slot) -> Result<u64> {
        match slot {
            Slot::Reg(r) => self.reg(lane, r),
            Slot::Param { offset, size } => {
                let mut bytes = [0; 8];
                bytes[..size].copy_from_slice(&self.block.warps[self.w].params[lane][offset..offset + size]);
                Ok(u64::from_le_bytes(bytes))
            }
        }
    }

    fn set_slot(&mut self, lane: usize, slot: Slot, value: u64) {
        match slot {
            Slot::Reg(r) => self.set(lane, Some(r), value),
            Slot::Param { offset, size } => {
                let bytes = &mut self.warp().params[lane];
                bytes[offset..offset + size].copy_from_slice(&value.to_le_bytes()[..size]);
            }
        }
    }
}

/// The lane that a shuffle reads: itself where the other one is out of its segment.
fn source_lane(mode: Shuffle, lane: i64, by: i64, clamp: i64) -> usize {
    let (segment, clamp) = (clamp >> 8 & 31, clamp & 31);
    let last = (lane & segment) | (clamp & !segment);
    let (from, inside) = match mode {
        Shuffle::Up => (lane - by, lane - by >= last),
        Shuffle::Down => (lane + by, lane + by <= last),
        Shuffle::Bfly => (lane ^ by, (lane ^ by) <= last),
        Shuffle::Idx => {
            let from = (lane & segment) | (by & !segment);
            (from, from <= last)
        }
    };
    if inside { from as usize } else { lane as usize }
}
