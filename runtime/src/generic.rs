//! Functions that are generic over the float type and that annotated functions may call.

mod sealed {
    /// What nobody else implements.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`: what the functions of [`nn`](crate::nn), [`special`](crate::special) and [`stats`](crate::stats) are
/// generic over.
pub trait Real:
    sealed::Sealed
    + nalgebra::RealField
    + Copy
    + crate::nn::activations::Functions<Self>
    + crate::nn::losses::Functions<Self>
    + crate::special::functions::Functions<Self>
    + crate::stats::functions::Functions<Self>
{
}

impl Real for f32 {}
impl Real for f64 {}

/// Defines functions `pub fn f<T>(x: T) -> T { .. }` in the accepted language. Each becomes a function that is generic over
/// [`Real`], with an instance per float type in the modules `single` and `double`, whose IR its callers get. The path
/// is that of the module in which this stands; `use {..}` is what the bodies need.
macro_rules! generic {
    ($path:path; use $imports:tt; $(
        $(#[$doc:meta])*
        pub fn $name:ident<T>($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty { $($body:tt)* }
    )*) => {
        #[doc(hidden)]
        pub trait Functions<T> {
            $(#[allow(missing_docs)] fn $name($($arg: $ty),*) -> $ret;)*
        }

        $(
            $(#[$doc])*
            #[inline(always)]
            #[pullback_macros::__generic($path)]
            pub fn $name<T: $crate::Real>($($arg: $ty),*) -> $ret {
                <T as Functions<T>>::$name($($arg),*)
            }
        )*

        $crate::generic::instances! { single f32 $imports $(pub fn $name($($arg: $ty),*) -> $ret { $($body)* })* }
        $crate::generic::instances! { double f64 $imports $(pub fn $name($($arg: $ty),*) -> $ret { $($body)* })* }
    };
}

/// The instances for one float type.
macro_rules! instances {
    ($module:ident $float:ident { $($import:path),* } $(
        pub fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty { $($body:tt)* }
    )*) => {
        #[doc(hidden)]
        #[allow(missing_docs, clippy::unnecessary_cast)]
        pub mod $module {
            $(use $import;)*

            type T = $float;

            $(
                #[pullback_macros::__instance($float)]
                pub fn $name($($arg: $ty),*) -> $ret { $($body)* }
            )*

            impl super::Functions<$float> for $float {
                $(#[inline] fn $name($($arg: $ty),*) -> $ret { $name($($arg),*) })*
            }
        }
    };
}

pub(crate) use {generic, instances};

/// Gets the companion macros of the two instances of a generic function to answer, one after the other, and answers with both.
#[doc(hidden)]
#[macro_export]
macro_rules! __either {
    ({ $($first:tt)* } [$(:: $next:ident)+] $callback:tt $($state:tt)*) => {
        $(:: $next)+ ! { :: pullback :: __either ! { either { $($first)* } $callback $($state)* } }
    };
    ({ $($second:tt)* } either $first:tt [$(:: $callback:ident)+] $($state:tt)*) => {
        $(:: $callback)+ ! { { either $first { $($second)* } } $($state)* }
    };
}
