//! One person blocks another, or lifts the block.

use identity_api::AccountStatus;
use kernel::CallContext;
use kernel::id::AccountId;

use super::{App, Failure};
use crate::store::{Stop, TooManyBlocks};

/// Why there is no block.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    Oneself,
    Unknown,
    TooMany,
    Failed(Failure),
}

pub(crate) async fn add(
    app: &App,
    call: &CallContext,
    by: AccountId,
    blocked: AccountId,
) -> Result<(), Error> {
    if by == blocked {
        return Err(Error::Oneself);
    }
    let accounts = app.standings(call, vec![blocked]).await;
    let accounts = accounts.map_err(|error| Error::Failed(Failure::of_identity(error)))?;
    if accounts.iter().all(|account| account.status == AccountStatus::Deleted) {
        return Err(Error::Unknown);
    }
    match app.store.block(by, blocked, app.config.max_blocks.into(), app.act(call)).await {
        Ok(posted) => {
            app.push_all(&posted);
            Ok(())
        }
        Err(Stop::Rule(TooManyBlocks)) => Err(Error::TooMany),
        Err(Stop::Store(error)) => Err(Error::Failed(error.into())),
    }
}

pub(crate) async fn lift(
    app: &App,
    call: &CallContext,
    by: AccountId,
    blocked: AccountId,
) -> Result<(), Failure> {
    let posted = app.store.unblock(by, blocked, app.act(call)).await?;
    app.push_all(&posted);
    Ok(())
}
