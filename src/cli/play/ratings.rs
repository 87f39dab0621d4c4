//! How somebody stands: one's own ratings, the leaderboard of one's network, and what a game has changed.

use std::fmt::Write;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::super::CliError;
use super::super::plain::plain;
use super::desk::Desk;
use super::invites::told;
use super::wire::Person;
use crate::client::{Answer, ClientError};

/// Places shown at once.
const PAGE: u32 = 10;
/// A game is counted soon after its end: looks for that, and the pause before each.
const LOOKS: u32 = 25;
const PAUSE: Duration = Duration::from_millis(200);
/// How long an offer may wait for the other's rating.
const PATIENCE: Duration = Duration::from_secs(3);

const LEGEND: &str = "  ? is provisional: not yet sure enough to compare by. In 95 of 100 cases the strength lies \
                      within the range.";

/// A rating, and the games that it rests on.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Rating {
    #[serde(rename = "rating")]
    points: f64,
    deviation: f64,
    provisional: bool,
    games: u64,
    wins: u64,
    losses: u64,
    draws: u64,
}

impl Rating {
    /// `1662?`
    fn mark(&self) -> String {
        format!("{:.0}{}", self.points, if self.provisional { "?" } else { "" })
    }

    /// Number, range and games in columns.
    fn columns(&self) -> String {
        let twice = self.deviation * 2.0;
        let (from, to) = (self.points - twice, self.points + twice);
        let range = format!("{from:.0} to {to:.0}");
        let games = if self.games == 1 { "game" } else { "games" };
        let mut words = format!(
            "{:>5}  {range:<13}  {} {games}: {} won, {} lost",
            self.mark(),
            self.games,
            self.wins,
            self.losses
        );
        if self.draws > 0 {
            // Writing to a string never fails.
            let _ = write!(words, ", {} drawn", self.draws);
        }
        words
    }
}

/// The rating of one family.
#[derive(Debug, Deserialize)]
struct OfFamily {
    family: String,
    #[serde(flatten)]
    rating: Rating,
}

/// A place on a leaderboard.
#[derive(Debug, Deserialize)]
struct Place {
    rank: Option<u64>,
    player: Person,
    #[serde(flatten)]
    rating: Rating,
}

fn items<T: for<'de> Deserialize<'de>>(answer: &Answer, member: &str) -> Result<Vec<T>, ClientError> {
    let items = answer.body.get(member).and_then(Value::as_array).into_iter().flatten();
    let read = items.map(T::deserialize).collect::<Result<Vec<T>, _>>();
    read.map_err(|_| ClientError::Incomplete("ratings as this program knows them"))
}

/// One's own ratings.
pub(super) async fn own(desk: &mut Desk) -> Result<(), CliError> {
    let asked = desk.session.get("/api/v1/games/ratings").await;
    let Some(answer) = told(desk, asked)? else { return Ok(()) };
    let ratings: Vec<OfFamily> = items(&answer, "ratings")?;
    if ratings.is_empty() {
        desk.terminal.say(
            "  You have no rating yet: your first finished game against a person begins one. queue finds somebody.",
        );
        return Ok(());
    }
    desk.terminal.say("");
    for one in ratings {
        desk.terminal.say(format_args!("  {:<14} {}", plain(&one.family), one.rating.columns()));
    }
    desk.terminal.say(LEGEND);
    Ok(())
}

/// The rating of somebody else in words; nothing if there is none, or it cannot be learnt now.
pub(super) async fn of_other(desk: &Desk, account: &str, family: &str) -> Option<String> {
    let path = format!("/api/v1/games/ratings/{account}");
    let answer = timeout(PATIENCE, desk.session.get(&path)).await.ok()?.ok()?;
    let ratings: Vec<OfFamily> = items(&answer, "ratings").ok()?;
    let Some(found) = ratings.into_iter().find(|one| one.family == family) else {
        return Some("no rating yet".to_owned());
    };
    Some(format!("rating {}", found.rating.mark()))
}

/// Where a leaderboard goes on.
pub(super) struct Onward {
    family: String,
    cursor: String,
}

/// A page of the leaderboard of one's network from its beginning; gives where it goes on, if it does.
pub(super) async fn board(desk: &mut Desk, family: &str) -> Result<Option<Onward>, CliError> {
    // It becomes a part of a path.
    let is_name = family.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !is_name {
        say_families(desk);
        return Ok(None);
    }
    page(desk, family, None).await
}

/// The next page.
pub(super) async fn more(desk: &mut Desk, onward: Onward) -> Result<Option<Onward>, CliError> {
    page(desk, &onward.family, Some(&onward.cursor)).await
}

fn say_families(desk: &mut Desk) {
    let presets = game_engine::RuleSet::PRESETS.join(", ");
    desk.terminal.say(format_args!("  There are leaderboards of {presets}, and custom for changed rules."));
}

async fn page(desk: &mut Desk, family: &str, cursor: Option<&str>) -> Result<Option<Onward>, CliError> {
    let onward = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    let path = format!("/api/v1/games/leaderboards/{family}?limit={PAGE}{onward}");
    let asked = desk.session.get(&path).await;
    if matches!(&asked, Err(ClientError::Refused { status: 404, .. })) {
        say_families(desk);
        return Ok(None);
    }
    let Some(answer) = told(desk, asked)? else { return Ok(None) };
    let places: Vec<Place> = items(&answer, "items")?;
    let next = answer.body.get("next_cursor").and_then(Value::as_str);
    let next = next.map(|cursor| Onward { family: family.to_owned(), cursor: cursor.to_owned() });
    if places.is_empty() && cursor.is_none() && next.is_none() {
        desk.terminal.say(format_args!("  Nobody of your network has a rating for {family} yet."));
        return Ok(None);
    }
    let own = desk.session.account.clone();
    desk.terminal.say(format_args!("\n  {family}, you and your network"));
    for place in places {
        let words = row(&place, &own);
        desk.terminal.say(format_args!("  {words}"));
    }
    desk.terminal.say(if next.is_some() { "  more shows the next places." } else { LEGEND });
    Ok(next)
}

fn row(place: &Place, own: &str) -> String {
    let rank = place.rank.map_or_else(|| "-".to_owned(), |rank| format!("{rank}."));
    let you = if place.player.account_id.as_deref() == Some(own) { "  <- you" } else { "" };
    format!("{rank:>4}  {:<14} {}{you}", place.player.name(), place.rating.columns())
}

/// What a finished game has changed of one's own rating; waits a little for it to be counted, and no longer.
pub(super) async fn say_change(desk: &mut Desk, game: &str, board: &Value) {
    let own = desk.session.account.clone();
    let counts = board.pointer("/game/rated").and_then(Value::as_bool) == Some(true)
        && board.pointer("/game/status").and_then(Value::as_str) == Some("finished");
    let is_own = |place: usize| {
        let account = board.pointer(&format!("/game/players/{place}/account_id")).and_then(Value::as_str);
        account == Some(own.as_str())
    };
    let Some(place) = (0..2).find(|place| counts && is_own(*place)) else { return };
    let mut changed = change(board, place);
    for _ in 0..LOOKS {
        if changed.is_some() {
            break;
        }
        sleep(PAUSE).await;
        // Whoever cannot be reached now is asked again; the count is not worth an error.
        if let Ok(later) = desk.session.get(&format!("/api/v1/games/{game}/scoreboard")).await {
            changed = change(&later.body, place);
        }
    }
    match changed {
        Some((before, after)) => {
            let words = format!("Your rating: {before:.0} -> {after:.0} ({:+.0}).", after - before);
            desk.terminal.say(format_args!("  {words}"));
        }
        None => desk.terminal.say("  Your rating is still being counted: l, then ratings, shows it."),
    }
}

/// Before and after, once it is counted.
fn change(board: &Value, place: usize) -> Option<(f64, f64)> {
    let number = |which: &str| board.pointer(&format!("/ratings/{place}/{which}")).and_then(Value::as_f64);
    number("before").zip(number("after"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_place_shows_rank_name_rating_range_and_games_and_which_is_ones_own() {
        let place = |rank: Value, provisional: bool, draws: u64| {
            serde_json::from_value::<Place>(json!({
                "rank": rank, "player": {"account_id": "a1", "username": "ben"}, "rating": 1662.3,
                "deviation": 90.1, "provisional": provisional, "games": 3, "wins": 2, "losses": 1, "draws": draws,
            }))
            .unwrap()
        };
        let shown = row(&place(json!(1), false, 0), "a1");
        assert_eq!(shown, "  1.  ben             1662  1482 to 1842   3 games: 2 won, 1 lost  <- you");
        let shown = row(&place(Value::Null, true, 1), "a2");
        assert_eq!(shown, "   -  ben            1662?  1482 to 1842   3 games: 2 won, 1 lost, 1 drawn");
    }

    #[test]
    fn a_change_is_told_once_the_game_is_counted() {
        assert_eq!(change(&json!({"ratings": null}), 0), None);
        let counted =
            json!({"ratings": [{"before": 1500.0, "after": 1662.3}, {"before": 1500.0, "after": 1337.7}]});
        assert_eq!(change(&counted, 1), Some((1500.0, 1337.7)));
    }
}
