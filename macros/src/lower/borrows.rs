//! Methods that borrow a part of a variable mutably.

use super::Lower;
use super::assign::Target;
use super::values::{Arr, Val};
use crate::ast::Method;
use crate::errors::Res;

impl Lower<'_> {
    /// `iter_mut`, `last_mut`, `column_mut` and the like; `None` if the method is none of those.
    pub(super) fn borrowed(&mut self, t: &Target, a: &Arr, m: &Method, args: &[Val]) -> Option<Res<Val>> {
        let known = m.name.ends_with("_mut") || m.name == "as_mut_slice";
        if known { Some(self.borrow_part(t, a, m, args)) } else { None }
    }

    fn borrow_part(&mut self, t: &Target, a: &Arr, m: &Method, args: &[Val]) -> Res<Val> {
        match (m.name.as_str(), args) {
            ("iter_mut", []) => self.iterate_mut(t.clone(), m.name_at).map(Val::Iter),
            ("as_mut_slice", []) => Ok(Val::Mut(t.clone())),
            ("first_mut" | "last_mut", []) => {
                let it = self.iterate_mut(t.clone(), m.name_at)?;
                self.ends(a, &it, m, m.name == "first_mut")
            }
            ("get_mut", [Val::Num(k, _)]) => {
                let n = self.list_len(a, m.name_at)?;
                let n = self.extent_value(n);
                let there = self.inside(*k, n)?;
                Ok(self.maybe(there, Val::Mut(t.at(vec![*k]))))
            }
            ("column_mut", [Val::Num(k, _)]) => Ok(Val::Mut(t.line(*k, true))),
            ("row_mut", [Val::Num(k, _)]) => Ok(Val::Mut(t.line(*k, false))),
            ("split_at_mut", [Val::Num(k, _)]) => {
                let n = self.list_len(a, m.name_at)?;
                let (zero, n) = (self.int(0), self.extent_value(n));
                let (f1, l1) = self.slice_bounds(a, Some(zero), Some(*k), m.name_at)?;
                let (f2, l2) = self.slice_bounds(a, Some(*k), Some(n), m.name_at)?;
                Ok(Val::Tuple(vec![Val::Mut(t.slice(f1, l1)), Val::Mut(t.slice(f2, l2))]))
            }
            ("rows_mut" | "fixed_rows_mut", _) if a.ty.is_vector() && a.ty.elem().is_some() => {
                let part = self.part_of(a, m, args)?;
                Ok(Val::Mut(t.slice(part.from.0, part.size.0)))
            }
            _ => self.fail(m.name_at, crate::messages::unknown_method(&m.name, &a.ty.show())),
        }
    }
}
