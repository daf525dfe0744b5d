//! Error rates, and how much is known about them.

use evenkeel_tensor::Float;

use super::DiagnosisError;

/// The share of examples that are wrong, and of how many: what an error says depends on both.
///
/// ```
/// use evenkeel_train::diagnosis::ErrorRate;
///
/// // None wrong of ten: the error may well be a quarter.
/// let rate = ErrorRate::new(0, 10)?;
/// let interval = rate.interval(0.95)?;
/// assert_eq!(rate.share(), 0.0);
/// assert!(interval.lower == 0.0 && (0.27..0.28).contains(&interval.upper));
/// assert!(ErrorRate::new(0, 1000)?.interval(0.95)?.upper < 0.004);
/// # Ok::<(), evenkeel_train::diagnosis::DiagnosisError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorRate {
    share: f64,
    examples: u64,
}

impl ErrorRate {
    /// `wrong` of `examples`.
    ///
    /// # Errors
    /// If there is no example, or fewer than wrong ones.
    pub fn new(wrong: u64, examples: u64) -> Result<Self, DiagnosisError> {
        if wrong > examples {
            return Err(DiagnosisError::Wrong { wrong, examples });
        }
        Self::from_share(wrong as f64 / examples.max(1) as f64, examples)
    }

    /// The share `share` of `examples`, which need not be a whole number of them: shares are often known rounded.
    ///
    /// # Errors
    /// If there is no example, or the share is not from 0 to 1.
    pub fn from_share(share: f64, examples: u64) -> Result<Self, DiagnosisError> {
        if !(0.0..=1.0).contains(&share) {
            return Err(DiagnosisError::Share { what: "ErrorRate".into(), got: share });
        }
        if examples == 0 {
            return Err(DiagnosisError::NoExamples);
        }
        Ok(Self { share, examples })
    }

    /// The share of wrong examples.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The number of examples.
    pub fn examples(&self) -> u64 {
        self.examples
    }

    /// Wilson's score interval for the rate behind the sample: all p whose normal approximation does not rule out the share s,
    /// (s - p)² ≤ z² p (1 - p) / n, with z the two-sided quantile of the confidence.
    ///
    /// Unlike s ± z √(s (1 - s) / n) it stays within 0 to 1, and its coverage is near the confidence for small n and rare
    /// errors too. E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference; L. D. Brown,
    /// T. T. Cai, A. DasGupta (2001), Interval estimation for a binomial proportion.
    ///
    /// # Errors
    /// If the confidence is not between 0 and 1.
    pub fn interval(&self, confidence: f64) -> Result<Interval, DiagnosisError> {
        Ok(self.wilson(quantile(confidence)?))
    }

    /// Newcombe's hybrid score interval for the difference of this rate and that of other, independent examples: the distances
    /// of both Wilson intervals' ends from their shares, added as deviations are. R. G. Newcombe (1998), Interval estimation for
    /// the difference between independent proportions, method 10.
    ///
    /// # Errors
    /// If the confidence is not between 0 and 1.
    pub fn minus(&self, other: &Self, confidence: f64) -> Result<Interval, DiagnosisError> {
        Ok(self.newcombe(other, quantile(confidence)?))
    }

    pub(super) fn wilson(&self, z: f64) -> Interval {
        let (p, n) = (self.share, self.examples as f64);
        let z2n = z * z / n;
        let centre = (p + 0.5 * z2n) / (1.0 + z2n);
        let half = (z2n * (p * (1.0 - p) + 0.25 * z2n)).sqrt() / (1.0 + z2n);
        // At shares of 0 and 1 the end is the share itself, up to rounding.
        Interval { lower: (centre - half).clamp(0.0, p), upper: (centre + half).clamp(p, 1.0) }
    }

    pub(super) fn newcombe(&self, other: &Self, z: f64) -> Interval {
        let (a, b) = (self.wilson(z), other.wilson(z));
        let (p, q) = (self.share, other.share);
        let difference = p - q;
        Interval {
            lower: difference - (p - a.lower).hypot(b.upper - q),
            upper: difference + (a.upper - p).hypot(q - b.lower),
        }
    }

    /// The same share of at least this many examples.
    pub(super) fn of_at_least(self, examples: u64) -> Self {
        Self { examples: self.examples.max(examples), ..self }
    }
}

/// From one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether all of it is on one side of the threshold, which itself counts as above.
    pub(super) fn is_clear_of(&self, threshold: f64) -> bool {
        self.lower >= threshold || self.upper < threshold
    }

    pub(super) fn shifted(self, by: f64) -> Self {
        Self { lower: self.lower + by, upper: self.upper + by }
    }
}

/// The z for which a standard normal number is within ±z with this probability.
pub(super) fn quantile(confidence: f64) -> Result<f64, DiagnosisError> {
    if !(confidence > 0.0 && confidence < 1.0) {
        let expected = "a probability between 0 and 1, such as 0.95";
        return Err(DiagnosisError::Setting { setting: "confidence", expected, got: confidence });
    }
    // P(|Z| > z) = erfc(z / √2) falls from 1 to below the smallest 1 - confidence on the way to 9.
    let (mut low, mut high) = (0.0, 9.0);
    for _ in 0..60 {
        let z = 0.5 * (low + high);
        if Float::erfc(z * std::f64::consts::FRAC_1_SQRT_2) > 1.0 - confidence { low = z } else { high = z }
    }
    Ok(0.5 * (low + high))
}
