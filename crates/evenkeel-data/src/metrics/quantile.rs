//! Quantiles of sorted values.

/// The quantile at `share` of 0 to 1, linear between neighbours: with h = (n - 1) share, x_⌊h⌋ + (h - ⌊h⌋) (x_⌊h⌋₊₁ - x_⌊h⌋).
/// Type 7 of Hyndman & Fan (1996), NumPy's default.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * share.clamp(0.0, 1.0);
    let below = position as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    let t = position - below as f64;
    // From the nearer end, so that equal neighbours and t near 1 are exact.
    if t < 0.5 { low + (high - low) * t } else { high - (high - low) * (1.0 - t) }
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn known_quantiles() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let shares = [0.0, 0.25, 0.5, 0.75, 1.0];
        assert_eq!(shares.map(|share| quantile(&sorted, share)), [1.0, 1.75, 3.0, 5.0, 8.0]);
        assert_eq!(quantile(&[3.0], 0.3), 3.0);
    }
}
