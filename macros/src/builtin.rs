//! Paths that the language itself knows: methods of number types in path form, constructors, constants.

use pullback_kernels::ir::Scalar;

use crate::ast::Path;
use crate::parse::is_constant;
use crate::types::Int;

/// Whether a path names something of the language rather than another annotated function.
pub(crate) fn is_builtin(p: &Path) -> bool {
    let ordering = p.owner() == Some("Ordering");
    ordering || is_constant(p.last()) || p.owner().is_some_and(is_type_name) || is_std_function(p)
}

/// `pullback::detach` and the free functions of the standard library that have a meaning here.
pub(crate) fn is_std_function(p: &Path) -> bool {
    let text = p.show();
    let text = text.trim_start_matches("std::").trim_start_matches("core::");
    matches!(
        text,
        "mem::swap"
            | "mem::replace"
            | "iter::repeat"
            | "iter::zip"
            | "cmp::min"
            | "cmp::max"
            | "pullback::detach"
            | "Some"
            | "None"
            | "Ok"
            | "Err"
    )
}

fn is_type_name(name: &str) -> bool {
    Scalar::from_name(name).is_some()
        || Int::from_name(name).is_some()
        || name == "Vec"
        || is_matrix_name(name)
}

/// Whether a type of that name is one of nalgebra's.
pub(crate) fn is_matrix_name(name: &str) -> bool {
    const NAMES: [&str; 6] = ["DVector", "RowDVector", "DMatrix", "SVector", "SMatrix", "RowSVector"];
    let digits = |s: &str| s.chars().next().is_some_and(|c| c.is_ascii_digit() || c == 'X');
    NAMES.contains(&name)
        || ["RowVector", "Vector", "Matrix"].iter().any(|p| name.strip_prefix(p).is_some_and(digits))
}

/// The value of a constant of the standard library, as text that parses to the nearest float of either type.
pub(crate) fn float_constant(name: &str) -> Option<&'static str> {
    Some(match name {
        "PI" => "3.14159265358979323846264338327950288",
        "TAU" => "6.28318530717958647692528676655900577",
        "E" => "2.71828182845904523536028747135266250",
        "SQRT_2" => "1.41421356237309504880168872420969808",
        "LN_2" => "0.693147180559945309417232121458176568",
        "LN_10" => "2.30258509299404568401799145468436421",
        "LOG2_E" => "1.44269504088896340735992468100189214",
        "LOG10_E" => "0.434294481903251827651128918916605082",
        "LOG2_10" => "3.32192809488736234787031942948939018",
        "LOG10_2" => "0.301029995663981195213738894724493027",
        "FRAC_PI_2" => "1.57079632679489661923132169163975144",
        "FRAC_PI_3" => "1.04719755119659774615421446109316763",
        "FRAC_PI_4" => "0.785398163397448309615660845819875721",
        "FRAC_PI_6" => "0.52359877559829887307710723054658381",
        "FRAC_PI_8" => "0.39269908169872415480783042290993786",
        "FRAC_1_PI" => "0.318309886183790671537767526745028724",
        "FRAC_2_PI" => "0.636619772367581343075535053490057448",
        "FRAC_2_SQRT_PI" => "1.12837916709551257389615890312154517",
        "FRAC_1_SQRT_2" => "0.707106781186547524400844362104849039",
        _ => return None,
    })
}

/// The value of an associated constant such as `f64::EPSILON`.
pub(crate) fn associated_float(s: Scalar, name: &str) -> Option<f64> {
    let single = s == Scalar::F32;
    let pick = |a: f32, b: f64| Some(if single { f64::from(a) } else { b });
    match name {
        "EPSILON" => pick(f32::EPSILON, f64::EPSILON),
        "MAX" => pick(f32::MAX, f64::MAX),
        "MIN" => pick(f32::MIN, f64::MIN),
        "MIN_POSITIVE" => pick(f32::MIN_POSITIVE, f64::MIN_POSITIVE),
        "INFINITY" => Some(f64::INFINITY),
        "NEG_INFINITY" => Some(f64::NEG_INFINITY),
        "NAN" => Some(f64::NAN),
        _ => None,
    }
}
