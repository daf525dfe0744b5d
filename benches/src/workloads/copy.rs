//! A plain copy, in parallel: the memory bandwidth that kernels are held against.

use evenkeel::tensor::parallel;

use crate::check::ensure;
use crate::timing::{Timer, Timing};

const BYTES: usize = 256 << 20;

pub(super) fn run(timer: &Timer) -> Result<Timing, String> {
    let from: Vec<f32> = (0..BYTES / size_of::<f32>()).map(|i| i as f32).collect();
    let mut to = vec![0f32; from.len()];
    // A share a thread: the library's copy of large blocks goes past the caches.
    let share = from.len().div_ceil(rayon::current_num_threads());
    let timing = timer.time(|| {
        parallel::chunks_mut(&mut to, share, |i, to| to.copy_from_slice(&from[i * share..][..to.len()]));
    });
    ensure(from == to, || "the copy differs".to_owned())?;
    // Each byte is read and written.
    Ok(timing.with_rate("gb_per_s", 2e-9 * BYTES as f64))
}
