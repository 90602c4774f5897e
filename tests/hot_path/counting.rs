//! An allocator that counts, thread by thread: how often memory is asked for, and how much.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a piece of work took from the heap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// How often it asked for memory; asking for more of the same counts too.
    pub(crate) allocations: usize,
    /// Most bytes that it held at once.
    pub(crate) peak_bytes: usize,
    /// Bytes that it held at its end.
    pub(crate) kept_bytes: usize,
}

/// Since the thread began: allocations, bytes held now, most bytes held since the mark.
#[derive(Clone, Copy)]
struct Counts {
    allocations: usize,
    live: isize,
    peak: isize,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, live: 0, peak: 0 }) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn note(allocations: usize, bytes: isize) {
    COUNTS.with(|counts| {
        let mut now = counts.get();
        now.allocations += allocations;
        now.live += bytes;
        now.peak = now.peak.max(now.live);
        counts.set(now);
    });
}

// SAFETY: everything is handed on to the system's allocator; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, -layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size().cast_signed());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size.cast_signed() - layout.size().cast_signed());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What `work` gives, and what this thread took from the heap meanwhile.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> (T, Usage) {
    let before = COUNTS.with(|counts| {
        let now = counts.get();
        counts.set(Counts { peak: now.live, ..now });
        now
    });
    let made = work();
    let after = COUNTS.with(Cell::get);
    let bytes = |held: isize| usize::try_from(held - before.live).unwrap_or(0);
    let usage = Usage {
        allocations: after.allocations - before.allocations,
        peak_bytes: bytes(after.peak),
        kept_bytes: bytes(after.live),
    };
    (made, usage)
}

/// An allocation that is made is counted: else every other count here would be worth nothing.
#[test]
fn allocations_are_counted() {
    let (made, usage) = counted(|| {
        let mut bytes = std::hint::black_box(vec![0_u8; 100]);
        bytes.reserve_exact(900);
        bytes
    });
    assert!(made.capacity() >= 1000);
    assert_eq!(usage.allocations, 2);
    assert_eq!(usage.kept_bytes, made.capacity());
    assert_eq!(usage.peak_bytes, made.capacity());
    let ((), usage) = counted(|| drop(std::hint::black_box(Box::new(7_u64))));
    assert_eq!((usage.allocations, usage.peak_bytes, usage.kept_bytes), (1, 8, 0));
    let ((), usage) = counted(|| assert_eq!(std::hint::black_box(1) + 1, 2));
    assert_eq!(usage.allocations, 0);
}
