//! The first word of an instruction (`ld.global.nc.v4.f32`) to what it does. Unknown modifiers are refused, as are forms
//! whose result the assembler is free to change.

use crate::module::{Alu, Approx, Atomic, Class, Compare, Op, Part, Round, Shuffle, Space, Ty, Vote};

/// An opcode understood: the operation and the length of its vector operand.
pub(crate) struct Decoded {
    pub(crate) op: Op,
    pub(crate) vector: usize,
}

/// The modifiers of one opcode; what is understood is taken out.
struct Words<'a> {
    all: &'a str,
    left: Vec<&'a str>,
}

type Result<T> = std::result::Result<T, String>;

impl<'a> Words<'a> {
    fn take(&mut self, word: &str) -> bool {
        let at = self.left.iter().position(|w| *w == word);
        at.map(|i| self.left.remove(i)).is_some()
    }

    fn one_of<T: Copy>(&mut self, table: &[(&str, T)]) -> Option<T> {
        table.iter().find(|(name, _)| self.take(name)).map(|(_, t)| *t)
    }

    fn wants<T: Copy>(&mut self, table: &[(&str, T)]) -> Result<T> {
        let names = || table.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
        self.one_of(table).ok_or_else(|| format!("`{}` lacks one of: {}", self.all, names()))
    }

    /// The next type, in order of appearance.
    fn ty(&mut self) -> Result<Ty> {
        let at = self.left.iter().position(|w| Ty::from_name(w).is_some());
        let at = at.ok_or_else(|| format!("`{}` lacks a type", self.all))?;
        Ok(Ty::from_name(self.left.remove(at)).expect("it was found by that"))
    }

    fn ty_of(&mut self, ok: fn(Ty) -> bool) -> Result<Ty> {
        let ty = self.ty()?;
        if ok(ty) { Ok(ty) } else { Err(format!("`{}` does not take type {}", self.all, ty.name())) }
    }

    fn finish<T>(self, value: T) -> Result<T> {
        match self.left.first() {
            None => Ok(value),
            Some(word) => Err(format!("`{}`: .{word} is not known here", self.all)),
        }
    }
}

/// What the opcode does. Branch targets and calls are filled in by the parser.
pub(crate) fn decode(opcode: &str) -> Result<Decoded> {
    let mut parts = opcode.split('.');
    let head = parts.next().unwrap_or("");
    let mut words = Words { all: opcode, left: parts.collect() };
    let vector = match head {
        "ld" | "st" => words.one_of(&[("v2", 2), ("v4", 4)]).unwrap_or(1),
        _ => 1,
    };
    let op = match head {
        "ld" => load(&mut words)?,
        "st" => {
            let space = space(&mut words)?;
            words.one_of(&[("wb", ()), ("cg", ()), ("cs", ()), ("volatile", ())]);
            Op::Store { space, ty: words.ty()? }
        }
        "atom" | "red" => atomic(&mut words)?,
        "shfl" => {
            words.wants(&[("sync", ())])?;
            let modes = [
                ("up", Shuffle::Up),
                ("down", Shuffle::Down),
                ("bfly", Shuffle::Bfly),
                ("idx", Shuffle::Idx),
            ];
            let mode = words.wants(&modes)?;
            words.wants(&[("b32", ())])?;
            Op::Shuffle(mode)
        }
        "vote" => {
            words.wants(&[("sync", ())])?;
            let mode = words.wants(&[("all", Vote::All), ("any", Vote::Any), ("ballot", Vote::Ballot)])?;
            words.ty()?;
            Op::Vote(mode)
        }
        "bar" | "barrier" => {
            let warp = words.take("warp");
            words.wants(&[("sync", ())])?;
            if warp { Op::WarpBarrier } else { Op::Barrier }
        }
        "membar" => {
            words.wants(&[("gl", ()), ("sys", ())])?;
            Op::Fence
        }
        "bra" | "call" | "ret" => {
            words.take("uni");
            match head {
                "bra" => Op::Branch(usize::MAX),
                "call" => Op::Call(Box::new(crate::module::Call {
                    name: String::new(),
                    args: Vec::new(),
                    rets: Vec::new(),
                })),
                _ => Op::Ret,
            }
        }
        "exit" => Op::Exit,
        "trap" => Op::Trap,
        _ => alu(head, &mut words)?,
    };
    words.finish(Decoded { op, vector })
}

fn space(words: &mut Words<'_>) -> Result<Space> {
    words.wants(&[
        ("global", Space::Global),
        ("shared", Space::Shared),
        ("local", Space::Local),
        ("param", Space::Param),
        ("const", Space::Const),
    ])
}

fn load(words: &mut Words<'_>) -> Result<Op> {
    let space = space(words)?;
    let read_only = words.take("nc");
    words.one_of(&[("ca", ()), ("cg", ()), ("cs", ()), ("volatile", ())]);
    if read_only && space != Space::Global {
        return Err(format!("`{}`: .nc is for global memory", words.all));
    }
    Ok(Op::Load { space, ty: words.ty()?, read_only })
}

fn atomic(words: &mut Words<'_>) -> Result<Op> {
    let space = words.wants(&[("global", Space::Global), ("shared", Space::Shared)])?;
    let op = words.wants(&[
        ("add", Atomic::Add),
        ("min", Atomic::Min),
        ("max", Atomic::Max),
        ("and", Atomic::And),
        ("or", Atomic::Or),
        ("xor", Atomic::Xor),
        ("exch", Atomic::Exch),
        ("cas", Atomic::Cas),
        ("inc", Atomic::Inc),
        ("dec", Atomic::Dec),
    ])?;
    let ty = words.ty_of(|t| t.size() >= 4)?;
    Ok(Op::Atom { space, op, ty })
}

/// The rounding of float arithmetic must be written, lest the assembler contract a product and a sum.
fn float_rounding(words: &mut Words<'_>, ty: Ty) -> Result<()> {
    if ty.is_float() && !words.take("rn") {
        return Err(format!("`{}`: without .rn the assembler may contract it", words.all));
    }
    Ok(())
}

fn number(ty: Ty) -> bool {
    ty.size() >= 2 && !ty.is_bits()
}

fn bits(ty: Ty) -> bool {
    ty == Ty::Pred || (ty.is_bits() && ty.size() >= 2)
}

fn part(words: &mut Words<'_>, ty: Ty) -> Result<Part> {
    let part = words.wants(&[("lo", Part::Lo), ("hi", Part::Hi), ("wide", Part::Wide)])?;
    if part == Part::Wide && ty.widened().is_none() {
        return Err(format!("`{}`: there is no type as wide as that", words.all));
    }
    Ok(part)
}

fn alu(head: &str, words: &mut Words<'_>) -> Result<Op> {
    let (alu, ty) = match head {
        "mov" => (Alu::Mov, words.ty()?),
        "cvta" => {
            words.wants(&[("to", ())])?;
            words.wants(&[("global", ())])?;
            (Alu::Mov, words.ty_of(|t| t == Ty::U64)?)
        }
        "add" | "sub" => {
            let ty = words.ty_of(number)?;
            float_rounding(words, ty)?;
            (if head == "add" { Alu::Add } else { Alu::Sub }, ty)
        }
        "mul" | "mad" => multiplication(head, words)?,
        "fma" => {
            let ty = words.ty_of(Ty::is_float)?;
            float_rounding(words, ty)?;
            (Alu::Fma, ty)
        }
        "div" | "sqrt" | "rcp" => division(head, words)?,
        "rem" => (Alu::Rem, words.ty_of(|t| number(t) && !t.is_float())?),
        "min" | "max" => (if head == "min" { Alu::Min } else { Alu::Max }, words.ty_of(number)?),
        "neg" | "abs" => {
            let alu = if head == "neg" { Alu::Neg } else { Alu::Abs };
            (alu, words.ty_of(|t| t.is_signed() || t.is_float())?)
        }
        "copysign" => (Alu::CopySign, words.ty_of(Ty::is_float)?),
        "and" => (Alu::And, words.ty_of(bits)?),
        "or" => (Alu::Or, words.ty_of(bits)?),
        "xor" => (Alu::Xor, words.ty_of(bits)?),
        "not" => (Alu::Not, words.ty_of(bits)?),
        "shl" => (Alu::Shl, words.ty_of(|t| t.is_bits() && t.size() >= 2)?),
        "shr" => (Alu::Shr, words.ty_of(|t| !t.is_float() && t.size() >= 2)?),
        "clz" | "popc" | "brev" => {
            let alu = match head {
                "clz" => Alu::Clz,
                "popc" => Alu::Popc,
                _ => Alu::Brev,
            };
            (alu, words.ty_of(|t| matches!(t, Ty::B32 | Ty::B64))?)
        }
        "bfe" => (Alu::Bfe, words.ty_of(|t| matches!(t, Ty::U32 | Ty::U64))?),
        "shf" => {
            let left = words.wants(&[("l", true), ("r", false)])?;
            let wrap = words.wants(&[("wrap", true), ("clamp", false)])?;
            (Alu::Shf { left, wrap }, words.ty_of(|t| t == Ty::B32)?)
        }
        "rsqrt" | "ex2" | "lg2" | "sin" | "cos" | "tanh" => {
            let table = [Approx::Rsqrt, Approx::Ex2, Approx::Lg2, Approx::Sin, Approx::Cos, Approx::Tanh];
            let names = ["rsqrt", "ex2", "lg2", "sin", "cos", "tanh"];
            words.wants(&[("approx", ())])?;
            let at = names.iter().position(|n| *n == head).expect("it is one of them");
            (Alu::Approx(table[at]), words.ty_of(|t| t == Ty::F32)?)
        }
        "setp" => setp(words)?,
        "selp" => (Alu::Selp, words.ty_of(|t| t != Ty::Pred && t.size() >= 2)?),
        "testp" => {
            let class = words.wants(&[
                ("finite", Class::Finite),
                ("infinite", Class::Infinite),
                ("number", Class::Number),
                ("notanumber", Class::NotANumber),
                ("normal", Class::Normal),
                ("subnormal", Class::Subnormal),
            ])?;
            (Alu::Testp(class), words.ty_of(Ty::is_float)?)
        }
        "cvt" => convert(words)?,
        _ => return Err(format!("`{}` is not known", words.all)),
    };
    Ok(Op::Alu(alu, ty))
}

fn multiplication(head: &str, words: &mut Words<'_>) -> Result<(Alu, Ty)> {
    let ty = words.ty_of(number)?;
    if ty.is_float() {
        float_rounding(words, ty)?;
        return Ok((if head == "mul" { Alu::Mul(Part::Lo) } else { Alu::Fma }, ty));
    }
    let part = part(words, ty)?;
    Ok((if head == "mul" { Alu::Mul(part) } else { Alu::Mad(part) }, ty))
}

fn division(head: &str, words: &mut Words<'_>) -> Result<(Alu, Ty)> {
    let (exact, approx) = match head {
        "div" => (Alu::Div, Approx::Div),
        "sqrt" => (Alu::Sqrt, Approx::Sqrt),
        _ => (Alu::Rcp, Approx::Rcp),
    };
    let ty = words.ty_of(if head == "div" { number } else { Ty::is_float })?;
    if ty == Ty::F32 && words.take("approx") {
        return Ok((Alu::Approx(approx), ty));
    }
    float_rounding(words, ty)?;
    Ok((exact, ty))
}

fn setp(words: &mut Words<'_>) -> Result<(Alu, Ty)> {
    let case = |less, equal, greater, unordered| Compare { less, equal, greater, unordered };
    let compare = words.wants(&[
        ("eq", case(false, true, false, false)),
        ("ne", case(true, false, true, false)),
        ("lt", case(true, false, false, false)),
        ("le", case(true, true, false, false)),
        ("gt", case(false, false, true, false)),
        ("ge", case(false, true, true, false)),
        ("lo", case(true, false, false, false)),
        ("ls", case(true, true, false, false)),
        ("hi", case(false, false, true, false)),
        ("hs", case(false, true, true, false)),
        ("equ", case(false, true, false, true)),
        ("neu", case(true, false, true, true)),
        ("ltu", case(true, false, false, true)),
        ("leu", case(true, true, false, true)),
        ("gtu", case(false, false, true, true)),
        ("geu", case(false, true, true, true)),
        ("num", case(true, true, true, false)),
        ("nan", case(false, false, false, true)),
    ])?;
    Ok((Alu::Setp(compare), words.ty_of(|t| t != Ty::Pred && t.size() >= 2)?))
}

fn convert(words: &mut Words<'_>) -> Result<(Alu, Ty)> {
    let to_int = words.one_of(&[
        ("rni", Round::NearestInt),
        ("rzi", Round::ZeroInt),
        ("rmi", Round::DownInt),
        ("rpi", Round::UpInt),
    ]);
    let nearest = words.take("rn");
    let (to, from) = (words.ty()?, words.ty()?);
    let wants_int = from.is_float() && (!to.is_float() || to == from);
    let wants_nearest = to.is_float() && (!from.is_float() || from.size() > to.size());
    if to_int.is_some() != wants_int && !(to == from && to_int.is_none()) || nearest != wants_nearest {
        return Err(format!("`{}` rounds where it may not, or does not where it must", words.all));
    }
    Ok((Alu::Cvt { from, round: to_int.unwrap_or(Round::None) }, to))
}
