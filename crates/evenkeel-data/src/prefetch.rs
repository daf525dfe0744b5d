//! Loading ahead on a second thread.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};

/// Items made ahead on a second thread, in order; mostly made by [`Epoch::prefetch`](crate::Epoch::prefetch).
///
/// It is an iterator; [`next_into`](Self::next_into) instead hands the used item back to be filled
/// again, so that nothing is allocated after the first few. Dropping it in the middle ends the
/// thread; a panic of the thread comes to light where the item it failed at would have been.
///
/// ```
/// use evenkeel_data::{Batch, Digits, Prefetch, Seed};
///
/// let epoch = Digits::embedded().batches::<f32>(60).shuffled(Seed(7)).epoch(0);
/// let mut batches = epoch.clone().prefetch(2);
/// let mut batch = Batch::default();
/// for expected in epoch {
///     assert!(batches.next_into(&mut batch));
///     assert_eq!(batch, expected);
/// }
/// assert!(!batches.next_into(&mut batch));
///
/// let squares = Prefetch::new(2, 0..4, |i, square: &mut usize| *square = i * i);
/// assert_eq!(squares.collect::<Vec<_>>(), [0, 1, 4, 9]);
/// ```
pub struct Prefetch<T> {
    // Both are `None` once the thread has ended.
    filled: Option<Receiver<T>>,
    thread: Option<JoinHandle<()>>,
    used: SyncSender<T>,
}

impl<T: Default + Send + 'static> Prefetch<T> {
    /// Calls `fill` with each of `positions` and an item to write to, on a second thread, at most
    /// `depth` (at least 1) items ahead. What `fill` finds in the item is what it held when it was handed back.
    pub fn new(depth: usize, positions: Range<usize>, mut fill: impl FnMut(usize, &mut T) + Send + 'static) -> Self {
        let depth = depth.max(1);
        let (send_filled, filled) = sync_channel(depth);
        // As many as are ever under way: those filled, one with each thread, and one being exchanged.
        let (used, receive_used) = sync_channel(depth + 3);
        let thread = spawn(move || {
            for position in positions {
                let mut item = receive_used.try_recv().unwrap_or_default();
                fill(position, &mut item);
                if send_filled.send(item).is_err() {
                    return;
                }
            }
        });
        Self { filled: Some(filled), thread: Some(thread), used }
    }

    /// Puts the next item into `item` and hands the one that was there back to be filled again.
    /// False, and `item` is left alone, if there is none.
    ///
    /// # Panics
    /// If `fill` panicked; with its message.
    pub fn next_into(&mut self, item: &mut T) -> bool {
        let Some(next) = self.next() else { return false };
        // An item that finds no room is dropped; the thread then makes another.
        let _ = self.used.try_send(std::mem::replace(item, next));
        true
    }
}

impl<T: Default + Send + 'static> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let next = self.filled.as_ref()?.recv().ok();
        if next.is_none() {
            self.filled = None;
            if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                resume_unwind(panic);
            }
        }
        next
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        // Without a receiver the thread's send fails, so it cannot wait for room for ever.
        self.filled = None;
        if let Some(thread) = self.thread.take() {
            // A panic at an item that nobody asked for is nobody's concern.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn dropping_in_the_middle_ends_the_thread() {
        let made = Arc::new(AtomicUsize::new(0));
        for taken in 0..5 {
            let counter = Arc::clone(&made);
            let mut items = Prefetch::new(2, 0..usize::MAX, move |i, item: &mut usize| {
                counter.fetch_add(1, Ordering::Relaxed);
                *item = i;
            });
            assert!((0..taken).all(|i| items.next() == Some(i)));
        }
        // Joined: nobody else holds the counter.
        assert_eq!(Arc::strong_count(&made), 1);
        // At most: taken, in the channel, and one with the thread.
        assert!(made.load(Ordering::Relaxed) <= (0..5).map(|taken| taken + 3).sum());
    }

    #[test]
    fn a_panic_comes_to_light_in_its_place() {
        let mut items = Prefetch::new(1, 0..9, |i, item: &mut usize| {
            assert!(i < 3, "cannot load {i}");
            *item = i;
        });
        assert!((0..3).all(|i| items.next() == Some(i)));
        let panic = catch_unwind(AssertUnwindSafe(|| items.next())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "cannot load 3");
        assert_eq!(items.next(), None);
    }

    #[test]
    fn items_are_recycled() {
        let mut items = Prefetch::new(2, 0..1000, |i, item: &mut Vec<usize>| {
            item.clear();
            item.push(i);
        });
        let (mut item, mut buffers) = (Vec::new(), std::collections::HashSet::new());
        for i in 0..1000 {
            assert!(items.next_into(&mut item));
            assert_eq!(item, [i]);
            buffers.insert(item.as_ptr());
        }
        assert!(buffers.len() <= 6, "{} buffers", buffers.len());
        assert!(!items.next_into(&mut item));
        assert_eq!(item, [999]);
    }
}
