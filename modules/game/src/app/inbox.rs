//! Reading one's own notices again, from wherever one stopped.

use kernel::id::AccountId;

use super::App;
pub(crate) use crate::store::{Noted, StoreError};

/// The number of an account's latest notice; 0 if there never was one.
pub(crate) async fn head(app: &App, account: AccountId) -> Result<u64, StoreError> {
    app.store.notice_head(account).await
}

/// The notices after `after`, in order.
pub(crate) async fn after(
    app: &App,
    account: AccountId,
    after: u64,
    limit: u32,
) -> Result<Vec<Noted>, StoreError> {
    app.store.notices(account, after, limit).await
}
