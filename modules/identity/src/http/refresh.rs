//! POST /api/v1/auth/refresh

use platform::web::{Anonymous, Answer, Body, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::parse::Secret;
use super::{problem, signed_in};
use crate::app::{App, refresh_tokens};

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    #[schema(value_type = String)]
    refresh_token: Secret,
}

pub(super) async fn handle(
    who: Anonymous,
    app: State<App>,
    Body(body): Body<Refresh>,
) -> Result<Answer<signed_in::SignedIn>, Problem> {
    let tokens =
        refresh_tokens::run(&app, &who.call, body.refresh_token.0).await.map_err(problem::of_refresh)?;
    Ok(Answer::ok(signed_in::SignedIn::new(&tokens, app.clock.now())))
}
