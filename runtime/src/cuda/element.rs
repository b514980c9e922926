//! Numbers in a GPU's memory.

use super::Arg;

/// A number that kernels read and write.
pub trait Element: Copy + Default + Send + Sync + 'static {
    /// Its bytes in memory.
    const BYTES: usize = std::mem::size_of::<Self>();

    /// The bytes of several.
    fn bytes(of: &[Self]) -> &[u8];

    /// One from its bytes.
    fn read(bytes: &[u8]) -> Self;

    /// As an argument of a kernel.
    fn arg(self) -> Arg;
}

macro_rules! element {
    ($($t:ident $arg:expr;)*) => {
        $(impl Element for $t {
            fn bytes(of: &[Self]) -> &[u8] {
                // SAFETY: every byte of these numbers is initialised, and bytes have no alignment.
                unsafe { std::slice::from_raw_parts(of.as_ptr().cast::<u8>(), std::mem::size_of_val(of)) }
            }

            fn read(bytes: &[u8]) -> Self {
                let mut own = [0; std::mem::size_of::<$t>()];
                own.copy_from_slice(bytes);
                $t::from_le_bytes(own)
            }

            fn arg(self) -> Arg {
                let arg: fn($t) -> Arg = $arg;
                arg(self)
            }
        })*
    };
}

element! {
    f32 Arg::f32;
    f64 Arg::f64;
    i32 |x| Arg::int(u64::from(x.cast_unsigned()));
    i64 |x| Arg::int(x.cast_unsigned());
}

impl Element for bool {
    fn bytes(of: &[Self]) -> &[u8] {
        // SAFETY: a truth value is one initialised byte.
        unsafe { std::slice::from_raw_parts(of.as_ptr().cast::<u8>(), of.len()) }
    }

    fn read(bytes: &[u8]) -> bool {
        bytes[0] != 0
    }

    fn arg(self) -> Arg {
        Arg::truth(self)
    }
}
