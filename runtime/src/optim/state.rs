//! What an optimizer remembers, and the walk over parameters, gradient and memory.

use super::LeafError;
use super::update::{Arrays, Real, Rule, update};
use crate::DeviceError;
use crate::leaves::{Leaf, LeafMut, Leaves, LeavesMut, Numbers, NumbersMut, Order, Path, Shape};

/// The number of steps, and arrays in the shapes of the parameters: one for each thing to remember (a slot) and leaf.
///
/// Its leaves are named by slot and parameter, `momentum_buffer.layers.0.weight`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    steps: u64,
    slots: Vec<&'static str>,
    leaves: Vec<Memory>,
}

/// What is remembered of one leaf.
#[derive(Clone, PartialEq, Debug)]
struct Memory {
    name: String,
    shape: Shape,
    order: Order,
    buffers: Buffers,
}

/// An array for each slot.
#[derive(Clone, PartialEq, Debug)]
enum Buffers {
    F32(Vec<Vec<f32>>),
    F64(Vec<Vec<f64>>),
}

impl State {
    /// How many steps were taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Changes the number of steps taken: for loading.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// Makes room for `slots` of each leaf, filled with `fill`, and counts steps from 0.
    pub(super) fn prepare(&mut self, params: &dyn Leaves, slots: &[&'static str], fill: f64) {
        let mut leaves = Vec::new();
        params.visit(Path::ROOT, &mut |path, leaf| {
            let n = leaf.numbers.len();
            let buffers = match leaf.numbers {
                Numbers::F32(_) | Numbers::TensorF32(_) => {
                    Buffers::F32(vec![vec![fill as f32; n]; slots.len()])
                }
                Numbers::F64(_) | Numbers::TensorF64(_) => Buffers::F64(vec![vec![fill; n]; slots.len()]),
            };
            leaves.push(Memory { name: path.to_string(), shape: leaf.shape, order: leaf.order, buffers });
        });
        *self = State { steps: 0, slots: slots.to_vec(), leaves };
    }

    /// One step of `rule`, which remembers `slots`; they begin as `fill`.
    pub(super) fn step<const K: usize>(
        &mut self,
        params: &mut dyn LeavesMut,
        grad: &dyn Leaves,
        (slots, fill): ([&'static str; K], f64),
        rule: impl Rule<K>,
    ) -> Result<(), LeafError> {
        let mut gradient = Vec::with_capacity(self.leaves.len());
        grad.visit(Path::ROOT, &mut |_, leaf| gradient.push(leaf));
        if self.leaves.is_empty() || self.slots != slots {
            compare_names(params, grad)?;
            compare(params, gradient.iter().copied(), grad, "the gradient", "its gradient")?;
            self.prepare(params, &slots, fill);
        } else {
            compare(params, gradient.iter().copied(), grad, "the gradient", "its gradient")?;
            let remembered = self.leaves.iter().map(Memory::leaf);
            compare(params, remembered, self, "the optimizer's state", "the optimizer's state of it")?;
        }
        let (mut at, mut done) = (0, Ok(()));
        params.visit_mut(Path::ROOT, &mut |_, leaf| {
            if done.is_ok() {
                done = self.leaves[at].step(leaf, &gradient[at], &rule);
            }
            at += 1;
        });
        self.steps += 1;
        done.map_err(LeafError::Device)
    }
}

impl Memory {
    /// A leaf of the parameter's shape, without the numbers.
    fn leaf(&self) -> Leaf<'_> {
        let numbers = match self.buffers {
            Buffers::F32(_) => Numbers::F32(&[]),
            Buffers::F64(_) => Numbers::F64(&[]),
        };
        Leaf { numbers, shape: self.shape, order: self.order }
    }

    /// Updates a leaf that is known to fit.
    fn step<const K: usize>(
        &mut self,
        param: LeafMut<'_>,
        grad: &Leaf<'_>,
        rule: &impl Rule<K>,
    ) -> Result<(), DeviceError> {
        match (param.numbers, grad.numbers, &mut self.buffers) {
            (NumbersMut::TensorF32(params), Numbers::TensorF32(grad), Buffers::F32(slots)) => {
                let grad = grad.host()?;
                params.edit(|params| update(rule, &grad, Arrays { params, slots: arrays(slots) }))?;
            }
            (NumbersMut::TensorF64(params), Numbers::TensorF64(grad), Buffers::F64(slots)) => {
                let grad = grad.host()?;
                params.edit(|params| update(rule, &grad, Arrays { params, slots: arrays(slots) }))?;
            }
            (NumbersMut::F32(params), Numbers::F32(grad), Buffers::F32(slots)) => {
                update(rule, grad, Arrays { params, slots: arrays(slots) });
            }
            (NumbersMut::F64(params), Numbers::F64(grad), Buffers::F64(slots)) => {
                update(rule, grad, Arrays { params, slots: arrays(slots) });
            }
            _ => unreachable!("types were compared"),
        }
        Ok(())
    }
}

fn arrays<T: Real, const K: usize>(slots: &mut [Vec<T>]) -> [&mut [T]; K] {
    let mut slots = slots.iter_mut();
    std::array::from_fn(|_| slots.next().expect("an array for each slot").as_mut_slice())
}

/// Compares the leaves of parameters with `others`, those of `value`, which messages call `whole`, and its parts `part`.
fn compare<'a>(
    params: &dyn LeavesMut,
    mut others: impl Iterator<Item = Leaf<'a>>,
    value: &dyn Leaves,
    whole: &'static str,
    part: &'static str,
) -> Result<(), LeafError> {
    let (mut result, mut count) = (Ok(()), 0);
    params.visit(Path::ROOT, &mut |path, param| {
        if result.is_ok() {
            result = match others.next() {
                Some(other) => compare_leaves(&path, &param, &other, part),
                None => {
                    Err(LeafError::Count { leaf: path.to_string(), with: "the parameters", without: whole })
                }
            };
        }
        count += 1;
    });
    if result.is_ok() && others.next().is_some() {
        let leaf = crate::leaves::names(&value).swap_remove(count);
        return Err(LeafError::Count { leaf, with: whole, without: "the parameters" });
    }
    result
}

fn compare_leaves(
    path: &Path<'_>,
    param: &Leaf<'_>,
    other: &Leaf<'_>,
    part: &'static str,
) -> Result<(), LeafError> {
    let leaf = || path.to_string();
    if param.shape != other.shape {
        return Err(LeafError::Shape {
            leaf: leaf(),
            parameter: param.shape.dims().to_vec(),
            other: part,
            shape: other.shape.dims().to_vec(),
        });
    }
    let (ours, theirs) = (param.numbers.type_name(), other.numbers.type_name());
    if ours != theirs {
        return Err(LeafError::Kind {
            leaf: leaf(),
            parameter: ours.into(),
            other: part,
            kind: theirs.into(),
        });
    }
    if param.order != other.order && !param.shape.lies_one_way() {
        let word = |order| if order == Order::RowMajor { "row-major" } else { "column-major" };
        let (parameter, kind) = (word(param.order).into(), word(other.order).into());
        return Err(LeafError::Kind { leaf: leaf(), parameter, other: part, kind });
    }
    Ok(())
}

/// Where parameters and gradient both have names, these must agree: leaves of equal shape may stand in the wrong order.
fn compare_names(params: &dyn LeavesMut, grad: &dyn Leaves) -> Result<(), LeafError> {
    let name = |path: &str| {
        let last = path.rsplit('.').next().unwrap_or("");
        (!last.is_empty() && last.parse::<usize>().is_err()).then(|| last.to_string())
    };
    for (parameter, gradient) in crate::leaves::names(&params).into_iter().zip(crate::leaves::names(&grad)) {
        if let (Some(ours), Some(theirs)) = (name(&parameter), name(&gradient))
            && ours != theirs
        {
            return Err(LeafError::Name { parameter, gradient });
        }
    }
    Ok(())
}

impl Leaves for State {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        for memory in &self.leaves {
            for (k, slot) in self.slots.iter().enumerate() {
                let numbers = match &memory.buffers {
                    Buffers::F32(buffers) => Numbers::F32(&buffers[k]),
                    Buffers::F64(buffers) => Numbers::F64(&buffers[k]),
                };
                let leaf = Leaf { numbers, shape: memory.shape, order: memory.order };
                let slot = path.field(slot);
                visitor(if memory.name.is_empty() { slot } else { slot.field(&memory.name) }, leaf);
            }
        }
    }
}

impl LeavesMut for State {
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
        for Memory { name, shape, order, buffers } in &mut self.leaves {
            let each: Vec<NumbersMut<'a>> = match buffers {
                Buffers::F32(buffers) => buffers.iter_mut().map(|b| NumbersMut::F32(b)).collect(),
                Buffers::F64(buffers) => buffers.iter_mut().map(|b| NumbersMut::F64(b)).collect(),
            };
            for (numbers, slot) in each.into_iter().zip(&self.slots) {
                let leaf = LeafMut { numbers, shape: *shape, order: *order };
                let slot = path.field(slot);
                visitor(if name.is_empty() { slot } else { slot.field(name) }, leaf);
            }
        }
    }
}
