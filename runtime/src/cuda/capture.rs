//! What a thread records at the moment: a step whose work goes to a graph instead of the GPU.
//!
//! Recording is a thread's own affair. Its work goes to a stream of its own that captures, so other threads compute on as
//! ever. The memory that the work uses is held; the memory that is taken meanwhile belongs to the recording. All that is
//! queued is noted, so that two recordings of one step can be compared.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cust::memory::LockedBuffer;
use cust::sys::{CUgraph, CUstream};

use super::gpu::failed;
use super::memory::{Arena, Held, Memory};
use super::status::{Failures, Words};
use super::{Gpu, raw};
use crate::DeviceError;

thread_local! {
    static CURRENT: RefCell<Option<Capture>> = const { RefCell::new(None) };
}

/// What was recorded.
pub(super) struct Recorded {
    pub(super) graph: CUgraph,
    pub(super) arena: Arc<Arena>,
    pub(super) held: Vec<Held>,
    pub(super) words: Vec<Arc<Words>>,
    /// What uploads read whenever the graph runs.
    pub(super) uploads: Vec<LockedBuffer<u8>>,
    /// What counts how often the graph ran.
    pub(super) counters: Vec<Arc<AtomicU64>>,
    pub(super) trace: Trace,
}

struct Capture {
    gpu: Arc<Gpu>,
    stream: CUstream,
    arena: Arc<Arena>,
    held: HashMap<u64, Held>,
    words: Vec<Words>,
    uploads: Vec<LockedBuffer<u8>>,
    counters: Vec<Arc<AtomicU64>>,
    /// The memory that was taken meanwhile: by its address the length and a number.
    made: BTreeMap<u64, (usize, u64)>,
    /// How often memory was taken, which may be the same again.
    takes: u64,
    trace: Trace,
    /// The first thing that cannot be recorded.
    refusal: Option<DeviceError>,
}

/// What was queued, in order; memory that was taken meanwhile by number instead of address.
#[derive(Default)]
pub(crate) struct Trace(Vec<Queued>);

#[derive(PartialEq, Eq)]
struct Queued {
    what: String,
    numbers: Vec<(bool, u64)>,
}

impl Trace {
    /// Where another differs, in words.
    pub(super) fn difference(&self, other: &Trace) -> Option<String> {
        let (n, m) = (self.0.len(), other.0.len());
        match self.0.iter().zip(&other.0).position(|(a, b)| a != b) {
            Some(k) if self.0[k].what == other.0[k].what => {
                Some(format!("operation {} ({}) gets other numbers or other memory", k + 1, self.0[k].what))
            }
            Some(k) => {
                Some(format!("operation {} is {} once, then {}", k + 1, self.0[k].what, other.0[k].what))
            }
            None => (n != m).then(|| format!("it queues {n} operations once, then {m}")),
        }
    }
}

fn with<R>(f: impl FnOnce(&mut Capture) -> R) -> Option<R> {
    CURRENT.with_borrow_mut(|current| current.as_mut().map(f))
}

/// The memory of the recording that this thread makes, if it makes one.
pub(super) fn arena() -> Option<Arc<Arena>> {
    with(|c| c.arena.clone())
}

/// Has a count go on whenever the step that this thread records runs. Whether it records one.
pub(crate) fn count_replays(counter: &Arc<AtomicU64>) -> bool {
    with(|c| c.counters.push(counter.clone())).is_some()
}

/// Whether this thread records a step.
pub(crate) fn is_on() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// An error while a step is recorded; recording fails then, also where the step goes on.
pub(crate) fn refuse(what: impl FnOnce() -> String) -> Result<(), DeviceError> {
    with(|c| Err(c.refuse(DeviceError::Recording(what())))).unwrap_or(Ok(()))
}

/// The stream that records what this thread queues for that GPU.
pub(super) fn stream(gpu: &Gpu) -> Result<Option<CUstream>, DeviceError> {
    let own = |c: &mut Capture| match c.gpu.ordinal() == gpu.ordinal() {
        true => Ok(c.stream),
        false => Err(c.refuse(DeviceError::Recording(format!(
            "a step that is recorded on GPU {} uses GPU {}: record one step for each",
            c.gpu.ordinal(),
            gpu.ordinal()
        )))),
    };
    with(own).transpose()
}

/// Memory was taken.
pub(super) fn made(memory: &Memory) {
    with(|c| c.made(memory));
}

/// Work is about to be queued that uses memory.
pub(super) fn touch(memory: &Arc<Memory>) {
    if let Some(Err(error)) = with(|c| c.touch(memory)) {
        debug_assert!(matches!(error, DeviceError::Recording(_)));
    } else if let Err(error) = memory.sound() {
        memory.gpu().spoil(error);
    }
}

/// Work is queued.
pub(super) fn note<N: IntoIterator<Item = u64>>(what: &str, numbers: impl FnOnce() -> N) {
    with(|c| c.note(what, numbers()));
}

/// A word for the status of a launch of the step.
pub(super) fn word(failures: Failures) -> Option<Result<u64, DeviceError>> {
    let (gpu, found) = with(|c| (c.gpu.clone(), c.words.last_mut().and_then(|w| w.next(failures))))?;
    Some(found.map_or_else(|| new_words(&gpu, failures), Ok))
}

/// The first of more words. They are cleared once, on the GPU's own stream: a replay must not clear what the one before
/// left.
fn new_words(gpu: &Arc<Gpu>, failures: Failures) -> Result<u64, DeviceError> {
    let mut words = Words::new(gpu)?;
    let word = words.next(failures).expect("there is room in new words");
    with(|c| {
        c.made(words.memory());
        c.words.push(words);
    });
    Ok(word)
}

/// Records an upload of bytes as they are now. Whether a step is being recorded at all.
pub(super) fn upload(gpu: &Gpu, to: u64, bytes: &[u8]) -> Option<Result<(), DeviceError>> {
    let stream = match stream(gpu) {
        Ok(stream) => stream?,
        Err(error) => return Some(Err(error)),
    };
    with(|c| c.upload(stream, to, bytes))
}

impl Capture {
    fn refuse(&mut self, error: DeviceError) -> DeviceError {
        self.refusal.get_or_insert(error).clone()
    }

    fn made(&mut self, memory: &Memory) {
        self.made.insert(memory.address(), (memory.len(), self.takes));
        self.takes += 1;
    }

    fn touch(&mut self, memory: &Arc<Memory>) -> Result<(), DeviceError> {
        memory.sound().map_err(|e| self.refuse(e))?;
        if !memory.is_of(&self.arena) {
            self.held.entry(memory.address()).or_insert_with(|| memory.hold());
        }
        Ok(())
    }

    fn note(&mut self, what: &str, numbers: impl IntoIterator<Item = u64>) {
        let mut named = Vec::new();
        for number in numbers {
            match self.made.range(..=number).next_back() {
                Some((start, (len, k))) if number - start < *len as u64 => {
                    named.extend([(true, *k), (true, number - start)]);
                }
                _ => named.push((false, number)),
            }
        }
        self.trace.0.push(Queued { what: what.to_string(), numbers: named });
    }

    fn upload(&mut self, stream: CUstream, to: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        let copy = LockedBuffer::from_slice(bytes).map_err(failed("taking page-locked memory"))?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        self.note("copying to the GPU", [to, bytes.len() as u64, hasher.finish()]);
        let from = copy.as_slice().as_ptr().cast();
        self.uploads.push(copy);
        // SAFETY: `to` has so many bytes, as the caller knows; the copy lives as long as what is recorded.
        raw::check("copying to the GPU", unsafe { raw::upload(to, from, bytes.len(), stream) })
    }
}

/// Ends the recording of this thread, also where the step panics.
struct Ending;

impl Ending {
    /// The graph, unless there was what cannot be recorded.
    fn end(self) -> Result<Recorded, DeviceError> {
        std::mem::forget(self);
        let mut capture = CURRENT.take().expect("a recording was begun");
        let mut graph = std::ptr::null_mut();
        // SAFETY: recording was begun on this stream, and is ended whatever became of the work.
        let ended = raw::check("recording", unsafe { raw::end_capture(capture.stream, &raw mut graph) });
        // SAFETY: the stream was made for this recording and is not used again.
        unsafe { raw::drop_stream(capture.stream) };
        if let Err(error) = capture.refusal.take().map_or(ended, Err) {
            capture.arena.fail();
            drop_graph(graph);
            return Err(error);
        }
        let Capture { arena, held, words, uploads, counters, trace, .. } = capture;
        let held = held.into_values().collect();
        let words = words.into_iter().map(Arc::new).collect();
        Ok(Recorded { graph, arena, held, words, uploads, counters, trace })
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Ok(recorded) = Ending.end() {
            recorded.arena.fail();
            drop_graph(recorded.graph);
        }
    }
}

/// Gives a graph up.
pub(super) fn drop_graph(graph: CUgraph) {
    if !graph.is_null() {
        // SAFETY: the graph was recorded, and nobody uses it again.
        unsafe { raw::drop_graph(graph) };
    }
}

/// Records what `step` queues on the GPU; nothing of it runs.
pub(super) fn record<T>(
    gpu: &Arc<Gpu>,
    step: impl FnOnce() -> Result<T, DeviceError>,
) -> Result<(Recorded, T), DeviceError> {
    gpu.refuse_inner_step()?;
    gpu.enter()?;
    let words = Words::new(gpu)?;
    let mut stream = std::ptr::null_mut();
    // SAFETY: the context was entered.
    raw::check("making a stream", unsafe { raw::new_stream(&raw mut stream, raw::NON_BLOCKING) })?;
    // SAFETY: the stream was just made.
    let begun = raw::check("recording", unsafe { raw::begin_capture(stream, raw::RELAXED) });
    if let Err(error) = begun {
        // SAFETY: nothing uses the stream.
        unsafe { raw::drop_stream(stream) };
        return Err(error);
    }
    let (held, uploads, counters, made, takes, trace, refusal) = Default::default();
    let arena = Arena::new(gpu);
    let gpu = gpu.clone();
    let mut capture =
        Capture { gpu, stream, arena, held, words: vec![], uploads, counters, made, takes, trace, refusal };
    capture.made(words.memory());
    capture.words.push(words);
    CURRENT.set(Some(capture));
    let ending = Ending;
    let done = step();
    let recorded = ending.end();
    match (done, recorded) {
        (Ok(made), Ok(recorded)) => Ok((recorded, made)),
        (Err(error), Ok(recorded)) => {
            recorded.arena.fail();
            drop_graph(recorded.graph);
            Err(error)
        }
        (_, Err(error)) => Err(error),
    }
}
