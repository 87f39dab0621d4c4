//! What identity announces, and what follows from it here. Each event commits its effect and the cursor together.

use std::sync::Arc;

use async_trait::async_trait;
use identity_api::{IdentityEvent, RedemptionOrigin};
use kernel::Envelope;
use kernel::id::{AccountId, RelationshipId};
use platform::inbox::{HandleError, Handler};

use super::App;
use crate::arrows;
use crate::store::{NewLink, Orphan, Stop};

/// The consumer's hand.
pub(crate) struct HearIdentity(pub(crate) Arc<App>);

#[async_trait]
impl Handler<IdentityEvent> for HearIdentity {
    fn wants(&self, event: &Envelope<IdentityEvent>) -> bool {
        match &event.event {
            IdentityEvent::AccountCreated { redemption, .. } => redemption.is_some(),
            IdentityEvent::AccountChanged { .. }
            | IdentityEvent::AccountSuspended { .. }
            | IdentityEvent::AccountReinstated { .. }
            | IdentityEvent::DistributorChanged { .. } => true,
            IdentityEvent::AccountActivated { .. }
            | IdentityEvent::AccountDeleted { .. }
            | IdentityEvent::SessionsRevoked { .. } => false,
        }
    }

    async fn handle(&self, event: &Envelope<IdentityEvent>) -> Result<(), HandleError> {
        let app = &*self.0;
        match &event.event {
            IdentityEvent::AccountCreated { account, redemption: Some(origin), .. } => {
                link(app, event.number, *account, *origin).await?;
            }
            IdentityEvent::DistributorChanged { account, standing } => {
                let act = app.act(&app.own_call("customer.identity"));
                app.store.set_standing(event.number, *account, *standing, act).await?;
            }
            other => {
                let act = app.act(&app.own_call("customer.identity"));
                app.store.account_changed(event.number, other.account(), act).await?;
            }
        }
        app.owed.ring();
        Ok(())
    }
}

/// An account was created from a ticket: the invite is redeemed and the relationship begins, at once.
async fn link(
    app: &App,
    event: i64,
    account: AccountId,
    origin: RedemptionOrigin,
) -> Result<(), HandleError> {
    (app.reach)(arrows::CREATED_HEARD);
    let relationship: RelationshipId = app.ids.next();
    let link = NewLink { event, redemption: origin.redemption, account, relationship };
    let act = app.act(&app.own_call("customer.saga"));
    match app.store.link(link, act).await {
        Ok(posted) => {
            (app.reach)(arrows::REDEEMED);
            app.push_all(&posted);
            metrics::counter!("customer_redemptions_total", "outcome" => "redeemed").increment(1);
            Ok(())
        }
        Err(Stop::Store(error)) => Err(error.into()),
        Err(Stop::Rule(Orphan)) => Err(HandleError::Poison(format!(
            "no reserved invite waits for {}, which {account} came of",
            origin.redemption
        ))),
    }
}
