//! A distributor asks for an invite's code again: a new code for the same invite, and the old one is void.

use kernel::CallContext;
use kernel::id::{AccountId, InviteId};

use super::{App, Failure, Issued};
use crate::store::{ReissueRefused, Stop};

/// Why there is no new code.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    Unknown,
    /// Redeemed, revoked or expired.
    NotOpen,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    distributor: AccountId,
    invite: InviteId,
) -> Result<Issued, Error> {
    let (code, mac) = app.mint();
    match app.store.reissue(distributor, invite, mac, app.act(call)).await {
        Ok(invite) => Ok(Issued { invite, code }),
        Err(Stop::Rule(ReissueRefused::Unknown)) => Err(Error::Unknown),
        Err(Stop::Rule(ReissueRefused::NotOpen)) => Err(Error::NotOpen),
        Err(Stop::Store(error)) => Err(Error::Failed(error.into())),
    }
}
