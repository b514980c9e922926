//! Random well-typed functions: loops, branches, nests, arrays and scalar code that stays in bounds and is smooth almost
//! everywhere, so that results can be compared and derivatives checked against differences.
//!
//! Every float has a bound that is known while the code is made; what grows too large is scaled down. Every index is
//! below the extent it is used with: loop indices over that extent, or numbers that are clamped to it.

mod regions;
mod scalars;

use std::collections::HashMap;

use pullback_kernels::ir::{Array, Builder, Datum, Extent, Func, Lit, Module, Scalar, Ty, Value, Values};

use crate::random::Random;

/// A function and arguments for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The function is the last one; others are called by it.
    pub module: Module,
    /// Arguments of the function.
    pub args: Vec<Datum>,
}

impl Case {
    /// The float parameters.
    pub fn wrt(&self) -> Vec<usize> {
        let f = self.module.entry();
        (0..f.params().len()).filter(|&i| f.values.ty(f.params()[i]).is_float()).collect()
    }
}

/// The case of a seed.
pub fn case(seed: u64) -> Case {
    let mut rng = Random::new(seed);
    let mut funcs = Vec::new();
    if rng.chance(40) {
        funcs.push(helper(&mut rng));
    }
    let (n, m) = (1 + rng.below(4) as i64, 1 + rng.below(3) as i64);
    let mut main = Func::new("main");
    let (params, args) = params(&mut rng, &mut main, n, m);
    body(&mut rng, &mut main, &params, funcs.first(), 14);
    funcs.push(main);
    Case { module: Module { funcs }, args }
}

/// A small function of two numbers, an array and an index that loops and branches, to be called.
fn helper(rng: &mut Random) -> Func {
    let mut f = Func::new("helper");
    let n = f.values.add(Scalar::I64.into(), "n");
    f.sizes.push(n);
    let params = vec![
        f.values.add(Scalar::F64.into(), "a"),
        f.values.add(Ty::Array(Scalar::F64, vec![Extent::Value(n)]), "x"),
    ];
    body(rng, &mut f, &params, None, 5);
    f
}

/// Parameters in a random order, the sizes `n` and `m`, and arguments.
fn params(rng: &mut Random, f: &mut Func, n: i64, m: i64) -> (Vec<Value>, Vec<Datum>) {
    let (sn, sm) = (f.values.add(Scalar::I64.into(), "n"), f.values.add(Scalar::I64.into(), "m"));
    f.sizes = vec![sn, sm];
    let (en, em) = (Extent::Value(sn), Extent::Value(sm));
    let mut shapes = vec![vec![], vec![], vec![en], vec![en, em]];
    let more: [&[Extent]; 5] = [&[], &[en], &[em], &[em, en], &[Extent::Const(3)]];
    (0..rng.below(3)).for_each(|_| shapes.push(rng.pick(&more).to_vec()));
    let length = |e: &Extent| match *e {
        Extent::Const(c) => c as usize,
        Extent::Value(v) => {
            if v == sn {
                n as usize
            } else {
                m as usize
            }
        }
    };
    let (mut params, mut args) = (Vec::new(), Vec::new());
    for (i, shape) in shapes.iter().enumerate() {
        let dims: Vec<usize> = shape.iter().map(length).collect();
        let data: Vec<Lit> =
            (0..dims.iter().product::<usize>()).map(|_| Lit::F64(rng.between(-1.9, 1.9))).collect();
        if shape.is_empty() {
            params.push(f.values.add(Scalar::F64.into(), ["a", "b", "c"][i % 3]));
            args.push(Datum::Scalar(data[0]));
        } else {
            params.push(f.values.add(Ty::Array(Scalar::F64, shape.clone()), ["x", "y", "z"][i % 3]));
            args.push(Datum::Array(Array { elem: Scalar::F64, shape: dims, data }));
        }
    }
    params.push(f.values.add(Scalar::I64.into(), "count"));
    args.push(Datum::Scalar(Lit::I64(rng.below(4) as i64)));
    (params, args)
}

fn body(rng: &mut Random, f: &mut Func, params: &[Value], helper: Option<&Func>, statements: usize) {
    f.body.params = params.to_vec();
    let mut values = std::mem::take(&mut f.values);
    let mut g = Gen {
        rng,
        helper,
        bounds: HashMap::new(),
        floats: Vec::new(),
        arrays: Vec::new(),
        bools: Vec::new(),
        indices: Vec::new(),
        extents: f.sizes.iter().map(|&s| Extent::Value(s)).chain([Extent::Const(3)]).collect(),
        counts: Vec::new(),
        depth: 0,
        work: 1,
        b: Builder::new(&mut values),
    };
    for &p in params {
        match g.b.values.ty(p) {
            Ty::Scalar(Scalar::I64) => g.counts.push(p),
            _ => g.add(p, 2.0),
        }
    }
    (0..statements).for_each(|_| g.statement());
    f.body.results = g.results(&f.sizes);
    f.body.insts = g.b.finish();
    f.values = values;
}

/// The state of a function that is being made. What is in the lists is in scope.
struct Gen<'g> {
    rng: &'g mut Random,
    helper: Option<&'g Func>,
    b: Builder<'g>,
    /// The largest magnitude of each float, or of each array's elements.
    bounds: HashMap<Value, f64>,
    floats: Vec<Value>,
    arrays: Vec<Value>,
    bools: Vec<Value>,
    /// Integers that are at least 0 and below an extent.
    indices: Vec<(Value, Extent)>,
    /// Extents that are at least 1.
    extents: Vec<Extent>,
    /// Small integers.
    counts: Vec<Value>,
    depth: usize,
    /// About how often the current block runs.
    work: usize,
}

/// What is in scope, to come back to.
struct Mark([usize; 6], usize);

impl Gen<'_> {
    fn values(&self) -> &Values {
        self.b.values
    }

    /// Makes a float or an array of floats known.
    fn add(&mut self, v: Value, bound: f64) {
        self.bounds.insert(v, bound);
        if self.values().ty(v).is_array() { self.arrays.push(v) } else { self.floats.push(v) }
    }

    fn mark(&self) -> Mark {
        let lists = [&self.floats, &self.arrays, &self.bools, &self.counts].map(Vec::len);
        let [a, b, c, d] = lists;
        Mark([a, b, c, d, self.indices.len(), self.extents.len()], self.work)
    }

    fn back_to(&mut self, mark: Mark) {
        let [a, b, c, d, e, g] = mark.0;
        self.floats.truncate(a);
        self.arrays.truncate(b);
        self.bools.truncate(c);
        self.counts.truncate(d);
        self.indices.truncate(e);
        self.extents.truncate(g);
        self.work = mark.1;
    }

    /// A few results: at least one float, and arrays whose extents a caller knows.
    fn results(&mut self, sizes: &[Value]) -> Vec<Value> {
        let known =
            |e: &Extent| matches!(e, Extent::Const(_)) || matches!(e, Extent::Value(v) if sizes.contains(v));
        let mut results = vec![self.late_float()];
        for _ in 0..self.rng.below(3) {
            let v = self.rng.pick(&self.arrays);
            if self.rng.chance(60) && self.values().ty(v).shape().iter().all(known) {
                results.push(v);
            } else {
                results.push(self.late_float());
            }
        }
        results
    }

    /// A float in scope, more often one that was made late.
    fn late_float(&mut self) -> Value {
        let (a, b) = (self.rng.below(self.floats.len()), self.rng.below(self.floats.len()));
        self.floats[a.max(b)]
    }

    /// A value with a bound of at most `bound`: itself, or scaled down.
    fn tame(&mut self, v: Value, bound: f64) -> Value {
        let has = self.bounds[&v];
        if has <= bound {
            return v;
        }
        let scale = self.b.number(Scalar::F64, bound / has);
        let scaled = self.b.op(pullback_kernels::ops::Op::Mul, &[v, scale]);
        self.bounds.insert(scaled, bound);
        scaled
    }

    /// A float that is at most 2.
    fn small(&mut self) -> Value {
        let v = self.late_float();
        self.tame(v, 2.0)
    }
}
