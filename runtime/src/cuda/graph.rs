//! Launches recorded once and replayed at the price of one.

use std::sync::Arc;

use cust::sys;

use super::Gpu;
use super::gpu::check;
use crate::DeviceError;

/// Work that was recorded.
pub struct Graph {
    exec: sys::CUgraphExec,
    gpu: Arc<Gpu>,
}

// SAFETY: the driver's functions on an executable graph may be called from any thread, one at a time; all of them here
// take `&mut self`.
unsafe impl Send for Graph {}

impl Graph {
    /// Records what `work` queues on the GPU; it does not run.
    ///
    /// Kernels that `work` launches must have run before, since modules are not assembled while recording.
    ///
    /// # Errors
    /// Those of `work`, and if it does what cannot be recorded: waiting, copying to or from the host, allocating.
    ///
    /// # Safety
    /// What [`Gpu::launch`] asks of memory holds until the last replay is done.
    pub unsafe fn record(
        gpu: &Arc<Gpu>,
        work: impl FnOnce() -> Result<(), DeviceError>,
    ) -> Result<Graph, DeviceError> {
        gpu.enter()?;
        let stream = gpu.stream().as_inner();
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream is alive as long as the GPU.
        check("recording", unsafe { sys::cuStreamBeginCapture_v2(stream, mode) })?;
        let done = work();
        let mut graph = std::ptr::null_mut();
        // SAFETY: recording was begun on this stream, and is ended whatever became of the work.
        let ended = check("recording", unsafe { sys::cuStreamEndCapture(stream, &raw mut graph) });
        let result = done.and(ended).and_then(|()| instantiate(graph));
        if !graph.is_null() {
            // SAFETY: the graph was made above and is not used again.
            unsafe { sys::cuGraphDestroy(graph) };
        }
        Ok(Graph { exec: result?, gpu: gpu.clone() })
    }

    /// Queues the recorded work once.
    ///
    /// # Errors
    /// If the driver refuses, or earlier work failed.
    pub fn replay(&mut self) -> Result<(), DeviceError> {
        self.gpu.enter()?;
        // SAFETY: the graph and the stream are alive; memory is the promise made when recording.
        check("replaying", unsafe { sys::cuGraphLaunch(self.exec, self.gpu.stream().as_inner()) })
    }
}

fn instantiate(graph: sys::CUgraph) -> Result<sys::CUgraphExec, DeviceError> {
    let mut exec = std::ptr::null_mut();
    // SAFETY: the graph was recorded and is alive.
    check("preparing a recording", unsafe { sys::cuGraphInstantiateWithFlags(&raw mut exec, graph, 0) })?;
    Ok(exec)
}

impl Drop for Graph {
    fn drop(&mut self) {
        // A replay under way keeps what it needs.
        let _ = self.gpu.enter();
        // SAFETY: the graph is alive and is not used again.
        unsafe { sys::cuGraphExecDestroy(self.exec) };
    }
}
