//! The people of one's own network. Who is online is told of those who want it told, to those who may play them; who
//! keeps it to oneself and who is away look alike.

use customer_api::{CustomerError, NetworkQuery};
use futures_util::stream::{self, StreamExt};
use identity_api::{AccountStatus, IdentityError};
use kernel::id::AccountId;
use kernel::{CallContext, Limit, Page, PortError};

use crate::app::App;
use crate::store::StoreError;

/// Pairs asked about at the same time, for one caller: others have questions too.
const AT_ONCE: usize = 8;

/// Somebody of one's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acquaintance {
    pub(crate) account: AccountId,
    pub(crate) username: String,
    pub(crate) online: bool,
}

/// Why nobody is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeopleError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A page of them, by account id. Accounts that are not active are left out.
pub(crate) async fn list(
    app: &App,
    call: &CallContext,
    account: AccountId,
    after: Option<AccountId>,
    limit: Limit,
) -> Result<Page<Acquaintance, AccountId>, PeopleError> {
    let asked = app.customer.network(call, NetworkQuery { account, after, limit }).await;
    let page = asked.map_err(|CustomerError::Port { source }| source)?;
    let standings = app.identity.accounts(call, page.items.clone()).await.map_err(|error| match error {
        IdentityError::Port { source } => source,
        other => PortError::unavailable(other),
    })?;
    let online = visible(app, call, account, page.items.clone()).await?;
    let shown = |member: &AccountId| {
        let standing = standings.iter().find(|standing| standing.account == *member)?;
        let active = standing.status == AccountStatus::Active;
        active.then(|| Acquaintance {
            account: *member,
            username: standing.username.clone(),
            online: online.contains(member),
        })
    };
    Ok(Page { items: page.items.iter().filter_map(shown).collect(), next: page.next })
}

/// Which of these are online for this account.
async fn visible(
    app: &App,
    call: &CallContext,
    account: AccountId,
    members: Vec<AccountId>,
) -> Result<Vec<AccountId>, StoreError> {
    let online = app.store.online(members, app.clock.now()).await?;
    let asked = online.into_iter().map(async |member| (member, app.may_play(call, account, member).await));
    let met: Vec<(AccountId, bool)> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    Ok(met.into_iter().filter_map(|(member, may_meet)| may_meet.then_some(member)).collect())
}
