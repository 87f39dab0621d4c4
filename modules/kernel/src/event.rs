//! How facts travel from one context to those that depend on it: numbered events, pulled.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::call::PortError;
use crate::id::EventId;
use crate::page::Limit;
use crate::time::Timestamp;

/// One event as a consumer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<E> {
    /// Its place in the provider's order: from 1, growing, without gaps.
    pub number: i64,
    /// Unique for ever.
    pub id: EventId,
    /// Which thing it is about; order matters only within one aggregate.
    pub aggregate: String,
    /// When the change was committed, to the provider's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: E,
}

/// An event on its way: whether its content can be read shows only here, so that one that cannot delays no other.
pub type Carried<E> = Envelope<Result<E, Unreadable>>;

/// The content of an event cannot be read: a later release wrote it, or it is damaged. Names its kind, never its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl<E> Carried<E> {
    /// The event, or the envelope with the reason why it cannot be read.
    pub fn open(self) -> Result<Envelope<E>, Envelope<Unreadable>> {
        let Self { number, id, aggregate, at, event } = self;
        match event {
            Ok(event) => Ok(Envelope { number, id, aggregate, at, event }),
            Err(event) => Err(Envelope { number, id, aggregate, at, event }),
        }
    }
}

impl<E> From<Envelope<E>> for Carried<E> {
    fn from(envelope: Envelope<E>) -> Self {
        let Envelope { number, id, aggregate, at, event } = envelope;
        Self { number, id, aggregate, at, event: Ok(event) }
    }
}

/// A provider's outbox, as its consumers pull from it.
#[async_trait]
pub trait EventFeed<E>: Send + Sync {
    /// The events with a number above `after`, in order, at most `limit`. If older ones were removed the first may be
    /// later than `after + 1`, and there is always a last one.
    async fn events_after(&self, after: i64, limit: Limit) -> Result<Vec<Carried<E>>, PortError>;

    /// The consumer of this name will never ask for `number` or anything before it again. The provider keeps what some
    /// consumer may still ask for. A feed that keeps everything need not care.
    async fn acknowledge(&self, _consumer: &str, _number: i64) -> Result<(), PortError> {
        Ok(())
    }
}
