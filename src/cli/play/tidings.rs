//! What the inbox tells somebody who is busy with something else: a game has begun, somebody invites.

use serde_json::Value;

/// A notice, as far as it matters to somebody who sits elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tiding {
    /// This game has begun: the clock of whoever has the turn runs.
    Began(String),
    /// An invite came; a rematch of that game, if it is one.
    Invited {
        rematch_of: Option<String>,
    },
    Other,
}

impl Tiding {
    pub(super) fn of(notice: &Value) -> Self {
        let text = |member: &str| notice.get(member).and_then(Value::as_str).map(str::to_owned);
        match (text("kind").as_deref(), text("game_id")) {
            (Some("game_started"), Some(game)) => Self::Began(game),
            (Some("game_invited"), _) => Self::Invited { rematch_of: text("rematch_of") },
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_game_that_began_and_an_invite_are_told_apart_from_everything_else() {
        let began = json!({"kind": "game_started", "game_id": "gam_1", "opponent": {}});
        assert_eq!(Tiding::of(&began), Tiding::Began("gam_1".to_owned()));
        let invited = json!({"kind": "game_invited", "invite_id": "giv_1", "rematch_of": "gam_1"});
        assert_eq!(Tiding::of(&invited), Tiding::Invited { rematch_of: Some("gam_1".to_owned()) });
        for other in [json!({"kind": "game_over", "game_id": "gam_1"}), json!({}), json!(1)] {
            assert_eq!(Tiding::of(&other), Tiding::Other);
        }
    }
}
