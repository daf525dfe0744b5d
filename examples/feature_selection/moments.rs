//! Linear and quadratic models of the label by least squares, from sums over the rows alone: as cheap for many rows as for few.

use evenkeel::data::Tensor;
use evenkeel_examples::Failure;
use nalgebra::{DMatrix, DVector};

use super::law::Draw;

/// Which terms a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// Each column.
    Linear,
    /// Each column, its square, and the products of two.
    Quadratic,
}

/// Mean products of all terms, of 1, and of the label as ±1, over some rows.
#[derive(Clone)]
pub(crate) struct Moments {
    /// The columns of each term; the constant has none.
    terms: Vec<Vec<usize>>,
    /// The last row and column are the label's.
    products: DMatrix<f64>,
}

/// Of the training part and of the validation part, fold by fold.
pub(crate) type Folds = Vec<(Moments, Moments)>;

/// How strongly weights are held, so that as many terms as rows, or equal ones, are borne.
const RIDGE: f64 = 0.1;

impl Model {
    fn terms(self, columns: usize) -> Vec<Vec<usize>> {
        let mut terms: Vec<Vec<usize>> = std::iter::once(Vec::new()).chain((0..columns).map(|j| vec![j])).collect();
        if self == Self::Quadratic {
            terms.extend((0..columns).flat_map(|i| (i..columns).map(move |j| vec![i, j])));
        }
        terms
    }

    /// The moments of the rows of a draw.
    pub(crate) fn moments(self, draw: &Draw, rows: &[usize]) -> Moments {
        let columns = draw.columns.len();
        let terms = self.terms(columns);
        let width = terms.len() + 1;
        let mut values = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            let z = &draw.z.as_slice()[row * columns..][..columns];
            values.extend(terms.iter().map(|term| term.iter().map(|&j| z[j]).product::<f64>()));
            values.push(if draw.labels[row] == 1 { 1.0 } else { -1.0 });
        }
        let values = Tensor::from_vec([rows.len(), width], values).expect("as many values as rows and terms");
        let products = values.t().matmul(values.view());
        let products = DMatrix::from_row_slice(width, width, products.as_slice()) / rows.len() as f64;
        Moments { terms, products }
    }

    /// Row i is in the validation part of fold `i % folds`; rows come in no order.
    pub(crate) fn folds(self, draw: &Draw, folds: usize) -> Folds {
        let rows = 0..draw.labels.len();
        let part = |fold: usize, held_out: bool| -> Vec<usize> {
            rows.clone().filter(|row| (row % folds == fold) == held_out).collect()
        };
        (0..folds).map(|fold| (self.moments(draw, &part(fold, false)), self.moments(draw, &part(fold, true)))).collect()
    }
}

impl Moments {
    fn label(&self) -> usize {
        self.terms.len()
    }

    /// The terms of these columns alone, the constant among them, and their weights.
    fn fit(&self, columns: &[usize]) -> Result<(Vec<usize>, DVector<f64>), Failure> {
        let is_in = |term: &&Vec<usize>| term.iter().all(|column| columns.contains(column));
        let terms: Vec<usize> = self.terms.iter().enumerate().filter(|(_, term)| is_in(term)).map(|(i, _)| i).collect();
        let ridge = |i: usize, j: usize| if i == j && i > 0 { RIDGE } else { 0.0 };
        let gram = DMatrix::from_fn(terms.len(), terms.len(), |i, j| self.products[(terms[i], terms[j])] + ridge(i, j));
        let right = DVector::from_fn(terms.len(), |i, _| self.products[(terms[i], self.label())]);
        let weights = gram.cholesky().ok_or("the moments are not positive definite")?.solve(&right);
        Ok((terms, weights))
    }

    /// The share of the label's variance that weights explain here.
    fn explained(&self, terms: &[usize], weights: &DVector<f64>) -> f64 {
        let label = self.label();
        let product = |i: usize| self.products[(terms[i], label)];
        let mut error = self.products[(label, label)];
        for i in 0..terms.len() {
            error -= 2.0 * weights[i] * product(i);
            for j in 0..terms.len() {
                error += weights[i] * weights[j] * self.products[(terms[i], terms[j])];
            }
        }
        let mean = self.products[(0, label)];
        1.0 - error / (self.products[(label, label)] - mean * mean)
    }

    /// Trains with these columns: the share explained of `validation`, and an importance for each column, the sum of the squared weights
    /// of its terms times their mean squares.
    pub(crate) fn score(&self, columns: &[usize], validation: &Self) -> Result<(f64, Vec<f64>), Failure> {
        let (terms, weights) = self.fit(columns)?;
        let size = |i: usize| weights[i] * weights[i] * self.products[(terms[i], terms[i])];
        let of_column = |column: &usize| -> f64 {
            (0..terms.len()).filter(|&i| self.terms[terms[i]].contains(column)).map(size).sum()
        };
        Ok((validation.explained(&terms, &weights), columns.iter().map(of_column).collect()))
    }

    /// The lasso's weights of a linear model, by coordinate descent on `mean (y - w . x)² / 2 + lambda |w|_1`, and the share explained
    /// of `validation`.
    pub(crate) fn lasso(&self, lambda: f64, validation: &Self) -> (f64, Vec<f64>) {
        const ROUNDS: usize = 1000;
        let mut weights = DVector::<f64>::zeros(self.terms.len());
        for _ in 0..ROUNDS {
            let mut largest = 0.0f64;
            for j in 0..weights.len() {
                let explained = self.products.column(j).rows(0, weights.len()).dot(&weights);
                let square = self.products[(j, j)];
                let rest = self.products[(j, self.label())] - explained + square * weights[j];
                let limit = if j == 0 { 0.0 } else { lambda };
                let new = rest.signum() * (rest.abs() - limit).max(0.0) / square.max(f64::MIN_POSITIVE);
                largest = largest.max((new - weights[j]).abs());
                weights[j] = new;
            }
            if largest < 1e-7 {
                break;
            }
        }
        let terms: Vec<usize> = (0..weights.len()).collect();
        (validation.explained(&terms, &weights), weights.as_slice()[1..].to_vec())
    }
}
