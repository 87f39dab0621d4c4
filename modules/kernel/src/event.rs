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

/// A provider's outbox, as its consumers pull from it.
#[async_trait]
pub trait EventFeed<E>: Send + Sync {
    /// The events with a number above `after`, in order, at most `limit`.
    async fn events_after(&self, after: i64, limit: Limit) -> Result<Vec<Envelope<E>>, PortError>;
}
