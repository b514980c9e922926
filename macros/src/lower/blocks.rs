//! Parts of matrices: blocks of rows and columns, read and written; and the methods that change a matrix in place.

use pullback_kernels::ir::{Extent, Kind, Value};

use super::assign::Target;
use super::values::{Arr, Val};
use super::{Lower, SILENT};
use crate::ast::{Bin, Method};
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;
use crate::types::Len;

/// A block: its first row and column, how many there are of each, and what is known of these at compile time.
pub(super) struct Part {
    pub(super) from: (Value, Value),
    pub(super) size: (Extent, Extent),
    pub(super) lens: (Len, Len),
}

impl Lower<'_> {
    /// Whether a method takes a block of a matrix.
    pub(super) fn is_block_method(&self, m: &Method) -> bool {
        let name = m.name.strip_suffix("_mut").unwrap_or(&m.name);
        matches!(
            name,
            "rows" | "columns" | "view" | "fixed_rows" | "fixed_columns" | "fixed_view" | "head" | "tail"
        )
    }

    /// The block that a method takes.
    pub(super) fn part_of(&mut self, a: &Arr, m: &Method, args: &[Val]) -> Res<Part> {
        let ((r, c), (lr, lc), zero) = (self.dims(a)?, self.lens(a), self.int(0));
        let name = m.name.strip_suffix("_mut").unwrap_or(&m.name);
        let part = match (name, args, &m.lengths[..]) {
            ("rows", [Val::Num(i, _), Val::Num(n, _)], _) => {
                Part { from: (*i, zero), size: (self.extent_of(*n), c), lens: (Len::Dyn, lc) }
            }
            ("columns", [Val::Num(j, _), Val::Num(n, _)], _) => {
                Part { from: (zero, *j), size: (r, self.extent_of(*n)), lens: (lr, Len::Dyn) }
            }
            ("fixed_rows", [Val::Num(i, _)], [n]) => {
                Part { from: (*i, zero), size: (Extent::Const(*n as i64), c), lens: (Len::Const(*n), lc) }
            }
            ("fixed_columns", [Val::Num(j, _)], [n]) => {
                Part { from: (zero, *j), size: (r, Extent::Const(*n as i64)), lens: (lr, Len::Const(*n)) }
            }
            ("view", [Val::Tuple(at), Val::Tuple(size)], _) => match (&at[..], &size[..]) {
                ([Val::Num(i, _), Val::Num(j, _)], [Val::Num(h, _), Val::Num(w, _)]) => {
                    let size = (self.extent_of(*h), self.extent_of(*w));
                    Part { from: (*i, *j), size, lens: (Len::Dyn, Len::Dyn) }
                }
                _ => return self.fail(m.name_at, messages::argument_type(&m.name)),
            },
            ("fixed_view", [Val::Num(i, _), Val::Num(j, _)], [h, w]) => Part {
                from: (*i, *j),
                size: (Extent::Const(*h as i64), Extent::Const(*w as i64)),
                lens: (Len::Const(*h), Len::Const(*w)),
            },
            _ => return self.fail(m.name_at, messages::unknown_method(&m.name, &a.ty.show())),
        };
        self.check_part((part.from.0, part.size.0), r)?;
        self.check_part((part.from.1, part.size.1), c)?;
        Ok(part)
    }

    /// Asserts that a part of an axis lies within it.
    fn check_part(&mut self, (from, n): (Value, Extent), limit: Extent) -> Res<()> {
        if self.known.get(&from) == Some(&0) && n == limit {
            return Ok(());
        }
        let (n, limit, zero) = (self.extent_value(n), self.extent_value(limit), self.int(0));
        let end = self.op("add", &[from, n])?;
        let (low, high) = (self.op("ge", &[from, zero])?, self.op("le", &[end, limit])?);
        let cond = self.op("and", &[low, high])?;
        self.push(Kind::Assert { cond, message: "rows or columns out of bounds".into() })?;
        Ok(())
    }

    /// `rows(from, n)`, `view((i, j), (r, c))`, `fixed_view::<2, 3>(i, j)` and the like.
    pub(super) fn block_method(&mut self, a: &Arr, m: &Method, args: &[Val]) -> Res<Val> {
        let part = self.part_of(a, m, args)?;
        Ok(Val::Arr(self.block_view(a, part)))
    }

    fn block_view(&mut self, a: &Arr, part: Part) -> Arr {
        let ((i0, j0), dims) = (part.from, part.lens);
        let shape = super::paths::ir_shape(dims, part.size.0, part.size.1);
        let flat = shape.len() == 1;
        let column = dims.1 == Len::Const(1);
        self.view(a, dims, shape, move |l, at| {
            let zero = l.int(0);
            let (i, j) = match (flat, column) {
                (true, true) => (at[0], zero),
                (true, false) => (zero, at[0]),
                _ => (at[1], at[0]),
            };
            Ok((l.op("add", &[i, i0])?, l.op("add", &[j, j0])?))
        })
    }

    /// Methods that change a matrix in place; `None` if the method is none of those.
    pub(super) fn matrix_mutation(
        &mut self,
        t: &Target,
        a: &Arr,
        m: &Method,
        args: &[Val],
    ) -> Option<Res<()>> {
        if !matches!(a.ty, Ty::Matrix(..)) {
            return None;
        }
        Some(match (m.name.as_str(), args) {
            ("component_mul_assign", [Val::Arr(b)]) => {
                self.replaced_by(t, |l| l.zip_numbers(a, b, |l, u, v| l.op("mul", &[u, v])))
            }
            ("component_div_assign", [Val::Arr(b)]) => {
                self.replaced_by(t, |l| l.zip_numbers(a, b, |l, u, v| l.op("div", &[u, v])))
            }
            ("add_scalar_mut", [Val::Num(s, _)]) => {
                let s = *s;
                self.replaced_by(t, |l| l.map_numbers(a, |l, v| l.op("add", &[v, s])).map(Val::Arr))
            }
            ("fill_diagonal", [Val::Num(s, _)]) => self.where_index(t, a, |l, i, j| l.op("eq", &[i, j]), *s),
            ("fill_row", [Val::Num(k, _), Val::Num(s, _)]) => {
                let k = *k;
                self.where_index(t, a, move |l, i, _| l.op("eq", &[i, k]), *s)
            }
            ("fill_column", [Val::Num(k, _), Val::Num(s, _)]) => {
                let k = *k;
                self.where_index(t, a, move |l, _, j| l.op("eq", &[j, k]), *s)
            }
            ("axpy", [Val::Num(s, _), Val::Arr(x), Val::Num(b, _)]) => {
                let (s, b) = (*s, *b);
                self.replaced_by(t, |l| {
                    l.zip_numbers(a, x, |l, y, x| {
                        let (p, q) = (l.op("mul", &[s, x])?, l.op("mul", &[b, y])?);
                        l.op("add", &[p, q])
                    })
                })
            }
            ("gemv" | "gemm", [Val::Num(s, st), Val::Arr(x), Val::Arr(y), Val::Num(b, bt)]) => {
                let (s, b) = (Val::Num(*s, st.clone()), Val::Num(*b, bt.clone()));
                self.replaced_by(t, |l| {
                    let product = l.binary(Bin::Mul, Val::Arr(x.clone()), Val::Arr(y.clone()))?;
                    let product = l.binary(Bin::Mul, product, s)?;
                    let own = l.binary(Bin::Mul, Val::Arr(a.clone()), b)?;
                    l.binary(Bin::Add, product, own)
                })
            }
            _ => return None,
        })
    }

    fn replaced_by(&mut self, t: &Target, new: impl FnOnce(&mut Self) -> Res<Val>) -> Res<()> {
        let new = new(self)?;
        self.write(t, new)
    }

    /// A number where a condition on row and column holds.
    fn where_index(
        &mut self,
        t: &Target,
        a: &Arr,
        hits: impl Fn(&mut Self, Value, Value) -> Res<Value>,
        s: Value,
    ) -> Res<()> {
        let source = a.leaves.first().cloned().ok_or(SILENT)?;
        let (_, lc) = self.lens(a);
        let leaf = self.built(&source.shape, &source.elem, |l, at| {
            let zero = l.int(0);
            let (i, j) = match at {
                [k] if lc == Len::Const(1) => (*k, zero),
                [k] => (zero, *k),
                _ => (at[1], at[0]),
            };
            let hit = hits(l, i, j)?;
            let old = l.element(&source, at)?;
            l.op("select", &[hit, s, old])
        })?;
        self.write(t, Val::Arr(Arr { ty: a.ty.clone(), leaves: vec![leaf] }))
    }
}
