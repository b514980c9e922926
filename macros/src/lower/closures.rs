//! Closures: their bodies are lowered where they are applied.

use std::rc::Rc;

use super::Lower;
use super::scan::Effects;
use super::values::{Closure, Val};
use crate::ast::{self, Place};
use crate::callees::visit;
use crate::errors::Res;
use crate::messages;

/// How deep closures may be applied within each other.
const MAX_CLOSURES: u32 = 24;

impl Lower<'_> {
    /// A closure as a value.
    pub(super) fn closure(&mut self, c: &Rc<ast::Closure>) -> Val {
        let mut scope = self.scope.clone();
        if c.moves {
            self.freeze(c, &mut scope);
        }
        Val::Closure(Rc::new(Closure { code: c.clone(), scope }))
    }

    /// A `move` closure keeps the values that its variables have now.
    fn freeze(&mut self, c: &ast::Closure, scope: &mut Vec<(String, usize)>) {
        let mut used = Vec::new();
        visit(&c.body, &mut |e| {
            if let ast::ExprKind::Path(p) = &e.kind
                && let Some(name) = p.single()
                && !used.contains(&name.to_string())
            {
                used.push(name.to_string());
            }
        });
        for name in used {
            if let Some(id) = self.lookup(&name)
                && !matches!(self.vars[id].val, Val::Mut(_))
            {
                let copy = self.hidden(&name, self.vars[id].val.clone());
                scope.push((name, copy));
            }
        }
    }

    /// Applies a closure or a function to values.
    pub(super) fn apply(&mut self, f: &Val, args: Vec<Val>, place: Place) -> Res<Val> {
        match f {
            Val::Closure(c) => self.apply_closure(&c.clone(), args, place),
            Val::Func(path) => self.call_path(&path.clone(), args, place),
            other => self.fail(place, messages::not_a_function_value(&other.show())),
        }
    }

    fn apply_closure(&mut self, c: &Closure, args: Vec<Val>, place: Place) -> Res<Val> {
        if args.len() != c.code.params.len() {
            return self.fail(place, messages::argument_count("the closure", c.code.params.len()));
        }
        if self.closures >= MAX_CLOSURES {
            return self.fail(place, messages::too_deep());
        }
        let outer = std::mem::replace(&mut self.scope, c.scope.clone());
        let here = self.here;
        self.closures += 1;
        let result = (|| {
            for (p, a) in c.code.params.iter().zip(args) {
                self.bind(p, a)?;
            }
            self.expr(&c.code.body, None)
        })();
        self.closures -= 1;
        self.scope = outer;
        self.locate(here);
        result
    }

    /// What applying a function may do to variables.
    pub(super) fn effects_of(&self, f: &Val) -> Effects {
        match f {
            Val::Closure(c) => Effects::of_expr(&c.code.body),
            _ => Effects::default(),
        }
    }
}
