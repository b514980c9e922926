//! Matrix products on the interpreter: every form and awkward sizes, in random schedules, and with faults planted.

use pullback_kernels::ir::Scalar;
use pullback_kernels::ptx::{BLOCK, Product, STEP, TILE, product};
use pullback_ptxsim::{Fault, FaultKind, Gpu, Launch, launch, parse};

/// Rows and columns of the product, and the length of the axis summed over.
type Sizes = [u64; 3];

/// A small whole number: sums of products are exact in either precision, in any order.
fn element(k: u64) -> f64 {
    (k * 7 % 11) as f64 - 5.0
}

fn bytes(elem: Scalar, count: u64) -> Vec<u8> {
    let one = |k| match elem {
        Scalar::F32 => (element(k) as f32).to_le_bytes().to_vec(),
        _ => element(k).to_le_bytes().to_vec(),
    };
    (0..count).flat_map(one).collect()
}

/// The product as the interpreter finds it, `parts` stretches of the axis at once.
fn run(
    text: &str,
    names: &Product,
    elem: Scalar,
    sizes: Sizes,
    parts: u64,
    seed: u64,
) -> Result<Vec<f64>, Fault> {
    let [rows, columns, inner] = sizes;
    let width = if elem == Scalar::F32 { 4 } else { 8 };
    let module = parse(text).expect("it parses");
    let mut gpu = Gpu::new();
    let a = gpu.alloc_bytes(&bytes(elem, rows * inner));
    let b = gpu.alloc_bytes(&bytes(elem, inner * columns));
    let count = rows * columns;
    let c = gpu.alloc((count * parts * width) as usize);
    let stretch = inner.div_ceil(parts).div_ceil(STEP).max(1) * STEP;
    let words = |words: &[u64]| words.iter().map(|w| w.to_le_bytes().to_vec()).collect::<Vec<_>>();
    let blocks = rows.div_ceil(TILE) * columns.div_ceil(TILE) * parts;
    let go = |gpu: &mut Gpu, func: &str, blocks: u64, params: &[Vec<u8>]| {
        let grid = [blocks as u32, 1, 1];
        launch(&module, gpu, &Launch { func, grid, block: [BLOCK, 1, 1], params, seed, limit: 50_000_000 })
            .map(drop)
    };
    go(&mut gpu, &names.name, blocks, &words(&[a, b, c, rows, columns, inner, parts, stretch]))?;
    let sums = gpu.alloc((count * width) as usize);
    let zeros = gpu.alloc_bytes(&vec![0; (count * width) as usize]);
    let params = words(&[zeros, c, sums, count, parts]);
    go(&mut gpu, &names.add, count.div_ceil(u64::from(BLOCK)), &params)?;
    let raw = gpu.read(sums, (count * width) as usize)?;
    let one = |b: &[u8]| match elem {
        Scalar::F32 => f64::from(f32::from_le_bytes(b.try_into().expect("four bytes"))),
        _ => f64::from_le_bytes(b.try_into().expect("eight bytes")),
    };
    Ok(raw.chunks_exact(width as usize).map(one).collect())
}

fn want([rows, columns, inner]: Sizes, ta: bool, tb: bool) -> Vec<f64> {
    let a = |i, k| element(if ta { k * rows + i } else { i * inner + k });
    let b = |k, j| element(if tb { j * inner + k } else { k * columns + j });
    let one = |i, j| (0..inner).map(|k| a(i, k) * b(k, j)).sum();
    (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))).map(|(i, j)| one(i, j)).collect()
}

const FORMS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[test]
fn every_form_and_awkward_sizes() {
    for elem in [Scalar::F32, Scalar::F64] {
        for (ta, tb) in FORMS {
            let names = product(elem, ta, tb);
            let cases = [([1, 1, 1], 1), ([5, 3, 17], 1), ([65, 2, 16], 1), ([3, 70, 40], 2), ([2, 2, 0], 1)];
            for (seed, (sizes, parts)) in (1..).zip(cases) {
                let got =
                    run(&names.text, &names, elem, sizes, parts, seed).unwrap_or_else(|f| panic!("{f}"));
                assert_eq!(got, want(sizes, ta, tb), "{} {sizes:?}", names.name);
            }
        }
    }
}

#[test]
fn twenty_schedules_agree() {
    let (elem, sizes) = (Scalar::F32, [20, 9, 70]);
    let names = product(elem, false, true);
    for seed in 1..=20 {
        let got = run(&names.text, &names, elem, sizes, 3, seed).unwrap_or_else(|f| panic!("{f}"));
        assert_eq!(got, want(sizes, false, true), "seed {seed}");
    }
}

#[test]
fn planted_faults_are_found() {
    let names = product(Scalar::F32, false, false);
    let text = &names.text;
    let found = |text: &str| {
        let kinds = (1..=20).filter_map(|seed| run(text, &names, Scalar::F32, [9, 9, 40], 1, seed).err());
        kinds.map(|fault| fault.kind).next()
    };
    assert_eq!(found(text), None);
    // Tiles that are read before all of them is there, and overwritten while they are read.
    let barrier = "    bar.sync 0;\n";
    assert_eq!(text.matches(barrier).count(), 2);
    for which in [0, 1] {
        let at = text.match_indices(barrier).nth(which).expect("a barrier").0;
        let without = [&text[..at], &text[at + barrier.len()..]].concat();
        assert!(matches!(found(&without), Some(FaultKind::Race | FaultKind::Uninitialised)), "{which}");
    }
    // Elements beyond the edges.
    let guards = text.replacen("    and.pred %p0, %p0, %p1;\n", "", 1);
    assert_eq!(found(&guards), Some(FaultKind::OutOfBounds));
    let stores = text.replace("@%p1 st.global", "st.global");
    assert!(matches!(found(&stores), Some(FaultKind::OutOfBounds | FaultKind::Race)));
}
