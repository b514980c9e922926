//! Walks over the tree: every expression in it, and the foreign functions that it calls.

use std::collections::BTreeSet;

use crate::ast::{Block, Expr, ExprKind, Path, Stmt};
use crate::builtin;

/// The direct parts of an expression: expressions and blocks.
pub(crate) fn parts(e: &Expr) -> (Vec<&Expr>, Vec<&Block>) {
    use ExprKind as K;
    let mut blocks = Vec::new();
    let exprs: Vec<&Expr> = match &e.kind {
        K::Float(..)
        | K::Int(..)
        | K::Bool(_)
        | K::Str
        | K::Path(_)
        | K::Continue(_)
        | K::Panic(_)
        | K::Ignore => vec![],
        K::Neg(a) | K::Not(a) | K::Deref(a) | K::Ref(a) | K::RefMut(a) | K::Field(a, _) | K::Cast(a, _) => {
            vec![a]
        }
        K::Assert(a, _) | K::Let(_, a) => vec![a],
        K::Bin(_, a, b) | K::Assign(a, b) | K::OpAssign(_, a, b) | K::Index(a, b) | K::Repeat(_, a, b) => {
            vec![a, b]
        }
        K::Call(f, args) => std::iter::once(&**f).chain(args).collect(),
        K::Method(m) => std::iter::once(&m.receiver).chain(&m.args).collect(),
        K::Closure(c) => vec![&c.body],
        K::If(i) => {
            blocks.push(&i.then);
            std::iter::once(&i.cond).chain(&i.els).collect()
        }
        K::Match(v, arms) => {
            let arms = arms.iter().flat_map(|a| a.guard.iter().chain([&a.body]));
            std::iter::once(&**v).chain(arms).collect()
        }
        K::Block(_, b) => {
            blocks.push(b);
            vec![]
        }
        K::For(f) => {
            blocks.push(&f.body);
            vec![&f.iter]
        }
        K::While(_, cond, b) => {
            blocks.push(b);
            cond.iter().map(|c| &**c).collect()
        }
        K::Struct(s) => s.fields.iter().map(|(_, e)| e).chain(&s.base).collect(),
        K::Break(_, v) => v.iter().map(|v| &**v).collect(),
        K::Return(v) => v.iter().map(|v| &**v).collect(),
        K::Tuple(es) | K::Array(_, es) => es.iter().collect(),
        K::Range(r) => r.lo.iter().chain(&r.hi).map(|e| &**e).collect(),
    };
    (exprs, blocks)
}

/// Calls `f` with every expression of a block, outer ones first.
pub(crate) fn visit_block(b: &Block, f: &mut dyn FnMut(&Expr)) {
    for s in &b.stmts {
        match s {
            Stmt::Let(_, _, init) => init.iter().for_each(|e| visit(e, f)),
            Stmt::LetElse(_, _, init, b) => {
                visit(init, f);
                visit_block(b, f);
            }
            Stmt::Expr(e) => visit(e, f),
        }
    }
    b.tail.iter().for_each(|e| visit(e, f));
}

/// Calls `f` with an expression and every expression in it.
pub(crate) fn visit(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    f(e);
    let (exprs, blocks) = parts(e);
    exprs.into_iter().for_each(|e| visit(e, f));
    blocks.into_iter().for_each(|b| visit_block(b, f));
}

/// The paths of functions that a body names and that neither it nor the language defines, each once.
pub(crate) fn of(body: &Block, params: &[String]) -> Vec<Path> {
    let mut w = Walk { scope: params.to_vec(), seen: BTreeSet::new(), found: Vec::new() };
    w.block(body);
    w.found
}

struct Walk {
    scope: Vec<String>,
    seen: BTreeSet<String>,
    found: Vec<Path>,
}

impl Walk {
    fn block(&mut self, b: &Block) {
        let depth = self.scope.len();
        for s in &b.stmts {
            match s {
                Stmt::Let(p, _, init) => {
                    init.iter().for_each(|e| self.expr(e));
                    self.bind(p);
                }
                Stmt::LetElse(p, _, init, b) => {
                    self.expr(init);
                    self.block(b);
                    self.bind(p);
                }
                Stmt::Expr(e) => self.expr(e),
            }
        }
        b.tail.iter().for_each(|e| self.expr(e));
        self.scope.truncate(depth);
    }

    fn bind(&mut self, p: &crate::ast::Pat) {
        p.names(&mut |n| self.scope.push(n.to_string()));
    }

    fn expr(&mut self, e: &Expr) {
        let depth = self.scope.len();
        match &e.kind {
            ExprKind::Path(p) => return self.path(p),
            ExprKind::Closure(c) => c.params.iter().for_each(|p| self.bind(p)),
            ExprKind::For(f) => {
                self.expr(&f.iter);
                self.bind(&f.pat);
                self.block(&f.body);
                return self.scope.truncate(depth);
            }
            ExprKind::Match(v, arms) => {
                self.expr(v);
                for arm in arms {
                    self.bind(&arm.pat);
                    arm.guard.iter().for_each(|g| self.expr(g));
                    self.expr(&arm.body);
                    self.scope.truncate(depth);
                }
                return;
            }
            ExprKind::If(i) => {
                self.condition(&i.cond);
                self.block(&i.then);
                self.scope.truncate(depth);
                return i.els.iter().for_each(|e| self.expr(e));
            }
            _ => {}
        }
        let (exprs, blocks) = parts(e);
        exprs.into_iter().for_each(|e| self.expr(e));
        blocks.into_iter().for_each(|b| self.block(b));
        self.scope.truncate(depth);
    }

    fn condition(&mut self, cond: &Expr) {
        match &cond.kind {
            ExprKind::Let(p, value) => {
                self.expr(value);
                self.bind(p);
            }
            ExprKind::Bin(crate::ast::Bin::And, a, b) => {
                self.condition(a);
                self.condition(b);
            }
            _ => self.expr(cond),
        }
    }

    fn path(&mut self, p: &Path) {
        let local = p.single().is_some_and(|n| self.scope.iter().any(|s| s == n));
        if !local && p.owner_type.is_none() && !builtin::is_builtin(p) && self.seen.insert(p.show()) {
            self.found.push(p.clone());
        }
    }
}
