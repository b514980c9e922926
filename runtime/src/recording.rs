//! Steps that are recorded once and replayed.

use std::fmt;

#[cfg(feature = "cuda")]
use crate::cuda::{Graph, Trace};
use crate::{Device, DeviceError};

/// What a step is: a function of its state.
type Step<'a, T, S> = Box<dyn FnMut(&mut S) -> Result<T, DeviceError> + 'a>;

/// A step of a computation that a GPU does again and again at the price of one launch: see [`Device::record`].
///
/// To run it k times means to call its function k times. On a GPU the function itself is only called three times, though:
///
/// 1. The first run is executed as it is.
/// 2. The second is recorded, as a CUDA graph, and launched.
/// 3. The third is recorded as well and must queue the same work as the second, else it is an error; then it is launched.
/// 4. All others replay the third.
///
/// So what the function does on the host — numbers that it passes, slices that it copies, choices that it makes — is that of
/// the third run from there on. What shall change from run to run stands in tensors: parameters and the state of an optimizer are
/// changed in place ([`descend`](crate::Tensor::descend), [`add_assign`](crate::Tensor::add_assign), ..), and the state of the
/// recording ([`Device::record_with`]) holds those that are changed in between ([`copy_from`](crate::Tensor::copy_from)).
///
/// While it is recorded, the function may do all that a device does without the host: it reads no numbers back
/// (`to_vec`, `sum`, `value_and_grad` of a function with a number as value) but returns tensors, which
/// [`last`](Recording::last) lends. It does not wait and does not run other recordings. What fails in a kernel
/// of a replay, an index out of bounds say, is the error of whoever reads from the device next.
pub struct Recording<'a, T, S = ()> {
    device: Device,
    step: Step<'a, T, S>,
    state: S,
    // Before the stage: what a graph writes is given up before the graph.
    last: Option<T>,
    #[cfg(feature = "cuda")]
    stage: Stage,
}

/// How far a recording is.
#[cfg(feature = "cuda")]
#[derive(Default)]
enum Stage {
    /// It never ran.
    #[default]
    New,
    /// It ran once.
    Warm,
    /// It was recorded once: what was queued.
    Recorded(Graph),
    /// It was recorded twice, and did the same.
    Settled(Graph),
    /// It does not do the same each time.
    Broken(DeviceError),
}

impl Device {
    /// A step that is done many times: `step` changes tensors in place and may return others. See [`Recording`].
    ///
    /// ```
    /// use pullback::{Device, Tensor};
    ///
    /// let device = Device::best(); // on a CPU the function is called each time
    /// let a = Tensor::from([[2.0, 0.0], [0.0, 1.0]]).to(&device)?;
    /// let mut x = Tensor::from([1.0, 1.0]).to(&device)?;
    /// let mut step = device.record(|| {
    ///     let gradient = a.matmul(&x)?;
    ///     x.descend(&gradient, 0.5)?;
    ///     Ok(gradient)
    /// });
    /// for _ in 0..10 {
    ///     step.run()?;
    /// }
    /// assert_eq!(step.last().map(|g| g.to_vec()).transpose()?, Some(vec![0.0, 0.5f64.powi(9)]));
    /// drop(step);
    /// assert_eq!(x.to_vec()?, [0.0, 0.5f64.powi(10)]);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    #[must_use = "a recording does nothing before it is run"]
    pub fn record<'a, T>(&self, mut step: impl FnMut() -> Result<T, DeviceError> + 'a) -> Recording<'a, T> {
        self.record_with((), move |()| step())
    }

    /// As [`record`](Device::record), of a step on a state that may be looked at and changed between runs: the tensors into which
    /// mini-batches are copied, say, or a model.
    ///
    /// ```
    /// use pullback::{Device, Tensor};
    ///
    /// let device = Device::best();
    /// let sum = Tensor::<f32>::zeros(&[2], &device)?;
    /// let batch = Tensor::<f32>::zeros(&[2], &device)?;
    /// let mut step = device.record_with((sum, batch), |(sum, batch)| sum.add_assign(batch));
    /// for k in 0..5 {
    ///     step.state_mut().1.copy_from_slice(&[k as f32, 1.0])?;
    ///     step.run()?;
    /// }
    /// assert_eq!(step.into_state().0.to_vec()?, [10.0, 5.0]);
    /// # Ok::<(), pullback::DeviceError>(())
    /// ```
    #[must_use = "a recording does nothing before it is run"]
    pub fn record_with<'a, T, S>(
        &self,
        state: S,
        step: impl FnMut(&mut S) -> Result<T, DeviceError> + 'a,
    ) -> Recording<'a, T, S> {
        Recording {
            device: self.clone(),
            step: Box::new(step),
            state,
            last: None,
            #[cfg(feature = "cuda")]
            stage: Stage::New,
        }
    }
}

impl<T, S> Recording<'_, T, S> {
    /// Does the step once. On a GPU it is queued.
    ///
    /// # Errors
    /// Those of the step, in the runs that call it: it was not done then, and may be run again. If it does what cannot be recorded,
    /// if it queues other work in the third run than in the second, and if a tensor that it uses was replaced since it was
    /// recorded. If earlier work on the device failed.
    pub fn run(&mut self) -> Result<(), DeviceError> {
        #[cfg(feature = "cuda")]
        if let Some(gpu) = self.device.gpu().cloned() {
            return self.run_on(&gpu);
        }
        self.call()
    }

    /// Calls the function. What it made earlier is given up first, so that it does not keep tensors from being changed in
    /// place.
    fn call(&mut self) -> Result<(), DeviceError> {
        self.last = None;
        self.last = Some((self.step)(&mut self.state)?);
        Ok(())
    }

    /// What the step returned. On a GPU these are the same tensors after each run from the third on, whose numbers each run
    /// writes anew: read them before the next, or [`duplicate`](crate::Tensor::duplicate) them.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.last.as_ref()
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The state, to be changed between runs. Its tensors are to be changed in place: one that is replaced is an error in
    /// the next run.
    #[must_use]
    pub fn state_mut(&mut self) -> &mut S {
        &mut self.state
    }

    /// The state after the runs, without the recording.
    #[must_use]
    pub fn into_state(self) -> S {
        self.state
    }

    /// Where the step runs.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }
}

#[cfg(feature = "cuda")]
impl<T, S> Recording<'_, T, S> {
    fn run_on(&mut self, gpu: &std::sync::Arc<crate::cuda::Gpu>) -> Result<(), DeviceError> {
        match std::mem::take(&mut self.stage) {
            Stage::New => {
                gpu.refuse_inner_step()?;
                self.call()?;
                self.stage = Stage::Warm;
                Ok(())
            }
            Stage::Warm => {
                self.stage = Stage::Warm;
                self.stage = Stage::Recorded(self.record(gpu, None)?);
                Ok(())
            }
            Stage::Recorded(graph) => {
                // Its memory is free for the next recording.
                let trace = graph.into_trace();
                self.stage = Stage::Warm;
                self.stage = Stage::Settled(self.record(gpu, Some(trace))?);
                Ok(())
            }
            Stage::Settled(mut graph) => {
                let done = graph.replay();
                self.stage = Stage::Settled(graph);
                done
            }
            Stage::Broken(error) => {
                self.stage = Stage::Broken(error.clone());
                Err(error)
            }
        }
    }

    /// Records the step and launches what was recorded.
    fn record(
        &mut self,
        gpu: &std::sync::Arc<crate::cuda::Gpu>,
        earlier: Option<Trace>,
    ) -> Result<Graph, DeviceError> {
        let recorded = Graph::record(gpu, || self.call());
        let (mut graph, ()) = recorded.inspect_err(|_| self.last = None)?;
        if let Some(difference) = earlier.and_then(|trace| graph.difference(&trace)) {
            graph.fail();
            self.last = None;
            let error = DeviceError::Recording(format!(
                "the recorded step is not the same each time: {difference}; what changes from run to run stands in tensors \
                 that are changed in place"
            ));
            self.stage = Stage::Broken(error.clone());
            return Err(error);
        }
        match graph.replay() {
            Ok(()) => Ok(graph),
            Err(error) => {
                graph.fail();
                self.last = None;
                Err(error)
            }
        }
    }
}

impl<T, S: fmt::Debug> fmt::Debug for Recording<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("device", &self.device)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
