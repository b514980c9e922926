//! Violations that no text can express, since the parser refuses them. The others are in the filetests.

use pullback_kernels::ir::{Extent, Func, Kind, Lit, Module, Scalar, Ty, Value, parse, verify};

fn module() -> Module {
    let text = "fn @f(%a: f64, %x: f64[%n]) -> f64 {
        %b = mul %a, %a
        %s = fold sum (%i < %n) { %xi = index %x[%i] yield %xi }
        %c = const true: bool
        %r = if %c { yield %b } else { yield %a }
        return %s
    }";
    let module = parse(text).unwrap();
    assert_eq!(verify(&module).map_err(|v| v.len()), Ok(()));
    module
}

/// The violations after a change of the function.
fn after(change: impl FnOnce(&mut Func)) -> Vec<String> {
    let mut module = module();
    change(&mut module.funcs[0]);
    verify(&module).unwrap_err().into_iter().map(|v| v.0).collect()
}

fn find(func: &Func, name: &str) -> Value {
    func.values.iter().find(|&v| func.values[v].name == name).unwrap()
}

#[test]
fn values_that_are_not_in_the_table() {
    let found = after(|f| f.body.results = vec![Value(99)]);
    assert_eq!(found, ["@f: %undefined.99 is not in the table of values"]);
}

#[test]
fn values_that_are_not_defined() {
    let found = after(|f| drop(f.body.insts.remove(0)));
    assert_eq!(
        found,
        ["@f: %b is not defined where yield reads it"].map(|s| s.replace("%b", "%undefined.3"))
    );
}

#[test]
fn values_that_are_defined_twice() {
    let found = after(|f| {
        let again = f.body.insts[0].clone();
        f.body.insts.insert(1, again);
    });
    assert_eq!(found, ["@f: %b is defined twice"]);
}

#[test]
fn recorded_types_that_are_not_the_inferred_ones() {
    let found = after(|f| {
        let b = find(f, "b");
        f.values[b].ty = Scalar::F32.into();
    });
    assert!(found.contains(&"@f: %b is a f64, not a f32".to_string()), "{found:?}");
    assert!(found.iter().any(|m| m.contains("the branches differ in type")), "{found:?}");
}

#[test]
fn instructions_with_the_wrong_number_of_results() {
    let found = after(|f| {
        let extra = f.values.add(Scalar::F64.into(), "extra");
        f.body.insts[0].results.push(extra);
    });
    assert_eq!(found, ["@f: %b, %extra: 2 names for 1 results"]);
}

#[test]
fn ill_typed_operands() {
    let found = after(|f| {
        let x = find(f, "x");
        f.body.insts[0].kind = Kind::Op(pullback_kernels::ops::Op::Mul, vec![x, x]);
    });
    assert_eq!(found, ["@f: %b: a scalar operation on something that is no number"]);
}

#[test]
fn malformed_heads() {
    let found = after(|f| {
        let lost = f.values.add(Scalar::I64.into(), "lost");
        f.sizes.push(lost);
        f.returns = vec![Ty::Array(Scalar::F64, vec![Extent::Const(3)])];
    });
    assert_eq!(
        found,
        [
            "@f: the size %undefined.9 is no extent of a parameter",
            "@f: only an external function declares results"
        ]
    );
}

#[test]
fn blocks_with_the_wrong_parameters() {
    let found = after(|f| {
        let extra = f.values.add(Scalar::F64.into(), "extra");
        let Kind::If { then, .. } = &mut f.body.insts[3].kind else { panic!("the branch") };
        then.params.push(extra);
    });
    assert_eq!(found, ["@f: %r: the blocks of a branch have no parameters"]);
    let found = after(|f| {
        let Kind::Nest(nest) = &mut f.body.insts[1].kind else { panic!("the fold") };
        nest.body.params.clear();
    });
    assert!(found.iter().any(|m| m.contains("the body of a nest takes indices")), "{found:?}");
}

#[test]
fn packs_that_overflow() {
    let found = after(|f| {
        let a = find(f, "a");
        f.body.insts[0].kind = Kind::Pack { elems: vec![a], shape: vec![i64::MAX, i64::MAX] };
    });
    assert_eq!(found, ["@f: %b: pack: the shape is not positive"]);
}

#[test]
fn functions_of_one_name_and_calls_that_go_in_circles() {
    let mut twice = module();
    twice.funcs.push(twice.funcs[0].clone());
    assert_eq!(verify(&twice).unwrap_err()[0].0, "@f: defined twice");
    let found = after(|f| {
        let (a, x) = (find(f, "a"), find(f, "x"));
        f.body.insts[0].kind = Kind::Call { func: "f".into(), args: vec![a, x] };
        f.body.insts[2].kind = Kind::Call { func: "g".into(), args: vec![] };
    });
    assert_eq!(found, ["@f: %b: @f must stand above its callers", "@f: %c: there is no function @g"]);
}

#[test]
fn every_violation_is_reported() {
    let found = after(|f| {
        f.body.insts[2].kind = Kind::Const(Lit::I64(1));
        f.body.insts.remove(0);
    });
    assert!(found.len() >= 2, "{found:?}");
}

#[test]
fn loops_whose_index_is_no_integer() {
    let mut module = parse("fn @f() -> () { for (%k < 3) { yield } return }").unwrap();
    let k = find(&module.funcs[0], "k");
    module.funcs[0].values[k].ty = Scalar::F64.into();
    assert_eq!(
        verify(&module).unwrap_err()[0].0,
        "@f: an instruction without results: the index of a loop is an i64"
    );
}

#[test]
fn external_functions_with_code_or_unknown_extents() {
    let found = after(|f| {
        let b = find(f, "b");
        f.external = Some("a::path".into());
        f.returns = vec![Ty::Array(Scalar::F64, vec![Extent::Value(b)])];
    });
    assert_eq!(found, ["@f: an external function has no code", "@f: the extent %b of a result is no size"]);
}

#[test]
fn calls_of_malformed_functions() {
    let mut module =
        parse("fn @g(%a: f64) -> f64 { return %a } fn @f(%a: f64) -> f64 { %b = call @g(%a) return %b }")
            .unwrap();
    module.funcs[0].body.results = vec![Value(99)];
    module.funcs[1].rule = Some(pullback_kernels::ir::Rule { func: "g".into(), wrt: vec![0] });
    let found: Vec<String> = verify(&module).unwrap_err().into_iter().map(|v| v.0).collect();
    assert_eq!(
        found,
        [
            "@g: %undefined.99 is not in the table of values",
            "@f: its rule @g is malformed itself",
            "@f: %b: @g is malformed itself"
        ]
    );
}
