//! Mathematical functions that vectorise, for generated code. `FMA` says whether the machine fuses multiply-add.

#[rustfmt::skip]
pub mod f32;
#[rustfmt::skip]
pub mod f64;
