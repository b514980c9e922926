//! Whether parameters, gradient and memory fit together.

use super::LeafError;
use crate::leaves::{Leaf, Leaves, LeavesMut, Order, Path};

/// Compares the leaves of parameters with `others`, those of `value`, which messages call `whole`, and its parts `part`.
pub(super) fn compare<'a>(
    params: &dyn LeavesMut,
    mut others: impl Iterator<Item = Leaf<'a>>,
    value: &dyn Leaves,
    whole: &'static str,
    part: &'static str,
) -> Result<(), LeafError> {
    let (mut result, mut count) = (Ok(()), 0);
    params.visit(Path::ROOT, &mut |path, param| {
        if result.is_ok() {
            result = match others.next() {
                Some(other) => compare_leaves(&path, &param, &other, part),
                None => {
                    Err(LeafError::Count { leaf: path.to_string(), with: "the parameters", without: whole })
                }
            };
        }
        count += 1;
    });
    if result.is_ok() && others.next().is_some() {
        let leaf = crate::leaves::names(&value).swap_remove(count);
        return Err(LeafError::Count { leaf, with: whole, without: "the parameters" });
    }
    result
}

fn compare_leaves(
    path: &Path<'_>,
    param: &Leaf<'_>,
    other: &Leaf<'_>,
    part: &'static str,
) -> Result<(), LeafError> {
    let leaf = || path.to_string();
    if param.shape != other.shape {
        return Err(LeafError::Shape {
            leaf: leaf(),
            parameter: param.shape.dims().to_vec(),
            other: part,
            shape: other.shape.dims().to_vec(),
        });
    }
    let (ours, theirs) = (param.numbers.type_name(), other.numbers.type_name());
    if ours != theirs {
        return Err(LeafError::Kind {
            leaf: leaf(),
            parameter: ours.into(),
            other: part,
            kind: theirs.into(),
        });
    }
    if param.order != other.order && !param.shape.lies_one_way() {
        let word = |order| if order == Order::RowMajor { "row-major" } else { "column-major" };
        let (parameter, kind) = (word(param.order).into(), word(other.order).into());
        return Err(LeafError::Kind { leaf: leaf(), parameter, other: part, kind });
    }
    Ok(())
}

/// Where parameters and gradient both have names, these must agree: leaves of equal shape may stand in the wrong order.
pub(super) fn compare_names(params: &dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
    let name = |path: &str| {
        let last = path.rsplit('.').next().unwrap_or("");
        (!last.is_empty() && last.parse::<usize>().is_err()).then(|| last.to_string())
    };
    for (parameter, gradient) in crate::leaves::names(&params).into_iter().zip(crate::leaves::names(&grad)) {
        if let (Some(ours), Some(theirs)) = (name(&parameter), name(&gradient))
            && ours != theirs
        {
            return Err(LeafError::Name { parameter, gradient });
        }
    }
    Ok(())
}

/// Parameters and gradient must be in the same memory, all of those on GPUs on the same one.
pub(super) fn compare_places(params: &dyn LeavesMut, gradient: &[Leaf<'_>]) -> Result<(), LeafError> {
    let (mut result, mut others) = (Ok(()), gradient.iter());
    let mut first = None;
    params.visit(Path::ROOT, &mut |path, param| {
        let Some(other) = others.next() else { return };
        let (ours, theirs) = (param.numbers.device(), other.numbers.device());
        let whole = if ours.is_cpu() { &ours } else { first.get_or_insert_with(|| ours.clone()) };
        let differs =
            [("its gradient", &theirs), ("another parameter", whole)].into_iter().find(|(_, d)| **d != ours);
        if let (Ok(()), Some((other, device))) = (&result, differs) {
            let (parameter, kind) = (format!("on {ours}"), format!("on {device}"));
            result = Err(LeafError::Kind { leaf: path.to_string(), parameter, other, kind });
        }
    });
    result
}
