//! Factorisations of large matrices, or of any size: eliminations step by step, each step nests over the whole matrix.

use crate::ir::{Block, Contract, Extent, Func, Inst, Kind, Values};
use crate::ptx::{Routines, factorised};

use super::known::{self, Facts};

/// Matrices of at most so many rows are factorised by one thread.
const MAX_ROWS: i64 = 16;

/// Writes factorisations that one thread should not do as loops around nests.
pub(super) fn run(f: &mut Func) {
    let facts = Facts::of(f);
    let mut body = std::mem::take(&mut f.body);
    block(&mut f.values, &facts, &mut body);
    f.body = body;
}

fn block(values: &mut Values, facts: &Facts, b: &mut Block) {
    let mut insts = Vec::new();
    for mut inst in std::mem::take(&mut b.insts) {
        if known::is_control(&inst) && !facts.one_thread(values, &inst) {
            inst.kind.blocks_mut().into_iter().for_each(|b| block(values, facts, b));
        }
        match &inst.kind {
            Kind::Contract { kind, .. } if !kind.is_product() && !is_small(values, &inst) => {
                insts.extend(factorised(values, &inst, &NESTS));
            }
            _ => insts.push(inst),
        }
    }
    b.insts = insts;
}

/// Whether one thread should do a product or factorisation.
pub(super) fn is_small(values: &Values, inst: &Inst) -> bool {
    let Kind::Contract { kind, args } = &inst.kind else { return false };
    // Cofactors are as many determinants as the matrix has elements.
    let most = if *kind == Contract::Cofactor { MAX_ROWS / 4 } else { MAX_ROWS };
    let few = |e: &Extent| matches!(e, Extent::Const(n) if *n <= most);
    args.iter().all(|&a| values.ty(a).shape().iter().all(few))
}

/// The routines: nests in sequential loops.
const NESTS: Routines = Routines { solve: SOLVE, det: DET, cholesky: CHOLESKY };

/// Elimination with partial pivoting, the right sides being rows; then a column after the other from the last.
const SOLVE: &str = "fn @solve(%a: {T}[%n, %n], %b: {T}[%m, %n]) -> {T}[%m, %n] {
  %u, %y = for (%k < %n) carry (%u0 = %a, %y0 = %b) {
    %p = fold argmax (%i < %n) {
      %minus = const -1.0: {T}
      %v = index %u0[%i, %k]
      %size = abs %v
      %above = lt %i, %k
      %s = select %above, %minus, %size
      yield %s
    }
    %u1 = build (%i1 < %n, %j < %n) {
      %zero = const 0.0: {T}
      %pivot = index %u0[%p, %k]
      %regular = ne %pivot, %zero
      assert %regular, \"a singular system of equations\"
      %top = eq %i1, %k
      %swapped = eq %i1, %p
      %other = select %swapped, %k, %i1
      %row = select %top, %p, %other
      %first = index %u0[%row, %k]
      %times = div %first, %pivot
      %c1 = index %u0[%p, %j]
      %c2 = mul %times, %c1
      %c3 = index %u0[%row, %j]
      %c4 = sub %c3, %c2
      %below = gt %i1, %k
      %c5 = select %below, %c4, %c3
      yield %c5
    }
    %y1 = build (%r < %m, %i2 < %n) {
      %pivot.1 = index %u0[%p, %k]
      %top.1 = eq %i2, %k
      %swapped.1 = eq %i2, %p
      %other.1 = select %swapped.1, %k, %i2
      %row.1 = select %top.1, %p, %other.1
      %first.1 = index %u0[%row.1, %k]
      %times.1 = div %first.1, %pivot.1
      %d1 = index %y0[%r, %p]
      %d2 = mul %times.1, %d1
      %d3 = index %y0[%r, %row.1]
      %d4 = sub %d3, %d2
      %below.1 = gt %i2, %k
      %d5 = select %below.1, %d4, %d3
      yield %d5
    }
    yield %u1, %y1
  }
  %x = for rev (%k1 < %n) carry (%x0 = %y) {
    %x1 = build (%r1 < %m, %i3 < %n) {
      %last = index %u[%k1, %k1]
      %e1 = index %x0[%r1, %k1]
      %e2 = div %e1, %last
      %e3 = index %u[%i3, %k1]
      %e4 = mul %e3, %e2
      %e5 = index %x0[%r1, %i3]
      %e6 = sub %e5, %e4
      %before = lt %i3, %k1
      %e7 = select %before, %e6, %e5
      %here = eq %i3, %k1
      %e8 = select %here, %e2, %e7
      yield %e8
    }
    yield %x1
  }
  return %x
}";

/// The product of the pivots of an elimination; what is below a pivot of 0 stays, and the product is 0.
const DET: &str = "fn @det(%a: {T}[%n, %n]) -> {T} {
  %one = const 1.0: {T}
  %minus = const -1.0: {T}
  %u, %det = for (%k < %n) carry (%u0 = %a, %d0 = %one) {
    %p = fold argmax (%i < %n) {
      %least = const -1.0: {T}
      %v = index %u0[%i, %k]
      %size = abs %v
      %above = lt %i, %k
      %s = select %above, %least, %size
      yield %s
    }
    %pivot = index %u0[%p, %k]
    %stays = eq %p, %k
    %sign = select %stays, %one, %minus
    %d1 = mul %d0, %sign
    %d2 = mul %d1, %pivot
    %u1 = build (%i1 < %n, %j < %n) {
      %zero = const 0.0: {T}
      %same = index %u0[%p, %k]
      %regular = ne %same, %zero
      %top = eq %i1, %k
      %swapped = eq %i1, %p
      %other = select %swapped, %k, %i1
      %row = select %top, %p, %other
      %first = index %u0[%row, %k]
      %times = div %first, %same
      %c1 = index %u0[%p, %j]
      %c2 = mul %times, %c1
      %c3 = index %u0[%row, %j]
      %c4 = sub %c3, %c2
      %below = gt %i1, %k
      %goes = and %below, %regular
      %c5 = select %goes, %c4, %c3
      yield %c5
    }
    yield %u1, %d2
  }
  return %det
}";

/// Row by row, from the upper triangle.
const CHOLESKY: &str = "fn @cholesky(%a: {T}[%n, %n]) -> {T}[%n, %n] {
  %start = build (%si < %n, %sj < %n) {
    %nought = const 0.0: {T}
    yield %nought
  }
  %u = for (%i < %n) carry (%u0 = %start) {
    %d = build (%j < %n) {
      %rest = fold sum (%k < %n) {
        %zero = const 0.0: {T}
        %c1 = index %u0[%k, %i]
        %c2 = index %u0[%k, %j]
        %c3 = mul %c1, %c2
        %before = lt %k, %i
        %c4 = select %before, %c3, %zero
        yield %c4
      }
      %aij = index %a[%i, %j]
      %dj = sub %aij, %rest
      yield %dj
    }
    %u1 = build (%r < %n, %c < %n) {
      %none = const 0.0: {T}
      %di = index %d[%i]
      %positive = gt %di, %none
      assert %positive, \"the Cholesky factor of a matrix that is not positive definite\"
      %root = sqrt %di
      %dc = index %d[%c]
      %quotient = div %dc, %root
      %on = eq %c, %i
      %right = gt %c, %i
      %e1 = select %right, %quotient, %none
      %e2 = select %on, %root, %e1
      %old = index %u0[%r, %c]
      %here = eq %r, %i
      %new = select %here, %e2, %old
      yield %new
    }
    yield %u1
  }
  return %u
}";
