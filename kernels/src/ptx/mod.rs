//! Nests as PTX text.
//!
//! A nest becomes one kernel: a loop over the grid runs iterations, each thread its share; arrays that are read or
//! written at the nest's own indices move 16 bytes at a time where they are aligned; sums are combined in a fixed tree
//! whose shape depends on the number of iterations alone, the last block to finish combining those of all blocks. There
//! are no float atomics: what iterations add to arbitrary places goes to copies of the array that threads own, which a
//! second kernel adds up in order. Results are bitwise the same from run to run and from GPU to GPU.
//!
//! One text serves every GPU from `sm_52` on. What a program would panic on ([`Kernel::failures`]) sets a status word.

mod ahead;
mod array;
mod body;
mod dense;
mod inner;
mod op;
mod product;
mod reduce;
mod room;
mod routines;
mod serial;
mod skeleton;
mod table;
mod tape;
mod text;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::rc::Rc;

use crate::fuse::nest_info;
use crate::ir::{Block, Extent, Func, Inst, Kind, Scalar, Ty, Value, Values};
use crate::math;
use array::Array;
pub(crate) use dense::{Routines, factorised};
use text::{Num, Text, names};

pub use product::{Product, STEP, TILE, product};
pub use room::{Scratch, Term};
pub use table::{CHUNK, ROWS, Table, table};

/// Threads of a block.
pub const BLOCK: u32 = 256;

/// The most blocks of a grid: about what fills the largest GPUs. A fixed number, so that sums do not depend on the GPU.
pub const MAX_BLOCKS: u64 = 1024;

/// The most bytes that copies of one accumulator take.
pub const COPIES_BYTES: u64 = 64 << 20;

/// The most copies of one accumulator.
pub const MAX_COPIES: u64 = 16384;

/// Bytes of a partial result of a block.
pub const PARTIAL_BYTES: u64 = 8;

/// The most bytes of memory that a launch sets aside for its threads. Where they need more, it becomes several launches.
pub const SCRATCH_BYTES: u64 = 256 << 20;

/// The status of a launch whose threads had too little memory.
pub const NO_ROOM: u32 = u32::MAX;

/// What a kernel's parameter is, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Param {
    /// The number of iterations, a `u64`.
    Count,
    /// A number from outside, by value in its own type; a truth value as a `u32`.
    Scalar(Value),
    /// The address of a number from outside, or 0 if it is passed by value; its [`Param::Scalar`] follows.
    Address(Value),
    /// The address of an array that is read.
    Array(Value),
    /// The address where the nest's k-th out goes: an array over the domain, or one number.
    Out(usize),
    /// The address of the copies of the k-th accumulator, all zero: element e of copy t at e · copies + t.
    Copies(usize),
    /// How many copies there are, a `u64`.
    CopyCount,
    /// The address of [`Kernel::folds`] · grid · [`PARTIAL_BYTES`] bytes.
    Partials,
    /// The address of a `u32` that is 0 before the first launch; every launch leaves it so.
    Ticket,
    /// The address of a `u32` that is raised to the number of a failure, counted from 1; to [`NO_ROOM`] where the threads'
    /// memory was too small.
    Status,
    /// The address of 8 · [`Param::Slots`] · [`Param::ScratchThreads`] bytes.
    Scratch,
    /// For how many threads of a launch there is memory, a `u64`: those that have an iteration to run.
    ScratchThreads,
    /// How many slots of 8 bytes each of these threads has, a `u64`.
    Slots,
    /// The number of the launch's first block, a `u64`: several launches one after the other make one grid.
    FirstBlock,
    /// How many blocks the whole grid has, a `u64`.
    Blocks,
}

/// A nest as PTX, and how to launch it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kernel {
    /// The name of the kernel in the text. If there are accumulators, `{name}_add_f32` (or another type) adds up their
    /// copies: parameters are the addresses of the initial array, the copies and the result, the number of elements and
    /// the number of copies (both `u64`); a thread takes elements in steps of the grid.
    pub name: String,
    /// The module.
    pub text: String,
    /// What to pass.
    pub params: Vec<Param>,
    /// How many neighbouring iterations a thread takes at once.
    pub width: u32,
    /// How many outs are reductions.
    pub folds: usize,
    /// Whether there are accumulators.
    pub copies: bool,
    /// What each failure was, by its number less one.
    pub failures: Vec<String>,
    /// Whether threads need memory of their own, and how much.
    pub scratch: Option<Scratch>,
}

impl Kernel {
    /// How many blocks to launch for so many iterations. It depends on nothing else.
    pub fn grid(&self, count: u64, copies: u64) -> u64 {
        let threads = if self.copies { copies.min(count) } else { count.div_ceil(self.width.into()) };
        threads.div_ceil(BLOCK.into()).clamp(1, MAX_BLOCKS)
    }

    /// How many blocks of such a grid a launch may have if each of its threads takes so many slots.
    pub fn blocks_at_once(blocks: u64, slots: u64) -> u64 {
        let bytes = slots.max(1).saturating_mul(8 * u64::from(BLOCK));
        (SCRATCH_BYTES / bytes).clamp(1, blocks.max(1))
    }

    /// How many copies of accumulators to make if the largest of them has so many bytes, for so many iterations.
    pub fn copy_count(count: u64, bytes: u64) -> u64 {
        let fit = (COPIES_BYTES / bytes.max(1)).clamp(1, MAX_COPIES);
        let most = count.clamp(1, fit);
        // A power of two not above it.
        1 << (63 - most.leading_zeros())
    }
}

/// What cannot be put on a GPU, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsupported(pub String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

type Result<T> = std::result::Result<T, Unsupported>;

fn unsupported(message: String) -> Unsupported {
    Unsupported(message)
}

/// The kernel of a nest of an optimised function.
///
/// # Errors
/// If the nest holds what has no place on a GPU: foreign functions.
///
/// # Panics
/// If the instruction is no nest.
pub fn kernel(func: &Func, inst: &Inst, name: &str) -> Result<Kernel> {
    kernel_of(&func.values, inst, name, &HashSet::new())
}

/// As [`kernel`], for a program whose numbers `residents` may be in the GPU's memory. Code that one thread runs
/// ([`Kind::Serial`]) is a nest of one iteration, whose outs may be whole arrays and tapes: each goes to its
/// [`Param::Out`], a tape as the address of its top.
///
/// # Errors
/// Those of [`kernel`].
///
/// # Panics
/// If the instruction is neither.
pub fn kernel_of(values: &Values, inst: &Inst, name: &str, residents: &HashSet<Value>) -> Result<Kernel> {
    let mut values = values.clone();
    let (mut nest, serial) = match &inst.kind {
        Kind::Nest(nest) => (nest.clone(), false),
        Kind::Serial(body) => (serial::as_nest(&mut values, body), true),
        _ => panic!("a kernel is made from a nest"),
    };
    if dense::is_in(&nest.body) {
        dense::as_loops(&mut values, &mut nest.body);
    }
    let (values, nest) = (Rc::new(values), &nest);
    let make = |room: bool| {
        let mut emitter = Emitter::new(values.clone());
        emitter.residents.clone_from(residents);
        emitter.count_uses(&nest.body);
        if serial {
            emitter.place_results(nest);
        }
        let info = nest_info(&values, nest);
        let kernel = skeleton::Skeleton { e: &mut emitter, nest, info, name, room, serial }.kernel();
        (kernel, emitter.wants_room)
    };
    match make(false) {
        (Err(_), true) => make(true).0,
        (kernel, _) => kernel,
    }
}

/// Whether one thread can run an instruction.
pub(crate) fn one_thread_runs(values: &Values, inst: &Inst) -> bool {
    let body = Block { params: Vec::new(), insts: vec![inst.clone()], results: inst.results.clone() };
    let inst = Inst { results: Vec::new(), kind: Kind::Serial(body), loc: inst.loc };
    kernel_of(values, &inst, "probe", &HashSet::new()).is_ok()
}

/// What a value is.
#[derive(Clone, Debug)]
enum Item {
    Num(Num),
    Array(Array),
}

/// What is known while code of one function is emitted.
struct Frame {
    values: Rc<Values>,
    env: HashMap<Value, Item>,
    /// How often each value is read.
    uses: HashMap<Value, usize>,
    /// For each block, by its address, the last of its instructions that reads a value, and how often that one does.
    last: HashMap<(usize, Value), (usize, usize)>,
    /// The block of the IR that is being emitted, and the instruction; 0 at its end.
    code: usize,
    at: usize,
    /// The block that defines each value; of `block`, values may be overwritten.
    home: HashMap<Value, usize>,
    block: usize,
    /// Values that run from 0 to below an extent.
    ranges: HashMap<Value, Extent>,
    /// What was computed ahead of the loop.
    ahead: HashSet<Value>,
}

impl Frame {
    fn new(values: Rc<Values>) -> Frame {
        Frame {
            values,
            env: HashMap::new(),
            uses: HashMap::new(),
            last: HashMap::new(),
            code: 0,
            at: 0,
            home: HashMap::new(),
            block: 0,
            ranges: HashMap::new(),
            ahead: HashSet::new(),
        }
    }
}

/// Emits the code of one kernel.
struct Emitter {
    text: Text,
    /// Loads of parameters, ahead of everything.
    prologue: Text,
    params: Vec<(Param, Num)>,
    frame: Frame,
    blocks: usize,
    failures: Vec<String>,
    math: HashMap<Scalar, Rc<HashMap<String, Rc<Func>>>>,
    /// The float type of the mathematical function that is being emitted.
    inside: Option<Scalar>,
    /// Elements that were loaded ahead: the array and what its own element is.
    loaded: HashMap<Value, Num>,
    /// The nest's indices.
    indices: Vec<Value>,
    /// The thread's own memory, and whether it turned out that there must be some.
    room: Option<room::Room>,
    wants_room: bool,
    /// Numbers from outside that may be in memory.
    residents: HashSet<Value>,
    /// This block's row of the table, if there is one.
    row: Option<table::Row>,
    /// What loops carry that is where the kernel leaves it.
    placed: HashMap<Value, serial::Place>,
    /// The addresses of arrays that loops carry, and of what may be one of these.
    reused: HashSet<String>,
}

impl Emitter {
    fn new(values: Rc<Values>) -> Emitter {
        Emitter {
            text: Text::default(),
            prologue: Text::default(),
            params: Vec::new(),
            frame: Frame::new(values),
            blocks: 0,
            failures: Vec::new(),
            math: HashMap::new(),
            inside: None,
            loaded: HashMap::new(),
            indices: Vec::new(),
            room: None,
            wants_room: false,
            residents: HashSet::new(),
            row: None,
            placed: HashMap::new(),
            reused: HashSet::new(),
        }
    }

    /// An integer that is known now.
    fn literal(&self, v: Value) -> Option<i64> {
        match self.frame.env.get(&v) {
            Some(Item::Num(n)) => n.known(),
            _ => None,
        }
    }

    fn ty(&self, v: Value) -> Ty {
        self.frame.values.ty(v).clone()
    }

    /// The register that holds a parameter.
    fn param(&mut self, param: Param) -> Num {
        if let Some((_, n)) = self.params.iter().find(|(p, _)| *p == param) {
            return n.clone();
        }
        if let Some(n) = self.of_row(param) {
            return n;
        }
        let n = self.load_param(param, self.params.len());
        self.shift_to_block(param, &n);
        self.params.push((param, n.clone()));
        n
    }

    fn load_param(&mut self, param: Param, k: usize) -> Num {
        let ty = self.param_type(param);
        if ty == Scalar::Bool {
            let (raw, r) = (self.text.reg(Scalar::I32), self.text.reg(Scalar::Bool));
            self.prologue.line(format!("ld.param.u32 {}, [p{k}];", raw.text));
            self.prologue.line(format!("setp.ne.u32 {}, {}, 0;", r.text, raw.text));
            return r;
        }
        let r = self.text.reg(ty);
        self.prologue.line(format!("ld.param.{} {}, [p{k}];", names(ty).own, r.text));
        let address = match param {
            Param::Count | Param::CopyCount | Param::Scalar(_) | Param::Address(_) => false,
            Param::ScratchThreads | Param::Slots | Param::FirstBlock | Param::Blocks => false,
            Param::Array(_) | Param::Out(_) | Param::Copies(_) | Param::Scratch => true,
            Param::Partials | Param::Ticket | Param::Status => true,
        };
        if address {
            self.prologue.line(format!("cvta.to.global.u64 {0}, {0};", r.text));
        }
        r
    }

    /// The register that holds a number from outside.
    fn number(&mut self, v: Value) -> Num {
        if !self.residents.contains(&v) && self.ty(v) != Ty::Tape {
            return self.param(Param::Scalar(v));
        }
        let address = self.param(Param::Address(v));
        let value = self.param(Param::Scalar(v));
        let (elem, [given, there]) = (value.ty, [Scalar::Bool; 2].map(|ty| self.text.reg(ty)));
        let lines = &mut self.prologue;
        lines.line(format!("setp.ne.s64 {}, {}, 0;", given.text, address.text));
        lines.line(format!("cvta.to.global.u64 {0}, {0};", address.text));
        if elem == Scalar::Bool {
            let (raw, zero) = (self.text.reg(Scalar::I32), &there.text);
            lines.line(format!("selp.b32 {}, 1, 0, {};", raw.text, value.text));
            lines.line(format!("@{} ld.global.nc.u8 {}, [{}];", given.text, raw.text, address.text));
            lines.line(format!("setp.ne.u32 {zero}, {}, 0;", raw.text));
            return there;
        }
        let own = names(elem).own;
        lines.line(format!("@{} ld.global.nc.{own} {}, [{}];", given.text, value.text, address.text));
        value
    }

    fn param_type(&self, param: Param) -> Scalar {
        match param {
            Param::Scalar(v) => self.frame.values.ty(v).elem().unwrap_or(Scalar::I64),
            _ => Scalar::I64,
        }
    }

    /// The parameter list of the kernel.
    fn signature(&self) -> String {
        let one = |(k, (p, _)): (usize, &(Param, Num))| {
            let ty = match self.param_type(*p) {
                Scalar::Bool => "u32",
                ty => names(ty).own,
            };
            format!("    .param .{ty} p{k}")
        };
        let params = self.params.iter().enumerate().map(one);
        params.chain(self.table_signature()).collect::<Vec<_>>().join(",\n")
    }

    /// Raises the status where the condition holds.
    fn fail_if(&mut self, condition: &Num, message: &str) {
        if condition.lit == Some(crate::ir::Lit::Bool(false)) {
            return;
        }
        let known = self.failures.iter().position(|m| m == message);
        let code = known.unwrap_or(self.failures.len()) + 1;
        if known.is_none() {
            self.failures.push(message.to_string());
        }
        let condition = self.text.in_register(condition);
        let status = self.param(Param::Status);
        self.text.line(format!("@{} red.global.max.u32 [{}], {code};", condition.text, status.text));
    }

    /// The mathematical functions of a float type.
    fn math(&mut self, float: Scalar) -> Rc<HashMap<String, Rc<Func>>> {
        let all = || {
            let funcs = math::module(float).funcs.into_iter();
            Rc::new(funcs.map(|f| (f.name.clone(), Rc::new(f))).collect())
        };
        self.math.entry(float).or_insert_with(all).clone()
    }
}
