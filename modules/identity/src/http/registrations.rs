//! `GET /api/v1/auth/registrations/{redemption_id}`

use actix_web::HttpRequest;
use identity_api::AccountStatus;
use kernel::id::RedemptionId;
use platform::web::{Anonymous, Answer, PathId, Problem, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, register};

/// How a registration goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct Progress {
    state: ProgressState,
}

/// Whether one can sign in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ProgressState {
    /// Not yet: ask again.
    Pending,
    /// Send the same registration again, or sign in.
    Complete,
}

pub(super) async fn handle(
    _who: Anonymous,
    app: State<App>,
    PathId(redemption): PathId<RedemptionId>,
    request: HttpRequest,
) -> Result<Answer<Progress>, Problem> {
    let token = request.headers().get("x-registration-token").and_then(|value| value.to_str().ok());
    let token = token.ok_or_else(Problem::not_found)?;
    let status = register::progress(&app, redemption, token).await?.ok_or_else(Problem::not_found)?;
    let state = match status {
        AccountStatus::PendingLink => ProgressState::Pending,
        _ => ProgressState::Complete,
    };
    Ok(Answer::ok(Progress { state }))
}
