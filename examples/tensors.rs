//! Tensors, one thing after the other: made, asked, moved, indexed, joined, multiplied, changed, shared.
//!
//! The tutorials' "Tensors". The seed of what is random is fixed, so this always prints the same.
//!
//!     cargo run --release --example tensors

use nalgebra::DMatrix;
use pullback::{Device, DeviceError, Tensor};

/// From data, from an array, from another tensor, with random or constant numbers.
fn made() -> Result<(), DeviceError> {
    let data = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    println!("From data: {data}");
    let matrix = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 3.0, 4.0]);
    println!("From a matrix, the same: {}", Tensor::from(&matrix) == data);
    println!("Ones like it: {}", data.ones_like()?);
    println!("Random like it: {:?}", data.rand_like(1)?);

    let cpu = Device::cpu();
    println!("Random: {:.3?}", Tensor::<f32>::rand(&[2, 3], 7, &cpu)?.to_vec()?);
    println!("Ones: {}", Tensor::<f32>::ones(&[2, 3], &cpu)?);
    println!("Zeros: {}", Tensor::<f32>::zeros(&[2, 3], &cpu)?);
    Ok(())
}

/// What a tensor is, and where.
fn asked() -> Result<(), DeviceError> {
    let tensor = Tensor::<f32>::rand(&[3, 4], 7, &Device::cpu())?;
    println!("Shape: {:?}", tensor.shape());
    println!("Type: {}", tensor.dtype());
    println!("Device: {}", tensor.device());

    let device = Device::best(); // a GPU if there is one
    let moved = tensor.to(&device)?;
    println!("Moved and back, the same: {}", moved.to(&Device::cpu())? == tensor);
    Ok(())
}

/// Rows, columns, parts, and tensors joined.
fn indexed() -> Result<(), DeviceError> {
    let mut tensor = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]);
    println!("First row: {}", tensor.select(0, 0)?);
    println!("First column: {}", tensor.select(1, 0)?);
    println!("Last column: {}", tensor.select(1, 2)?);
    println!("Element (1, 2): {}", tensor.at(&[1, 2])?);
    tensor.fill_slice(1, 1..2, 0.0)?;
    println!("Second column cleared: {tensor}");
    println!("Joined: {}", Tensor::cat(&[&tensor, &tensor.slice(1, 2..)?], 1)?);
    Ok(())
}

/// Products, sums, changes in place.
fn computed() -> Result<(), DeviceError> {
    let tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    println!("Matrix product with its transpose: {}", tensor.matmul(&tensor.transpose())?);
    println!("Product by elements: {}", tensor.mul(&tensor)?);
    println!("Sum: {}", tensor.sum()?);

    let mut changed = tensor.clone();
    changed.add_assign(&tensor.ones_like()?.scale(5.0)?)?;
    println!("{tensor} and five more: {changed}");
    match tensor.matmul(&Tensor::from([1.0, 2.0, 3.0])) {
        Err(error) => println!("What does not fit is an error: {error}"),
        Ok(product) => println!("{product}"),
    }
    Ok(())
}

/// A matrix of nalgebra over the tensor's own memory: what one writes, the other has.
fn shared() -> Result<(), DeviceError> {
    let mut tensor = Tensor::<f64>::ones(&[2, 3], &Device::cpu())?;
    tensor.as_matrix_mut()?.column_mut(2).fill(7.0);
    println!("Written through nalgebra: {tensor}");
    tensor.set(&[0, 0], -1.0)?;
    println!("Read through nalgebra: {}", tensor.as_matrix()?.row(0).sum());
    Ok(())
}

fn main() -> Result<(), DeviceError> {
    made()?;
    asked()?;
    indexed()?;
    computed()?;
    shared()
}
