//! Errors against the number of training examples.

use std::error::Error;
use std::fmt;

use evenkeel_tensor::Seed;

use super::bias_variance::write_advice;
use super::error::finite;
use super::{Advice, BiasVariance, Diagnosis, DiagnosisError, GapTrend, Verdict};
use crate::report::{Chart, Table};

/// Training and validation errors of networks trained on so many examples, with several seeds.
///
/// It answers what a single pair of errors cannot: whether more data would help. Where both curves have met far above what is
/// attainable they would not.
///
/// ```
/// use evenkeel_tensor::Seed;
/// use evenkeel_train::diagnosis::{BiasVariance, LearningCurve, Verdict};
///
/// // In place of a training: what is learnt by heart, and what a model with a gap of 4 / n^0.5 does.
/// let curve = LearningCurve::measure([100, 400, 1600, 6400], [Seed(1), Seed(2)], |size, seed| {
///     let noise = 0.001 * seed.0 as f64;
///     Ok::<_, std::io::Error>((0.01, 0.01 + noise + 4.0 / (size as f64).sqrt()))
/// })?;
/// let diagnosis = BiasVariance::default().of_curve(&curve)?;
/// println!("{diagnosis}");
/// assert!(diagnosis.sizes().iter().all(|size| size.diagnosis.verdict == Verdict::Overfitting || size.size == 6400));
/// let trend = curve.trend().unwrap();
/// assert!((trend.exponent - 0.5).abs() < 0.05);
/// # Ok::<(), evenkeel_train::diagnosis::DiagnosisError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LearningCurve {
    points: Vec<CurvePoint>,
}

/// The errors for one number of training examples.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// The number of training examples.
    pub size: usize,
    /// The training error with each seed.
    pub train: Vec<f64>,
    /// The validation error with each seed, in the same order.
    pub validation: Vec<f64>,
}

/// A mean over seeds, and their deviation from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of the sample, with n - 1); NaN of a single seed.
    pub deviation: f64,
}

impl Spread {
    /// The spread of the values, of which there is at least one.
    pub(crate) fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (n - 1.0)).sqrt() }
    }

    /// A standard deviation below and above the mean; the mean twice of a single seed.
    fn band(&self) -> (f64, f64) {
        let deviation = if self.deviation.is_nan() { 0.0 } else { self.deviation };
        (self.mean - deviation, self.mean + deviation)
    }
}

/// The mean with its deviation, if there is one.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deviation.is_nan() {
            f.pad(&format!("{:.4}", self.mean))
        } else {
            f.pad(&format!("{:.4} ± {:.4}", self.mean, self.deviation))
        }
    }
}

impl CurvePoint {
    /// The training error over the seeds.
    pub fn train(&self) -> Spread {
        Spread::of(&self.train)
    }

    /// The validation error over the seeds.
    pub fn validation(&self) -> Spread {
        Spread::of(&self.validation)
    }

    /// The validation error less the training error, over the seeds.
    pub fn gap(&self) -> Spread {
        let gaps: Vec<_> =
            self.validation.iter().zip(&self.train).map(|(validation, train)| validation - train).collect();
        Spread::of(&gaps)
    }
}

impl LearningCurve {
    /// Calls `fit` for each size and seed, one after the other (a training uses all threads by itself). It draws that many
    /// training examples with the seed, trains with it, and gives the error on them and on validation examples, which should be
    /// the same for all.
    ///
    /// Subsets that begin each other, such as `Order::shuffled(len, seed, 0).indices()[..size]` of `evenkeel-data`, make the
    /// curve of a seed smooth.
    ///
    /// # Errors
    /// If sizes are not ascending from 1, there is no size or no seed, `fit` fails or gives what is not finite.
    pub fn measure<E: Into<Box<dyn Error + Send + Sync>>>(
        sizes: impl IntoIterator<Item = usize>,
        seeds: impl IntoIterator<Item = Seed>,
        mut fit: impl FnMut(usize, Seed) -> Result<(f64, f64), E>,
    ) -> Result<Self, DiagnosisError> {
        let (sizes, seeds): (Vec<_>, Vec<_>) = (sizes.into_iter().collect(), seeds.into_iter().collect());
        if sizes.first().is_none_or(|&first| first == 0) || !sizes.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(DiagnosisError::Sizes { got: format!("{sizes:?}") });
        }
        if seeds.is_empty() {
            return Err(DiagnosisError::NoSeeds);
        }
        let mut measure = |size: usize, seed: Seed| {
            let (train, validation) =
                fit(size, seed).map_err(|error| DiagnosisError::Measurement { size, seed, source: error.into() })?;
            let what = |part: &str| format!("LearningCurve: {part} error of size {size}, seed {}", seed.0);
            Ok((finite(|| what("training"), train)?, finite(|| what("validation"), validation)?))
        };
        let mut point = |size: usize| {
            let errors = seeds.iter().map(|&seed| measure(size, seed)).collect::<Result<Vec<_>, DiagnosisError>>()?;
            let (train, validation) = errors.into_iter().unzip();
            Ok(CurvePoint { size, train, validation })
        };
        Ok(Self { points: sizes.into_iter().map(&mut point).collect::<Result<_, DiagnosisError>>()? })
    }

    /// The errors for each size, in ascending order; at least one.
    pub fn points(&self) -> &[CurvePoint] {
        &self.points
    }

    /// How the mean gap falls with the size, as a power law; `None` of fewer than three sizes, or if a gap is not above 0.
    pub fn trend(&self) -> Option<GapTrend> {
        let gaps: Vec<_> = self.points.iter().map(|point| (point.size as f64, point.gap().mean)).collect();
        GapTrend::fit(&gaps)
    }

    /// Mean errors against the size, with bands of one standard deviation over seeds.
    pub fn chart(&self) -> Chart {
        let draw = |chart: Chart, name: &str, of: fn(&CurvePoint) -> Spread| {
            let rows: Vec<_> = self.points.iter().map(|point| (point.size as f64, of(point))).collect();
            let bands = rows.iter().map(|(size, spread)| (*size, spread.band().0, spread.band().1));
            chart.band(name, bands).line(name, rows.iter().map(|(size, spread)| (*size, spread.mean)))
        };
        let chart = Chart::new("Learning curve").x_label("training examples").y_label("error").log_x();
        let chart = chart.caption("Means, with bands of one standard deviation over seeds.");
        draw(draw(chart, "training", CurvePoint::train), "validation", CurvePoint::validation)
    }
}

impl BiasVariance {
    /// Judges each size of a learning curve by the mean errors over seeds.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn of_curve(&self, curve: &LearningCurve) -> Result<CurveDiagnosis, DiagnosisError> {
        self.check()?;
        let of_size = |point: &CurvePoint| {
            let diagnosis = self.judge(point.train().mean, point.validation().mean);
            let seeds = point.train.iter().zip(&point.validation);
            let agreeing = seeds.filter(|(t, v)| self.judge(**t, **v).verdict == diagnosis.verdict).count();
            SizeDiagnosis { size: point.size, diagnosis, agreeing, seeds: point.train.len() }
        };
        let sizes = curve.points.iter().map(of_size).collect();
        Ok(CurveDiagnosis { sizes, curve: curve.clone(), high_variance: self.high_variance() })
    }
}

/// The verdict on one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeDiagnosis {
    /// The number of training examples.
    pub size: usize,
    /// The diagnosis by the mean errors.
    pub diagnosis: Diagnosis,
    /// The number of seeds whose own errors have the same verdict.
    pub agreeing: usize,
    /// The number of seeds.
    pub seeds: usize,
}

/// What [`BiasVariance`] says of a learning curve. `Display` is a table, what more data would do, and the advice.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveDiagnosis {
    sizes: Vec<SizeDiagnosis>,
    curve: LearningCurve,
    high_variance: f64,
}

impl CurveDiagnosis {
    /// A verdict for each size, in ascending order; at least one.
    pub fn sizes(&self) -> &[SizeDiagnosis] {
        &self.sizes
    }

    /// The verdict on the largest size.
    pub fn verdict(&self) -> Verdict {
        self.sizes.last().expect("a learning curve has a size").diagnosis.verdict
    }

    /// Whether training and validation error are nearer to each other than a high variance, at the largest size.
    pub fn have_met(&self) -> bool {
        !self.verdict().is_variable()
    }

    /// About how many examples it takes until the variance is no longer high, if the [trend](LearningCurve::trend) goes on; `None`
    /// without a trend that falls.
    pub fn examples_to_meet(&self) -> Option<f64> {
        self.curve.trend()?.size_for(self.high_variance)
    }

    /// What to do at the largest size, cheapest first.
    pub fn advice(&self) -> Vec<Advice> {
        self.verdict().advice()
    }

    /// Errors (mean ± standard deviation over seeds) and the verdict for each size, and how many seeds agree with it.
    pub fn table(&self) -> Table {
        let rows = self.sizes.iter().zip(&self.curve.points).map(|(size, point)| {
            [
                size.size.to_string(),
                point.train().to_string(),
                point.validation().to_string(),
                point.gap().to_string(),
                size.diagnosis.verdict.to_string(),
                format!("{} of {}", size.agreeing, size.seeds),
            ]
        });
        Table::new(["examples", "training", "validation", "gap", "verdict", "seeds"], rows)
    }
}

impl fmt::Display for CurveDiagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table())?;
        write!(f, "{} at the largest size: ", self.verdict())?;
        match (self.have_met(), self.curve.trend(), self.examples_to_meet()) {
            (true, ..) => writeln!(f, "the curves have met, and more data would change little")?,
            (false, Some(trend), Some(examples)) => {
                writeln!(
                    f,
                    "the gap falls as {trend}, and would no longer be high from about {examples:.0} examples on"
                )?;
            }
            (false, Some(trend), None) => writeln!(f, "the gap goes as {trend}: it does not fall with more data")?,
            (false, None, _) => {
                writeln!(f, "the curves have not met, and there are too few sizes, or gaps above 0, for a trend")?
            }
        }
        write_advice(f, &self.advice())
    }
}
