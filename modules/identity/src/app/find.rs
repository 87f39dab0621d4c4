//! Looking up what others show: one account, one distributor.

use kernel::id::AccountId;
use platform::db::StoreError;

use super::App;
use crate::domain::account::Account;
use crate::domain::distributor::Distributor;

/// The account, if there is one.
pub(crate) async fn account(app: &App, id: AccountId) -> Result<Option<Account>, StoreError> {
    app.store.account(id).await
}

/// The distributor, if the account is one.
pub(crate) async fn distributor(app: &App, id: AccountId) -> Result<Option<Distributor>, StoreError> {
    app.store.distributor(id).await
}
