//! Types: scalars, arrays with symbolic extents, and the tape.

use super::Value;

/// The type of one number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Scalar {
    /// A truth value.
    Bool,
    /// A 32-bit integer with wrapping arithmetic: bit patterns of `f32`.
    I32,
    /// A 64-bit integer with wrapping arithmetic: every integer of a user's program, indices and extents included.
    I64,
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

impl Scalar {
    /// All scalar types.
    pub const ALL: [Scalar; 5] = [Scalar::Bool, Scalar::I32, Scalar::I64, Scalar::F32, Scalar::F64];

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
        }
    }

    /// The scalar type of that name.
    pub fn from_name(name: &str) -> Option<Scalar> {
        Scalar::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Whether values of this type have derivatives.
    pub fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }

    /// Whether this is `i32` or `i64`.
    pub fn is_int(self) -> bool {
        matches!(self, Scalar::I32 | Scalar::I64)
    }
}

/// The length of one axis of an array, or of a loop's domain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Extent {
    /// Known at compile time.
    Const(i64),
    /// An `i64` value of the function; negative counts as zero.
    Value(Value),
}

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ty {
    /// One number.
    Scalar(Scalar),
    /// A dense array, the last axis contiguous. A nalgebra matrix of r rows and c columns has shape `[c, r]`.
    Array(Scalar, Vec<Extent>),
    /// A stack of values of any type, pushed by the forward sweep of a sequential loop and popped by its reverse
    /// sweep. Linear: every token is used once.
    Tape,
}

impl Ty {
    /// The scalar type of a number or of an array's elements; `None` for the tape.
    pub fn elem(&self) -> Option<Scalar> {
        match self {
            Ty::Scalar(s) | Ty::Array(s, _) => Some(*s),
            Ty::Tape => None,
        }
    }

    /// The extents of an array; empty for anything else.
    pub fn shape(&self) -> &[Extent] {
        match self {
            Ty::Array(_, shape) => shape,
            _ => &[],
        }
    }

    /// Whether this is an array type.
    pub fn is_array(&self) -> bool {
        matches!(self, Ty::Array(..))
    }

    /// Whether this is one number.
    pub fn is_scalar(&self) -> bool {
        matches!(self, Ty::Scalar(_))
    }

    /// Whether this is a float or an array of floats.
    pub fn is_float(&self) -> bool {
        self.elem().is_some_and(Scalar::is_float)
    }

    /// The type with every extent passed through `f`.
    pub fn map_extents(&self, mut f: impl FnMut(Extent) -> Extent) -> Ty {
        match self {
            Ty::Array(s, shape) => Ty::Array(*s, shape.iter().map(|&e| f(e)).collect()),
            other => other.clone(),
        }
    }
}

impl From<Scalar> for Ty {
    fn from(s: Scalar) -> Ty {
        Ty::Scalar(s)
    }
}

/// A literal.
#[derive(Clone, Copy, Debug)]
pub enum Lit {
    /// A truth value.
    Bool(bool),
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A binary32 number.
    F32(f32),
    /// A binary64 number.
    F64(f64),
}

impl Lit {
    /// The literal's type.
    pub fn ty(self) -> Scalar {
        match self {
            Lit::Bool(_) => Scalar::Bool,
            Lit::I32(_) => Scalar::I32,
            Lit::I64(_) => Scalar::I64,
            Lit::F32(_) => Scalar::F32,
            Lit::F64(_) => Scalar::F64,
        }
    }

    /// `value` as a literal of a numeric type (rounded to `f32`, truncated to an integer; non-zero is true).
    pub fn of(ty: Scalar, value: f64) -> Lit {
        match ty {
            Scalar::Bool => Lit::Bool(value != 0.0),
            Scalar::I32 => Lit::I32(value as i32),
            Scalar::I64 => Lit::I64(value as i64),
            Scalar::F32 => Lit::F32(value as f32),
            Scalar::F64 => Lit::F64(value),
        }
    }

    /// The value as a float, for facts and tests.
    pub fn to_f64(self) -> f64 {
        match self {
            Lit::Bool(b) => b as u8 as f64,
            Lit::I32(i) => i as f64,
            Lit::I64(i) => i as f64,
            Lit::F32(x) => x as f64,
            Lit::F64(x) => x,
        }
    }

    /// The bits, by which literals are compared: `-0.0` differs from `0.0`, and a NaN equals itself.
    pub fn bits(self) -> (Scalar, u64) {
        let bits = match self {
            Lit::Bool(b) => b as u64,
            Lit::I32(i) => i as u32 as u64,
            Lit::I64(i) => i as u64,
            Lit::F32(x) => x.to_bits() as u64,
            Lit::F64(x) => x.to_bits(),
        };
        (self.ty(), bits)
    }
}

impl PartialEq for Lit {
    fn eq(&self, other: &Lit) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Lit {}

impl std::hash::Hash for Lit {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}
