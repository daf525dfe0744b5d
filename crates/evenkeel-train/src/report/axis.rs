//! Axes: which values a chart shows, and the round numbers it marks.

use super::text::{grouped, minus, power_of_ten};

/// How values become places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scale {
    #[default]
    Linear,
    Log,
}

impl Scale {
    /// The value in the scale's own measure; `None` for what cannot be shown, which is a gap in a curve.
    fn measure(self, value: f64) -> Option<f64> {
        // Bounded, so that the difference of two measures is finite.
        const BOUND: f64 = 1e307;
        match self {
            Self::Linear => value.is_finite().then(|| value.clamp(-BOUND, BOUND)),
            Self::Log => (value.is_finite() && value > 0.0).then(|| value.log10()),
        }
    }
}

/// A marked value: its place from 0 to 1 and its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

/// One axis of a chart.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<Tick>,
}

impl Axis {
    /// An axis over the values, or over `range` where one is given that can be shown; `padding` is the share of the extent
    /// left free at both ends, `target` the number of ticks to aim at.
    pub(super) fn new(
        scale: Scale,
        values: impl Iterator<Item = f64>,
        range: Option<(f64, f64)>,
        padding: f64,
        target: f64,
    ) -> Self {
        let range = range.and_then(|(low, high)| Some((scale.measure(low)?, scale.measure(high)?)));
        let fixed = range.filter(|(low, high)| low < high && !degenerate(*low, *high));
        let (low, high) = fixed.unwrap_or_else(|| {
            let measures = values.filter_map(|value| scale.measure(value));
            let (low, high) =
                measures.map(|v| (v, v)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0.0, 1.0));
            // Steps are counted from one, but an axis of steps begins at zero.
            let near_zero = scale == Scale::Linear && low > 0.0 && low < 0.1 * high;
            let (low, high) = widened(scale, (if near_zero { 0.0 } else { low }, high));
            let margin = padding * (high - low);
            (low - margin, high + margin)
        });
        let marks = match scale {
            Scale::Linear => linear_marks(low, high, target),
            Scale::Log => log_marks(low, high, target),
        };
        let ticks = marks.into_iter().map(|(v, label)| Tick { at: (v - low) / (high - low), label }).collect();
        Self { scale, low, high, ticks }
    }

    /// An axis of names: the first at 0, the next at 1.
    pub(super) fn of_categories(labels: impl ExactSizeIterator<Item = String>) -> Self {
        let n = labels.len().max(1) as f64;
        let ticks = labels.enumerate().map(|(i, label)| Tick { at: (i as f64 + 0.5) / n, label }).collect();
        Self { scale: Scale::Linear, low: -0.5, high: n - 0.5, ticks }
    }

    /// How much the axis shows, in its own measure.
    pub(super) fn extent(&self) -> f64 {
        self.high - self.low
    }

    /// Where the value stands, 0 and 1 being the ends; `None` for what cannot be shown.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        // What lies far outside of a given range is clipped, so it only has to lie outside and have few digits.
        self.scale.measure(value).map(|v| ((v - self.low) / (self.high - self.low)).clamp(-10.0, 11.0))
    }
}

/// Whether floating point cannot part the two well enough for ticks between them.
fn degenerate(low: f64, high: f64) -> bool {
    high - low < 1e-300 || high - low <= 1e-10 * low.abs().max(high.abs())
}

/// The extent, with room around it if it is a single value.
fn widened(scale: Scale, (low, high): (f64, f64)) -> (f64, f64) {
    let centre = 0.5 * low + 0.5 * high;
    match scale {
        _ if !degenerate(low, high) => (low, high),
        Scale::Log => (centre - 0.5, centre + 0.5),
        Scale::Linear if centre.abs() < 1e-290 => (-1.0, 1.0),
        Scale::Linear => (centre - 0.1 * centre.abs(), centre + 0.1 * centre.abs()),
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_marks(low: f64, high: f64, target: f64) -> Vec<(f64, String)> {
    let raw = (high - low) / target;
    let mut exponent = raw.log10().floor();
    let mut factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * 10f64.powf(exponent) >= raw * (1.0 - 1e-9));
    if factor.is_none() {
        exponent += 1.0;
        factor = Some(1.0);
    }
    let step = factor.unwrap_or(1.0) * 10f64.powf(exponent);
    if !step.is_normal() {
        return Vec::new();
    }
    // The ends of the data are often round themselves: do not lose them to rounding.
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let largest = first.abs().max(last.abs()) * step;
    let magnitude = largest.log10().floor();
    let plain = largest < 1e6 && exponent > -7.0;
    let label = |value: f64| {
        if value == 0.0 {
            "0".to_owned()
        } else if plain {
            minus(&grouped(&format!("{value:.*}", decimals(-exponent))))
        } else {
            let mantissa = format!("{:.*}", decimals(magnitude - exponent), value / 10f64.powf(magnitude));
            minus(&power_of_ten(&mantissa, magnitude as i32))
        }
    };
    let count = (last - first).max(-1.0) as usize + 1;
    (0..count).map(|i| (first + i as f64) * step).map(|value| (value, label(value))).collect()
}

/// Powers of ten, with 2 and 5 times them where there is room; `low` and `high` are exponents.
fn log_marks(low: f64, high: f64, target: f64) -> Vec<(f64, String)> {
    let decades = high - low;
    if decades < 1.0 {
        let marks = linear_marks(10f64.powf(low), 10f64.powf(high), target);
        return marks.into_iter().map(|(value, label)| (value.log10(), label)).collect();
    }
    let factors: &[f64] = if decades <= 0.5 * target { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let stride = (decades / target).ceil().max(1.0);
    let (first, last) = ((low / stride).floor(), (high / stride).floor());
    let exponents: Vec<f64> = (0..=(last - first) as u32).map(|i| (first + f64::from(i)) * stride).collect();
    let plain = low > -4.5 && high < 5.5;
    let label = |factor: f64, exponent: f64| {
        if plain || (factor == 1.0 && exponent == 0.0) {
            grouped(&format!("{:.*}", decimals(-exponent), factor * 10f64.powf(exponent)))
        } else {
            minus(&power_of_ten(&factor.to_string(), exponent as i32))
        }
    };
    let marks = exponents.iter().flat_map(|exponent| factors.iter().map(move |factor| (*factor, *exponent)));
    marks
        .map(|(factor, exponent)| (exponent + factor.log10(), label(factor, exponent)))
        .filter(|(at, _)| (low - 1e-9..=high + 1e-9).contains(at))
        .collect()
}

fn decimals(count: f64) -> usize {
    count.clamp(0.0, 12.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, low: f64, high: f64) -> Vec<String> {
        Axis::new(scale, [low, high].into_iter(), None, 0.0, 6.0).ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers_and_reach_the_ends() {
        assert_eq!(labels(Scale::Linear, 0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let steps = labels(Scale::Linear, 0.0, 50_000.0).join(" ").replace('\u{202f}', "_");
        assert_eq!(steps, "0 10_000 20_000 30_000 40_000 50_000");
        assert_eq!(labels(Scale::Linear, -3.0, 3.1), ["−2", "0", "2"]);
        assert_eq!(
            labels(Scale::Linear, 0.0, 1.2e30),
            ["0", "0.2×10³⁰", "0.4×10³⁰", "0.6×10³⁰", "0.8×10³⁰", "1.0×10³⁰", "1.2×10³⁰"]
        );
        assert_eq!(labels(Scale::Linear, 9e-9, 1.2e-8)[0], "0.90×10⁻⁸");
        assert_eq!(labels(Scale::Log, 1e-3, 1e3), ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(labels(Scale::Log, 1.0, 100.0), ["1", "2", "5", "10", "20", "50", "100"]);
        assert_eq!(labels(Scale::Log, 1e-30, 1.0).join(" "), "10⁻³⁰ 10⁻²⁵ 10⁻²⁰ 10⁻¹⁵ 10⁻¹⁰ 10⁻⁵ 1");
        assert_eq!(labels(Scale::Linear, 1.0, 50.0)[0], "0");
        assert_eq!(labels(Scale::Log, 0.2, 0.6), ["0.2", "0.3", "0.4", "0.5", "0.6"]);
    }

    #[test]
    fn degenerate_ranges_get_room() {
        for value in [0.0, 1.0, -7.0, 1e30, 5e-324, f64::MAX, f64::MIN] {
            let axis = Axis::new(Scale::Linear, [value].into_iter(), None, 0.04, 6.0);
            let place = axis.place(value).expect("a finite value has a place");
            assert!((place - 0.5).abs() < 0.05, "{value} at {place}");
            assert!(axis.ticks.len() >= 2, "{value} has {:?}", axis.ticks);
        }
    }

    #[test]
    fn what_cannot_be_shown_is_a_gap() {
        let linear = Axis::new(Scale::Linear, [f64::NAN, 0.0, f64::INFINITY, 2.0].into_iter(), None, 0.0, 6.0);
        assert_eq!([f64::NAN, f64::INFINITY, 1.0].map(|v| linear.place(v)), [None, None, Some(0.5)]);
        let log = Axis::new(Scale::Log, [-1.0, 0.0, 1.0, 100.0].into_iter(), None, 0.0, 6.0);
        assert_eq!([-1.0, 0.0, 10.0].map(|v| log.place(v)), [None, None, Some(0.5)]);
    }
}
