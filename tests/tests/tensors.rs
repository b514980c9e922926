//! Tensors on the CPU, and with the feature `cuda` on the driver for tests: the same.

use nalgebra::{DMatrix, DVector};
use pullback::leaves::Order;
use pullback::tensor::{Dtype, Float};
use pullback::{Device, DeviceError, Tensor, differentiable};

fn devices() -> Vec<Device> {
    #[cfg(feature = "cuda")]
    return vec![Device::cpu(), pullback_tests::fake::device()];
    #[cfg(not(feature = "cuda"))]
    vec![Device::cpu()]
}

/// Runs a test in both precisions on all devices.
fn everywhere(test: fn(&Device) -> Result<(), DeviceError>) {
    for device in devices() {
        test(&device).unwrap_or_else(|e| panic!("{device}: {e}"));
    }
}

/// Different numbers, in either order of memory.
fn numbered<T: Float>(rows: usize, columns: usize, device: &Device) -> Result<[Tensor<T>; 2], DeviceError> {
    let at = |i: usize, j: usize| T::nearest((10 * i + j) as f64 + 0.5);
    let matrix = DMatrix::from_fn(rows, columns, at);
    let by_rows = (0..rows).flat_map(|i| (0..columns).map(move |j| at(i, j))).collect();
    Ok([Tensor::from(matrix).to(device)?, Tensor::new(&[rows, columns], by_rows)?.to(device)?])
}

#[test]
fn attributes() {
    everywhere(|device| {
        let [a, b] = numbered::<f32>(3, 4, device)?;
        assert_eq!(
            (a.shape(), a.len(), a.dtype(), a.device()),
            (&[3, 4][..], 12, Dtype::F32, device.clone())
        );
        assert_eq!((a.order(), b.order()), (Order::ColumnMajor, Order::RowMajor));
        assert_eq!(a, b);
        assert_eq!(a.to_vec()?[4..6], [10.5, 11.5]);
        assert_eq!(a.to_matrix()?[(2, 1)], 21.5);
        assert_eq!(numbered::<f64>(1, 1, device)?[0].item()?, 0.5);
        assert_eq!(Tensor::from(2.5).to(device)?.item()?, 2.5);
        assert!(a.item().is_err() && a.to_vector().is_err());
        Ok(())
    });
}

#[test]
fn made_from_others() {
    everywhere(|device| {
        let [a, _] = numbered::<f64>(2, 3, device)?;
        assert_eq!(a.zeros_like()?, Tensor::zeros(&[2, 3], device)?);
        assert_eq!(a.ones_like()?.sum()?, 6.0);
        let random = a.rand_like(7)?;
        assert_eq!(random.to_vec()?.len(), 6);
        assert!(random.to_vec()?.iter().all(|x| (0.0..1.0).contains(x)));
        assert_eq!(
            Tensor::<f64>::rand(&[2, 3], 7, device)?.sum()?,
            Tensor::<f64>::rand(&[2, 3], 7, device)?.sum()?
        );
        assert_eq!(random.device(), *device);
        let empty = Tensor::<f32>::zeros(&[0, 3], device)?;
        assert_eq!((empty.sum()?, empty.is_empty(), empty.add(&empty)?.len()), (0.0, true, 0));
        Ok(())
    });
}

#[test]
fn arithmetic() {
    everywhere(|device| {
        let [a, b] = numbered::<f64>(37, 5, device)?;
        let m = a.to_matrix()?;
        for (x, y) in [(&a, &b), (&b, &a), (&a, &a)] {
            assert_eq!(x.add(y)?.to_matrix()?, &m + &m);
            assert_eq!(x.sub(y)?.to_matrix()?, &m - &m);
            assert_eq!(x.mul(y)?.to_matrix()?, m.component_mul(&m));
            assert_eq!(x.div(&y.add_number(3.0)?)?.to_matrix()?, m.component_div(&m.add_scalar(3.0)));
            assert_eq!(x.scale(0.1)?.to_matrix()?, &m * 0.1);
            let mut z = x.clone();
            z.descend(y, 0.5)?;
            z.add_assign(x)?;
            z.mul_assign(x)?;
            assert_eq!(z.to_matrix()?, (&m - &m * 0.5 + &m).component_mul(&m));
            assert_eq!(x.to_matrix()?, m, "what was copied is as it was");
        }
        assert!((a.sum()? - m.sum()).abs() <= 1e-13 * m.sum());
        Ok(())
    });
}

#[test]
fn products() {
    everywhere(|device| {
        for (rows, inner, columns) in [(1, 1, 1), (3, 7, 2), (65, 17, 64), (2, 1300, 3), (4, 0, 2)] {
            let [a, also] = numbered::<f64>(rows, inner, device)?;
            let [b, _] = numbered::<f64>(inner, columns, device)?;
            let want = a.to_matrix()? * b.to_matrix()?;
            let got = a.matmul(&b)?;
            assert!((got.to_matrix()? - &want).amax() <= 1e-13 * want.amax(), "{rows} {inner} {columns}");
            assert_eq!(also.matmul(&b)?, got);
            let turned = b.transpose().matmul(&a.transpose())?;
            assert!((turned.transpose().to_matrix()? - &want).amax() <= 1e-13 * want.amax());
        }
        let [a, _] = numbered::<f32>(3, 2, device)?;
        let x = Tensor::from([1.0_f32, -1.0]).to(device)?;
        assert_eq!(a.matmul(&x)?.to_vec()?, [-1.0, -1.0, -1.0]);
        Ok(())
    });
}

#[test]
fn parts() {
    everywhere(|device| {
        for t in numbered::<f32>(4, 6, device)? {
            let m = t.to_matrix()?;
            assert_eq!(t.slice(0, 1..3)?.to_matrix()?, m.rows(1, 2).into_owned());
            assert_eq!(t.slice(1, 2..)?.slice(0, ..=1)?.to_matrix()?, m.view((0, 2), (2, 4)).into_owned());
            assert_eq!(t.select(0, 3)?.to_vec()?, m.row(3).iter().copied().collect::<Vec<_>>());
            assert_eq!(t.select(1, 5)?.to_vector()?, m.column(5).into_owned());
            assert_eq!(t.at(&[2, 3])?, m[(2, 3)]);
            let mut changed = t.clone();
            changed.fill_slice(1, 1..2, 0.0)?;
            changed.set(&[3, 3], -1.0)?;
            let mut want = m.clone();
            want.column_mut(1).fill(0.0);
            want[(3, 3)] = -1.0;
            assert_eq!(changed.to_matrix()?, want);
            assert_eq!(t.to_matrix()?, m);
            assert_eq!(t.reshape(&[2, 12])?.to_vec()?, t.to_vec()?);
            assert_eq!(t.transpose().to_matrix()?, m.transpose());
            let [other, _] = numbered::<f32>(4, 2, device)?;
            let joined = Tensor::cat(&[&t, &other, &t], 1)?;
            assert_eq!(joined.shape(), [4, 14]);
            assert_eq!(joined.slice(1, 6..8)?, other);
            assert_eq!(Tensor::cat(&[&t, &t], 0)?.slice(0, 4..)?, t);
        }
        let cube = Tensor::new(&[2, 3, 4], (0..24_u8).map(f64::from).collect())?.to(device)?;
        assert_eq!(cube.select(1, 2)?.select(0, 1)?.to_vec()?, [20.0, 21.0, 22.0, 23.0]);
        assert_eq!(cube.transpose().at(&[3, 1, 0])?, 7.0);
        assert_eq!(cube.transpose().reshape(&[24])?.to_vec()?[..3], [0.0, 12.0, 4.0]);
        Ok(())
    });
}

#[test]
fn errors_name_both_shapes() {
    everywhere(|device| {
        let [a, _] = numbered::<f32>(2, 3, device)?;
        let text = |r: Result<Tensor, DeviceError>| r.unwrap_err().to_string();
        let other = a.transpose();
        assert_eq!(text(a.add(&other)), "add: a tensor of shape [2, 3] and one of shape [3, 2]");
        assert_eq!(text(a.matmul(&a)), "matmul: a tensor of shape [2, 3] and one of shape [2, 3]");
        assert_eq!(
            text(Tensor::cat(&[&a, &other], 0)),
            "cat: a tensor of shape [2, 3] and one of shape [3, 2]"
        );
        assert_eq!(text(Tensor::cat(&[], 0)), "cat: no tensors");
        assert_eq!(text(a.slice(1, 2..5)), "2..5 along axis 1 of a tensor of shape [2, 3]");
        assert_eq!(text(a.slice(2, ..)), "0..0 along axis 2 of a tensor of shape [2, 3]");
        assert_eq!(text(a.reshape(&[5])), "reshape: a tensor of shape [2, 3] as one of shape [5]");
        assert_eq!(text(Tensor::new(&[2, 2], vec![1.0])), "a tensor of shape [2, 2] has 4 elements, not 1");
        assert_eq!(a.at(&[2, 0]).unwrap_err().to_string(), "index [2, 0] of a tensor of shape [2, 3]");
        let mut b = a.clone();
        assert!(b.set_slice(0, 0..1, &a).is_err() && b.add_assign(&other).is_err());
        assert_eq!(a, b, "what failed changed nothing");
        Ok(())
    });
}

#[differentiable(wrt(w, b))]
fn line(w: &DMatrix<f64>, b: &DVector<f64>, x: &[[f64; 3]], y: &DVector<f64>) -> f64 {
    let mut s = 0.0;
    for i in 0..x.len() {
        let p = w[(0, 0)] * x[i][0] + w[(0, 1)] * x[i][1] + w[(0, 2)] * x[i][2] + b[0];
        s += (p - y[i]).powi(2);
    }
    s
}

#[test]
fn tensors_in_the_place_of_arguments() {
    everywhere(|device| {
        let rows: Vec<[f64; 3]> =
            (0..50).map(|i| [1.0, 0.1, 0.01].map(|k| (f64::from(i) * k).sin())).collect();
        let y = DVector::from_fn(50, |i, _| i as f64 * 0.1);
        let (w, b) = (DMatrix::from_row_slice(1, 3, &[0.3, -0.2, 0.5]), DVector::from_element(1, 0.1));
        let (value, want) = line::value_and_grad(&w, &b, &rows, &y);
        let on = line::on(device);
        let (got, grad) = on.value_and_grad(&w, &b, &rows, &y)?;
        assert!((got - value).abs() <= 1e-13 * value && (&grad.w - &want.w).amax() <= 1e-12 * want.w.amax());
        let tensors = (Tensor::from(&w).to(device)?, Tensor::from(&rows[..]).to(device)?, Tensor::from(&y));
        let (got, grad) = on.value_and_grad(&tensors.0, &b, &tensors.1, &tensors.2)?;
        assert!((got - value).abs() <= 1e-13 * value);
        assert_eq!((grad.w.shape(), grad.w.device()), (&[1, 3][..], device.clone()));
        assert!((grad.w.to_matrix()? - &want.w).amax() <= 1e-12 * want.w.amax());
        assert!(
            (grad.b - &want.b).amax() <= 1e-12 * want.b.amax(),
            "a host value's gradient is a host value"
        );
        // Rows first or columns first: the same values.
        let turned = Tensor::from(&w.transpose()).to(device)?.transpose();
        assert_eq!(on.value(&turned, &b, &tensors.1, &y)?, on.value(&w, &b, &rows, &y)?);
        let wrong = on.value(&tensors.0, &b, &tensors.0.transpose(), &y).unwrap_err();
        assert_eq!(wrong.to_string(), "`x` takes a tensor of shape [any, 3], not [3, 1]");
        Ok(())
    });
}

#[test]
fn memory_is_shared_with_nalgebra() -> Result<(), DeviceError> {
    let matrix = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 3.0, 4.0]);
    let address = matrix.as_slice().as_ptr();
    let mut t = Tensor::from(matrix);
    assert_eq!(t.as_slice()?.as_ptr(), address, "the tensor took the matrix's memory");
    t.as_matrix_mut()?.row_mut(0).fill(9.0);
    t.as_mut_slice()?[3] = 8.0;
    assert_eq!(t.as_matrix()?.as_ptr(), address);
    assert_eq!(t, Tensor::from([[9.0, 9.0], [3.0, 8.0]]));
    let rows = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(rows.as_matrix()?.column(2).sum(), 9.0);
    Ok(())
}
