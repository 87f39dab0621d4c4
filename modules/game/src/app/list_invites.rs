//! Reading invites: one's own only.

use kernel::id::{AccountId, GameInviteId};
use kernel::{Limit, Page};

use super::App;
use crate::domain::invite::{Invite, Side};
use crate::store::{InvitesQuery, StoreError};

/// Which invites.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) side: Side,
    /// Only those that can still be accepted.
    pub(crate) only_open: bool,
    pub(crate) before: Option<GameInviteId>,
    pub(crate) limit: Limit,
}

/// One's own invites of one side, newest first.
pub(crate) async fn list(
    app: &App,
    account: AccountId,
    wanted: Wanted,
) -> Result<Page<Invite, GameInviteId>, StoreError> {
    let query = InvitesQuery {
        account,
        side: wanted.side,
        open_at: wanted.only_open.then(|| app.clock.now()),
        before: wanted.before,
        rows: wanted.limit.rows() + 1,
    };
    let rows = app.store.invites(query).await?;
    Ok(Page::from_rows(rows, wanted.limit, |last| last.id))
}

/// An invite, if it is to or from this account.
pub(crate) async fn one(
    app: &App,
    account: AccountId,
    id: GameInviteId,
) -> Result<Option<Invite>, StoreError> {
    Ok(app.store.invite(id).await?.filter(|invite| invite.side_of(account).is_some()))
}
