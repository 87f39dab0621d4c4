//! POST /api/v1/auth/login

use platform::web::{Anonymous, Answer, Body, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::parse::{DeviceBody, Secret, device};
use super::{problem, signed_in};
use crate::app::App;
use crate::app::sign_in::{self, Attempt};

/// Who signs in.
#[expect(clippy::struct_field_names, reason = "the wire calls it so")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// A username or an email address.
    #[schema(max_length = 254)]
    login: String,
    #[schema(value_type = String, format = Password, max_length = 256)]
    password: Secret,
    device: Option<DeviceBody>,
}

pub(super) async fn handle(
    who: Anonymous,
    app: State<App>,
    Body(body): Body<Login>,
) -> Result<Answer<signed_in::SignedIn>, Problem> {
    let address = who.client.address;
    let device = device(body.device, who.client)?;
    let attempt = Attempt { login: body.login, password: body.password.0, device, address };
    let signed_in = sign_in::run(&app, &who.call, attempt).await.map_err(problem::of_sign_in)?;
    Ok(Answer::ok(signed_in::SignedIn::new(&signed_in, app.clock.now())))
}
