//! The creator's own entropy: taken after the commitment is known, replaceable until somebody accepts.

use kernel::id::{AccountId, GameInviteId};

use super::App;
use crate::domain::invite::{InviteClosed, Side, check_open};
use crate::domain::shuffle::Entropy;
use crate::store::StoreError;

/// Why the entropy was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntropyError {
    #[error("no such invite of this account")]
    NotFound,
    #[error("the acceptor gives its entropy with the acceptance")]
    NotYours,
    #[error(transparent)]
    Closed(#[from] InviteClosed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn run(
    app: &App,
    account: AccountId,
    id: GameInviteId,
    entropy: Entropy,
) -> Result<(), EntropyError> {
    // A second look only after a race that this one lost.
    for _ in 0..2 {
        let invite = app.store.invite(id).await?.ok_or(EntropyError::NotFound)?;
        match invite.side_of(account).ok_or(EntropyError::NotFound)? {
            Side::Creator => {}
            Side::Invitee => return Err(EntropyError::NotYours),
        }
        let now = app.clock.now();
        check_open(&invite, now)?;
        if app.store.put_entropy(id, entropy, now).await? {
            return Ok(());
        }
    }
    Err(EntropyError::Closed(InviteClosed::Cancelled))
}
