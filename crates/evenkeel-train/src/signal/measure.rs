//! Shares of dead, saturated and equal units.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use evenkeel_tensor::{Float, Shape};

/// The values of each unit: unit `c` of (N, C, ...) has those at axis 1 = c; of a vector, each element is a unit.
struct Units<'a, F> {
    values: &'a [F],
    outer: usize,
    units: usize,
    inner: usize,
}

impl<'a, F: Float> Units<'a, F> {
    fn new(values: &'a [F], shape: Shape) -> Self {
        let (outer, units, inner) = match shape.dims() {
            [outer, units, rest @ ..] => (*outer, *units, rest.iter().product()),
            dims => (1, dims.iter().product(), 1),
        };
        Self { values, outer, units, inner }
    }

    fn of(&self, unit: usize) -> impl Iterator<Item = &'a F> {
        let Self { values, outer, units, inner } = *self;
        (0..outer).flat_map(move |n| &values[(n * units + unit) * inner..][..inner])
    }

    fn share(&self, count: usize) -> f64 {
        count as f64 / self.units.max(1) as f64
    }
}

/// The share of units that give the same number for all examples; 0 where each unit has a single value.
pub(super) fn dead<F: Float>(values: &[F], shape: Shape) -> f64 {
    let units = Units::new(values, shape);
    if units.outer * units.inner < 2 {
        return 0.0;
    }
    let is_dead = |unit: &usize| {
        let mut values = units.of(*unit);
        let first = values.next();
        values.all(|v| Some(v) == first)
    };
    units.share((0..units.units).filter(is_dead).count())
}

/// The share of units that give exactly the numbers of another and get exactly its gradients (none counts as 0); 0 where each unit
/// has a single value.
pub(super) fn symmetric<F: Float>(values: &[F], gradients: Option<&[F]>, shape: Shape) -> f64 {
    let units = Units::new(values, shape);
    if units.outer * units.inner < 2 {
        return 0.0;
    }
    let gradients = gradients.map(|gradients| Units::new(gradients, shape));
    // 0 and -0 are equal numbers.
    let numbers = |unit: usize| {
        let gradients = gradients.iter().flat_map(move |gradients| gradients.of(unit));
        units.of(unit).chain(gradients).map(|v| v.to_f64() + 0.0)
    };
    let mut groups: HashMap<u64, Vec<usize>> = HashMap::new();
    for unit in 0..units.units {
        let mut hasher = DefaultHasher::new();
        numbers(unit).for_each(|v| v.to_bits().hash(&mut hasher));
        groups.entry(hasher.finish()).or_default().push(unit);
    }
    // A hash is a hint; equality is looked at.
    let twins = |group: &Vec<usize>| {
        let equal = |a: usize, b: usize| a != b && numbers(a).eq(numbers(b));
        group.iter().filter(|&&a| group.iter().take(2).any(|&b| equal(a, b))).count()
    };
    units.share(groups.values().map(twins).sum())
}

/// The root of the mean over units of their variance over examples: what of the signal tells examples apart. NaN where each unit
/// has a single value.
pub(super) fn spread<F: Float>(values: &[F], shape: Shape) -> f64 {
    let units = Units::new(values, shape);
    let n = (units.outer * units.inner) as f64;
    if n < 2.0 {
        return f64::NAN;
    }
    let variance = |unit: usize| {
        let mean = units.of(unit).map(|v| v.to_f64()).sum::<f64>() / n;
        units.of(unit).map(|v| (v.to_f64() - mean).powi(2)).sum::<f64>() / n
    };
    ((0..units.units).map(variance).sum::<f64>() / units.units.max(1) as f64).sqrt()
}

/// The share of values within a twentieth of the range from one of two finite limits.
pub(super) fn saturated<F: Float>(values: &[F], limits: Option<[f64; 2]>) -> f64 {
    match limits {
        Some([a, b]) if a.is_finite() && b.is_finite() && a != b => {
            let near = 0.05 * (b - a).abs();
            let is_near = |v: &&F| (v.to_f64() - a).abs() < near || (v.to_f64() - b).abs() < near;
            values.iter().filter(is_near).count() as f64 / values.len().max(1) as f64
        }
        _ => 0.0,
    }
}

/// The mean cosine between the values of two examples; NaN of fewer than two, or of ones that are all 0.
pub(super) fn similarity<F: Float>(values: &[F], shape: Shape) -> f64 {
    let examples = shape.first().copied().unwrap_or(1);
    let width = values.len() / examples.max(1);
    // The square of a sum of unit vectors is their number and all cosines twice.
    let mut sum = vec![0.0; width];
    let mut count = 0.0;
    for example in values.chunks_exact(width.max(1)) {
        let norm = example.iter().map(|x| x.to_f64().powi(2)).sum::<f64>().sqrt();
        if norm > 0.0 {
            sum.iter_mut().zip(example).for_each(|(sum, x)| *sum += x.to_f64() / norm);
            count += 1.0;
        }
    }
    let square: f64 = sum.iter().map(|s| s * s).sum();
    (square - count) / (count * (count - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_count_units() {
        // Two examples of four units: 0 and 2 are twins, 1 is dead.
        let values = [1.0, 5.0, 1.0, 0.0, 2.0, 5.0, 2.0, -1.0];
        let shape = Shape::from([2, 4]);
        assert_eq!(dead(&values, shape), 0.25);
        assert_eq!(symmetric(&values, None, shape), 0.5);
        // Those that learn different things are not twins.
        assert_eq!(symmetric(&values, Some(&[1.0, 0.0, 2.0, 0.0, 1.0, 0.0, 2.0, 0.0]), shape), 0.0);
        assert_eq!(dead(&values[..4], Shape::from([1, 4])), 0.0);
        // Channels of images: (1, 2, 2), channel 0 constant.
        assert_eq!(dead(&[3.0, 3.0, 3.0, 4.0], Shape::from([1, 2, 2])), 0.5);
        assert_eq!(symmetric(&[0.0, -0.0, 1.0, 1.0], None, Shape::from([2, 2])), 1.0);
        assert_eq!(symmetric(&[0.0, -0.0], None, Shape::from([1, 2])), 0.0);
    }

    #[test]
    fn spread_is_over_examples() {
        // Units 0 and 10 apart tell nothing: only the deviation 1 of each counts.
        assert_eq!(spread(&[1.0, 11.0, -1.0, 9.0], Shape::from([2, 2])), 1.0);
        assert!(spread(&[1.0, 2.0], Shape::from([1, 2])).is_nan());
    }

    #[test]
    fn similarity_is_the_mean_cosine() {
        let values = [1.0, 0.0, 0.0, 3.0, -2.0, 0.0];
        // Right angles twice, opposite once.
        assert!((similarity(&values, Shape::from([3, 2])) + 1.0 / 3.0).abs() < 1e-15);
        assert!((similarity(&[2.0f32, 4.0, 3.0, 6.0], Shape::from([2, 2])) - 1.0).abs() < 1e-7);
        assert!(
            similarity(&[1.0], Shape::from([1, 1])).is_nan() && similarity::<f32>(&[], Shape::from([0, 1])).is_nan()
        );
    }

    #[test]
    fn saturation_needs_two_limits() {
        let values = [-1.0f32, 0.0, 0.95, 1.0];
        assert_eq!(saturated(&values, Some([-1.0, 1.0])), 0.75);
        assert_eq!(saturated(&values, Some([0.0, f64::INFINITY])), 0.0);
        assert_eq!(saturated(&values, None), 0.0);
    }
}
