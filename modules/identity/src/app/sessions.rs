//! One's own sessions: listing and ending them.

use kernel::id::SessionId;
use kernel::{CallContext, Limit, Page, Principal};
use platform::db::StoreError;

use super::App;
use crate::domain::session::{EndReason, Session};

/// A page of the caller's live sessions, newest first.
pub(crate) async fn list(
    app: &App,
    principal: &Principal,
    before: Option<SessionId>,
    limit: Limit,
) -> Result<Page<Session, SessionId>, StoreError> {
    let rows = app.store.sessions(principal.account, before, limit, app.clock.now()).await?;
    Ok(Page::from_rows(rows, limit, |session| session.id))
}

/// Whether there was such a session to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Now,
    NotThere,
}

/// Ends one of the caller's sessions.
pub(crate) async fn end(
    app: &App,
    call: &CallContext,
    principal: &Principal,
    session: SessionId,
) -> Result<Ended, StoreError> {
    let reason = if session == principal.session { EndReason::SignedOut } else { EndReason::Revoked };
    let revocation = app.store.end_session(app.stamp(call), principal.account, session, reason).await?;
    let Some(revocation) = revocation else { return Ok(Ended::NotThere) };
    app.revocations.apply(&revocation);
    Ok(Ended::Now)
}

/// Ends all of the caller's sessions but the present one.
pub(crate) async fn end_others(
    app: &App,
    call: &CallContext,
    principal: &Principal,
) -> Result<(), StoreError> {
    loop {
        let ended =
            app.store.end_other_sessions(app.stamp(call), principal.account, principal.session).await?;
        for revocation in &ended {
            app.revocations.apply(revocation);
        }
        if ended.is_empty() {
            return Ok(());
        }
    }
}
