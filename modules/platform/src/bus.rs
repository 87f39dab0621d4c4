//! The signal "there is more". It carries nothing: whoever hears it reads the database, so losing a ring loses nothing.

use tokio::sync::watch;

/// A bell that many may ring and many may wait for. Cheap to clone; every clone hears every ring on its own.
#[derive(Debug, Clone)]
pub struct Bell {
    rings: watch::Sender<u64>,
    heard: watch::Receiver<u64>,
}

impl Bell {
    /// A silent bell.
    pub fn new() -> Self {
        let (rings, heard) = watch::channel(0);
        Self { rings, heard }
    }

    /// Says that there is more. Never blocks.
    pub fn ring(&self) {
        self.rings.send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    /// Completes once the bell was rung since this clone last waited; at once if it already was.
    ///
    /// Safe to drop at any await point, so it can stand beside a poll timer in a `select!`.
    pub async fn wait(&mut self) {
        // `self` holds a sender, so the channel cannot be closed while it waits.
        let _ = self.heard.changed().await;
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_ring_before_the_wait_is_not_lost_and_many_rings_are_one() {
        let mut bell = Bell::new();
        bell.ring();
        bell.ring();
        assert!(bell.wait().now_or_never().is_some());
        assert!(bell.wait().now_or_never().is_none(), "nothing new since");
    }

    #[tokio::test]
    async fn every_clone_hears_every_ring() {
        let (mut first, mut second) = (Bell::new(), Bell::new());
        let ringer = first.clone();
        ringer.ring();
        assert!(first.wait().now_or_never().is_some());
        assert!(second.wait().now_or_never().is_none(), "another bell");
        second = first.clone();
        ringer.ring();
        assert!(first.wait().now_or_never().is_some() && second.wait().now_or_never().is_some());
    }
}
