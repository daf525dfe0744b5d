//! Two pieces of work at once, on threads that stay awake between them.
//!
//! A thread of rayon sleeps after 20 to 40 µs without work, and begins some 40 µs after it is called, twice that at times. A training step splits its work
//! dozens of times and does little in between, so a thread that has had a part stays awake for a while after it, and so does one that
//! waits for a part to be done. Both take other work meanwhile, and let other programs have the processor.
//!
//! Rayon does not tell whether a `rayon::join` or `scope` further down a thread's stack waits for it. So staying awake is a job that
//! ends soon, whatever there is to do, and is followed by another if it has worked: rayon looks in between.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rayon::Yield;

/// How long a thread stays awake: longer than what a training step does between two splits (500 µs gained nothing more), and
/// short for whoever waits.
const AWAKE: Duration = Duration::from_micros(200);

thread_local!(static JOINS: Cell<usize> = const { Cell::new(0) });

/// A join that this thread is in, or its staying awake.
struct Joined;

impl Joined {
    fn new() -> Self {
        JOINS.set(JOINS.get() + 1);
        Self
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        JOINS.set(JOINS.get() - 1);
    }
}

/// Whether no join waits for what this thread does next.
fn is_free() -> bool {
    JOINS.get() == 0
}

/// Runs `a` on this thread and `b` on another that is free, or after `a` on this one. As [`rayon::join`], but the threads stay awake for
/// 200 µs, for which each allocates a few bytes when it begins to.
///
/// ```
/// use evenkeel_tensor::parallel::join;
///
/// let x = [1.0, 2.0, 3.0, 4.0];
/// let (low, high) = x.split_at(2);
/// assert_eq!(join(|| low.iter().sum(), || high.iter().sum()), (3.0, 7.0));
/// ```
pub fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    let (mut a, mut b) = (Some(a), Some(b));
    let (mut x, mut y) = (None, None);
    both(&mut || x = a.take().map(|a| a()), &mut || y = b.take().map(|b| b()));
    (x.expect("it has run"), y.expect("it has run"))
}

/// [`join`] without results: compiled once for all.
fn both(a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
    let elsewhere = AtomicBool::new(false);
    rayon::join_context(
        |_| {
            let _joined = Joined::new();
            a();
            work_while(&|| elsewhere.load(Ordering::Acquire));
        },
        |context| {
            let _running = context.migrated().then(|| Running::new(&elsewhere));
            b();
            if context.migrated() && is_free() {
                stay_awake_after();
            }
        },
    );
}

/// Says that a piece of work is running, until dropped.
struct Running<'a>(&'a AtomicBool);

impl<'a> Running<'a> {
    fn new(running: &'a AtomicBool) -> Self {
        running.store(true, Ordering::Release);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Has this thread stay awake when it has finished what it does now.
fn stay_awake_after() {
    let here = rayon::current_thread_index();
    rayon::spawn(move || {
        // Another thread may have taken this up, or this one while a join waits for it.
        if rayon::current_thread_index() == here && is_free() && stay_awake() {
            stay_awake_after();
        }
    });
}

/// Stays awake for [`AWAKE`]. Whether there was work.
fn stay_awake() -> bool {
    let _joined = Joined::new();
    let start = Instant::now();
    work_while(&|| start.elapsed() < AWAKE)
}

/// Does what work there is while `condition` holds, until there has been none for [`AWAKE`]. Whether there was any.
fn work_while(condition: &dyn Fn() -> bool) -> bool {
    let (mut worked, mut idle) = (false, None);
    while condition() {
        match rayon::yield_now() {
            Some(Yield::Executed) => (worked, idle) = (true, None),
            Some(Yield::Idle) if idle.get_or_insert_with(Instant::now).elapsed() < AWAKE => thread::yield_now(),
            _ => break,
        }
    }
    worked
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Arc, Barrier, atomic::AtomicUsize};

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(60), "it takes too long");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn fibonacci(n: u32) -> u64 {
        if n < 2 {
            return n.into();
        }
        let (a, b) = join(|| fibonacci(n - 1), || fibonacci(n - 2));
        a + b
    }

    #[test]
    fn nested_joins_give_both_results() {
        for threads in [1, 2, 3, 7] {
            assert_eq!(pool(threads).install(|| fibonacci(18)), 2584);
        }
        assert_eq!(fibonacci(10), 55);
    }

    #[test]
    fn both_run_at_once() {
        let meeting = Barrier::new(2);
        for _ in 0..100 {
            pool(2).install(|| join(|| meeting.wait(), || meeting.wait()));
        }
    }

    #[test]
    fn a_panic_on_either_side_comes_back() {
        let pool = pool(2);
        for _ in 0..20 {
            let meeting = Barrier::new(2);
            for side in [0, 1] {
                let part = |of| {
                    meeting.wait();
                    assert_ne!(of, side, "side {side}");
                };
                let joined = || pool.install(|| join(|| part(0), || part(1)));
                assert!(catch_unwind(AssertUnwindSafe(joined)).is_err());
            }
        }
        // The threads count as free again, when they no longer stay awake.
        wait_until(|| pool.broadcast(|_| is_free()).into_iter().all(|free| free));
        assert_eq!(pool.install(|| join(|| 1, || 2)), (1, 2));
    }

    #[test]
    fn threads_that_stay_awake_end_with_their_pool() {
        let ended = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ended);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(3)
            .exit_handler(move |_| _ = count.fetch_add(1, Ordering::SeqCst))
            .build()
            .unwrap();
        pool.install(|| fibonacci(16));
        drop(pool);
        wait_until(|| ended.load(Ordering::SeqCst) == 3);
    }

    /// How much later than its second half, 20 ms long, a `rayon::join` ends, whose thread takes up parts of joins meanwhile, which
    /// another thread of the pool makes without end (or for a second).
    fn late_beside_joins() -> Duration {
        let (pool, started, ended) = (pool(3), Barrier::new(2), AtomicBool::new(false));
        let spin = || {
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(20) {}
        };
        let divide = || {
            let start = Instant::now();
            while !ended.load(Ordering::Acquire) && start.elapsed() < Duration::from_secs(1) {
                join(|| join(spin, spin), || join(spin, spin));
            }
        };
        let second = || {
            started.wait();
            thread::sleep(Duration::from_millis(20));
            Instant::now()
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                started.wait();
                pool.install(|| join(divide, || ()));
            });
            let late = pool.install(|| rayon::join(|| thread::sleep(Duration::from_millis(5)), second)).1.elapsed();
            ended.store(true, Ordering::Release);
            late
        })
    }

    #[test]
    fn joins_of_rayon_do_not_wait_for_threads_that_stay_awake() {
        let mut late = [(); 5].map(|()| late_beside_joins());
        late.sort_unstable();
        // Less than a millisecond as a rule; without an end of staying awake, until the other joins end.
        assert!(late[2] < Duration::from_millis(50), "{late:?}");
    }
}
