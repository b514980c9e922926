//! Kernels that do what they should, and the same kernels with one fault planted, which the interpreter must find.

use pullback_ptxsim::{Fault, FaultKind, Gpu, Launch, launch, parse};

const HEAD: &str = ".version 6.0\n.target sm_52\n.address_size 64\n";

/// y[i] = 2 x[i] + 1
const AXPY: &str = "
.visible .entry axpy(.param .u64 px, .param .u64 py, .param .u32 pn) {
    .reg .pred %p; .reg .b32 %r<5>; .reg .b64 %d<5>; .reg .f32 %f<3>;
    ld.param.u64 %d0, [px]; ld.param.u64 %d1, [py]; ld.param.u32 %r0, [pn];
    mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
    mad.lo.u32 %r4, %r1, %r2, %r3;
    setp.ge.u32 %p, %r4, %r0;
    @%p bra END;
    mul.wide.u32 %d2, %r4, 4; add.s64 %d3, %d0, %d2; add.s64 %d4, %d1, %d2;
    ld.global.nc.f32 %f0, [%d3];
    fma.rn.f32 %f1, %f0, 0f40000000, 0f3F800000;
    st.global.f32 [%d4], %f1;
END: ret;
}";

/// One launch: each block sums its part, the block that draws the last ticket sums the parts in order.
const SUM: &str = "
.visible .entry sum(.param .u64 px, .param .u64 ppart, .param .u64 ptick, .param .u64 pout) {
    .reg .pred %p<8>; .reg .b32 %r<16>; .reg .b64 %d<10>; .reg .f32 %f<6>;
    .shared .align 4 .b8 warps[16]; .shared .align 4 .b8 last[4];
    ld.param.u64 %d0, [px]; ld.param.u64 %d1, [ppart]; ld.param.u64 %d2, [ptick]; ld.param.u64 %d3, [pout];
    mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %nctaid.x;
    mad.lo.u32 %r4, %r1, %r2, %r0;
    mul.wide.u32 %d4, %r4, 4; add.s64 %d4, %d4, %d0; ld.global.f32 %f0, [%d4];
    and.b32 %r5, %r0, 31; shr.u32 %r6, %r0, 5;
    mov.u32 %r15, 16;
LOOP:
    mov.b32 %r7, %f0; shfl.sync.bfly.b32 %r8, %r7, %r15, 31, 0xffffffff; mov.b32 %f1, %r8;
    add.rn.f32 %f0, %f0, %f1;
    shr.u32 %r15, %r15, 1; setp.ne.u32 %p7, %r15, 0;
    @%p7 bra LOOP;
    setp.eq.u32 %p0, %r5, 0;
    shl.b32 %r9, %r6, 2; mov.u32 %r10, warps; add.u32 %r9, %r9, %r10;
    @%p0 st.shared.f32 [%r9], %f0;
    bar.sync 0; // BAR
    setp.eq.u32 %p1, %r0, 0;
    @!%p1 bra WAIT;
    ld.shared.f32 %f2, [warps]; ld.shared.f32 %f3, [warps+4]; add.rn.f32 %f2, %f2, %f3;
    ld.shared.f32 %f3, [warps+8]; add.rn.f32 %f2, %f2, %f3; ld.shared.f32 %f3, [warps+12]; add.rn.f32 %f2, %f2, %f3;
    mul.wide.u32 %d5, %r1, 4; add.s64 %d5, %d5, %d1; st.global.f32 [%d5], %f2;
    membar.gl; // RELEASE
    sub.u32 %r11, %r3, 1; atom.global.inc.u32 %r12, [%d2], %r11;
    membar.gl; // ACQUIRE
    setp.eq.u32 %p2, %r12, %r11; selp.u32 %r13, 1, 0, %p2; st.shared.u32 [last], %r13;
WAIT:
    bar.sync 0;
    ld.shared.u32 %r13, [last]; setp.eq.u32 %p3, %r13, 0;
    @%p3 bra END;
    @!%p1 bra END;
    mov.f32 %f4, 0f00000000; mov.u32 %r14, 0; mov.u64 %d6, %d1;
PART:
    ld.global.cg.f32 %f5, [%d6]; add.rn.f32 %f4, %f4, %f5; add.s64 %d6, %d6, 4; add.u32 %r14, %r14, 1;
    setp.lt.u32 %p4, %r14, %r3;
    @%p4 bra PART;
    st.global.f32 [%d3], %f4;
END: ret;
}";

fn f32s(gpu: &mut Gpu, x: &[f32]) -> u64 {
    gpu.alloc_bytes(&x.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

fn read(gpu: &mut Gpu, at: u64, n: usize) -> Result<Vec<f32>, Fault> {
    let bytes = gpu.read(at, 4 * n)?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect())
}

fn run(
    gpu: &mut Gpu,
    text: &str,
    func: &str,
    grid: u32,
    block: u32,
    params: &[Vec<u8>],
    seed: u64,
) -> Result<(), Fault> {
    let module = parse(&format!("{HEAD}{text}")).unwrap();
    let launching =
        Launch { func, grid: [grid, 1, 1], block: [block, 1, 1], params, seed, limit: 10_000_000 };
    launch(&module, gpu, &launching).map(|_| ())
}

fn axpy(text: &str, n: u32, room: usize) -> Result<Vec<f32>, Fault> {
    let mut gpu = Gpu::new();
    let x: Vec<f32> = (0..n).map(|i| i as f32).collect();
    let (px, py) = (f32s(&mut gpu, &x), gpu.alloc(4 * room));
    let params = [px.to_le_bytes().to_vec(), py.to_le_bytes().to_vec(), n.to_le_bytes().to_vec()];
    run(&mut gpu, text, "axpy", n.div_ceil(64), 64, &params, 7)?;
    read(&mut gpu, py, n as usize)
}

/// The sum of 512 numbers in 4 blocks, twice with one ticket.
fn sum(text: &str, block: u32, seed: u64) -> Result<f32, Fault> {
    let mut gpu = Gpu::new();
    let x: Vec<f32> = (0..4 * block).map(|i| (i as f32).sin()).collect();
    let px = f32s(&mut gpu, &x);
    let (part, tick, out) = (gpu.alloc(16), gpu.alloc_bytes(&[0; 4]), gpu.alloc(4));
    let params = [px, part, tick, out].map(|p| p.to_le_bytes().to_vec());
    run(&mut gpu, text, "sum", 4, block, &params, seed)?;
    run(&mut gpu, text, "sum", 4, block, &params, seed + 1)?;
    Ok(read(&mut gpu, out, 1)?[0])
}

fn kind<T: std::fmt::Debug>(result: Result<T, Fault>) -> FaultKind {
    result.expect_err("the planted fault is found").kind
}

/// The fault is found under at least one of 20 orders.
fn found(text: &str) -> Option<FaultKind> {
    (1..=20).find_map(|seed| sum(text, 128, seed).err()).map(|f| f.kind)
}

#[test]
fn elementwise() {
    let y = axpy(AXPY, 100, 100).unwrap();
    assert!(y.iter().enumerate().all(|(i, &y)| y == 2.0 * i as f32 + 1.0));
}

#[test]
fn a_short_buffer() {
    assert_eq!(kind(axpy(AXPY, 100, 99)), FaultKind::OutOfBounds);
}

#[test]
fn a_missing_guard() {
    assert_eq!(kind(axpy(&AXPY.replace("@%p bra END;", ""), 100, 100)), FaultKind::OutOfBounds);
}

#[test]
fn a_result_that_is_not_written() {
    let text = AXPY.replace("mul.wide.u32 %d2", "setp.eq.u32 %p, %r4, 3; @%p bra END; mul.wide.u32 %d2");
    assert_eq!(kind(axpy(&text, 100, 100)), FaultKind::Uninitialised);
}

#[test]
fn a_register_that_is_not_set() {
    let text = AXPY.replace("fma.rn.f32 %f1, %f0, 0f40000000, 0f3F800000;", "add.rn.f32 %f1, %f0, %f2;");
    assert_eq!(kind(axpy(&text, 100, 100)), FaultKind::Uninitialised);
}

#[test]
fn an_input_that_was_never_written() {
    let mut gpu = Gpu::new();
    let (px, py) = (gpu.alloc(64), gpu.alloc(64));
    let params = [px.to_le_bytes().to_vec(), py.to_le_bytes().to_vec(), 16u32.to_le_bytes().to_vec()];
    assert_eq!(kind(run(&mut gpu, AXPY, "axpy", 1, 32, &params, 1)), FaultKind::Uninitialised);
}

#[test]
fn two_threads_that_write_one_element() {
    let text = AXPY.replace("add.s64 %d4, %d1, %d2;", "mov.u64 %d4, %d1;");
    assert_eq!(kind(axpy(&text, 64, 64)), FaultKind::Race);
}

#[test]
fn a_misaligned_address() {
    let text = AXPY.replace("[%d4]", "[%d4+2]");
    assert_eq!(kind(axpy(&text, 64, 100)), FaultKind::Misaligned);
}

#[test]
fn read_only_loads_of_what_the_launch_writes() {
    let mut gpu = Gpu::new();
    let x = f32s(&mut gpu, &[1.0; 64]);
    let text = AXPY.replace("END: ret;", "ld.global.nc.f32 %f2, [%d4];\nEND: ret;");
    let params = [x.to_le_bytes().to_vec(), x.to_le_bytes().to_vec(), 64u32.to_le_bytes().to_vec()];
    assert_eq!(kind(run(&mut gpu, &text, "axpy", 1, 64, &params, 1)), FaultKind::Race);
}

#[test]
fn one_launch_reduction_is_the_same_in_any_order() {
    let want = sum(SUM, 128, 0).unwrap();
    let exact: f64 = (0..512).map(|i| (i as f64).sin()).sum();
    assert!((f64::from(want) - exact).abs() < 1e-4);
    for seed in 1..=20 {
        assert_eq!(sum(SUM, 128, seed).unwrap().to_bits(), want.to_bits(), "seed {seed}");
    }
}

#[test]
fn a_missing_barrier() {
    let fault = found(&SUM.replace("bar.sync 0; // BAR", ""));
    assert!(matches!(fault, Some(FaultKind::Race | FaultKind::Uninitialised)), "{fault:?}");
}

#[test]
fn a_missing_fence_on_either_side() {
    for side in ["RELEASE", "ACQUIRE"] {
        let fault = found(&SUM.replace(&format!("membar.gl; // {side}"), ""));
        assert_eq!(fault, Some(FaultKind::Race), "{side}");
    }
}

#[test]
fn a_shuffle_in_part_of_a_warp() {
    assert_eq!(kind(sum(SUM, 120, 3)), FaultKind::Divergence);
}

#[test]
fn a_shuffle_that_some_lanes_skip() {
    let text = SUM.replace("LOOP:", "setp.gt.u32 %p6, %r5, 20;\n@%p6 bra END;\nLOOP:");
    assert_eq!(kind(sum(&text, 128, 3)), FaultKind::Divergence);
}

#[test]
fn a_barrier_in_a_branch() {
    let text = SUM.replace("membar.gl; // ACQUIRE", "membar.gl; bar.sync 0;");
    assert!(matches!(kind(sum(&text, 128, 3)), FaultKind::Divergence | FaultKind::Deadlock));
}

#[test]
fn a_barrier_that_one_warp_skips() {
    let text = SUM.replace("bar.sync 0; // BAR", "setp.eq.u32 %p5, %r6, 2;\n@%p5 bra WAIT;\nbar.sync 0;");
    let kind = kind(sum(&text, 128, 3));
    assert!(
        matches!(
            kind,
            FaultKind::Race | FaultKind::Deadlock | FaultKind::Divergence | FaultKind::Uninitialised
        ),
        "{kind:?}"
    );
}

#[test]
fn an_endless_loop() {
    let text = AXPY.replace("END: ret;", "END: bra END;");
    let n = 32;
    let mut gpu = Gpu::new();
    let x = f32s(&mut gpu, &[1.0; 32]);
    let y = gpu.alloc(4 * n);
    let params = [x.to_le_bytes().to_vec(), y.to_le_bytes().to_vec(), 32u32.to_le_bytes().to_vec()];
    let module = parse(&format!("{HEAD}{text}")).unwrap();
    let launching =
        Launch { func: "axpy", grid: [1; 3], block: [32, 1, 1], params: &params, seed: 1, limit: 1000 };
    assert_eq!(launch(&module, &mut gpu, &launching).unwrap_err().kind, FaultKind::Timeout);
}
