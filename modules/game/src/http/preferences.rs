//! GET and PUT /api/v1/games/preferences

use platform::web::{Answer, Body, Caller, IfMatch, Problem, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::app::finding::preferences::{self, Chosen};
use crate::domain::preferences::{Preferences, PresenceChoice, QuietError, QuietHours};

platform::word_schema! { PresenceChoiceWord: PresenceChoice }

/// What one chooses about being found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GamePreferences)]
pub(super) struct PreferencesView {
    /// `network`: those of one's network whom one may play see that one is online. `off`: nobody does.
    #[schema(value_type = PresenceChoiceWord)]
    presence: PresenceChoice,
    /// When invites are not to disturb; null: never.
    quiet_hours: Option<QuietView>,
}

/// The time of every day that is quiet, by the clock of a time zone.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = QuietHours)]
struct QuietView {
    /// `HH:MM`.
    from: String,
    /// `HH:MM`; earlier than `from` means the next day.
    to: String,
    /// IANA name.
    time_zone: String,
}

/// The same, as it is chosen: both members are given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GamePreferencesChoice)]
pub(super) struct Choice {
    #[schema(value_type = PresenceChoiceWord)]
    presence: PresenceChoice,
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    quiet_hours: Option<QuietForm>,
}

/// Quiet hours as they are chosen.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHoursChoice)]
struct QuietForm {
    /// `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    from: String,
    /// `HH:MM`, not the same; earlier than `from` means the next day.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: String,
    /// IANA name, for example `Africa/Lagos`.
    #[schema(max_length = 64)]
    time_zone: String,
}

impl QuietForm {
    fn read(&self) -> Result<QuietHours, Problem> {
        let refused = |member: &str, error: QuietError| {
            let pointer = format!("/quiet_hours/{member}");
            Problem::invalid("invalid_quiet_hours").pointer(pointer, "invalid_quiet_hours", error.to_string())
        };
        let from = self.from.parse().map_err(|error| refused("from", error))?;
        let to = self.to.parse().map_err(|error| refused("to", error))?;
        QuietHours::new(from, to, &self.time_zone).map_err(|error| match error {
            QuietError::NoZone => refused("time_zone", error),
            QuietError::NoTime | QuietError::Empty => refused("to", error),
        })
    }
}

fn shown(chosen: &Chosen) -> Answer<PreferencesView> {
    let quiet = |quiet: &QuietHours| QuietView {
        from: quiet.from().to_string(),
        to: quiet.to().to_string(),
        time_zone: quiet.zone().to_owned(),
    };
    let Preferences { presence, quiet: hours } = &chosen.preferences;
    let view = PreferencesView { presence: *presence, quiet_hours: hours.as_ref().map(quiet) };
    Answer::ok(view).etag(chosen.version)
}

pub(super) async fn get(caller: Caller, app: State<App>) -> Result<Answer<PreferencesView>, Problem> {
    Ok(shown(&preferences::get(&app, caller.principal.account).await?))
}

pub(super) async fn put(
    caller: Caller,
    app: State<App>,
    IfMatch(seen): IfMatch,
    body: Body<Choice>,
) -> Result<Answer<PreferencesView>, Problem> {
    let quiet = body.0.quiet_hours.as_ref().map(QuietForm::read).transpose()?;
    let wanted = Preferences { presence: body.0.presence, quiet };
    let account = caller.principal.account;
    let chosen = preferences::choose(&app, &caller.call, account, seen, wanted).await?;
    chosen.as_ref().map(shown).ok_or_else(Problem::stale)
}
