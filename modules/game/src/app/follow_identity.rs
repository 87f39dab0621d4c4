//! What happens in identity and matters to games: a stopped account's games are void, an ended session's tokens dead.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use identity_api::{DistributorStanding, IdentityEvent};
use kernel::id::AccountId;
use kernel::{Actor, CallContext, Envelope, RequestId};
use platform::inbox::{HandleError, Handler};

use super::finding::leave_queue;
use super::hot::Trouble;
use super::{App, spectate, void_games};
use crate::store::{Cancelling, Cursor, Sessions};

pub(crate) const CONSUMER: &str = "game.identity";
const PATIENCE: Duration = Duration::from_secs(30);

/// Follows identity's events.
pub(crate) struct FollowIdentity(pub(crate) Arc<App>);

#[async_trait]
impl Handler<IdentityEvent> for FollowIdentity {
    fn wants(&self, event: &Envelope<IdentityEvent>) -> bool {
        match &event.event {
            IdentityEvent::AccountChanged { .. }
            | IdentityEvent::AccountSuspended { .. }
            | IdentityEvent::AccountDeleted { .. }
            | IdentityEvent::SessionsRevoked { .. } => true,
            IdentityEvent::DistributorChanged { standing, .. } => is_stopped(*standing),
            IdentityEvent::AccountCreated { .. }
            | IdentityEvent::AccountActivated { .. }
            | IdentityEvent::AccountReinstated { .. } => false,
        }
    }

    async fn handle(&self, event: &Envelope<IdentityEvent>) -> Result<(), HandleError> {
        let app = self.0.as_ref();
        let cursor = Cursor { consumer: CONSUMER, number: event.number };
        match &event.event {
            IdentityEvent::AccountSuspended { account } => {
                stop(app, *account, "account_suspended", cursor).await
            }
            IdentityEvent::AccountDeleted { account } => stop(app, *account, "account_deleted", cursor).await,
            IdentityEvent::DistributorChanged { account, .. } => {
                cancel(app, &system_call(app, CONSUMER), *account, Some(cursor)).await
            }
            IdentityEvent::SessionsRevoked { account, session } => {
                let ended = Sessions { account: *account, session: *session };
                Ok(app.store.drop_reconnects(ended, cursor).await?)
            }
            other => {
                app.names.forget(other.account());
                Ok(app.store.advance(cursor).await?)
            }
        }
    }
}

fn is_stopped(standing: DistributorStanding) -> bool {
    use DistributorStanding::{Ended, Offboarding, Suspended};
    matches!(standing, Suspended | Offboarding | Ended)
}

/// The account's games are void, unrated, and its invites gone. Every step is idempotent, so a crash in between repeats
/// them.
///
/// What could still begin a game goes first: an acceptance is conditional on its invite or pairing being open, so it is
/// either refused from then on, or committed before and among the games that are voided.
async fn stop(app: &App, account: AccountId, reason: &str, cursor: Cursor) -> Result<(), HandleError> {
    app.names.forget(account);
    let call = system_call(app, CONSUMER);
    cancel(app, &call, account, None).await?;
    void_games::run(app, &call, account, reason).await.map_err(|trouble| match trouble {
        Trouble::Store(error) => HandleError::from(error),
        trouble if trouble.may_pass() => HandleError::Retry(trouble.to_string()),
        trouble => HandleError::Poison(trouble.to_string()),
    })?;
    Ok(app.store.advance(cursor).await?)
}

/// The account waits for nobody, watches nobody and is watched by nobody; and its invites are cancelled, in one
/// transaction with the cursor if there is one.
async fn cancel(
    app: &App,
    call: &CallContext,
    account: AccountId,
    cursor: Option<Cursor>,
) -> Result<(), HandleError> {
    leave_queue::stop(app, call, account).await?;
    spectate::separate(app, call, Cancelling::AllOf(account)).await?;
    let told = app.store.cancel_invites(Cancelling::AllOf(account), cursor, app.stamp(call)).await?;
    app.broadcast.notices(&told);
    Ok(())
}

pub(super) fn system_call(app: &App, name: &str) -> CallContext {
    let request = RequestId::fresh(app.random.as_ref());
    CallContext::new(Actor::system(name), request, app.clock.now(), PATIENCE)
}
