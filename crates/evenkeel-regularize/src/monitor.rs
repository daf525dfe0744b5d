//! Whether a value that is measured again and again still gets better.

use crate::RegularizeError;

/// Whether a smaller value of the metric is a better one, by its name.
///
/// So it is when a word of the name (words are parted by `_`) is `loss`, `error`, `entropy`, `perplexity`, `nll`, `mse`, `rmse`,
/// `mae`, `wer` or `cer`. Every other metric is taken to be better the higher it is.
///
/// ```
/// use evenkeel_regularize::lower_is_better;
///
/// assert!(lower_is_better("test_loss") && lower_is_better("loss"));
/// assert!(lower_is_better("test_error_rate") && lower_is_better("cross_entropy"));
/// assert!(!lower_is_better("test_accuracy"));
/// ```
#[must_use]
pub fn lower_is_better(metric: &str) -> bool {
    const LOWER: [&str; 10] = ["loss", "error", "entropy", "perplexity", "nll", "mse", "rmse", "mae", "wer", "cer"];
    metric.split('_').any(|word| LOWER.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// What is watched, and what counts as an improvement: the common part of [`EarlyStopping`](crate::EarlyStopping) and
/// [`Plateau`](crate::Plateau).
///
/// With the values `v_0, v_1, ...` after the warm-up, the smoothing `a` and the least changes `d` (absolute) and `r` (relative),
/// for a metric of which lower is better:
///
/// ```text
/// s_0 = v_0,   s_t = a s_(t-1) + (1 - a) v_t                   (a = 0, the default: s_t = v_t)
/// s_t is an improvement if it is the first one, or if s_t < best - max(d, r |best|);  then best = s_t
/// ```
///
/// and with the sign turned where higher is better. `best` moves only with an improvement, so many small steps add up to one.
///
/// | setting | default |
/// |---|---|
/// | the metric | `test_loss` |
/// | [`lower_is_better`](Monitor::lower_is_better), [`higher_is_better`](Monitor::higher_is_better) | by the [name](crate::lower_is_better) |
/// | [`min_change`](Monitor::min_change), [`min_relative_change`](Monitor::min_relative_change) | 0: any change will do |
/// | [`smoothing`](Monitor::smoothing) | 0: none |
/// | [`warm_up`](Monitor::warm_up) | 0: every value counts |
///
/// ```
/// use evenkeel_regularize::{EarlyStopping, Monitor};
///
/// let noisy = Monitor::of("test_accuracy").smoothing(0.8).min_change(1e-3).warm_up(5);
/// let mut run = EarlyStopping::new(10).on(noisy).start()?;
/// # run.observe(0.5)?;
/// # Ok::<(), evenkeel_regularize::RegularizeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Monitor {
    metric: String,
    lower: bool,
    min_change: f64,
    min_relative_change: f64,
    smoothing: f64,
    warm_up: u64,
}

impl Monitor {
    /// Watches the metric of this name: it tells the direction, and stands in error messages.
    pub fn of(metric: impl Into<String>) -> Self {
        let metric = metric.into();
        let lower = lower_is_better(&metric);
        Self { metric, lower, min_change: 0.0, min_relative_change: 0.0, smoothing: 0.0, warm_up: 0 }
    }

    /// Takes a lower value for a better one, whatever the name.
    #[must_use]
    pub fn lower_is_better(self) -> Self {
        Self { lower: true, ..self }
    }

    /// Takes a higher value for a better one, whatever the name.
    #[must_use]
    pub fn higher_is_better(self) -> Self {
        Self { lower: false, ..self }
    }

    /// A change of at most `change` is no improvement.
    #[must_use]
    pub fn min_change(self, change: f64) -> Self {
        Self { min_change: change, ..self }
    }

    /// A change of at most this share of the best value's magnitude is no improvement.
    #[must_use]
    pub fn min_relative_change(self, share: f64) -> Self {
        Self { min_relative_change: share, ..self }
    }

    /// Judges an exponential moving average instead of the values; `weight`, in \[0, 1), is the weight of the past.
    #[must_use]
    pub fn smoothing(self, weight: f64) -> Self {
        Self { smoothing: weight, ..self }
    }

    /// The first so many values do not count: they enter no average, are never the best, and use up no patience.
    #[must_use]
    pub fn warm_up(self, values: u64) -> Self {
        Self { warm_up: values, ..self }
    }

    /// The name of the metric.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    pub(crate) fn validate(&self) -> Result<(), RegularizeError> {
        let check =
            |fits, setting, expected, got, cure| RegularizeError::check(fits, "Monitor", setting, expected, got, cure);
        for (setting, got) in [("min_change", self.min_change), ("min_relative_change", self.min_relative_change)] {
            let fits = got >= 0.0 && got.is_finite();
            check(fits, setting, "finite and not negative", got, "0 takes any change for an improvement")?;
        }
        let fits = (0.0..1.0).contains(&self.smoothing);
        check(fits, "smoothing", "in [0, 1)", self.smoothing, "it is the weight of the past; 0 switches it off")
    }

    /// Whether `value` is an improvement over `best`.
    fn improves(&self, value: f64, best: f64) -> bool {
        let margin = self.min_change.max(self.min_relative_change * best.abs());
        if self.lower { value < best - margin } else { value > best + margin }
    }
}

/// The loss on held-out data: `test_loss`.
impl Default for Monitor {
    fn default() -> Self {
        Self::of("test_loss")
    }
}

impl From<&str> for Monitor {
    fn from(metric: &str) -> Self {
        Self::of(metric)
    }
}

/// The best value so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Which of the values it was, from 0, those of the warm-up included.
    pub index: u64,
    /// The value, smoothed if the monitor smooths.
    pub value: f64,
}

/// A [`Monitor`] at work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watch {
    monitor: Monitor,
    seen: u64,
    average: Option<f64>,
    best: Option<Best>,
}

impl Watch {
    pub(crate) fn new(monitor: Monitor) -> Self {
        Self { monitor, seen: 0, average: None, best: None }
    }

    pub(crate) fn best(&self) -> Option<Best> {
        self.best
    }

    /// Whether the value is an improvement; `None` in the warm-up. On an error the value has not been seen.
    pub(crate) fn observe(&mut self, of: &'static str, value: f64) -> Result<Option<bool>, RegularizeError> {
        if !value.is_finite() {
            return Err(RegularizeError::NotFinite { of, metric: self.monitor.metric.clone(), got: value });
        }
        let index = self.seen;
        self.seen += 1;
        if index < self.monitor.warm_up {
            return Ok(None);
        }
        let past = self.monitor.smoothing;
        let value = self.average.map_or(value, |average| past * average + (1.0 - past) * value);
        self.average = Some(value);
        let improved = self.best.is_none_or(|best| self.monitor.improves(value, best.value));
        if improved {
            self.best = Some(Best { index, value });
        }
        Ok(Some(improved))
    }
}
