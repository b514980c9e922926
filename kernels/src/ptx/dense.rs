//! Linear algebra inside of a nest: each thread does its own, by loops.

use crate::ir::{
    Block, Builder, Contract, Extent, Inst, Kind, Reduce, Renamer, Scalar, Value, Values, parse,
};
use crate::ops::Op;

/// Whether there is linear algebra in a block.
pub(super) fn is_in(block: &Block) -> bool {
    let one = |kind: &Kind| matches!(kind, Kind::Contract { .. }) || kind.blocks().into_iter().any(is_in);
    block.insts.iter().any(|i| one(&i.kind))
}

/// What computes factorisations.
pub(crate) struct Routines {
    pub(crate) solve: &'static str,
    pub(crate) det: &'static str,
    pub(crate) cholesky: &'static str,
}

/// Those of one thread.
const LOOPS: Routines = Routines { solve: SOLVE, det: DET, cholesky: CHOLESKY };

/// Writes linear algebra as loops.
pub(super) fn as_loops(values: &mut Values, block: &mut Block) {
    let mut insts = Vec::new();
    for mut inst in std::mem::take(&mut block.insts) {
        inst.kind.blocks_mut().into_iter().for_each(|b| as_loops(values, b));
        match &inst.kind {
            Kind::Contract { kind: Contract::MatMul { ta, tb }, args } => {
                insts.extend(product(values, &inst, args, (*ta, Some(*tb))));
            }
            Kind::Contract { kind: Contract::MatVec { ta }, args } => {
                insts.extend(product(values, &inst, args, (*ta, None)));
            }
            Kind::Contract { .. } => insts.extend(factorised(values, &inst, &LOOPS)),
            _ => insts.push(inst),
        }
    }
    block.insts = insts;
}

/// A factorisation by these routines; anything else as it is.
pub(crate) fn factorised(values: &mut Values, inst: &Inst, by: &Routines) -> Vec<Inst> {
    let Kind::Contract { kind, args } = &inst.kind else { return vec![inst.clone()] };
    match kind {
        Contract::Solve { ta } => solution(values, inst, args, *ta, by),
        Contract::Inverse => inverse(values, inst, args[0], by),
        Contract::Det => called(values, by.det, args, &inst.results),
        Contract::Cofactor => called(values, COFACTOR, args, &inst.results),
        Contract::Cholesky => called(values, by.cholesky, args, &inst.results),
        Contract::MatMul { .. } | Contract::MatVec { .. } => vec![inst.clone()],
    }
}

/// A system of equations for a vector, or for each row of a matrix; the routine takes rows and a matrix to be read as it is.
fn solution(values: &mut Values, inst: &Inst, args: &[Value], ta: bool, by: &Routines) -> Vec<Inst> {
    let (mut a, b) = (args[0], args[1]);
    let [square, right] = [a, b].map(|v| values.ty(v).shape().to_vec());
    let mut builder = Builder::new(values);
    if ta {
        let original = a;
        a = builder.build(&square, |e, at| e.index(original, &[at[1], at[0]]));
    }
    if let [_, _] = right[..] {
        let mut insts = builder.finish();
        insts.extend(called(values, by.solve, &[a, b], &inst.results));
        return insts;
    }
    let one = [Extent::Const(1), right[0]];
    let row = builder.build(&one, |e, at| e.index(b, &at[1..]));
    let mut insts = builder.finish();
    let ty = values.ty(row).clone();
    let solved = values.add(ty, "");
    insts.extend(called(values, by.solve, &[a, row], &[solved]));
    let mut builder = Builder::new(values);
    builder.build(&right, |e, at| {
        let zero = e.int(0);
        e.index(solved, &[zero, at[0]])
    });
    insts.extend(builder.finish());
    insts.last_mut().expect("the nest").results.clone_from(&inst.results);
    insts
}

/// The solutions for the rows of the identity are the columns of the inverse.
fn inverse(values: &mut Values, inst: &Inst, a: Value, by: &Routines) -> Vec<Inst> {
    let ty = values.ty(a).clone();
    let (elem, shape) = (ty.elem().unwrap_or(Scalar::F64), ty.shape().to_vec());
    let mut builder = Builder::new(values);
    let identity = builder.build(&shape, |e, at| {
        let (same, one, zero) = (e.op(Op::Eq, at), e.number(elem, 1.0), e.number(elem, 0.0));
        e.op(Op::Select, &[same, one, zero])
    });
    let mut insts = builder.finish();
    let solved = values.add(ty, "");
    insts.extend(called(values, by.solve, &[a, identity], &[solved]));
    let mut builder = Builder::new(values);
    builder.build(&shape, |e, at| e.index(solved, &[at[1], at[0]]));
    insts.extend(builder.finish());
    insts.last_mut().expect("the nest").results.clone_from(&inst.results);
    insts
}

/// A routine's instructions in place of a call of it, which leave these results.
fn called(values: &mut Values, text: &str, args: &[Value], results: &[Value]) -> Vec<Inst> {
    let elem = values.ty(args[0]).elem().unwrap_or(Scalar::F64);
    let module = parse(&text.replace("{PIVOTS}", PIVOTS).replace("{T}", elem.name()))
        .unwrap_or_else(|e| panic!("a routine parses: {e}"));
    let func = module.entry();
    let mut renamer = Renamer::with(func.params().iter().copied().zip(args.iter().copied()));
    for (&p, &arg) in func.params().iter().zip(args) {
        for (&own, &given) in func.values.ty(p).shape().iter().zip(values.ty(arg).shape()) {
            match (own, given) {
                (Extent::Value(v), Extent::Const(n)) => _ = renamer.consts.insert(v, n),
                (Extent::Value(v), Extent::Value(n)) => _ = renamer.map.insert(v, n),
                _ => {}
            }
        }
    }
    let body = Block { params: Vec::new(), ..func.body.clone() };
    let mut copy = renamer.block(values, Some(&func.values), &body);
    for (&made, &wanted) in copy.results.iter().zip(results) {
        // What a routine returns, one of its instructions makes.
        for inst in &mut copy.insts {
            inst.results.iter_mut().filter(|r| **r == made).for_each(|r| *r = wanted);
        }
    }
    copy.insts
}

/// Elimination with partial pivoting, the right sides being rows.
const SOLVE: &str = "fn @solve(%a: {T}[%n, %n], %b: {T}[%m, %n]) -> {T}[%m, %n] {
  %zero = const 0.0: {T}
  %minus = const -1.0: {T}
  %u, %y = for (%k < %n) carry (%u0 = %a, %y0 = %b) {
    %p = fold argmax (%i < %n) {
      %v = index %u0[%i, %k]
      %size = abs %v
      %above = lt %i, %k
      %s = select %above, %minus, %size
      yield %s
    }
    %u1 = for (%j < %n) carry (%q0 = %u0) {
      %v1 = index %q0[%k, %j]
      %v2 = index %q0[%p, %j]
      %q1 = update %q0[%k, %j], %v2
      %q2 = update %q1[%p, %j], %v1
      yield %q2
    }
    %y1 = for (%r < %m) carry (%z0 = %y0) {
      %w1 = index %z0[%r, %k]
      %w2 = index %z0[%r, %p]
      %z1 = update %z0[%r, %k], %w2
      %z2 = update %z1[%r, %p], %w1
      yield %z2
    }
    %pivot = index %u1[%k, %k]
    %regular = ne %pivot, %zero
    assert %regular, \"a singular system of equations\"
    %u2, %y2 = for (%i1 < %n) carry (%e0 = %u1, %f0 = %y1) {
      %below = gt %i1, %k
      %e1, %f1 = if %below {
        %first = index %e0[%i1, %k]
        %times = div %first, %pivot
        %e2 = for (%j1 < %n) carry (%e3 = %e0) {
          %c1 = index %e3[%k, %j1]
          %c2 = mul %times, %c1
          %c3 = index %e3[%i1, %j1]
          %c4 = sub %c3, %c2
          %e4 = update %e3[%i1, %j1], %c4
          yield %e4
        }
        %f2 = for (%r1 < %m) carry (%f3 = %f0) {
          %d1 = index %f3[%r1, %k]
          %d2 = mul %times, %d1
          %d3 = index %f3[%r1, %i1]
          %d4 = sub %d3, %d2
          %f4 = update %f3[%r1, %i1], %d4
          yield %f4
        }
        yield %e2, %f2
      } else { yield %e0, %f0 }
      yield %e1, %f1
    }
    yield %u2, %y2
  }
  %x = for rev (%k1 < %n) carry (%x0 = %y) {
    %last = index %u[%k1, %k1]
    %x1 = for (%r2 < %m) carry (%x2 = %x0) {
      %rest = fold sum (%j2 < %n) {
        %g1 = index %u[%k1, %j2]
        %g2 = index %x2[%r2, %j2]
        %g3 = mul %g1, %g2
        %after = gt %j2, %k1
        %g4 = select %after, %g3, %zero
        yield %g4
      }
      %h1 = index %x2[%r2, %k1]
      %h2 = sub %h1, %rest
      %h3 = div %h2, %last
      %x3 = update %x2[%r2, %k1], %h3
      yield %x3
    }
    yield %x1
  }
  return %x
}";

/// The instructions of one product; by a vector if nothing says how the right factor is read.
fn product(values: &mut Values, inst: &Inst, args: &[Value], (ta, tb): (bool, Option<bool>)) -> Vec<Inst> {
    let (a, b) = (args[0], args[1]);
    let domain: Vec<Extent> = values.ty(inst.results[0]).shape().to_vec();
    let inner = values.ty(a).shape()[usize::from(!ta)];
    let mut builder = Builder::new(values);
    builder.build(&domain, |e, at| {
        e.fold(Reduce::Sum, &[inner], |e, k| {
            let left = if ta { [k[0], at[0]] } else { [at[0], k[0]] };
            let right = match tb {
                None => vec![k[0]],
                Some(false) => vec![k[0], at[1]],
                Some(true) => vec![at[1], k[0]],
            };
            let (x, y) = (e.index(a, &left), e.index(b, &right));
            e.op(Op::Mul, &[x, y])
        })
    });
    let mut insts = builder.finish();
    insts.last_mut().expect("the nest").results.clone_from(&inst.results);
    insts
}

/// The product `%det` of the pivots of an elimination of `%a`.
const PIVOTS: &str = "  %zero = const 0.0: {T}
  %one = const 1.0: {T}
  %minus = const -1.0: {T}
  %u, %det = for (%k < %n) carry (%u0 = %a, %d0 = %one) {
    %p = fold argmax (%i < %n) {
      %v = index %u0[%i, %k]
      %size = abs %v
      %above = lt %i, %k
      %s = select %above, %minus, %size
      yield %s
    }
    %u1 = for (%j < %n) carry (%q0 = %u0) {
      %v1 = index %q0[%k, %j]
      %v2 = index %q0[%p, %j]
      %q1 = update %q0[%k, %j], %v2
      %q2 = update %q1[%p, %j], %v1
      yield %q2
    }
    %pivot = index %u1[%k, %k]
    %stays = eq %p, %k
    %sign = select %stays, %one, %minus
    %d1 = mul %d0, %sign
    %d2 = mul %d1, %pivot
    %regular = ne %pivot, %zero
    %u2 = for (%i1 < %n) carry (%e0 = %u1) {
      %below = gt %i1, %k
      %goes = and %below, %regular
      %e1 = if %goes {
        %first = index %e0[%i1, %k]
        %times = div %first, %pivot
        %e2 = for (%j1 < %n) carry (%e3 = %e0) {
          %c1 = index %e3[%k, %j1]
          %c2 = mul %times, %c1
          %c3 = index %e3[%i1, %j1]
          %c4 = sub %c3, %c2
          %e4 = update %e3[%i1, %j1], %c4
          yield %e4
        }
        yield %e2
      } else { yield %e0 }
      yield %e1
    }
    yield %u2, %d2
  }";

const DET: &str = "fn @det(%a: {T}[%n, %n]) -> {T} {
{PIVOTS}
  return %det
}";

/// Determinants of the matrix with a row and a column replaced by those of the identity.
const COFACTOR: &str = "fn @cofactor(%all: {T}[%n, %n]) -> {T}[%n, %n] {
  %cofactor = build (%row < %n, %column < %n) {
    %a = build (%mi < %n, %mj < %n) {
      %none = const 0.0: {T}
      %unit = const 1.0: {T}
      %in_row = eq %mi, %row
      %in_column = eq %mj, %column
      %here = and %in_row, %in_column
      %there = or %in_row, %in_column
      %old = index %all[%mi, %mj]
      %cleared = select %there, %none, %old
      %new = select %here, %unit, %cleared
      yield %new
    }
{PIVOTS}
    yield %det
  }
  return %cofactor
}";

/// Row by row, from the upper triangle.
const CHOLESKY: &str = "fn @cholesky(%a: {T}[%n, %n]) -> {T}[%n, %n] {
  %zero = const 0.0: {T}
  %start = build (%si < %n, %sj < %n) {
    %nought = const 0.0: {T}
    yield %nought
  }
  %u = for (%i < %n) carry (%u0 = %start) {
    %u1 = for (%j < %n) carry (%w = %u0) {
      %left = lt %j, %i
      %w1 = if %left { yield %w } else {
        %rest = fold sum (%k < %n) {
          %c1 = index %w[%k, %i]
          %c2 = index %w[%k, %j]
          %c3 = mul %c1, %c2
          %before = lt %k, %i
          %c4 = select %before, %c3, %zero
          yield %c4
        }
        %aij = index %a[%i, %j]
        %d = sub %aij, %rest
        %on = eq %i, %j
        %positive = gt %d, %zero
        %off = not %on
        %fine = or %off, %positive
        assert %fine, \"the Cholesky factor of a matrix that is not positive definite\"
        %root = sqrt %d
        %uii = index %w[%i, %i]
        %quotient = div %d, %uii
        %e = select %on, %root, %quotient
        %w2 = update %w[%i, %j], %e
        yield %w2
      }
      yield %w1
    }
    yield %u1
  }
  return %u
}";
