//! How a socket enters the hub, takes its place, follows, and leaves: the one entry that cleans up after itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::Principal;
use kernel::id::SessionId;

use super::auth::LiveAuth;
use super::close::Close;
use super::frames::Cid;
use super::hub::{Follower, Hub};
use super::session::Session;
use super::socket::{Socket, Stream};
use super::topic::{TopicKey, Viewer};
use super::transport::Transport;

/// A moment in the order of ended sessions. Taken before a credential is checked, compared when the socket attaches.
#[derive(Debug, Clone, Copy)]
pub struct Epoch(u64);

/// A peer that was let in.
pub struct Arrival {
    /// Who.
    pub principal: Principal,
    /// Checks later credentials.
    pub auth: Arc<dyn LiveAuth>,
    /// The browser's origin, if there was one.
    pub origin: Option<String>,
    /// The one topic of a single-topic route.
    pub fixed: Option<TopicKey>,
    /// From before the credential was checked.
    pub since: Epoch,
}

/// Why no further socket is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// The process is going away.
    #[error("draining")]
    Draining,
    /// The process holds as many as it may.
    #[error("too many sockets")]
    Process,
    /// The account holds as many as it may.
    #[error("too many sockets of one account")]
    Account,
}

/// Which socket is the present one of a session, a device and a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) session: SessionId,
    pub(crate) device: String,
    /// None on the general route.
    pub(crate) topic: Option<TopicKey>,
}

impl Hub {
    /// The present moment in the order of ended sessions; take it before checking a credential.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.registry().ending)
    }

    /// Runs the protocol over a connection. The returned future is the socket's life: spawn it on the thread that owns
    /// the transport.
    pub fn attach<T: Transport>(
        self: &Arc<Self>,
        transport: T,
        arrival: Arrival,
    ) -> Result<Session<T>, NoRoom> {
        let now = self.clock.now();
        let Arrival { principal, auth, origin, fixed, since } = arrival;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let socket = Arc::new(Socket::new(id, Arc::new(principal), fixed, now, &self.settings));
        self.register(&socket, since)?;
        self.wheel.add(&socket);
        let attached = Attached { hub: Arc::clone(self), socket: Arc::clone(&socket), place: None };
        Ok(Session::new(attached, transport, auth, origin, now))
    }

    fn register(&self, socket: &Arc<Socket>, since: Epoch) -> Result<(), NoRoom> {
        if self.is_draining() {
            return Err(NoRoom::Draining);
        }
        let mut registry = self.registry();
        if registry.sockets.len() >= self.settings.max_sockets {
            return Err(NoRoom::Process);
        }
        let of_account = registry.accounts.entry(socket.account).or_default();
        if of_account.len() >= self.settings.max_sockets_per_account {
            return Err(NoRoom::Account);
        }
        of_account.push(socket.id);
        registry.sockets.insert(socket.id, Arc::clone(socket));
        self.meters.sockets.increment(1);
        let missed =
            registry.endings.iter().find(|(number, whose, _, _)| *number > since.0 && whose.is(socket));
        if let Some((_, _, close, _)) = missed {
            socket.close(close.clone());
        }
        Ok(())
    }
}

/// A socket's entry in the hub. Dropping it removes exactly that socket, by its id, wherever it stands: never the
/// successor that took its place.
pub(crate) struct Attached {
    pub(crate) hub: Arc<Hub>,
    pub(crate) socket: Arc<Socket>,
    place: Option<Place>,
}

impl Attached {
    /// Takes the place of its session, device and route, and sends away whoever had it.
    pub(crate) fn take_place(&mut self, place: Place) {
        let mut registry = self.hub.registry();
        let before = registry.places.insert(place.clone(), self.socket.id);
        let before = before.and_then(|id| registry.sockets.get(&id)).cloned();
        self.place = Some(place);
        drop(registry);
        if let Some(before) = before {
            before.close(Close::Replaced);
        }
    }

    /// Follows a topic, or goes on after another event of it.
    pub(crate) fn follow(
        &self,
        topic: &TopicKey,
        stream: Stream,
        viewer: Viewer,
        after: Option<u64>,
        cid: Option<Cid>,
    ) {
        let slot = self.socket.lock().follow(topic, stream, viewer, after, cid);
        if let Some(slot) = slot {
            // From here on publications reach the socket; its first pull begins later and sees what came before.
            let socket = Arc::clone(&self.socket);
            self.hub.add_follower(topic, Follower { socket, slot, stream, viewer });
        }
    }

    /// Stops following. The hub forgets first, so that no publication meets a slot that another topic took.
    pub(crate) fn unfollow(&self, topic: &TopicKey, code: &'static str) -> bool {
        self.hub.remove_follower(topic, &self.socket);
        self.socket.lock().unfollow(topic, code)
    }

    /// The hub's half of a follow that already ended in the socket.
    pub(crate) fn forget(&self, topic: &TopicKey) {
        self.hub.remove_follower(topic, &self.socket);
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let topics = self.socket.lock().following();
        for (topic, _, _) in topics {
            self.hub.remove_follower(&topic, &self.socket);
        }
        let mut registry = self.hub.registry();
        if registry.sockets.remove(&self.socket.id).is_some() {
            self.hub.meters.sockets.decrement(1);
        }
        if let Some(of_account) = registry.accounts.get_mut(&self.socket.account) {
            of_account.retain(|id| *id != self.socket.id);
            if of_account.is_empty() {
                registry.accounts.remove(&self.socket.account);
            }
        }
        if let Some(place) = &self.place
            && registry.places.get(place) == Some(&self.socket.id)
        {
            registry.places.remove(place);
        }
    }
}
