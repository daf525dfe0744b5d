//! All masks, for expectations without chance.

/// Each of the 2^`n` masks of `n` values, once.
///
/// ```
/// use evenkeel_regularize::every_mask;
///
/// let masks: Vec<_> = every_mask(2).collect();
/// assert_eq!(masks, [[false, false], [true, false], [false, true], [true, true]]);
/// ```
///
/// # Panics
/// For 64 values or more, whose masks nobody lives to see.
pub fn every_mask(n: usize) -> impl Iterator<Item = Vec<bool>> {
    assert!(n < 64, "every_mask: expected fewer than 64 values, got {n}; draw masks at random instead");
    (0u64..1 << n).map(move |bits| (0..n).map(|i| bits >> i & 1 == 1).collect())
}
