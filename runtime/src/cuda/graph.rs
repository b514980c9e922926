//! Work recorded once and replayed at the price of one launch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cust::memory::LockedBuffer;
use cust::sys::{CUgraph, CUgraphExec};

use super::capture::{self, Trace, drop_graph};
use super::memory::{Arena, Held};
use super::status::Words;
use super::{Gpu, raw};
use crate::DeviceError;

/// Work that was recorded, with all memory that it uses.
pub struct Graph {
    exec: CUgraphExec,
    gpu: Arc<Gpu>,
    arena: Arc<Arena>,
    held: Vec<Held>,
    words: Vec<Arc<Words>>,
    uploads: Vec<LockedBuffer<u8>>,
    counters: Vec<Arc<AtomicU64>>,
    trace: Trace,
}

// SAFETY: the driver's functions on an executable graph may be called from any thread, one at a time; all of them here
// take `&mut self`.
unsafe impl Send for Graph {}

impl Graph {
    /// Records what `work` queues on the GPU; it does not run. What `work` returns comes along: memory in it has numbers
    /// when the graph has run.
    ///
    /// # Errors
    /// Those of `work`, and if it does what cannot be recorded: waiting, copying to the host, recording.
    pub fn record<T>(
        gpu: &Arc<Gpu>,
        work: impl FnOnce() -> Result<T, DeviceError>,
    ) -> Result<(Graph, T), DeviceError> {
        let (recorded, made) = capture::record(gpu, work)?;
        let exec = instantiate(recorded.graph);
        drop_graph(recorded.graph);
        let exec = exec.inspect_err(|_| recorded.arena.fail())?;
        let capture::Recorded { arena, held, words, uploads, counters, trace, .. } = recorded;
        Ok((Graph { exec, gpu: gpu.clone(), arena, held, words, uploads, counters, trace }, made))
    }

    /// Queues the recorded work once.
    ///
    /// # Errors
    /// If the driver refuses, earlier work failed, a step is being recorded, or a tensor from outside that the work uses was
    /// dropped or replaced.
    pub fn replay(&mut self) -> Result<(), DeviceError> {
        self.gpu.refuse_inner_step()?;
        if self.held.iter().any(Held::is_forsaken) {
            return Err(DeviceError::Recording(
                "a tensor that the recorded step uses was replaced or dropped since: change it in place (`copy_from`, \
                 `descend`), or record the step anew"
                    .to_string(),
            ));
        }
        self.gpu.enter()?;
        let stream = self.gpu.stream().as_inner();
        // SAFETY: the graph and the stream are alive, and all memory that the graph uses is held.
        let code = self.gpu.replay(&self.words, || unsafe { raw::launch_graph(self.exec, stream) });
        // Afterwards: who reads meanwhile must not take old numbers for new ones.
        self.arena.replayed();
        self.held.iter().for_each(|held| held.memory().written());
        raw::check("replaying", code)?;
        for counter in &self.counters {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Where another records something else, in words.
    pub(crate) fn difference(&self, other: &Trace) -> Option<String> {
        other.difference(&self.trace)
    }

    /// What was recorded, without the graph.
    pub(crate) fn into_trace(mut self) -> Trace {
        std::mem::take(&mut self.trace)
    }

    /// What the recorded work was to make, it will not make.
    pub(crate) fn fail(self) {
        self.arena.fail();
    }
}

fn instantiate(graph: CUgraph) -> Result<CUgraphExec, DeviceError> {
    let mut exec = std::ptr::null_mut();
    // SAFETY: the graph was recorded and is alive.
    raw::check("preparing a recording", unsafe { raw::instantiate(&raw mut exec, graph, 0) })?;
    Ok(exec)
}

impl Drop for Graph {
    fn drop(&mut self) {
        if !self.uploads.is_empty() {
            // A replay under way reads what is uploaded. If waiting fails, nothing runs any more.
            let _ = self.gpu.enter();
            // SAFETY: the stream is alive.
            unsafe { raw::wait(self.gpu.stream().as_inner()) };
        }
        let _ = self.gpu.enter();
        // SAFETY: the graph is alive and is not used again; the driver keeps a replay that is under way.
        unsafe { raw::drop_exec(self.exec) };
        // Work that gets this memory comes later on the same stream.
        self.arena.close();
    }
}
