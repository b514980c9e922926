//! The interpreter: the oracle that every pass and back end is held to. It walks the tree and keeps nothing but the
//! meaning in mind; it checks what the program would check (indices, shapes, assertions), in the same order.

use std::fmt;

use super::{Block, Contract, Extent, Func, Inst, Kind, Lit, Module, Nest, Out, Scalar, Ty, Value};
use crate::ops::Op;

mod array;
mod dense;
mod reduce;

pub use array::Array;
use array::{offset, product};
use reduce::Fold;

/// What a value is at run time.
#[derive(Clone, PartialEq, Debug)]
pub enum Datum {
    /// One number.
    Scalar(Lit),
    /// An array.
    Array(Array),
    /// A tape.
    Tape(Vec<Datum>),
}

impl From<f64> for Datum {
    fn from(x: f64) -> Datum {
        Datum::Scalar(Lit::F64(x))
    }
}

/// Numbers as printed; arrays in brackets, one pair per axis.
impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Scalar(lit) => write!(f, "{lit}"),
            Datum::Array(array) => write!(f, "{array}"),
            Datum::Tape(stack) => {
                let items: Vec<String> = stack.iter().map(Datum::to_string).collect();
                write!(f, "tape({})", items.join(", "))
            }
        }
    }
}

/// Why the interpreter stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EvalError(pub String);

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EvalError {}

type Result<T> = std::result::Result<T, EvalError>;

fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(EvalError(message.into()))
}

/// Calls deeper than this are an error (only functions that call themselves get there).
const MAX_CALLS: usize = 50;

/// Runs the module's function of that name.
///
/// # Errors
/// What the program would panic on: an index out of bounds, a failed assertion, extents that differ; calls of
/// external functions; and code that the verifier refuses, as far as it is met.
pub fn eval(module: &Module, func: &str, args: &[Datum]) -> Result<Vec<Datum>> {
    eval_limited(module, func, args, u64::MAX)
}

/// As [`eval`], and an error after so many instructions.
///
/// # Errors
/// Those of [`eval`], and running out of steps.
pub fn eval_limited(module: &Module, func: &str, args: &[Datum], max_steps: u64) -> Result<Vec<Datum>> {
    let mut steps = max_steps;
    call(module, func, args.to_vec(), &mut steps, 0)
}

fn call(module: &Module, name: &str, args: Vec<Datum>, steps: &mut u64, depth: usize) -> Result<Vec<Datum>> {
    let Some(func) = module.get(name) else { return fail(format!("there is no function @{name}")) };
    if let Some(path) = &func.external {
        return fail(format!("@{name} is the external function {path}"));
    }
    if depth == MAX_CALLS {
        return fail("calls are nested too deep");
    }
    let mut frame =
        Frame { module, func, env: vec![None; func.values.len()], movable: movable(func), steps, depth };
    frame.bind_args(args)?;
    frame.block(&func.body)
}

/// One call under way.
struct Frame<'m> {
    module: &'m Module,
    func: &'m Func,
    env: Vec<Option<Datum>>,
    /// The values that need not be copied when they are read, because nobody reads them again.
    movable: Vec<bool>,
    steps: &'m mut u64,
    depth: usize,
}

impl Frame<'_> {
    fn bind_args(&mut self, args: Vec<Datum>) -> Result<()> {
        let params = self.func.params();
        if params.len() != args.len() {
            return fail(format!("@{} takes {} arguments, not {}", self.func.name, params.len(), args.len()));
        }
        for (i, (&p, arg)) in params.iter().zip(&args).enumerate() {
            let Datum::Array(array) = arg else { continue };
            for (&e, &n) in self.func.values.ty(p).shape().iter().zip(&array.shape) {
                if let Extent::Value(v) = e
                    && self.func.sizes.contains(&v)
                    && self.env[v.0 as usize].is_none()
                {
                    self.env[v.0 as usize] = Some(Datum::Scalar(Lit::I64(n as i64)));
                }
            }
            if array.data.len() != array.shape.iter().product::<usize>() {
                return fail(format!("argument {i} has {} elements for its shape", array.data.len()));
            }
        }
        for (&p, arg) in params.iter().zip(args) {
            self.env[p.0 as usize] = Some(arg);
        }
        (0..params.len()).try_for_each(|i| self.check_arg(i))
    }

    fn check_arg(&self, i: usize) -> Result<()> {
        let v = self.func.params()[i];
        let ok = match (self.func.values.ty(v), self.get(v)?) {
            (Ty::Scalar(s), Datum::Scalar(lit)) => lit.ty() == *s,
            (Ty::Array(s, shape), Datum::Array(array)) => {
                let want = shape.iter().map(|&e| self.extent(e)).collect::<Result<Vec<_>>>()?;
                want == array.shape && array.data.iter().all(|x| x.ty() == *s)
            }
            (Ty::Tape, Datum::Tape(_)) => true,
            _ => false,
        };
        if ok { Ok(()) } else { fail(format!("argument {i} of @{} does not fit its type", self.func.name)) }
    }

    fn block(&mut self, block: &Block) -> Result<Vec<Datum>> {
        for inst in &block.insts {
            self.inst(inst)?;
        }
        block.results.iter().map(|&v| self.take(v)).collect()
    }

    fn enter(&mut self, block: &Block, args: Vec<Datum>) -> Result<Vec<Datum>> {
        self.step()?;
        self.define(&block.params, args)?;
        self.block(block)
    }

    fn step(&mut self) -> Result<()> {
        match self.steps.checked_sub(1) {
            Some(left) => *self.steps = left,
            None => return fail("out of steps"),
        }
        Ok(())
    }

    fn define(&mut self, names: &[Value], data: Vec<Datum>) -> Result<()> {
        if names.len() != data.len() {
            return fail(format!("{} names for {} values", names.len(), data.len()));
        }
        for (v, datum) in names.iter().zip(data) {
            self.env[v.0 as usize] = Some(datum);
        }
        Ok(())
    }

    fn get(&self, v: Value) -> Result<&Datum> {
        match self.env.get(v.0 as usize) {
            Some(Some(datum)) => Ok(datum),
            _ => fail(format!("%{} is read before it is defined", v.0)),
        }
    }

    /// The value, moved where nobody reads it again.
    fn take(&mut self, v: Value) -> Result<Datum> {
        if self.movable[v.0 as usize]
            && let Some(datum) = self.env[v.0 as usize].take()
        {
            return Ok(datum);
        }
        self.get(v).cloned()
    }

    fn take_all(&mut self, vs: &[Value]) -> Result<Vec<Datum>> {
        vs.iter().map(|&v| self.take(v)).collect()
    }

    fn scalar(&self, v: Value) -> Result<Lit> {
        match self.get(v)? {
            Datum::Scalar(lit) => Ok(*lit),
            _ => fail("a number is wanted"),
        }
    }

    fn scalars(&self, vs: &[Value]) -> Result<Vec<Lit>> {
        vs.iter().map(|&v| self.scalar(v)).collect()
    }

    fn array(&self, v: Value) -> Result<&Array> {
        match self.get(v)? {
            Datum::Array(array) => Ok(array),
            _ => fail("an array is wanted"),
        }
    }

    fn int(&self, v: Value) -> Result<i64> {
        match self.scalar(v)? {
            Lit::I64(n) => Ok(n),
            _ => fail("an i64 is wanted"),
        }
    }

    fn truth(&self, v: Value) -> Result<bool> {
        match self.scalar(v)? {
            Lit::Bool(b) => Ok(b),
            _ => fail("a truth value is wanted"),
        }
    }

    fn extent(&self, e: Extent) -> Result<usize> {
        let n = match e {
            Extent::Const(n) => n,
            Extent::Value(v) => self.int(v)?,
        };
        Ok(n.max(0) as usize)
    }

    fn inst(&mut self, inst: &Inst) -> Result<()> {
        self.step()?;
        let one = |datum| vec![datum];
        let results = match &inst.kind {
            Kind::Const(lit) => one(Datum::Scalar(*lit)),
            Kind::Op(op, args) => one(Datum::Scalar(self.op(*op, args)?)),
            Kind::Index { array, at } => {
                let at = self.scalars(at)?;
                let array = self.array(*array)?;
                one(Datum::Scalar(array.data[offset(&array.shape, &at)?]))
            }
            Kind::Update { array, at, value } => one(self.write(*array, at, *value, |_, new| Ok(new))?),
            Kind::Accum { array, at, value } => one(self.write(*array, at, *value, reduce::add)?),
            Kind::Pack { elems, shape } => {
                let shape = shape.iter().map(|&n| n.max(0) as usize).collect();
                let data = self.scalars(elems)?;
                let Some(first) = data.first() else { return fail("an empty pack") };
                one(Datum::Array(Array { elem: first.ty(), shape, data }))
            }
            Kind::Nest(nest) => self.nest(nest)?,
            Kind::If { cond, then, els } => {
                let taken = if self.truth(*cond)? { then } else { els };
                self.block(taken)?
            }
            Kind::Serial(body) => self.block(body)?,
            Kind::For { trip, rev, init, body } => self.for_loop(*trip, *rev, init, body)?,
            Kind::While { init, cond, body } => self.while_loop(init, cond, body)?,
            Kind::Contract { kind, args } => one(self.contract(*kind, args)?),
            Kind::Call { func, args } => {
                let args = self.take_all(args)?;
                call(self.module, func, args, self.steps, self.depth + 1)?
            }
            Kind::Checkpoint => Vec::new(),
            Kind::Tape => one(Datum::Tape(Vec::new())),
            Kind::Push { tape, value } => {
                let value = self.take(*value)?;
                let Datum::Tape(mut stack) = self.take(*tape)? else { return fail("a tape is wanted") };
                stack.push(value);
                one(Datum::Tape(stack))
            }
            Kind::Pop { tape } => {
                let Datum::Tape(mut stack) = self.take(*tape)? else { return fail("a tape is wanted") };
                let Some(top) = stack.pop() else { return fail("a pop from an empty tape") };
                vec![Datum::Tape(stack), top]
            }
            Kind::Assert { cond, message } => match self.truth(*cond)? {
                true => Vec::new(),
                false => return fail(format!("assertion failed: {message}")),
            },
        };
        self.define(&inst.results, results)
    }

    fn op(&self, op: Op, args: &[Value]) -> Result<Lit> {
        let args = self.scalars(args)?;
        let tys: Vec<Scalar> = args.iter().map(|a| a.ty()).collect();
        op.result(&tys).map_err(EvalError)?;
        let name = op.def().name;
        op.eval(&args).ok_or_else(|| EvalError(format!("{name} by zero or of arguments out of range")))
    }

    fn write(
        &mut self,
        array: Value,
        at: &[Value],
        value: Value,
        f: fn(Lit, Lit) -> Result<Lit>,
    ) -> Result<Datum> {
        let at = self.scalars(at)?;
        let new = self.scalar(value)?;
        let Datum::Array(mut array) = self.take(array)? else { return fail("an array is wanted") };
        let place = offset(&array.shape, &at)?;
        if new.ty() != array.elem {
            return fail("an element of another type");
        }
        array.data[place] = f(array.data[place], new)?;
        Ok(Datum::Array(array))
    }

    fn nest(&mut self, nest: &Nest) -> Result<Vec<Datum>> {
        let shape = nest.domain.iter().map(|&e| self.extent(e)).collect::<Result<Vec<_>>>()?;
        let mut accs = self.take_all(&nest.accs)?;
        let outs = nest.body.results.get(nest.accs.len()..).unwrap_or(&[]);
        if outs.len() != nest.outs.len() {
            return fail("a nest yields as many numbers as it has outs");
        }
        let elems: Vec<Scalar> =
            outs.iter().map(|&v| self.func.values.ty(v).elem().unwrap_or(Scalar::F64)).collect();
        let mut builds: Vec<Vec<Lit>> = vec![Vec::new(); outs.len()];
        let mut folds: Vec<Fold> = elems.iter().map(|&e| Fold::new(e)).collect();
        let mut at = vec![0usize; shape.len()];
        while !shape.contains(&0) {
            let indices = at.iter().map(|&i| Datum::Scalar(Lit::I64(i as i64)));
            let mut yielded = self.enter(&nest.body, indices.chain(accs).collect())?;
            let numbers = yielded.split_off(nest.accs.len());
            accs = yielded;
            for (o, number) in numbers.into_iter().enumerate() {
                let Datum::Scalar(lit) = number else { return fail("a nest yields numbers") };
                match nest.outs[o] {
                    Out::Build => builds[o].push(lit),
                    Out::Fold(reduce) => folds[o].add(reduce, lit)?,
                }
            }
            if !advance(&mut at, &shape) {
                break;
            }
        }
        let mut results = accs;
        for (o, (data, fold)) in builds.into_iter().zip(folds).enumerate() {
            results.push(match nest.outs[o] {
                Out::Build => Datum::Array(Array { elem: elems[o], shape: shape.clone(), data }),
                Out::Fold(reduce) => Datum::Scalar(fold.finish(reduce)),
            });
        }
        Ok(results)
    }

    fn for_loop(&mut self, trip: Extent, rev: bool, init: &[Value], body: &Block) -> Result<Vec<Datum>> {
        let trip = self.extent(trip)? as i64;
        let mut carried = self.take_all(init)?;
        for k in 0..trip {
            let k = if rev { trip - 1 - k } else { k };
            let args = std::iter::once(Datum::Scalar(Lit::I64(k))).chain(carried).collect();
            carried = self.enter(body, args)?;
        }
        Ok(carried)
    }

    fn while_loop(&mut self, init: &[Value], cond: &Block, body: &Block) -> Result<Vec<Datum>> {
        let mut carried = self.take_all(init)?;
        loop {
            match self.enter(cond, carried.clone())?.as_slice() {
                [Datum::Scalar(Lit::Bool(true))] => carried = self.enter(body, carried)?,
                [Datum::Scalar(Lit::Bool(false))] => return Ok(carried),
                _ => return fail("a condition yields one truth value"),
            }
        }
    }

    fn contract(&self, kind: Contract, args: &[Value]) -> Result<Datum> {
        let arrays = args.iter().map(|&a| self.array(a)).collect::<Result<Vec<_>>>()?;
        match (kind, arrays.as_slice()) {
            (Contract::MatMul { ta, tb }, [a, b]) => product(ta, tb, a, b).map(Datum::Array),
            (Contract::MatVec { ta }, [a, b]) => product(ta, false, a, b).map(Datum::Array),
            (_, arrays) => dense::contract(kind, arrays),
        }
    }
}

/// The next indices in row-major order; false after the last.
fn advance(at: &mut [usize], shape: &[usize]) -> bool {
    for axis in (0..at.len()).rev() {
        at[axis] += 1;
        if at[axis] < shape[axis] {
            return true;
        }
        at[axis] = 0;
    }
    false
}

/// The values that are read exactly once, in the block that defines them: reading them may move them.
fn movable(func: &Func) -> Vec<bool> {
    let mut reads =
        Reads { home: vec![usize::MAX; func.values.len()], count: vec![0; func.values.len()], blocks: 0 };
    reads.define(&func.sizes, usize::MAX);
    reads.block(&func.body);
    reads.count.iter().map(|&n| n == 1).collect()
}

struct Reads {
    /// The block that defines each value.
    home: Vec<usize>,
    /// How often it is read; a read in another block counts as two.
    count: Vec<usize>,
    blocks: usize,
}

impl Reads {
    fn define(&mut self, vs: &[Value], block: usize) {
        vs.iter().for_each(|v| self.home[v.0 as usize] = block);
    }

    fn read(&mut self, v: Value, block: usize) {
        let i = v.0 as usize;
        self.count[i] += if self.home[i] == block { 1 } else { 2 };
    }

    fn block(&mut self, block: &Block) {
        let id = self.blocks;
        self.blocks += 1;
        self.define(&block.params, id);
        for inst in &block.insts {
            inst.kind.operands().into_iter().for_each(|v| self.read(v, id));
            inst.kind.blocks().into_iter().for_each(|b| self.block(b));
            self.define(&inst.results, id);
        }
        block.results.iter().for_each(|&v| self.read(v, id));
    }
}
