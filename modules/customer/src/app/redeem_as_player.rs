//! A signed-in player shows a code: one transaction redeems and begins the relationship; identity follows.

use kernel::id::{AccountId, RelationshipId};
use kernel::{CallContext, TypedId};
use secrecy::SecretString;

use super::{App, Failure, redeem_invite, release_reservations};
use crate::arrows;
use crate::domain::relationship::Relationship;
use crate::store::{AlreadyRelated, Attempt, PlayerRedeemed, Stop};

/// Why no relationship begins.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    /// Unknown, expired, revoked, used or held: one answer for all.
    Unusable,
    /// The player belongs to a distributor already; the invite stays open.
    AlreadyRelated,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    player: AccountId,
    code: &SecretString,
    key: &str,
) -> Result<Relationship, Error> {
    let code = app.keys.code(code).ok_or(Error::Unusable)?;
    let key = app.keys.key(code, key);
    for _ in 0..redeem_invite::TRIES {
        let act = app.act(call);
        let attempt = Attempt { code, key, redemption: app.ids.next(), until: act.at };
        let relationship: RelationshipId = RelationshipId::from_uuid(app.ids.uuid());
        match app.store.redeem_as_player(attempt, player, relationship, act).await {
            Ok(PlayerRedeemed::Related(relationship, posted)) => {
                (app.reach)(arrows::PLAYER_REDEEMED);
                app.owed.ring();
                app.push_all(&posted);
                metrics::counter!("customer_redemptions_total", "outcome" => "redeemed").increment(1);
                return Ok(relationship);
            }
            Ok(PlayerRedeemed::Unusable) => return Err(Error::Unusable),
            Ok(PlayerRedeemed::Lapsed(invite, redemption)) => {
                let released = release_reservations::one(app, call, invite, redemption).await;
                if !released.map_err(Error::Failed)? {
                    return Err(Error::Unusable);
                }
            }
            Err(Stop::Rule(AlreadyRelated)) => return Err(Error::AlreadyRelated),
            Err(Stop::Store(platform::db::StoreError::LostRace)) => {}
            Err(Stop::Store(error)) => return Err(Error::Failed(error.into())),
        }
    }
    Err(Error::Unusable)
}
