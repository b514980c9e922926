//! One pass over a leaf: parameters, gradient and memory are read and written once.

use std::ops::Range;

use super::rules::{Real, Rule};
use crate::cpu::{Lanes, Nest, Split, launch};
use crate::leaves::Number;

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

struct Update<'a, R, T, const K: usize, const C: usize, const D: usize> {
    rule: std::marker::PhantomData<fn() -> R>,
    constants: [T; C],
    scheduled: [T; D],
    grad: &'a [T],
}

/// Updates a leaf. `scheduled` are the coefficients of this step.
///
/// All arrays must be equally long.
pub(super) fn update<T, R, const K: usize, const C: usize, const I: usize, const D: usize>(
    rule: &R,
    scheduled: &[f64; D],
    grad: &[T],
    arrays: Arrays<'_, T, K>,
) where
    T: Real + Number,
    R: Rule<K, C, I, D>,
{
    let (constants, scheduled) = (rule.constants().map(T::of), scheduled.map(T::of));
    let nest = Update::<R, T, K, C, D> { rule: std::marker::PhantomData, constants, scheduled, grad };
    launch(&Pass::<'_, R, T, K, C, I, D>(nest), grad.len(), arrays);
}

/// The pass of a rule, whose number of schedule inputs a type must name.
struct Pass<'a, R, T, const K: usize, const C: usize, const I: usize, const D: usize>(
    Update<'a, R, T, K, C, D>,
);

impl<R, T, const K: usize, const C: usize, const I: usize, const D: usize> Nest for Pass<'_, R, T, K, C, I, D>
where
    T: Real + Number,
    R: Rule<K, C, I, D>,
{
    type Sums = ();
    type Stores<'a> = Arrays<'a, T, K>;
    type Lanes = Lanes<8, 16, 32>;
    const COST: usize = 4 + 2 * K;

    #[inline(always)]
    fn run<const FMA: bool, const L: usize>(&self, range: Range<usize>, stores: Arrays<'_, T, K>) {
        let Update { constants, scheduled, grad, .. } = &self.0;
        let (grads, rest) = grad[range].as_chunks::<L>();
        let (params, param_rest) = stores.params.as_chunks_mut::<L>();
        let mut slots = stores.slots.map(|slot| slot.as_chunks_mut::<L>());
        for (c, (grad, param)) in grads.iter().zip(params).enumerate() {
            let mut kept: [[T; L]; K] = std::array::from_fn(|k| slots[k].0[c]);
            let mut new = *param;
            for l in 0..L {
                let mut each = std::array::from_fn(|k| kept[k][l]);
                new[l] = R::update(constants, scheduled, new[l], grad[l], &mut each);
                (0..K).for_each(|k| kept[k][l] = each[k]);
            }
            *param = new;
            (0..K).for_each(|k| slots[k].0[c] = kept[k]);
        }
        for (i, (&grad, param)) in rest.iter().zip(param_rest).enumerate() {
            let mut each = std::array::from_fn(|k| slots[k].1[i]);
            *param = R::update(constants, scheduled, *param, grad, &mut each);
            (0..K).for_each(|k| slots[k].1[i] = each[k]);
        }
    }

    fn combine((): (), (): ()) {}
}
