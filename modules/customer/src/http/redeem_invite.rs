//! `POST /api/v1/invites/redeem` and `POST /api/v1/invites/{token}/redeem`

use kernel::Timestamp;
use kernel::id::{AccountId, RedemptionId, RelationshipId};
use platform::web::{Answer, IdempotencyKey, Keyed, MaybeCaller, PathSecret, Problem, State, schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem;
use crate::app::{App, redeem_as_player, redeem_invite};

/// The code of an invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemRequest {
    /// `civ_` and 38 characters, from the invite's link or QR code.
    #[schema(max_length = 200)]
    token: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Redemption {
    /// Not signed in: register with this ticket before it expires.
    Reserved {
        #[schema(value_type = schema::RedemptionId)]
        redemption_id: RedemptionId,
        ticket: String,
        #[schema(value_type = schema::Time)]
        expires_at: Timestamp,
        #[schema(value_type = schema::AccountId)]
        distributor_id: AccountId,
        /// The distributor's public name, when it is known in time.
        distributor_username: Option<String>,
    },
    /// Signed in: the relationship stands.
    Related {
        #[schema(value_type = Option<schema::RedemptionId>)]
        redemption_id: Option<RedemptionId>,
        #[schema(value_type = schema::RelationshipId)]
        relationship_id: RelationshipId,
        #[schema(value_type = schema::AccountId)]
        distributor_id: AccountId,
    },
}

pub(crate) async fn by_body(
    caller: MaybeCaller,
    app: State<App>,
    request: Keyed<RedeemRequest>,
) -> Result<Answer<Redemption>, Problem> {
    redeem(caller, app, request.body.token.into(), request.claim.key).await
}

pub(crate) async fn by_path(
    caller: MaybeCaller,
    app: State<App>,
    token: PathSecret,
    key: IdempotencyKey,
) -> Result<Answer<Redemption>, Problem> {
    redeem(caller, app, token.0, key.0).await
}

async fn redeem(
    caller: MaybeCaller,
    app: State<App>,
    code: SecretString,
    key: String,
) -> Result<Answer<Redemption>, Problem> {
    let redemption = match caller.principal {
        None => redeem_invite::run(&app, &caller.call, &code, &key)
            .await
            .map(reserved)
            .map_err(problem::of_redeem)?,
        Some(player) => {
            let begun = redeem_as_player::run(&app, &caller.call, player.account, &code, &key).await;
            let relationship = begun.map_err(problem::of_redeem_as_player)?;
            Redemption::Related {
                redemption_id: relationship.origin.map(|origin| origin.redemption),
                relationship_id: relationship.id,
                distributor_id: relationship.distributor,
            }
        }
    };
    Ok(Answer::ok(redemption))
}

fn reserved(ticketed: redeem_invite::Ticketed) -> Redemption {
    Redemption::Reserved {
        redemption_id: ticketed.redemption,
        ticket: ticketed.ticket.expose_secret().to_owned(),
        expires_at: ticketed.expires_at,
        distributor_id: ticketed.distributor,
        distributor_username: ticketed.distributor_name,
    }
}
