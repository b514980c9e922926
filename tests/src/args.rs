//! Arguments of functions as text: `2.0, [1.0, 2.0], [[1.0], [2.0]], true`. Types come from the function's parameters.

use pullback_kernels::ir::{Array, Datum, Func, Lit, Scalar, Ty};

/// Reads one argument per parameter of the function.
///
/// # Errors
/// A sentence on what does not fit.
pub fn parse_args(func: &Func, text: &str) -> Result<Vec<Datum>, String> {
    let mut reader = Reader { rest: text.trim() };
    let mut args = Vec::new();
    for (i, &p) in func.params().iter().enumerate() {
        if i > 0 {
            reader.sign(',')?;
        }
        args.push(reader.datum(func.values.ty(p))?);
    }
    if reader.rest.is_empty() { Ok(args) } else { Err(format!("left over: `{}`", reader.rest)) }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.starts_with(c);
        self.rest = if found { rest[c.len_utf8()..].trim_start() } else { rest };
        found
    }

    fn sign(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) { Ok(()) } else { Err(format!("expected `{c}` before `{}`", self.rest)) }
    }

    fn datum(&mut self, ty: &Ty) -> Result<Datum, String> {
        match ty {
            Ty::Scalar(s) => Ok(Datum::Scalar(self.lit(*s)?)),
            Ty::Array(elem, extents) => {
                let mut shape = vec![None; extents.len()];
                let mut data = Vec::new();
                self.axis(*elem, &mut shape, 0, &mut data)?;
                let shape = shape.into_iter().map(|n| n.unwrap_or(0)).collect();
                Ok(Datum::Array(Array { elem: *elem, shape, data }))
            }
            Ty::Tape => Err("a tape cannot be written".into()),
        }
    }

    fn axis(
        &mut self,
        s: Scalar,
        shape: &mut [Option<usize>],
        axis: usize,
        data: &mut Vec<Lit>,
    ) -> Result<(), String> {
        if axis == shape.len() {
            data.push(self.lit(s)?);
            return Ok(());
        }
        self.sign('[')?;
        let mut count = 0;
        while !self.eat(']') {
            if count > 0 {
                self.sign(',')?;
            }
            self.axis(s, shape, axis + 1, data)?;
            count += 1;
        }
        if *shape[axis].get_or_insert(count) == count {
            Ok(())
        } else {
            Err("rows of different lengths".into())
        }
    }

    fn lit(&mut self, ty: Scalar) -> Result<Lit, String> {
        let end = self.rest.find([',', ']', ' ']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        let lit = match ty {
            Scalar::Bool => word.parse().ok().map(Lit::Bool),
            Scalar::I32 => word.parse().ok().map(Lit::I32),
            Scalar::I64 => word.parse().ok().map(Lit::I64),
            Scalar::F32 => word.parse().ok().map(Lit::F32),
            Scalar::F64 => word.parse().ok().map(Lit::F64),
        };
        lit.ok_or_else(|| format!("`{word}` is no {}", ty.name()))
    }
}
