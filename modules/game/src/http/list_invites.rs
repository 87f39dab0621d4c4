//! GET /api/v1/games/invites

use kernel::Limit;
use kernel::id::GameInviteId;
use platform::web::{Answer, Caller, Cursor, List, Problem, Query, State, Web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::invite_view::{Direction, DirectionWord, InviteView};
use crate::app::App;
use crate::app::list_invites::{self, Wanted};
use crate::domain::invite::Side;

/// Which invites.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[param(value_type = DirectionWord)]
    direction: Direction,
    /// Only those that can still be accepted.
    #[serde(default)]
    open: bool,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    query: Query<ListQuery>,
) -> Result<Answer<List<InviteView>>, Problem> {
    let Query(query) = query;
    let filter = format!("game invites {} {}", query.direction, query.open);
    let before: Option<GameInviteId> =
        query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let side = match query.direction {
        Direction::Incoming => Side::Invitee,
        Direction::Outgoing => Side::Creator,
    };
    let wanted = Wanted { side, only_open: query.open, before, limit: query.limit.unwrap_or_default() };
    let account = caller.principal.account;
    let page = list_invites::list(&app, account, wanted).await?;
    let people = page.items.iter().flat_map(|invite| [invite.creator, invite.invitee]);
    let names = app.names.of(&caller.call, people).await;
    let now = app.clock.now();
    let page = page.map(|invite| InviteView::of(&invite, account, now, &names, &app.public_origin));
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, &caller.principal, &filter, last))))
}
