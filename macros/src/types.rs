//! The Rust types that the language knows, and how a value of such a type is laid out as IR values ("leaves").

use std::rc::Rc;

use proc_macro2::Ident;
use pullback_kernels::ir::Scalar;
use syn::ext::IdentExt;

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
    /// A struct that derives `Differentiable`.
    Struct(Rc<Struct>),
    /// An enum whose variants hold nothing.
    Enum(Rc<Enum>),
}

/// What names a type of the user's.
#[derive(Clone, Debug)]
pub(crate) struct TypeName {
    /// Its companion macro, a name that no other type has. Its methods' macros begin with it.
    pub(crate) id: String,
    /// `$crate`, of the crate that defines it.
    pub(crate) home: proc_macro2::TokenStream,
    /// What it is called.
    pub(crate) name: String,
    /// How the function that is being expanded names it; `None` if it is only a part of another type there.
    pub(crate) path: Option<syn::Path>,
    /// Where that function finds a value of it in a value of a type that it names: a closure.
    pub(crate) part: Option<proc_macro2::TokenStream>,
}

impl PartialEq for TypeName {
    fn eq(&self, other: &TypeName) -> bool {
        self.id == other.id
    }
}

impl Eq for TypeName {}

/// A struct that derives `Differentiable`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Struct {
    /// Its name.
    pub(crate) name: TypeName,
    /// Whether its fields have numbers for names.
    pub(crate) tuple: bool,
    /// Its fields of types that the language has.
    pub(crate) fields: Vec<Field>,
    /// Its other fields.
    pub(crate) opaque: Vec<String>,
}

/// A field of a struct.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) ty: RustTy,
    /// Whether it is `#[no_diff]`.
    pub(crate) no_diff: bool,
}

impl Field {
    /// Whether the tangent has it.
    pub(crate) fn is_active(&self) -> bool {
        !self.no_diff && self.ty.is_active()
    }

    /// Its name as Rust has it.
    pub(crate) fn member(&self) -> syn::Member {
        match self.name.parse::<u32>() {
            Ok(index) => syn::Member::Unnamed(syn::Index { index, span: proc_macro2::Span::call_site() }),
            Err(_) => syn::Member::Named(self.ident()),
        }
    }

    /// The method of the struct that lends it: generated code may stand where the field is private.
    pub(crate) fn accessor(&self) -> Ident {
        quote::format_ident!("__pullback_{}", self.name.trim_start_matches("r#"))
    }

    fn ident(&self) -> Ident {
        match self.name.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, proc_macro2::Span::call_site()),
            None => Ident::new(&self.name, proc_macro2::Span::call_site()),
        }
    }
}

/// An enum whose variants hold nothing: an integer with names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Enum {
    /// Its name.
    pub(crate) name: TypeName,
    /// Its variants and their discriminants.
    pub(crate) variants: Vec<(String, i64)>,
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
    /// A view of a matrix, which has the matrix as its type, by value.
    View,
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
    /// The type that it is a function of, if it stands in an `impl`.
    pub(crate) owner: Option<Owner>,
}

impl Signature {
    /// The function as messages name it.
    pub(crate) fn title(&self) -> String {
        let owner = self.owner.as_ref().and_then(|o| o.path.segments.last());
        let name = self.name.unraw();
        owner.map_or(name.to_string(), |o| format!("{}::{name}", o.ident))
    }

    /// The leaves of the results of its IR function.
    pub(crate) fn results(&self) -> Vec<Leaf> {
        let filled = self.params.iter().filter(|p| p.passing == Passing::Mut);
        std::iter::once(&self.ret).chain(filled.map(|p| &p.ty)).flat_map(RustTy::leaves).collect()
    }

    /// Whether the first parameter is `self`.
    pub(crate) fn has_receiver(&self) -> bool {
        self.owner.as_ref().is_some_and(|o| o.receiver)
    }

    /// What the inherent function is called that runs a derivative: `grad`, or `loss_grad` for a method.
    pub(crate) fn api(&self, what: &str) -> Ident {
        let name = self.name.to_string();
        match self.owner {
            Some(_) => quote::format_ident!("{}_{what}", name.trim_start_matches("r#")),
            None => quote::format_ident!("{what}"),
        }
    }

    /// Who may call the derivatives.
    pub(crate) fn api_vis(&self) -> syn::Visibility {
        if self.owner.is_some() { self.vis.clone() } else { syn::parse_quote!(pub) }
    }

    /// The type that has the derivatives as inherent functions.
    pub(crate) fn target(&self) -> proc_macro2::TokenStream {
        match &self.owner {
            Some(Owner { path, .. }) => quote::quote!(#path),
            None => {
                let name = &self.name;
                quote::quote!(#name)
            }
        }
    }
}

/// The type that a function belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// As written.
    pub(crate) path: syn::Path,
    /// Its companion macro's name.
    pub(crate) id: String,
    /// Whether the function's first parameter is `self`; its name is `this`.
    pub(crate) receiver: bool,
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
    /// Positions in tuples and structs from the whole value to the leaf: `.0.1`.
    pub(crate) path: Vec<usize>,
    /// The same with the names of fields: `.layers.weight`.
    pub(crate) name: String,
    /// The type of the elements.
    pub(crate) elem: Scalar,
    /// The IR shape: `[c, r]` for a matrix, `[n]` for its vectors (an axis of constant length 1 of a vector is dropped),
    /// outer axis first for nested arrays; empty for a number.
    pub(crate) shape: Vec<Len>,
    /// For each axis the list or matrix that it is an axis of: leaves of one list are equally long.
    pub(crate) lists: Vec<usize>,
    /// Whether it has a derivative: a float in no field that is `#[no_diff]`.
    pub(crate) active: bool,
}

impl Leaf {
    /// Whether it is a float that counts as a constant.
    pub(crate) fn is_frozen(&self) -> bool {
        self.elem.is_float() && !self.active
    }

    fn new(elem: Scalar, shape: Vec<Len>, list: &mut usize) -> Leaf {
        let lists = shape.iter().enumerate().map(|(k, _)| *list + k).collect();
        *list += shape.len();
        let (path, name) = (Vec::new(), String::new());
        Leaf { path, name, elem, shape, lists, active: elem.is_float() }
    }
}

impl RustTy {
    /// The leaves in order. An array or slice of tuples has one leaf per component, each with the array's axis in front.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        self.leaves_from(&mut 0)
    }

    /// The leaves; `list` counts lists.
    fn leaves_from(&self, list: &mut usize) -> Vec<Leaf> {
        let nested = |t: &RustTy, n: Len, list: &mut usize| {
            let this = *list;
            *list += 1;
            let mut leaves = t.leaves_from(list);
            leaves.iter_mut().for_each(|l| {
                l.shape.insert(0, n);
                l.lists.insert(0, this);
            });
            leaves
        };
        match self {
            RustTy::Unit => Vec::new(),
            RustTy::Float(s) => vec![Leaf::new(*s, Vec::new(), list)],
            RustTy::Bool => vec![Leaf::new(Scalar::Bool, Vec::new(), list)],
            RustTy::Int(_) | RustTy::Enum(_) => vec![Leaf::new(Scalar::I64, Vec::new(), list)],
            RustTy::Array(t, n) => nested(t, Len::Const(*n), list),
            RustTy::Slice(t) | RustTy::Vec(t) => nested(t, Len::Dyn, list),
            RustTy::Matrix(s, r, Len::Const(1)) => vec![Leaf::new(*s, vec![*r], list)],
            RustTy::Matrix(s, Len::Const(1), c) => vec![Leaf::new(*s, vec![*c], list)],
            RustTy::Matrix(s, r, c) => vec![Leaf::new(*s, vec![*c, *r], list)],
            RustTy::Tuple(ts) => {
                let part = |(k, t): (usize, &RustTy)| inside(t.leaves_from(list), k, "", true);
                ts.iter().enumerate().flat_map(part).collect()
            }
            RustTy::Struct(s) => {
                let part = |(k, f): (usize, &Field)| {
                    inside(
                        f.ty.leaves_from(list),
                        k,
                        &format!(".{}", f.name.trim_start_matches("r#")),
                        !f.no_diff,
                    )
                };
                s.fields.iter().enumerate().flat_map(part).collect()
            }
        }
    }

    /// Whether some number of it has a derivative.
    pub(crate) fn is_active(&self) -> bool {
        self.leaves().iter().any(|l| l.active)
    }

    /// Whether there is a struct or enum of the user's in it.
    pub(crate) fn has_user_type(&self) -> bool {
        match self {
            RustTy::Struct(_) | RustTy::Enum(_) => true,
            RustTy::Array(t, _) | RustTy::Slice(t) | RustTy::Vec(t) => t.has_user_type(),
            RustTy::Tuple(ts) => ts.iter().any(RustTy::has_user_type),
            RustTy::Unit | RustTy::Float(_) | RustTy::Bool | RustTy::Int(_) | RustTy::Matrix(..) => false,
        }
    }
}

/// The leaves of a part as those of the whole.
fn inside(mut leaves: Vec<Leaf>, k: usize, name: &str, active: bool) -> Vec<Leaf> {
    for l in &mut leaves {
        l.path.insert(0, k);
        l.name.insert_str(0, name);
        l.active &= active;
    }
    leaves
}
