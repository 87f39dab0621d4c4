//! POST /api/v1/auth/register

use actix_web::{HttpRequest, HttpResponse, Responder};
use kernel::id::RedemptionId;
use platform::crypto::sha256;
use platform::web::{Anonymous, Answer, Body, ClaimParts, Problem, State, schema};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parse::{DeviceBody, Secret, device, email, username};
use super::{problem, signed_in};
use crate::app::App;
use crate::app::register::{self, Outcome, Request};
use crate::domain::email::Email;
use crate::domain::username::Username;

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    /// From redeeming an invite.
    #[schema(value_type = Option<String>)]
    ticket: Option<Secret>,
    #[schema(min_length = 3, max_length = 32)]
    username: String,
    /// At least 15 characters; nothing is asked of its composition.
    #[schema(value_type = String, format = Password, min_length = 15, max_length = 256)]
    password: Secret,
    /// Private; never shown to anybody else.
    #[schema(max_length = 254)]
    email: Option<String>,
    device: Option<DeviceBody>,
}

/// The account exists; its relationship does not stand yet.
#[derive(Serialize, ToSchema)]
pub(super) struct Pending {
    #[schema(value_type = schema::RedemptionId)]
    redemption_id: RedemptionId,
    /// Where to ask how it goes on.
    status_url: String,
    /// To be sent there as `X-Registration-Token`. Opens nothing else.
    registration_token: String,
}

pub(super) async fn handle(
    who: Anonymous,
    app: State<App>,
    request: HttpRequest,
    Body(body): Body<Registration>,
) -> Result<HttpResponse, Problem> {
    let (username, email) = (username(&body.username)?, email(body.email)?);
    let claim = claim(&request, &username, email.as_ref());
    let device = device(body.device, who.client)?;
    let ticket = body.ticket.map(|ticket| ticket.0);
    let asked = Request { ticket, username, password: body.password.0, email, device, claim };
    match register::run(&app, &who.call, asked).await.map_err(problem::of_register)? {
        Outcome::SignedIn(signed_in) => {
            let answer = signed_in::SignedIn::new(&signed_in, app.clock.now());
            Ok(Answer::created("/api/v1/users/me", answer).respond_to(&request).map_into_boxed_body())
        }
        Outcome::Pending { redemption, token } => {
            let status_url = format!("/api/v1/auth/registrations/{redemption}");
            let registration_token = token.expose_secret().to_owned();
            let pending =
                Pending { redemption_id: redemption, status_url: status_url.clone(), registration_token };
            Ok(Answer::accepted(status_url, pending).respond_to(&request).map_into_boxed_body())
        }
    }
}

/// What makes a registration without a ticket repeatable. The password is no part of the digest: a hash of it that
/// costs nothing must not be kept, and it is proved again anyway.
fn claim(request: &HttpRequest, username: &Username, email: Option<&Email>) -> Option<ClaimParts> {
    let key = request.headers().get("idempotency-key")?.to_str().ok()?.to_owned();
    let email = email.map(Email::key).unwrap_or_default();
    let digest = sha256(&[username.key().as_bytes(), b"\0", email.as_bytes()]);
    Some(ClaimParts { key, route: "POST /api/v1/auth/register".to_owned(), digest })
}
