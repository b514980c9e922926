//! Generated from the rules: see `tests/tests/ptx/optim.rs`.

use super::Kernels;
use super::clip::Clip;
use crate::cuda::{Kernel, Out, Param, Table};

pub(super) static ALL: &[Kernels] = &[
    Kernels {
        name: "descent",
        updates: [
            Table { name: "optim_descent_f32", ptx: include_str!("ptx/descent_f32.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(0), Param::Scalar(1)], columns: 2 },
            Table { name: "optim_descent_f64", ptx: include_str!("ptx/descent_f64.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(0), Param::Scalar(1)], columns: 2 },
        ],
        schedule: Kernel {
        name: "optim_descent_schedule_f64",
        ptx: include_str!("ptx/descent_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(0), Param::Array(0), Param::Array(1), Param::Status, Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "momentum",
        updates: [
            Table { name: "optim_momentum_f32", ptx: include_str!("ptx/momentum_f32.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(4), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3)], columns: 3 },
            Table { name: "optim_momentum_f64", ptx: include_str!("ptx/momentum_f64.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(4), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3)], columns: 3 },
        ],
        schedule: Kernel {
        name: "optim_momentum_schedule_f64",
        ptx: include_str!("ptx/momentum_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(0), Param::Array(0), Param::Array(1), Param::Status, Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "dampened",
        updates: [
            Table { name: "optim_dampened_f32", ptx: include_str!("ptx/dampened_f32.ptx"), params: &[Param::Array(0), Param::Array(1), Param::Scalar(2), Param::Scalar(4), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3)], columns: 3 },
            Table { name: "optim_dampened_f64", ptx: include_str!("ptx/dampened_f64.ptx"), params: &[Param::Array(0), Param::Array(1), Param::Scalar(2), Param::Scalar(4), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3)], columns: 3 },
        ],
        schedule: Kernel {
        name: "optim_dampened_schedule_f64",
        ptx: include_str!("ptx/dampened_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(1), Param::Array(0), Param::Array(1), Param::Status, Param::Scalar(0), Param::Out(0), Param::Out(1), Param::Out(2)],
        outs: &[Out::Build(8), Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "adagrad",
        updates: [
            Table { name: "optim_adagrad_f32", ptx: include_str!("ptx/adagrad_f32.ptx"), params: &[Param::Array(0), Param::Scalar(3), Param::Scalar(1), Param::Scalar(2), Param::Scalar(0)], columns: 3 },
            Table { name: "optim_adagrad_f64", ptx: include_str!("ptx/adagrad_f64.ptx"), params: &[Param::Array(0), Param::Scalar(3), Param::Scalar(1), Param::Scalar(2), Param::Scalar(0)], columns: 3 },
        ],
        schedule: Kernel {
        name: "optim_adagrad_schedule_f64",
        ptx: include_str!("ptx/adagrad_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(1), Param::Array(0), Param::Array(1), Param::Status, Param::Scalar(0), Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "rmsprop",
        updates: [
            Table { name: "optim_rmsprop_f32", ptx: include_str!("ptx/rmsprop_f32.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(3)], columns: 3 },
            Table { name: "optim_rmsprop_f64", ptx: include_str!("ptx/rmsprop_f64.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(3)], columns: 3 },
        ],
        schedule: Kernel {
        name: "optim_rmsprop_schedule_f64",
        ptx: include_str!("ptx/rmsprop_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(0), Param::Array(0), Param::Array(1), Param::Status, Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "rmsprop_centered",
        updates: [
            Table { name: "optim_rmsprop_centered_f32", ptx: include_str!("ptx/rmsprop_centered_f32.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(8), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(6), Param::Scalar(7), Param::Scalar(3)], columns: 4 },
            Table { name: "optim_rmsprop_centered_f64", ptx: include_str!("ptx/rmsprop_centered_f64.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(8), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(6), Param::Scalar(7), Param::Scalar(3)], columns: 4 },
        ],
        schedule: Kernel {
        name: "optim_rmsprop_centered_schedule_f64",
        ptx: include_str!("ptx/rmsprop_centered_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(0), Param::Array(0), Param::Array(1), Param::Status, Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "rmsprop_momentum",
        updates: [
            Table { name: "optim_rmsprop_momentum_f32", ptx: include_str!("ptx/rmsprop_momentum_f32.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(6), Param::Scalar(3)], columns: 4 },
            Table { name: "optim_rmsprop_momentum_f64", ptx: include_str!("ptx/rmsprop_momentum_f64.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(6), Param::Scalar(3)], columns: 4 },
        ],
        schedule: Kernel {
        name: "optim_rmsprop_momentum_schedule_f64",
        ptx: include_str!("ptx/rmsprop_momentum_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(0), Param::Array(0), Param::Array(1), Param::Status, Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "rmsprop_centered_momentum",
        updates: [
            Table { name: "optim_rmsprop_centered_momentum_f32", ptx: include_str!("ptx/rmsprop_centered_momentum_f32.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(8), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(6), Param::Scalar(7), Param::Scalar(3), Param::Scalar(9)], columns: 5 },
            Table { name: "optim_rmsprop_centered_momentum_f64", ptx: include_str!("ptx/rmsprop_centered_momentum_f64.ptx"), params: &[Param::Array(0), Param::Scalar(2), Param::Scalar(8), Param::Scalar(0), Param::Scalar(1), Param::Scalar(4), Param::Scalar(5), Param::Scalar(6), Param::Scalar(7), Param::Scalar(3), Param::Scalar(9)], columns: 5 },
        ],
        schedule: Kernel {
        name: "optim_rmsprop_centered_momentum_schedule_f64",
        ptx: include_str!("ptx/rmsprop_centered_momentum_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(0), Param::Array(0), Param::Array(1), Param::Status, Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "adam",
        updates: [
            Table { name: "optim_adam_f32", ptx: include_str!("ptx/adam_f32.ptx"), params: &[Param::Array(0), Param::Array(1), Param::Array(2), Param::Scalar(2), Param::Scalar(5), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3), Param::Scalar(4), Param::Scalar(6), Param::Scalar(7), Param::Scalar(8)], columns: 4 },
            Table { name: "optim_adam_f64", ptx: include_str!("ptx/adam_f64.ptx"), params: &[Param::Array(0), Param::Array(1), Param::Array(2), Param::Scalar(2), Param::Scalar(5), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3), Param::Scalar(4), Param::Scalar(6), Param::Scalar(7), Param::Scalar(8)], columns: 4 },
        ],
        schedule: Kernel {
        name: "optim_adam_schedule_f64",
        ptx: include_str!("ptx/adam_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(3), Param::Array(0), Param::Array(1), Param::Status, Param::Scalar(0), Param::Scalar(1), Param::Scalar(2), Param::Out(0), Param::Out(1), Param::Out(2), Param::Out(3)],
        outs: &[Out::Build(8), Out::Build(8), Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
    Kernels {
        name: "amsgrad",
        updates: [
            Table { name: "optim_amsgrad_f32", ptx: include_str!("ptx/amsgrad_f32.ptx"), params: &[Param::Array(0), Param::Array(1), Param::Array(2), Param::Scalar(2), Param::Scalar(5), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3), Param::Scalar(4), Param::Scalar(6), Param::Scalar(7), Param::Scalar(8)], columns: 5 },
            Table { name: "optim_amsgrad_f64", ptx: include_str!("ptx/amsgrad_f64.ptx"), params: &[Param::Array(0), Param::Array(1), Param::Array(2), Param::Scalar(2), Param::Scalar(5), Param::Scalar(0), Param::Scalar(1), Param::Scalar(3), Param::Scalar(4), Param::Scalar(6), Param::Scalar(7), Param::Scalar(8)], columns: 5 },
        ],
        schedule: Kernel {
        name: "optim_amsgrad_schedule_f64",
        ptx: include_str!("ptx/amsgrad_schedule_f64.ptx"),
        params: &[Param::Count, Param::Scalar(3), Param::Array(0), Param::Array(1), Param::Status, Param::Scalar(0), Param::Scalar(1), Param::Scalar(2), Param::Out(0), Param::Out(1), Param::Out(2), Param::Out(3)],
        outs: &[Out::Build(8), Out::Build(8), Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &["index out of bounds"],
    },
    },
];

pub(super) static CLIP: Clip = Clip {
    value: [
            Table { name: "optim_clip_value_f32", ptx: include_str!("ptx/clip_value_f32.ptx"), params: &[Param::Scalar(0), Param::Scalar(1)], columns: 1 },
            Table { name: "optim_clip_value_f64", ptx: include_str!("ptx/clip_value_f64.ptx"), params: &[Param::Scalar(0), Param::Scalar(1)], columns: 1 },
        ],
    squares: [
            Table { name: "optim_squares_f32", ptx: include_str!("ptx/squares_f32.ptx"), params: &[Param::Ticket, Param::Partials, Param::Out(0)], columns: 1 },
            Table { name: "optim_squares_f64", ptx: include_str!("ptx/squares_f64.ptx"), params: &[Param::Ticket, Param::Partials, Param::Out(0)], columns: 1 },
        ],
    scale: [
            Table { name: "optim_scale_f32", ptx: include_str!("ptx/scale_f32.ptx"), params: &[Param::Array(0)], columns: 1 },
            Table { name: "optim_scale_f64", ptx: include_str!("ptx/scale_f64.ptx"), params: &[Param::Array(0)], columns: 1 },
        ],
    factor: Kernel {
        name: "optim_clip_factor_f64",
        ptx: include_str!("ptx/clip_factor_f64.ptx"),
        params: &[Param::Count, Param::Array(0), Param::Scalar(0), Param::Out(0), Param::Out(1)],
        outs: &[Out::Build(8), Out::Build(8)],
        accumulators: &[],
        width: 1,
        folds: 0,
        failures: &[],
    },
};
