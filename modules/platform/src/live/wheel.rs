//! The one timer of all sockets: a wheel whose slots together come round once a second. Silence, expiry, missing
//! hellos, stuck closes and postponed reads are noticed here, so that no socket owns a timer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use kernel::Timestamp;

use super::settings::LiveSettings;
use super::socket::Socket;

const SLOTS: usize = 4;

/// How long one slot lasts.
pub(crate) const TICK: Duration = Duration::from_millis(250);

#[derive(Default)]
pub(crate) struct Wheel {
    slots: [Mutex<Vec<Weak<Socket>>>; SLOTS],
    next_in: AtomicUsize,
    next_out: AtomicUsize,
}

impl Wheel {
    /// Puts a socket onto the wheel. It falls off by itself once nobody else holds it.
    pub(crate) fn add(&self, socket: &Arc<Socket>) {
        let slot = self.next_in.fetch_add(1, Ordering::Relaxed) % SLOTS;
        if let Some(slot) = self.slots.get(slot) {
            slot.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(socket));
        }
    }

    /// Visits the sockets of one slot.
    pub(crate) fn turn(&self, now: Timestamp, settings: &LiveSettings) {
        let slot = self.next_out.fetch_add(1, Ordering::Relaxed) % SLOTS;
        let Some(slot) = self.slots.get(slot) else { return };
        let mut sockets = Vec::new();
        slot.lock().unwrap_or_else(PoisonError::into_inner).retain(|socket| {
            let alive = socket.upgrade();
            sockets.extend(alive.clone());
            alive.is_some()
        });
        for socket in sockets {
            socket.visit(now, settings);
        }
    }
}
