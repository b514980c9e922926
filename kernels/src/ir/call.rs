//! The type rule of calls.

use std::collections::HashMap;

use super::{Extent, Func, Ty, Value, Values};

/// The types of the results of a call of `callee` with `args` (values of the caller), or what is wrong with the call.
///
/// Extents of the callee's types become extents of the caller: the callee's sizes those of the actual arrays, its
/// integer parameters the actual arguments. A result whose extent the callee computes itself has no type in a caller.
pub fn call_types(values: &Values, callee: &Func, args: &[Value]) -> Result<Vec<Ty>, String> {
    let map = bind(values, callee, args)?;
    let outside = |ty: &Ty| {
        let known = |e: &Extent| {
            matches!(e, Extent::Const(_)) || matches!(e, Extent::Value(v) if map.contains_key(v))
        };
        if !ty.shape().iter().all(known) {
            return Err(format!("@{} returns an array whose extent it computes itself", callee.name));
        }
        Ok(substitute(ty, &map))
    };
    callee.result_types().iter().map(outside).collect()
}

fn substitute(ty: &Ty, map: &HashMap<Value, Extent>) -> Ty {
    ty.map_extents(|e| match e {
        Extent::Value(v) => map.get(&v).copied().unwrap_or(e),
        e => e,
    })
}

/// What the callee's sizes and integer parameters are in the caller.
fn bind(values: &Values, callee: &Func, args: &[Value]) -> Result<HashMap<Value, Extent>, String> {
    let (params, name) = (callee.params(), &callee.name);
    if params.len() != args.len() {
        return Err(format!("@{name} takes {} arguments, not {}", params.len(), args.len()));
    }
    let mut map: HashMap<Value, Extent> = HashMap::new();
    for (&p, &a) in params.iter().zip(args) {
        if callee.values.ty(p).is_scalar() {
            map.insert(p, Extent::Value(a));
        }
        for (formal, &actual) in callee.values.ty(p).shape().iter().zip(values.ty(a).shape()) {
            if let Extent::Value(n) = *formal
                && callee.sizes.contains(&n)
            {
                map.entry(n).or_insert(actual);
            }
        }
    }
    for (i, (&p, &a)) in params.iter().zip(args).enumerate() {
        if substitute(callee.values.ty(p), &map) != *values.ty(a) {
            return Err(format!("argument {i} of the call of @{name} has the wrong type"));
        }
    }
    Ok(map)
}
