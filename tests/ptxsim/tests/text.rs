//! What the parser takes, what it refuses, and what the instructions mean beyond the arithmetic.

use pullback_ptxsim::{FaultKind, Gpu, Launch, launch, parse};

const HEAD: &str = ".version 6.0\n.target sm_52\n.address_size 64\n";

fn module(body: &str) -> String {
    format!(
        "{HEAD}.const .align 4 .f32 table[2] = {{0f3F800000, 0f40000000}};
.func (.reg .f32 %y) square(.reg .f32 %x) {{ mul.rn.f32 %y, %x, %x; ret; }}
.func (.param .f32 ret) half(.param .f32 arg) {{
    .reg .f32 %a; ld.param.f32 %a, [arg]; mul.rn.f32 %a, %a, 0f3F000000; st.param.f32 [ret], %a; ret;
}}
.visible .entry k(.param .u64 out) .maxntid 32, 1, 1 {{
    .reg .pred %p<4>; .reg .b16 %h<2>; .reg .b32 %r<8>; .reg .b64 %d<8>; .reg .f32 %f<8>; .reg .f64 %e<4>;
    .local .align 8 .b8 room[16];
    ld.param.u64 %d0, [out]; mov.u32 %r0, %tid.x; mul.wide.u32 %d1, %r0, 16; add.s64 %d0, %d0, %d1;
    {body}
    ret;
}}"
    )
}

/// Runs the body with 32 threads, each of which has 16 bytes at %d0; the bytes of thread 5.
fn run(body: &str) -> Result<[u8; 16], FaultKind> {
    let module = parse(&module(body)).unwrap_or_else(|e| panic!("{e}"));
    let mut gpu = Gpu::new();
    let out = gpu.alloc_bytes(&[0; 512]);
    let params = [out.to_le_bytes().to_vec()];
    let launching = Launch { func: "k", grid: [1; 3], block: [32, 1, 1], params: &params, seed: 1, limit: 0 };
    launch(&module, &mut gpu, &launching).map_err(|f| f.kind)?;
    Ok(gpu.read(out + 80, 16).unwrap().try_into().unwrap())
}

fn floats(bytes: [u8; 16]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn functions_take_registers_or_parameters() {
    let body = "mov.f32 %f0, 0f40400000; call.uni (%f1), square, (%f0);
        { .param .f32 a; .param .f32 r; st.param.f32 [a], %f1; call (r), half, (a); ld.param.f32 %f2, [r]; }
        st.global.v2.f32 [%d0], {%f1, %f2};";
    assert_eq!(floats(run(body).unwrap())[..2], [9.0, 4.5]);
}

#[test]
fn vectors_constants_and_local_memory() {
    let body = "ld.const.f32 %f0, [table]; ld.const.f32 %f1, [table+4];
        st.local.v2.f32 [room], {%f0, %f1}; mov.u32 %r1, room; ld.local.f32 %f2, [%r1+4];
        st.global.v4.f32 [%d0], {%f2, %f1, %f0, %f2};";
    assert_eq!(floats(run(body).unwrap()), [2.0, 2.0, 1.0, 2.0]);
    assert_eq!(run("ld.local.f32 %f0, [room+8];"), Err(FaultKind::Uninitialised));
    assert_eq!(run("mov.u32 %r1, room; st.local.u32 [%r1+16], %r0;"), Err(FaultKind::OutOfBounds));
}

#[test]
fn numbers_have_halves() {
    let body = "mov.f64 %e0, 0d3FF0000000000001; mov.b64 {%r1, %r2}, %e0; add.u32 %r1, %r1, 1;
        mov.b64 %d2, {%r1, %r2}; st.global.u64 [%d0], %d2;";
    assert_eq!(run(body).unwrap()[..8], 0x3FF0_0000_0000_0002u64.to_le_bytes());
}

#[test]
fn narrow_loads_extend() {
    let body = "mov.u32 %r1, 0xfe; st.global.u8 [%d0], %r1; ld.global.s8 %r2, [%d0]; ld.global.u8 %r3, [%d0];
        st.global.v2.u32 [%d0+8], {%r2, %r3};";
    let bytes = run(body).unwrap();
    assert_eq!(i32::from_le_bytes(bytes[8..12].try_into().unwrap()), -2);
    assert_eq!(i32::from_le_bytes(bytes[12..].try_into().unwrap()), 254);
}

#[test]
fn diverged_lanes_meet_again() {
    let body = "and.b32 %r1, %r0, 1; setp.eq.u32 %p0, %r1, 1; mov.u32 %r2, 0;
        @!%p0 bra JOIN; add.u32 %r2, %r0, 10;
        JOIN: vote.sync.ballot.b32 %r3, %p0, 0xffffffff; vote.sync.any.pred %p1, %p0, 0xffffffff;
        selp.b32 %r4, 1, 0, %p1; st.global.v4.u32 [%d0], {%r2, %r3, %r4, %r4};";
    let bytes = run(body).unwrap();
    assert_eq!(bytes[0], 15);
    assert_eq!(bytes[4..8], [0xaa; 4]);
    assert_eq!(bytes[8], 1);
}

#[test]
fn loops_with_different_trip_counts() {
    let body = "mov.u32 %r1, 0; mov.u32 %r2, 0;
        AGAIN: setp.ge.u32 %p0, %r1, %r0; @%p0 bra OUT; add.u32 %r2, %r2, %r1; add.u32 %r1, %r1, 1; bra AGAIN;
        OUT: bar.warp.sync 0xffffffff; st.global.u32 [%d0], %r2;";
    assert_eq!(run(body).unwrap()[0], 10);
}

#[test]
fn atomics_return_the_old_value_and_traps_stop() {
    let body = "mov.u32 %r1, 5; st.global.u32 [%d0], %r1; atom.global.max.u32 %r2, [%d0], 7;
        red.global.add.u32 [%d0], 1; st.global.u32 [%d0+4], %r2;";
    let bytes = run(body).unwrap();
    assert_eq!((bytes[0], bytes[4]), (8, 5));
    assert_eq!(run("setp.eq.u32 %p0, %r0, 3; @%p0 trap;"), Err(FaultKind::Trap));
    assert_eq!(run("mov.u32 %r1, 0; div.s32 %r2, %r0, %r1;"), Err(FaultKind::Trap));
}

#[test]
fn reading_across_a_warp_needs_its_barrier() {
    let exchange = |sync: &str| {
        format!(
            ".shared .align 4 .b8 room2[128]; mov.u32 %r1, room2; shl.b32 %r2, %r0, 2; add.u32 %r1, %r1, %r2;
            st.shared.u32 [%r1], %r0; {sync}
            xor.b32 %r3, %r2, 4; mov.u32 %r4, room2; add.u32 %r4, %r4, %r3; ld.shared.u32 %r5, [%r4];
            st.global.u32 [%d0], %r5;"
        )
    };
    assert_eq!(run(&exchange("bar.warp.sync 0xffffffff;")).unwrap()[0], 4);
    assert_eq!(run(&exchange("")), Err(FaultKind::Race));
}

#[test]
fn refuses_with_the_line() {
    let refused = |body: &str| parse(&module(body)).unwrap_err().message;
    for (body, part) in [
        ("add.f32 %f0, %f1, %f2;", "contract"),
        ("add.rn.f32 %f0, %f1, %e2;", "does not fit"),
        ("add.rn.f32 %f0, %f1, 1;", "integer literal"),
        ("frobnicate.f32 %f0, %f1;", "not known"),
        ("add.rn.ftz.f32 %f0, %f1, %f2;", "ftz"),
        ("bra NOWHERE;", "NOWHERE"),
        ("cvt.f32.s32 %f0, %r1;", "rounds"),
        ("cvt.rn.f64.f32 %e0, %f1;", "rounds"),
        ("mul.u32 %r0, %r1, %r2;", "lo, hi, wide"),
        ("ld.global.f32 %f0, [%r1];", "no address"),
        ("@%r1 bra X; X:", "predicate"),
        ("X: X:", "twice"),
        ("add.s32 %r0, %r1;", "operands"),
        ("call (%f0), square, (%d0);", "does not fit"),
        ("ld.global.v4.f32 {%f0, %f1}, [%d0];", "vector of 4"),
    ] {
        let message = refused(body);
        assert!(message.contains(part), "{body}: {message}");
    }
    assert_eq!(parse(&format!("{HEAD}\n.entry k() {{\n oops; }}")).unwrap_err().line, 6);
    assert!(parse(".entry k() { ret; }").is_err());
}
