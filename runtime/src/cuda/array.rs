//! Arrays of generated code: in the GPU's memory, in the host's, or in both.

use std::sync::{Arc, Mutex, OnceLock};

use super::gpu::lock;
use super::{Buffer, Element, Gpu, Number, capture};
use crate::DeviceError;

/// An array whose elements are copied between host and GPU when the other side asks for them. Copies of it share them.
#[derive(Clone)]
pub struct Array<T: Element>(Arc<Mirror<T>>);

/// At least one of the two is there.
struct Mirror<T: Element> {
    gpu: Arc<Gpu>,
    len: usize,
    host: Mutex<Option<Host<T>>>,
    device: OnceLock<Buffer>,
}

/// Elements in the host's memory.
#[derive(Clone)]
struct Host<T> {
    elements: Arc<Vec<T>>,
    /// That of the GPU's memory when it had the same: recordings and changes in place write there.
    version: u64,
}

impl<T: Element> Array<T> {
    /// Elements in the host's memory, copied to the GPU when a kernel asks for them.
    #[must_use]
    pub fn of_host(gpu: &Arc<Gpu>, host: Vec<T>) -> Array<T> {
        let len = host.len();
        let host = Some(Host { elements: Arc::new(host), version: 0 });
        Array(Arc::new(Mirror { gpu: gpu.clone(), len, host: Mutex::new(host), device: OnceLock::new() }))
    }

    /// A copy in the GPU's memory.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn upload(gpu: &Arc<Gpu>, elements: &[T]) -> Result<Array<T>, DeviceError> {
        Ok(Array::of_buffer(Buffer::from_bytes(gpu, T::bytes(elements))?))
    }

    /// Elements that are in the GPU's memory.
    #[must_use]
    pub fn of_buffer(buffer: Buffer) -> Array<T> {
        let (gpu, len) = (buffer.gpu().clone(), buffer.len() / T::BYTES);
        Array(Arc::new(Mirror { gpu, len, host: Mutex::default(), device: OnceLock::from(buffer) }))
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The GPU.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.0.gpu
    }

    /// The elements in the host's memory, as they are now.
    ///
    /// # Errors
    /// If earlier work failed, or they are read from the GPU while a step is recorded.
    pub fn host(&self) -> Result<Arc<Vec<T>>, DeviceError> {
        let mut host = lock(&self.0.host);
        let Some(device) = self.0.device.get() else {
            let elements = host.as_ref().map(|h| h.elements.clone());
            return Ok(elements.expect("elements are with the host or with the GPU"));
        };
        let version = device.version();
        if let Some(known) = host.as_ref().filter(|h| h.version == version)
            // What was read earlier would be taken for what every replay finds.
            && (!capture::is_on() || device.is_of_this_step())
        {
            return Ok(known.elements.clone());
        }
        let mut bytes = vec![0; self.len() * T::BYTES];
        device.read(&mut bytes)?;
        let elements: Arc<Vec<T>> = Arc::new(bytes.chunks_exact(T::BYTES).map(T::read).collect());
        *host = Some(Host { elements: elements.clone(), version });
        Ok(elements)
    }

    /// The elements in the GPU's memory.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn device(&self) -> Result<&Buffer, DeviceError> {
        if let Some(device) = self.0.device.get() {
            return Ok(device);
        }
        let mut host = lock(&self.0.host);
        let elements = host.as_mut().expect("elements are with the host or with the GPU");
        let copy = Buffer::from_bytes(&self.0.gpu, T::bytes(&elements.elements))?;
        elements.version = copy.version();
        Ok(self.0.device.get_or_init(|| copy))
    }

    /// The elements of several, one after the other.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn concatenated(gpu: &Arc<Gpu>, parts: &[Array<T>]) -> Result<Array<T>, DeviceError> {
        if let [one] = parts {
            return Ok(one.clone());
        }
        let whole = Buffer::room(gpu, parts.iter().map(|part| part.len() * T::BYTES).sum())?;
        let mut at = 0;
        for part in parts {
            let bytes = part.len() * T::BYTES;
            whole.copy_within_gpu(at, part.device()?, 0, bytes)?;
            at += bytes;
        }
        Ok(Array::of_buffer(whole))
    }

    /// So many elements from that one on, copied.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn part(&self, start: usize, len: usize) -> Result<Array<T>, DeviceError> {
        let bytes = len * T::BYTES;
        let part = Buffer::room(self.gpu(), bytes)?;
        part.copy_within_gpu(0, self.device()?, start * T::BYTES, bytes)?;
        Ok(Array::of_buffer(part))
    }

    /// The memory of elements that nobody else has, to be changed there.
    ///
    /// # Errors
    /// As [`device`](Array::device); and if somebody else has them although recordings use the memory, which would miss the
    /// change of a copy.
    pub(crate) fn own(&mut self) -> Result<Option<&Buffer>, DeviceError> {
        if Arc::get_mut(&mut self.0).is_some() {
            return self.device().map(Some);
        }
        match self.0.device.get() {
            Some(shared) if shared.is_recorded() && !capture::is_on() => Err(DeviceError::Recording(
                "a tensor that a recorded step uses is changed while another shares its memory, so that the recording would \
                 not see it: drop the other first, or make it with `duplicate`"
                    .to_string(),
            )),
            _ => Ok(None),
        }
    }

    /// The only element of an array, as kernels take it: where it is in the GPU's memory, or else its value.
    #[must_use]
    pub fn number(&self) -> Number<'_> {
        let known = || lock(&self.0.host).as_ref().and_then(|h| h.elements.first().copied());
        let at = self.0.device.get();
        let value = if at.is_some() { None } else { known() };
        Number { value: value.unwrap_or_default().arg(), at }
    }

    /// One element.
    ///
    /// # Errors
    /// If it is out of bounds, or earlier work failed.
    pub fn at(&self, position: usize) -> Result<T, DeviceError> {
        self.host()?.get(position).copied().ok_or_else(|| outside(position as i64, self.len()))
    }

    /// The array with one element changed; in place if nobody else has it.
    ///
    /// # Errors
    /// If it is out of bounds, or earlier work failed.
    pub fn with(mut self, position: usize, change: impl FnOnce(T) -> T) -> Result<Array<T>, DeviceError> {
        let new = change(self.at(position)?);
        if let Some(own) = Arc::get_mut(&mut self.0)
            && let Some(host) = own.host.get_mut().unwrap_or_else(|e| e.into_inner())
        {
            Arc::make_mut(&mut host.elements)[position] = new;
            own.device = OnceLock::new();
            return Ok(self);
        }
        let mut host = self.host()?.to_vec();
        host[position] = new;
        Ok(Array::of_host(&self.0.gpu, host))
    }
}

/// An argument or result of a program: an array with the lengths of its axes, the one of neighbours last.
#[derive(Clone)]
pub struct Leaf<T: Element> {
    /// The lengths.
    pub dims: Vec<usize>,
    /// The elements.
    pub array: Array<T>,
}

/// The index `i` along an axis of length `n`.
///
/// # Errors
/// If it is out of bounds.
pub fn offset(i: i64, n: usize) -> Result<usize, DeviceError> {
    usize::try_from(i).ok().filter(|&k| k < n).ok_or_else(|| outside(i, n))
}

fn outside(i: i64, n: usize) -> DeviceError {
    DeviceError::Panicked(format!("index out of bounds: the length is {n} but the index is {i}"))
}

/// What a sequential loop keeps for its reverse sweep: numbers, arrays, other tapes. What kernels of one thread keep is in
/// the GPU's memory: a tape of their own, that no loop of the host's looks at.
#[derive(Default)]
pub struct Tape {
    host: Vec<Box<dyn std::any::Any>>,
    /// The address of the top of the kernels' tape, and the memory that it is in.
    top: Option<Array<i64>>,
    rooms: Vec<Arc<Buffer>>,
}

impl Tape {
    /// With a value on top.
    #[must_use]
    pub fn push<T: 'static>(mut self, value: T) -> Tape {
        self.host.push(Box::new(value));
        self
    }

    /// Without its top, and the top.
    ///
    /// # Panics
    /// If the top is of another type: generated code pops what it pushed.
    #[must_use]
    pub fn pop<T: 'static>(mut self) -> (Tape, T) {
        let top = self.host.pop().and_then(|top| top.downcast().ok()).expect("what was pushed is popped");
        (self, *top)
    }

    /// The address of the top of the kernels' tape.
    #[must_use]
    pub fn number(&self) -> Number<'_> {
        self.top.as_ref().map_or_else(|| Number::known(0i64.arg()), Array::number)
    }

    /// As a kernel left it: with that top, and links in the memory that its thread had.
    #[must_use]
    pub fn left(mut self, top: Array<i64>, room: Option<Arc<Buffer>>) -> Tape {
        self.top = Some(top);
        self.rooms.extend(room);
        self
    }
}
