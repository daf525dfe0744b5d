//! Laws that an initialiser may claim: deviation, bound, prefixes, orthogonality, number of connections.

use evenkeel_tensor::{Float, Seed, Shape, Tensor};

use crate::Initializer;
use crate::fans::matrix;

const SEED: Seed = Seed(7);

#[track_caller]
fn filled<F: Float>(initializer: &dyn Initializer<F>, shape: &Shape) -> Vec<F> {
    let mut values = vec![F::ZERO; shape.numel()];
    if let Err(e) = initializer.fill(&mut values, shape, SEED) {
        panic!("shape {shape} is refused: {e}");
    }
    values
}

/// Holds `initializer` to values of mean 0 and standard deviation `std`.
///
/// The mean and the second moment of the n values may be off by 5 of their standard errors, √(m₂ / n) and √((m₄ - m₂²)
/// / n) with the moments as measured: for independent values a sound law fails for about one seed in a million. Give a
/// shape of many values (for fewer than some hundred the measured moments are too rough for that).
///
/// # Panics
/// If the values do not have that mean and deviation, or the shape is refused.
#[track_caller]
pub fn check_scale<F: Float>(initializer: &dyn Initializer<F>, shape: &Shape, std: f64) {
    let values = filled(initializer, shape);
    let n = values.len() as f64;
    let moment = |power| values.iter().map(|x| (x.to_f64() / std).powi(power)).sum::<f64>() / n;
    let (first, second, fourth) = (moment(1), moment(2), moment(4));
    let limit = 5.0 * (second / n).sqrt();
    assert!(first.abs() <= limit, "shape {shape}: the mean is {first:e} deviations, more than {limit:e}");
    let limit = 5.0 * ((fourth - second * second) / n).sqrt() + 4.0 * F::EPSILON.to_f64();
    assert!(
        (second - 1.0).abs() <= limit,
        "shape {shape}: the variance is {second} times that claimed, beyond {limit:e}"
    );
}

/// Holds `initializer` to values in [-`bound`, `bound`] that nearly reach it.
///
/// Of n values uniform in the bound, none lies beyond 1 - 20/n of it with probability e^-20 or so; laws that thin out
/// towards their bounds (a truncated Gaussian) come less near: `reach` says how near is near enough, 1 - 20/n for a
/// uniform law.
///
/// # Panics
/// If a value is beyond the bound, the largest is below `reach` times the bound, or the shape is refused.
#[track_caller]
pub fn check_bound<F: Float>(initializer: &dyn Initializer<F>, shape: &Shape, bound: f64, reach: f64) {
    let largest = filled(initializer, shape).iter().fold(0.0, |largest: f64, x| largest.max(x.to_f64().abs()));
    let limit = bound * (1.0 + F::EPSILON.to_f64());
    assert!(largest <= limit, "shape {shape}: {largest} is beyond the bound {bound}");
    assert!(largest >= reach * bound, "shape {shape}: nothing comes near the bound {bound}; the largest is {largest}");
}

/// Holds `initializer` to values that depend on the seed and on their position alone: those of `short` are the first of
/// those of `long`. Give shapes of the same scale, e.g. of the same fan_in.
///
/// # Panics
/// If they are not, `long` has fewer values, or a shape is refused.
#[track_caller]
pub fn check_positions<F: Float>(initializer: &dyn Initializer<F>, short: &Shape, long: &Shape) {
    let (short_values, long_values) = (filled(initializer, short), filled(initializer, long));
    assert!(short_values.len() <= long_values.len(), "{long} has fewer values than {short}");
    assert!(long_values.starts_with(&short_values), "the values of {short} are not the first of those of {long}");
}

/// Holds `initializer` to W Wᵀ = `gain`² I for the weight as a matrix W of `out` rows, or Wᵀ W where there are fewer
/// columns; each element to `tolerance` times `gain`².
///
/// # Panics
/// If an element is off by more, or the shape is refused.
#[track_caller]
pub fn check_orthogonal<F: Float>(initializer: &dyn Initializer<F>, shape: &Shape, gain: f64, tolerance: f64) {
    let (rows, columns) = matrix("check_orthogonal", shape).unwrap_or_else(|e| panic!("{e}"));
    let values = filled(initializer, shape).iter().map(|w| w.to_f64() / gain).collect();
    // In f64, so that the check's own rounding does not count.
    let w = Tensor::from_vec([rows, columns], values).expect("as many values as the shape has");
    let product = if rows <= columns { w.view().matmul(w.t()) } else { w.t().matmul(w.view()) };
    let n = rows.min(columns);
    for (at, &x) in product.as_slice().iter().enumerate() {
        let expected = if at / n == at % n { 1.0 } else { 0.0 };
        let (i, j) = (at / n, at % n);
        assert!((x - expected).abs() <= tolerance, "shape {shape}: the product of {i} and {j} is {x}, not {expected}");
    }
}

/// Holds `initializer` to exactly `connections` incoming weights of each unit that are not 0.
///
/// # Panics
/// If a unit has another number, or the shape is refused.
#[track_caller]
pub fn check_connections<F: Float>(initializer: &dyn Initializer<F>, shape: &Shape, connections: usize) {
    let (_, inputs) = matrix("check_connections", shape).unwrap_or_else(|e| panic!("{e}"));
    for (unit, weights) in filled(initializer, shape).chunks_exact(inputs).enumerate() {
        let count = weights.iter().filter(|&&w| w != F::ZERO).count();
        assert!(count == connections, "shape {shape}: unit {unit} has {count} connections, not {connections}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Normal, Sparse, Uniform};

    const SHAPE: [usize; 2] = [100, 100];

    #[test]
    #[should_panic(expected = "the variance is")]
    fn a_wrong_deviation_is_found() {
        check_scale::<f32>(&Normal::with_std(1.1), &SHAPE.into(), 1.0);
    }

    #[test]
    #[should_panic(expected = "the mean is")]
    fn a_wrong_mean_is_found() {
        check_scale::<f32>(&Normal::new(0.1, 1.0), &SHAPE.into(), 1.0);
    }

    #[test]
    #[should_panic(expected = "is beyond the bound")]
    fn values_beyond_a_bound_are_found() {
        check_bound::<f32>(&Uniform::symmetric(1.0), &SHAPE.into(), 0.99, 0.9);
    }

    #[test]
    #[should_panic(expected = "nothing comes near")]
    fn a_loose_bound_is_found() {
        check_bound::<f32>(&Uniform::symmetric(1.0), &SHAPE.into(), 1.01, 0.998);
    }

    #[test]
    #[should_panic(expected = "not the first")]
    fn values_that_depend_on_the_shape_are_found() {
        check_positions::<f32>(&crate::XavierNormal::default(), &[3, 5].into(), &[4, 5].into());
    }

    #[test]
    #[should_panic(expected = "the product of 0 and 0")]
    fn what_is_not_orthogonal_is_found() {
        check_orthogonal::<f64>(&Normal::with_std(0.1), &SHAPE.into(), 1.0, 1e-5);
    }

    #[test]
    #[should_panic(expected = "has 4 connections, not 5")]
    fn a_wrong_number_of_connections_is_found() {
        check_connections::<f32>(&Sparse::new(4), &SHAPE.into(), 5);
    }
}
