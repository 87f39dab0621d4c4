//! What somebody chooses about being found.

use kernel::CallContext;
use kernel::id::AccountId;

use super::online;
use crate::app::App;
use crate::domain::preferences::{Preferences, PresenceChoice};
pub(crate) use crate::store::Chosen;
use crate::store::StoreError;

/// What this account has chosen; what everybody has who never did, otherwise.
pub(crate) async fn get(app: &App, account: AccountId) -> Result<Chosen, StoreError> {
    app.store.preferences(account).await
}

/// Chooses anew. `None` if `seen` is not the newest version.
pub(crate) async fn choose(
    app: &App,
    call: &CallContext,
    account: AccountId,
    seen: i64,
    preferences: Preferences,
) -> Result<Option<Chosen>, StoreError> {
    let chosen = app.store.choose(account, seen, preferences, app.stamp(call)).await?;
    let is_seen =
        chosen.as_ref().is_some_and(|chosen| chosen.preferences.presence == PresenceChoice::Network);
    if is_seen && let Err(error) = online::show(app, account).await {
        // The choice stands: said to have failed it would be made again, and refused by its version.
        tracing::warn!(%error, "somebody who wants to be seen online will be with the next renewal");
    }
    Ok(chosen)
}
