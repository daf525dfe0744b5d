//! A product of two matrices.

use crate::check::{close, normal};
use crate::timing::{Timer, Timing};

/// (m, k) times (k, n), into a new matrix.
pub(super) fn run(timer: &Timer, m: usize, k: usize, n: usize) -> Result<Timing, String> {
    let (a, b) = (normal([m, k], 1), normal([k, n], 2));
    let timing = timer.time(|| a.matmul(&b));

    let c = a.matmul(&b);
    for (i, j) in [(0, 0), (0, n - 1), (m - 1, 0), (m - 1, n - 1), (m / 2, n / 3), (m / 3, n / 2)] {
        let terms = (0..k).map(|l| f64::from(a.get(&[i, l])) * f64::from(b.get(&[l, j])));
        // Standard normal factors: the sum has a deviation of sqrt k.
        close("element", f64::from(c.get(&[i, j])), terms.sum(), 1e-5 * (k as f64).sqrt())?;
    }
    Ok(timing.with_rate("gflops", 2e-9 * (m * k * n) as f64))
}
