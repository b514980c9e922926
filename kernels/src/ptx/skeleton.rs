//! The frame of a kernel: the loop over the grid, loads and stores of several elements, the reductions at the end.

use super::ahead::{self, alike, known_count};
use super::array::Array;
use super::reduce::Fold;
use super::text::{Num, memory_type, names, size};
use super::{Emitter, Item, Kernel, Param, Result, unsupported};
use crate::fuse::{NestInfo, Pattern};
use crate::ir::{Block, Kind, Lit, Nest, Out, Scalar, Value};
use crate::ops::Op;

/// Bodies that cost more than this take one iteration at a time.
const MAX_WIDE_COST: u64 = 200;

/// With more 32-bit words of reductions than this a block has a multiprocessor to itself.
const MANY_WORDS: u64 = 56;

pub(super) struct Skeleton<'a> {
    pub(super) e: &'a mut Emitter,
    pub(super) nest: &'a Nest,
    pub(super) info: NestInfo,
    pub(super) name: &'a str,
    /// Whether threads have memory of their own.
    pub(super) room: bool,
    /// Whether one thread runs it, and leaves whole arrays.
    pub(super) serial: bool,
}

/// What the iterations share.
struct Loop {
    count: Num,
    /// Arrays whose own elements are loaded ahead.
    own: Vec<Value>,
    folds: Vec<(usize, Fold)>,
    /// The outs that the first iteration knows.
    alike: Vec<usize>,
    tokens: Vec<Array>,
    width: u64,
}

impl Skeleton<'_> {
    pub(super) fn kernel(mut self) -> Result<Kernel> {
        let rank = self.nest.domain.len();
        self.e.indices = self.nest.body.params[..rank].to_vec();
        for (&v, &extent) in self.nest.body.params.iter().zip(&self.nest.domain) {
            self.e.frame.ranges.insert(v, extent);
        }
        let own = self.own_arrays();
        let alike = alike(&self.e.frame.values, self.nest);
        let count = self.e.param(Param::Count);
        let (thread, threads) = self.thread_numbers();
        if self.serial {
            self.e.fill_places(&thread)?;
        }
        let tokens = self.tokens(&thread);
        let saved = ahead::ahead(self.e, self.nest)?;
        let folds = self.folds(&alike);
        let width = self.width(&own, &folds, self.info.cost - saved);
        let all = Loop { count, own, folds, alike, tokens, width };
        let (start, step) = self.share(&all, &thread, &threads);
        if width > 1 {
            self.wide_loop(&all, &start, &step)?;
        }
        self.single_loop(&all, &start, &step)?;
        if !all.folds.is_empty() {
            self.e.reduce_grid(&all.folds)?;
        }
        self.e.text.line("ret;");
        Ok(self.finish(&all))
    }

    fn finish(self, all: &Loop) -> Kernel {
        let mut text = String::from(".version 6.0\n.target sm_52\n.address_size 64\n\n");
        let (e, name) = (self.e, self.name);
        // Room for two blocks a multiprocessor: without it the assembler saves registers that nobody needs, and spills. Many
        // reductions under way take the registers of two.
        let words: u64 = all.folds.iter().flat_map(|(_, f)| &f.state).map(|n| size(n.ty).div_ceil(4)).sum();
        let blocks = if words > MANY_WORDS { "" } else { " .minnctapersm 2" };
        text.push_str(&format!(
            ".visible .entry {name}(\n{}\n) .maxntid {}, 1, 1{blocks}\n",
            e.signature(),
            super::BLOCK
        ));
        text.push_str(&e.text.body(&e.prologue));
        let mut elems: Vec<Scalar> = self.nest.accs.iter().filter_map(|&a| e.ty(a).elem()).collect();
        elems.sort_unstable();
        elems.dedup();
        elems.iter().for_each(|&elem| text.push_str(&add_copies(name, elem)));
        Kernel {
            name: name.to_string(),
            text,
            params: e.params.iter().map(|(p, _)| *p).collect(),
            width: all.width as u32,
            folds: all.folds.iter().map(|(_, f)| f.state.len()).sum(),
            copies: !self.nest.accs.is_empty(),
            failures: e.failures.clone(),
            scratch: e.scratch(),
        }
    }

    /// Arrays that iterations read at their own indices, of the domain's shape.
    fn own_arrays(&self) -> Vec<Value> {
        let own = self.info.arrays.iter().filter(|r| r.pattern == Pattern::Own).map(|r| r.array);
        let tokens = &self.nest.body.params[self.nest.domain.len()..];
        own.filter(|&v| self.e.ty(v).shape() == self.nest.domain && !tokens.contains(&v)).collect()
    }

    /// How many neighbouring iterations make 16 bytes of the widest of the arrays that go along.
    fn width(&self, own: &[Value], folds: &[(usize, Fold)], cost: u64) -> u64 {
        let accs = self.nest.accs.len();
        if folds.is_empty() && known_count(self.nest).is_some_and(|n| n <= u64::from(super::BLOCK)) {
            return 1;
        }
        let built = self.nest.outs.iter().zip(&self.nest.body.results[accs..]);
        let built = built.filter(|(o, _)| **o == Out::Build).map(|(_, &v)| v);
        let sizes = own.iter().copied().chain(built).filter_map(|v| self.e.ty(v).elem()).map(size);
        match sizes.max() {
            Some(widest)
                if !self.room && accs == 0 && cost <= MAX_WIDE_COST && !has_loop(&self.nest.body) =>
            {
                (16 / widest).min(4)
            }
            _ => 1,
        }
    }

    /// The number of this thread and of all threads.
    fn thread_numbers(&mut self) -> (Num, Num) {
        let [block, blocks] = self.e.grid_names();
        let [tid, block, size, blocks] = ["%tid.x", block, "%ntid.x", blocks]
            .map(|special| self.e.text.emit(Scalar::I32, "mov.u32", &[special]));
        let wide = self.e.text.emit(Scalar::I64, "cvt.u64.u32", &[&tid.text]);
        let within = self.e.text.emit(Scalar::I64, "mad.wide.u32", &[&block.text, &size.text, &wide.text]);
        if !self.room {
            let threads = self.e.text.emit(Scalar::I64, "mul.wide.u32", &[&blocks.text, &size.text]);
            return (within, threads);
        }
        self.e.enter_room(&within);
        let (block, blocks) = self.e.block_numbers();
        let thread = self.e.text.emit(Scalar::I64, "mad.wide.u32", &[&block.text, &size.text, &wide.text]);
        (thread, self.e.text.emit(Scalar::I64, "mul.wide.u32", &[&blocks.text, &size.text]))
    }

    /// This thread's copies of the accumulators.
    fn tokens(&mut self, thread: &Num) -> Vec<Array> {
        let mut tokens = Vec::new();
        for (k, &acc) in self.nest.accs.iter().enumerate() {
            let elem = self.e.ty(acc).elem().unwrap_or(Scalar::F64);
            let bytes = size(elem).to_string();
            let (base, copies) = (self.e.param(Param::Copies(k)), self.e.param(Param::CopyCount));
            let text = &mut self.e.text;
            let pointer = text.emit(Scalar::I64, "mad.lo.s64", &[&thread.text, &bytes, &base.text]);
            let stride = text.emit(Scalar::I64, "mul.lo.s64", &[&copies.text, &bytes]);
            tokens.push(Array::Copy { elem, pointer, stride });
        }
        tokens
    }

    fn folds(&mut self, alike: &[usize]) -> Vec<(usize, Fold)> {
        let accs = self.nest.accs.len();
        let mut folds = Vec::new();
        for (k, (out, &v)) in self.nest.outs.iter().zip(&self.nest.body.results[accs..]).enumerate() {
            if let Out::Fold(reduce) = out
                && !alike.contains(&k)
            {
                let elem = self.e.ty(v).elem().unwrap_or(Scalar::F64);
                folds.push((k, self.e.fold_registers(*reduce, elem)));
            }
        }
        folds
    }

    /// Where this thread starts and how far it steps, in groups of neighbouring iterations. With accumulators only the
    /// threads that have copies of them take part.
    fn share(&mut self, all: &Loop, thread: &Num, threads: &Num) -> (Num, Num) {
        if all.tokens.is_empty() {
            return (thread.clone(), threads.clone());
        }
        let copies = self.e.param(Param::CopyCount);
        let text = &mut self.e.text;
        let idle = text.emit(Scalar::Bool, "setp.ge.u64", &[&thread.text, &copies.text]);
        let start = text.emit(Scalar::I64, "selp.b64", &[&all.count.text, &thread.text, &idle.text]);
        (start, copies)
    }

    /// The loop over groups of neighbouring iterations.
    fn wide_loop(&mut self, all: &Loop, start: &Num, step: &Num) -> Result<()> {
        let shift = all.width.trailing_zeros().to_string();
        let groups = self.e.text.emit(Scalar::I64, "shr.u64", &[&all.count.text, &shift]);
        let aligned = self.aligned(all);
        let group = self.e.text.reg(Scalar::I64);
        self.e.text.assign(&group, start);
        let (again, end) = (self.e.text.fresh_label("WIDE"), self.e.text.fresh_label("REST"));
        self.e.text.label(&again);
        let done = self.e.text.emit(Scalar::Bool, "setp.ge.u64", &[&group.text, &groups.text]);
        self.e.text.line(format!("@{} bra {end};", done.text));
        let first = self.e.text.emit(Scalar::I64, "shl.b64", &[&group.text, &shift]);
        let loaded = self.load_group(all, &first, &aligned)?;
        let mut built: Vec<Vec<Num>> = vec![Vec::new(); self.nest.outs.len()];
        for k in 0..all.width {
            self.e.loaded =
                all.own.iter().copied().zip(loaded.iter().map(|l| l[k as usize].clone())).collect();
            let position = self.e.op(Op::Add, &[first.clone(), Num::int(k as i64)])?;
            for (out, n) in self.iteration(all, &position)? {
                built[out].push(n);
            }
        }
        for (k, items) in built.iter().enumerate().filter(|(_, items)| !items.is_empty()) {
            self.store_group(k, items, &first, &aligned)?;
        }
        self.e.text.line(format!("add.s64 {0}, {0}, {1};", group.text, step.text));
        self.e.text.line(format!("bra {again};"));
        self.e.text.label(&end);
        Ok(())
    }

    /// Whether all arrays that go along begin at a multiple of 16 bytes.
    fn aligned(&mut self, all: &Loop) -> Num {
        let accs = self.nest.accs.len();
        let mut params: Vec<Param> = all.own.iter().map(|&v| Param::Array(v)).collect();
        let outs = (0..self.nest.outs.len()).filter(|&k| self.nest.outs[k] == Out::Build);
        params.extend(outs.map(Param::Out));
        debug_assert_eq!(accs, 0, "kernels with accumulators take one iteration at a time");
        let mut bits: Option<Num> = None;
        for p in params {
            let pointer = self.e.param(p);
            bits = Some(match bits {
                None => pointer,
                Some(b) => self.e.text.emit(Scalar::I64, "or.b64", &[&b.text, &pointer.text]),
            });
        }
        let bits = bits.unwrap_or_else(|| Num::int(0));
        let low = self.e.text.emit(Scalar::I64, "and.b64", &[&bits.text, "15"]);
        self.e.text.emit(Scalar::Bool, "setp.eq.s64", &[&low.text, "0"])
    }

    /// The own elements of a group, for each array.
    fn load_group(&mut self, all: &Loop, first: &Num, aligned: &Num) -> Result<Vec<Vec<Num>>> {
        if all.own.is_empty() {
            return Ok(Vec::new());
        }
        let (slow, end) = (self.e.text.fresh_label("UNALIGNED"), self.e.text.fresh_label("LOADED"));
        let mut targets = Vec::new();
        for &v in &all.own {
            let elem = self.e.ty(v).elem().unwrap_or(Scalar::F64);
            let raw = if elem == Scalar::Bool { Scalar::I32 } else { elem };
            let pointer = self.e.param(Param::Array(v));
            let place = self.e.global_place(&pointer, first, size(elem))?;
            let regs: Vec<Num> = (0..all.width).map(|_| self.e.text.reg(raw)).collect();
            targets.push((elem, place, regs));
        }
        self.e.text.line(format!("@!{} bra {slow};", aligned.text));
        for (elem, place, regs) in &targets {
            let list = group(regs);
            self.e.text.line(format!("ld.global.nc.v{}.{} {list}, {place};", all.width, memory_type(*elem)));
        }
        self.e.text.line(format!("bra {end};"));
        self.e.text.label(&slow);
        for (elem, place, regs) in &targets {
            for (k, r) in regs.iter().enumerate() {
                let place = shifted(place, k as u64 * size(*elem));
                self.e.text.line(format!("ld.global.nc.{} {}, {place};", memory_type(*elem), r.text));
            }
        }
        self.e.text.label(&end);
        let converted =
            |e: &mut Emitter, elem, regs: &[Num]| regs.iter().map(|r| e.loaded_value(elem, r)).collect();
        Ok(targets.iter().map(|(elem, _, regs)| converted(self.e, *elem, regs)).collect())
    }

    fn store_group(&mut self, out: usize, items: &[Num], first: &Num, aligned: &Num) -> Result<()> {
        let elem = items[0].ty;
        let pointer = self.e.param(Param::Out(out));
        let place = self.e.global_place(&pointer, first, size(elem))?;
        let regs: Vec<Num> = items.iter().map(|n| self.e.stored_value(n)).collect();
        let (slow, end) = (self.e.text.fresh_label("UNALIGNED"), self.e.text.fresh_label("STORED"));
        self.e.text.line(format!("@!{} bra {slow};", aligned.text));
        self.e.text.line(format!(
            "st.global.v{}.{} {place}, {};",
            regs.len(),
            memory_type(elem),
            group(&regs)
        ));
        self.e.text.line(format!("bra {end};"));
        self.e.text.label(&slow);
        for (k, r) in regs.iter().enumerate() {
            let place = shifted(&place, k as u64 * size(elem));
            self.e.text.line(format!("st.global.{} {place}, {};", memory_type(elem), r.text));
        }
        self.e.text.label(&end);
        Ok(())
    }

    /// The loop over single iterations: all of them, or those after the last whole group.
    fn single_loop(&mut self, all: &Loop, start: &Num, step: &Num) -> Result<()> {
        self.e.loaded.clear();
        let i = self.e.text.reg(Scalar::I64);
        if all.width > 1 {
            let whole = (-(all.width as i64)).to_string();
            let rest = self.e.text.emit(Scalar::I64, "and.b64", &[&all.count.text, &whole]);
            self.e.text.line(format!("add.s64 {}, {}, {};", i.text, rest.text, start.text));
        } else {
            self.e.text.assign(&i, start);
        }
        let (again, end) = (self.e.text.fresh_label("SINGLE"), self.e.text.fresh_label("DONE"));
        self.e.escape_to(&end);
        self.e.text.label(&again);
        let done = self.e.text.emit(Scalar::Bool, "setp.ge.u64", &[&i.text, &all.count.text]);
        self.e.text.line(format!("@{} bra {end};", done.text));
        self.e.clear_room();
        for &v in &all.own {
            let elem = self.e.ty(v).elem().unwrap_or(Scalar::F64);
            let pointer = self.e.param(Param::Array(v));
            let place = self.e.global_place(&pointer, &i, size(elem))?;
            let n = self.e.load("global.nc", &place, elem);
            self.e.loaded.insert(v, n);
        }
        for (k, n) in self.iteration(all, &i)? {
            let pointer = self.e.param(Param::Out(k));
            let place = self.e.global_place(&pointer, &i, size(n.ty))?;
            self.e.store("global", &place, &n);
        }
        self.e.text.line(format!("add.s64 {0}, {0}, {1};", i.text, step.text));
        self.e.text.line(format!("bra {again};"));
        self.e.text.label(&end);
        Ok(())
    }

    /// One iteration: the numbers that are stored, with their outs. Reductions are combined on the spot.
    fn iteration(&mut self, all: &Loop, position: &Num) -> Result<Vec<(usize, Num)>> {
        let (nest, rank) = (self.nest, self.nest.domain.len());
        let indices = self.indices(position)?;
        let items = self.e.scoped(|e| {
            let tokens = all.tokens.iter().cloned().map(Item::Array);
            let args = indices.into_iter().map(Item::Num).chain(tokens);
            nest.body.params.iter().zip(args).for_each(|(&p, a)| e.bind(p, a));
            e.block(&nest.body)
        })?;
        debug_assert_eq!(nest.body.params.len(), rank + all.tokens.len(), "indices, then accumulators");
        let mut stored = Vec::new();
        for (k, item) in items.into_iter().skip(nest.accs.len()).enumerate() {
            let n = match item {
                Item::Num(n) => n,
                Item::Array(array) if self.serial => {
                    self.e.leave(k, &array, nest.body.results[k])?;
                    continue;
                }
                Item::Array(_) => return Err(unsupported("a nest yields an array".into())),
            };
            match nest.outs[k] {
                Out::Build => stored.push((k, n)),
                Out::Fold(_) if all.alike.contains(&k) => self.store_first(k, &n, position)?,
                Out::Fold(reduce) => {
                    let (_, into) = all.folds.iter().find(|(f, _)| *f == k).expect("each fold has registers");
                    self.e.fold_into(into, &Fold::of(reduce, n, position.clone()))?;
                }
            }
        }
        Ok(stored)
    }

    /// The first iteration stores what all of them know.
    fn store_first(&mut self, out: usize, n: &Num, position: &Num) -> Result<()> {
        let skip = self.e.text.fresh_label("LATER");
        let later = self.e.text.emit(Scalar::Bool, "setp.ne.s64", &[&position.text, "0"]);
        self.e.text.line(format!("@{} bra {skip};", later.text));
        let pointer = self.e.param(Param::Out(out));
        self.e.store("global", &format!("[{}]", pointer.text), n);
        self.e.text.label(&skip);
        Ok(())
    }

    /// The indices of an iteration from its row-major position.
    fn indices(&mut self, position: &Num) -> Result<Vec<Num>> {
        let mut left = position.clone();
        let mut indices = Vec::new();
        for (k, &extent) in self.nest.domain.iter().enumerate().rev() {
            if k == 0 {
                indices.push(left.clone());
                break;
            }
            let n = self.e.extent(extent)?;
            // Not the operation: nothing is checked, since the domain is not empty where an iteration runs.
            let text = &mut self.e.text;
            let quotient = text.emit(Scalar::I64, "div.u64", &[&left.text, &n.text]);
            indices.push(text.emit(Scalar::I64, "rem.u64", &[&left.text, &n.text]));
            left = quotient;
        }
        indices.reverse();
        Ok(indices)
    }
}

fn group(regs: &[Num]) -> String {
    format!("{{{}}}", regs.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join(", "))
}

/// `[place]` some bytes later.
fn shifted(place: &str, bytes: u64) -> String {
    place.replace(']', &format!("+{bytes}]"))
}

/// Whether a block has loops or tables of its own.
fn has_loop(block: &Block) -> bool {
    block.insts.iter().any(|i| match &i.kind {
        Kind::Nest(_) | Kind::For { .. } | Kind::While { .. } => true,
        other => other.blocks().into_iter().any(has_loop),
    })
}

/// The kernel that adds up the copies of accumulators: one thread per element, the copies in order.
pub(super) fn add_copies(name: &str, elem: Scalar) -> String {
    let own = names(elem).own;
    let (add, class) = match elem.is_float() {
        true => (format!("add.rn.{own}"), own),
        false => (format!("add.{own}"), names(elem).bits),
    };
    let words = [
        ("NAME", format!("{name}_add_{}", elem.name())),
        ("BLOCK", super::BLOCK.to_string()),
        ("BYTES", size(elem).to_string()),
        ("CLASS", class.to_string()),
        ("MEMORY", memory_type(elem).to_string()),
        ("TYPE", own.to_string()),
        ("ZERO", Num::lit(Lit::of(elem, 0.0)).text),
        ("ADD", add),
    ];
    words.iter().fold(ADD_COPIES.to_string(), |text, (word, by)| text.replace(&format!("<{word}>"), by))
}

/// The text of that kernel.
const ADD_COPIES: &str = "
.visible .entry <NAME>(
    .param .u64 init,
    .param .u64 copies,
    .param .u64 out,
    .param .u64 length,
    .param .u64 count
) .maxntid <BLOCK>, 1, 1
{
    .reg .pred %p<2>;
    .reg .b32 %r<4>;
    .reg .b64 %d<12>;
    .reg .<CLASS> %x<3>;
    ld.param.u64 %d0, [init];
    ld.param.u64 %d1, [copies];
    ld.param.u64 %d2, [out];
    ld.param.u64 %d3, [length];
    ld.param.u64 %d4, [count];
    cvta.to.global.u64 %d0, %d0;
    cvta.to.global.u64 %d1, %d1;
    cvta.to.global.u64 %d2, %d2;
    mov.u32 %r0, %tid.x;
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %ntid.x;
    mov.u32 %r3, %nctaid.x;
    cvt.u64.u32 %d5, %r0;
    mad.wide.u32 %d5, %r1, %r2, %d5;
    mul.wide.u32 %d6, %r3, %r2;
NEXT:
    setp.ge.u64 %p0, %d5, %d3;
    @%p0 bra END;
    mul.lo.s64 %d7, %d5, %d4;
    mad.lo.s64 %d7, %d7, <BYTES>, %d1;
    mov.u64 %d8, 0;
    mov.<TYPE> %x0, <ZERO>;
COPY:
    ld.global.nc.<MEMORY> %x1, [%d7];
    <ADD> %x0, %x0, %x1;
    add.s64 %d7, %d7, <BYTES>;
    add.s64 %d8, %d8, 1;
    setp.lt.u64 %p1, %d8, %d4;
    @%p1 bra COPY;
    mad.lo.s64 %d9, %d5, <BYTES>, %d0;
    mad.lo.s64 %d10, %d5, <BYTES>, %d2;
    ld.global.nc.<MEMORY> %x2, [%d9];
    <ADD> %x0, %x2, %x0;
    st.global.<MEMORY> [%d10], %x0;
    add.s64 %d5, %d5, %d6;
    bra NEXT;
END:
    ret;
}
";
