//! Somebody who is not signed in shows a code: the invite is reserved, and a ticket lets them register (DOMAIN.md 3).

use identity_api::RedemptionTicket;
use kernel::CallContext;
use kernel::Timestamp;
use kernel::id::{AccountId, RedemptionId};
use secrecy::SecretString;

use super::{App, Failure, release_reservations};
use crate::arrows;
use crate::store::{Attempt, Held, Reserved};

/// How often a lapsed hold of somebody else may be in the way of one attempt.
pub(crate) const TRIES: u32 = 3;

/// What the redeemer gets.
pub(crate) struct Ticketed {
    pub(crate) redemption: RedemptionId,
    pub(crate) distributor: AccountId,
    /// The distributor's public name, if identity told in time.
    pub(crate) distributor_name: Option<String>,
    pub(crate) ticket: SecretString,
    pub(crate) expires_at: Timestamp,
}

/// Why the redeemer gets nothing.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    /// Unknown, expired, revoked, used or held: one answer for all.
    Unusable,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    code: &SecretString,
    key: &str,
) -> Result<Ticketed, Error> {
    let held = reserve(app, call, code, key).await;
    let outcome = if held.is_ok() { "reserved" } else { "refused" };
    metrics::counter!("customer_redemptions_total", "outcome" => outcome).increment(1);
    let held = held?;
    (app.reach)(arrows::RESERVED);
    let names = app.names(call, vec![held.distributor]).await;
    let ticket = RedemptionTicket {
        redemption: held.redemption,
        distributor: held.distributor,
        expires_at: held.until,
    };
    Ok(Ticketed {
        redemption: held.redemption,
        distributor: held.distributor,
        distributor_name: names.into_iter().next().map(|account| account.username),
        ticket: app.keys.ticket(ticket),
        expires_at: held.until,
    })
}

async fn reserve(app: &App, call: &CallContext, code: &SecretString, key: &str) -> Result<Held, Error> {
    let code = app.keys.code(code).ok_or(Error::Unusable)?;
    let key = app.keys.key(code, key);
    for _ in 0..TRIES {
        let act = app.act(call);
        let until = act.at.plus(app.config.ticket());
        let attempt = Attempt { code, key, redemption: app.ids.next(), until };
        match app.store.reserve(attempt, act).await {
            Ok(Reserved::Held(held)) => return Ok(held),
            Ok(Reserved::Unusable) => return Err(Error::Unusable),
            Ok(Reserved::Lapsed(invite, redemption)) => {
                let released = release_reservations::one(app, call, invite, redemption).await;
                if !released.map_err(Error::Failed)? {
                    return Err(Error::Unusable);
                }
            }
            Err(platform::db::StoreError::LostRace) => {}
            Err(error) => return Err(Error::Failed(error.into())),
        }
    }
    Err(Error::Unusable)
}
