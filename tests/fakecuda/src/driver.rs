//! What the driver does, without pointers except those of host memory that copies name.

use std::collections::{HashMap, VecDeque};

use crate::blas::Gemm;
use pullback_ptxsim::{Fault, FaultKind, Gpu, Launch, Module, launch, parse};

/// An error code of the driver API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code(pub i32);

impl Code {
    /// An argument is out of range.
    pub const INVALID_VALUE: Code = Code(1);
    /// The device has not so much memory.
    pub const OUT_OF_MEMORY: Code = Code(2);
    /// There is no device of that number.
    pub const INVALID_DEVICE: Code = Code(101);
    /// The PTX asks for a newer GPU.
    pub const NO_BINARY_FOR_GPU: Code = Code(209);
    /// The PTX does not assemble.
    pub const INVALID_PTX: Code = Code(218);
    /// The PTX is newer than the driver.
    pub const UNSUPPORTED_PTX_VERSION: Code = Code(222);
    /// No such module, stream, event or graph.
    pub const INVALID_HANDLE: Code = Code(400);
    /// No such kernel.
    pub const NOT_FOUND: Code = Code(500);
    /// Work is not finished.
    pub const NOT_READY: Code = Code(600);
    /// A kernel used memory that is not its own.
    pub const ILLEGAL_ADDRESS: Code = Code(700);
    /// A kernel used an address that is not aligned.
    pub const MISALIGNED_ADDRESS: Code = Code(716);
    /// A kernel failed in some other way.
    pub const LAUNCH_FAILED: Code = Code(719);
    /// Not while the stream is captured.
    pub const CAPTURE_UNSUPPORTED: Code = Code(900);

    /// The code's name, as the driver words it.
    pub fn describe(self) -> &'static std::ffi::CStr {
        match self.0 {
            0 => c"no error",
            1 => c"invalid argument",
            2 => c"out of memory",
            101 => c"invalid device ordinal",
            209 => c"no kernel image is available for execution on the device",
            218 => c"a PTX JIT compilation failed",
            222 => c"the provided PTX was compiled with an unsupported toolchain.",
            400 => c"invalid resource handle",
            500 => c"named symbol not found",
            600 => c"device not ready",
            700 => c"an illegal memory access was encountered",
            716 => c"misaligned address",
            719 => c"unspecified launch failure",
            900 => c"operation not permitted when stream is capturing",
            _ => c"unknown error",
        }
    }
}

/// What a call returns.
pub(crate) type Result<T> = std::result::Result<T, Code>;

/// Bytes of memory of the pretended device.
pub(crate) const MEMORY: usize = 1 << 29;

/// The pretended device's compute capability: 9.0.
pub(crate) const CAPABILITY: (i32, i32) = (9, 0);

/// The newest PTX that the pretended driver reads.
const NEWEST_PTX: (u32, u32) = (9, 0);

/// Work on a stream.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Launch {
        function: usize,
        grid: [u32; 3],
        block: [u32; 3],
        params: Vec<Vec<u8>>,
    },
    Copy {
        to: u64,
        from: u64,
        bytes: usize,
    },
    Write {
        to: u64,
        data: Vec<u8>,
    },
    /// From page-locked host memory, read when the copy happens.
    FromHost {
        to: u64,
        host: usize,
        bytes: usize,
    },
    ToHost {
        host: usize,
        from: u64,
        bytes: usize,
    },
    /// A product of cuBLAS.
    Gemm(Gemm),
    Free(u64),
    Record(usize),
    Wait(usize),
}

/// A stream: work that has not happened yet, and what is being captured.
#[derive(Default, Debug)]
struct Stream {
    queue: VecDeque<Command>,
    capture: Option<Vec<Command>>,
}

/// The driver's state.
#[derive(Debug)]
pub struct Driver {
    gpu: Gpu,
    modules: Vec<Option<Module>>,
    functions: Vec<(usize, String)>,
    streams: HashMap<usize, Stream>,
    /// The streams that recorded each event and whether the event has happened.
    events: HashMap<usize, Option<usize>>,
    graphs: Vec<Option<Vec<Command>>>,
    /// The streams of the handles of cuBLAS.
    blas: HashMap<usize, usize>,
    sizes: HashMap<u64, usize>,
    used: usize,
    /// Page-locked host memory: start and length.
    pinned: Vec<(usize, usize)>,
    failed: Option<Code>,
    seed: u64,
    handles: usize,
    /// How many kernels ran, those of graphs too.
    pub(crate) launches: u64,
}

/// Writes a text that was loaded to the folder that `PULLBACK_PTX_DIR` names, for a real assembler to look at.
fn keep(text: &str) {
    let Some(folder) = std::env::var_os("PULLBACK_PTX_DIR").map(std::path::PathBuf::from) else { return };
    // Fowler, Noll and Vo's hash: the same text has the same name in every run.
    let hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(format!("{hash:016x}.ptx")), text));
    if let Err(error) = written {
        eprintln!("{}: {error}", folder.display());
    }
}

impl Driver {
    /// A driver with one device.
    pub fn new(seed: u64) -> Driver {
        Driver {
            gpu: Gpu::new(),
            modules: Vec::new(),
            functions: Vec::new(),
            streams: HashMap::from([(0, Stream::default())]),
            events: HashMap::new(),
            graphs: Vec::new(),
            blas: HashMap::new(),
            sizes: HashMap::new(),
            used: 0,
            pinned: Vec::new(),
            failed: None,
            seed,
            handles: 0,
            launches: 0,
        }
    }

    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.seed >> 33) + 1
    }

    fn handle(&mut self) -> usize {
        self.handles += 16;
        self.handles
    }

    /// The fault of an earlier kernel, if there was one.
    pub(crate) fn healthy(&self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    /// Forgets everything, faults included.
    pub(crate) fn reset(&mut self) {
        *self = Driver::new(self.seed);
    }

    pub(crate) fn load(&mut self, text: &str) -> std::result::Result<usize, (Code, String)> {
        let module = parse(text).map_err(|e| (Code::INVALID_PTX, format!("ptxsim: {e}")))?;
        let mut version = module.version.split('.').map(|n| n.parse::<u32>().unwrap_or(u32::MAX));
        let version = (version.next().unwrap_or(u32::MAX), version.next().unwrap_or(0));
        if version > NEWEST_PTX {
            return Err((Code::UNSUPPORTED_PTX_VERSION, format!("PTX {} is too new", module.version)));
        }
        let target = module.target.strip_prefix("sm_").and_then(|n| n.parse::<i32>().ok());
        if target.is_none_or(|n| n > CAPABILITY.0 * 10 + CAPABILITY.1) {
            return Err((Code::NO_BINARY_FOR_GPU, format!("no code for {}", module.target)));
        }
        keep(text);
        self.modules.push(Some(module));
        Ok(self.modules.len())
    }

    pub(crate) fn unload(&mut self, module: usize) -> Result<()> {
        let slot = self.modules.get_mut(module.wrapping_sub(1)).ok_or(Code::INVALID_HANDLE)?;
        slot.take().map(drop).ok_or(Code::INVALID_HANDLE)
    }

    pub(crate) fn function(&mut self, module: usize, name: &str) -> Result<usize> {
        let loaded = self.modules.get(module.wrapping_sub(1)).and_then(Option::as_ref);
        let module_index = module - 1;
        match loaded.ok_or(Code::INVALID_HANDLE)?.funcs.get(name) {
            Some(f) if f.entry => {
                self.functions.push((module_index, name.to_string()));
                Ok(self.functions.len())
            }
            _ => Err(Code::NOT_FOUND),
        }
    }

    fn kernel(&self, function: usize) -> Result<(&Module, &str)> {
        let (module, name) = self.functions.get(function.wrapping_sub(1)).ok_or(Code::INVALID_HANDLE)?;
        Ok((self.modules[*module].as_ref().ok_or(Code::INVALID_HANDLE)?, name))
    }

    /// The sizes of a kernel's parameters.
    pub(crate) fn param_sizes(&self, function: usize) -> Result<Vec<usize>> {
        let (module, name) = self.kernel(function)?;
        Ok(module.funcs[name].param_sizes())
    }

    pub(crate) fn alloc(&mut self, bytes: usize) -> Result<u64> {
        self.healthy()?;
        if bytes == 0 {
            return Err(Code::INVALID_VALUE);
        }
        if bytes > MEMORY - self.used {
            return Err(Code::OUT_OF_MEMORY);
        }
        let at = self.gpu.alloc(bytes);
        self.sizes.insert(at, bytes);
        self.used += bytes;
        Ok(at)
    }

    fn release(&mut self, at: u64) -> Result<()> {
        let bytes = self.sizes.remove(&at).ok_or(Code::INVALID_VALUE)?;
        self.used -= bytes;
        self.gpu.free(at).map_err(|_| Code::INVALID_VALUE)
    }

    /// Frees memory, after all work that may use it.
    pub(crate) fn free(&mut self, at: u64) -> Result<()> {
        self.synchronize_all()?;
        self.release(at)
    }

    pub(crate) fn free_bytes(&self) -> usize {
        MEMORY - self.used
    }

    pub(crate) fn pin(&mut self, host: usize, bytes: usize) {
        self.pinned.push((host, bytes));
    }

    pub(crate) fn unpin(&mut self, host: usize) -> Option<usize> {
        let at = self.pinned.iter().position(|p| p.0 == host)?;
        Some(self.pinned.remove(at).1)
    }

    pub(crate) fn is_pinned(&self, host: usize, bytes: usize) -> bool {
        self.pinned.iter().any(|&(start, n)| start <= host && host + bytes <= start + n)
    }

    pub(crate) fn new_stream(&mut self) -> usize {
        let handle = self.handle();
        self.streams.insert(handle, Stream::default());
        handle
    }

    pub(crate) fn destroy_stream(&mut self, stream: usize) -> Result<()> {
        self.synchronize(stream)?;
        self.streams.remove(&stream).map(drop).ok_or(Code::INVALID_HANDLE)
    }

    /// A handle of cuBLAS.
    pub(crate) fn new_blas(&mut self) -> usize {
        let handle = self.handle();
        self.blas.insert(handle, 0);
        handle
    }

    /// The stream of a handle of cuBLAS, put in the place of the one that it had; nothing destroys it.
    pub(crate) fn blas(&mut self, handle: usize, new: impl FnOnce(usize) -> Option<usize>) -> Result<()> {
        let stream = *self.blas.get(&handle).ok_or(Code::INVALID_HANDLE)?;
        match new(stream) {
            Some(stream) => self.blas.insert(handle, stream),
            None => self.blas.remove(&handle),
        };
        Ok(())
    }

    pub(crate) fn new_event(&mut self) -> usize {
        let handle = self.handle();
        self.events.insert(handle, None);
        handle
    }

    pub(crate) fn destroy_event(&mut self, event: usize) -> Result<()> {
        self.events.remove(&event).map(drop).ok_or(Code::INVALID_HANDLE)
    }

    pub(crate) fn record(&mut self, event: usize, stream: usize) -> Result<()> {
        *self.events.get_mut(&event).ok_or(Code::INVALID_HANDLE)? = Some(stream);
        self.submit(stream, Command::Record(event))
    }

    pub(crate) fn synchronize_event(&mut self, event: usize) -> Result<()> {
        match *self.events.get(&event).ok_or(Code::INVALID_HANDLE)? {
            Some(stream) => self.synchronize(stream),
            None => self.healthy(),
        }
    }

    /// Whether the event has happened.
    pub(crate) fn query_event(&mut self, event: usize) -> Result<()> {
        let recorded = *self.events.get(&event).ok_or(Code::INVALID_HANDLE)?;
        // Asking may find the work done or not.
        let done = self.draw().is_multiple_of(2);
        match recorded {
            Some(stream) if done => self.synchronize(stream),
            Some(_) => Err(Code::NOT_READY),
            None => Ok(()),
        }
    }

    /// Puts work on a stream, or into the graph that captures the stream.
    pub(crate) fn submit(&mut self, stream: usize, command: Command) -> Result<()> {
        self.healthy()?;
        let eager = self.draw().is_multiple_of(3);
        let state = self.streams.get_mut(&stream).ok_or(Code::INVALID_HANDLE)?;
        match &mut state.capture {
            Some(commands) => commands.push(command),
            None => state.queue.push_back(command),
        }
        // Now and then the device is fast.
        if eager && self.streams[&stream].capture.is_none() {
            self.drain(stream);
        }
        Ok(())
    }

    pub(crate) fn begin_capture(&mut self, stream: usize) -> Result<()> {
        let state = self.streams.get_mut(&stream).ok_or(Code::INVALID_HANDLE)?;
        match &state.capture {
            Some(_) => Err(Code::CAPTURE_UNSUPPORTED),
            None => {
                state.capture = Some(Vec::new());
                Ok(())
            }
        }
    }

    pub(crate) fn end_capture(&mut self, stream: usize) -> Result<usize> {
        let state = self.streams.get_mut(&stream).ok_or(Code::INVALID_HANDLE)?;
        let commands = state.capture.take().ok_or(Code::CAPTURE_UNSUPPORTED)?;
        Ok(self.new_graph(commands))
    }

    fn new_graph(&mut self, commands: Vec<Command>) -> usize {
        self.graphs.push(Some(commands));
        self.graphs.len()
    }

    fn graph(&self, graph: usize) -> Result<Vec<Command>> {
        let found = self.graphs.get(graph.wrapping_sub(1)).cloned().flatten();
        found.ok_or(Code::INVALID_HANDLE)
    }

    /// An executable copy of a graph.
    pub(crate) fn instantiate(&mut self, graph: usize) -> Result<usize> {
        let commands = self.graph(graph)?;
        Ok(self.new_graph(commands))
    }

    pub(crate) fn destroy_graph(&mut self, graph: usize) -> Result<()> {
        let slot = self.graphs.get_mut(graph.wrapping_sub(1)).ok_or(Code::INVALID_HANDLE)?;
        slot.take().map(drop).ok_or(Code::INVALID_HANDLE)
    }

    pub(crate) fn launch_graph(&mut self, graph: usize, stream: usize) -> Result<()> {
        self.graph(graph)?.into_iter().try_for_each(|c| self.submit(stream, c))
    }

    /// Lets all work of a stream happen.
    pub(crate) fn synchronize(&mut self, stream: usize) -> Result<()> {
        let state = self.streams.get(&stream).ok_or(Code::INVALID_HANDLE)?;
        if state.capture.is_some() {
            return Err(Code::CAPTURE_UNSUPPORTED);
        }
        if self.draw().is_multiple_of(2) {
            self.others(stream).into_iter().for_each(|s| self.drain(s));
        }
        self.drain(stream);
        self.healthy()
    }

    pub(crate) fn synchronize_all(&mut self) -> Result<()> {
        self.others(usize::MAX).into_iter().for_each(|s| self.drain(s));
        self.healthy()
    }

    /// The other streams in some order.
    fn others(&mut self, stream: usize) -> Vec<usize> {
        let mut all: Vec<usize> = self.streams.keys().copied().filter(|&s| s != stream).collect();
        all.sort_unstable();
        let n = all.len().max(1);
        all.rotate_left(self.draw() as usize % n);
        all
    }

    fn drain(&mut self, stream: usize) {
        while self.failed.is_none() {
            let next = self.streams.get_mut(&stream).and_then(|s| s.queue.pop_front());
            let Some(command) = next else { return };
            if let Err(code) = self.execute(&command) {
                self.failed = Some(code);
            }
        }
    }

    fn execute(&mut self, command: &Command) -> Result<()> {
        match command {
            Command::Launch { function, grid, block, params } => {
                let seed = self.draw();
                self.launches += 1;
                let (module, name) = &self.functions[*function - 1];
                let module = self.modules[*module].as_ref().ok_or(Code::INVALID_HANDLE)?;
                let job = Launch { func: name, grid: *grid, block: *block, params, seed, limit: 0 };
                launch(module, &mut self.gpu, &job).map(drop).map_err(code)
            }
            Command::Copy { to, from, bytes } => self.gpu.copy(*to, *from, *bytes).map_err(code),
            Command::Write { to, data } => self.gpu.write(*to, data).map_err(code),
            Command::FromHost { to, host, bytes } => {
                // SAFETY: page-locked memory stays readable until the caller has waited for the copy.
                let data = unsafe { std::slice::from_raw_parts(*host as *const u8, *bytes) };
                self.gpu.write(*to, data).map_err(code)
            }
            Command::ToHost { host, from, bytes } => {
                let data = self.gpu.read(*from, *bytes).map_err(code)?;
                // SAFETY: the caller keeps the memory writable and untouched until it has waited for the copy.
                unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), *host as *mut u8, *bytes) };
                Ok(())
            }
            Command::Gemm(gemm) => gemm.run(&mut self.gpu).map_err(code),
            Command::Free(at) => self.release(*at),
            Command::Record(event) => {
                self.events.insert(*event, None);
                Ok(())
            }
            Command::Wait(event) => {
                if let Some(Some(stream)) = self.events.get(event).copied() {
                    self.drain(stream);
                }
                Ok(())
            }
        }
    }
}

/// The code of a fault, whose particulars go to standard error.
fn code(fault: Fault) -> Code {
    eprintln!("fakecuda: {fault}");
    match fault.kind {
        FaultKind::OutOfBounds => Code::ILLEGAL_ADDRESS,
        FaultKind::Misaligned => Code::MISALIGNED_ADDRESS,
        _ => Code::LAUNCH_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILL: &str = ".version 6.0\n.target sm_52\n.address_size 64
.visible .entry fill(.param .u64 out, .param .u32 value) {
    .reg .b32 %r<3>; .reg .b64 %d<3>;
    ld.param.u64 %d0, [out]; ld.param.u32 %r0, [value]; mov.u32 %r1, %tid.x;
    mul.wide.u32 %d1, %r1, 4; add.s64 %d1, %d1, %d0; st.global.u32 [%d1], %r0;
    ret;
}";

    fn fill(driver: &mut Driver, function: usize, stream: usize, out: u64, value: u32) -> Result<()> {
        let params = vec![out.to_le_bytes().to_vec(), value.to_le_bytes().to_vec()];
        driver.submit(stream, Command::Launch { function, grid: [1; 3], block: [4, 1, 1], params })
    }

    fn loaded(seed: u64) -> (Driver, usize) {
        let mut driver = Driver::new(seed);
        let module = driver.load(FILL).unwrap();
        let function = driver.function(module, "fill").unwrap();
        (driver, function)
    }

    #[test]
    fn work_happens_when_waited_for() {
        let mut late = 0;
        for seed in 0..40 {
            let (mut driver, f) = loaded(seed);
            let (stream, out) = (driver.new_stream(), driver.alloc(16).unwrap());
            fill(&mut driver, f, stream, out, 7).unwrap();
            late += u32::from(driver.gpu.read(out, 16).is_err());
            driver.synchronize(stream).unwrap();
            assert_eq!(driver.gpu.read(out, 16).unwrap()[12..], [7, 0, 0, 0]);
        }
        assert!(late > 0 && late < 40);
    }

    #[test]
    fn a_fault_stays_until_the_reset() {
        let (mut driver, f) = loaded(1);
        let out = driver.alloc(8).unwrap();
        fill(&mut driver, f, 0, out, 7).unwrap();
        assert_eq!(driver.synchronize(0), Err(Code::ILLEGAL_ADDRESS));
        assert_eq!(driver.alloc(8), Err(Code::ILLEGAL_ADDRESS));
        driver.reset();
        assert!(driver.alloc(8).is_ok());
    }

    #[test]
    fn graphs_replay() {
        let (mut driver, f) = loaded(3);
        let out = driver.alloc(16).unwrap();
        let stream = driver.new_stream();
        driver.begin_capture(stream).unwrap();
        fill(&mut driver, f, stream, out, 9).unwrap();
        assert_eq!(driver.synchronize(stream), Err(Code::CAPTURE_UNSUPPORTED));
        let graph = driver.end_capture(stream).unwrap();
        driver.synchronize(stream).unwrap();
        assert!(driver.gpu.read(out, 16).is_err(), "captured work does not run");
        let graph = driver.instantiate(graph).unwrap();
        driver.launch_graph(graph, stream).unwrap();
        driver.synchronize(stream).unwrap();
        assert_eq!(driver.gpu.read(out, 1).unwrap(), [9]);
    }

    #[test]
    fn events_order_streams() {
        for seed in 0..20 {
            let (mut driver, f) = loaded(seed);
            let out = driver.alloc(16).unwrap();
            let (a, b, event) = (driver.new_stream(), driver.new_stream(), driver.new_event());
            fill(&mut driver, f, a, out, 1).unwrap();
            driver.record(event, a).unwrap();
            driver.submit(b, Command::Wait(event)).unwrap();
            fill(&mut driver, f, b, out, 2).unwrap();
            driver.synchronize(b).unwrap();
            driver.synchronize(a).unwrap();
            assert_eq!(driver.gpu.read(out, 1).unwrap(), [2], "seed {seed}");
        }
    }

    #[test]
    fn refuses() {
        let mut driver = Driver::new(1);
        let load = |driver: &mut Driver, from, to| driver.load(&FILL.replace(from, to)).unwrap_err().0;
        assert_eq!(load(&mut driver, "ret;", "rot;"), Code::INVALID_PTX);
        assert_eq!(load(&mut driver, "version 6.0", "version 99.0"), Code::UNSUPPORTED_PTX_VERSION);
        assert_eq!(load(&mut driver, "sm_52", "sm_120"), Code::NO_BINARY_FOR_GPU);
        assert_eq!(driver.alloc(MEMORY + 1), Err(Code::OUT_OF_MEMORY));
        let module = driver.load(FILL).unwrap();
        assert_eq!(driver.function(module, "nothing"), Err(Code::NOT_FOUND));
        assert_eq!(driver.free(1), Err(Code::INVALID_VALUE));
    }
}
