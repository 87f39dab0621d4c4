//! POST /api/v1/auth/activate

use platform::web::{Anonymous, Answer, Body, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::parse::{DeviceBody, Secret, device};
use super::{problem, signed_in};
use crate::app::{App, activate};

/// A token and the credential it sets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activation {
    /// From `whot admin bootstrap`, an admin or an approver.
    #[schema(value_type = String)]
    token: Secret,
    /// At least 15 characters; nothing is asked of its composition.
    #[schema(value_type = String, format = Password, min_length = 15, max_length = 256)]
    password: Secret,
    device: Option<DeviceBody>,
}

pub(super) async fn handle(
    who: Anonymous,
    app: State<App>,
    Body(body): Body<Activation>,
) -> Result<Answer<signed_in::SignedIn>, Problem> {
    let device = device(body.device, who.client)?;
    let signed_in = activate::run(&app, &who.call, body.token.0, body.password.0, device)
        .await
        .map_err(problem::of_activate)?;
    Ok(Answer::ok(signed_in::SignedIn::new(&signed_in, app.clock.now())))
}
