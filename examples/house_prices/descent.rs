//! Gradient descent on the mean squared error of a linear model, and what the spectrum of its curvature foretells.

use std::cmp::Ordering;
use std::f64::consts::PI;

use evenkeel::data::Tensor;
use evenkeel_examples::Failure;
use nalgebra::{DMatrix, DVector, Matrix2, Vector2};

/// The weights of area and rooms, and the bias.
pub(crate) type Weights = [f64; 3];

/// A descent has arrived when the loss is above its least value by this share of what it was at the start.
pub(crate) const TOLERANCE: f64 = 1e-6;

/// Steps of which the places are kept.
const KEPT: usize = 400;

/// The loss `mean (w . x - y)²` over houses: a quadratic form, `least + Σ curvature_i / 2 (offset_i)²` along its axes.
pub(crate) struct Problem {
    houses: Vec<Weights>,
    prices: Vec<f64>,
    /// The best weights, by least squares.
    pub(crate) best: Weights,
    least: f64,
    /// The eigenvalues of the second derivative, the largest first.
    curvatures: Vec<f64>,
    /// How far the start, which is 0, is from the best weights along each eigenvector.
    offsets: Vec<f64>,
}

/// What is done with the gradient: `b <- momentum b + g`, `w <- w - rate b`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) rate: f64,
    pub(crate) momentum: f64,
}

/// Where a descent went.
pub(crate) struct Descent {
    /// The steps it took to arrive; none: it did not in as many as it was given.
    pub(crate) steps: Option<u64>,
    /// The first places.
    pub(crate) path: Vec<Weights>,
    /// The loss above its least value before each step, as a share of that at the start.
    pub(crate) excess: Vec<f64>,
}

impl Problem {
    /// Of features (houses, 2) and prices. A column of ones for the bias is added.
    pub(crate) fn new(features: &Tensor<f64>, prices: &[f64]) -> Result<Self, Failure> {
        let houses: Vec<Weights> =
            features.as_slice().as_chunks().0.iter().map(|&[area, rooms]| [area, rooms, 1.0]).collect();
        let matrix = DMatrix::from_fn(houses.len(), 3, |i, j| houses[i][j]);
        // From the singular values of the houses, not the eigenvalues of their products, whose small ones would be lost.
        let svd = matrix.svd(true, true);
        let best = svd.solve(&DVector::from_column_slice(prices), 0.0)?;
        let v = svd.v_t.as_ref().ok_or("no singular vectors")?;
        let count = houses.len() as f64;
        let mut problem = Self {
            curvatures: svd.singular_values.iter().map(|s| 2.0 * s * s / count).collect(),
            offsets: (v * &best).iter().map(|c| -c).collect(),
            best: [best[0], best[1], best[2]],
            least: 0.0,
            prices: prices.to_vec(),
            houses,
        };
        // Singular values are sure to about 1e-16 of the largest.
        if problem.curvatures.len() < 3
            || problem.curvatures[2].partial_cmp(&(1e-28 * problem.curvatures[0])) != Some(Ordering::Greater)
        {
            return Err(
                "fewer than 3 houses, or a column that the others make up: more than one line is the best".into()
            );
        }
        problem.least = problem.loss(&problem.best).0;
        Ok(problem)
    }

    /// The least curvature and the largest one.
    fn ends(&self) -> (f64, f64) {
        (self.curvatures[2], self.curvatures[0])
    }

    /// The condition number k.
    pub(crate) fn condition(&self) -> f64 {
        self.curvatures[0] / self.curvatures[2]
    }

    /// The least root mean squared error there is.
    pub(crate) fn least_error(&self) -> f64 {
        self.least.sqrt()
    }

    /// The plain rule whose worst direction shrinks fastest, by (k - 1) / (k + 1) a step.
    pub(crate) fn gradient_descent(&self) -> Rule {
        let (low, high) = self.ends();
        Rule { rate: 2.0 / (low + high), momentum: 0.0 }
    }

    /// Polyak's heavy ball, whose worst direction shrinks by (√k - 1) / (√k + 1) a step in the long run.
    pub(crate) fn heavy_ball(&self) -> Rule {
        let (low, high) = self.ends();
        let [low, high] = [low.sqrt(), high.sqrt()];
        Rule { rate: 4.0 / (low + high).powi(2), momentum: ((high - low) / (high + low)).powi(2) }
    }

    /// The factor by which the error shrinks each step in the long run, for either rule above.
    pub(crate) fn rate(&self, rule: Rule) -> f64 {
        let k = if rule.momentum == 0.0 { self.condition() } else { self.condition().sqrt() };
        (k - 1.0) / (k + 1.0)
    }

    /// The steps after which gradient descent has arrived wherever it starts: the excess shrinks by the rate's square.
    pub(crate) fn worst_case(condition: f64) -> f64 {
        TOLERANCE.ln() / (2.0 * ((condition - 1.0) / (condition + 1.0)).ln())
    }

    /// The steps to arrive as the spectrum and the start foretell: along each eigenvector the offset c goes by
    /// `c <- (1 + momentum - rate curvature) c - momentum c_before`.
    pub(crate) fn predicted(&self, rule: Rule, limit: u64) -> Option<u64> {
        let excess =
            |offsets: &[f64]| -> f64 { offsets.iter().zip(&self.curvatures).map(|(c, h)| 0.5 * h * c * c).sum() };
        let first = excess(&self.offsets);
        let (mut now, mut before) = (self.offsets.clone(), self.offsets.clone());
        for step in 0..=limit {
            if excess(&now) <= TOLERANCE * first {
                return Some(step);
            }
            for ((now, before), curvature) in now.iter_mut().zip(&mut before).zip(&self.curvatures) {
                let next = *now - rule.rate * curvature * *now + rule.momentum * (*now - *before);
                (*before, *now) = (*now, next);
            }
        }
        None
    }

    /// The descent itself, from weights of 0, with the gradient of all houses in each step.
    pub(crate) fn descend(&self, rule: Rule, limit: u64) -> Descent {
        let (mut w, mut b) = ([0.0; 3], [0.0; 3]);
        let first = self.loss(&w).0 - self.least;
        let mut descent = Descent { steps: None, path: Vec::new(), excess: Vec::new() };
        for step in 0..=limit {
            let (loss, gradient) = self.loss(&w);
            let excess = (loss - self.least) / first;
            descent.excess.push(excess);
            if descent.path.len() < KEPT {
                descent.path.push(w);
            }
            if excess <= TOLERANCE {
                descent.steps = Some(step);
                break;
            }
            for ((w, b), g) in w.iter_mut().zip(&mut b).zip(gradient) {
                *b = rule.momentum * *b + g;
                *w -= rule.rate * *b;
            }
        }
        descent
    }

    /// The loss and its gradient.
    fn loss(&self, w: &Weights) -> (f64, Weights) {
        let (mut loss, mut gradient) = (0.0, [0.0; 3]);
        for (house, price) in self.houses.iter().zip(&self.prices) {
            let error = house[0] * w[0] + house[1] * w[1] + house[2] * w[2] - price;
            loss += error * error;
            gradient.iter_mut().zip(house).for_each(|(sum, x)| *sum += error * x);
        }
        let n = self.houses.len() as f64;
        (loss / n, gradient.map(|sum| 2.0 * sum / n))
    }

    /// Where the loss, with the bias at its best value, is above its least value by this share of what it is at weights of 0: an
    /// ellipse of the weights of area and rooms.
    pub(crate) fn contour(&self, share: f64) -> Vec<(f64, f64)> {
        const PLACES: usize = 160;
        let n = self.houses.len() as f64;
        let product = |i: usize, j: usize| 2.0 / n * self.houses.iter().map(|house| house[i] * house[j]).sum::<f64>();
        let curvature = Matrix2::new(product(0, 0), product(0, 1), product(1, 0), product(1, 1));
        let best = Vector2::new(self.best[0], self.best[1]);
        // Twice the height, which is offset . curvature offset all along the ellipse.
        let height = share * best.dot(&(curvature * best));
        let eigen = curvature.symmetric_eigen();
        let place = |i: usize| {
            let (sin, cos) = (2.0 * PI * i as f64 / PLACES as f64).sin_cos();
            let along = Vector2::new(cos, sin).component_div(&eigen.eigenvalues.map(f64::sqrt)) * height.sqrt();
            let place = best + eigen.eigenvectors * along;
            (place[0], place[1])
        };
        (0..=PLACES).map(place).collect()
    }
}

impl Descent {
    /// The factor by which the error shrank in each step of the second half; none of less than 20 steps.
    pub(crate) fn measured_rate(&self) -> Option<f64> {
        let last = self.excess.len() - 1;
        let half = last / 2;
        let rate = (self.excess[last] / self.excess[half]).ln() / (2.0 * (last - half) as f64);
        (last >= 20).then(|| rate.exp())
    }
}
