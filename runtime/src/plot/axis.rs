//! Where an axis begins and ends, and what is written along it.

use std::ops::Range;

/// An axis; a logarithmic one in powers of ten.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) log: bool,
}

impl Axis {
    /// A given range, or one in which all finite values lie with a little room.
    pub(super) fn new(values: impl Iterator<Item = f64>, given: Option<Range<f64>>, log: bool) -> Axis {
        let finite = values.filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let range = match given {
            Some(range) if range.start < range.end => range,
            _ if low > high => 0.0..1.0,
            // a constant stands in the middle
            _ if low == high => low - 0.5 * low.abs().max(1.0)..high + 0.5 * high.abs().max(1.0),
            _ => low - 0.04 * (high - low)..high + 0.04 * (high - low),
        };
        Axis { range, log }
    }

    /// How far along the axis a value lies: 0 at its beginning, 1 at its end.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.range.start) / (self.range.end - self.range.start)
    }

    /// About six round values and how they are written.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let Range { start, end } = self.range;
        let step = self.step();
        // a little tolerance: -0.3 / 0.1 is not quite -3
        let first = (start / step - 1e-9).ceil();
        let count = ((end / step + 1e-9).floor() - first) as usize + 1;
        let write = |value: f64| if self.log { power(value) } else { number(value, step) };
        (0..count.min(50)).map(|k| (first + k as f64) * step).map(|value| (value, write(value))).collect()
    }

    /// One, two or five times a power of ten; of a logarithmic axis at least a whole one.
    fn step(&self) -> f64 {
        let rough = (self.range.end - self.range.start) / 6.0;
        let power = 10f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= rough).unwrap_or(10.0);
        if self.log { (factor * power).max(1.0).round() } else { factor * power }
    }
}

/// As many decimals as the step has.
fn number(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).clamp(0.0, 20.0) as usize;
    if value.abs() >= 1e6 || (step < 1e-5) {
        return format!("{value:.1e}");
    }
    // not -0
    format!("{:.decimals$}", if value.abs() < 1e-9 * step { 0.0 } else { value })
}

fn power(exponent: f64) -> String {
    if (-3.0..=4.0).contains(&exponent) {
        format!("{}", 10f64.powf(exponent))
    } else {
        format!("1e{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(range: Range<f64>, log: bool) -> Vec<String> {
        Axis::new(std::iter::empty(), Some(range), log).ticks().into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(written(-3.2..3.2, false), ["-2", "0", "2"]);
        assert_eq!(written(0.0..1.0, false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(written(-0.3..0.1, false), ["-0.3", "-0.2", "-0.1", "0.0", "0.1"]);
        assert_eq!(written(0.0..2000.0, false), ["0", "500", "1000", "1500", "2000"]);
        assert_eq!(written(-4.5..2.2, true), ["1e-4", "0.01", "1", "100"]);
        assert_eq!(written(0.9e7..2.1e7, false).first().map(String::as_str), Some("1.0e7"));
    }

    #[test]
    fn data_lie_inside() {
        let axis = Axis::new([1.0, f64::NAN, 3.0, f64::INFINITY].into_iter(), None, false);
        assert!(axis.place(1.0) > 0.0 && axis.place(3.0) < 1.0);
        assert_eq!(Axis::new([2.0; 3].into_iter(), None, false).range, 1.0..3.0);
        assert_eq!(Axis::new(std::iter::empty(), None, false).range, 0.0..1.0);
    }
}
