//! A distributor takes an invite back. If somebody holds a ticket for it, identity decides who was first.

use identity_api::Cancellation;
use kernel::CallContext;
use kernel::id::{AccountId, InviteId, RedemptionId};

use super::{App, Failure};
use crate::arrows;
use crate::domain::invite::{Invite, Revocation};

/// How often an invite may change hands under a revocation before it is given up for now.
const TRIES: u32 = 4;

/// Why it is not revoked.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    Unknown,
    /// A relationship came of it first.
    Redeemed,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    distributor: AccountId,
    id: InviteId,
) -> Result<Invite, Error> {
    for _ in 0..TRIES {
        let invite = app.store.invite(distributor, id).await.map_err(failed)?.ok_or(Error::Unknown)?;
        let holder = match invite.revocation() {
            Revocation::Done => return Ok(invite),
            Revocation::TooLate => return Err(Error::Redeemed),
            Revocation::Plain => None,
            Revocation::AskIdentity(redemption) => Some(cancel(app, call, redemption).await?),
        };
        // False when it was reserved, released or redeemed meanwhile: look again.
        app.store.revoke(id, holder, app.act(call)).await.map_err(failed)?;
    }
    Err(Error::Failed(Failure::Port(kernel::PortError::unavailable("the invite keeps changing"))))
}

async fn cancel(app: &App, call: &CallContext, redemption: RedemptionId) -> Result<RedemptionId, Error> {
    let decided = app.identity.cancel_redemption(call, redemption).await;
    match decided.map_err(|error| Error::Failed(Failure::of_identity(error)))? {
        Cancellation::TooLate => Err(Error::Redeemed),
        Cancellation::Cancelled => {
            (app.reach)(arrows::REVOKE_MARKED);
            Ok(redemption)
        }
    }
}

fn failed(error: platform::db::StoreError) -> Error {
    Error::Failed(error.into())
}
