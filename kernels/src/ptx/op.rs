//! Scalar operations: by the table's template, by simpler operations, or by the function that computes them.

use std::rc::Rc;

use super::text::{Num, names};
use super::{Emitter, Result, routines, unsupported};
use crate::ir::{Builder, Func, Kind, Lit, Scalar, Value, Values};
use crate::math;
use crate::ops::{Op, Sig, expand};

impl Emitter {
    /// One operation.
    pub(super) fn op(&mut self, op: Op, args: &[Num]) -> Result<Num> {
        if let Some(lits) = args.iter().map(|a| a.lit).collect::<Option<Vec<Lit>>>()
            && let Some(lit) = op.eval(&lits).filter(|_| !is_function(op))
        {
            return Ok(Num::lit(lit));
        }
        let tys: Vec<Scalar> = args.iter().map(|a| a.ty).collect();
        let result = op.result(&tys).map_err(|e| unsupported(format!("ill-typed operation: {e}")))?;
        let args = &self.checked(op, args, &tys)?[..];
        if let Sig::Cast(to) = op.def().sig {
            return Ok(self.cast(&args[0], to));
        }
        let template = op.ptx(&tys);
        if !template.is_empty() {
            return Ok(self.template(template, args, result));
        }
        let int = tys.last().is_some_and(|s| s.is_int());
        let line = if int { op.def().lowered_int } else { op.def().lowered };
        if !line.is_empty() {
            return self.line(line, args, result);
        }
        let func = match (math::function(op), args[0].ty) {
            (Some(name), float) => self.math(float).get(name).cloned(),
            (None, ty) => routines::routine(op.def().name, ty),
        };
        match func {
            Some(func) => {
                let outer = self.inside.replace(args[0].ty);
                let results = self.inline(&func, args);
                self.inside = outer;
                Ok(results?.remove(0))
            }
            None => Err(unsupported(format!("{} of {}", op.def().name, tys[0].name()))),
        }
    }

    /// An instruction from its template.
    fn template(&mut self, template: &str, args: &[Num], result: Scalar) -> Num {
        let r = self.text.reg(result);
        // `selp` and `mov` of a truth value want it in a register.
        let args: Vec<Num> = args
            .iter()
            .map(|a| if a.ty == Scalar::Bool { self.text.in_register(a) } else { a.clone() })
            .collect();
        let of = names(args.last().expect("operations have arguments").ty);
        let mut line = template.replace("{d}", &r.text);
        for (k, a) in args.iter().enumerate() {
            line = line.replace(&format!("{{{k}}}"), &a.text);
        }
        for (key, name) in
            [("{t}", of.own), ("{b}", of.bits), ("{i}", of.signed), ("{u}", of.unsigned), ("{w}", of.width)]
        {
            line = line.replace(key, name);
        }
        self.text.line(line);
        r
    }

    /// A line of mathematics.
    fn line(&mut self, line: &str, args: &[Num], result: Scalar) -> Result<Num> {
        let func = line_function(line, args, result)?;
        Ok(self.inline(&func, args)?.remove(0))
    }

    /// The arguments, after a check that the program would not panic on them; harmless ones where it would.
    fn checked(&mut self, op: Op, args: &[Num], tys: &[Scalar]) -> Result<Vec<Num>> {
        let def = op.def();
        let int = tys[0].is_int();
        let line = if int { def.fails_int } else { def.fails };
        if !op.may_panic(tys[0]) || line.is_empty() {
            return Ok(args.to_vec());
        }
        let fails = self.line(line, args, Scalar::Bool)?;
        self.fail_if(&fails, &format!("{} of arguments on which it panics", def.name));
        // A divisor of 1 where the program would have stopped.
        let mut args = args.to_vec();
        if let (true, Some(last)) = (int, args.last_mut()) {
            let one = Num::lit(Lit::of(last.ty, 1.0));
            *last = self.op(Op::Select, &[fails, one, last.clone()])?;
        }
        Ok(args)
    }

    /// A conversion as Rust's `as`.
    fn cast(&mut self, a: &Num, to: Scalar) -> Num {
        let (from_name, to_name) = (names(a.ty).own, names(to).own);
        if a.ty == to {
            return a.clone();
        }
        if a.ty == Scalar::Bool {
            let (one, zero) = (Num::lit(Lit::of(to, 1.0)), Num::lit(Lit::of(to, 0.0)));
            return self.text.emit(to, &format!("selp.{}", names(to).own), &[&one.text, &zero.text, &a.text]);
        }
        let a = self.text.in_register(a);
        let rounding = match (a.ty.is_float(), to.is_float()) {
            (true, false) => ".rzi",
            (true, true) if to == Scalar::F64 => "",
            (false, false) => "",
            _ => ".rn",
        };
        let r = self.text.emit(to, &format!("cvt{rounding}.{to_name}.{from_name}"), &[&a.text]);
        if !a.ty.is_float() || to.is_float() {
            return r;
        }
        // The machine saturates as Rust does, except for NaN, which is 0 in Rust.
        let nan = self.text.emit(Scalar::Bool, &format!("setp.nan.{from_name}"), &[&a.text, &a.text]);
        self.text.emit(to, &format!("selp.{}", names(to).bits), &["0", &r.text, &nan.text])
    }
}

/// Whether the interpreter and the generated code may differ in the last bits of it.
fn is_function(op: Op) -> bool {
    math::function(op).is_some()
}

/// A function of the line's arguments.
fn line_function(line: &str, args: &[Num], result: Scalar) -> Result<Rc<Func>> {
    if args.iter().any(|a| a.ty == Scalar::I32) {
        return Err(unsupported("an operation on i32 that has no instruction".into()));
    }
    let mut values = Values::default();
    let params: Vec<Value> = args.iter().map(|a| values.add(a.ty.into(), "")).collect();
    let y = values.add(result.into(), "");
    let mut b = Builder::new(&mut values);
    let value = expand(&mut b, line, &params, y);
    let insts = b.finish();
    let mut func = Func::new("line");
    func.body = crate::ir::Block { params, insts, results: vec![value] };
    func.values = values;
    Ok(Rc::new(func))
}

/// How many instructions a function has.
pub(super) fn length(block: &crate::ir::Block) -> usize {
    let nested = |i: &crate::ir::Inst| i.kind.blocks().into_iter().map(length).sum::<usize>();
    block.insts.iter().filter(|i| !matches!(i.kind, Kind::Const(_))).map(|i| 1 + nested(i)).sum()
}
