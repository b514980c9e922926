//! The learning rate of each step.

use std::sync::Arc;

/// A learning rate for each step; the last is that of all steps to come.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rates(Arc<[f64]>);

impl Rates {
    pub(super) fn constant(rate: f64) -> Rates {
        Rates(Arc::new([rate]))
    }

    /// # Panics
    /// If there are none.
    #[track_caller]
    pub(super) fn new(rates: &[f64]) -> Rates {
        assert!(!rates.is_empty(), "rates: there must be a learning rate at least");
        Rates(rates.into())
    }

    /// The rate of the step after so many.
    pub(super) fn at(&self, steps: u64) -> f64 {
        let last = self.0.len() - 1;
        self.0[usize::try_from(steps).map_or(last, |step| step.min(last))]
    }

    #[cfg(feature = "cuda")]
    pub(super) fn all(&self) -> &[f64] {
        &self.0
    }

    /// Whether these are the same numbers in the same memory.
    #[cfg(feature = "cuda")]
    pub(super) fn is(&self, other: &Rates) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
