//! A distributor looks at its invites.

use identity_api::AccountStanding;
use kernel::id::{AccountId, InviteId};
use kernel::{CallContext, Limit, Page};

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

/// An invite and the public name of whoever came through it, if identity told in time.
pub(crate) struct Named {
    pub(crate) invite: Invite,
    pub(crate) redeemer: Option<String>,
}

impl Named {
    fn of(invite: Invite, people: &[AccountStanding]) -> Self {
        let redeemer =
            people.iter().find(|person| invite.redeemed.is_some_and(|(by, _)| by == person.account));
        Self { redeemer: redeemer.map(|person| person.username.clone()), invite }
    }
}

/// A page of a distributor's invites, newest first.
pub(crate) async fn page(
    app: &App,
    call: &CallContext,
    distributor: AccountId,
    part: Part,
) -> Result<Page<Named, InviteId>, Failure> {
    let Part { shown, before, limit } = part;
    let query = InviteQuery { distributor, shown, before, limit, now: app.clock.now() };
    let rows = app.store.invites(query).await?;
    let page = Page::from_rows(rows, limit, |last| last.id);
    let redeemers = page.items.iter().filter_map(|invite| Some(invite.redeemed?.0));
    let people = app.names(call, redeemers.collect()).await;
    Ok(page.map(|invite| Named::of(invite, &people)))
}

/// One of a distributor's own invites.
pub(crate) async fn one(
    app: &App,
    call: &CallContext,
    distributor: AccountId,
    invite: InviteId,
) -> Result<Option<Named>, Failure> {
    let Some(invite) = app.store.invite(distributor, invite).await? else { return Ok(None) };
    let people = app.names(call, invite.redeemed.iter().map(|(by, _)| *by).collect()).await;
    Ok(Some(Named::of(invite, &people)))
}
