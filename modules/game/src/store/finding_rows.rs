//! Rows of the queue, of pairings and of preferences, and what they mean.

use diesel::prelude::*;
use game_engine::{BySeat, Seat};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};

use super::rows::{bytes32, rules};
use super::schema::{pairings, play_preferences, queue_entries};
use crate::domain::pairing::{Pairing, PairingState, Yes};
use crate::domain::preferences::{Preferences, PresenceChoice, QuietHours, TimeOfDay};
use crate::domain::queue::{Entry, Pool, Waiter, Wish};
use crate::domain::shuffle::{Commitment, Entropy};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = queue_entries)]
pub(super) struct EntryRow {
    account: Key,
    rules: String,
    rated: bool,
    pool: Vec<u8>,
    circle: Key,
    rating: i32,
    since: Ts,
    seen_until: Ts,
    pairing: Option<Key>,
    seat: Option<i16>,
}

impl From<&Entry> for EntryRow {
    /// An entry that waits: only pairing it gives it a seat.
    fn from(entry: &Entry) -> Self {
        Self {
            account: entry.account.into(),
            rules: entry.wish.rules.canonical(),
            rated: entry.wish.rated,
            pool: entry.pool.0.to_vec(),
            circle: entry.circle.into(),
            rating: entry.rating,
            since: entry.since.into(),
            seen_until: entry.seen_until.into(),
            pairing: None,
            seat: None,
        }
    }
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;
    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.account.id(),
            wish: Wish { rules: rules(&row.rules)?, rated: row.rated },
            pool: Pool(bytes32(row.pool)?),
            circle: row.circle.id(),
            rating: row.rating,
            since: row.since.time(),
            seen_until: row.seen_until.time(),
            pairing: row.pairing.map(Key::id),
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = queue_entries)]
pub(super) struct WaiterRow {
    account: Key,
    pool: Vec<u8>,
    circle: Key,
    rating: i32,
    since: Ts,
}

impl TryFrom<WaiterRow> for Waiter {
    type Error = StoreError;
    fn try_from(row: WaiterRow) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.account.id(),
            pool: Pool(bytes32(row.pool)?),
            circle: row.circle.id(),
            rating: row.rating,
            since: row.since.time(),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = pairings)]
pub(super) struct PairingRow {
    id: Key,
    game: Key,
    first_player: Key,
    second_player: Key,
    rules: String,
    rated: bool,
    commitment: Vec<u8>,
    first_yes_at: Option<Ts>,
    first_entropy: Option<Vec<u8>>,
    second_yes_at: Option<Ts>,
    second_entropy: Option<Vec<u8>>,
    rev: i32,
    state: Word<PairingState>,
    created_at: Ts,
    expires_at: Ts,
    closed_at: Option<Ts>,
}

impl From<&Pairing> for PairingRow {
    fn from(pairing: &Pairing) -> Self {
        let at = |seat: Seat| pairing.answers.get(seat).map(|yes| Ts(yes.at));
        let entropy =
            |seat: Seat| pairing.answers.get(seat).and_then(|yes| Some(yes.entropy?.bytes().to_vec()));
        Self {
            id: pairing.id.into(),
            game: pairing.game.into(),
            first_player: pairing.players.first.into(),
            second_player: pairing.players.second.into(),
            rules: pairing.rules.canonical(),
            rated: pairing.rated,
            commitment: pairing.commitment.bytes().to_vec(),
            first_yes_at: at(Seat::First),
            first_entropy: entropy(Seat::First),
            second_yes_at: at(Seat::Second),
            second_entropy: entropy(Seat::Second),
            rev: pairing.rev,
            state: Word(pairing.recorded),
            created_at: pairing.created_at.into(),
            expires_at: pairing.expires_at.into(),
            closed_at: pairing.closed_at.map(Ts),
        }
    }
}

impl PairingRow {
    /// Whether it is this account's.
    pub(super) fn has(&self, account: Key) -> bool {
        self.first_player == account || self.second_player == account
    }

    /// The columns with what the two have said.
    pub(super) fn answers(self) -> Answers {
        Answers {
            first_yes_at: self.first_yes_at,
            first_entropy: self.first_entropy,
            second_yes_at: self.second_yes_at,
            second_entropy: self.second_entropy,
        }
    }
}

/// What the two have said.
#[derive(AsChangeset)]
#[diesel(table_name = pairings, treat_none_as_null = true)]
pub(super) struct Answers {
    first_yes_at: Option<Ts>,
    first_entropy: Option<Vec<u8>>,
    second_yes_at: Option<Ts>,
    second_entropy: Option<Vec<u8>>,
}

fn answer(at: Option<Ts>, entropy: Option<Vec<u8>>) -> Result<Option<Yes>, StoreError> {
    let entropy = entropy.map(bytes32).transpose()?.map(Entropy::new);
    Ok(at.map(|at| Yes { entropy, at: at.time() }))
}

impl TryFrom<PairingRow> for Pairing {
    type Error = StoreError;
    fn try_from(row: PairingRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.id(),
            game: row.game.id(),
            players: BySeat::new(row.first_player.id(), row.second_player.id()),
            rules: rules(&row.rules)?,
            rated: row.rated,
            commitment: Commitment::from_bytes(bytes32(row.commitment)?),
            answers: BySeat::new(
                answer(row.first_yes_at, row.first_entropy)?,
                answer(row.second_yes_at, row.second_entropy)?,
            ),
            rev: row.rev,
            recorded: row.state.0,
            created_at: row.created_at.time(),
            expires_at: row.expires_at.time(),
            closed_at: row.closed_at.map(Ts::time),
        })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = play_preferences, treat_none_as_null = true)]
pub(super) struct PreferencesRow {
    account: Key,
    pub(super) version: i64,
    presence: Word<PresenceChoice>,
    quiet_from: Option<i16>,
    quiet_to: Option<i16>,
    quiet_zone: Option<String>,
}

impl PreferencesRow {
    pub(super) fn of(account: Key, version: i64, preferences: &Preferences) -> Self {
        let minutes = |time: TimeOfDay| i16::try_from(time.minutes()).ok();
        let quiet = preferences.quiet.as_ref();
        Self {
            account,
            version,
            presence: Word(preferences.presence),
            quiet_from: quiet.and_then(|quiet| minutes(quiet.from())),
            quiet_to: quiet.and_then(|quiet| minutes(quiet.to())),
            quiet_zone: quiet.map(|quiet| quiet.zone().to_owned()),
        }
    }
}

impl TryFrom<PreferencesRow> for Preferences {
    type Error = StoreError;
    fn try_from(row: PreferencesRow) -> Result<Self, StoreError> {
        const WHAT: &str = "quiet hours";
        let time = |minutes: i16| {
            let minutes = u16::try_from(minutes).ok().and_then(TimeOfDay::of_minutes);
            minutes.ok_or(StoreError::inconsistent(WHAT))
        };
        let quiet = match (row.quiet_from, row.quiet_to, row.quiet_zone) {
            (Some(from), Some(to), Some(zone)) => {
                let quiet = QuietHours::new(time(from)?, time(to)?, &zone);
                Some(quiet.map_err(|_| StoreError::inconsistent(WHAT))?)
            }
            _ => None,
        };
        Ok(Self { presence: row.presence.0, quiet })
    }
}
