//! Loads, stores and atomics of a warp.

use super::{Now, Result, lanes};
use crate::module::{Address, Atomic, Inst, Op, Space, Ty};
use crate::race::{Access, Kind, View};
use crate::{Fault, FaultKind};

/// Addresses with this bit are in the module's constants.
pub(crate) const CONSTANT: u64 = 1 << 63;

/// One lane's access to some bytes.
struct Request {
    lane: usize,
    space: Space,
    at: u64,
    ty: Ty,
    kind: Kind,
    read_only: bool,
}

impl Now<'_, '_> {
    pub(super) fn memory(&mut self) -> Result<()> {
        let inst = self.inst;
        let address = inst.address.expect("the parser gives every access an address");
        for lane in lanes(self.active) {
            let at = self.address(lane, address)?;
            match inst.op {
                Op::Load { space, ty, read_only } => self.load(inst, lane, space, at, ty, read_only)?,
                Op::Store { space, ty } => self.store(inst, lane, space, at, ty)?,
                Op::Atom { space, op, ty } => self.atomic(inst, lane, space, at, (op, ty))?,
                _ => unreachable!("only accesses come here"),
            }
        }
        Ok(())
    }

    fn address(&self, lane: usize, address: Address) -> Result<u64> {
        let base = address.base.map_or(Ok(0), |r| self.reg(lane, r))?;
        Ok(base.wrapping_add(address.offset))
    }

    fn aligned(&self, at: u64, bytes: usize) -> Result<()> {
        if at.is_multiple_of(bytes as u64) {
            return Ok(());
        }
        Err(self.fault(FaultKind::Misaligned, format!("address {at:#x} for {bytes} bytes")))
    }

    fn load(
        &mut self,
        inst: &Inst,
        lane: usize,
        space: Space,
        at: u64,
        ty: Ty,
        read_only: bool,
    ) -> Result<()> {
        self.aligned(at, ty.size() * inst.dst.len())?;
        for (k, &dst) in inst.dst.iter().enumerate() {
            let at = at + (k * ty.size()) as u64;
            let request = Request { lane, space, at, ty, kind: Kind::Read, read_only };
            let mut bytes = [0; 8];
            bytes[..ty.size()].copy_from_slice(self.bytes(&request)?);
            let raw = u64::from_le_bytes(bytes);
            // Narrow signed loads extend the sign into the register.
            let wide = if ty.is_signed() { ty.signed(raw) as u64 } else { raw };
            let value = dst.map_or(0, |r| self.machine.module.regs[r as usize].mask(wide));
            self.set(lane, dst, value);
        }
        Ok(())
    }

    fn store(&mut self, inst: &Inst, lane: usize, space: Space, at: u64, ty: Ty) -> Result<()> {
        self.aligned(at, ty.size() * inst.src.len())?;
        for (k, &src) in inst.src.iter().enumerate() {
            let value = self.value(lane, src)?;
            let at = at + (k * ty.size()) as u64;
            let request = Request { lane, space, at, ty, kind: Kind::Write, read_only: false };
            self.bytes(&request)?.copy_from_slice(&value.to_le_bytes()[..ty.size()]);
        }
        Ok(())
    }

    fn atomic(&mut self, inst: &Inst, lane: usize, space: Space, at: u64, op: (Atomic, Ty)) -> Result<()> {
        let (op, ty) = op;
        self.aligned(at, ty.size())?;
        let operand = self.value(lane, inst.src[0])?;
        let new = inst.src.get(1).map_or(Ok(0), |&s| self.value(lane, s))?;
        let request = Request { lane, space, at, ty, kind: Kind::Atomic, read_only: false };
        let bytes = self.bytes(&request)?;
        let mut old = [0; 8];
        old[..ty.size()].copy_from_slice(bytes);
        let old = u64::from_le_bytes(old);
        bytes.copy_from_slice(&modified(op, ty, old, operand, new).to_le_bytes()[..ty.size()]);
        if space == Space::Global {
            self.exchange_clocks(lane, at);
        }
        self.set(lane, inst.dst.first().copied().flatten(), old);
        Ok(())
    }

    /// An atomic publishes what was before the thread's last fence, and learns what others published.
    fn exchange_clocks(&mut self, lane: usize, at: u64) {
        let (index, thread) = (self.block.index, self.thread(lane));
        let published = self.machine.released.entry(at).or_default();
        let sync = self.block.sync.entry(thread).or_default();
        sync.pending.merge(published);
        if let Some((epoch, time)) = sync.fence {
            published.add(index, epoch, thread, time);
            published.merge(&self.block.clock);
            published.merge(&sync.acquired);
        }
    }

    /// The bytes that a request is about, after all checks; a write counts them as written.
    fn bytes(&mut self, request: &Request) -> Result<&mut [u8]> {
        match request.space {
            Space::Param => self.param_bytes(request),
            Space::Local => self.local_bytes(request),
            Space::Shared => self.shared_bytes(request),
            _ if request.at & CONSTANT != 0 => self.constant_bytes(request),
            _ => self.global_bytes(request),
        }
    }

    fn param_bytes(&mut self, request: &Request) -> Result<&mut [u8]> {
        let outside = self.fault(FaultKind::OutOfBounds, "outside of the parameters");
        let bytes = &mut self.block.warps[self.w].params[request.lane];
        let at = request.at as usize;
        bytes.get_mut(at..at.wrapping_add(request.ty.size())).ok_or(outside)
    }

    fn constant_bytes(&mut self, request: &Request) -> Result<&mut [u8]> {
        // The caller wants bytes that it may change.
        let at = (request.at & !CONSTANT) as usize;
        let all = &self.machine.module.constants;
        let found = all.get(at..at + request.ty.size());
        let (Some(found), Kind::Read) = (found, request.kind) else {
            return Err(self.fault(FaultKind::OutOfBounds, format!("constant at {at}")));
        };
        self.block.scratch[..found.len()].copy_from_slice(found);
        Ok(&mut self.block.scratch[..request.ty.size()])
    }

    fn local_bytes(&mut self, request: &Request) -> Result<&mut [u8]> {
        let (at, n, lane) = (request.at as usize, request.ty.size(), request.lane);
        let warp = &self.block.warps[self.w];
        let Some(written) = warp.local_written[lane].get(at..at + n) else {
            return Err(self.fault(FaultKind::OutOfBounds, format!("local offset {at}")));
        };
        if request.kind == Kind::Read && written.contains(&false) {
            return Err(self.unwritten("local", at, lane));
        }
        let warp = self.warp();
        warp.local_written[lane][at..at + n].fill(true);
        Ok(&mut warp.local[lane][at..at + n])
    }

    fn shared_bytes(&mut self, request: &Request) -> Result<&mut [u8]> {
        let (at, n) = (request.at as usize, request.ty.size());
        let total = self.block.shared.len();
        if at.checked_add(n).is_none_or(|end| end > total) {
            return Err(self.fault(FaultKind::OutOfBounds, format!("shared offset {at} of {total}")));
        }
        if request.kind != Kind::Write && self.block.shared_written[at..at + n].contains(&false) {
            return Err(self.unwritten("shared", at, request.lane));
        }
        let access = self.access(request);
        let view = View { block: &self.block.clock, thread: None };
        if let Some(other) = self.block.shadow.access(at, n, &access, &view) {
            return Err(self.race("shared", at, &access, &other));
        }
        self.block.shared_written[at..at + n].fill(true);
        Ok(&mut self.block.shared[at..at + n])
    }

    fn global_bytes(&mut self, request: &Request) -> Result<&mut [u8]> {
        let (n, access) = (request.ty.size(), self.access(request));
        let checked = self.check_global(request, &access);
        checked.map_err(|(kind, message)| self.fault(kind, message))?;
        let (buffer, at) = self.machine.gpu.find(request.at, n).expect("the check found it");
        buffer.written[at..at + n].fill(true);
        Ok(&mut buffer.data[at..at + n])
    }

    fn check_global(
        &mut self,
        request: &Request,
        access: &Access,
    ) -> std::result::Result<(), (FaultKind, String)> {
        let n = request.ty.size();
        let found = self.machine.gpu.find(request.at, n);
        let (buffer, at) = found.map_err(|e| (FaultKind::OutOfBounds, e))?;
        let thread = access.thread;
        if request.kind != Kind::Write && buffer.written[at..at + n].contains(&false) {
            let message = format!("thread {thread} reads global offset {at}, which was never written");
            return Err((FaultKind::Uninitialised, message));
        }
        if request.read_only && buffer.shadow.was_written(at, n) {
            let message = format!("global offset {at} is read as read-only and written in the same launch");
            return Err((FaultKind::Race, message));
        }
        let acquired = self.block.sync.get(&thread).map(|s| &s.acquired);
        let view = View { block: &self.block.clock, thread: acquired };
        match buffer.shadow.access(at, n, access, &view) {
            Some(other) => Err((FaultKind::Race, race_message("global", at, access, &other))),
            None => Ok(()),
        }
    }

    fn access(&self, request: &Request) -> Access {
        Access {
            block: self.block.index,
            warp: self.w as u32,
            thread: self.thread(request.lane),
            epoch: self.block.epoch,
            warp_epoch: self.block.warps[self.w].epoch,
            time: self.machine.now,
            kind: request.kind,
        }
    }

    fn unwritten(&self, space: &str, at: usize, lane: usize) -> Fault {
        let message =
            format!("thread {} reads {space} offset {at}, which was never written", self.thread(lane));
        self.fault(FaultKind::Uninitialised, message)
    }

    fn race(&self, space: &str, at: usize, now: &Access, other: &Access) -> Fault {
        self.fault(FaultKind::Race, race_message(space, at, now, other))
    }
}

fn race_message(space: &str, at: usize, now: &Access, other: &Access) -> String {
    let name = |a: &Access| {
        let who = if a.thread == u32::MAX { "threads".into() } else { format!("thread {}", a.thread) };
        format!("{:?} by {who} of block {}", a.kind, a.block)
    };
    format!("{space} offset {at}: {} and earlier {}", name(now), name(other))
}

/// What an atomic leaves in memory.
fn modified(op: Atomic, ty: Ty, old: u64, x: u64, new: u64) -> u64 {
    let (so, sx) = (ty.signed(old), ty.signed(x));
    let (old, x) = (ty.mask(old), ty.mask(x));
    let result = match op {
        Atomic::Add if ty == Ty::F32 => {
            (f32::from_bits(old as u32) + f32::from_bits(x as u32)).to_bits().into()
        }
        Atomic::Add if ty == Ty::F64 => (f64::from_bits(old) + f64::from_bits(x)).to_bits(),
        Atomic::Add => old.wrapping_add(x),
        Atomic::Min if ty.is_signed() => so.min(sx) as u64,
        Atomic::Min => old.min(x),
        Atomic::Max if ty.is_signed() => so.max(sx) as u64,
        Atomic::Max => old.max(x),
        Atomic::And => old & x,
        Atomic::Or => old | x,
        Atomic::Xor => old ^ x,
        Atomic::Exch => x,
        Atomic::Cas if old == x => new,
        Atomic::Cas => old,
        Atomic::Inc if old >= x => 0,
        Atomic::Inc => old + 1,
        Atomic::Dec if old == 0 || old > x => x,
        Atomic::Dec => old - 1,
    };
    ty.mask(result)
}
