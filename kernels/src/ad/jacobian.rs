//! Whole matrices of derivatives, made of single derivatives: Jacobian, Hessian, and the Hessian times a direction.

use super::{AdError, forward, reverse, value_and_grad, vjp, zero};
use crate::ir::{Builder, Extent, Func, Module, Renamer, Scalar, Ty, Value};
use crate::opt::{inline, optimize};

/// How a Jacobian is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// A column per element of the parameters, by forward mode.
    Forward,
    /// A row per element of the results, by reverse mode.
    Reverse,
}

/// The Jacobian of a function: it returns the function's results, then for each float result and, within that, for each
/// of `wrt`, the derivatives: the result's axes first, then the parameter's; in the parameter's precision.
///
/// Forward mode where the parameters have fewer elements than the results, as far as their extents tell (an extent
/// known at run time only counts as large), otherwise reverse mode.
///
/// # Errors
/// As [`vjp`] and [`forward`].
pub fn jacobian(module: &Module, func: &str, wrt: &[usize]) -> Result<(Func, Direction), AdError> {
    let f = module.get(func).expect("the function exists");
    let size = |v: Value| elements(f.values.ty(v));
    let inputs: u64 = wrt.iter().map(|&k| size(f.params()[k])).fold(0, u64::saturating_add);
    let results = floats(f);
    let outputs: u64 = results.iter().map(|&k| size(f.body.results[k])).fold(0, u64::saturating_add);
    let (mut derivative, direction) = match inputs < outputs {
        true => (forward(module, f, wrt)?, Direction::Forward),
        false => (vjp(module, func, wrt)?, Direction::Reverse),
    };
    inline(module, &mut derivative, false);
    optimize(&mut derivative);
    let values: Vec<usize> = (0..f.body.results.len()).collect();
    let made = match direction {
        Direction::Forward => by_columns(f, &derivative, wrt, &values, &results),
        Direction::Reverse => by_rows(f, &derivative, wrt, &results),
    };
    Ok((Func { name: format!("{func}.jacobian"), ..made }, direction))
}

/// The Hessian of a function with one float result: it returns the value and the gradient (as [`value_and_grad`]), then
/// for each of `wrt` and, within that, for each of `wrt`, the second derivatives: the axes of the first, then those of
/// the second.
///
/// # Errors
/// As [`value_and_grad`] and [`forward`].
pub fn hessian(module: &Module, func: &str, wrt: &[usize]) -> Result<Func, AdError> {
    let gradient = gradient(module, func, wrt)?;
    let count = gradient.body.results.len();
    let mut dual = forward(module, &gradient, wrt)?;
    inline(module, &mut dual, false);
    optimize(&mut dual);
    let values: Vec<usize> = (0..count).collect();
    let made = by_columns(&gradient, &dual, wrt, &values, &values[count - wrt.len()..]);
    Ok(Func { name: format!("{func}.hessian"), ..made })
}

/// The Hessian of a function with one float result, times a direction: it takes the function's parameters, then a
/// direction for each of `wrt`; it returns the value and the gradient, the derivative of the value along the direction, and
/// that of the gradient.
///
/// # Errors
/// As [`value_and_grad`] and [`forward`].
pub fn hvp(module: &Module, func: &str, wrt: &[usize]) -> Result<Func, AdError> {
    let mut dual = forward(module, &gradient(module, func, wrt)?, wrt)?;
    inline(module, &mut dual, false);
    optimize(&mut dual);
    Ok(Func { name: format!("{func}.hvp"), ..dual })
}

fn gradient(module: &Module, func: &str, wrt: &[usize]) -> Result<Func, AdError> {
    let mut g = value_and_grad(module, func, wrt)?;
    inline(module, &mut g, false);
    optimize(&mut g);
    Ok(g)
}

/// The positions of the float results.
fn floats(f: &Func) -> Vec<usize> {
    (0..f.body.results.len()).filter(|&k| f.values.ty(f.body.results[k]).is_float()).collect()
}

/// How many elements a value has; an extent that is known at run time only counts as a million.
fn elements(ty: &Ty) -> u64 {
    let extent = |e: &Extent| match e {
        Extent::Const(n) => (*n).max(0) as u64,
        Extent::Value(_) => 1_000_000,
    };
    ty.shape().iter().map(extent).fold(1, u64::saturating_mul)
}

/// An empty function with the parameters of another.
fn like(f: &Func) -> Func {
    let mut made = Func::new(&f.name);
    let mut renamer = Renamer::default();
    made.sizes = f.sizes.iter().map(|&v| renamer.define(&mut made.values, Some(&f.values), v)).collect();
    made.body.params =
        f.params().iter().map(|&v| renamer.define(&mut made.values, Some(&f.values), v)).collect();
    made
}

/// Appends the body of a function; `outer` are its sizes and parameters, as far as they are those of the function under
/// construction, `extra` its other parameters.
fn splice(b: &mut Builder, f: &Func, outer: &[Value], extra: &[Value]) -> Vec<Value> {
    let own = f.sizes.iter().chain(f.params()).copied();
    let mut renamer = Renamer::with(own.zip(outer.iter().chain(extra).copied()));
    for inst in &f.body.insts {
        let inst = renamer.inst(b.values, Some(&f.values), inst);
        b.append(inst);
    }
    renamer.values(&f.body.results)
}

/// A one at `at` of a value of this type, zero elsewhere.
fn unit(b: &mut Builder, ty: &Ty, at: &[Value]) -> Value {
    let elem = ty.elem().expect("a float");
    if !ty.is_array() {
        return b.number(elem, 1.0);
    }
    b.build(ty.shape(), |b, i| {
        let (one, zero) = (b.number(elem, 1.0), b.number(elem, 0.0));
        let mut v = one;
        for (&i, &k) in i.iter().zip(at) {
            let here = b.op(crate::ops::Op::Eq, &[i, k]);
            v = b.op(crate::ops::Op::Select, &[here, v, zero]);
        }
        v
    })
}

/// One position of a shape: its indices and the carried arrays to the next carried arrays.
type Step<'a> = dyn FnMut(&mut Builder, &[Value], &[Value]) -> Vec<Value> + 'a;

/// Runs `f` for every position of a shape, carrying arrays.
fn each(
    b: &mut Builder,
    shape: &[Extent],
    at: &mut Vec<Value>,
    carried: &[Value],
    f: &mut Step<'_>,
) -> Vec<Value> {
    match shape.split_first() {
        None => f(b, at, carried),
        Some((&extent, inner)) => b.for_(extent, false, carried, |b, k, carried| {
            at.push(k);
            let out = each(b, inner, at, carried, f);
            at.pop();
            out
        }),
    }
}

/// Writes a number or an array into a matrix of zeros, between the indices `before` and `after`.
fn place(b: &mut Builder, matrix: Value, before: &[Value], part: Value, after: &[Value]) -> Value {
    let elem = b.values.ty(matrix).elem().expect("a float");
    let shape = b.values.ty(part).shape().to_vec();
    if shape.is_empty() {
        let part = in_precision(b, part, elem);
        return match [before, after].concat() {
            at if at.is_empty() => part,
            at => b.update(matrix, &at, part),
        };
    }
    b.nest(&shape, &[matrix], &[], |b, i, acc| {
        let v = b.index(part, i);
        let v = in_precision(b, v, elem);
        vec![b.accum(acc[0], &[before, i, after].concat(), v)]
    })[0]
}

/// A number in another precision.
fn in_precision(b: &mut Builder, v: Value, elem: Scalar) -> Value {
    match (*b.values.ty(v) == Ty::Scalar(elem), elem) {
        (true, _) => v,
        (false, Scalar::F32) => b.op(crate::ops::Op::ToF32, &[v]),
        (false, _) => b.op(crate::ops::Op::ToF64, &[v]),
    }
}

/// The type of the derivatives of a result by a parameter.
fn block_type(result: &Ty, parameter: &Ty) -> Ty {
    let shape = [result.shape(), parameter.shape()].concat();
    let elem = parameter.elem().expect("a float");
    if shape.is_empty() { Ty::Scalar(elem) } else { Ty::Array(elem, shape) }
}

/// One run of a forward derivative per element of the parameters. `values` are the results of `f` to return, `results`
/// those to differentiate.
fn by_columns(f: &Func, dual: &Func, wrt: &[usize], values: &[usize], results: &[usize]) -> Func {
    let mut made = like(f);
    let outer = [made.sizes.as_slice(), made.params()].concat();
    let differentiable = floats(f);
    let params = made.body.params.clone();
    let mut b = Builder::new(&mut made.values);
    let tys: Vec<Ty> = wrt.iter().map(|&k| b.values.ty(params[k]).clone()).collect();
    let mut primal = f.clone();
    optimize(&mut primal);
    let all = splice(&mut b, &primal, &outer, &[]);
    let out_tys: Vec<Ty> = results.iter().map(|&r| b.values.ty(all[r]).clone()).collect();
    let mut returned: Vec<Value> = values.iter().map(|&k| all[k]).collect();
    let mut columns: Vec<Vec<Value>> = Vec::new();
    for (p, ty) in tys.iter().enumerate() {
        let zeros: Vec<Value> = out_tys.iter().map(|r| zero(&mut b, &block_type(r, ty))).collect();
        let column = each(&mut b, ty.shape(), &mut Vec::new(), &zeros, &mut |b, at, carried| {
            let direction =
                |b: &mut Builder, q: usize| if q == p { unit(b, ty, at) } else { zero(b, &tys[q]) };
            let directions: Vec<Value> = (0..tys.len()).map(|q| direction(b, q)).collect();
            let out = splice(b, dual, &outer, &directions);
            let tangents = &out[f.body.results.len()..];
            let tangent =
                |r: &usize| tangents[differentiable.iter().position(|d| d == r).expect("a float result")];
            results.iter().map(tangent).zip(carried).map(|(t, &m)| place(b, m, &[], t, at)).collect()
        });
        columns.push(column);
    }
    let insts = b.finish();
    returned.extend((0..results.len()).flat_map(|r| columns.iter().map(move |c| c[r])));
    made.body.insts = insts;
    made.body.results = returned;
    made
}

/// One run of a reverse derivative per element of the results.
fn by_rows(f: &Func, pullback: &Func, wrt: &[usize], results: &[usize]) -> Func {
    let mut made = like(f);
    let mut outer = [made.sizes.as_slice(), made.params()].concat();
    let (params, sizes) = (made.body.params.clone(), made.sizes.clone());
    let mut b = Builder::new(&mut made.values);
    let tys: Vec<Ty> = wrt.iter().map(|&k| b.values.ty(params[k]).clone()).collect();
    let mut primal = f.clone();
    optimize(&mut primal);
    let mut returned = splice(&mut b, &primal, &outer, &[]);
    let out_tys: Vec<Ty> = results.iter().map(|&r| b.values.ty(returned[r]).clone()).collect();
    // The seeds' own lengths are sizes of the derivative, after those of the function.
    let lens = out_tys.iter().flat_map(|ty| reverse::computed(&sizes, ty));
    outer.splice(sizes.len()..sizes.len(), lens);
    for (p, ty) in out_tys.iter().enumerate() {
        let zeros: Vec<Value> = tys.iter().map(|t| zero(&mut b, &block_type(ty, t))).collect();
        let row = each(&mut b, ty.shape(), &mut Vec::new(), &zeros, &mut |b, at, carried| {
            let seed =
                |b: &mut Builder, q: usize| if q == p { unit(b, ty, at) } else { zero(b, &out_tys[q]) };
            let seeds: Vec<Value> = (0..out_tys.len()).map(|q| seed(b, q)).collect();
            let out = splice(b, pullback, &outer, &seeds);
            let cotangents = &out[f.body.results.len()..];
            cotangents.iter().zip(carried).map(|(&t, &m)| place(b, m, at, t, &[])).collect()
        });
        returned.extend(row);
    }
    let insts = b.finish();
    made.body.insts = insts;
    made.body.results = returned;
    made
}
