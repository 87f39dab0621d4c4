//! Named points at which a test can have the process die, exactly as `kill -9` would have it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Called with a point's name whenever a step has been taken.
pub(crate) type Reach = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Nothing happens anywhere, unless `crash_at` says `name` or `name:count`.
pub(crate) fn points(crash_at: Option<&str>) -> Reach {
    let Some(wanted) = crash_at else { return Arc::new(|_| {}) };
    let (name, count) = wanted.split_once(':').unwrap_or((wanted, "1"));
    let (name, left) = (name.to_owned(), AtomicU32::new(count.parse().unwrap_or(1)));
    Arc::new(move |reached| {
        if reached == name && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            die();
        }
    })
}

/// No destructor runs, no buffer is flushed, no connection is closed politely.
fn die() -> ! {
    std::process::abort()
}
