//! PTX text under construction: registers, labels, literals.

use crate::ir::{Lit, Scalar};

/// A scalar operand: a register or a literal.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Num {
    pub(super) text: String,
    pub(super) ty: Scalar,
    /// The value if it is known now.
    pub(super) lit: Option<Lit>,
}

impl Num {
    pub(super) fn lit(lit: Lit) -> Num {
        Num { text: literal(lit), ty: lit.ty(), lit: Some(lit) }
    }

    pub(super) fn int(value: i64) -> Num {
        Num::lit(Lit::I64(value))
    }

    /// The value of an integer that is known now.
    pub(super) fn known(&self) -> Option<i64> {
        match self.lit {
            Some(Lit::I64(n)) => Some(n),
            _ => None,
        }
    }
}

fn literal(lit: Lit) -> String {
    match lit {
        Lit::Bool(b) => if b { "-1" } else { "0" }.into(),
        Lit::I32(i) => i.to_string(),
        // The assembler reads a minus and a number that must fit by itself.
        Lit::I64(i64::MIN) => "0x8000000000000000".into(),
        Lit::I64(i) => i.to_string(),
        Lit::F32(x) => format!("0f{:08X}", x.to_bits()),
        Lit::F64(x) => format!("0d{:016X}", x.to_bits()),
    }
}

/// Bytes of an element in memory.
pub(super) fn size(ty: Scalar) -> u64 {
    match ty {
        Scalar::Bool => 1,
        Scalar::I32 | Scalar::F32 => 4,
        Scalar::I64 | Scalar::F64 => 8,
    }
}

/// The types of a scalar in PTX: as itself, untyped, signed, unsigned; and its width less one.
pub(super) struct Names {
    pub(super) own: &'static str,
    pub(super) bits: &'static str,
    pub(super) signed: &'static str,
    pub(super) unsigned: &'static str,
    pub(super) width: &'static str,
    /// Of its registers.
    register: &'static str,
    prefix: &'static str,
}

pub(super) fn names(ty: Scalar) -> Names {
    let of = |own, prefix, wide| match wide {
        false => Names {
            own,
            prefix,
            register: if own == "f32" { own } else { "b32" },
            bits: "b32",
            signed: "s32",
            unsigned: "u32",
            width: "31",
        },
        true => Names {
            own,
            prefix,
            register: if own == "f64" { own } else { "b64" },
            bits: "b64",
            signed: "s64",
            unsigned: "u64",
            width: "63",
        },
    };
    match ty {
        Scalar::I32 => of("s32", "%r", false),
        Scalar::F32 => of("f32", "%f", false),
        Scalar::I64 => of("s64", "%d", true),
        Scalar::F64 => of("f64", "%e", true),
        Scalar::Bool => {
            Names { own: "pred", prefix: "%p", register: "pred", bits: "pred", ..of("pred", "%p", false) }
        }
    }
}

/// The type in memory.
pub(super) fn memory_type(ty: Scalar) -> &'static str {
    match ty {
        Scalar::Bool => "u8",
        other => names(other).own,
    }
}

/// The lines of one function.
#[derive(Default, Debug)]
pub(super) struct Text {
    lines: Vec<String>,
    /// Variables of the local and shared spaces.
    variables: Vec<String>,
    registers: [u32; 5],
    labels: u32,
}

impl Text {
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.lines.push(format!("    {}", line.as_ref()));
    }

    pub(super) fn label(&mut self, label: &str) {
        self.lines.push(format!("{label}:"));
    }

    /// A label that no other place has; the hint tells what it is for.
    pub(super) fn fresh_label(&mut self, hint: &str) -> String {
        self.labels += 1;
        format!("{hint}_{}", self.labels)
    }

    /// A register's name.
    pub(super) fn fresh(&mut self, ty: Scalar) -> String {
        let n = &mut self.registers[ty as usize];
        *n += 1;
        format!("{}{}", names(ty).prefix, *n - 1)
    }

    /// A register as an operand.
    pub(super) fn reg(&mut self, ty: Scalar) -> Num {
        Num { text: self.fresh(ty), ty, lit: None }
    }

    /// A variable of so many bytes; its name.
    pub(super) fn variable(&mut self, space: &str, hint: &str, bytes: u64) -> String {
        let name = format!("{hint}_{}", self.variables.len());
        self.variables.push(format!("    .{space} .align 8 .b8 {name}[{bytes}];"));
        name
    }

    /// `to = from`.
    pub(super) fn assign(&mut self, to: &Num, from: &Num) {
        self.line(format!("mov.{} {}, {};", names(to.ty).own, to.text, from.text));
    }

    /// The number in a register.
    pub(super) fn in_register(&mut self, n: &Num) -> Num {
        if n.lit.is_none() {
            return n.clone();
        }
        let r = self.reg(n.ty);
        self.assign(&r, n);
        r
    }

    /// An instruction with one result: `what dst, args..;`.
    pub(super) fn emit(&mut self, ty: Scalar, what: &str, args: &[&str]) -> Num {
        let r = self.reg(ty);
        self.line(format!("{what} {}, {};", r.text, args.join(", ")));
        r
    }

    /// The function in braces: declarations, the prologue, the code.
    pub(super) fn body(&self, prologue: &Text) -> String {
        let mut all = String::from("{\n");
        for ty in Scalar::ALL {
            let (n, count) = (names(ty), self.registers[ty as usize]);
            if count > 0 {
                all.push_str(&format!("    .reg .{} {}<{count}>;\n", n.register, n.prefix));
            }
        }
        for line in self.variables.iter().chain(&prologue.lines).chain(&self.lines) {
            all.push_str(line);
            all.push('\n');
        }
        all.push_str("}\n");
        all
    }
}
