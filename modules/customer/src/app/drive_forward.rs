//! Owed steps are carried out until they are acknowledged: after a crash, after a lost answer, after a day. Never back.

use std::time::Duration;

use futures_util::future::join_all;
use identity_api::{IdentityError, Link};
use platform::db::StoreError;

use super::App;
use crate::arrows;
use crate::domain::drive::{self, Drive, DriveKind};

/// Steps carried out side by side; each is of another account.
const AT_ONCE: i64 = 16;
/// People told in one transaction.
const PAGE: i64 = 200;
/// How long one attempt has a step to itself.
const LEASE: Duration = Duration::from_secs(30);

/// Carries out what is due now, until nothing is. Says how many steps were acknowledged.
pub(crate) async fn run(app: &App) -> Result<usize, StoreError> {
    let mut settled = 0;
    loop {
        let due = app.store.due(app.clock.now(), AT_ONCE).await?;
        if due.is_empty() {
            return Ok(settled);
        }
        for outcome in join_all(due.into_iter().map(|drive| attempt(app, drive))).await {
            settled += usize::from(outcome?);
        }
    }
}

/// One attempt; true when the step is settled.
async fn attempt(app: &App, drive: Drive) -> Result<bool, StoreError> {
    if !app.store.lease(&drive, app.clock.now().plus(LEASE)).await? {
        return Ok(false);
    }
    if drive.kind == DriveKind::Announce {
        let act = app.act(&app.own_call("customer.announce"));
        app.push_all(&app.store.announce(drive, PAGE, act).await?);
        return Ok(true);
    }
    match tell_identity(app, &drive).await {
        Ok(()) => {
            (app.reach)(arrows::ACKNOWLEDGED);
            app.store.acknowledge(drive.id).await?;
            (app.reach)(arrows::SETTLED);
            Ok(true)
        }
        Err(error) => {
            metrics::counter!("customer_drive_failures_total", "kind" => drive.kind.as_str()).increment(1);
            tracing::warn!(kind = %drive.kind, account = %drive.account, %error, "identity did not acknowledge a step");
            app.store.postpone(drive.id, app.clock.now().plus(drive::pause(drive.attempts))).await?;
            Ok(false)
        }
    }
}

async fn tell_identity(app: &App, drive: &Drive) -> Result<(), IdentityError> {
    let call = app.own_call("customer.saga");
    let Some(relationship) = drive.relationship else { return Ok(()) };
    let link = Link { account: drive.account, relationship, redemption: drive.redemption };
    match drive.kind {
        DriveKind::Activate => app.identity.activate_redeemed(&call, link).await,
        DriveKind::Attach => app.identity.attach_relationship(&call, link).await,
        DriveKind::Detach => app.identity.detach_relationship(&call, link).await,
        DriveKind::Announce => Ok(()),
    }
}
