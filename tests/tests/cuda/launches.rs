//! The runtime launches as the compiler says.

use pullback::cuda;
use pullback_kernels::ptx::{self, Kernel};

#[test]
fn limits_are_the_same() {
    assert_eq!(
        (cuda::BLOCK, cuda::MAX_BLOCKS, cuda::COPIES_BYTES, cuda::MAX_COPIES, cuda::PARTIAL_BYTES),
        (ptx::BLOCK, ptx::MAX_BLOCKS, ptx::COPIES_BYTES, ptx::MAX_COPIES, ptx::PARTIAL_BYTES)
    );
    assert_eq!((cuda::TILE, cuda::STEP), (ptx::TILE, ptx::STEP));
    assert_eq!((cuda::CHUNK, cuda::ROWS as u64), (ptx::CHUNK, ptx::ROWS));
    assert_eq!((cuda::SCRATCH_BYTES, cuda::NO_ROOM), (ptx::SCRATCH_BYTES, ptx::NO_ROOM));
}

#[test]
fn grids_and_copies_are_the_same() {
    let (_, mut kernel) = crate::kernel(crate::FIT);
    for count in [0, 1, 7, 255, 256, 4097, 1 << 20, 1 << 33] {
        for (width, copies) in [(1, false), (4, false), (1, true)] {
            kernel = Kernel { width, copies, ..kernel };
            for bytes in [1, 8, 1000, 1 << 20, 1 << 30] {
                let made = cuda::copy_count(count, bytes);
                assert_eq!(made, Kernel::copy_count(count, bytes));
                assert_eq!(cuda::grid(count, width, copies.then_some(made)), kernel.grid(count, made));
            }
        }
    }
}

#[test]
fn memory_of_threads_is_the_same() {
    for blocks in [1, 3, 1024] {
        for slots in [0, 1, 64, 1000, 1 << 20, u64::MAX] {
            assert_eq!(cuda::blocks_at_once(blocks, slots), Kernel::blocks_at_once(blocks, slots));
        }
    }
    let room = cuda::Room::of(&[(3, &[]), (2, &[5, 7]), (9, &[-1, 4])]);
    assert_eq!(room, cuda::Room::Slots(73));
}

#[test]
fn long_sums_are_shared() {
    for (rows, columns, inner) in [(1, 1, 0), (1, 1, 1), (3, 3, 100_000), (2048, 2048, 2048), (64, 65, 1025)]
    {
        let (parts, stretch) = cuda::stretches(rows, columns, inner);
        assert!(parts >= 1 && stretch % cuda::STEP == 0, "{rows} {columns} {inner}");
        assert!(parts * stretch >= inner && (parts - 1) * stretch <= inner, "{rows} {columns} {inner}");
    }
    assert!(cuda::stretches(3, 3, 100_000).0 > 100);
    assert_eq!(cuda::stretches(2048, 2048, 2048).0, 1);
}
