//! Strips of columns of a matrix, each written by one task.

use std::marker::PhantomData;

use super::for_each;

/// Neighbouring columns of all rows of a matrix, to write to.
pub struct Strip<'a, T> {
    /// The first element of the first row.
    start: *mut T,
    rows: usize,
    stride: usize,
    width: usize,
    data: PhantomData<&'a mut [T]>,
}

// SAFETY: a strip is a set of exclusive borrows, which may go to another thread wherever `&mut [T]` may.
#[allow(unsafe_code)]
unsafe impl<T: Send> Send for Strip<'_, T> {}

impl<T> Strip<'_, T> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The strip's part of row `r`.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    #[track_caller]
    #[allow(unsafe_code)]
    pub fn row(&mut self, r: usize) -> &mut [T] {
        assert!(r < self.rows, "row {r} of {}", self.rows);
        // SAFETY: the row is inside the matrix, and only this strip, borrowed exclusively, reaches its columns.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(r * self.stride), self.width) }
    }

    /// The strip's parts of the first `N` rows.
    ///
    /// # Panics
    /// If there are fewer.
    #[track_caller]
    #[allow(unsafe_code)]
    pub fn first_rows<const N: usize>(&mut self) -> [&mut [T]; N] {
        assert!(N <= self.rows, "{N} rows of {}", self.rows);
        // SAFETY: as in `row`; different rows do not overlap, since a strip is no wider than the matrix.
        std::array::from_fn(|r| unsafe { std::slice::from_raw_parts_mut(self.start.add(r * self.stride), self.width) })
    }
}

/// A matrix that tasks take strips of.
struct Shared<T> {
    start: *mut T,
    rows: usize,
    columns: usize,
    strip: usize,
}

// SAFETY: handed to tasks that take different strips, which do not overlap.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn new(data: &mut [T], columns: usize, strip: usize) -> Self {
        let rows = data.len().checked_div(columns).unwrap_or(0);
        assert!(rows * columns == data.len() && strip > 0, "strips: whole rows of {columns}, strips of at least 1");
        Self { start: data.as_mut_ptr(), rows, columns, strip }
    }

    /// # Safety
    /// No two live strips may have the same index, and the data must be borrowed exclusively for `'a`.
    #[allow(unsafe_code)]
    unsafe fn strip<'a>(&self, index: usize) -> Strip<'a, T> {
        let first = index * self.strip;
        let width = self.strip.min(self.columns - first);
        // SAFETY: `first` is less than a row's length, and there is a row, or nothing is read.
        let start = if self.rows == 0 { self.start } else { unsafe { self.start.add(first) } };
        Strip { start, rows: self.rows, stride: self.columns, width, data: PhantomData }
    }
}

/// Calls `f(index, strip)` with strips of `strip` columns of a matrix whose rows are `columns` long: strip `i` starts at column
/// `i * strip`. Strips may run on different threads.
///
/// # Panics
/// If `data` is not made of whole rows, or `strip` is 0.
#[allow(unsafe_code)]
pub fn strips_mut<T: Send>(data: &mut [T], columns: usize, strip: usize, f: impl Fn(usize, Strip<'_, T>) + Sync) {
    let shared = Shared::new(data, columns, strip);
    // SAFETY: each index comes once, and the borrow outlives the call.
    for_each(columns.div_ceil(strip), &|i| f(i, unsafe { shared.strip(i) }));
}

/// As [`strips_mut`], over two matrices in step: calls `f(index, strip of a, strip of b)`; strip `i` has the columns
/// `i * strip_a..` of `a`, whose rows are `columns_a` long, and the same of `b`.
///
/// # Panics
/// If the matrices do not have the same number of strips.
#[allow(unsafe_code)]
pub fn strips_mut2<A: Send, B: Send>(
    (a, columns_a, strip_a): (&mut [A], usize, usize),
    (b, columns_b, strip_b): (&mut [B], usize, usize),
    f: impl Fn(usize, Strip<'_, A>, Strip<'_, B>) + Sync,
) {
    let (a, b) = (Shared::new(a, columns_a, strip_a), Shared::new(b, columns_b, strip_b));
    let strips = columns_a.div_ceil(strip_a);
    assert_eq!(strips, columns_b.div_ceil(strip_b), "strips_mut2: as many strips in both");
    // SAFETY: each index comes once, and both borrows outlive the call.
    for_each(strips, &|i| f(i, unsafe { a.strip(i) }, unsafe { b.strip(i) }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_written_once_by_its_strip() {
        for (rows, columns, strip) in [(3, 10, 4), (1, 1, 1), (5, 7, 7), (4, 9, 100), (0, 5, 2), (2, 0, 3)] {
            let mut a = vec![0u32; rows * columns];
            let mut b = vec![0usize; columns.div_ceil(strip)];
            let strips = b.len();
            strips_mut2((&mut a, columns, strip), (&mut b, strips, 1), |i, mut a, mut b| {
                assert_eq!((a.rows(), a.width()), (rows, strip.min(columns - i * strip)));
                for r in 0..a.rows() {
                    a.row(r).iter_mut().for_each(|x| *x += i as u32 + 1);
                }
                b.row(0)[0] = i;
            });
            for (k, &x) in a.iter().enumerate() {
                assert_eq!(x as usize, k % columns / strip + 1);
            }
            assert!(b.iter().enumerate().all(|(i, &x)| i == x));
        }
    }

    #[test]
    fn rows_of_a_strip_are_apart() {
        let mut a = vec![0; 12];
        strips_mut(&mut a, 4, 2, |_, mut a| {
            let [x, y, z] = a.first_rows();
            (x[0], y[1], z[0]) = (1, 2, 3);
        });
        assert_eq!(a, [1, 0, 1, 0, 0, 2, 0, 2, 3, 0, 3, 0]);
    }

    #[test]
    #[should_panic(expected = "row 2 of 2")]
    fn rows_are_checked() {
        strips_mut(&mut [0; 4], 2, 1, |_, mut a| {
            a.row(2);
        });
    }
}
