//! The Rust types that the language knows, and how a value of such a type is laid out as IR values ("leaves").

use pullback_kernels::ir::Scalar;

/// A Rust integer type; in IR all are `i64`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub(crate) enum Int {
    I8,
    I16,
    I32,
    I64,
    Isize,
    U8,
    U16,
    U32,
    U64,
    Usize,
}

/// A length in a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Len {
    /// A literal.
    Const(usize),
    /// Known at run time only.
    Dyn,
}

/// A Rust type, references stripped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum RustTy {
    /// `()`.
    Unit,
    /// `f32` or `f64`.
    Float(Scalar),
    /// `bool`.
    Bool,
    /// An integer.
    Int(Int),
    /// `[T; N]`.
    Array(Box<RustTy>, usize),
    /// `[T]`, behind a reference.
    Slice(Box<RustTy>),
    /// `Vec<T>`.
    Vec(Box<RustTy>),
    /// A nalgebra matrix or vector: `DMatrix` is (Dyn, Dyn), `DVector` (Dyn, Const(1)), `RowDVector` (Const(1), Dyn),
    /// `SVector<T, 3>` (Const(3), Const(1)).
    Matrix(Scalar, Len, Len),
    /// `(A, B)`.
    Tuple(Vec<RustTy>),
}

/// How a parameter is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Passing {
    /// `T`.
    Value,
    /// `&T`.
    Ref,
    /// `&mut T`.
    Mut,
}

/// One parameter of an annotated function.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    /// Its name.
    pub(crate) name: syn::Ident,
    /// Its type as written.
    pub(crate) written: syn::Type,
    /// How it is passed.
    pub(crate) passing: Passing,
    /// Its type.
    pub(crate) ty: RustTy,
    /// Whether its gradient is asked for.
    pub(crate) wrt: bool,
}

/// The signature of an annotated function: what the front end hands to the back end beside IR. The IR function has one
/// parameter per leaf of each parameter, in order, then one per constant of `consts`. Its results are the leaves of the
/// result, then, for each parameter passed as [`Passing::Mut`], the leaves of its contents at the end.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// Visibility.
    pub(crate) vis: syn::Visibility,
    /// Name.
    pub(crate) name: syn::Ident,
    /// Parameters.
    pub(crate) params: Vec<Param>,
    /// The result's type as written.
    pub(crate) written_ret: syn::Type,
    /// The result's type.
    pub(crate) ret: RustTy,
    /// The derivative modes asked for beyond the default.
    pub(crate) modes: Vec<Mode>,
    /// Constants that the body reads: hidden parameters of the IR function, after those of `params`, each a number. The
    /// back end passes the expression (of that type exactly) wherever it calls the function.
    pub(crate) consts: Vec<(syn::Expr, Scalar)>,
}

/// Derivatives beyond value, gradient and vjp, asked for with `modes(..)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub(crate) enum Mode {
    Jvp,
    Jacobian,
    Hessian,
    Hvp,
}

/// One IR value of a Rust value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leaf {
    /// Tuple positions from the whole value to the leaf: `.0.1`.
    pub(crate) path: Vec<usize>,
    /// The type of the elements.
    pub(crate) elem: Scalar,
    /// The IR shape: `[c, r]` for a matrix, `[n]` for its vectors (an axis of constant length 1 of a vector is dropped),
    /// outer axis first for nested arrays; empty for a number.
    pub(crate) shape: Vec<Len>,
}

impl RustTy {
    /// The leaves in order. An array or slice of tuples has one leaf per component, each with the array's axis in front.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let one = |elem, shape| vec![Leaf { path: Vec::new(), elem, shape }];
        let nested = |t: &RustTy, n: Len| {
            let mut leaves = t.leaves();
            leaves.iter_mut().for_each(|l| l.shape.insert(0, n));
            leaves
        };
        match self {
            RustTy::Unit => Vec::new(),
            RustTy::Float(s) => one(*s, Vec::new()),
            RustTy::Bool => one(Scalar::Bool, Vec::new()),
            RustTy::Int(_) => one(Scalar::I64, Vec::new()),
            RustTy::Array(t, n) => nested(t, Len::Const(*n)),
            RustTy::Slice(t) | RustTy::Vec(t) => nested(t, Len::Dyn),
            RustTy::Matrix(s, r, Len::Const(1)) => one(*s, vec![*r]),
            RustTy::Matrix(s, Len::Const(1), c) => one(*s, vec![*c]),
            RustTy::Matrix(s, r, c) => one(*s, vec![*c, *r]),
            RustTy::Tuple(ts) => {
                let mut leaves = Vec::new();
                for (k, t) in ts.iter().enumerate() {
                    leaves.extend(t.leaves().into_iter().map(|mut l| {
                        l.path.insert(0, k);
                        l
                    }));
                }
                leaves
            }
        }
    }
}
