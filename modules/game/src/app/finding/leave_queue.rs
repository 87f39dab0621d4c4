//! Leaving the queue, with or without a pairing on offer. Leaving twice is leaving once.

use kernel::CallContext;
use kernel::id::AccountId;

use super::part;
use crate::app::App;
use crate::domain::pairing::Cause;
use crate::domain::queue::LeaveCause;
use crate::store::StoreError;

/// Looks at most while pairings come and go.
const ATTEMPTS: usize = 8;

/// Of one's own accord: what is on offer is refused by it.
pub(crate) async fn run(app: &App, call: &CallContext, account: AccountId) -> Result<(), StoreError> {
    leave(app, call, account, None).await
}

/// Because the account may not play now: what is on offer is cancelled by it.
pub(crate) async fn stop(app: &App, call: &CallContext, account: AccountId) -> Result<(), StoreError> {
    leave(app, call, account, Some(LeaveCause::NotAvailable)).await
}

async fn leave(
    app: &App,
    call: &CallContext,
    account: AccountId,
    cause: Option<LeaveCause>,
) -> Result<(), StoreError> {
    app.aliveness.settled().await?;
    for _ in 0..ATTEMPTS {
        let Some(entry) = app.store.queue_entry(account).await? else { return Ok(()) };
        if let Some(id) = entry.pairing {
            let Some(pairing) = app.store.pairing(id).await? else { continue };
            let Some(seat) = pairing.seat_of(account) else { continue };
            let cause = if cause.is_some() { Cause::Stopped(seat) } else { Cause::Refusal(seat) };
            part::end(app, app.stamp(call), &pairing, cause).await?;
        } else if let Some(told) = app.store.leave_queue(account, cause, app.stamp(call)).await? {
            app.broadcast.notices(&told);
            return Ok(());
        }
    }
    Err(StoreError::LostRace)
}
