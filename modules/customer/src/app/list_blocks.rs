//! Somebody looks at the blocks it has set.

use kernel::id::AccountId;
use kernel::{CallContext, Limit, Page};

use super::{App, Failure};
use crate::domain::block::Block;

/// A block and the blocked person's public name, if identity told in time.
pub(crate) struct Named {
    pub(crate) block: Block,
    pub(crate) username: Option<String>,
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    by: AccountId,
    after: Option<AccountId>,
    limit: Limit,
) -> Result<Page<Named, AccountId>, Failure> {
    let rows = app.store.blocks(by, after, limit).await?;
    let page = Page::from_rows(rows, limit, |last| last.blocked);
    let people = app.names(call, page.items.iter().map(|block| block.blocked).collect()).await;
    Ok(page.map(|block| {
        let person = people.iter().find(|person| person.account == block.blocked);
        Named { username: person.map(|person| person.username.clone()), block }
    }))
}
