//! How strong somebody is under one family of rule sets: Glicko-2, as published in M. E. Glickman, "Example of the
//! Glicko-2 system" (2013). No storage and no clock: what was before and when comes in, what is after goes out.
//!
//! Each game is a rating period of its own and takes the paper's steps 2 to 8 unchanged. Between two games lie periods
//! of one day each in which somebody did not play; for those only step 6 applies, fractions of a day included:
//! `phi' = sqrt(phi^2 + days * sigma^2)`, never beyond what a newcomer has.

use std::time::Duration;

use game_engine::{BySeat, RuleName, RuleSet, Seat};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use skillratings::Outcomes;
use skillratings::glicko2::{Glicko2Config, Glicko2Rating, glicko2_rating_period};

/// Points in one unit of the paper's own scale (its step 2).
const SCALE: f64 = 173.717_8;
/// How much a volatility may change (step 1).
const TAU: f64 = 0.5;
/// Beyond this deviation a rating is provisional: the interval of 95 % spans more than 440 points.
const PROVISIONAL: f64 = 110.0;
/// Where ratings end. Nobody gets there by playing; within, no expectation is so sure that `f64` rounds it to certain.
const RANGE: (f64, f64) = (100.0, 4_000.0);
const DAY: f64 = 86_400.0;
/// Nobody waits longer for a rating to become provisional again.
const AGES: Duration = Duration::from_hours(24 * 365 * 100);

kernel::words! {
    /// How a game ended for one of its players.
    pub(crate) enum GameResult as "result of a game" {
        Win = "win",
        Loss = "loss",
        Draw = "draw",
    }
}

kernel::words! {
    /// Why a rating changed.
    pub(crate) enum EntryKind as "kind of a rating entry" {
        /// A game was finished.
        Game = "game",
        /// A game that had counted was voided.
        Void = "void",
    }
}

/// Rule sets that are rated together: the name of a preset, or `custom` for everything that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Family(RuleName);

impl Family {
    pub(crate) fn of(rules: &RuleSet) -> Self {
        Self::known(rules.name.as_str()).unwrap_or(Self(RuleName::CUSTOM))
    }

    /// The family of this name, if rule sets can belong to it.
    pub(crate) fn known(name: &str) -> Option<Self> {
        if name == RuleName::CUSTOM.as_str() {
            return Some(Self(RuleName::CUSTOM));
        }
        RuleSet::preset(name).map(|preset| Self(preset.name))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A strength and how sure of it one is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rating {
    pub(crate) points: f64,
    pub(crate) deviation: f64,
    pub(crate) volatility: f64,
}

impl Rating {
    /// Somebody of whom nothing is known.
    pub(crate) const NEW: Self = Self { points: 1_500.0, deviation: 350.0, volatility: 0.06 };

    /// The same after some time without a game.
    pub(crate) fn idle(self, time: Duration) -> Self {
        let days = time.as_secs_f64() / DAY;
        let grown = (self.deviation / SCALE).hypot(self.volatility * days.sqrt()) * SCALE;
        Self { deviation: grown.min(Self::NEW.deviation), ..self }
    }

    /// After one rating period with these games, each against somebody as they were before it.
    pub(crate) fn after(self, games: &[(Self, GameResult)]) -> Self {
        let outcome = |result| match result {
            GameResult::Win => Outcomes::WIN,
            GameResult::Loss => Outcomes::LOSS,
            GameResult::Draw => Outcomes::DRAW,
        };
        let games: Vec<(Glicko2Rating, Outcomes)> =
            games.iter().map(|(opponent, result)| (opponent.glicko(), outcome(*result))).collect();
        let config = Glicko2Config { tau: TAU, ..Glicko2Config::default() };
        let after = glicko2_rating_period(&self.glicko(), &games, &config);
        Self {
            points: after.rating.clamp(RANGE.0, RANGE.1),
            deviation: after.deviation.min(Self::NEW.deviation),
            volatility: after.volatility,
        }
    }

    fn glicko(self) -> Glicko2Rating {
        Glicko2Rating { rating: self.points, deviation: self.deviation, volatility: self.volatility }
    }
}

/// Games that count, by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) wins: u64,
    pub(crate) losses: u64,
    pub(crate) draws: u64,
}

impl Tally {
    pub(crate) fn games(self) -> u64 {
        self.wins + self.losses + self.draws
    }

    fn of(&mut self, result: GameResult) -> &mut u64 {
        match result {
            GameResult::Win => &mut self.wins,
            GameResult::Loss => &mut self.losses,
            GameResult::Draw => &mut self.draws,
        }
    }
}

/// Somebody's rating under one family, as of their last game there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standing {
    pub(crate) rating: Rating,
    /// When the last game that counted ended: the deviation grows from here.
    pub(crate) played_at: Timestamp,
    /// The number of the last entry.
    pub(crate) entries: u64,
    pub(crate) tally: Tally,
}

impl Standing {
    /// Whether any game counts for it. What was voided leaves entries behind, and a family without a game.
    pub(crate) fn is_played(&self) -> bool {
        self.tally.games() > 0
    }

    /// The rating at `now`.
    pub(crate) fn at(&self, now: Timestamp) -> Rating {
        self.rating.idle(now.since(self.played_at))
    }

    /// Until when the deviation stays small enough; `None` if it is not.
    pub(crate) fn established_until(&self) -> Option<Timestamp> {
        let Rating { deviation, volatility, .. } = self.rating;
        if deviation > PROVISIONAL {
            return None;
        }
        let room = (PROVISIONAL / SCALE).powi(2) - (deviation / SCALE).powi(2);
        let time = Duration::try_from_secs_f64(room / volatility.powi(2) * DAY).unwrap_or(AGES);
        Some(self.played_at.plus(time.min(AGES)))
    }

    pub(crate) fn is_provisional(&self, now: Timestamp) -> bool {
        self.established_until().is_none_or(|until| until <= now)
    }
}

/// One change of a rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    /// From 1, without gaps for one account and family.
    pub(crate) number: u64,
    pub(crate) game: GameId,
    pub(crate) kind: EntryKind,
    pub(crate) result: GameResult,
    pub(crate) before: f64,
    /// The rating after it.
    pub(crate) after: Rating,
    pub(crate) opponent: AccountId,
    /// The opponent before the game.
    pub(crate) opponent_points: f64,
    pub(crate) opponent_deviation: f64,
    pub(crate) at: Timestamp,
}

/// A new entry, and where it leaves its account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    pub(crate) account: AccountId,
    pub(crate) family: Family,
    pub(crate) standing: Standing,
    pub(crate) entry: Entry,
}

/// A finished game, as far as ratings ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) game: GameId,
    pub(crate) family: Family,
    pub(crate) players: BySeat<AccountId>,
    /// Nobody in a drawn game.
    pub(crate) winner: Option<Seat>,
    pub(crate) at: Timestamp,
}

impl Decided {
    fn result(&self, seat: Seat) -> GameResult {
        match self.winner {
            None => GameResult::Draw,
            Some(winner) if winner == seat => GameResult::Win,
            Some(_) => GameResult::Loss,
        }
    }
}

/// What a finished game changes for its two players.
pub(crate) fn count(game: &Decided, before: &BySeat<Option<Standing>>) -> BySeat<Change> {
    let ratings = before.map(|standing| standing.map_or(Rating::NEW, |standing| standing.at(game.at)));
    let change = |seat: Seat| {
        let (own, other, result) = (*ratings.get(seat), *ratings.get(seat.other()), game.result(seat));
        let last = before.get(seat).as_ref();
        let after = own.after(&[(other, result)]);
        let mut tally = last.map(|last| last.tally).unwrap_or_default();
        *tally.of(result) += 1;
        let standing = Standing {
            rating: after,
            played_at: last.map_or(game.at, |last| last.played_at.max(game.at)),
            entries: last.map_or(0, |last| last.entries) + 1,
            tally,
        };
        let entry = Entry {
            number: standing.entries,
            game: game.game,
            kind: EntryKind::Game,
            result,
            before: own.points,
            after,
            opponent: *game.players.get(seat.other()),
            opponent_points: other.points,
            opponent_deviation: other.deviation,
            at: game.at,
        };
        Change { account: *game.players.get(seat), family: game.family, standing, entry }
    };
    BySeat::new(change(Seat::First), change(Seat::Second))
}

/// Takes back what a voided game had changed. Later games stand as they are.
pub(crate) fn take_back(
    account: AccountId,
    family: Family,
    last: &Standing,
    counted: &Entry,
    at: Timestamp,
) -> Change {
    let points = last.rating.points - (counted.after.points - counted.before);
    let rating = Rating { points: points.clamp(RANGE.0, RANGE.1), ..last.rating };
    let mut tally = last.tally;
    let taken = tally.of(counted.result);
    *taken = taken.saturating_sub(1);
    let standing = Standing { rating, entries: last.entries + 1, tally, ..*last };
    let entry = Entry {
        number: standing.entries,
        kind: EntryKind::Void,
        before: last.rating.points,
        after: rating,
        at,
        ..*counted
    };
    Change { account, family, standing, entry }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TypedId;
    use kernel::id::Uuid;
    use proptest::prelude::*;

    fn near(one: f64, other: f64, within: f64) -> bool {
        (one - other).abs() <= within
    }

    fn rating(points: f64, deviation: f64) -> Rating {
        Rating { points, deviation, volatility: 0.06 }
    }

    fn days(days: u64) -> Duration {
        Duration::from_hours(24 * days)
    }

    fn decided(number: u128, players: [u128; 2], winner: Option<Seat>, at: i64) -> Decided {
        let [first, second] = players.map(|id| AccountId::from_uuid(Uuid::from_u128(id)));
        Decided {
            game: GameId::from_uuid(Uuid::from_u128(number)),
            family: Family::of(&RuleSet::naija_classic()),
            players: BySeat::new(first, second),
            winner,
            at: Timestamp::from_seconds(at),
        }
    }

    #[test]
    fn glickmans_own_example_comes_out_as_he_published_it() {
        let games = [
            (rating(1_400.0, 30.0), GameResult::Win),
            (rating(1_550.0, 100.0), GameResult::Loss),
            (rating(1_700.0, 300.0), GameResult::Loss),
        ];
        let after = rating(1_500.0, 200.0).after(&games);
        assert!(near(after.points, 1_464.06, 0.01), "{after:?}");
        assert!(near(after.deviation, 151.52, 0.01), "{after:?}");
        assert!(near(after.volatility, 0.059_99, 0.000_01), "{after:?}");
    }

    #[test]
    fn a_day_without_a_game_is_the_papers_sixth_step_and_parts_of_a_day_add_up() {
        let idle = rating(1_500.0, 200.0).idle(days(1));
        let expected = ((200.0_f64 / 173.7178).powi(2) + 0.06_f64.powi(2)).sqrt() * 173.7178;
        assert!(near(idle.deviation, expected, 1e-9), "{idle:?}");
        let hours = (0..24).fold(rating(1_500.0, 200.0), |r, _| r.idle(Duration::from_hours(1)));
        assert!(near(hours.deviation, expected, 1e-9), "{hours:?}");
        let decade = rating(1_800.0, 50.0).idle(days(3_650));
        assert!(near(decade.deviation, 350.0, 1e-9) && near(decade.points, 1_800.0, 1e-9), "{decade:?}");
    }

    #[test]
    fn a_rating_is_provisional_until_its_deviation_is_small_and_again_after_long_rest() {
        let at = Timestamp::from_seconds(1_000);
        let standing = |deviation| Standing {
            rating: rating(1_500.0, deviation),
            played_at: at,
            entries: 1,
            tally: Tally::default(),
        };
        assert!(standing(110.1).is_provisional(at));
        assert_eq!(standing(110.1).established_until(), None);
        let sure = standing(60.0);
        let until = sure.established_until().unwrap();
        let second = Duration::from_secs(1);
        assert!(!sure.is_provisional(until.minus(second)) && sure.is_provisional(until));
        assert!(near(sure.at(until).deviation, 110.0, 1e-3), "{:?}", sure.at(until));
        assert!(until.since(at) > days(70) && until.since(at) < days(90), "{until:?}");
    }

    #[test]
    fn every_preset_is_a_family_and_whatever_was_changed_is_custom() {
        for name in RuleSet::PRESETS {
            let rules = RuleSet::preset(name).unwrap();
            assert_eq!(Family::of(&rules).as_str(), name);
            let mut changed = rules;
            changed.set("deal", if rules.deal == 3 { "4" } else { "3" }).unwrap();
            assert_eq!(Family::of(&changed.customised()).as_str(), "custom");
        }
        assert_eq!(Family::known("bridge"), None);
    }

    #[test]
    fn a_voided_game_is_taken_back_by_its_own_change_and_nothing_else() {
        let first = decided(1, [10, 20], Some(Seat::First), 100);
        let one = count(&first, &BySeat::new(None, None));
        let second = decided(2, [10, 20], Some(Seat::Second), 200);
        let two = count(&second, &one.map(|change| Some(change.standing)));
        for seat in [Seat::First, Seat::Second] {
            let (counted, last) = (one.get(seat), two.get(seat));
            let at = Timestamp::from_seconds(300);
            let void = take_back(counted.account, counted.family, &last.standing, &counted.entry, at);
            let change = counted.entry.after.points - counted.entry.before;
            assert!(near(void.entry.after.points, last.entry.after.points - change, 1e-9));
            assert!(near(void.entry.before, last.entry.after.points, 1e-9));
            assert_eq!((void.entry.number, void.entry.kind), (3, EntryKind::Void));
            assert_eq!((void.entry.game, void.entry.at), (first.game, at));
            assert!(near(void.standing.rating.deviation, last.standing.rating.deviation, 0.0));
            assert_eq!(void.standing.played_at, second.at);
            assert_eq!(void.standing.tally.games(), 1);
            let (wins, losses) = if seat == Seat::First { (0, 1) } else { (1, 0) };
            assert_eq!((void.standing.tally.wins, void.standing.tally.losses), (wins, losses));
        }
    }

    #[test]
    fn somebody_who_meets_their_equals_is_established_within_a_score_of_games() {
        let mut standings = BySeat::new(None, None);
        let mut games = 0;
        while standings.get(Seat::First).is_none_or(|s: Standing| s.is_provisional(s.played_at)) {
            games += 1;
            let winner = if games % 2 == 0 { Seat::First } else { Seat::Second };
            let game = decided(games, [10, 20], Some(winner), 600 * i64::try_from(games).unwrap());
            standings = count(&game, &standings).map(|change| Some(change.standing));
        }
        assert!((8..=20).contains(&games), "{games}");
    }

    fn any_rating() -> impl Strategy<Value = Rating> {
        (100.0..4_000.0, 30.0..=350.0, 0.03..0.1).prop_map(|(points, deviation, volatility)| Rating {
            points,
            deviation,
            volatility,
        })
    }

    fn any_result() -> impl Strategy<Value = GameResult> {
        prop::sample::select(vec![GameResult::Win, GameResult::Loss, GameResult::Draw])
    }

    proptest! {
        #[test]
        fn a_win_never_lowers_and_a_loss_never_raises(own in any_rating(), other in any_rating()) {
            prop_assert!(own.after(&[(other, GameResult::Win)]).points >= own.points);
            prop_assert!(own.after(&[(other, GameResult::Loss)]).points <= own.points);
        }

        #[test]
        fn whatever_happens_every_number_stays_within_its_bounds(
            start in any_rating(),
            games in prop::collection::vec((any_rating(), any_result(), 0_u64..400), 1..40),
        ) {
            let mut own = start;
            for (other, result, rest) in games {
                let before = own.idle(days(rest));
                prop_assert!(before.deviation >= own.deviation);
                own = before.after(&[(other, result)]);
                prop_assert!(own.deviation > 0.0 && own.deviation <= 350.0, "{own:?}");
                prop_assert!((100.0..=4_000.0).contains(&own.points), "{own:?}");
                prop_assert!(own.volatility > 0.0 && own.volatility < 1.0, "{own:?}");
            }
        }

        #[test]
        fn games_of_other_people_may_be_counted_in_any_order(
            one in any_rating(), two in any_rating(), winner in any::<bool>(),
        ) {
            let winner = Some(if winner { Seat::First } else { Seat::Second });
            let standing = |rating| {
                let (played_at, tally) = (Timestamp::from_seconds(0), Tally::default());
                Some(Standing { rating, played_at, entries: 4, tally })
            };
            let games = [decided(1, [10, 20], winner, 5_000), decided(2, [30, 40], None, 4_000)];
            let before = BySeat::new(standing(one), standing(two));
            let there: Vec<_> = games.iter().map(|game| count(game, &before)).collect();
            let mut back: Vec<_> = games.iter().rev().map(|game| count(game, &before)).collect();
            back.reverse();
            prop_assert_eq!(there, back);
        }

        #[test]
        fn what_one_gains_of_an_equal_the_other_loses(own in any_rating()) {
            let standing = Standing {
                rating: own, played_at: Timestamp::from_seconds(0), entries: 1, tally: Tally::default(),
            };
            let game = decided(1, [10, 20], Some(Seat::First), 0);
            let BySeat { first, second } = count(&game, &BySeat::new(Some(standing), Some(standing)));
            let (gain, loss) = (first.entry.after.points - own.points, second.entry.after.points - own.points);
            let bounded = first.entry.after.points >= 4_000.0 || second.entry.after.points <= 100.0;
            prop_assert!(bounded || near(gain, -loss, 1e-6), "{gain} {loss}");
        }
    }
}
