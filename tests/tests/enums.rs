//! Type aliases and C-like enums that differentiable functions name.

use pullback::{Differentiable, differentiable};

#[differentiable]
type Real = f64;

#[differentiable]
type Sample = [Real; 2];

#[differentiable]
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kernel {
    Gauss,
    Cauchy,
    Flat = 7,
}

#[differentiable]
impl Kernel {
    fn weight(self, r: Real) -> Real {
        match self {
            Kernel::Gauss => (-r * r).exp(),
            Self::Cauchy => 1.0 / (1.0 + r * r),
            Kernel::Flat => 1.0,
        }
    }
}

#[derive(Differentiable)]
struct Smoother {
    width: Real,
    kernel: Kernel,
}

#[differentiable]
fn density(s: &Smoother, data: &[Sample], at: Sample) -> Real {
    let mut sum = 0.0;
    for p in data {
        let r = ((p[0] - at[0]).powi(2) + (p[1] - at[1]).powi(2)).sqrt() / s.width;
        sum += s.kernel.weight(r);
    }
    if s.kernel == Kernel::Flat { sum * s.width } else { sum }
}

#[differentiable]
fn chosen(kernel: Kernel, x: Real) -> Real {
    kernel.weight(x) * (kernel as i32 + 1) as Real
}

const DATA: [Sample; 2] = [[0.5, 1.0], [-1.0, 0.25]];

#[test]
fn each_variant_has_its_branch() {
    let x = 0.75_f64;
    let gauss = (-x * x).exp();
    assert!((chosen::grad(Kernel::Gauss, x) + 2.0 * x * gauss).abs() < 1e-14);
    assert!((chosen::grad(Kernel::Cauchy, x) + 2.0 * 2.0 * x / (1.0 + x * x).powi(2)).abs() < 1e-14);
    assert_eq!(chosen::value_and_grad(Kernel::Flat, x), (8.0, 0.0));
}

#[test]
fn an_enum_in_a_struct() {
    for kernel in [Kernel::Gauss, Kernel::Cauchy, Kernel::Flat] {
        let s = Smoother { width: 1.25, kernel };
        assert_eq!(density::check(&s, &DATA, [0.1, -0.2]), Ok(()));
    }
    let s = Smoother { width: 1.25, kernel: Kernel::Flat };
    let grad = density::grad(&s, &DATA, [0.1, -0.2]);
    assert_eq!((grad.s.width, grad.at), (2.0, [0.0, 0.0]));
}
