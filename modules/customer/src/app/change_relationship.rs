//! A distributor suspends, resumes or ends a relationship; a customer may end its own.

use kernel::CallContext;
use kernel::id::AccountId;
use platform::db::StoreError;

use super::{App, Failure, read_relationships};
use crate::arrows;
use crate::domain::relationship::{Change, ChangeRefused, Relationship, RelationshipState};

/// Why nothing changed.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    /// There is none that the caller may know of.
    Unknown,
    /// The caller may know of it, but not do this.
    NotYours,
    WrongState(RelationshipState),
    /// It is not at the version that the caller knows.
    Stale,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    caller: AccountId,
    customer: AccountId,
    change: Change,
    known_version: i64,
) -> Result<Relationship, Error> {
    let found = read_relationships::visible(app, caller, customer).await.map_err(Error::Failed)?;
    let relationship = found.ok_or(Error::Unknown)?;
    let side = relationship.side(caller).ok_or(Error::Unknown)?;
    if relationship.version != known_version {
        return Err(Error::Stale);
    }
    let to = relationship.after(change, side).map_err(|refused| match refused {
        ChangeRefused::NotYours => Error::NotYours,
        ChangeRefused::WrongState => Error::WrongState(relationship.state),
    })?;
    match app.store.change(relationship, to, app.act(call)).await {
        Ok((changed, posted)) => {
            if to == RelationshipState::Ended {
                (app.reach)(arrows::ENDED);
                app.owed.ring();
            }
            app.push_all(&posted);
            Ok(changed)
        }
        Err(StoreError::LostRace) => Err(Error::Stale),
        Err(error) => Err(Error::Failed(error.into())),
    }
}
