//! The same work on many items, on all processors.
//!
//! In:      items, and work on one of them that needs no other.
//! Out:     the results in the order of the items, whichever was done first.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism, scope};

use crate::base::arrange::Arrange as _;

/// Does `work` on each of `items`, on as many threads as the machine runs at a time.
///
/// The calling thread works too, so one item takes no thread, and a system that gives no thread
/// only makes it slower. A panic of `work` is passed on when all have ended.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let threads = available_parallelism().map_or(1, NonZero::get).min(items.len());
    let mut results = scope(|scope| {
        let start = |_| Builder::new().spawn_scoped(scope, share).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut results = share();
        for other in others {
            results.extend(other.join().unwrap_or_else(|cause| resume_unwind(cause)));
        }
        results
    });
    results.arrange_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::thread::yield_now;

    use super::each;

    #[test]
    fn results_keep_the_order_of_items() {
        let items: Vec<u32> = (0..100).collect();
        let work = |item: &u32| {
            // Items at the front take longer, so that those behind them are done first.
            (0..100 - item).for_each(|_| yield_now());
            item * 2
        };
        assert_eq!(each(&items, work), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(each(&[], work), Vec::<u32>::new());
    }

    #[test]
    fn a_panic_is_passed_on() {
        let caught = catch_unwind(|| each(&[1, 2, 3, 4], |item| assert!(*item != 3, "three")));
        let cause = caught.expect_err("the panic comes through");
        assert_eq!(cause.downcast_ref::<&str>(), Some(&"three"));
    }
}
