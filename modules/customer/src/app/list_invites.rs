//! A distributor looks at its invites.

use kernel::id::{AccountId, InviteId};
use kernel::{Limit, Page};

use super::{App, Failure};
use crate::domain::invite::{Invite, InviteShown};
use crate::store::InviteQuery;

/// Which part of the list.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) shown: Option<InviteShown>,
    /// Older than this one.
    pub(crate) before: Option<InviteId>,
    pub(crate) limit: Limit,
}

/// A page of a distributor's invites, newest first.
pub(crate) async fn page(app: &App, distributor: AccountId, part: Part) -> Result<Page<Invite, InviteId>, Failure> {
    let Part { shown, before, limit } = part;
    let query = InviteQuery { distributor, shown, before, limit, now: app.clock.now() };
    let rows = app.store.invites(query).await?;
    Ok(Page::from_rows(rows, limit, |last| last.id))
}

/// One of a distributor's own invites.
pub(crate) async fn one(app: &App, distributor: AccountId, invite: InviteId) -> Result<Option<Invite>, Failure> {
    Ok(app.store.invite(distributor, invite).await?)
}
