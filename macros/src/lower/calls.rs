//! Calls of other annotated functions: their IR, which their companion macros brought here, is copied into the caller.

use std::collections::HashMap;

use pullback_kernels::ir::{Block, Extent, Inst, Kind, Lit, Renamer, Scalar, Value};

use super::values::Val;
use super::{Lower, SILENT};
use crate::ast::{Path, Place};
use crate::companion::Callee;
use crate::errors::Res;
use crate::messages;
use crate::ty::Ty;

impl Lower<'_> {
    /// A call of a function whose IR is known.
    pub(super) fn call_differentiable(&mut self, p: &Path, args: Vec<Val>, place: Place) -> Res<Val> {
        let text = p.show();
        let all = self.callees;
        let float = self.precision(&args);
        let instances = || all.iter().enumerate().filter(|(_, c)| c.path == text);
        let generic = instances().count() > 1;
        let fitting = instances().find(|(_, c)| !generic || c.is_for(float.scalar()));
        match fitting {
            Some((k, _)) => self.call_known(k, generic.then_some(&float), args, place),
            None => self.fail(place, messages::unknown_function(&text)),
        }
    }

    /// A call of the k-th callee, or, if it is generic, of its instance for a float type.
    pub(super) fn call_known(
        &mut self,
        k: usize,
        float: Option<&Ty>,
        args: Vec<Val>,
        place: Place,
    ) -> Res<Val> {
        let all = self.callees;
        let callee = &all[k];
        if callee.detach {
            let [v] = &args[..] else { return self.fail(place, messages::argument_count("detach", 1)) };
            let v = self.deref(v.clone())?;
            return self.detached(v);
        }
        if !self.calls.contains(&k) {
            self.calls.push(k);
        }
        let instantiated = |ty: &Ty| float.map_or(ty.clone(), |f| ty.with_float(f));
        let params: Vec<_> = callee.params.iter().map(|(fills, ty)| (*fills, instantiated(ty))).collect();
        let mut targets = Vec::new();
        let values = self.arguments(callee, &params, args, place, &mut targets)?;
        let mut results = self.inlined(callee, &values)?.into_iter();
        let value = self.rebuild(&instantiated(&callee.ret), &mut results);
        for (target, ty) in targets {
            let new = self.rebuild(&ty, &mut results);
            self.write(&target, new)?;
        }
        Ok(value)
    }

    /// The float type of the arguments: known, a literal's that is not known yet, or, without floats, a default.
    fn precision(&mut self, args: &[Val]) -> Ty {
        let args: Vec<Val> = args.iter().filter_map(|a| self.deref(a.clone()).ok()).collect();
        let types: Vec<Ty> = args.iter().filter_map(|a| self.type_of(a)).collect();
        let floats: Vec<&Ty> = types.iter().filter_map(Ty::float).collect();
        let known = floats.iter().find(|t| matches!(t, Ty::Float(_)));
        known.or(floats.first()).map_or(Ty::Float(Scalar::F64), |t| (*t).clone())
    }

    /// The IR values of the arguments, hidden ones included.
    fn arguments(
        &mut self,
        callee: &Callee,
        params: &[(bool, Ty)],
        args: Vec<Val>,
        place: Place,
        targets: &mut Vec<(super::assign::Target, Ty)>,
    ) -> Res<Vec<Value>> {
        if args.len() != params.len() {
            return self.fail(place, messages::argument_count(&callee.path, params.len()));
        }
        let mut values = Vec::new();
        for ((fills, ty), arg) in params.iter().zip(args) {
            if *fills {
                let Val::Mut(t) = &arg else { return self.fail(place, messages::not_a_place()) };
                targets.push((t.clone(), ty.clone()));
            }
            let v = self.deref(arg)?;
            let v = self.expect_type(v, ty, place)?;
            values.extend(self.flatten(&v)?);
        }
        for (k, s) in callee.consts.iter().enumerate() {
            let Some(expr) = callee.constant(k) else {
                return self.fail(place, messages::unnamed_type(&callee.name));
            };
            let text = format!("{}::constant_{k}", callee.path);
            let ty = match s {
                Scalar::Bool => Ty::Bool,
                s if s.is_int() => Ty::Int(crate::types::Int::I64),
                s => Ty::Float(*s),
            };
            let Val::Num(v, _) = self.hidden_parameter(&text, expr, ty) else {
                return Err(SILENT);
            };
            values.push(v);
        }
        Ok(values)
    }

    /// A copy of the callee's body; its results.
    fn inlined(&mut self, callee: &Callee, args: &[Value]) -> Res<Vec<Value>> {
        let f = callee.module.entry();
        if f.params().len() != args.len() {
            return self.fail(self.here, messages::argument_count(&callee.path, f.params().len()));
        }
        let mut renamer = Renamer::default();
        let mut sizes: HashMap<Value, Extent> = HashMap::new();
        let mut fitted = Vec::new();
        for (&param, &arg) in f.params().iter().zip(args) {
            let (want, have) = (f.values.ty(param).clone(), self.b.values.ty(arg).clone());
            if want.elem() != have.elem() || want.shape().len() != have.shape().len() {
                if self.types.learned {
                    return Err(SILENT);
                }
                return self.fail(self.here, messages::argument_type(&callee.path));
            }
            for (w, h) in want.shape().iter().zip(have.shape()) {
                match w {
                    Extent::Const(_) => self.require_equal(*w, *h, messages::dimensions()),
                    Extent::Value(size) => match sizes.get(size) {
                        Some(&before) => self.require_equal(before, *h, messages::dimensions()),
                        None => {
                            sizes.insert(*size, *h);
                        }
                    },
                }
            }
            fitted.push((param, arg, want));
        }
        for &size in &f.sizes {
            let Some(&extent) = sizes.get(&size) else { return Err(SILENT) };
            let v = self.extent_value(extent);
            renamer.map.insert(size, v);
            if let Extent::Const(n) = extent {
                renamer.consts.insert(size, n);
            }
        }
        for (param, arg, want) in fitted {
            let want = want.map_extents(|e| renamer.extent(e));
            let arg = self.fit(arg, &want)?;
            renamer.map.insert(param, arg);
        }
        self.copy(f, &mut renamer)
    }

    fn copy(&mut self, f: &pullback_kernels::ir::Func, renamer: &mut Renamer) -> Res<Vec<Value>> {
        for inst in &f.body.insts {
            let mut copy = renamer.inst(self.b.values, Some(&f.values), inst);
            relocate(&mut copy, self.b.loc);
            if let (Kind::Const(Lit::I64(n)), [v]) = (&copy.kind, &copy.results[..]) {
                self.known.insert(*v, *n);
            }
            self.b.append(copy);
        }
        Ok(renamer.values(&f.body.results))
    }
}

/// Inlined code comes from where it is called.
fn relocate(inst: &mut Inst, loc: pullback_kernels::ir::Loc) {
    inst.loc = loc;
    for block in inst.kind.blocks_mut() {
        let Block { insts, .. } = block;
        insts.iter_mut().for_each(|i| relocate(i, loc));
    }
}
