//! Buffers from the system.

use crate::Float;

/// The size of a huge page on the systems that have them on request.
#[cfg(target_os = "linux")]
const PAGE: usize = 2 << 20;

/// So many zeros.
pub(crate) fn zeros<F: Float>(n: usize) -> Vec<F> {
    // From the system these are pages that nothing has touched yet.
    let zeros = vec![F::ZERO; n];
    ask_for_huge_pages(zeros.as_ptr(), n);
    zeros
}

/// An empty vector with room for so many values, as [`Vec::with_capacity`] gives; from 4 MiB on, Linux is asked for huge pages.
///
/// ```
/// let mut buffer = evenkeel_tensor::memory::with_capacity(1 << 20);
/// buffer.resize(1 << 20, 0.5f64);
/// assert!(buffer.len() == 1 << 20);
/// ```
pub fn with_capacity<T>(n: usize) -> Vec<T> {
    let buffer = Vec::with_capacity(n);
    ask_for_huge_pages(buffer.as_ptr(), n);
    buffer
}

/// Asks that a large buffer be of huge pages, of which Linux hands out 2 MiB at a first touch instead of 4 KiB: in passes that write a new
/// result, first touches were half of the time. NumPy does the same.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn ask_for_huge_pages<T>(start: *const T, n: usize) {
    let bytes = n.saturating_mul(size_of::<T>());
    let before = (start as usize).wrapping_neg() % PAGE;
    let whole = bytes.saturating_sub(before) / PAGE * PAGE;
    if bytes >= 2 * PAGE && whole > 0 {
        // SAFETY: the range lies inside of one allocation of ours, and the advice changes no contents. If it is refused, nothing is lost.
        unsafe { libc::madvise(start.byte_add(before).cast_mut().cast(), whole, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages<T>(_start: *const T, _n: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_of_any_size_hold_what_they_should() {
        for n in [0, 1, 1000, 524_287, 524_288, 1_000_003] {
            let mut x: Vec<f64> = zeros(n);
            assert!(x.len() == n && x.iter().all(|&x| x == 0.0));
            x.iter_mut().enumerate().for_each(|(i, x)| *x = i as f64);
            let mut y = with_capacity(n);
            assert!(y.is_empty() && y.capacity() >= n);
            y.extend_from_slice(&x);
            assert_eq!(x, y);
        }
        assert!(with_capacity::<()>(usize::MAX).is_empty());
    }
}
