//! How long one iteration takes.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

/// Runs a workload often enough.
pub(crate) struct Timer {
    /// Timed iterations; 0 to choose so that they take about 1.5 s.
    pub(crate) iters: usize,
}

impl Timer {
    /// Times `iteration`, after a warm-up of 20 iterations, or 3 of slow ones.
    pub(crate) fn time<R>(&self, mut iteration: impl FnMut() -> R) -> Timing {
        let mut microseconds = || {
            let start = Instant::now();
            black_box(iteration());
            start.elapsed().as_secs_f64() * 1e6
        };
        let warm_up = if microseconds() > 150_000.0 { 3 } else { 20 };
        let each = (0..warm_up).map(|_| microseconds()).sum::<f64>() / f64::from(warm_up);
        let iters = if self.iters > 0 { self.iters } else { ((1.5e6 / each) as usize).clamp(10, 500) };
        Timing::of((0..iters).map(|_| microseconds()).collect())
    }
}

/// What an iteration took, and what else is worth telling; shows itself as the members of a JSON object.
pub(crate) struct Timing {
    median: f64,
    min: f64,
    iters: usize,
    values: Vec<(&'static str, f64)>,
}

impl Timing {
    fn of(mut microseconds: Vec<f64>) -> Self {
        microseconds.sort_by(f64::total_cmp);
        let iters = microseconds.len();
        let median = (microseconds[(iters - 1) / 2] + microseconds[iters / 2]) / 2.0;
        Self { median, min: microseconds[0], iters, values: Vec::new() }
    }

    /// With `value` under the name `name`.
    pub(crate) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.values.push((name, value));
        self
    }

    /// With the median time of the forward part alone, as timed apart.
    pub(crate) fn with_forward(self, forward: &Timing) -> Self {
        self.with("forward_us", forward.median)
    }

    /// With the rate at which the fastest iteration did `amount` thousands of millions of something.
    pub(crate) fn with_rate(self, name: &'static str, amount: f64) -> Self {
        let rate = amount / (self.min * 1e-6);
        self.with(name, rate)
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#""median_us": {:.2}, "min_us": {:.2}, "iters": {}"#, self.median, self.min, self.iters)?;
        self.values.iter().try_for_each(|(name, value)| write!(f, r#", "{name}": {value:.6}"#))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_counts() {
        let of = |times: &[f64]| Timing::of(times.to_vec()).to_string();
        assert_eq!(of(&[3.0, 1.0, 2.0]), r#""median_us": 2.00, "min_us": 1.00, "iters": 3"#);
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), r#""median_us": 2.50, "min_us": 1.00, "iters": 4"#);
    }

    #[test]
    fn iterations_as_asked() {
        let mut calls = 0;
        let timing = Timer { iters: 7 }.time(|| calls += 1).with("check", 0.5).to_string();
        assert_eq!(calls, 1 + 20 + 7);
        assert!(timing.ends_with(r#""iters": 7, "check": 0.500000"#), "{timing}");
    }
}
