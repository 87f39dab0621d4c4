//! Ending what is on offer: by a refusal, by time, or because two may not play each other any more. Whoever waits on
//! keeps the time already waited.

use kernel::CallContext;
use kernel::id::AccountId;

use crate::app::App;
use crate::domain::pairing::{Cause, Pairing, PairingState};
use crate::store::{Cancelling, Stamp, StoreError};

/// Looks at most while answers come in between.
const ATTEMPTS: usize = 4;

/// Ends a pairing as it was seen. Whether it was this that ended it. One whose time is over has ended by that, whoever
/// comes first to say so: who never answered does not wait on because the other leaves later.
pub(super) async fn end(app: &App, stamp: Stamp, seen: &Pairing, cause: Cause) -> Result<bool, StoreError> {
    let cause = if seen.state(stamp.at) == PairingState::Expired { Cause::Time } else { cause };
    let Some(told) = app.store.end_pairing(seen, seen.ended(cause), stamp).await? else { return Ok(false) };
    app.broadcast.notices(&told);
    app.finding.waiting.ring();
    Ok(true)
}

/// The two may not play each other any more: what is on offer between them ends, and both wait on.
pub(crate) async fn separate(
    app: &App,
    call: &CallContext,
    one: AccountId,
    other: AccountId,
) -> Result<(), StoreError> {
    app.aliveness.settled().await?;
    for _ in 0..ATTEMPTS {
        let offered = app.store.offered_pairings(Cancelling::Between(one, other)).await?;
        if offered.is_empty() {
            return Ok(());
        }
        for pairing in offered {
            end(app, app.stamp(call), &pairing, Cause::Parted).await?;
        }
    }
    Err(StoreError::LostRace)
}
