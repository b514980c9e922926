//! Reductions: of one thread, and of all threads of a launch.

use super::text::{Num, memory_type};
use super::{BLOCK, Emitter, PARTIAL_BYTES, Param, Result};
use crate::ir::{Lit, Reduce, Scalar};
use crate::ops::Op;

/// Warps of a block.
const WARPS: u32 = BLOCK / 32;

/// A position that stands for "none yet".
const NOWHERE: i64 = i64::MAX;

/// A reduction under way: the number so far, and its position where that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) reduce: Reduce,
    pub(super) state: Vec<Num>,
}

/// Whether the result is a position.
fn is_position(reduce: Reduce) -> bool {
    matches!(reduce, Reduce::ArgMax | Reduce::ArgMin)
}

/// What an empty domain gives.
fn empty(reduce: Reduce, elem: Scalar) -> Lit {
    let limit = |float: f64, int: i64| match elem {
        Scalar::I64 => Lit::I64(int),
        Scalar::I32 => Lit::I32(if int < 0 { i32::MIN } else { i32::MAX }),
        _ => Lit::of(elem, float),
    };
    match reduce {
        Reduce::Sum => Lit::of(elem, 0.0),
        Reduce::Product => Lit::of(elem, 1.0),
        Reduce::Max | Reduce::ArgMax => limit(f64::NEG_INFINITY, i64::MIN),
        Reduce::Min | Reduce::ArgMin => limit(f64::INFINITY, i64::MAX),
        Reduce::All => Lit::Bool(true),
        Reduce::Any => Lit::Bool(false),
    }
}

impl Fold {
    /// Nothing combined yet.
    pub(super) fn empty(reduce: Reduce, elem: Scalar) -> Fold {
        let mut state = vec![Num::lit(empty(reduce, elem))];
        if is_position(reduce) {
            state.push(Num::int(NOWHERE));
        }
        Fold { reduce, state }
    }

    /// One number at a position.
    pub(super) fn of(reduce: Reduce, value: Num, position: Num) -> Fold {
        let state = if is_position(reduce) { vec![value, position] } else { vec![value] };
        Fold { reduce, state }
    }
}

impl Emitter {
    /// Two parts of a reduction as one.
    pub(super) fn combine(&mut self, a: &Fold, b: &Fold) -> Result<Fold> {
        let (x, y) = (&a.state[0], &b.state[0]);
        let pair = [x.clone(), y.clone()];
        let state = match a.reduce {
            Reduce::Sum => vec![self.op(Op::Add, &pair)?],
            Reduce::Product => vec![self.op(Op::Mul, &pair)?],
            Reduce::All => vec![self.op(Op::And, &pair)?],
            Reduce::Any => vec![self.op(Op::Or, &pair)?],
            Reduce::Max | Reduce::Min => vec![self.extreme(a.reduce == Reduce::Max, x, y)?],
            Reduce::ArgMax | Reduce::ArgMin => self.place(a, b)?,
        };
        Ok(Fold { reduce: a.reduce, state })
    }

    /// The larger or smaller number; NaN if one is.
    fn extreme(&mut self, max: bool, x: &Num, y: &Num) -> Result<Num> {
        if !x.ty.is_float() {
            return self.op(if max { Op::Max } else { Op::Min }, &[x.clone(), y.clone()]);
        }
        let beyond = self.op(if max { Op::Gt } else { Op::Lt }, &[x.clone(), y.clone()])?;
        let nan = self.op(Op::IsNan, std::slice::from_ref(x))?;
        let wins = self.op(Op::Or, &[beyond, nan])?;
        self.op(Op::Select, &[wins, x.clone(), y.clone()])
    }

    /// The extreme number and its position, the first of several.
    fn place(&mut self, a: &Fold, b: &Fold) -> Result<Vec<Num>> {
        let ([x, i], [y, j]) = (&a.state[..], &b.state[..]) else { unreachable!("a number and a position") };
        let max = a.reduce == Reduce::ArgMax;
        let mut beyond = self.op(if max { Op::Gt } else { Op::Lt }, &[y.clone(), x.clone()])?;
        let mut same = self.op(Op::Eq, &[x.clone(), y.clone()])?;
        if x.ty.is_float() {
            let (nan_x, nan_y) =
                (self.op(Op::IsNan, std::slice::from_ref(x))?, self.op(Op::IsNan, std::slice::from_ref(y))?);
            let both = self.op(Op::And, &[nan_x.clone(), nan_y.clone()])?;
            let number = self.op(Op::Not, &[nan_x])?;
            let only_y = self.op(Op::And, &[nan_y, number])?;
            beyond = self.op(Op::Or, &[beyond, only_y])?;
            same = self.op(Op::Or, &[same, both])?;
        }
        let earlier = self.op(Op::Lt, &[j.clone(), i.clone()])?;
        let first = self.op(Op::And, &[same, earlier])?;
        let wins = self.op(Op::Or, &[beyond, first])?;
        let value = self.op(Op::Select, &[wins.clone(), y.clone(), x.clone()])?;
        Ok(vec![value, self.op(Op::Select, &[wins, j.clone(), i.clone()])?])
    }

    /// The result of a reduction.
    pub(super) fn finished(&mut self, fold: &Fold) -> Result<Num> {
        if !is_position(fold.reduce) {
            return Ok(fold.state[0].clone());
        }
        let none = self.op(Op::Eq, &[fold.state[1].clone(), Num::int(NOWHERE)])?;
        self.op(Op::Select, &[none, Num::int(0), fold.state[1].clone()])
    }

    /// Registers that hold an empty reduction.
    pub(super) fn fold_registers(&mut self, reduce: Reduce, elem: Scalar) -> Fold {
        let fold = Fold::empty(reduce, elem);
        let state = fold.state.iter().map(|n| self.text.in_register(n)).collect();
        Fold { reduce, state }
    }

    /// Combines something into registers.
    pub(super) fn fold_into(&mut self, into: &Fold, part: &Fold) -> Result<()> {
        let new = self.combine(into, part)?;
        for (to, from) in into.state.iter().zip(&new.state) {
            self.text.assign(to, from);
        }
        Ok(())
    }

    /// Combines the folds of all threads of the launch and writes the results: warps by shuffles, blocks through shared
    /// memory, the grid by the block that draws the last ticket. The same code runs for both: `phase` is 1 when the last
    /// block combines the partial results of all.
    pub(super) fn reduce_grid(&mut self, folds: &[(usize, Fold)]) -> Result<()> {
        let shared = self.text.variable("shared", "warps", u64::from(WARPS) * 8 * words(folds) as u64);
        let last = self.text.variable("shared", "last", 4);
        let tid = self.text.emit(Scalar::I32, "mov.u32", &["%tid.x"]);
        let (block, blocks) = self.block_numbers();
        let lane = self.text.emit(Scalar::I32, "and.b32", &[&tid.text, "31"]);
        let warp = self.text.emit(Scalar::I32, "shr.u32", &[&tid.text, "5"]);
        // A launch of one block writes its results at once.
        let alone = self.text.emit(Scalar::Bool, "setp.eq.u32", &[&blocks.text, "1"]);
        let phase = self.text.emit(Scalar::I32, "selp.b32", &["1", "0", &alone.text]);
        let [again, skip, after, write, end] =
            ["REDUCE", "SKIP", "AFTER", "WRITE", "END"].map(|hint| self.text.fresh_label(hint));
        self.text.label(&again);
        self.reduce_warp(folds, &[16, 8, 4, 2, 1])?;
        let first_lane = self.text.emit(Scalar::Bool, "setp.ne.u32", &[&lane.text, "0"]);
        self.text.line(format!("@{} bra {skip};", first_lane.text));
        self.leave_in_shared(folds, &shared, &warp);
        self.text.label(&skip);
        self.text.line("bar.sync 0;");
        let other_warp = self.text.emit(Scalar::Bool, "setp.ne.u32", &[&warp.text, "0"]);
        self.text.line(format!("@{} bra {after};", other_warp.text));
        self.take_shared(folds, &shared, &lane);
        self.reduce_warp(folds, &[4, 2, 1])?;
        self.text.line(format!("@{} bra {after};", first_lane.text));
        let finishing = self.text.emit(Scalar::Bool, "setp.ne.u32", &[&phase.text, "0"]);
        self.text.line(format!("@{} bra {write};", finishing.text));
        self.draw_ticket(folds, &block, &blocks, &last);
        self.text.line(format!("bra {after};"));
        self.text.label(&write);
        self.write_results(folds)?;
        self.text.line(format!("st.shared.u32 [{last}], 0;"));
        self.text.label(&after);
        self.text.line("bar.sync 0;");
        let drew = self.text.emit(Scalar::I32, "ld.shared.u32", &[&format!("[{last}]")]);
        let done = self.text.emit(Scalar::Bool, "setp.eq.u32", &[&drew.text, "0"]);
        self.text.line(format!("@{} bra {end};", done.text));
        self.read_partials(folds, &tid, &blocks)?;
        self.text.line(format!("mov.u32 {}, 1;", phase.text));
        self.text.line(format!("bra {again};"));
        self.text.label(&end);
        Ok(())
    }

    /// The number of this block and of all blocks; of a grid that may be several launches where threads have memory.
    pub(super) fn block_numbers(&mut self) -> (Num, Num) {
        let [block, blocks] =
            self.grid_names().map(|special| self.text.emit(Scalar::I32, "mov.u32", &[special]));
        if self.room.is_none() {
            return (block, blocks);
        }
        let [first, all] = [Param::FirstBlock, Param::Blocks].map(|p| {
            let wide = self.param(p);
            self.text.emit(Scalar::I32, "cvt.u32.u64", &[&wide.text])
        });
        (self.text.emit(Scalar::I32, "add.u32", &[&block.text, &first.text]), all)
    }

    fn reduce_warp(&mut self, folds: &[(usize, Fold)], distances: &[u32]) -> Result<()> {
        for (_, fold) in folds {
            for &d in distances {
                let state = fold.state.iter().map(|n| self.shuffled(n, d)).collect();
                self.fold_into(fold, &Fold { reduce: fold.reduce, state })?;
            }
        }
        Ok(())
    }

    /// The number of the lane whose number differs in the bits `distance`.
    fn shuffled(&mut self, n: &Num, distance: u32) -> Num {
        let shuffle = |e: &mut Emitter, r: &Num| {
            e.text.emit(
                Scalar::I32,
                "shfl.sync.bfly.b32",
                &[&r.text, &distance.to_string(), "31", "0xffffffff"],
            )
        };
        match n.ty {
            Scalar::Bool => {
                let word = self.stored_value(n);
                let word = shuffle(self, &word);
                self.loaded_value(Scalar::Bool, &word)
            }
            Scalar::I32 => shuffle(self, n),
            Scalar::F32 => {
                let word = self.text.emit(Scalar::I32, "mov.b32", &[&n.text]);
                let word = shuffle(self, &word);
                self.text.emit(Scalar::F32, "mov.b32", &[&word.text])
            }
            Scalar::I64 | Scalar::F64 => {
                let (low, high) = (self.text.reg(Scalar::I32), self.text.reg(Scalar::I32));
                self.text.line(format!("mov.b64 {{{}, {}}}, {};", low.text, high.text, n.text));
                let (low, high) = (shuffle(self, &low), shuffle(self, &high));
                self.text.emit(n.ty, "mov.b64", &[&format!("{{{}, {}}}", low.text, high.text)])
            }
        }
    }

    /// The first lane of each warp leaves its folds in shared memory.
    fn leave_in_shared(&mut self, folds: &[(usize, Fold)], shared: &str, warp: &Num) {
        let base = self.shared_row(shared, warp);
        for (k, n) in flat(folds).into_iter().enumerate() {
            let place = format!("[{}+{}]", base.text, k as u32 * WARPS * 8);
            self.store("shared", &place, n);
        }
    }

    /// The first lanes of the first warp take the folds of all warps.
    fn take_shared(&mut self, folds: &[(usize, Fold)], shared: &str, lane: &Num) {
        let base = self.shared_row(shared, lane);
        let takes = self.text.emit(Scalar::Bool, "setp.lt.u32", &[&lane.text, &WARPS.to_string()]);
        let mut k = 0;
        for (_, fold) in folds {
            let nothing = Fold::empty(fold.reduce, fold.state[0].ty);
            for (n, zero) in fold.state.iter().zip(&nothing.state) {
                let place = format!("[{}+{}]", base.text, k * WARPS * 8);
                self.load_over(n, zero, &takes, "shared", &place);
                k += 1;
            }
        }
    }

    /// Loads into a register where the condition holds; what stands for nothing elsewhere.
    fn load_over(&mut self, to: &Num, nothing: &Num, condition: &Num, space: &str, place: &str) {
        let raw = if to.ty == Scalar::Bool { Scalar::I32 } else { to.ty };
        let r = self.text.reg(raw);
        let nothing = if to.ty == Scalar::Bool { self.stored_value(nothing) } else { nothing.clone() };
        self.text.assign(&r, &nothing);
        self.text.line(format!("@{} ld.{space}.{} {}, {place};", condition.text, memory_type(to.ty), r.text));
        let value = self.loaded_value(to.ty, &r);
        self.text.assign(to, &value);
    }

    fn shared_row(&mut self, shared: &str, row: &Num) -> Num {
        let base = self.text.emit(Scalar::I32, "mov.u32", &[shared]);
        self.text.emit(Scalar::I32, "mad.lo.u32", &[&row.text, "8", &base.text])
    }

    /// The address of a block's partial results; those of fold word k follow after k · grid words.
    fn partial_place(&mut self, block: &Num) -> Num {
        let base = self.param(Param::Partials);
        let bytes = PARTIAL_BYTES.to_string();
        self.text.emit(Scalar::I64, "mad.wide.u32", &[&block.text, &bytes, &base.text])
    }

    /// The block's first thread stores the block's results, and learns whether all other blocks did.
    fn draw_ticket(&mut self, folds: &[(usize, Fold)], block: &Num, blocks: &Num, last: &str) {
        let ticket = self.param(Param::Ticket);
        let place = self.partial_place(block);
        let step = self.text.emit(Scalar::I64, "mul.wide.u32", &[&blocks.text, &PARTIAL_BYTES.to_string()]);
        for n in flat(folds) {
            self.store("global", &format!("[{}]", place.text), n);
            self.text.line(format!("add.s64 {0}, {0}, {1};", place.text, step.text));
        }
        let most = self.text.emit(Scalar::I32, "sub.u32", &[&blocks.text, "1"]);
        self.text.line("membar.gl;");
        let place = format!("[{}]", ticket.text);
        let drawn = self.text.emit(Scalar::I32, "atom.global.inc.u32", &[&place, &most.text]);
        self.text.line("membar.gl;");
        let is_last = self.text.emit(Scalar::Bool, "setp.eq.u32", &[&drawn.text, &most.text]);
        let word = self.text.emit(Scalar::I32, "selp.b32", &["1", "0", &is_last.text]);
        self.text.line(format!("st.shared.u32 [{last}], {};", word.text));
    }

    /// The threads of the last block share out the partial results, in order.
    fn read_partials(&mut self, folds: &[(usize, Fold)], tid: &Num, blocks: &Num) -> Result<()> {
        for (_, fold) in folds {
            let nothing = Fold::empty(fold.reduce, fold.state[0].ty);
            fold.state.iter().zip(&nothing.state).for_each(|(to, from)| self.text.assign(to, from));
        }
        let b = self.text.in_register(&Num::lit(Lit::I32(0)));
        self.text.assign(&b, tid);
        let step = self.text.emit(Scalar::I64, "mul.wide.u32", &[&blocks.text, &PARTIAL_BYTES.to_string()]);
        let (again, end) = (self.text.fresh_label("PARTIAL"), self.text.fresh_label("END"));
        self.text.label(&again);
        let done = self.text.emit(Scalar::Bool, "setp.ge.u32", &[&b.text, &blocks.text]);
        self.text.line(format!("@{} bra {end};", done.text));
        let place = self.partial_place(&b);
        for (_, fold) in folds {
            let mut state = Vec::new();
            for n in &fold.state {
                state.push(self.load("global.cg", &format!("[{}]", place.text), n.ty));
                self.text.line(format!("add.s64 {0}, {0}, {1};", place.text, step.text));
            }
            self.fold_into(fold, &Fold { reduce: fold.reduce, state })?;
        }
        self.text.line(format!("add.u32 {0}, {0}, {BLOCK};", b.text));
        self.text.line(format!("bra {again};"));
        self.text.label(&end);
        Ok(())
    }

    fn write_results(&mut self, folds: &[(usize, Fold)]) -> Result<()> {
        for (k, fold) in folds {
            let out = self.param(Param::Out(*k));
            let value = self.finished(fold)?;
            self.store("global", &format!("[{}]", out.text), &value);
        }
        Ok(())
    }
}

/// All numbers of all folds.
fn flat(folds: &[(usize, Fold)]) -> Vec<&Num> {
    folds.iter().flat_map(|(_, f)| &f.state).collect()
}

fn words(folds: &[(usize, Fold)]) -> usize {
    flat(folds).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_neutral() {
        assert_eq!(Fold::empty(Reduce::Max, Scalar::I64).state[0].lit, Some(Lit::I64(i64::MIN)));
        assert_eq!(Fold::empty(Reduce::Min, Scalar::F32).state[0].lit, Some(Lit::F32(f32::INFINITY)));
        assert_eq!(Fold::empty(Reduce::ArgMin, Scalar::F32).state[1].known(), Some(NOWHERE));
    }
}
