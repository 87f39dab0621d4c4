//! Stopping and restoring accounts, and what relationships make of them.

use identity_api::{Cancellation, Link, Vip};
use kernel::CallContext;
use kernel::id::{AccountId, RedemptionId};
use platform::db::StoreError;

use super::App;
use crate::domain::account::Account;
use crate::store::{Linked, StandingChange, Tied};

/// Why an account's standing did not change.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StandingError {
    #[error("no such account")]
    NoSuchAccount,
    #[error("the account's state does not allow this")]
    WrongState,
    #[error("the last admin stays")]
    LastAdmin,
    #[error("nobody stops itself")]
    OwnAccount,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stops an account: its sessions and sockets end at once.
pub(crate) async fn suspend(
    app: &App,
    call: &CallContext,
    account: AccountId,
    reason: String,
) -> Result<Account, StandingError> {
    if call.actor.account() == Some(account) {
        return Err(StandingError::OwnAccount);
    }
    settled(app, app.store.suspend(app.stamp(call), account, reason).await?)
}

/// Restores a stopped account. Ended sessions stay ended.
pub(crate) async fn reinstate(
    app: &App,
    call: &CallContext,
    account: AccountId,
    reason: String,
) -> Result<Account, StandingError> {
    settled(app, app.store.reinstate(app.stamp(call), account, reason).await?)
}

fn settled(app: &App, change: StandingChange) -> Result<Account, StandingError> {
    match change {
        StandingChange::Changed(account, revocation) => {
            app.revocations.apply(&revocation);
            Ok(account)
        }
        StandingChange::Unchanged(account) => Ok(account),
        StandingChange::NoSuchAccount => Err(StandingError::NoSuchAccount),
        StandingChange::WrongState => Err(StandingError::WrongState),
        StandingChange::LastAdmin => Err(StandingError::LastAdmin),
    }
}

/// Sets or clears the VIP flag.
pub(crate) async fn set_vip(app: &App, call: &CallContext, vip: Vip) -> Result<(), StandingError> {
    tied(app, app.store.set_vip(app.stamp(call), vip.account, vip.enabled).await?)
}

/// A relationship began.
pub(crate) async fn attach(app: &App, call: &CallContext, link: Link) -> Result<(), StandingError> {
    tied(app, app.store.attach(app.stamp(call), link).await?)
}

/// A relationship ended.
pub(crate) async fn detach(app: &App, call: &CallContext, link: Link) -> Result<(), StandingError> {
    tied(app, app.store.detach(app.stamp(call), link).await?)
}

fn tied(app: &App, outcome: Tied) -> Result<(), StandingError> {
    match outcome {
        Tied::Changed(revocation) => {
            app.revocations.apply(&revocation);
            Ok(())
        }
        Tied::Unchanged => Ok(()),
        Tied::NoSuchAccount => Err(StandingError::NoSuchAccount),
        Tied::WrongState => Err(StandingError::WrongState),
    }
}

/// Customer has linked an account that a redemption created.
pub(crate) async fn link_redeemed(app: &App, call: &CallContext, link: Link) -> Result<Linked, StoreError> {
    let linked = app.store.link_redeemed(app.stamp(call), link).await?;
    (app.reach)("identity.activated");
    Ok(linked)
}

/// Customer wants no account to come of a redemption.
pub(crate) async fn cancel_redemption(
    app: &App,
    call: &CallContext,
    redemption: RedemptionId,
) -> Result<Cancellation, StoreError> {
    app.store.cancel_redemption(app.stamp(call), redemption).await
}
