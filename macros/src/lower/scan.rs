//! What a piece of the tree may do to variables and to control flow, without lowering it: which variables it assigns to
//! (loops carry them, branches merge them) and which loops it may leave.

use std::collections::BTreeSet;

use super::Lower;
use super::values::{Val, VarId};
use crate::ast::{Block, Expr, ExprKind, For, Stmt};
use crate::callees::{parts, visit};
use crate::ty::Ty;

/// Methods that change elements of their receiver.
const CHANGING: [&str; 40] = [
    "swap",
    "fill",
    "reverse",
    "sort",
    "iter_mut",
    "chunks_mut",
    "chunks_exact_mut",
    "split_at_mut",
    "as_mut_slice",
    "copy_from",
    "copy_from_slice",
    "clone_from_slice",
    "row_mut",
    "column_mut",
    "rows_mut",
    "columns_mut",
    "axpy",
    "gemv",
    "set_column",
    "set_row",
    "swap_rows",
    "swap_columns",
    "apply",
    "fill_diagonal",
    "fill_row",
    "fill_column",
    "set_diagonal",
    "gemm",
    "view_mut",
    "fixed_rows_mut",
    "fixed_columns_mut",
    "fixed_view_mut",
    "first_mut",
    "last_mut",
    "get_mut",
    "sort_by",
    "sort_unstable_by",
    "sort_by_key",
    "rotate_left",
    "rotate_right",
];

/// Methods that change how many elements a `Vec` has.
const RESIZING: [&str; 10] = [
    "push",
    "pop",
    "clear",
    "truncate",
    "resize",
    "extend",
    "extend_from_slice",
    "insert",
    "remove",
    "swap_remove",
];

/// Whether a method changes its receiver.
fn mutates(name: &str) -> bool {
    CHANGING.contains(&name) || resizes(name) || name.ends_with("_assign")
}

/// Whether a method changes how many elements a `Vec` has.
pub(super) fn resizes(name: &str) -> bool {
    RESIZING.contains(&name)
}

/// What a piece of the tree does.
#[derive(Default)]
pub(super) struct Effects {
    names: BTreeSet<String>,
    /// The variables whose length it changes.
    resized: BTreeSet<String>,
    used: BTreeSet<String>,
    /// `break` to a label (or the innermost loop), with `true` for `continue`.
    jumps: Vec<(Option<String>, bool)>,
    returns: bool,
}

impl Effects {
    pub(super) fn of_expr(e: &Expr) -> Effects {
        let mut fx = Effects::default();
        fx.expr(e, &mut Vec::new());
        fx
    }

    pub(super) fn of_block(b: &Block) -> Effects {
        let mut fx = Effects::default();
        fx.block(b, &mut Vec::new());
        fx
    }

    pub(super) fn of_stmts(stmts: &[Stmt], tail: Option<&Expr>) -> Effects {
        let mut fx = Effects::default();
        stmts.iter().for_each(|s| fx.stmt(s, &mut Vec::new()));
        tail.iter().for_each(|e| fx.expr(e, &mut Vec::new()));
        fx
    }

    pub(super) fn of_stmt(s: &Stmt) -> Effects {
        Effects::of_stmts(std::slice::from_ref(s), None)
    }

    pub(super) fn and(mut self, other: Effects) -> Effects {
        self.names.extend(other.names);
        self.resized.extend(other.resized);
        self.used.extend(other.used);
        self.jumps.extend(other.jumps);
        self.returns |= other.returns;
        self
    }

    /// With more names that are assigned to.
    pub(super) fn and_names(mut self, names: impl Iterator<Item = String>) -> Effects {
        self.names.extend(names);
        self
    }

    /// With the names that an expression assigns to.
    pub(super) fn and_assigned_by(mut self, e: &Expr) -> Effects {
        self.names.extend(Effects::of_expr(e).names);
        self
    }

    /// With the effects of another.
    pub(super) fn and_ref(mut self, other: &Effects) -> Effects {
        self.names.extend(other.names.iter().cloned());
        self.resized.extend(other.resized.iter().cloned());
        self.used.extend(other.used.iter().cloned());
        self.jumps.extend(other.jumps.iter().cloned());
        self.returns |= other.returns;
        self
    }

    /// Whether control may leave the piece otherwise than at its end.
    pub(super) fn exits(&self) -> bool {
        self.returns || !self.jumps.is_empty()
    }

    /// The variables whose length it changes.
    pub(super) fn resized(&self) -> impl Iterator<Item = &str> {
        self.resized.iter().map(String::as_str)
    }

    /// The variables that it reads.
    pub(super) fn used(&self) -> impl Iterator<Item = &str> {
        self.used.iter().map(String::as_str)
    }

    /// Whether it may return from the function.
    pub(super) fn returns(&self) -> bool {
        self.returns
    }

    fn block(&mut self, b: &Block, loops: &mut Vec<Option<String>>) {
        b.stmts.iter().for_each(|s| self.stmt(s, loops));
        b.tail.iter().for_each(|e| self.expr(e, loops));
    }

    fn stmt(&mut self, s: &Stmt, loops: &mut Vec<Option<String>>) {
        match s {
            Stmt::Let(_, _, init) => init.iter().for_each(|e| self.expr(e, loops)),
            Stmt::LetElse(_, _, init, b) => {
                self.expr(init, loops);
                self.block(b, loops);
            }
            Stmt::Expr(e) => self.expr(e, loops),
        }
    }

    fn expr(&mut self, e: &Expr, loops: &mut Vec<Option<String>>) {
        match &e.kind {
            ExprKind::Path(p) => self.used.extend(p.single().map(str::to_string)),
            ExprKind::Assign(l, _) | ExprKind::OpAssign(_, l, _) => self.assigned(l),
            ExprKind::RefMut(e) => self.assigned(e),
            ExprKind::Method(m) if mutates(&m.name) || m.mutates.get() => {
                self.assigned(&m.receiver);
                if resizes(&m.name) {
                    self.resized.extend(variable(&m.receiver).map(str::to_string));
                }
            }
            // `Option::take` and `Option::replace`.
            ExprKind::Method(m)
                if (m.name == "take" && m.args.is_empty()) || (m.name == "replace" && m.args.len() == 1) =>
            {
                self.assigned(&m.receiver);
            }
            ExprKind::Break(label, _) if !inside(loops, label) => self.jumps.push((label.clone(), false)),
            ExprKind::Continue(label) if !inside(loops, label) => self.jumps.push((label.clone(), true)),
            ExprKind::Return(_) => self.returns = true,
            ExprKind::For(f) => {
                self.writes_through(f);
                self.names.extend(f.drains.clone());
                self.expr(&f.iter, loops);
                return self.nested(f.label.clone(), &f.body, loops);
            }
            ExprKind::While(label, cond, body) => {
                cond.iter().for_each(|c| self.expr(c, loops));
                return self.nested(label.clone(), body, loops);
            }
            ExprKind::Block(Some(label), body) => {
                // A plain `break` in a labelled block leaves the loop around it.
                let mut fx = Effects::of_block(body);
                fx.jumps.retain(|(l, _)| l.as_ref() != Some(label) && (l.is_some() || loops.is_empty()));
                fx.jumps.retain(|(l, _)| l.is_none() || !inside(loops, l));
                let whole = std::mem::take(self);
                *self = whole.and(fx);
                return;
            }
            ExprKind::Closure(c) => {
                let mut fx = Effects::of_expr(&c.body);
                (fx.returns, fx.jumps) = (false, Vec::new());
                let whole = std::mem::take(self);
                *self = whole.and(fx);
                return;
            }
            _ => {}
        }
        let (exprs, blocks) = parts(e);
        exprs.into_iter().for_each(|e| self.expr(e, loops));
        blocks.into_iter().for_each(|b| self.block(b, loops));
    }

    fn nested(&mut self, label: Option<String>, body: &Block, loops: &mut Vec<Option<String>>) {
        loops.push(label);
        self.block(body, loops);
        loops.pop();
    }

    /// `for e in v { *e = .. }` writes to `v`.
    fn writes_through(&mut self, f: &For) {
        let body = Effects::of_block(&f.body);
        let mut writes = false;
        f.pat.names(&mut |n| writes |= body.names.contains(n));
        if writes {
            visit(&f.iter, &mut |e| {
                if let ExprKind::Path(p) = &e.kind {
                    self.names.extend(p.single().map(str::to_string));
                }
            });
        }
    }

    fn assigned(&mut self, place: &Expr) {
        match &place.kind {
            ExprKind::Path(p) => self.names.extend(p.single().map(str::to_string)),
            ExprKind::Index(e, _)
            | ExprKind::Field(e, _)
            | ExprKind::Deref(e)
            | ExprKind::Ref(e)
            | ExprKind::RefMut(e) => {
                self.assigned(e);
            }
            ExprKind::Method(m) => self.assigned(&m.receiver),
            ExprKind::Tuple(es) | ExprKind::Array(_, es) => es.iter().for_each(|e| self.assigned(e)),
            _ => {}
        }
    }
}

/// The variable that an expression is, references left out.
fn variable(e: &Expr) -> Option<&str> {
    match &e.kind {
        ExprKind::Path(p) => p.single(),
        ExprKind::Deref(e) | ExprKind::Ref(e) | ExprKind::RefMut(e) => variable(e),
        _ => None,
    }
}

/// How many elements a block adds to a variable at most; `None` if that cannot be seen: it is done in a loop, or the
/// variable is changed in another way.
pub(super) fn pushes(b: &Block, name: &str) -> Option<usize> {
    let stmts = b.stmts.iter().map(|s| match s {
        Stmt::Let(_, _, init) => init.as_ref().map_or(Some(0), |e| pushes_of(e, name)),
        Stmt::LetElse(_, _, init, b) => Some(pushes_of(init, name)? + pushes(b, name)?),
        Stmt::Expr(e) => pushes_of(e, name),
    });
    let tail = b.tail.iter().map(|e| pushes_of(e, name));
    stmts.chain(tail).sum()
}

fn pushes_of(e: &Expr, name: &str) -> Option<usize> {
    let is = |e: &Expr| variable(e) == Some(name);
    let grows = || {
        let mut found = false;
        visit(e, &mut |e| found |= grown(e) == Some(name));
        found
    };
    let own = match &e.kind {
        ExprKind::Method(m) if is(&m.receiver) => match m.name.as_str() {
            "push" | "insert" => 1,
            "extend" | "extend_from_slice" if literal(&m.args).is_some() => literal(&m.args)?,
            _ if grown(e).is_some() => return None,
            _ => 0,
        },
        ExprKind::For(_) | ExprKind::While(..) | ExprKind::Closure(_) if grows() => return None,
        ExprKind::Assign(..) | ExprKind::RefMut(_) if grown(e) == Some(name) => return None,
        _ => 0,
    };
    let (exprs, blocks) = parts(e);
    let inner: Option<usize> = exprs.into_iter().map(|e| pushes_of(e, name)).sum();
    let nested: Option<usize> = blocks.into_iter().map(|b| pushes(b, name)).sum();
    Some(own + inner? + nested?)
}

/// How many method calls in a block change the variable's length.
pub(super) fn changes_of_length(b: &Block, name: &str) -> usize {
    let mut n = 0;
    crate::callees::visit_block(b, &mut |e| {
        if let ExprKind::Method(m) = &e.kind {
            n += usize::from(RESIZING.contains(&m.name.as_str()) && variable(&m.receiver) == Some(name));
        }
    });
    n
}

/// The length of the list that an argument is, if it is written out.
fn literal(args: &[Expr]) -> Option<usize> {
    match args.first().map(|a| &a.kind) {
        Some(ExprKind::Ref(e)) => literal(std::slice::from_ref(e)),
        Some(ExprKind::Array(_, es)) => Some(es.len()),
        _ => None,
    }
}

/// The variable that an expression may make longer, not looking inside.
fn grown(e: &Expr) -> Option<&str> {
    match &e.kind {
        ExprKind::Method(m) => {
            let longer = ["push", "insert", "extend", "extend_from_slice", "resize"];
            variable(&m.receiver).filter(|_| longer.contains(&m.name.as_str()))
        }
        ExprKind::Assign(v, _) | ExprKind::RefMut(v) => variable(v),
        _ => None,
    }
}

fn inside(loops: &[Option<String>], label: &Option<String>) -> bool {
    match label {
        None => !loops.is_empty(),
        Some(_) => loops.contains(label),
    }
}

/// Whether a block never reaches its end, judged by its last statement.
pub(super) fn diverges(b: &Block) -> bool {
    match (&b.tail, b.stmts.last()) {
        (Some(e), _) => expr_diverges(e),
        (None, Some(Stmt::Expr(e))) => expr_diverges(e),
        _ => false,
    }
}

/// Whether an expression never has a value.
pub(super) fn expr_diverges(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Return(_) | ExprKind::Break(..) | ExprKind::Continue(_) | ExprKind::Panic(_) => true,
        ExprKind::Block(None, b) => diverges(b),
        ExprKind::If(i) => diverges(&i.then) && i.els.as_ref().is_some_and(expr_diverges),
        _ => false,
    }
}

impl Lower<'_> {
    /// The `Vec`s whose length a piece of code may change, of those that have no room yet.
    pub(super) fn resized_by(&self, fx: &Effects) -> Vec<VarId> {
        let mut found = BTreeSet::new();
        self.collect(fx, |fx| &fx.resized, &self.scope, &mut found, 0);
        let is_vec = |id: &VarId| matches!(&self.vars[*id].val, Val::Arr(a) if matches!(a.ty, Ty::Vec(_)));
        found.into_iter().filter(is_vec).collect()
    }

    /// The variables that a piece of code may change, hidden flags included, in order.
    pub(super) fn changed_by(&self, fx: &Effects) -> Vec<VarId> {
        let mut found = BTreeSet::new();
        self.collect(fx, |fx| &fx.names, &self.scope, &mut found, 0);
        let frames = self.loops.len();
        for (label, is_continue) in &fx.jumps {
            let target = match label {
                None => self.loops.iter().rposition(|f| f.is_loop),
                Some(_) => self.loops.iter().rposition(|f| f.label == *label),
            };
            let Some(target) = target else { continue };
            for (k, frame) in self.loops.iter().enumerate().take(frames).skip(target) {
                found.insert(frame.skip);
                if k > target || !is_continue {
                    found.extend(frame.broke);
                    found.extend(frame.value);
                }
            }
        }
        if fx.returns {
            self.loops.iter().for_each(|f| {
                found.insert(f.skip);
                found.extend(f.broke);
            });
            found.extend(self.ret_flag);
            found.extend(self.ret_value);
        }
        found.into_iter().collect()
    }

    fn collect(
        &self,
        fx: &Effects,
        which: fn(&Effects) -> &BTreeSet<String>,
        scope: &[(String, VarId)],
        found: &mut BTreeSet<VarId>,
        depth: u32,
    ) {
        let lookup = |name: &String| scope.iter().rev().find(|(n, _)| n == name).map(|(_, id)| *id);
        for id in which(fx).iter().filter_map(lookup) {
            match &self.vars[id].val {
                Val::Mut(t) => found.insert(t.var),
                _ => found.insert(id),
            };
        }
        // A closure that is called may change what it captures.
        for id in fx.used.iter().filter_map(lookup) {
            if let Val::Closure(c) = &self.vars[id].val
                && depth < 16
            {
                self.collect(&Effects::of_expr(&c.code.body), which, &c.scope, found, depth + 1);
            }
        }
    }
}
