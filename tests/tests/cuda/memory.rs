//! Memory of the GPU, and copies to and from it.

use pullback::cuda::Buffer;
use pullback::{DeviceError, Tensor};
use pullback_tests::fake;

#[test]
fn kept_memory_is_given_back_before_there_is_none() {
    let (_one, gpu) = super::gpu();
    let large = 200 << 20;
    let two = [Buffer::room(&gpu, large), Buffer::room(&gpu, large)];
    assert!(two.iter().all(Result::is_ok));
    assert_eq!(Buffer::room(&gpu, 2 * large).map(drop), Err(DeviceError::OutOfMemory(2 * large)));
    drop(two);
    assert!(gpu.spare_bytes() >= 2 * large);
    assert!(Buffer::room(&gpu, 2 * large).is_ok());
    assert!(gpu.spare_bytes() < 3 * large);
    gpu.synchronize().expect("the GPU works");
}

#[test]
fn uploads_may_be_changed_when_they_are_queued() {
    let _one = super::gpu().0;
    let device = fake::device();
    // Together more than both halves of the page-locked memory, and one that is larger than a half.
    for n in [1, 1000, 900_000, 1_300_000] {
        let mut batch = vec![0.0f32; n];
        let mut tensors = Vec::new();
        for k in 0..5 {
            batch.iter_mut().enumerate().for_each(|(i, x)| *x = (i % 1000 + 1000 * k) as f32);
            let mut tensor = Tensor::<f32>::zeros(&[n], &device).expect("there is memory");
            tensor.copy_from_slice(&batch).expect("the GPU works");
            tensors.push(tensor);
        }
        batch.fill(-1.0);
        for (k, tensor) in tensors.iter().enumerate() {
            let got = tensor.to_vec().expect("the GPU works");
            assert!(got.iter().enumerate().all(|(i, x)| *x == (i % 1000 + 1000 * k) as f32), "{n} {k}");
        }
    }
}

#[test]
fn changes_in_place_leave_copies_alone() {
    let _one = super::gpu().0;
    let device = fake::device();
    type Change = fn(&mut Tensor<f64>, &Tensor<f64>) -> Result<(), DeviceError>;
    let changes: [(Change, f64); 8] = [
        (|x, y| x.add_assign(y), 5.0),
        (|x, y| x.sub_assign(y), 1.0),
        (|x, y| x.mul_assign(y), 6.0),
        (|x, y| x.descend(y, 0.5), 2.0),
        (|x, y| x.copy_from(y), 2.0),
        (|x, _| x.fill(9.0), 9.0),
        (|x, _| x.fill_slice(0, .., 8.0), 8.0),
        (|x, y| x.copy_from_slice(&vec![7.0; y.len()]), 7.0),
    ];
    let full = |value| Tensor::<f64>::full(&[30, 20], value, &device).expect("there is memory");
    for (change, want) in changes {
        let (mut alone, mut shared, y) = (full(3.0), full(3.0), full(2.0));
        let copy = shared.clone();
        change(&mut alone, &y).expect("the GPU works");
        change(&mut shared, &y).expect("the GPU works");
        assert_eq!((&alone, &shared, &copy, &y), (&full(want), &full(want), &full(3.0), &full(2.0)));
        shared.set(&[3, 4], 0.0).expect("the GPU works");
        assert_eq!((shared.at(&[3, 4]), shared.at(&[3, 5])), (Ok(0.0), Ok(want)));
    }
}
