//! Tensors in the place of parameters.

#[cfg(feature = "cuda")]
use std::sync::Arc;

#[cfg(feature = "cuda")]
use super::Data;
use super::Tensor;
use crate::DeviceError;
#[cfg(feature = "cuda")]
use crate::cuda::{Array, Gpu, Leaf};
use crate::leaves::{Order, Shape};
use crate::on::{Argument, Parameter};

fn order<P: Parameter>() -> Order {
    if P::COLUMNS { Order::ColumnMajor } else { Order::RowMajor }
}

/// The shape of a value whose axes have such lengths in memory.
fn shape<P: Parameter>(dims: &[usize]) -> Shape {
    let mut lengths = dims.to_vec();
    if P::COLUMNS {
        lengths.reverse();
    }
    Shape::new(&lengths)
}

/// The tensor as it lies in memory where it stands for a parameter.
fn fitted<P: Parameter>(tensor: &Tensor<P::Elem>) -> Result<Tensor<P::Elem>, DeviceError> {
    let fits = |(n, want): (&usize, &Option<usize>)| want.is_none_or(|want| want == *n);
    let same = tensor.shape().len() == P::SHAPE.len();
    if !same || !tensor.shape().iter().zip(P::SHAPE).all(fits) {
        let wanted: Vec<String> =
            P::SHAPE.iter().map(|n| n.map_or("any".to_string(), |n| n.to_string())).collect();
        let (name, wanted, found) = (P::NAME, wanted.join(", "), tensor.shape());
        let message = format!("`{name}` takes a tensor of shape [{wanted}], not {found:?}");
        return Err(DeviceError::Shape(message));
    }
    tensor.in_order(order::<P>())
}

impl<P: Parameter> Argument<P> for &Tensor<P::Elem> {
    type Grad = Tensor<P::Elem>;
    type Held = P::Made;

    fn hold(self) -> Result<P::Made, DeviceError> {
        let fitted = fitted::<P>(self)?;
        Ok(P::make(fitted.host()?, &fitted.lengths(fitted.order)))
    }

    fn give_back(grad: P::Made) -> Tensor<P::Elem> {
        let target = std::borrow::Borrow::<P::Target>::borrow(&grad);
        Tensor::of_host(shape::<P>(&P::dims(target)), order::<P>(), P::elements(target).to_vec())
    }

    #[cfg(feature = "cuda")]
    fn leaf(self, gpu: &Arc<Gpu>) -> Result<Leaf<P::Elem>, DeviceError> {
        let fitted = fitted::<P>(self)?;
        let dims = fitted.lengths(fitted.order);
        let array = match &fitted.data {
            Data::Gpu(array) if Arc::ptr_eq(array.gpu(), gpu) => array.clone(),
            _ => Array::upload(gpu, fitted.host()?)?,
        };
        Ok(Leaf { dims, array })
    }

    #[cfg(feature = "cuda")]
    fn gradient(leaf: Leaf<P::Elem>) -> Result<Tensor<P::Elem>, DeviceError> {
        Ok(Tensor { shape: shape::<P>(&leaf.dims), order: order::<P>(), data: Data::Gpu(leaf.array) })
    }
}
