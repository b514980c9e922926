//! The guide: how to use pullback, a page per subject. Every piece of code in it is compiled and run as a test.
//!
//! | page | what |
//! | --- | --- |
//! | [getting_started] | a first program, and what a function gets |
//! | [language] | what a differentiable function may be made of, what is refused, and what to write instead |
//! | [conventions] | what derivatives mean where textbooks disagree: corners, ends, zeros, branches |
//! | [modes] | gradients, pullbacks, Jacobians, Hessians, directions |
//! | [structs] | structs as parameters, methods, aliases, enums |
//! | [custom_rules] | a derivative of one's own; constants |
//! | [memory] | what is stored, workspaces, checkpoints |
//! | [training] | data, models, losses, optimizers, saving |
//! | [performance] | how fast functions are written, and how to see what was made of them |
//! | [devices] | CPU threads and GPUs |
//! | [errors] | what compile errors and panics mean |

#[doc = include_str!("getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("language.md")]
pub mod language {}

#[doc = include_str!("conventions.md")]
pub mod conventions {}

#[doc = include_str!("modes.md")]
pub mod modes {}

#[doc = include_str!("structs.md")]
pub mod structs {}

#[doc = include_str!("custom_rules.md")]
pub mod custom_rules {}

#[doc = include_str!("memory.md")]
pub mod memory {}

#[doc = include_str!("training.md")]
pub mod training {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("devices.md")]
pub mod devices {}

#[doc = include_str!("errors.md")]
pub mod errors {}
