//! Joining the open queue. One account has one place in it, however often it asks.

use customer_api::CustomerError;
use kernel::id::AccountId;
use kernel::{CallContext, Principal, Timestamp};
use platform::idempotency::Claim;
use platform::web::ClaimParts;

use super::look_at_queue::{self, Standing};
use crate::app::{App, ratings};
use crate::domain::queue::{Entry, LEASE, Pool, Wish};
use crate::domain::rating::Family;
use crate::store::{Joining, StoreError};

/// Why nobody joined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error("the account may not start games until {0}")]
    Restricted(Timestamp),
    #[error("the account waits for something else already")]
    WaitsForOther,
    #[error("the idempotency key was used with another body")]
    KeyReused,
    #[error("a request with this idempotency key is at work")]
    InFlight,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Customer(#[from] CustomerError),
}

/// Where the account stands now, and whether it was this that made it wait.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    principal: &Principal,
    claim: ClaimParts,
    wish: Wish,
) -> Result<(Standing, bool), JoinError> {
    let (account, now) = (principal.account, app.clock.now());
    if let Some(until) = app.store.restricted_until(account, now).await? {
        return Err(JoinError::Restricted(until));
    }
    let entry = Entry {
        account,
        wish,
        pool: pool_of(&wish),
        // Without an answer nobody waits: in a network that is not its own, nobody would ever be found for it.
        circle: app.customer.head(call, account).await?,
        rating: rating_of(app, account, &wish).await?,
        since: now,
        seen_until: now.plus(LEASE),
        pairing: None,
    };
    let claim = Claim {
        scope: account.to_string(),
        route: claim.route,
        key: claim.key,
        body_digest: claim.digest,
        at: now,
    };
    let joining = match app.store.join_queue(entry.clone(), claim.clone(), app.stamp(call)).await {
        // It left at the same moment, elsewhere: by now it has.
        Err(StoreError::LostRace) => app.store.join_queue(entry, claim, app.stamp(call)).await?,
        other => other?,
    };
    match joining {
        Joining::Joined | Joining::Same | Joining::Repeated => {
            app.finding.waiting.ring();
            Ok((look_at_queue::run(app, account).await?, joining == Joining::Joined))
        }
        Joining::Other => Err(JoinError::WaitsForOther),
        Joining::KeyReused => Err(JoinError::KeyReused),
        Joining::InFlight => Err(JoinError::InFlight),
    }
}

fn pool_of(wish: &Wish) -> Pool {
    let rated: &[u8] = if wish.rated { b"rated\0" } else { b"unrated\0" };
    Pool(platform::crypto::sha256(&[b"whot queue\0", rated, wish.rules.canonical().as_bytes()]))
}

/// The rating by which this account is paired, in whole points.
async fn rating_of(app: &App, account: AccountId, wish: &Wish) -> Result<i32, StoreError> {
    let rating = ratings::rating_of(app, account, Family::of(&wish.rules)).await?;
    #[expect(clippy::cast_possible_truncation, reason = "ratings end at 4,000 points")]
    Ok(rating.points.round() as i32)
}
