//! A lapsed reservation goes back to open. Nothing depends on when: a hold lapses by its own time in every predicate,
//! and identity's marker, written first, makes sure that nothing more comes of it.

use identity_api::Cancellation;
use kernel::id::{InviteId, RedemptionId};
use kernel::{CallContext, Limit};

use super::{App, Failure};
use crate::arrows;

/// Tidies up lapsed holds, a page at a time. Says how many were released.
pub(crate) async fn run(app: &App) -> Result<usize, Failure> {
    let call = app.own_call("customer.release");
    let mut released = 0;
    for (invite, redemption) in app.store.lapsed(app.clock.now(), Limit::MAX).await? {
        if one(app, &call, invite, redemption).await? {
            released += 1;
        }
    }
    Ok(released)
}

/// Releases one hold; false when an account came of it first, and it goes forward.
pub(crate) async fn one(
    app: &App,
    call: &CallContext,
    invite: InviteId,
    redemption: RedemptionId,
) -> Result<bool, Failure> {
    let decided = app.identity.cancel_redemption(call, redemption).await.map_err(Failure::of_identity)?;
    if decided == Cancellation::TooLate {
        return Ok(false);
    }
    (app.reach)(arrows::RELEASE_MARKED);
    // False means that somebody else released it already, which is as good.
    app.store.release(invite, redemption, app.act(call)).await?;
    Ok(true)
}
