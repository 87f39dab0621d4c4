//! Who is in an account's network: its distributor and all of that one's customers.

use customer_api::NetworkQuery;
use kernel::Page;
use kernel::id::AccountId;

use super::{App, Failure};

pub(crate) async fn run(app: &App, query: NetworkQuery) -> Result<Page<AccountId, AccountId>, Failure> {
    let rows = app.store.network(query.account, query.after, query.limit).await?;
    Ok(Page::from_rows(rows, query.limit, |last| *last))
}
