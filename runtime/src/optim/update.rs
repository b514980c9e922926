//! One pass over a leaf: parameters, gradient and memory are read and written once.

use std::ops::{Add, Div, Mul, Neg, Range, Sub};

use crate::cpu::{Lanes, Nest, Split, launch};
use crate::leaves::Number;

/// What update rules compute with: `f32` and `f64`.
pub(super) trait Real:
    Number
    + Copy
    + Send
    + Sync
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A coefficient, rounded to this type as PyTorch does.
    fn of(x: f64) -> Self;
    fn sqrt(self) -> Self;
}

macro_rules! real {
    ($($t:ident)*) => {
        $(impl Real for $t {
            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
        })*
    };
}

real! { f32 f64 }

/// How one number changes, given its derivative and K remembered numbers.
pub(super) trait Rule<const K: usize>: Copy + Sync {
    fn update<T: Real>(&self, param: T, grad: T, slots: &mut [T; K]) -> T;
}

/// What changes.
pub(super) struct Arrays<'a, T, const K: usize> {
    pub(super) params: &'a mut [T],
    pub(super) slots: [&'a mut [T]; K],
}

impl<T: Send, const K: usize> Split for Arrays<'_, T, K> {
    fn split(self, at: usize) -> (Self, Self) {
        let (near, far) = self.params.split_at_mut(at);
        let mut rest = Vec::with_capacity(K);
        let slots = self.slots.map(|slot| {
            let (near, far) = slot.split_at_mut(at);
            rest.push(far);
            near
        });
        let mut rest = rest.into_iter();
        let far = Arrays {
            params: far,
            slots: std::array::from_fn(|_| rest.next().expect("as many parts as slots")),
        };
        (Arrays { params: near, slots }, far)
    }
}

struct Update<'a, R, T, const K: usize> {
    rule: &'a R,
    grad: &'a [T],
}

/// Updates a leaf.
///
/// All arrays must be equally long.
pub(super) fn update<T: Real, R: Rule<K>, const K: usize>(rule: &R, grad: &[T], arrays: Arrays<'_, T, K>) {
    launch(&Update::<R, T, K> { rule, grad }, grad.len(), arrays);
}

impl<R: Rule<K>, T: Real, const K: usize> Nest for Update<'_, R, T, K> {
    type Sums = ();
    type Stores<'a> = Arrays<'a, T, K>;
    type Lanes = Lanes<8, 16, 32>;
    const COST: usize = 4 + 2 * K;

    #[inline(always)]
    fn run<const FMA: bool, const L: usize>(&self, range: Range<usize>, stores: Arrays<'_, T, K>) {
        let (grads, rest) = self.grad[range].as_chunks::<L>();
        let (params, param_rest) = stores.params.as_chunks_mut::<L>();
        let mut slots = stores.slots.map(|slot| slot.as_chunks_mut::<L>());
        for (c, (grad, param)) in grads.iter().zip(params).enumerate() {
            let mut kept: [[T; L]; K] = std::array::from_fn(|k| slots[k].0[c]);
            let mut new = *param;
            for l in 0..L {
                let mut each = std::array::from_fn(|k| kept[k][l]);
                new[l] = self.rule.update(new[l], grad[l], &mut each);
                (0..K).for_each(|k| kept[k][l] = each[k]);
            }
            *param = new;
            (0..K).for_each(|k| slots[k].0[c] = kept[k]);
        }
        for (i, (&grad, param)) in rest.iter().zip(param_rest).enumerate() {
            let mut each = std::array::from_fn(|k| slots[k].1[i]);
            *param = self.rule.update(*param, grad, &mut each);
            (0..K).for_each(|k| slots[k].1[i] = each[k]);
        }
    }

    fn combine((): (), (): ()) {}
}
