//! Which percentiles bound a bias-corrected and accelerated interval.

use evenkeel_tensor::Float;

/// The shares of the sorted resampled `values` between which the interval of `estimate` lies (Efron 1987):
/// Φ(z₀ + (z₀ + z) / (1 - a (z₀ + z))) for z = ±Φ⁻¹(`tail`). z₀ is Φ⁻¹ of the share of values below the estimate, ties by half; the
/// acceleration a is a sixth of the skewness of -`without`, the estimates without each sample.
pub(super) fn bca_shares(values: &[f64], estimate: f64, without: &[f64], tail: f64) -> [f64; 2] {
    let n = values.len() as f64;
    let below = values.partition_point(|&value| value < estimate) + values.partition_point(|&value| value <= estimate);
    let bias = inverse_normal((0.5 * below as f64 / n).clamp(0.5 / n, 1.0 - 0.5 / n));

    let mean = without.iter().sum::<f64>() / without.len() as f64;
    let moment = |power| without.iter().map(|value| (mean - value).powi(power)).sum::<f64>();
    let squares = moment(2);
    let acceleration = if squares > 0.0 { moment(3) / (6.0 * squares * squares.sqrt()) } else { 0.0 };
    let share = |z: f64| {
        let moved = bias + z;
        // a is at most 1/6 of a skewness that few samples bound, and z is moderate; past the pole the share is at its end.
        let room = 1.0 - acceleration * moved;
        if room > 0.0 { normal(bias + moved / room) } else { f64::from(moved > 0.0) }
    };
    let z = inverse_normal(tail);
    [share(z), share(-z)]
}

/// Φ, the distribution function of the standard normal law.
fn normal(z: f64) -> f64 {
    0.5 * Float::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Φ⁻¹ of `share` between 0 and 1, by bisection to the last bit: it is needed three times.
fn inverse_normal(share: f64) -> f64 {
    // Below -38.5 Φ is 0 in f64, and above 8.3 it is 1.
    let (mut low, mut high) = (-39.0, 9.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if normal(middle) < share { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles() {
        for (share, z) in [
            (0.5, 0.0),
            (0.025, -1.959_963_984_540_054),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813),
        ] {
            // A unit in the last place of Φ near 1, over the density there.
            assert!((inverse_normal(share) - z).abs() < 1e-13, "{share}");
        }
        assert!((normal(inverse_normal(1e-12)) / 1e-12 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn shares_are_those_of_the_formula() {
        // Without bias and skewness the plain ones.
        let symmetric = [-2.0, -1.0, 1.0, 2.0];
        let shares = bca_shares(&symmetric, 0.0, &symmetric, 0.05);
        assert!((shares[0] - 0.05).abs() < 1e-15 && (shares[1] - 0.95).abs() < 1e-15, "{shares:?}");

        let reference: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/reference/metrics.json")).unwrap();
        let array = |name: &str| -> Vec<f64> {
            let values = reference["bias_corrected"][name].as_array().unwrap();
            values.iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let (values, mut means) = (array("values"), array("means"));
        means.sort_by(f64::total_cmp);
        let estimate = values.iter().sum::<f64>() / values.len() as f64;
        let shares = bca_shares(&means, estimate, &array("without"), 0.025);
        let expected = array("shares");
        assert!((0..2).all(|end| (shares[end] - expected[end]).abs() < 1e-12), "{shares:?}, expected {expected:?}");
    }

    #[test]
    fn values_on_one_side_leave_shares_inside() {
        for estimate in [-1.0, 1.0, 3.0] {
            let [low, high] = bca_shares(&[1.0; 100], estimate, &[1.0; 7], 0.025);
            assert!((0.0..=1.0).contains(&low) && low <= high && high <= 1.0, "{estimate}: {low} {high}");
        }
    }
}
