//! The oracle for bitwise comparison: the interpreter, with the mathematical functions from their IR, `muladd` fused as
//! a GPU does, and sums of `f32` in `f64`, so that only the device's rounding remains.

use std::sync::OnceLock;

use pullback_kernels::ir::{Block, Func, Inst, Kind, Loc, Module, Out, Reduce, Scalar, Value, Values};
use pullback_kernels::math;
use pullback_kernels::ops::Op;

/// The module with a function of the same name that computes what the device should.
pub fn exact(module: &Module, func: &Func) -> Module {
    let mut all = functions().clone();
    all.funcs.extend(module.funcs.iter().filter(|f| f.name != func.name).cloned());
    let mut f = func.clone();
    rewrite(&mut f, None);
    all.funcs.push(f);
    all
}

/// The mathematical functions for both float types.
fn functions() -> &'static Module {
    static ALL: OnceLock<Module> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Module::default();
        for float in [Scalar::F32, Scalar::F64] {
            for mut f in math::module(float).funcs {
                f.name = name_in(&f.name, float);
                rewrite(&mut f, Some(float));
                all.funcs.push(f);
            }
        }
        all
    })
}

fn name_in(name: &str, float: Scalar) -> String {
    format!("{name}.{}", float.name())
}

fn rewrite(f: &mut Func, inside: Option<Scalar>) {
    let mut body = std::mem::take(&mut f.body);
    block(&mut f.values, &mut body, inside);
    f.body = body;
}

fn block(values: &mut Values, b: &mut Block, inside: Option<Scalar>) {
    for mut inst in std::mem::take(&mut b.insts) {
        inst.kind.blocks_mut().into_iter().for_each(|b| block(values, b, inside));
        match &mut inst.kind {
            Kind::Op(op @ Op::MulAdd, _) => *op = Op::Fma,
            Kind::Op(op, args) => {
                let float = values.ty(args[0]).elem().unwrap_or(Scalar::F64);
                if let Some(name) = math::function(*op) {
                    inst.kind = Kind::Call { func: name_in(name, float), args: args.clone() };
                }
            }
            Kind::Call { func, .. } => {
                if let Some(float) = inside {
                    *func = name_in(func, float);
                }
            }
            _ => {}
        }
        let casts = wide_sums(values, &mut inst);
        b.insts.push(inst);
        b.insts.extend(casts);
    }
}

/// Makes sums of `f32` sums of `f64`; what rounds their results.
fn wide_sums(values: &mut Values, inst: &mut Inst) -> Vec<Inst> {
    let mut casts = Vec::new();
    let Kind::Nest(nest) = &mut inst.kind else { return casts };
    let accs = nest.accs.len();
    for (k, out) in nest.outs.iter().enumerate() {
        let v = nest.body.results[accs + k];
        if *out == Out::Fold(Reduce::Sum) && values.ty(v).elem() == Some(Scalar::F32) {
            let wide = values.add(Scalar::F64.into(), "");
            nest.body.insts.push(cast(Op::ToF64, v, wide));
            nest.body.results[accs + k] = wide;
            let sum = values.add(Scalar::F64.into(), "");
            let narrow = std::mem::replace(&mut inst.results[accs + k], sum);
            casts.push(cast(Op::ToF32, sum, narrow));
        }
    }
    casts
}

fn cast(op: Op, from: Value, to: Value) -> Inst {
    Inst { results: vec![to], kind: Kind::Op(op, vec![from]), loc: Loc::default() }
}
