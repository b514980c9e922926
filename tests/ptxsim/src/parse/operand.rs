//! Operands, and whether they fit their instruction.

use super::{Parser, Result, Symbol};
use crate::alu;
use crate::module::{Address, Alu, Atomic, Call, Inst, Op, Slot, Space, Special, Src, Ty, Vote};
use crate::warp::CONSTANT;

/// An operand as written.
#[derive(Clone, Debug)]
pub(super) enum Operand<'a> {
    /// A register, variable, special register, label or function.
    Name(&'a str),
    /// A number: its bits, and its type if it is a float.
    Literal(u64, Option<Ty>),
    /// `{a, b}`
    Group(Vec<Operand<'a>>),
    /// `(a, b)`
    List(Vec<Operand<'a>>),
    /// `[a + 4]`
    Memory(&'a str, u64),
}

/// An integer's bits.
pub(super) fn integer(text: &str) -> Option<u64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |d| (true, d));
    let digits = digits.strip_suffix('U').unwrap_or(digits);
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative { value.wrapping_neg() } else { value })
}

fn float(text: &str) -> Option<(u64, Ty)> {
    let (digits, ty) = match text.get(..2)? {
        "0f" | "0F" => (&text[2..], Ty::F32),
        "0d" | "0D" => (&text[2..], Ty::F64),
        _ => return None,
    };
    let length = 2 * ty.size();
    (digits.len() == length).then_some(())?;
    Some((u64::from_str_radix(digits, 16).ok()?, ty))
}

/// The bits of a number.
pub(super) fn literal(text: &str) -> Option<u64> {
    float(text).map(|(bits, _)| bits).or_else(|| integer(text))
}

fn special(name: &str) -> Option<Special> {
    let (name, axis) = match name.rsplit_once('.') {
        Some((name, axis)) => (name, ["x", "y", "z"].iter().position(|a| *a == axis)?),
        None => (name, 3),
    };
    Some(match (name, axis) {
        ("%tid", 0..3) => Special::Tid(axis),
        ("%ntid", 0..3) => Special::Ntid(axis),
        ("%ctaid", 0..3) => Special::Ctaid(axis),
        ("%nctaid", 0..3) => Special::Nctaid(axis),
        ("%laneid", 3) => Special::Lane,
        ("%warpid", 3) => Special::Warp,
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    pub(super) fn operand(&mut self) -> Result<Operand<'a>> {
        let text = self.next()?;
        Ok(match text {
            "{" => Operand::Group(self.operands("}")?),
            "(" => Operand::List(self.operands(")")?),
            "[" => {
                let name = self.next()?;
                let signed = self.eat("+") || self.peek().starts_with('-');
                let offset = if signed { self.integer()? } else { 0 };
                self.want("]")?;
                Operand::Memory(name, offset)
            }
            _ => match (float(text), integer(text)) {
                (Some((bits, ty)), _) => Operand::Literal(bits, Some(ty)),
                (_, Some(bits)) => Operand::Literal(bits, None),
                _ => Operand::Name(text),
            },
        })
    }

    fn operands(&mut self, end: &str) -> Result<Vec<Operand<'a>>> {
        let mut all = Vec::new();
        while !self.eat(end) {
            if !all.is_empty() {
                self.want(",")?;
            }
            all.push(self.operand()?);
        }
        Ok(all)
    }

    /// Puts the operands where the instruction wants them.
    pub(super) fn assemble(
        &mut self,
        mut inst: Inst,
        vector: usize,
        operands: Vec<Operand<'a>>,
    ) -> Result<Inst> {
        match inst.op.clone() {
            Op::Alu(Alu::Mov, ty) if operands.iter().any(|o| matches!(o, Operand::Group(_))) => {
                self.assemble_halves(&mut inst, ty, &operands)?;
            }
            Op::Alu(alu, ty) => self.assemble_alu(&mut inst, alu, ty, &operands)?,
            Op::Pack(_) | Op::Unpack(_) => unreachable!("only made here"),
            Op::Load { space, ty, .. } => {
                let [value, address] = self.exactly(&operands)?;
                inst.dst = self.vector(value, vector, |p, o| p.destination(o, ty, true))?;
                inst.address = Some(self.address(address, space)?);
            }
            Op::Store { space, ty } => {
                let [address, value] = self.exactly(&operands)?;
                inst.src = self.vector(value, vector, |p, o| p.source(o, ty, true))?;
                inst.address = Some(self.address(address, space)?);
            }
            Op::Atom { space, op, ty } => self.assemble_atom(&mut inst, (space, op, ty), &operands)?,
            Op::Shuffle(_) => {
                let [dst, value, by, clamp, mask] = self.exactly(&operands)?;
                inst.dst = vec![self.destination(dst, Ty::B32, false)?];
                for o in [value, by, clamp, mask] {
                    inst.src.push(self.source(o, Ty::B32, false)?);
                }
            }
            Op::Vote(vote) => {
                let [dst, value, mask] = self.exactly(&operands)?;
                let ty = if vote == Vote::Ballot { Ty::B32 } else { Ty::Pred };
                inst.dst = vec![self.destination(dst, ty, false)?];
                inst.src = vec![self.source(value, Ty::Pred, false)?, self.source(mask, Ty::B32, false)?];
            }
            Op::Barrier => {
                let [Operand::Literal(0, None)] = operands[..] else { return self.fail("only barrier 0") };
            }
            Op::WarpBarrier => {
                let [mask] = self.exactly(&operands)?;
                inst.src = vec![self.source(mask, Ty::B32, false)?];
            }
            Op::Branch(_) => {
                let [Operand::Name(label)] = operands[..] else { return self.fail("a label is wanted") };
                self.jumps.push((self.module.code.len(), label));
            }
            Op::Call(_) => inst.op = Op::Call(Box::new(self.assemble_call(&operands)?)),
            Op::Fence | Op::Ret | Op::Exit | Op::Trap => {
                let [] = self.exactly(&operands)?;
            }
        }
        Ok(inst)
    }

    fn exactly<'o, const N: usize>(&self, operands: &'o [Operand<'a>]) -> Result<[&'o Operand<'a>; N]> {
        let found: Vec<&Operand<'a>> = operands.iter().collect();
        found.try_into().or_else(|_| self.fail(format!("{N} operands are wanted, not {}", operands.len())))
    }

    fn vector<T>(
        &mut self,
        operand: &Operand<'a>,
        length: usize,
        mut each: impl FnMut(&mut Self, &Operand<'a>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match operand {
            Operand::Group(all) if length > 1 && all.len() == length => {
                all.iter().map(|o| each(self, o)).collect()
            }
            one if length == 1 => Ok(vec![each(self, one)?]),
            _ => self.fail(format!("a vector of {length} is wanted")),
        }
    }

    fn assemble_alu(&mut self, inst: &mut Inst, alu: Alu, ty: Ty, operands: &[Operand<'a>]) -> Result<()> {
        let (to, from) = alu::signature(alu, ty);
        if operands.len() != from.len() + 1 {
            return self.fail(format!("{} operands are wanted, not {}", from.len() + 1, operands.len()));
        }
        let wider = matches!(alu, Alu::Cvt { .. });
        inst.dst = vec![self.destination(&operands[0], to, wider)?];
        for (o, &ty) in operands[1..].iter().zip(&from) {
            inst.src.push(self.source(o, ty, wider)?);
        }
        Ok(())
    }

    /// `mov.b64` between a number and its two halves.
    fn assemble_halves(&mut self, inst: &mut Inst, ty: Ty, operands: &[Operand<'a>]) -> Result<()> {
        let half = match ty {
            Ty::B32 => Ty::B16,
            Ty::B64 => Ty::B32,
            _ => return self.fail("only .b32 and .b64 have halves"),
        };
        let [to, from] = self.exactly(operands)?;
        let bits = 8 * half.size() as u32;
        if let Operand::Group(_) = to {
            inst.dst = self.vector(to, 2, |p, o| p.destination(o, half, false))?;
            inst.src = vec![self.source(from, ty, false)?];
            inst.op = Op::Unpack(bits);
        } else {
            inst.dst = vec![self.destination(to, ty, false)?];
            inst.src = self.vector(from, 2, |p, o| p.source(o, half, false))?;
            inst.op = Op::Pack(bits);
        }
        Ok(())
    }

    fn assemble_atom(
        &mut self,
        inst: &mut Inst,
        (space, op, ty): (Space, Atomic, Ty),
        operands: &[Operand<'a>],
    ) -> Result<()> {
        let returns = inst.text.starts_with("atom");
        let count = 2 + usize::from(returns) + usize::from(op == Atomic::Cas);
        if operands.len() != count {
            return self.fail(format!("{count} operands are wanted, not {}", operands.len()));
        }
        let (dst, rest) = operands.split_at(usize::from(returns));
        inst.dst = dst.iter().map(|o| self.destination(o, ty, false)).collect::<Result<_>>()?;
        inst.address = Some(self.address(&rest[0], space)?);
        inst.src = rest[1..].iter().map(|o| self.source(o, ty, false)).collect::<Result<_>>()?;
        Ok(())
    }

    /// `(results), name, (arguments)`, of which either list may be missing.
    fn assemble_call(&mut self, operands: &[Operand<'a>]) -> Result<Call> {
        let (rets, name, args): (&[Operand<'a>], _, &[Operand<'a>]) = match operands {
            [Operand::List(r), Operand::Name(n), Operand::List(a)] => (r, *n, a),
            [Operand::List(r), Operand::Name(n)] => (r, *n, &[]),
            [Operand::Name(n), Operand::List(a)] => (&[], *n, a),
            [Operand::Name(n)] => (&[], *n, &[]),
            _ => return self.fail("a function's name is wanted"),
        };
        let Some(func) = self.module.funcs.get(name).cloned() else {
            return self.fail(format!("there is no function `{name}` above"));
        };
        let args = self.slots(args, &func.params)?;
        let rets = self.slots(rets, &func.rets)?;
        Ok(Call { name: name.into(), args, rets })
    }

    fn slots(&self, operands: &[Operand<'a>], formal: &[Slot]) -> Result<Vec<Slot>> {
        if operands.len() != formal.len() {
            return self.fail(format!("{} arguments where {} are wanted", operands.len(), formal.len()));
        }
        let slot = |(o, f): (&Operand<'a>, &Slot)| {
            let Operand::Name(name) = o else { return self.fail("an argument must have a name") };
            match (self.lookup(name), *f) {
                (Some(Symbol::Reg(r)), Slot::Reg(f))
                    if self.module.regs[r as usize].fits(self.module.regs[f as usize], false) =>
                {
                    Ok(Slot::Reg(r))
                }
                (Some(Symbol::Param { offset, size }), Slot::Param { size: wanted, .. })
                    if size == wanted =>
                {
                    Ok(Slot::Param { offset, size })
                }
                _ => self.fail(format!("`{name}` does not fit its parameter")),
            }
        };
        operands.iter().zip(formal).map(slot).collect()
    }

    fn destination(&self, operand: &Operand<'a>, ty: Ty, wider: bool) -> Result<Option<u32>> {
        match operand {
            Operand::Name("_") => Ok(None),
            Operand::Name(name) => match self.lookup(name) {
                Some(Symbol::Reg(r)) => self.fitting(r, name, ty, wider).map(Some),
                _ => self.fail(format!("`{name}` is no register")),
            },
            _ => self.fail("a register is wanted"),
        }
    }

    fn fitting(&self, r: u32, name: &str, ty: Ty, wider: bool) -> Result<u32> {
        let found = self.module.regs[r as usize];
        if found.fits(ty, wider) {
            return Ok(r);
        }
        self.fail(format!("`{name}` is a .{}, which does not fit .{}", found.name(), ty.name()))
    }

    fn source(&self, operand: &Operand<'a>, ty: Ty, wider: bool) -> Result<Src> {
        match operand {
            Operand::Literal(_, Some(float)) if !float.fits(ty, false) => {
                self.fail(format!("a literal of type {} for {}", float.name(), ty.name()))
            }
            Operand::Literal(_, None) if ty.is_float() => self.fail("an integer literal for a float"),
            Operand::Literal(bits, _) => Ok(Src::Bits(ty.mask(*bits))),
            Operand::Name(name) => match (self.lookup(name), special(name)) {
                (Some(Symbol::Reg(r)), _) => self.fitting(r, name, ty, wider).map(Src::Reg),
                (Some(Symbol::Shared(at) | Symbol::Local(at)), _) if ty.size() >= 4 && !ty.is_float() => {
                    Ok(Src::Bits(at as u64))
                }
                (Some(Symbol::Param { offset, .. }), _) if ty.size() == 8 && !ty.is_float() => {
                    Ok(Src::Bits(offset as u64))
                }
                (Some(Symbol::Constant(at)), _) if ty.size() == 8 => Ok(Src::Bits(at as u64 | CONSTANT)),
                (None, Some(s)) if ty.size() == 4 => Ok(Src::Special(s)),
                _ => self.fail(format!("`{name}` is not known or does not fit here")),
            },
            _ => self.fail("a register or a number is wanted"),
        }
    }

    fn address(&self, operand: &Operand<'a>, space: Space) -> Result<Address> {
        let Operand::Memory(name, offset) = *operand else { return self.fail("an address is wanted") };
        let at = |start: usize| Ok(Address { base: None, offset: (start as u64).wrapping_add(offset) });
        match (self.lookup(name), space) {
            (Some(Symbol::Reg(r)), Space::Global | Space::Const | Space::Param)
                if self.module.regs[r as usize].fits(Ty::U64, false) =>
            {
                Ok(Address { base: Some(r), offset })
            }
            (Some(Symbol::Reg(r)), Space::Shared | Space::Local)
                if self.module.regs[r as usize].fits(Ty::U32, true) =>
            {
                Ok(Address { base: Some(r), offset })
            }
            (Some(Symbol::Shared(s)), Space::Shared) | (Some(Symbol::Local(s)), Space::Local) => at(s),
            (Some(Symbol::Param { offset: s, .. }), Space::Param) => at(s),
            (Some(Symbol::Constant(s)), Space::Global | Space::Const) => at(s | CONSTANT as usize),
            _ => self.fail(format!("`{name}` is no address in that space")),
        }
    }
}
