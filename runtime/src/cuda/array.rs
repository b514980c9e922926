//! Arrays of generated code: in the GPU's memory, in the host's, or in both.

use std::sync::{Arc, OnceLock};

use super::{Buffer, Element, Gpu};
use crate::DeviceError;

/// An array whose elements are copied between host and GPU when the other side asks for them. Copies of it share them.
#[derive(Clone)]
pub struct Array<T: Element>(Arc<Mirror<T>>);

/// At least one of the two is there.
struct Mirror<T: Element> {
    gpu: Arc<Gpu>,
    len: usize,
    host: OnceLock<Vec<T>>,
    device: OnceLock<Buffer>,
}

impl<T: Element> Array<T> {
    /// Elements in the host's memory, copied to the GPU when a kernel asks for them.
    #[must_use]
    pub fn of_host(gpu: &Arc<Gpu>, host: Vec<T>) -> Array<T> {
        Array::new(gpu, host.len(), Some(host), None)
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
        let gpu = buffer.gpu().clone();
        Array::new(&gpu, buffer.len() / T::BYTES, None, Some(buffer))
    }

    fn new(gpu: &Arc<Gpu>, len: usize, host: Option<Vec<T>>, device: Option<Buffer>) -> Array<T> {
        let cell = |host: Option<Vec<T>>| host.map(OnceLock::from).unwrap_or_default();
        let device = device.map(OnceLock::from).unwrap_or_default();
        Array(Arc::new(Mirror { gpu: gpu.clone(), len, host: cell(host), device }))
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

    /// The elements in the host's memory.
    ///
    /// # Errors
    /// If earlier work failed.
    pub fn host(&self) -> Result<&[T], DeviceError> {
        if let Some(host) = self.0.host.get() {
            return Ok(host);
        }
        let mut bytes = vec![0; self.len() * T::BYTES];
        if let Some(device) = self.0.device.get() {
            device.read(&mut bytes)?;
        }
        let read = bytes.chunks_exact(T::BYTES).map(T::read).collect();
        Ok(self.0.host.get_or_init(|| read))
    }

    /// The elements in the GPU's memory.
    ///
    /// # Errors
    /// If there is no memory left, or earlier work failed.
    pub fn device(&self) -> Result<&Buffer, DeviceError> {
        if let Some(device) = self.0.device.get() {
            return Ok(device);
        }
        let host: &[T] = self.0.host.get().map_or(&[], |h| h);
        let copy = Buffer::from_bytes(&self.0.gpu, T::bytes(host))?;
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
            && let Some(host) = own.host.get_mut()
        {
            host[position] = new;
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

/// What a sequential loop keeps for its reverse sweep: numbers, arrays, other tapes.
#[derive(Default)]
pub struct Tape(Vec<Box<dyn std::any::Any>>);

impl Tape {
    /// With a value on top.
    #[must_use]
    pub fn push<T: 'static>(mut self, value: T) -> Tape {
        self.0.push(Box::new(value));
        self
    }

    /// Without its top, and the top.
    ///
    /// # Panics
    /// If the top is of another type: generated code pops what it pushed.
    #[must_use]
    pub fn pop<T: 'static>(mut self) -> (Tape, T) {
        let top = self.0.pop().and_then(|top| top.downcast().ok()).expect("what was pushed is popped");
        (self, *top)
    }
}
