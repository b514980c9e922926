//! PTX from nests: run in the interpreter against the oracle, assembled by a real `ptxas` where there is one, and
//! compared with snapshots.

mod assemble;
mod device;
mod exact;
mod functions;
mod ops;
mod optim;
mod products;
mod random;
mod snapshots;
mod tensor;
