//! The library's functions: `pullback::nn`, `pullback::special`, `pullback::stats`.

mod edge_cases;
mod generic;
mod linear;
mod peers;
