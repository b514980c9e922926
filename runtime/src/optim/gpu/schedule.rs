//! What depends on the learning rate and the number of steps: in a GPU's memory, so that a recorded step that runs again finds
//! what is next.

use std::sync::Arc;

use super::super::rates::Rates;
use super::super::rules::Rule;
use super::{kernels, owned};
use crate::DeviceError;
use crate::cuda::{Arg, Array, Buffer, Element, Gpu, refuse};

/// The number of steps, the learning rates, and the coefficients of the step that is being made.
pub(in super::super) struct Schedule {
    steps: Array<f64>,
    rates: Array<f64>,
    /// What the rates are, if the array is as long; else all are the first of these.
    known: Rates,
    coefficients: Vec<Array<f64>>,
}

impl Schedule {
    /// With the coefficients of the next step.
    pub(in super::super) fn next<'s, R, const K: usize, const C: usize, const I: usize, const D: usize>(
        own: &'s mut Option<Schedule>,
        gpu: &Arc<Gpu>,
        steps: u64,
        rule: &R,
        rates: &Rates,
    ) -> Result<&'s Schedule, DeviceError>
    where
        R: Rule<K, C, I, D>,
    {
        if own.as_ref().is_none_or(|s| s.coefficients.len() != D || !Arc::ptr_eq(s.gpu(), gpu)) {
            let room = |_| Ok(Array::of_buffer(Buffer::zeroed(gpu, f64::BYTES)?));
            *own = Some(Schedule {
                steps: Array::upload(gpu, &[steps as f64])?,
                rates: Array::upload(gpu, rates.all())?,
                known: rates.clone(),
                coefficients: (0..D).map(room).collect::<Result<_, DeviceError>>()?,
            });
        }
        let schedule = own.as_mut().expect("it was made above");
        schedule.set_rates(rates)?;
        schedule.advance(rule)?;
        Ok(schedule)
    }

    /// Has the GPU compute the coefficients, and count.
    fn advance<R, const K: usize, const C: usize, const I: usize, const D: usize>(
        &mut self,
        rule: &R,
    ) -> Result<(), DeviceError>
    where
        R: Rule<K, C, I, D>,
    {
        let (gpu, count) = (self.gpu().clone(), Arg::int(self.rates.len() as u64));
        let numbers: Vec<Arg> = rule.inputs().into_iter().map(Element::arg).chain([count]).collect();
        let mut outs = vec![owned(&mut self.steps)?];
        for coefficient in &mut self.coefficients {
            outs.push(owned(coefficient)?);
        }
        let arrays = [outs[0], self.rates.device()?];
        kernels(R::NAME).schedule.run_onto(&gpu, 1, &numbers, &arrays, &outs)
    }

    /// Other rates, where recorded steps find them; refused while a step is recorded, which would set them in each run.
    pub(in super::super) fn set_rates(&mut self, rates: &Rates) -> Result<(), DeviceError> {
        if self.known.is(rates) {
            return Ok(());
        }
        refuse(|| {
            "a learning rate is set while a step is recorded: set it between runs (`state_mut`), or give the optimizer the \
             `rates` of all steps"
                .to_string()
        })?;
        let (all, len) = (rates.all(), self.rates.len());
        let own = if all.len() == 1 || all.len() == len { self.rates.own()? } else { None };
        match (own, all) {
            (Some(own), [rate]) => own.fill(f64::bytes(&[*rate]))?,
            (Some(own), all) => own.write(f64::bytes(all))?,
            (None, all) => self.rates = Array::upload(self.gpu(), all)?,
        }
        self.known = rates.clone();
        Ok(())
    }

    pub(super) fn coefficients(&self) -> Result<Vec<&Buffer>, DeviceError> {
        self.coefficients.iter().map(Array::device).collect()
    }

    pub(in super::super) fn gpu(&self) -> &Arc<Gpu> {
        self.steps.gpu()
    }
}
