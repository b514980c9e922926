//! One launch for many arrays: a table among the parameters has the length and the addresses of each, and a block takes a
//! chunk of one of them.

use super::skeleton::Skeleton;
use super::text::{Num, size};
use super::{Emitter, Kernel, PARTIAL_BYTES, Param, Result, unsupported};
use crate::fuse::nest_info;
use crate::ir::{Func, Inst, Kind, Nest, Out, Scalar, Ty, Value};
use std::rc::Rc;

/// Elements of a chunk: a multiple of what a thread takes at once, so that chunks are aligned where their array is.
pub const CHUNK: u64 = 2048;

/// Rows of a table. With the columns that rules of optimizers need it stays below the 4 KB that parameters may take.
pub const ROWS: u64 = 64;

/// A nest over one array, as a kernel that runs it for many.
///
/// Parameters are those of [`Kernel::params`], then a table of [`ROWS`] rows of `u64`s. A row has the number of the first
/// block of its arrays, their length, and their addresses in the order of `columns`; rows without arrays have the largest
/// number there is as their first block. Each block runs the nest over one chunk as if this was all there is: a
/// reduction leaves a number of [`PARTIAL_BYTES`] for each block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its text, its parameters before the table.
    pub kernel: Kernel,
    /// The arrays with an element for each iteration.
    pub columns: Vec<Value>,
}

/// The registers of a block's row.
pub(super) struct Row {
    columns: Vec<Value>,
    /// The column that each out overwrites; reductions have none.
    onto: Vec<Option<usize>>,
    /// The address of the row, and of its number of bytes before the chunk by the bytes of an element.
    row: Num,
    start: Num,
    block: Num,
    /// What was loaded.
    loaded: Vec<(Param, Num)>,
}

/// Bytes of a number of the table.
const WORD: u64 = 8;

/// The kernel of a nest of one axis that reads arrays at its own index only. What it builds goes to the arrays `onto`, in order.
///
/// # Errors
/// If the nest does other things.
///
/// # Panics
/// If the instruction is no nest.
pub fn table(func: &Func, inst: &Inst, name: &str, onto: &[Value]) -> Result<Table> {
    let Kind::Nest(nest) = &inst.kind else { panic!("a kernel is made from a nest") };
    let columns = columns(func, nest)?;
    let mut onto = onto.iter();
    let mut column = |out: &Out| match out {
        Out::Fold(_) => Ok(None),
        Out::Build => {
            let place = onto.next().and_then(|v| columns.iter().position(|c| c == v));
            place.map(Some).ok_or_else(|| unsupported("what is built goes to an array that is read".into()))
        }
    };
    let onto = nest.outs.iter().map(&mut column).collect::<Result<_>>()?;
    let mut e = Emitter::new(Rc::new(func.values.clone()));
    e.count_uses(&nest.body);
    e.find_row(columns.clone(), onto);
    let info = nest_info(&func.values, nest);
    let kernel = Skeleton { e: &mut e, nest, info, name, room: false, serial: false }.kernel()?;
    let foreign = |p: &Param| matches!(p, Param::Scalar(v) if func.sizes.contains(v));
    if kernel.params.iter().any(foreign) {
        return Err(unsupported("the length of an array, which the table has".into()));
    }
    Ok(Table { kernel, columns })
}

/// The arrays of the domain's shape, in the order of the parameters.
fn columns(func: &Func, nest: &Nest) -> Result<Vec<Value>> {
    if nest.domain.len() != 1 || !nest.accs.is_empty() {
        return Err(unsupported("one axis and no accumulators".into()));
    }
    let along =
        |v: &Value| matches!(func.values.ty(*v), Ty::Array(..) if func.values.ty(*v).shape() == nest.domain);
    Ok(func.params().iter().copied().filter(along).collect())
}

impl Emitter {
    /// Looks this block's row up: the last that begins at it or before.
    fn find_row(&mut self, columns: Vec<Value>, onto: Vec<Option<usize>>) {
        let bytes = (2 + columns.len() as u64) * WORD;
        let [block32] = [Scalar::I32].map(|ty| self.text.reg(ty));
        let [block, mut row] = [Scalar::I64; 2].map(|ty| self.text.reg(ty));
        self.prologue.line(format!("mov.u32 {}, %ctaid.x;", block32.text));
        self.prologue.line(format!("cvt.u64.u32 {}, {};", block.text, block32.text));
        self.prologue.line(format!("mov.u64 {}, table;", row.text));
        let mut half = ROWS / 2;
        while half > 0 {
            let [first, later, next] = [Scalar::I64; 3].map(|ty| self.text.reg(ty));
            let reached = self.text.reg(Scalar::Bool);
            let lines = &mut self.prologue;
            lines.line(format!("ld.param.u64 {}, [{}+{}];", first.text, row.text, half * bytes));
            lines.line(format!("add.s64 {}, {}, {};", later.text, row.text, half * bytes));
            lines.line(format!("setp.le.u64 {}, {}, {};", reached.text, first.text, block.text));
            lines.line(format!("selp.b64 {}, {}, {}, {};", next.text, later.text, row.text, reached.text));
            row = next;
            half /= 2;
        }
        let [first, within, start] = [Scalar::I64; 3].map(|ty| self.text.reg(ty));
        self.prologue.line(format!("ld.param.u64 {}, [{}];", first.text, row.text));
        self.prologue.line(format!("sub.s64 {}, {}, {};", within.text, block.text, first.text));
        self.prologue.line(format!("mul.lo.s64 {}, {}, {CHUNK};", start.text, within.text));
        self.row = Some(Row { columns, onto, row, start, block, loaded: Vec::new() });
    }

    /// The register of a parameter that stands in the table.
    pub(super) fn of_row(&mut self, param: Param) -> Option<Num> {
        let row = self.row.as_ref()?;
        let column = match param {
            Param::Count => return Some(self.chunk_length()),
            Param::Array(v) => row.columns.iter().position(|&c| c == v)?,
            Param::Out(k) => row.onto[k]?,
            _ => return None,
        };
        let array = Param::Array(row.columns[column]);
        if let Some((_, n)) = row.loaded.iter().find(|(p, _)| *p == array) {
            return Some(n.clone());
        }
        let elem = self.ty(row.columns[column]).elem().unwrap_or(Scalar::F64);
        let (from, start) = (row.row.text.clone(), row.start.text.clone());
        let address = self.text.reg(Scalar::I64);
        let lines = &mut self.prologue;
        lines.line(format!("ld.param.s64 {}, [{from}+{}];", address.text, (2 + column as u64) * WORD));
        lines.line(format!("cvta.to.global.u64 {0}, {0};", address.text));
        lines.line(format!("mad.lo.s64 {0}, {start}, {1}, {0};", address.text, size(elem)));
        self.remember(array, address)
    }

    /// How many elements the block's chunk has.
    fn chunk_length(&mut self) -> Num {
        let row = self.row.as_ref().expect("there is a table");
        if let Some((_, n)) = row.loaded.iter().find(|(p, _)| *p == Param::Count) {
            return n.clone();
        }
        let (from, start) = (row.row.text.clone(), row.start.text.clone());
        let [all, left, length] = [Scalar::I64; 3].map(|ty| self.text.reg(ty));
        let lines = &mut self.prologue;
        lines.line(format!("ld.param.s64 {}, [{from}+{WORD}];", all.text));
        lines.line(format!("sub.s64 {}, {}, {start};", left.text, all.text));
        lines.line(format!("min.s64 {}, {}, {CHUNK};", length.text, left.text));
        self.remember(Param::Count, length.clone());
        length
    }

    fn remember(&mut self, param: Param, n: Num) -> Option<Num> {
        self.row.as_mut()?.loaded.push((param, n.clone()));
        Some(n)
    }

    /// Moves the address of a reduction's result on to that of this block.
    pub(super) fn shift_to_block(&mut self, param: Param, address: &Num) {
        if let (Some(row), Param::Out(_)) = (&self.row, param) {
            let block = &row.block.text;
            self.prologue.line(format!("mad.lo.s64 {0}, {block}, {PARTIAL_BYTES}, {0};", address.text));
        }
    }

    /// What instructions name for the number of this block and of all: with a table a block is by itself.
    pub(super) fn grid_names(&self) -> [&'static str; 2] {
        if self.row.is_some() { ["0", "1"] } else { ["%ctaid.x", "%nctaid.x"] }
    }

    /// The table as the last parameter.
    pub(super) fn table_signature(&self) -> Option<String> {
        let row = self.row.as_ref()?;
        let bytes = ROWS * (2 + row.columns.len() as u64) * WORD;
        Some(format!("    .param .align 8 .b8 table[{bytes}]"))
    }
}
