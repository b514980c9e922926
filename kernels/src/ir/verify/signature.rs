//! What concerns a function as a whole: its parameters, results, external body and custom rule.

use super::{Verifier, extent_value, sound_head};
use crate::ir::{Extent, Func, Rule, Scalar, Ty, Value};

impl Verifier<'_> {
    pub(super) fn signature(&mut self) {
        self.sizes();
        self.external();
        if let Some(rule) = &self.func.rule {
            self.rule(rule);
        }
    }

    /// Sizes are what parameters' extents bind, and extents of parameters are sizes or earlier parameters.
    fn sizes(&mut self) {
        let func = self.func;
        let extents: Vec<Value> = func.params().iter().flat_map(|&p| values_in(func.values.ty(p))).collect();
        for &size in &func.sizes {
            if !extents.contains(&size) {
                self.report(format!("the size {} is no extent of a parameter", self.name(size)));
            }
            if *func.values.ty(size) != Ty::Scalar(Scalar::I64) {
                self.report(format!("the size {} is no i64", self.name(size)));
            }
        }
    }

    fn external(&mut self) {
        let func = self.func;
        let body = &func.body;
        if func.external.is_none() {
            if !func.returns.is_empty() {
                self.report("only an external function declares results");
            }
            return;
        }
        if !body.insts.is_empty() || !body.results.is_empty() {
            self.report("an external function has no code");
        }
        for v in func.returns.iter().flat_map(values_in) {
            if !func.sizes.contains(&v) && !body.params.contains(&v) {
                self.report(format!("the extent {} of a result is no size", self.name(v)));
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let func = self.func;
        for (i, &w) in rule.wrt.iter().enumerate() {
            match func.params().get(w) {
                Some(&p) if !func.values.ty(p).is_float() => {
                    self.report(format!("the rule's parameter {} has no derivative", self.name(p)));
                }
                Some(_) => {}
                None => self.report(format!("the rule names parameter {w}, of {}", func.params().len())),
            }
            if rule.wrt[..i].contains(&w) {
                self.report(format!("the rule names parameter {w} twice"));
            }
        }
        match self.module.get(&rule.func) {
            Some(target) if sound_head(target) => self.rule_target(rule, target),
            Some(_) => self.report(format!("its rule @{} is malformed itself", rule.func)),
            None => self.report(format!("there is no function @{} (its rule)", rule.func)),
        }
    }

    /// A rule's function takes the parameters and a cotangent per float result, and returns the cotangents.
    fn rule_target(&mut self, rule: &Rule, target: &Func) {
        let func = self.func;
        let types =
            |f: &Func, vs: &[Value]| -> Vec<Ty> { vs.iter().map(|&v| f.values.ty(v).clone()).collect() };
        let mut want = types(func, func.params());
        want.extend(func.result_types().into_iter().filter(Ty::is_float));
        let have = types(target, target.params());
        if !fits(&want, &have) {
            self.report(format!(
                "its rule @{} must take the parameters and a cotangent per result",
                rule.func
            ));
        }
        let wrt: Vec<Value> = rule.wrt.iter().filter_map(|&w| func.params().get(w).copied()).collect();
        if !fits(&types(func, &wrt), &target.result_types()) {
            self.report(format!(
                "its rule @{} must return the cotangents of the parameters it lists",
                rule.func
            ));
        }
    }
}

fn values_in(ty: &Ty) -> Vec<Value> {
    ty.shape().iter().filter_map(extent_value).collect()
}

/// Whether types of two functions are the same as far as can be known at compile time: symbolic extents fit any.
fn fits(a: &[Ty], b: &[Ty]) -> bool {
    let extent = |(a, b): (&Extent, &Extent)| match (a, b) {
        (Extent::Const(a), Extent::Const(b)) => a == b,
        _ => true,
    };
    let ty = |(a, b): (&Ty, &Ty)| {
        let same_kind = a.elem() == b.elem() && a.is_array() == b.is_array();
        same_kind && a.shape().len() == b.shape().len() && a.shape().iter().zip(b.shape()).all(extent)
    };
    a.len() == b.len() && a.iter().zip(b).all(ty)
}
