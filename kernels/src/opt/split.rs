//! Nests with very many reductions become several with fewer each, for back ends that keep the numbers under way in
//! registers. What the parts have in common is computed in each of them. Not part of [`finish`](super::finish): a back
//! end that wants it calls it afterwards.

use crate::ir::{Block, Func, Inst, Kind, Nest, Out, Reduce, Renamer, Scalar, Value, Values};

/// The most 32-bit words of reductions that a nest keeps under way: somewhat more than a third of the registers that a GPU gives a
/// thread. With more, `ptxas` spills for the newest GPUs.
pub const WORDS: usize = 96;

/// Splits nests that are in no other nest. Those that accumulate stay as they are.
pub fn run(f: &mut Func) {
    let mut body = std::mem::take(&mut f.body);
    block(&mut f.values, &mut body);
    f.body = body;
    super::dce::run(f);
}

fn block(values: &mut Values, block_: &mut Block) {
    let mut insts = Vec::new();
    for mut inst in std::mem::take(&mut block_.insts) {
        match &inst.kind {
            Kind::Nest(nest) if nest.accs.is_empty() => insts.extend(parts(values, nest, &inst)),
            Kind::Nest(_) => insts.push(inst),
            _ => {
                inst.kind.blocks_mut().into_iter().for_each(|b| block(values, b));
                insts.push(inst);
            }
        }
    }
    block_.insts = insts;
}

/// The words of a reduction under way; none of what is an array.
fn words(values: &Values, out: Out, v: Value) -> usize {
    let Out::Fold(reduce) = out else { return 0 };
    let wide = !matches!(values.ty(v).elem(), Some(Scalar::F32 | Scalar::I32 | Scalar::Bool));
    let position = matches!(reduce, Reduce::ArgMax | Reduce::ArgMin);
    1 + usize::from(wide) + 2 * usize::from(position)
}

/// The nest, or several with about equally many words of reductions each. Arrays stay with the first.
fn parts(values: &mut Values, nest: &Nest, inst: &Inst) -> Vec<Inst> {
    let outs = nest.outs.iter().zip(&nest.body.results);
    let words: Vec<usize> = outs.map(|(&out, &v)| words(values, out, v)).collect();
    let total: usize = words.iter().sum();
    let mut groups = vec![Vec::new(); total.div_ceil(WORDS).max(1)];
    let mut before = 0;
    for (k, &n) in words.iter().enumerate() {
        // Arrays are the first nest's, wherever they stand.
        let group = if n == 0 { 0 } else { before * groups.len() / total };
        groups[group].push(k);
        before += n;
    }
    let mut made = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let body = match number {
            0 => nest.body.clone(),
            _ => Renamer::default().block(values, None, &nest.body),
        };
        let body = Block { results: group.iter().map(|&k| body.results[k]).collect(), ..body };
        let outs = group.iter().map(|&k| nest.outs[k]).collect();
        let results = group.iter().map(|&k| inst.results[k]).collect();
        let part = Nest { domain: nest.domain.clone(), accs: Vec::new(), body, outs };
        made.push(Inst { results, kind: Kind::Nest(part), loc: inst.loc });
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Datum, Lit, eval, parse, verify};

    /// Powers of the elements, as many sums as asked for, and an array in the midst.
    fn powers(sums: usize) -> String {
        let (mut body, mut outs, mut yields) = (String::new(), Vec::new(), Vec::new());
        for k in 0..sums {
            let before = if k == 0 { "%xi".to_string() } else { format!("%p{}", k - 1) };
            body.push_str(&format!("    %p{k} = mul {before}, %xi\n"));
            outs.push("fold sum");
            yields.push(format!("%p{k}"));
            if k == sums / 2 {
                outs.push("build");
                yields.push(format!("%p{k}"));
            }
        }
        let results: Vec<String> = (0..outs.len()).map(|k| format!("%r{k}")).collect();
        let types: Vec<&str> = outs.iter().map(|o| if *o == "build" { "f64[%n]" } else { "f64" }).collect();
        format!(
            "fn @f(%x: f64[%n]) -> ({}) {{\n  {} = nest (%i < %n) outs ({}) {{\n    %xi = index %x[%i]\n{body}    yield {}\n  }}\n  return {}\n}}",
            types.join(", "),
            results.join(", "),
            outs.join(", "),
            yields.join(", "),
            results.join(", ")
        )
    }

    #[test]
    fn results_stay() {
        let x = crate::ir::Array {
            elem: Scalar::F64,
            shape: vec![3],
            data: [0.5, -1.25, 2.0].map(Lit::F64).to_vec(),
        };
        // An f64 is two words.
        let most = WORDS / 2;
        for (sums, nests) in [(1, 1), (most, 1), (most + 1, 2), (3 * most + 10, 4)] {
            let mut module = parse(&powers(sums)).expect("the text is right");
            let args = [Datum::Array(x.clone())];
            let want = eval(&module, "f", &args).expect("a value");
            run(module.funcs.last_mut().expect("a function"));
            assert!(verify(&module).is_ok(), "{module}");
            assert_eq!(module.entry().body.insts.len(), nests, "{sums} sums");
            assert_eq!(eval(&module, "f", &args).expect("a value"), want, "{sums} sums");
        }
    }
}
