//! The types of an instruction's results, from its operands: one place for the builder, the parser and the verifier.

use super::{Contract, Extent, Kind, Nest, Out, Reduce, Scalar, Ty, Values};

/// The types of the results of an instruction, or a sentence that says what is wrong with it.
///
/// [`Kind::Call`] and [`Kind::Pop`] have no inferable results: the caller knows them.
pub fn infer(values: &Values, kind: &Kind) -> Result<Vec<Ty>, String> {
    match kind {
        Kind::Const(lit) => Ok(vec![lit.ty().into()]),
        Kind::Op(op, args) => {
            let tys = args.iter().map(|&a| scalar(values.ty(a))).collect::<Result<Vec<_>, _>>()?;
            Ok(vec![op.result(&tys)?.into()])
        }
        Kind::Index { array, at } => {
            let elem = element(values.ty(*array), at.len())?;
            at.iter().try_for_each(|&i| expect(values.ty(i), Scalar::I64))?;
            Ok(vec![elem.into()])
        }
        Kind::Update { array, at, value } | Kind::Accum { array, at, value } => {
            let elem = element(values.ty(*array), at.len())?;
            at.iter().try_for_each(|&i| expect(values.ty(i), Scalar::I64))?;
            expect(values.ty(*value), elem)?;
            Ok(vec![values.ty(*array).clone()])
        }
        Kind::Pack { elems, shape } => pack(values, elems, shape),
        Kind::Nest(nest) => nest_types(values, nest),
        Kind::If { cond, then, els } => {
            expect(values.ty(*cond), Scalar::Bool)?;
            let (a, b) = (types(values, &then.results), types(values, &els.results));
            same("the branches", &a, &b)?;
            Ok(a)
        }
        Kind::Serial(body) => Ok(types(values, &body.results)),
        Kind::For { init, body, .. } => {
            let carried = types(values, init);
            let params = types(values, body.params.get(1..).unwrap_or(&[]));
            same("the carried parameters and the initial values", &carried, &params)?;
            same("the carried results and the initial values", &carried, &types(values, &body.results))?;
            Ok(carried)
        }
        Kind::While { init, cond, body } => {
            let carried = types(values, init);
            same(
                "the condition's parameters and the initial values",
                &carried,
                &types(values, &cond.params),
            )?;
            same("the condition", &[Scalar::Bool.into()], &types(values, &cond.results))?;
            same("the carried parameters and the initial values", &carried, &types(values, &body.params))?;
            same("the carried results and the initial values", &carried, &types(values, &body.results))?;
            Ok(carried)
        }
        Kind::Contract { kind, args } => contract(values, *kind, args),
        Kind::Call { .. } => Err("a call's results are its function's".into()),
        Kind::Checkpoint => Ok(Vec::new()),
        Kind::Tape => Ok(vec![Ty::Tape]),
        Kind::Push { tape, .. } => match values.ty(*tape) {
            Ty::Tape => Ok(vec![Ty::Tape]),
            _ => Err("push wants a tape".into()),
        },
        Kind::Pop { .. } => Err("a pop's type is written".into()),
        Kind::Assert { cond, .. } => expect(values.ty(*cond), Scalar::Bool).map(|()| Vec::new()),
    }
}

fn types(values: &Values, vs: &[super::Value]) -> Vec<Ty> {
    vs.iter().map(|&v| values.ty(v).clone()).collect()
}

fn scalar(ty: &Ty) -> Result<Scalar, String> {
    match ty {
        Ty::Scalar(s) => Ok(*s),
        _ => Err("a scalar operation on something that is no number".into()),
    }
}

fn expect(ty: &Ty, want: Scalar) -> Result<(), String> {
    match ty {
        Ty::Scalar(s) if *s == want => Ok(()),
        _ => Err(format!("expected a value of type {}", want.name())),
    }
}

fn element(ty: &Ty, rank: usize) -> Result<Scalar, String> {
    match ty {
        Ty::Array(s, shape) if shape.len() == rank => Ok(*s),
        Ty::Array(_, shape) => Err(format!("{rank} indices into an array of rank {}", shape.len())),
        _ => Err("indexing something that is no array".into()),
    }
}

fn same(what: &str, a: &[Ty], b: &[Ty]) -> Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("{what} differ in type")) }
}

fn pack(values: &Values, elems: &[super::Value], shape: &[i64]) -> Result<Vec<Ty>, String> {
    let count: i64 = shape.iter().product();
    if shape.is_empty() || count != elems.len() as i64 || elems.is_empty() {
        return Err("pack: the shape and the number of elements differ".into());
    }
    let elem = scalar(values.ty(elems[0]))?;
    elems.iter().try_for_each(|&e| expect(values.ty(e), elem))?;
    Ok(vec![Ty::Array(elem, shape.iter().map(|&n| Extent::Const(n)).collect())])
}

fn nest_types(values: &Values, nest: &Nest) -> Result<Vec<Ty>, String> {
    let accs = types(values, &nest.accs);
    let (ni, na) = (nest.domain.len(), nest.accs.len());
    if nest.body.params.len() != ni + na || nest.body.results.len() != na + nest.outs.len() {
        return Err(
            "the body of a nest takes indices and accumulators, and yields accumulators and outs".into()
        );
    }
    nest.body.params[..ni].iter().try_for_each(|&i| expect(values.ty(i), Scalar::I64))?;
    same("accumulators", &accs, &types(values, &nest.body.params[ni..]))?;
    same("accumulators", &accs, &types(values, &nest.body.results[..na]))?;
    let mut result = accs;
    for (out, &v) in nest.outs.iter().zip(&nest.body.results[na..]) {
        let elem = scalar(values.ty(v))?;
        result.push(match out {
            Out::Build => Ty::Array(elem, nest.domain.clone()),
            Out::Fold(r) => fold_type(*r, elem)?.into(),
        });
    }
    Ok(result)
}

fn fold_type(reduce: Reduce, elem: Scalar) -> Result<Scalar, String> {
    match (reduce, elem) {
        (Reduce::All | Reduce::Any, Scalar::Bool) => Ok(Scalar::Bool),
        (Reduce::All | Reduce::Any, _) | (_, Scalar::Bool) => {
            Err(format!("{} of {}", reduce.name(), elem.name()))
        }
        (Reduce::ArgMax | Reduce::ArgMin, _) => Ok(Scalar::I64),
        _ => Ok(elem),
    }
}

fn contract(values: &Values, kind: Contract, args: &[super::Value]) -> Result<Vec<Ty>, String> {
    let mut arrays = Vec::new();
    for &v in args {
        match values.ty(v) {
            Ty::Array(elem, shape) if elem.is_float() => arrays.push((*elem, shape.as_slice())),
            _ => return Err(format!("{} takes arrays of floats", kind.name())),
        }
    }
    let elem = arrays.first().map_or(Scalar::F64, |a| a.0);
    if arrays.iter().any(|a| a.0 != elem) {
        return Err("a contraction of different element types".into());
    }
    let flip = |m: &[Extent], t: bool| if t { (m[1], m[0]) } else { (m[0], m[1]) };
    let shapes: Vec<&[Extent]> = arrays.iter().map(|a| a.1).collect();
    let shape = match (kind, shapes.as_slice()) {
        (Contract::MatMul { ta, tb }, [a @ [_, _], b @ [_, _]]) => {
            let ((i, k), (k2, j)) = (flip(a, ta), flip(b, tb));
            (k == k2).then(|| vec![i, j])
        }
        (Contract::MatVec { ta }, [a @ [_, _], [n]]) => {
            let (i, k) = flip(a, ta);
            (k == *n).then(|| vec![i])
        }
        (Contract::Solve { .. }, [[n, m], b @ ([k] | [_, k])]) => (n == m && n == k).then(|| b.to_vec()),
        (Contract::Inverse | Contract::Cofactor | Contract::Cholesky, [a @ [n, m]]) => {
            (n == m).then(|| a.to_vec())
        }
        (Contract::Det, [[n, m]]) => (n == m).then(Vec::new),
        _ => return Err(format!("{} of the wrong number or rank of arrays", kind.name())),
    };
    match shape {
        Some(shape) if shape.is_empty() => Ok(vec![elem.into()]),
        Some(shape) => Ok(vec![Ty::Array(elem, shape)]),
        None => Err("the inner extents of a contraction differ".into()),
    }
}
