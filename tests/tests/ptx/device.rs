//! Runs functions with their outermost nests as PTX in `pullback_ptxsim`, and everything between in the interpreter of
//! the IR.

use std::collections::{HashMap, HashSet};

use pullback_kernels::glue;
use pullback_kernels::ir::{
    Array, Block, Datum, Extent, Func, Inst, Kind, Lit, Module, Nest, Out, Scalar, Ty, Value, eval,
    inst_free_values,
};
use pullback_kernels::ptx::{self, BLOCK, Kernel, NO_ROOM, PARTIAL_BYTES, Param, Scratch, Term};
use pullback_ptxsim::{Gpu, Launch, launch, parse};

/// How a run varies.
#[derive(Clone, Copy, Debug)]
pub struct Variation {
    /// Of the order of blocks and warps.
    pub seed: u64,
    /// Whether arrays begin at addresses that are no multiples of 16.
    pub misaligned: bool,
    /// Whether numbers that may be in the GPU's memory are there.
    pub resident: bool,
}

/// Why a function did not run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A nest has no kernel.
    Unsupported(String),
    /// The program panics, on the host or on the device.
    Panics(String),
}

type Result<T> = std::result::Result<T, Failure>;

/// Runs the function.
///
/// # Panics
/// On faults of the device.
pub fn run(module: &Module, func: &Func, args: &[Datum], how: Variation) -> Result<Vec<Datum>> {
    let residents = if how.resident { glue::residents(func).numbers } else { HashSet::new() };
    let mut host = Host { module, func, env: HashMap::new(), how, residents };
    host.bind(args);
    for inst in &func.body.insts {
        host.inst(inst)?;
    }
    Ok(func.body.results.iter().map(|v| host.env[v].clone()).collect())
}

/// The kernels of a function's outermost nests, in order.
pub fn kernels(func: &Func, name: &str) -> Vec<std::result::Result<Kernel, ptx::Unsupported>> {
    let nests = func.body.insts.iter().filter(|i| matches!(i.kind, Kind::Nest(_)));
    nests.enumerate().map(|(k, inst)| ptx::kernel(func, inst, &format!("{name}_{k}"))).collect()
}

struct Host<'f> {
    module: &'f Module,
    func: &'f Func,
    env: HashMap<Value, Datum>,
    how: Variation,
    residents: HashSet<Value>,
}

impl Host<'_> {
    fn bind(&mut self, args: &[Datum]) {
        for (&p, arg) in self.func.params().iter().zip(args) {
            if let Datum::Array(a) = arg {
                for (e, &n) in self.func.values.ty(p).shape().iter().zip(&a.shape) {
                    if let Extent::Value(v) = e {
                        self.env.entry(*v).or_insert(Datum::Scalar(Lit::I64(n as i64)));
                    }
                }
            }
            self.env.insert(p, arg.clone());
        }
    }

    fn inst(&mut self, inst: &Inst) -> Result<()> {
        let results = match &inst.kind {
            Kind::Nest(nest) => self.nest(inst, nest)?,
            // A tape is in the memory of one launch, and each launch here has a GPU of its own.
            Kind::Serial(body) if !self.has_tape(inst) => {
                let outs = vec![Out::Build; body.results.len()];
                let domain = vec![Extent::Const(1)];
                self.nest(inst, &Nest { domain, accs: Vec::new(), body: body.clone(), outs })?
            }
            _ => self.elsewhere(inst)?,
        };
        self.env.extend(inst.results.iter().copied().zip(results));
        Ok(())
    }

    fn has_tape(&self, inst: &Inst) -> bool {
        let free = inst_free_values(&self.func.values, inst);
        free.iter().chain(&inst.results).any(|&v| *self.func.values.ty(v) == Ty::Tape)
    }

    /// What is no nest, as a function of its own in the interpreter.
    fn elsewhere(&self, inst: &Inst) -> Result<Vec<Datum>> {
        let mut params = inst_free_values(&self.func.values, inst);
        let shapes = params.clone().into_iter().chain(inst.results.iter().copied());
        for v in shapes.collect::<Vec<_>>() {
            for e in self.func.values.ty(v).shape() {
                if let Extent::Value(n) = e
                    && !params.contains(n)
                {
                    params.push(*n);
                }
            }
        }
        let args: Vec<Datum> = params.iter().map(|p| self.env[p].clone()).collect();
        let mut one = Func::new("one");
        one.values = self.func.values.clone();
        one.body = Block { params, insts: vec![inst.clone()], results: inst.results.clone() };
        let mut module = self.module.clone();
        module.funcs.push(one);
        eval(&module, "one", &args).map_err(|e| Failure::Panics(e.0))
    }

    fn extent(&self, e: Extent) -> u64 {
        match e {
            Extent::Const(n) => n.max(0) as u64,
            Extent::Value(v) => match self.env[&v] {
                Datum::Scalar(Lit::I64(n)) => n.max(0) as u64,
                _ => panic!("an extent is an integer"),
            },
        }
    }

    fn nest(&self, inst: &Inst, nest: &Nest) -> Result<Vec<Datum>> {
        let kernel = ptx::kernel_of(&self.func.values, inst, "k", &self.residents)
            .map_err(|e| Failure::Unsupported(e.0))?;
        let shape: Vec<usize> = nest.domain.iter().map(|&e| self.extent(e) as usize).collect();
        let known = kernel.scratch.as_ref().map(|s| self.slots(s));
        // Too few at first, where the host does not know.
        let mut slots = known.flatten().unwrap_or(2);
        loop {
            let mut job = Job::new(self, nest, &kernel, shape.clone(), slots);
            let status = job.run(&kernel);
            match status {
                0 => return Ok(job.results()),
                NO_ROOM => {
                    assert_eq!(known.flatten(), None, "known to be too little\n{}", self.func);
                    slots *= 4;
                }
                _ => return Err(Failure::Panics(kernel.failures[status as usize - 1].clone())),
            }
        }
    }

    /// How many slots a thread needs, if that is known.
    fn slots(&self, scratch: &Scratch) -> Option<u64> {
        let term = |t: &Term| t.values.iter().map(|&v| self.extent(Extent::Value(v))).product::<u64>();
        let terms = scratch.slots.as_ref()?.iter();
        Some(terms.map(|t| t.factor as u64 * term(t)).sum())
    }
}

/// One launch: memory, and what is where.
struct Job<'h, 'f> {
    host: &'h Host<'f>,
    nest: &'h Nest,
    gpu: Gpu,
    module: pullback_ptxsim::Module,
    shape: Vec<usize>,
    count: u64,
    copies: u64,
    status: u64,
    ticket: u64,
    partials: u64,
    slots: u64,
    /// Where the threads' memory begins, for how many there is some, and which block is the launch's first.
    scratch: u64,
    threads: u64,
    first: u64,
    blocks: u64,
    outs: Vec<u64>,
    /// The copies of each accumulator.
    private: Vec<u64>,
}

impl<'h, 'f> Job<'h, 'f> {
    fn new(
        host: &'h Host<'f>,
        nest: &'h Nest,
        kernel: &Kernel,
        shape: Vec<usize>,
        slots: u64,
    ) -> Job<'h, 'f> {
        let mut gpu = Gpu::new();
        let count = shape.iter().product::<usize>() as u64;
        let largest = nest.accs.iter().map(|a| bytes(&host.env[a]).len() as u64).max().unwrap_or(0);
        let copies = Kernel::copy_count(count, largest);
        let grid = kernel.grid(count, copies);
        let [status, ticket] = [0, 1].map(|_| gpu.alloc_bytes(&[0; 4]));
        let partials = gpu.alloc((kernel.folds as u64 * grid * PARTIAL_BYTES) as usize);
        let module = parse(&kernel.text).unwrap_or_else(|e| panic!("{e}\n{}", kernel.text));
        let mut job = Job {
            host,
            nest,
            gpu,
            module,
            shape,
            count,
            copies,
            status,
            ticket,
            partials,
            slots,
            scratch: 0,
            threads: 0,
            first: 0,
            blocks: grid,
            outs: Vec::new(),
            private: Vec::new(),
        };
        job.allocate();
        job
    }

    /// All launches; the status. With some seeds every block is a launch of its own, which must not change a bit.
    fn run(&mut self, kernel: &Kernel) -> u32 {
        let mut at_once = self.blocks;
        if kernel.scratch.is_some() {
            let most = Kernel::blocks_at_once(self.blocks, self.slots);
            at_once = if self.host.how.seed % 2 == 1 { 1 } else { most };
            let active = if kernel.copies { self.copies.min(self.count) } else { self.count };
            self.threads = active.clamp(1, at_once * u64::from(BLOCK));
            self.scratch = self.gpu.alloc((8 * self.slots * self.threads) as usize);
        }
        let params: Vec<Vec<u8>> = kernel.params.iter().map(|&p| self.param(p)).collect();
        for first in (0..self.blocks).step_by(at_once as usize) {
            let mut params = params.clone();
            let own = kernel.params.iter().position(|&p| p == Param::FirstBlock);
            own.iter().for_each(|&k| params[k] = first.to_le_bytes().to_vec());
            self.launch("k", at_once.min(self.blocks - first), &params);
        }
        u32::from_le_bytes(self.read(self.status, 4).try_into().expect("four bytes"))
    }

    fn allocate(&mut self) {
        for &acc in &self.nest.accs {
            let length = bytes(&self.host.env[&acc]).len() * self.copies as usize;
            self.private.push(self.gpu.alloc_bytes(&vec![0; length]));
        }
        for (k, out) in self.nest.outs.iter().enumerate() {
            let length = match out {
                Out::Build => self.out_shape(k).map_or(1, |shape| shape.iter().product()),
                Out::Fold(_) => 1,
            };
            let start = self.place(length * size(self.out_type(k)));
            self.outs.push(start);
        }
    }

    /// Room for an array, after one element if it should be misaligned.
    fn place(&mut self, length: usize) -> u64 {
        let offset = if self.host.how.misaligned { 8 } else { 0 };
        self.gpu.alloc(length + offset) + offset as u64
    }

    /// The shape of an out that is an array: the nest's, or that of what one thread yields, which may be a number.
    fn out_shape(&self, k: usize) -> Option<Vec<usize>> {
        let v = self.nest.body.results[self.nest.accs.len() + k];
        if self.nest.body.params.is_empty() {
            let ty = self.host.func.values.ty(v);
            return ty.is_array().then(|| ty.shape().iter().map(|&e| self.host.extent(e) as usize).collect());
        }
        Some(self.shape.clone())
    }

    /// The type of the numbers of an out.
    fn out_type(&self, k: usize) -> Scalar {
        let v = self.nest.body.results[self.nest.accs.len() + k];
        let elem = self.host.func.values.ty(v).elem().expect("a number");
        match self.nest.outs[k] {
            Out::Fold(pullback_kernels::ir::Reduce::ArgMax | pullback_kernels::ir::Reduce::ArgMin) => {
                Scalar::I64
            }
            _ => elem,
        }
    }

    fn param(&mut self, param: Param) -> Vec<u8> {
        let address = match param {
            Param::Count => self.count,
            Param::CopyCount => self.copies,
            // Half of them are where the address says: then what is passed is none of the kernel's business.
            Param::Address(v) if v.0 % 2 == 1 => 0,
            Param::Address(v) => {
                let data = bytes(&self.host.env[&v]);
                self.gpu.alloc_bytes(&data)
            }
            Param::Scalar(v) if v.0 % 2 == 0 && self.host.residents.contains(&v) => {
                let raw = bytes(&self.host.env[&v]);
                return vec![0x55; if raw.len() == 1 { 4 } else { raw.len() }];
            }
            Param::Scalar(v) => match &self.host.env[&v] {
                Datum::Scalar(Lit::Bool(b)) => return u32::from(*b).to_le_bytes().to_vec(),
                other => return bytes(other),
            },
            Param::Array(v) => {
                let data = bytes(&self.host.env[&v]);
                let start = self.place(data.len());
                self.gpu.write(start, &data).expect("there is room");
                start
            }
            Param::Out(k) => self.outs[k],
            Param::Copies(k) => self.private[k],
            Param::Partials => self.partials,
            Param::Ticket => self.ticket,
            Param::Status => self.status,
            Param::Scratch => self.scratch,
            Param::ScratchThreads => self.threads,
            Param::Slots => self.slots,
            Param::FirstBlock => self.first,
            Param::Blocks => self.blocks,
        };
        address.to_le_bytes().to_vec()
    }

    fn launch(&mut self, func: &str, grid: u64, params: &[Vec<u8>]) {
        let grid = [u32::try_from(grid).expect("a small grid"), 1, 1];
        let job =
            Launch { func, grid, block: [BLOCK, 1, 1], params, seed: self.host.how.seed, limit: 200_000_000 };
        let result = launch(&self.module, &mut self.gpu, &job);
        result.unwrap_or_else(|fault| panic!("{fault}\nin {}", self.host.func));
    }

    fn read(&mut self, at: u64, length: usize) -> Vec<u8> {
        self.gpu.read(at, length).unwrap_or_else(|fault| panic!("{fault}\nin {}", self.host.func))
    }

    fn results(&mut self) -> Vec<Datum> {
        let mut results: Vec<Datum> = (0..self.nest.accs.len()).map(|k| self.accumulated(k)).collect();
        for k in 0..self.nest.outs.len() {
            let ty = self.out_type(k);
            let shape = if self.nest.outs[k] == Out::Build { self.out_shape(k) } else { None };
            let length = shape.as_ref().map_or(1, |shape| shape.iter().product());
            let raw = self.read(self.outs[k], length * size(ty));
            let data: Vec<Lit> = raw.chunks_exact(size(ty)).map(|b| lit(ty, b)).collect();
            results.push(match shape {
                Some(shape) => Datum::Array(Array { elem: ty, shape, data }),
                None => Datum::Scalar(data[0]),
            });
        }
        let ticket = self.read(self.ticket, 4);
        assert_eq!(ticket, [0; 4], "the ticket is as it was");
        results
    }

    /// Adds up the copies of an accumulator.
    fn accumulated(&mut self, k: usize) -> Datum {
        let Datum::Array(init) = &self.host.env[&self.nest.accs[k]] else { panic!("an array") };
        let data = bytes(&Datum::Array(init.clone()));
        let (start, out) = (self.gpu.alloc_bytes(&data), self.gpu.alloc(data.len()));
        let length = init.data.len() as u64;
        let params = [start, self.private[k], out, length, self.copies].map(|n| n.to_le_bytes().to_vec());
        self.launch(&format!("k_add_{}", init.elem.name()), length.div_ceil(BLOCK.into()).max(1), &params);
        let raw = self.read(out, data.len());
        let data = raw.chunks_exact(size(init.elem)).map(|b| lit(init.elem, b)).collect();
        Datum::Array(Array { elem: init.elem, shape: init.shape.clone(), data })
    }
}

fn size(ty: Scalar) -> usize {
    match ty {
        Scalar::Bool => 1,
        Scalar::I32 | Scalar::F32 => 4,
        Scalar::I64 | Scalar::F64 => 8,
    }
}

/// A number or an array as it is in memory.
pub fn bytes(datum: &Datum) -> Vec<u8> {
    match datum {
        Datum::Scalar(lit) => lit.bits().1.to_le_bytes()[..size(lit.ty())].to_vec(),
        Datum::Array(a) => a.data.iter().flat_map(|&x| bytes(&Datum::Scalar(x))).collect(),
        Datum::Tape(_) => panic!("a tape is in no memory"),
    }
}

/// A number from memory.
pub fn lit(ty: Scalar, bytes: &[u8]) -> Lit {
    let mut raw = [0; 8];
    raw[..bytes.len()].copy_from_slice(bytes);
    let raw = u64::from_le_bytes(raw);
    match ty {
        Scalar::Bool => Lit::Bool(raw != 0),
        Scalar::I32 => Lit::I32(raw as u32 as i32),
        Scalar::I64 => Lit::I64(raw as i64),
        Scalar::F32 => Lit::F32(f32::from_bits(raw as u32)),
        Scalar::F64 => Lit::F64(f64::from_bits(raw)),
    }
}
