//! A distributor sets or clears the VIP flag of its own customer. The flag is identity's; the right to set it is decided here.

use identity_api::Vip;
use kernel::CallContext;
use kernel::id::AccountId;

use super::{App, Failure};
use crate::domain::relationship::RelationshipState;

/// Why the flag is not changed.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    /// Not a live relationship of the caller's.
    Unknown,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    distributor: AccountId,
    customer: AccountId,
    enabled: bool,
) -> Result<(), Error> {
    let failed = |error: platform::db::StoreError| Error::Failed(error.into());
    let found = app.store.between(distributor, customer).await.map_err(failed)?;
    let relationship = found.filter(|one| one.state != RelationshipState::Ended).ok_or(Error::Unknown)?;
    // Who authorised it is on record before it can take effect.
    app.store.vip_marked(relationship.id, enabled, app.act(call)).await.map_err(failed)?;
    let set = app.identity.set_vip(call, Vip { account: customer, enabled }).await;
    set.map_err(|error| Error::Failed(Failure::of_identity(error)))
}
