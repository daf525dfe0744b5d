//! Buffers that are kept across steps, by size class.

use evenkeel_tensor::{Float, memory};

/// Buffers by size class. A step that asks for the sizes of the step before finds them all here, so
/// it allocates nothing; classes four to an octave waste at most a quarter and bound what changing
/// sizes can pile up.
pub(crate) struct Pool<F> {
    bins: Vec<Vec<Vec<F>>>,
}

/// The class of `len` elements and the capacity of its buffers.
fn class(len: usize) -> (usize, usize) {
    let len = len.max(16);
    let octave = (len - 1).ilog2() as usize - 1;
    let quarter = (1usize << octave) / 2;
    let quarters = len.div_ceil(quarter);
    (octave * 8 + quarters, quarters * quarter)
}

impl<F: Float> Pool<F> {
    pub(crate) fn new() -> Self {
        Self { bins: Vec::new() }
    }

    /// A buffer of `len` elements with unspecified values (NaN in debug builds, so that a kernel that
    /// leaves elements unwritten is found).
    pub(crate) fn take(&mut self, len: usize) -> Vec<F> {
        if len == 0 {
            return Vec::new();
        }
        let (class, capacity) = class(len);
        let mut buffer = self.bins.get_mut(class).and_then(Vec::pop).unwrap_or_else(|| memory::with_capacity(capacity));
        if cfg!(debug_assertions) {
            buffer.clear();
        }
        buffer.resize(len, F::NAN);
        buffer
    }

    /// Takes a buffer back.
    pub(crate) fn give(&mut self, buffer: Vec<F>) {
        if buffer.capacity() == 0 {
            return;
        }
        // Buffers come from `take`, so their capacity is a class's.
        let (class, _) = class(buffer.capacity());
        if self.bins.len() <= class {
            self.bins.resize_with(class + 1, Vec::new);
        }
        self.bins[class].push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_their_lengths_and_waste_little() {
        let mut last = (0, 0);
        for len in 1..5000 {
            let (c, capacity) = class(len);
            assert!(capacity >= len && (len < 16 || capacity * 4 <= len * 5 + 3), "{len} -> {capacity}");
            assert_eq!(class(capacity), (c, capacity), "a capacity is of its own class");
            assert!((c == last.0) == (capacity == last.1) || last.0 == 0, "{len}: one capacity per class");
            last = (c, capacity);
        }
    }

    #[test]
    fn a_returned_buffer_comes_back() {
        let mut pool = Pool::<f32>::new();
        let buffer = pool.take(100);
        let address = buffer.as_ptr();
        pool.give(buffer);
        let again = pool.take(98);
        assert_eq!(again.as_ptr(), address);
    }
}
