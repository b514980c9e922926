//! What an optimizer remembers, and the walk over parameters, gradient and memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LeafError;
use super::compare::{compare, compare_names, compare_places};
#[cfg(feature = "cuda")]
use super::gpu::{Rows, Schedule};
use super::rates::Rates;
use super::rules::{Real, Rule};
use super::update::{Arrays, update};
use crate::leaves::{Leaf, LeafMut, Leaves, LeavesMut, Number, Numbers, NumbersMut, Order, Path, Shape};
use crate::tensor::Float;
use crate::{DeviceError, Tensor};

/// The number of steps, and arrays in the shapes of the parameters: one for each thing to remember (a slot) and leaf.
///
/// Its leaves are named by slot and parameter, `momentum_buffer.layers.0.weight`. They are where the parameters are, on a GPU from the
/// first step on.
#[derive(Default)]
pub struct State {
    steps: Steps,
    slots: Vec<&'static str>,
    leaves: Vec<Memory>,
    /// What the GPU counts; made when it is needed.
    #[cfg(feature = "cuda")]
    schedule: Option<Schedule>,
}

/// A count that recordings of a step advance whenever they run it.
#[derive(Default)]
struct Steps(Arc<AtomicU64>);

impl Steps {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a copy counts is its own affair.
impl Clone for Steps {
    fn clone(&self) -> Steps {
        Steps(Arc::new(AtomicU64::new(self.get())))
    }
}

/// What the GPU counts stays with the original, for the recordings that use it; a copy has it made anew.
impl Clone for State {
    fn clone(&self) -> State {
        State {
            steps: self.steps.clone(),
            slots: self.slots.clone(),
            leaves: self.leaves.clone(),
            #[cfg(feature = "cuda")]
            schedule: None,
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        (self.steps(), &self.slots, &self.leaves) == (other.steps(), &other.slots, &other.leaves)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all = f.debug_struct("State");
        all.field("steps", &self.steps()).field("slots", &self.slots).field("leaves", &self.leaves).finish()
    }
}

/// What is remembered of one leaf.
#[derive(Clone, PartialEq, Debug)]
struct Memory {
    name: String,
    shape: Shape,
    order: Order,
    buffers: Buffers,
}

/// An array for each slot; tensors where the parameters are on a GPU.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(not(feature = "cuda"), allow(dead_code))]
enum Buffers {
    F32(Vec<Vec<f32>>),
    F64(Vec<Vec<f64>>),
    TensorF32(Vec<Tensor<f32>>),
    TensorF64(Vec<Tensor<f64>>),
}

impl State {
    /// How many steps were taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Changes the number of steps taken: for loading.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = Steps(Arc::new(AtomicU64::new(steps)));
        self.forget_schedule();
    }

    /// What the GPU counts is made anew.
    fn forget_schedule(&mut self) {
        #[cfg(feature = "cuda")]
        {
            self.schedule = None;
        }
    }

    /// Learning rates were changed: a GPU that knows of them hears of it at once, since recorded steps do not come by here.
    pub(super) fn change_rates(&mut self, rates: &Rates) {
        #[cfg(feature = "cuda")]
        if let Some(schedule) = &mut self.schedule {
            // While a step is recorded nothing happened. Else a recording that uses what is forgotten says so in its next run.
            if schedule.set_rates(rates).is_err() && !crate::cuda::is_recording() {
                self.schedule = None;
            }
        }
        #[cfg(not(feature = "cuda"))]
        let _ = rates;
    }

    /// Makes room for `slots` of each leaf, filled with `fill`, and counts steps from 0.
    pub(super) fn prepare(&mut self, params: &dyn Leaves, slots: &[&'static str], fill: f64) {
        let mut leaves = Vec::new();
        params.visit(Path::ROOT, &mut |path, Leaf { numbers, shape, order }| {
            let (n, k) = (numbers.len(), slots.len());
            // In the host's memory until the first step.
            let buffers = match numbers {
                Numbers::F32(_) | Numbers::TensorF32(_) => Buffers::F32(vec![vec![fill as f32; n]; k]),
                Numbers::F64(_) | Numbers::TensorF64(_) => Buffers::F64(vec![vec![fill; n]; k]),
            };
            leaves.push(Memory { name: path.to_string(), shape, order, buffers });
        });
        *self = State { slots: slots.to_vec(), leaves, ..State::default() };
    }

    /// One step of `rule`, which remembers `slots`; they begin as `fill`.
    pub(super) fn step<const K: usize, const C: usize, const I: usize, const D: usize>(
        &mut self,
        params: &mut dyn LeavesMut,
        grad: &dyn Leaves,
        (slots, fill): ([&'static str; K], f64),
        (rule, rates): (impl Rule<K, C, I, D>, &Rates),
    ) -> Result<(), LeafError> {
        let mut gradient = Vec::with_capacity(self.leaves.len());
        grad.visit(Path::ROOT, &mut |_, leaf| gradient.push(leaf));
        compare_places(params, &gradient)?;
        if self.leaves.is_empty() || self.slots != slots {
            compare_names(params, grad)?;
            compare(params, gradient.iter().copied(), grad, "the gradient", "its gradient")?;
            self.prepare(params, &slots, fill);
        } else {
            compare(params, gradient.iter().copied(), grad, "the gradient", "its gradient")?;
            let remembered = self.leaves.iter().map(Memory::leaf);
            compare(params, remembered, self, "the optimizer's state", "the optimizer's state of it")?;
        }
        let done = self.go(params, &gradient, &rule, rates);
        if done.is_err() {
            self.forget_schedule();
        }
        done.map_err(LeafError::Device)
    }

    /// A step of leaves that fit.
    fn go<R, const K: usize, const C: usize, const I: usize, const D: usize>(
        &mut self,
        params: &mut dyn LeavesMut,
        gradient: &[Leaf<'_>],
        rule: &R,
        rates: &Rates,
    ) -> Result<(), DeviceError>
    where
        R: Rule<K, C, I, D>,
    {
        let scheduled = R::schedule(&rule.inputs(), rates.at(self.steps()), self.steps() as f64);
        #[cfg(feature = "cuda")]
        let mut on_gpu = Rows::default();
        let (mut at, mut done) = (0, Ok(()));
        params.visit_mut(Path::ROOT, &mut |_, leaf| {
            let memory = &mut self.leaves[at];
            let step = || match leaf.numbers {
                #[cfg(feature = "cuda")]
                NumbersMut::TensorF32(_) | NumbersMut::TensorF64(_) => {
                    memory.join(leaf.numbers, &gradient[at], &mut on_gpu)
                }
                numbers => memory.step(numbers, &gradient[at], rule, &scheduled),
            };
            if done.is_ok() {
                done = step();
            }
            at += 1;
        });
        done?;
        #[cfg(feature = "cuda")]
        if let Some(gpu) = super::gpu::gpu_of(gradient) {
            let schedule = Schedule::next(&mut self.schedule, &gpu, self.steps.get(), rule, rates)?;
            on_gpu.update(rule, schedule)?;
            if crate::cuda::count_replays(&self.steps.0) {
                return Ok(());
            }
        }
        self.steps.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Buffers {
    /// In the host's memory.
    fn bring_to_host(&mut self) -> Result<(), DeviceError> {
        fn all<T: Float>(tensors: &[Tensor<T>]) -> Result<Vec<Vec<T>>, DeviceError> {
            tensors.iter().map(|t| Ok(t.host()?.to_vec())).collect()
        }
        match self {
            Buffers::TensorF32(tensors) => *self = Buffers::F32(all(tensors)?),
            Buffers::TensorF64(tensors) => *self = Buffers::F64(all(tensors)?),
            Buffers::F32(_) | Buffers::F64(_) => {}
        }
        Ok(())
    }

    /// As tensors, which move to a GPU when it changes them.
    #[cfg(feature = "cuda")]
    fn become_tensors(&mut self, shape: Shape, order: Order) {
        fn all<T: Float>(arrays: &mut Vec<Vec<T>>, shape: Shape, order: Order) -> Vec<Tensor<T>> {
            std::mem::take(arrays).into_iter().map(|x| Tensor::of_host(shape, order, x)).collect()
        }
        match self {
            Buffers::F32(arrays) => *self = Buffers::TensorF32(all(arrays, shape, order)),
            Buffers::F64(arrays) => *self = Buffers::TensorF64(all(arrays, shape, order)),
            Buffers::TensorF32(_) | Buffers::TensorF64(_) => {}
        }
    }
}

impl Memory {
    /// A leaf of the parameter's shape, without the numbers.
    fn leaf(&self) -> Leaf<'_> {
        let numbers = match self.buffers {
            Buffers::F32(_) | Buffers::TensorF32(_) => Numbers::F32(&[]),
            Buffers::F64(_) | Buffers::TensorF64(_) => Numbers::F64(&[]),
        };
        Leaf { numbers, shape: self.shape, order: self.order }
    }

    /// Updates a leaf in the host's memory that is known to fit.
    fn step<R, const K: usize, const C: usize, const I: usize, const D: usize>(
        &mut self,
        param: NumbersMut<'_>,
        grad: &Leaf<'_>,
        rule: &R,
        scheduled: &[f64; D],
    ) -> Result<(), DeviceError>
    where
        R: Rule<K, C, I, D>,
    {
        self.buffers.bring_to_host()?;
        match (param, grad.numbers, &mut self.buffers) {
            (NumbersMut::F32(params), Numbers::F32(grad), Buffers::F32(slots)) => {
                update(rule, scheduled, grad, Arrays { params, slots: arrays(slots) });
            }
            (NumbersMut::F64(params), Numbers::F64(grad), Buffers::F64(slots)) => {
                update(rule, scheduled, grad, Arrays { params, slots: arrays(slots) });
            }
            _ => unreachable!("types and places were compared"),
        }
        Ok(())
    }

    /// Joins those that are updated together: a leaf on a GPU that is known to fit.
    #[cfg(feature = "cuda")]
    fn join(&mut self, param: NumbersMut<'_>, grad: &Leaf<'_>, rows: &mut Rows) -> Result<(), DeviceError> {
        self.buffers.become_tensors(self.shape, self.order);
        match (param, grad.numbers, &mut self.buffers) {
            (NumbersMut::TensorF32(param), Numbers::TensorF32(grad), Buffers::TensorF32(slots)) => {
                rows.add(grad, param, slots)
            }
            (NumbersMut::TensorF64(param), Numbers::TensorF64(grad), Buffers::TensorF64(slots)) => {
                rows.add(grad, param, slots)
            }
            _ => unreachable!("types and places were compared"),
        }
    }
}

fn arrays<T: Real + Number, const K: usize>(slots: &mut [Vec<T>]) -> [&mut [T]; K] {
    let mut slots = slots.iter_mut();
    std::array::from_fn(|_| slots.next().expect("an array for each slot").as_mut_slice())
}

impl Leaves for State {
    fn visit<'a>(&'a self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, Leaf<'a>)) {
        for memory in &self.leaves {
            for (k, slot) in self.slots.iter().enumerate() {
                let slot = path.field(slot);
                let path = if memory.name.is_empty() { slot } else { slot.field(&memory.name) };
                let own = |numbers| Leaf { numbers, shape: memory.shape, order: memory.order };
                match &memory.buffers {
                    Buffers::F32(buffers) => visitor(path, own(Numbers::F32(&buffers[k]))),
                    Buffers::F64(buffers) => visitor(path, own(Numbers::F64(&buffers[k]))),
                    Buffers::TensorF32(tensors) => tensors[k].visit(path, visitor),
                    Buffers::TensorF64(tensors) => tensors[k].visit(path, visitor),
                }
            }
        }
    }
}

impl LeavesMut for State {
    fn visit_mut<'a>(&'a mut self, path: Path<'_>, visitor: &mut dyn FnMut(Path<'_>, LeafMut<'a>)) {
        let slots = &self.slots;
        for Memory { name, shape, order, buffers } in &mut self.leaves {
            let mut slots = slots.iter();
            let mut at = |visit: &mut dyn FnMut(Path<'_>)| {
                let slot = path.field(slots.next().expect("an array for each slot"));
                visit(if name.is_empty() { slot } else { slot.field(name) });
            };
            let own = |numbers| LeafMut { numbers, shape: *shape, order: *order };
            match buffers {
                Buffers::F32(all) => {
                    all.iter_mut()
                        .for_each(|x| at(&mut take(x, |x, path| visitor(path, own(NumbersMut::F32(x))))));
                }
                Buffers::F64(all) => {
                    all.iter_mut()
                        .for_each(|x| at(&mut take(x, |x, path| visitor(path, own(NumbersMut::F64(x))))));
                }
                Buffers::TensorF32(all) => {
                    all.iter_mut().for_each(|x| at(&mut take(x, |x, path| x.visit_mut(path, visitor))));
                }
                Buffers::TensorF64(all) => {
                    all.iter_mut().for_each(|x| at(&mut take(x, |x, path| x.visit_mut(path, visitor))));
                }
            }
        }
    }
}

/// A function of a path that is called once, with what it takes along.
fn take<X>(x: X, mut f: impl FnMut(X, Path<'_>)) -> impl FnMut(Path<'_>) {
    let mut x = Some(x);
    move |path| f(x.take().expect("called once"), path)
}
