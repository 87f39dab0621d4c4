//! GET and DELETE /api/v1/sessions, DELETE /api/v1/sessions/{id}, POST /api/v1/auth/logout

use kernel::id::SessionId;
use kernel::{Limit, Timestamp};
use platform::web::{Answer, Caller, Cursor, List, NoContent, PathId, Problem, Query, State, Web, schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::app::sessions::{self, Ended};
use crate::domain::session::Session;

/// What the cursor of this list is bound to.
const FILTER: &str = "identity.sessions";

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// 1 to 100, 50 unless told.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    /// From the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    #[schema(value_type = schema::SessionId)]
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    device_id: Option<String>,
    device_name: Option<String>,
    user_agent: Option<String>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    last_used_at: Timestamp,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
}

impl SessionView {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            current: session.id == current,
            expires_at: session.refresh_until(),
            device_id: session.device.id,
            device_name: session.device.name,
            user_agent: session.device.user_agent,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
        }
    }
}

pub(super) async fn list(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    Query(query): Query<ListQuery>,
) -> Result<Answer<List<SessionView>>, Problem> {
    let principal = &caller.principal;
    let before = query.cursor.map(|cursor| cursor.open(&web, principal, FILTER)).transpose()?;
    let page = sessions::list(&app, principal, before, query.limit.unwrap_or_default()).await?;
    let page = page.map(|session| SessionView::new(session, principal.session));
    Ok(Answer::ok(List::from_page(page, |key| Cursor::seal(&web, principal, FILTER, key))))
}

pub(super) async fn end(
    caller: Caller,
    app: State<App>,
    PathId(session): PathId<SessionId>,
) -> Result<NoContent, Problem> {
    match sessions::end(&app, &caller.call, &caller.principal, session).await? {
        Ended::Now => Ok(NoContent),
        Ended::NotThere => Err(Problem::not_found()),
    }
}

pub(super) async fn end_others(caller: Caller, app: State<App>) -> Result<NoContent, Problem> {
    sessions::end_others(&app, &caller.call, &caller.principal).await?;
    Ok(NoContent)
}

pub(super) async fn sign_out(caller: Caller, app: State<App>) -> Result<NoContent, Problem> {
    // Whether it ended now or was over already, it is over.
    sessions::end(&app, &caller.call, &caller.principal, caller.principal.session).await?;
    Ok(NoContent)
}
