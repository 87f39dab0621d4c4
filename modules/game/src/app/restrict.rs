//! Keeping somebody from new games until a time. Games that run go on.

use kernel::id::AccountId;
use kernel::{CallContext, Timestamp};

use super::App;
use super::finding::leave_queue;
use crate::store::{Cancelling, StoreError};

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    account: AccountId,
    until: Option<Timestamp>,
    reason: String,
) -> Result<(), StoreError> {
    app.store.restrict(account, until, reason, app.stamp(call)).await?;
    if until.is_some_and(|until| until > app.clock.now()) {
        leave_queue::stop(app, call, account).await?;
        let told = app.store.cancel_invites(Cancelling::AllOf(account), None, app.stamp(call)).await?;
        app.broadcast.notices(&told);
    }
    Ok(())
}
