//! The table, the jumps, and what opens the library.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, Once};

mod names;

// Only for the order of libraries on the linker's command line; see Cargo.toml.
extern crate cust_raw as _;

// SAFETY: the first two are the C library's; the table is made below.
unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    /// Defined by the assembly below, in the same object as the jumps.
    static pullback_cuda_table: [AtomicPtr<c_void>; COUNT];
}

/// The driver's codes for what this crate has to say.
const INVALID_VALUE: c_int = 1;
const NO_DEVICE: c_int = 100;
const NOT_SUPPORTED: c_int = 801;

const RTLD_NOW: c_int = 2;

static OPENED: Once = Once::new();
static PRESENT: AtomicBool = AtomicBool::new(false);
static OVERRIDE: Mutex<Option<CString>> = Mutex::new(None);

/// Where drivers put the library; the second one is that of Windows' Linux.
const LIBRARIES: [&CStr; 2] = [c"libcuda.so.1", c"/usr/lib/wsl/lib/libcuda.so.1"];

extern "C" fn no_library() -> c_int {
    NO_DEVICE
}

extern "C" fn no_function() -> c_int {
    NOT_SUPPORTED
}

/// In place of `cuGetErrorString` and `cuGetErrorName`: cust's errors cannot be printed if these fail.
extern "C" fn describe(code: c_int, out: *mut *const c_char) -> c_int {
    let text = match code {
        0 => c"no error",
        NO_DEVICE => c"no CUDA driver: libcuda.so.1 could not be opened",
        _ => c"a CUDA error, and no CUDA driver to ask for its name",
    };
    if out.is_null() {
        return INVALID_VALUE;
    }
    // SAFETY: the caller of the driver API passes a pointer that may be written, which is not null.
    unsafe { out.write(text.as_ptr()) };
    0
}

/// Opens the library if that was not tried yet; whether it is there.
#[must_use]
pub fn is_present() -> bool {
    pullback_cuda_open();
    PRESENT.load(Ordering::Acquire)
}

/// Opens this library in place of the driver's; false if one was opened before, or if it cannot be. For tests.
///
/// # Safety
/// The library's functions must keep to the driver's interface.
#[must_use]
pub unsafe fn use_library(path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    *OVERRIDE.lock().unwrap_or_else(|e| e.into_inner()) = Some(path);
    let before = OPENED.is_completed();
    is_present() && !before
}

/// Fills the table. Called by the code that every entry leads to at first.
extern "C" fn pullback_cuda_open() {
    OPENED.call_once(|| {
        let library = open();
        // SAFETY: the assembly defines the table with as many entries.
        let table = unsafe { &pullback_cuda_table };
        for (entry, name) in table.iter().zip(NAMES) {
            entry.store(find(library, name), Ordering::Release);
        }
        PRESENT.store(!library.is_null(), Ordering::Release);
    });
}

fn open() -> *mut c_void {
    let chosen = OVERRIDE.lock().unwrap_or_else(|e| e.into_inner());
    // SAFETY: the names end with a zero; the library's initialisers are the driver's, or those of whoever chose another.
    let try_open = |name: &CStr| unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
    match chosen.as_deref() {
        Some(path) => try_open(path),
        None => LIBRARIES
            .iter()
            .map(|name| try_open(name))
            .find(|handle| !handle.is_null())
            .unwrap_or(std::ptr::null_mut()),
    }
}

/// The address of a function, or of what stands for it.
fn find(library: *mut c_void, name: &CStr) -> *mut c_void {
    let describes = matches!(name.to_bytes(), b"cuGetErrorString" | b"cuGetErrorName");
    if library.is_null() {
        return if describes { describe as *mut c_void } else { no_library as *mut c_void };
    }
    // SAFETY: the handle is open and is never closed.
    let found = unsafe { dlsym(library, name.as_ptr()) };
    if found.is_null() { no_function as *mut c_void } else { found }
}

macro_rules! trampolines {
    ($($index:literal $name:ident)*) => {
        const NAMES: [&CStr; COUNT] = [$(
            match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name with a zero in it"),
            }
        ),*];
        const COUNT: usize = [$($index),*].len();

        #[cfg(target_arch = "x86_64")]
        core::arch::global_asm!(
            ".pushsection .text.pullback_cuda,\"ax\",@progbits",
            $(concat!(
                ".globl ", stringify!($name), "\n.hidden ", stringify!($name),
                "\n.type ", stringify!($name), ",@function\n", stringify!($name), ":\n",
                "    lea r11, [rip + pullback_cuda_table + 8*", $index, "]\n    jmp qword ptr [r11]\n",
                ".size ", stringify!($name), ", .-", stringify!($name), "\n"),)*
            // All registers that may hold arguments are kept while the library is opened.
            "pullback_cuda_first:",
            "    push rdi", "    push rsi", "    push rdx", "    push rcx",
            "    push r8", "    push r9", "    push rax", "    push r11",
            "    sub rsp, 136",
            "    movups [rsp], xmm0", "    movups [rsp+16], xmm1",
            "    movups [rsp+32], xmm2", "    movups [rsp+48], xmm3",
            "    movups [rsp+64], xmm4", "    movups [rsp+80], xmm5",
            "    movups [rsp+96], xmm6", "    movups [rsp+112], xmm7",
            "    call {open}",
            "    movups xmm0, [rsp]", "    movups xmm1, [rsp+16]",
            "    movups xmm2, [rsp+32]", "    movups xmm3, [rsp+48]",
            "    movups xmm4, [rsp+64]", "    movups xmm5, [rsp+80]",
            "    movups xmm6, [rsp+96]", "    movups xmm7, [rsp+112]",
            "    add rsp, 136",
            "    pop r11", "    pop rax", "    pop r9", "    pop r8",
            "    pop rcx", "    pop rdx", "    pop rsi", "    pop rdi",
            "    jmp qword ptr [r11]",
            ".popsection",
            ".pushsection .data.rel.pullback_cuda,\"aw\",@progbits",
            ".globl pullback_cuda_table", ".hidden pullback_cuda_table", ".p2align 3",
            "pullback_cuda_table:",
            "    .rept {count}", "    .quad pullback_cuda_first", "    .endr",
            ".popsection",
            open = sym pullback_cuda_open, count = const COUNT,
        );

        #[cfg(target_arch = "aarch64")]
        core::arch::global_asm!(
            ".pushsection .text.pullback_cuda,\"ax\",@progbits",
            $(concat!(
                ".globl ", stringify!($name), "\n.hidden ", stringify!($name),
                "\n.type ", stringify!($name), ",@function\n", stringify!($name), ":\n",
                "    adrp x16, pullback_cuda_table + 8*", $index, "\n",
                "    add x16, x16, :lo12:(pullback_cuda_table + 8*", $index, ")\n",
                "    ldr x17, [x16]\n    br x17\n"),)*
            "pullback_cuda_first:",
            "    stp x29, x30, [sp, #-224]!", "    stp x0, x1, [sp, #16]", "    stp x2, x3, [sp, #32]",
            "    stp x4, x5, [sp, #48]", "    stp x6, x7, [sp, #64]", "    stp x8, x16, [sp, #80]",
            "    stp q0, q1, [sp, #96]", "    stp q2, q3, [sp, #128]",
            "    stp q4, q5, [sp, #160]", "    stp q6, q7, [sp, #192]",
            "    bl {open}",
            "    ldp q0, q1, [sp, #96]", "    ldp q2, q3, [sp, #128]",
            "    ldp q4, q5, [sp, #160]", "    ldp q6, q7, [sp, #192]",
            "    ldp x0, x1, [sp, #16]", "    ldp x2, x3, [sp, #32]",
            "    ldp x4, x5, [sp, #48]", "    ldp x6, x7, [sp, #64]",
            "    ldp x8, x16, [sp, #80]", "    ldp x29, x30, [sp], #224",
            "    ldr x17, [x16]", "    br x17",
            ".popsection",
            ".pushsection .data.rel.pullback_cuda,\"aw\",@progbits",
            ".globl pullback_cuda_table", ".hidden pullback_cuda_table", ".p2align 3",
            "pullback_cuda_table:",
            "    .rept {count}", "    .quad pullback_cuda_first", "    .endr",
            ".popsection",
            open = sym pullback_cuda_open, count = const COUNT,
        );
    };
}

names::each_entry!(trampolines);
