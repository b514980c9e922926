//! Programs of the kind that systems for differentiation are judged by, written as a user would write them, with values
//! from independent sources (`tests/reference/programs`) or from differences.

// Loops over indices are what is tested.
#![allow(clippy::needless_range_loop)]

#[path = "programs/attention.rs"]
mod attention;
#[path = "programs/bundle.rs"]
mod bundle;
#[path = "programs/common.rs"]
mod common;
#[path = "programs/determinant.rs"]
mod determinant;
#[path = "programs/gmm.rs"]
mod gmm;
#[path = "programs/hand.rs"]
mod hand;
#[path = "programs/kmeans.rs"]
mod kmeans;
#[path = "programs/llsq.rs"]
mod llsq;
#[path = "programs/lse.rs"]
mod lse;
#[path = "programs/lstm.rs"]
mod lstm;
#[path = "programs/network.rs"]
mod network;
#[path = "programs/newton.rs"]
mod newton;
#[path = "programs/ode.rs"]
mod ode;
