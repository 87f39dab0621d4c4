//! What happens between people and matters to games: whoever may not play each other any more loses pending invites.
//! Games that run go on.

use std::sync::Arc;

use async_trait::async_trait;
use customer_api::CustomerEvent;
use kernel::Envelope;
use platform::inbox::{HandleError, Handler};

use super::App;
use super::follow_identity::system_call;
use crate::store::{Cancelling, Cursor};

pub(crate) const CONSUMER: &str = "game.customer";

/// Follows customer's events.
pub(crate) struct FollowCustomer(pub(crate) Arc<App>);

/// The pair whose invites an event ends.
fn parted(event: &CustomerEvent) -> Option<Cancelling> {
    match event {
        CustomerEvent::RelationshipSuspended { distributor, customer, .. }
        | CustomerEvent::RelationshipEnded { distributor, customer, .. } => {
            Some(Cancelling::Between(*distributor, *customer))
        }
        CustomerEvent::RelationshipReassigned { from, customer, .. } => {
            Some(Cancelling::Between(*from, *customer))
        }
        CustomerEvent::BlockAdded { by, blocked } => Some(Cancelling::Between(*by, *blocked)),
        CustomerEvent::RelationshipStarted { .. }
        | CustomerEvent::RelationshipResumed { .. }
        | CustomerEvent::BlockRemoved { .. } => None,
    }
}

#[async_trait]
impl Handler<CustomerEvent> for FollowCustomer {
    fn wants(&self, event: &Envelope<CustomerEvent>) -> bool {
        parted(&event.event).is_some()
    }

    async fn handle(&self, event: &Envelope<CustomerEvent>) -> Result<(), HandleError> {
        let app = self.0.as_ref();
        let cursor = Cursor { consumer: CONSUMER, number: event.number };
        let Some(which) = parted(&event.event) else { return Ok(app.store.advance(cursor).await?) };
        let stamp = app.stamp(&system_call(app, CONSUMER));
        let told = app.store.cancel_invites(which, Some(cursor), stamp).await?;
        app.broadcast.notices(&told);
        Ok(())
    }
}
