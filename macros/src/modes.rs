//! The derivatives asked for with `modes(..)`: from the function's IR to theirs.

use pullback_kernels::ad::{self, AdError, Direction};
use pullback_kernels::ir::{Func, Module};

use crate::emit::Derived;
use crate::expand::optimised;
use crate::types::Mode;

/// The derivatives of the module's entry, in the order in which they were asked for.
pub(crate) fn derived(modes: &[Mode], module: &Module, wrt: &[usize]) -> Result<Vec<Derived>, AdError> {
    let one = |&mode: &Mode| {
        let (func, how) = transformed(mode, module, wrt)?;
        Ok(Derived { mode, func: optimised(module, func), how })
    };
    modes.iter().map(one).collect()
}

fn transformed(mode: Mode, module: &Module, wrt: &[usize]) -> Result<(Func, &'static str), AdError> {
    let name = &module.entry().name;
    Ok(match mode {
        Mode::Jvp => (ad::jvp(module, name, wrt)?, "The derivative along a direction, by forward mode."),
        Mode::Hvp => {
            (ad::hvp(module, name, wrt)?, "The Hessian times a direction, by forward over reverse mode.")
        }
        Mode::Hessian => (
            ad::hessian(module, name, wrt)?,
            "The Hessian, by forward over reverse mode: a column for each element of the parameters.",
        ),
        Mode::Jacobian => {
            let (func, direction) = ad::jacobian(module, name, wrt)?;
            let how = match direction {
                Direction::Forward => {
                    "The Jacobian, by forward mode: a column for each element of the parameters."
                }
                Direction::Reverse => "The Jacobian, by reverse mode: a row for each element of the results.",
            };
            (func, how)
        }
    })
}

/// What `explain` says of them.
pub(crate) fn explain(modes: &[Derived]) -> String {
    modes.iter().map(|d| format!("\n// {}\n{}", d.how, d.func)).collect()
}
