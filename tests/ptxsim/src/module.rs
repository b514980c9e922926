//! What the parser makes of PTX text: one list of instructions with numbered registers.

use std::collections::HashMap;

/// The type of a register, an instruction or a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    Pred,
    B8,
    U8,
    S8,
    B16,
    U16,
    S16,
    B32,
    U32,
    S32,
    F32,
    B64,
    U64,
    S64,
    F64,
}

impl Ty {
    const NAMES: [(&'static str, Ty); 15] = [
        ("pred", Ty::Pred),
        ("b8", Ty::B8),
        ("u8", Ty::U8),
        ("s8", Ty::S8),
        ("b16", Ty::B16),
        ("u16", Ty::U16),
        ("s16", Ty::S16),
        ("b32", Ty::B32),
        ("u32", Ty::U32),
        ("s32", Ty::S32),
        ("f32", Ty::F32),
        ("b64", Ty::B64),
        ("u64", Ty::U64),
        ("s64", Ty::S64),
        ("f64", Ty::F64),
    ];

    pub(crate) fn from_name(name: &str) -> Option<Ty> {
        Ty::NAMES.iter().find(|(n, _)| *n == name).map(|&(_, t)| t)
    }

    pub(crate) fn name(self) -> &'static str {
        Ty::NAMES.iter().find(|(_, t)| *t == self).expect("every type has a name").0
    }

    /// In bytes.
    pub(crate) fn size(self) -> usize {
        match self {
            Ty::Pred | Ty::B8 | Ty::U8 | Ty::S8 => 1,
            Ty::B16 | Ty::U16 | Ty::S16 => 2,
            Ty::B32 | Ty::U32 | Ty::S32 | Ty::F32 => 4,
            Ty::B64 | Ty::U64 | Ty::S64 | Ty::F64 => 8,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Ty::F32 | Ty::F64)
    }

    pub(crate) fn is_signed(self) -> bool {
        matches!(self, Ty::S8 | Ty::S16 | Ty::S32 | Ty::S64)
    }

    /// Untyped bits, which fit any type of their size.
    pub(crate) fn is_bits(self) -> bool {
        matches!(self, Ty::B8 | Ty::B16 | Ty::B32 | Ty::B64)
    }

    /// The type of `mul.wide`'s result.
    pub(crate) fn widened(self) -> Option<Ty> {
        Some(match self {
            Ty::U16 => Ty::U32,
            Ty::S16 => Ty::S32,
            Ty::U32 => Ty::U64,
            Ty::S32 => Ty::S64,
            _ => return None,
        })
    }

    /// Whether a register of this type may stand where an instruction has type `inst`; loads, stores and conversions
    /// also take wider registers.
    pub(crate) fn fits(self, inst: Ty, wider: bool) -> bool {
        let size = self.size() == inst.size() || (wider && self.size() > inst.size());
        let pred = (self == Ty::Pred) == (inst == Ty::Pred);
        let kind = self.is_bits() || inst.is_bits() || self.is_float() == inst.is_float();
        size && pred && kind && (self.size() == inst.size() || !inst.is_float())
    }

    /// The value's low bits.
    pub(crate) fn mask(self, v: u64) -> u64 {
        match self {
            Ty::Pred => v & 1,
            _ if self.size() == 8 => v,
            _ => v & ((1 << (8 * self.size())) - 1),
        }
    }

    /// The value with its sign extended.
    pub(crate) fn signed(self, v: u64) -> i64 {
        let shift = 64 - 8 * self.size() as u32;
        (v << shift) as i64 >> shift
    }
}

/// How two integers are multiplied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Lo,
    Hi,
    Wide,
}

/// A function of its operands, lane by lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alu {
    Mov,
    Add,
    Sub,
    Mul(Part),
    Mad(Part),
    Fma,
    Div,
    Rem,
    Min,
    Max,
    Neg,
    Abs,
    And,
    Or,
    Xor,
    Not,
    Shl,
    Shr,
    Sqrt,
    Rcp,
    CopySign,
    /// `ex2.approx` and its kind, correctly rounded and then perturbed by [`crate::Gpu::noise`].
    Approx(Approx),
    Clz,
    Popc,
    Brev,
    Bfe,
    /// Funnel shift, to the left or not, wrapping or not.
    Shf {
        left: bool,
        wrap: bool,
    },
    Setp(Compare),
    Selp,
    Testp(Class),
    Cvt {
        from: Ty,
        round: Round,
    },
}

/// Instructions that are accurate to some bits only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Approx {
    Rcp,
    Sqrt,
    Rsqrt,
    Ex2,
    Lg2,
    Sin,
    Cos,
    Tanh,
    Div,
}

/// How `setp` compares; `unordered` is true for NaN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Compare {
    pub(crate) less: bool,
    pub(crate) equal: bool,
    pub(crate) greater: bool,
    pub(crate) unordered: bool,
}

/// Classes of floats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Finite,
    Infinite,
    Number,
    NotANumber,
    Normal,
    Subnormal,
}

/// How a conversion rounds; `None` where it is exact or does not round to an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Round {
    None,
    NearestInt,
    ZeroInt,
    DownInt,
    UpInt,
}

/// Where memory is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Space {
    Global,
    Shared,
    Local,
    Param,
    /// `.const` and initialised `.global` variables of the module, which are only read.
    Const,
}

/// What an atomic does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Atomic {
    Add,
    Min,
    Max,
    And,
    Or,
    Xor,
    Exch,
    Cas,
    Inc,
    Dec,
}

/// Which lane a shuffle reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shuffle {
    Up,
    Down,
    Bfly,
    Idx,
}

/// What a vote asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vote {
    All,
    Any,
    Ballot,
}

/// What an instruction does.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Alu(Alu, Ty),
    /// `mov.b64 {low, high}, x`: the halves, of this many bits, of a number.
    Unpack(u32),
    /// `mov.b64 x, {low, high}`.
    Pack(u32),
    Load {
        space: Space,
        ty: Ty,
        read_only: bool,
    },
    Store {
        space: Space,
        ty: Ty,
    },
    Atom {
        space: Space,
        op: Atomic,
        ty: Ty,
    },
    Shuffle(Shuffle),
    Vote(Vote),
    Barrier,
    WarpBarrier,
    Fence,
    Branch(usize),
    Call(Box<Call>),
    Ret,
    Exit,
    Trap,
}

/// A call: where each argument comes from and each result goes to.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) args: Vec<Slot>,
    pub(crate) rets: Vec<Slot>,
}

/// A parameter or result of a function: a register, or bytes of the parameter space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    Reg(u32),
    Param { offset: usize, size: usize },
}

/// Registers that the machine sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Special {
    Tid(usize),
    Ntid(usize),
    Ctaid(usize),
    Nctaid(usize),
    Lane,
    Warp,
}

/// A source operand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Src {
    Reg(u32),
    Bits(u64),
    Special(Special),
}

/// An address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    /// The register that is added, if any.
    pub(crate) base: Option<u32>,
    pub(crate) offset: u64,
}

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) struct Inst {
    /// The predicate, and whether it is negated.
    pub(crate) guard: Option<(u32, bool)>,
    pub(crate) op: Op,
    /// Destination registers (`None` for `_`); several for a vector load.
    pub(crate) dst: Vec<Option<u32>>,
    pub(crate) src: Vec<Src>,
    pub(crate) address: Option<Address>,
    /// Line in the text and the opcode as written, for messages.
    pub(crate) line: u32,
    pub(crate) text: String,
}

/// A function or kernel.
#[derive(Clone, Debug, Default)]
pub struct Func {
    /// Whether it can be launched.
    pub entry: bool,
    /// Bytes of static shared memory.
    pub shared: usize,
    /// Largest number of threads of a block that `.maxntid` allows.
    pub max_threads: Option<u32>,
    pub(crate) start: usize,
    pub(crate) params: Vec<Slot>,
    pub(crate) rets: Vec<Slot>,
    /// Its registers: cleared when it is called.
    pub(crate) regs: std::ops::Range<usize>,
}

impl Func {
    /// The sizes of a kernel's parameters in bytes.
    pub fn param_sizes(&self) -> Vec<usize> {
        let size = |s: &Slot| if let Slot::Param { size, .. } = s { *size } else { 0 };
        self.params.iter().map(size).collect()
    }
}

/// A module, parsed.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The functions by name.
    pub funcs: HashMap<String, Func>,
    /// `.version`.
    pub version: String,
    /// `.target`.
    pub target: String,
    pub(crate) code: Vec<Inst>,
    /// The types of all registers of all functions.
    pub(crate) regs: Vec<Ty>,
    pub(crate) param_bytes: usize,
    pub(crate) local_bytes: usize,
    pub(crate) constants: Vec<u8>,
}
