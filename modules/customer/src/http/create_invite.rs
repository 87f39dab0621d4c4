//! `POST /api/v1/invites`

use platform::web::{Answer, Caller, Keyed, Problem, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::invite_view::InviteIssued;
use super::problem;
use crate::app::{App, create_invite};

const LABEL_CHARS: usize = 80;

/// What may be said of a new invite; `{}` is enough.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvite {
    /// A note for oneself: 1 to 80 characters. Nobody else sees it.
    #[schema(min_length = 1, max_length = 80)]
    label: Option<String>,
    /// How long it lives, in hours; a week unless said.
    #[schema(minimum = 1)]
    expires_in_hours: Option<u32>,
}

pub(crate) async fn handle(
    caller: Caller,
    app: State<App>,
    new: Keyed<NewInvite>,
) -> Result<Answer<InviteIssued>, Problem> {
    let Keyed { body, claim } = new;
    let wish = create_invite::Wish {
        label: body.label.map(|label| tidy(&label)).transpose()?,
        hours: body.expires_in_hours,
        key: claim.key,
        route: claim.route,
        body_digest: claim.digest,
    };
    let issued = create_invite::run(&app, &caller.call, caller.principal.account, wish)
        .await
        .map_err(|error| problem::of_create(error, app.clock.now()))?;
    let location = format!("/api/v1/invites/{}", issued.invite.id);
    Ok(Answer::created(location, InviteIssued::of(&app, issued)))
}

fn tidy(label: &str) -> Result<String, Problem> {
    let label = label.trim();
    let chars = label.chars().count();
    if chars == 0 || chars > LABEL_CHARS || label.chars().any(char::is_control) {
        let detail = format!("1 to {LABEL_CHARS} characters without control characters");
        return Err(Problem::invalid("invalid_request").pointer("/label", "invalid_label", detail));
    }
    Ok(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_trimmed_and_bounded() {
        assert_eq!(tidy("  Ada, Lagos ").ok(), Some("Ada, Lagos".to_owned()));
        assert!(tidy(&"é".repeat(80)).is_ok());
        for bad in ["", "   ", "a\nb", &"é".repeat(81)] {
            assert!(tidy(bad).is_err(), "{bad:?}");
        }
    }
}
