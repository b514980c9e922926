//! Matrix products as PTX: `C = A B`, either read transposed, of any size.
//!
//! A block of 16 × 16 threads makes 64 × 64 elements of C, a thread 4 × 4 of them, from tiles of 64 × 16 in shared memory.
//! Where C is small and the axis summed over is long, several blocks share it, each a stretch; a second kernel adds up
//! what they found, in order. How it is shared depends on the sizes alone, so results are the same on every GPU.

use std::fmt::Write as _;

use super::skeleton::add_copies;
use super::text::{Num, memory_type, names, size};
use crate::ir::{Lit, Scalar};

/// Rows and columns of C that a block makes.
pub const TILE: u64 = 64;

/// The axis summed over is taken in steps of this many.
pub const STEP: u64 = 16;

/// Between neighbouring rows of a tile in shared memory: one more than a row, so that they begin in different banks.
const PITCH: u64 = TILE + 1;

/// A product as PTX.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Product {
    /// The name of the kernel. Its parameters are the addresses of A, B and C, then as `u64` the rows and columns of C,
    /// the length of the axis summed over, in how many stretches that is shared, and the length of a stretch, a multiple
    /// of [`STEP`]. It wants a block per [`TILE`]² elements of C and stretch, the stretches of a tile one after the other;
    /// C has a copy for each stretch, copies of an element beside each other.
    pub name: String,
    /// The name of the kernel that adds up copies, as [`Kernel::name`](super::Kernel::name) describes it.
    pub add: String,
    /// The module.
    pub text: String,
}

/// The kernel of a product of floats, with A (B) read transposed if `ta` (`tb`).
///
/// # Panics
/// If the elements are no floats.
pub fn product(elem: Scalar, ta: bool, tb: bool) -> Product {
    assert!(elem.is_float(), "products are of floats");
    let letter = |transposed| if transposed { 't' } else { 'n' };
    let name = format!("product_{}_{}{}", elem.name(), letter(ta), letter(tb));
    let mut text = String::from(".version 6.0\n.target sm_52\n.address_size 64\n\n");
    text.push_str(&Writer { elem, own: names(elem).own, out: String::new() }.kernel(&name, ta, tb));
    text.push_str(&add_copies(&name, elem));
    Product { add: format!("{name}_add_{}", elem.name()), name, text }
}

/// One of the two factors while its tile is loaded.
struct Factor {
    /// The tile in shared memory.
    tile: &'static str,
    /// Whether neighbours in memory are neighbours along the axis that is summed over.
    along: bool,
    /// The registers of its address, of the first row (column) of C, of how many there are.
    address: &'static str,
    first: &'static str,
    count: &'static str,
}

struct Writer {
    elem: Scalar,
    own: &'static str,
    out: String,
}

impl Writer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "    {text}");
    }

    fn kernel(mut self, name: &str, ta: bool, tb: bool) -> String {
        let (own, bytes) = (self.own, size(self.elem));
        let _ = writeln!(self.out, ".visible .entry {name}(");
        for param in ["a", "b", "c", "rows", "columns", "inner", "parts"] {
            let _ = writeln!(self.out, "    .param .u64 {param},");
        }
        self.out.push_str("    .param .u64 stretch\n) .maxntid 256, 1, 1 .minnctapersm 2\n{\n");
        for tile in ["left", "right"] {
            self.line(&format!(".shared .align 8 .b8 {tile}[{}];", STEP * PITCH * bytes));
        }
        self.line(".reg .pred %p<3>;");
        self.line(".reg .b32 %r<16>;");
        self.line(".reg .b64 %d<32>;");
        self.line(&format!(".reg .{own} %x<8>, %sum<16>;"));
        self.start();
        let zero = Num::lit(Lit::of(self.elem, 0.0)).text;
        (0..16).for_each(|k| self.line(&format!("mov.{own} %sum{k}, {zero};")));
        self.out.push_str("NEXT:\n");
        self.line("setp.ge.u64 %p0, %d8, %d9;");
        self.line("@%p0 bra STORE;");
        let left = Factor { tile: "left", along: !ta, address: "%d0", first: "%d6", count: "%d3" };
        let right = Factor { tile: "right", along: tb, address: "%d1", first: "%d7", count: "%d4" };
        self.load(&left, &zero);
        self.load(&right, &zero);
        self.line("bar.sync 0;");
        (0..STEP).for_each(|k| self.multiply(k));
        self.line("bar.sync 0;");
        self.line(&format!("add.s64 %d8, %d8, {STEP};"));
        self.line("bra NEXT;");
        self.out.push_str("STORE:\n");
        self.store();
        self.line("ret;");
        self.out.push_str("}\n");
        self.out
    }

    /// Parameters, and where this block and this thread are: `%r0` the thread, `%r1` its column and `%r2` its row among
    /// 16 × 16; `%d6`, `%d7` the block's first row and column, `%d8` to `%d9` its stretch, `%d10` the stretch's number.
    fn start(&mut self) {
        for (k, param) in ["a", "b", "c", "rows", "columns", "inner"].iter().enumerate() {
            self.line(&format!("ld.param.u64 %d{k}, [{param}];"));
        }
        self.line("ld.param.u64 %d11, [parts];");
        self.line("ld.param.u64 %d12, [stretch];");
        (0..3).for_each(|k| self.line(&format!("cvta.to.global.u64 %d{k}, %d{k};")));
        for text in [
            "mov.u32 %r0, %tid.x;",
            "and.b32 %r1, %r0, 15;",
            "shr.u32 %r2, %r0, 4;",
            "mov.u32 %r3, %ctaid.x;",
            "cvt.u64.u32 %d13, %r3;",
            "rem.u64 %d10, %d13, %d11;",
            "div.u64 %d13, %d13, %d11;",
            "add.s64 %d14, %d4, 63;",
            "shr.u64 %d14, %d14, 6;",
            "div.u64 %d6, %d13, %d14;",
            "rem.u64 %d7, %d13, %d14;",
            "shl.b64 %d6, %d6, 6;",
            "shl.b64 %d7, %d7, 6;",
            "mul.lo.s64 %d8, %d10, %d12;",
            "add.s64 %d9, %d8, %d12;",
            "min.u64 %d9, %d9, %d5;",
            // Where this thread reads the tiles: its row of the left one, its column of the right one.
            "mov.u32 %r4, left;",
            "mov.u32 %r5, right;",
        ] {
            self.line(text);
        }
        let bytes = size(self.elem);
        self.line(&format!("mad.lo.s32 %r6, %r2, {bytes}, %r4;"));
        self.line(&format!("mad.lo.s32 %r7, %r1, {bytes}, %r5;"));
    }

    /// A tile to shared memory; zeros beyond the edges. Neighbouring threads read neighbours in memory.
    fn load(&mut self, factor: &Factor, zero: &str) {
        let (bytes, own) = (size(self.elem), memory_type(self.elem));
        let Factor { tile, along, address, first, count } = *factor;
        // %r8: the thread's place along the axis summed over; %r9: across it.
        let (inner, outer, steps) = if along { ("%r8", "%r9", (0, 16)) } else { ("%r9", "%r8", (4, 0)) };
        let (mask, shift) = if along { (15, 4) } else { (63, 6) };
        self.line(&format!("and.b32 {inner}, %r0, {mask};"));
        self.line(&format!("shr.u32 {outer}, %r0, {shift};"));
        for k in 0..4 {
            let (along_by, across_by) = (k * steps.0, k * steps.1);
            self.line(&format!("add.s32 %r10, %r8, {along_by};"));
            self.line(&format!("add.s32 %r11, %r9, {across_by};"));
            self.line("cvt.u64.u32 %d15, %r10;");
            self.line("cvt.u64.u32 %d16, %r11;");
            self.line("add.s64 %d15, %d15, %d8;");
            self.line(&format!("add.s64 %d16, %d16, {first};"));
            self.line("setp.lt.u64 %p0, %d15, %d9;");
            self.line(&format!("setp.lt.u64 %p1, %d16, {count};"));
            self.line("and.pred %p0, %p0, %p1;");
            let place = if along { "%d16, %d5, %d15" } else { &format!("%d15, {count}, %d16") };
            self.line(&format!("mad.lo.s64 %d17, {place};"));
            self.line(&format!("mad.lo.s64 %d17, %d17, {bytes}, {address};"));
            self.line(&format!("mov.{} %x0, {zero};", self.own));
            self.line(&format!("@%p0 ld.global.nc.{own} %x0, [%d17];"));
            self.line(&format!("mad.lo.s32 %r12, %r10, {PITCH}, %r11;"));
            let base = if tile == "left" { "%r4" } else { "%r5" };
            self.line(&format!("mad.lo.s32 %r12, %r12, {bytes}, {base};"));
            self.line(&format!("st.shared.{own} [%r12], %x0;"));
        }
    }

    /// One step along the axis: the products of 4 rows and 4 columns.
    fn multiply(&mut self, step: u64) {
        let (bytes, own, at) = (size(self.elem), self.own, step * PITCH);
        for k in 0..4 {
            let offset = (at + 16 * k) * bytes;
            self.line(&format!("ld.shared.{own} %x{k}, [%r6+{offset}];"));
            self.line(&format!("ld.shared.{own} %x{}, [%r7+{offset}];", k + 4));
        }
        for i in 0..4 {
            for j in 0..4 {
                let sum = i * 4 + j;
                self.line(&format!("fma.rn.{own} %sum{sum}, %x{i}, %x{}, %sum{sum};", j + 4));
            }
        }
    }

    fn store(&mut self) {
        let bytes = size(self.elem);
        for i in 0..4 {
            self.line(&format!("add.s32 %r8, %r2, {};", 16 * i));
            self.line("cvt.u64.u32 %d15, %r8;");
            self.line("add.s64 %d15, %d15, %d6;");
            self.line("setp.lt.u64 %p0, %d15, %d3;");
            for j in 0..4 {
                self.line(&format!("add.s32 %r9, %r1, {};", 16 * j));
                self.line("cvt.u64.u32 %d16, %r9;");
                self.line("add.s64 %d16, %d16, %d7;");
                self.line("setp.lt.u64 %p1, %d16, %d4;");
                self.line("and.pred %p1, %p0, %p1;");
                self.line("mad.lo.s64 %d17, %d15, %d4, %d16;");
                self.line("mad.lo.s64 %d17, %d17, %d11, %d10;");
                self.line(&format!("mad.lo.s64 %d17, %d17, {bytes}, %d2;"));
                self.line(&format!("@%p1 st.global.{} [%d17], %sum{};", memory_type(self.elem), i * 4 + j));
            }
        }
    }
}
