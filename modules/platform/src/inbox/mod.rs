//! Consuming another context's events: each handled once, in order. The effect and the consumer's cursor are committed
//! together; an event that fails, or cannot even be read, parks its aggregate, and that aggregate's later events wait.

mod consumer;
mod parked;
mod rows;

use async_trait::async_trait;
use kernel::{Envelope, PortError};

pub use consumer::{Consumer, Progress};
pub use parked::{ParkedAggregate, parked, retry};
pub use rows::InboxConn;

use crate::db::StoreError;

/// What a consumer does with each event.
#[async_trait]
pub trait Handler<E>: Send + Sync {
    /// Whether the event matters here; the cursor moves past those that do not.
    fn wants(&self, _event: &Envelope<E>) -> bool {
        true
    }

    /// Commits the effect of an event, and in the same transaction calls [`advance`] with the event's number.
    async fn handle(&self, event: &Envelope<E>) -> Result<(), HandleError>;
}

/// How handling an event fails. Texts go to operators; they never hold content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// Nothing is wrong with the event; the consumer waits and tries again.
    #[error("cannot be handled now: {0}")]
    Retry(String),
    /// This event cannot be handled; its aggregate is parked and others go on.
    #[error("cannot be handled: {0}")]
    Poison(String),
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::Retry(error.to_string()) } else { Self::Poison(error.to_string()) }
    }
}

impl From<PortError> for HandleError {
    fn from(error: PortError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Moves a consumer's cursor onto `number`, inside the write body that makes the effect.
///
/// `LostRace` means that the event was handled already, by another node or before a crash: let it roll the body back.
pub async fn advance<C: InboxConn>(c: &mut C, consumer: &'static str, number: i64) -> Result<(), StoreError> {
    c.advance_cursor(consumer, number).await
}
