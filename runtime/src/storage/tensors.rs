//! Leaves as tensors of a file.

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::order::places;
use super::{Difference, StorageError};
use crate::DeviceError;
use crate::leaves::{HostNumbers, Leaf, LeafMut, Leaves, LeavesMut, Numbers, NumbersMut, Order, Path, Shape};
use crate::optim::State;

/// What the names of an optimizer's tensors begin with. A slash is in no name of Rust's.
pub(super) const OPTIMIZER: &str = "optimizer/";
/// The number of steps.
pub(super) const STEPS: &str = "optimizer/steps";
/// The learning rate.
pub(super) const RATE: &str = "optimizer/learning_rate";

/// The number of steps as it is in a file.
pub(super) type Count = u64;

struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// A file with the leaves of `value` and an optimizer's state and learning rate.
pub(super) fn bytes(value: &impl Leaves, optimizer: Option<(&State, f64)>) -> Result<Vec<u8>, DeviceError> {
    let mut tensors = Vec::new();
    collect("", value, &mut tensors)?;
    if let Some((state, rate)) = optimizer {
        collect(OPTIMIZER, state, &mut tensors)?;
        let number = |name: &str, dtype, bytes: [u8; 8]| Tensor {
            name: name.into(),
            dtype,
            shape: Vec::new(),
            bytes: bytes.to_vec(),
        };
        let steps: Count = state.steps();
        tensors.push(number(STEPS, Dtype::U64, steps.to_le_bytes()));
        tensors.push(number(RATE, Dtype::F64, rate.to_le_bytes()));
    }
    let views = tensors.iter().map(|t| {
        let view = TensorView::new(t.dtype, t.shape.clone(), &t.bytes);
        (t.name.as_str(), view.expect("as many bytes as the shape says"))
    });
    Ok(safetensors::serialize(views, None).expect("tensors that were just made can be written"))
}

fn collect(prefix: &str, value: &impl Leaves, tensors: &mut Vec<Tensor>) -> Result<(), DeviceError> {
    let mut result = Ok(());
    value.visit(Path::ROOT, &mut |path, leaf| match leaf.numbers.host() {
        Ok(numbers) if result.is_ok() => {
            let (dtype, bytes) = bytes_of(&numbers, &leaf);
            tensors.push(Tensor {
                name: name(prefix, path),
                dtype,
                shape: leaf.shape.dims().to_vec(),
                bytes,
            });
        }
        Ok(_) => {}
        Err(error) => result = Err(error),
    });
    result
}

fn bytes_of(numbers: &HostNumbers<'_>, leaf: &Leaf<'_>) -> (Dtype, Vec<u8>) {
    match numbers {
        HostNumbers::F32(x) => (Dtype::F32, in_order(x, leaf, f32::to_le_bytes)),
        HostNumbers::F64(x) => (Dtype::F64, in_order(x, leaf, f64::to_le_bytes)),
    }
}

fn in_order<T: Copy, const N: usize>(numbers: &[T], leaf: &Leaf<'_>, bytes: fn(T) -> [u8; N]) -> Vec<u8> {
    places(&leaf.shape, leaf.order).flat_map(|place| bytes(numbers[place])).collect()
}

/// A leaf's name in the file.
fn name(prefix: &str, path: Path<'_>) -> String {
    let name = path.to_string();
    format!("{prefix}{}", if name.is_empty() { "value" } else { &name })
}

/// What a file holds.
pub(super) struct Stored<'a> {
    file: &'a str,
    tensors: SafeTensors<'a>,
}

impl<'a> Stored<'a> {
    pub(super) fn parse(file: &'a str, bytes: &'a [u8]) -> Result<Stored<'a>, StorageError> {
        match SafeTensors::deserialize(bytes) {
            Ok(tensors) => Ok(Stored { file, tensors }),
            Err(error) => Err(StorageError::Format {
                file: file.into(),
                problem: format!("this is no complete file of safetensors: {error}"),
            }),
        }
    }

    /// Where the tensors whose names `mine` admits differ from the leaves of a value.
    pub(super) fn compare(
        &self,
        prefix: &str,
        value: &impl Leaves,
        mine: impl Fn(&str) -> bool,
    ) -> Vec<Difference> {
        let (mut differences, mut expected) = (Vec::new(), Vec::new());
        value.visit(Path::ROOT, &mut |path, leaf| {
            let name = name(prefix, path);
            match self.tensors.tensor(&name) {
                Ok(tensor) => differences.extend(compare(&name, &tensor, &leaf)),
                Err(_) => differences.push(Difference::Missing { name: name.clone() }),
            }
            expected.push(name);
        });
        let mut extra: Vec<&str> = self.tensors.names();
        extra.retain(|name| mine(name) && !expected.iter().any(|e| e == name));
        extra.sort_unstable();
        differences.extend(extra.into_iter().map(|name| Difference::Extra { name: name.into() }));
        differences
    }

    /// Whether there is a tensor whose name `mine` admits.
    pub(super) fn has(&self, mine: impl Fn(&str) -> bool) -> bool {
        self.tensors.names().into_iter().any(mine)
    }

    /// An error unless there are no differences.
    pub(super) fn fits(&self, differences: Vec<Difference>) -> Result<(), StorageError> {
        if differences.is_empty() {
            return Ok(());
        }
        Err(StorageError::Differs { file: self.file.into(), differences })
    }

    /// Copies tensors into leaves that were compared.
    pub(super) fn fill(&self, prefix: &str, value: &mut impl LeavesMut) -> Result<(), DeviceError> {
        let mut result = Ok(());
        value.visit_mut(Path::ROOT, &mut |path, leaf| {
            let tensor = self.tensors.tensor(&name(prefix, path)).expect("names were compared");
            let LeafMut { numbers, shape, order } = leaf;
            let f32s = |x: &mut [f32]| fill(x, (&shape, order), tensor.data(), f32::from_le_bytes);
            let f64s = |x: &mut [f64]| fill(x, (&shape, order), tensor.data(), f64::from_le_bytes);
            match numbers {
                _ if result.is_err() => {}
                NumbersMut::F32(x) => f32s(x),
                NumbersMut::F64(x) => f64s(x),
                NumbersMut::TensorF32(x) => result = x.edit(f32s),
                NumbersMut::TensorF64(x) => result = x.edit(f64s),
            }
        });
        result
    }

    /// A single number of eight bytes.
    pub(super) fn number<T>(&self, name: &str, from: fn([u8; 8]) -> T) -> Option<T> {
        let tensor = self.tensors.tensor(name).ok()?;
        let dtype = if name == STEPS { Dtype::U64 } else { Dtype::F64 };
        if tensor.dtype() != dtype {
            return None;
        }
        tensor.data().try_into().ok().map(from)
    }
}

fn compare(name: &str, tensor: &TensorView<'_>, leaf: &Leaf<'_>) -> Vec<Difference> {
    let mut differences = Vec::new();
    if tensor.shape() != leaf.shape.dims() {
        differences.push(Difference::Shape {
            name: name.into(),
            file: tensor.shape().to_vec(),
            expected: leaf.shape.dims().to_vec(),
        });
    }
    let dtype = match leaf.numbers {
        Numbers::F32(_) | Numbers::TensorF32(_) => Dtype::F32,
        Numbers::F64(_) | Numbers::TensorF64(_) => Dtype::F64,
    };
    if tensor.dtype() != dtype {
        differences.push(Difference::Type {
            name: name.into(),
            file: format!("{:?}", tensor.dtype()).to_lowercase(),
            expected: leaf.numbers.type_name().into(),
        });
    }
    differences
}

fn fill<T, const N: usize>(
    numbers: &mut [T],
    (shape, order): (&Shape, Order),
    bytes: &[u8],
    from: fn([u8; N]) -> T,
) {
    let (chunks, _) = bytes.as_chunks::<N>();
    for (place, &chunk) in places(shape, order).zip(chunks) {
        numbers[place] = from(chunk);
    }
}
