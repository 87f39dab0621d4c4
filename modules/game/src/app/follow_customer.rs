//! What happens between people and matters to games: whoever may not play each other any more loses pending invites,
//! and who watches them. Games that run go on.

use std::sync::Arc;

use async_trait::async_trait;
use customer_api::CustomerEvent;
use kernel::id::AccountId;
use kernel::{Envelope, Limit};
use platform::inbox::{HandleError, Handler};

use super::App;
use super::finding::{leave_queue, part};
use super::follow_identity::system_call;
use super::list_invites::{self, Wanted};
use super::spectate;
use crate::domain::invite::Side;
use crate::store::{Cancelling, Cursor, StoreError};

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

/// What an event means for the queue: whoever lost its network leaves, two who are parted are asked no further, and
/// whoever joins a network waits among its people. Repeating it changes nothing more.
async fn sort_queue(app: &App, event: &CustomerEvent) -> Result<(), StoreError> {
    let call = system_call(app, CONSUMER);
    match event {
        CustomerEvent::RelationshipStarted { distributor, customer, .. }
        | CustomerEvent::RelationshipResumed { distributor, customer, .. } => {
            app.store.move_circle(*customer, *distributor).await
        }
        CustomerEvent::RelationshipSuspended { customer, .. }
        | CustomerEvent::RelationshipEnded { customer, .. }
        | CustomerEvent::RelationshipReassigned { customer, .. } => {
            leave_queue::stop(app, &call, *customer).await
        }
        CustomerEvent::BlockAdded { by, blocked } => part::separate(app, &call, *by, *blocked).await,
        CustomerEvent::BlockRemoved { .. } => Ok(()),
    }
}

/// Who is no more of the network that it was of.
fn departed(event: &CustomerEvent) -> Option<AccountId> {
    match event {
        CustomerEvent::RelationshipSuspended { customer, .. }
        | CustomerEvent::RelationshipEnded { customer, .. }
        | CustomerEvent::RelationshipReassigned { customer, .. } => Some(*customer),
        CustomerEvent::RelationshipStarted { .. }
        | CustomerEvent::RelationshipResumed { .. }
        | CustomerEvent::BlockAdded { .. }
        | CustomerEvent::BlockRemoved { .. } => None,
    }
}

/// Cancels what is pending between somebody who left a network and those of it, whom it may not play any more. While
/// that is in doubt the event waits.
async fn take_leave(app: &App, customer: AccountId) -> Result<(), HandleError> {
    for side in [Side::Creator, Side::Invitee] {
        let mut before = None;
        loop {
            let call = system_call(app, CONSUMER);
            let wanted = Wanted { side, only_open: true, before, limit: Limit::MAX };
            let page = list_invites::list(app, customer, wanted).await?;
            for invite in page.items.iter().filter(|invite| !invite.is_practice()) {
                let (one, other) = (invite.creator, invite.invitee);
                let known = app.knows_to_play(&call, one, other).await;
                if !known
                    .ok_or_else(|| HandleError::Retry("whom a customer may play is in doubt".to_owned()))?
                {
                    let parted = Cancelling::Between(one, other);
                    app.broadcast.notices(&app.store.cancel_invites(parted, None, app.stamp(&call)).await?);
                }
            }
            before = page.next;
            if before.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// What an event ends of watching. A game that runs goes on without those who watched it.
fn watching(event: &CustomerEvent) -> Option<Cancelling> {
    match event {
        CustomerEvent::RelationshipSuspended { customer, .. }
        | CustomerEvent::RelationshipEnded { customer, .. }
        | CustomerEvent::RelationshipReassigned { customer, .. } => Some(Cancelling::AllOf(*customer)),
        CustomerEvent::BlockAdded { by, blocked } => Some(Cancelling::Between(*by, *blocked)),
        CustomerEvent::RelationshipStarted { .. }
        | CustomerEvent::RelationshipResumed { .. }
        | CustomerEvent::BlockRemoved { .. } => None,
    }
}

#[async_trait]
impl Handler<CustomerEvent> for FollowCustomer {
    fn wants(&self, event: &Envelope<CustomerEvent>) -> bool {
        !matches!(event.event, CustomerEvent::BlockRemoved { .. })
    }

    async fn handle(&self, event: &Envelope<CustomerEvent>) -> Result<(), HandleError> {
        let app = self.0.as_ref();
        let cursor = Cursor { consumer: CONSUMER, number: event.number };
        sort_queue(app, &event.event).await?;
        if let Some(which) = watching(&event.event) {
            spectate::separate(app, &system_call(app, CONSUMER), which).await?;
        }
        if let Some(customer) = departed(&event.event) {
            take_leave(app, customer).await?;
        }
        let Some(which) = parted(&event.event) else { return Ok(app.store.advance(cursor).await?) };
        let stamp = app.stamp(&system_call(app, CONSUMER));
        let told = app.store.cancel_invites(which, Some(cursor), stamp).await?;
        app.broadcast.notices(&told);
        Ok(())
    }
}
