//! Calls of functions of the module, replaced by the functions' bodies.

use crate::ir::{Block, Extent, Func, Inst, Kind, Lit, Module, Renamer, Value};

use crate::rewrite::Cursor;

/// Inlines the calls of a function's body: all that have a body, those with a custom rule only unless `keep_rules`.
pub fn inline(module: &Module, f: &mut Func, keep_rules: bool) {
    Cursor::run(f, |c, body| c.block(body, &mut |c, i| inst(c, i, module, keep_rules)));
}

fn inst(c: &mut Cursor, mut i: Inst, module: &Module, keep_rules: bool) {
    c.resolve(&mut i.kind);
    for block in i.kind.blocks_mut() {
        *block = c.block(std::mem::take(block), &mut |c, i| inst(c, i, module, keep_rules));
    }
    let callee = match &i.kind {
        Kind::Call { func, .. } => module.get(func),
        _ => None,
    };
    match (callee, &i.kind) {
        (Some(callee), Kind::Call { args, .. })
            if callee.external.is_none() && !(keep_rules && callee.rule.is_some()) =>
        {
            let copy = body(c, callee, args);
            // The callee's own calls.
            for inner in copy.insts {
                inst(c, inner, module, keep_rules);
            }
            let results = c.all(&copy.results);
            c.replace_all(&i.results, &results);
        }
        _ => c.keep(i),
    }
}

/// A copy of a function's body with the arguments in the place of its parameters and the arguments' extents in the
/// place of its sizes.
fn body(c: &mut Cursor, callee: &Func, args: &[Value]) -> Block {
    let mut renamer = Renamer::with(callee.params().iter().copied().zip(args.iter().copied()));
    for (&param, &arg) in callee.params().iter().zip(args) {
        let actual = c.values().ty(arg).shape().to_vec();
        for (&formal, actual) in callee.values.ty(param).shape().iter().zip(actual) {
            let Extent::Value(size) = formal else { continue };
            if !renamer.map.contains_key(&size) {
                let value = match actual {
                    Extent::Const(n) => {
                        renamer.consts.insert(size, n);
                        c.lit(Lit::I64(n))
                    }
                    Extent::Value(v) => v,
                };
                renamer.map.insert(size, value);
            }
        }
    }
    let body = Block { params: Vec::new(), ..callee.body.clone() };
    renamer.block(c.b.values, Some(&callee.values), &body)
}
