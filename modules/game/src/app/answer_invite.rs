//! Declining an invite, or taking one's own back. Saying it twice is saying it once.

use kernel::CallContext;
use kernel::id::{AccountId, GameInviteId};

use super::App;
use crate::domain::invite::{
    CancelCause, DeclineReason, Invite, InviteClosed, InviteState, Side, check_open,
};
use crate::domain::notice::{Addressed, Notice};
use crate::store::{Closing, StoreError};

/// Looks at most: one that closes it, one that sees it closed, and some for those who were faster.
const ATTEMPTS: usize = 4;

/// Why the invite stands as it did.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("no such invite of this account")]
    NotFound,
    #[error("that is the other side's to do")]
    NotYours,
    #[error(transparent)]
    Closed(#[from] InviteClosed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The invitee does not want to play.
pub(crate) async fn decline(
    app: &App,
    call: &CallContext,
    account: AccountId,
    id: GameInviteId,
    reason: DeclineReason,
) -> Result<Invite, AnswerError> {
    let word = reason.as_str().to_owned();
    let notice = Notice::Declined { invite: id, reason: word.clone() };
    close(app, call, account, id, Side::Invitee, InviteState::Declined, word, notice).await
}

/// The creator takes it back.
pub(crate) async fn cancel(
    app: &App,
    call: &CallContext,
    account: AccountId,
    id: GameInviteId,
) -> Result<Invite, AnswerError> {
    let word = CancelCause::Creator.as_str().to_owned();
    let notice = Notice::Cancelled { invite: id, reason: word.clone() };
    close(app, call, account, id, Side::Creator, InviteState::Cancelled, word, notice).await
}

#[expect(clippy::too_many_arguments, reason = "what the two differ in, named at their two calls above")]
async fn close(
    app: &App,
    call: &CallContext,
    account: AccountId,
    id: GameInviteId,
    side: Side,
    state: InviteState,
    reason: String,
    notice: Notice,
) -> Result<Invite, AnswerError> {
    for _ in 0..ATTEMPTS {
        let invite = app.store.invite(id).await?.ok_or(AnswerError::NotFound)?;
        if invite.side_of(account).ok_or(AnswerError::NotFound)? != side {
            return Err(AnswerError::NotYours);
        }
        if invite.recorded == state {
            return Ok(invite);
        }
        let stamp = app.stamp(call);
        check_open(&invite, stamp.at)?;
        let to = if side == Side::Creator { invite.invitee } else { invite.creator };
        let notices = vec![Addressed { to, notice: notice.clone() }];
        let closing = Closing { invite: id, state, reason: reason.clone(), notices };
        // Nothing: somebody else closed it in between, and the next look says how.
        if let Some(told) = app.store.close_invite(closing, stamp).await? {
            app.broadcast.notices(&told);
        }
    }
    Err(AnswerError::Store(StoreError::LostRace))
}
