//! Rows, and what they mean.

use diesel::prelude::*;
use game_engine::{BySeat, RuleSet, Seat};
use kernel::id::GameId;
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};

use super::games::Summary;
use super::journal_form;
use super::schema::{game_invites, games, journal};
use crate::domain::ending::{Ending, Status};
use crate::domain::entry::{Answered, Recorded};
use crate::domain::invite::{Invite, InviteState};
use crate::domain::shuffle::{Commitment, Entropy};

pub(super) fn number(seq: u64) -> Result<i64, StoreError> {
    i64::try_from(seq).map_err(|_| StoreError::inconsistent("a seq"))
}

pub(super) fn seq(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::inconsistent("a seq"))
}

pub(super) fn seat_number(seat: Seat) -> i16 {
    match seat {
        Seat::First => 0,
        Seat::Second => 1,
    }
}

pub(super) fn seat(number: i16) -> Result<Seat, StoreError> {
    match number {
        0 => Ok(Seat::First),
        1 => Ok(Seat::Second),
        _ => Err(StoreError::inconsistent("a seat")),
    }
}

pub(super) fn rules(text: &str) -> Result<RuleSet, StoreError> {
    text.parse().map_err(|_| StoreError::inconsistent("a rule set"))
}

pub(super) fn bytes32(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::inconsistent("32 bytes"))
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = game_invites)]
pub(super) struct InviteRow {
    id: Key,
    game: Key,
    creator: Key,
    invitee: Key,
    rules: String,
    commitment: Vec<u8>,
    entropy: Option<Vec<u8>>,
    entropy_rev: i32,
    rematch_of: Option<Key>,
    rated: bool,
    state: Word<InviteState>,
    reason: Option<String>,
    created_at: Ts,
    expires_at: Ts,
    closed_at: Option<Ts>,
}

impl From<&Invite> for InviteRow {
    fn from(invite: &Invite) -> Self {
        Self {
            id: invite.id.into(),
            game: invite.game.into(),
            creator: invite.creator.into(),
            invitee: invite.invitee.into(),
            rules: invite.rules.canonical(),
            commitment: invite.commitment.bytes().to_vec(),
            entropy: invite.entropy.map(|entropy| entropy.bytes().to_vec()),
            entropy_rev: invite.entropy_rev,
            rematch_of: invite.rematch_of.map(Key::from),
            rated: invite.rated,
            state: Word(invite.recorded),
            reason: invite.reason.clone(),
            created_at: invite.created_at.into(),
            expires_at: invite.expires_at.into(),
            closed_at: invite.closed_at.map(Ts::from),
        }
    }
}

impl TryFrom<InviteRow> for Invite {
    type Error = StoreError;
    fn try_from(row: InviteRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.id(),
            game: row.game.id(),
            creator: row.creator.id(),
            invitee: row.invitee.id(),
            rules: rules(&row.rules)?,
            commitment: Commitment::from_bytes(bytes32(row.commitment)?),
            entropy: row.entropy.map(bytes32).transpose()?.map(Entropy::new),
            entropy_rev: row.entropy_rev,
            rematch_of: row.rematch_of.map(Key::id),
            rated: row.rated,
            recorded: row.state.0,
            reason: row.reason,
            created_at: row.created_at.time(),
            expires_at: row.expires_at.time(),
            closed_at: row.closed_at.map(Ts::time),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
pub(super) struct LineRow {
    game: Key,
    seq: i64,
    at: Ts,
    body: String,
    seat: Option<i16>,
    cid: Option<Key>,
    act: Option<String>,
}

platform::bulk!(LineRow => journal::table);

impl LineRow {
    pub(super) fn of(game: GameId, line: &Recorded) -> Result<Self, StoreError> {
        let answers = line.answers.as_ref();
        Ok(Self {
            game: game.into(),
            seq: number(line.seq)?,
            at: line.at.into(),
            body: journal_form::encode(&line.entry, line.clock.as_ref())?,
            seat: answers.map(|answers| seat_number(answers.seat)),
            cid: answers.map(|answers| Key(answers.cid)),
            act: answers.map(|answers| answers.act.clone()),
        })
    }
}

impl TryFrom<LineRow> for Recorded {
    type Error = StoreError;
    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        let (entry, clock) = journal_form::decode(&row.body)?;
        let answers = match (row.seat, row.cid, row.act) {
            (Some(number), Some(cid), Some(act)) => Some(Answered { seat: seat(number)?, cid: cid.0, act }),
            _ => None,
        };
        Ok(Self { seq: seq(row.seq)?, at: row.at.time(), entry, clock, answers })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = games)]
pub(super) struct GameRow {
    id: Key,
    first_player: Key,
    second_player: Key,
    rules: String,
    rematch_of: Option<Key>,
    rated: bool,
    status: Word<Status>,
    winner: Option<i16>,
    reason: Option<String>,
    rounds: i64,
    first_points: i64,
    second_points: i64,
    first_wins: i64,
    second_wins: i64,
    last_seq: Option<i64>,
    started_at: Ts,
    ended_at: Option<Ts>,
    voided_at: Option<Ts>,
}

impl GameRow {
    /// The game that this invite becomes.
    pub(super) fn started(invite: &Invite, at: Ts) -> Self {
        let players = invite.players();
        Self {
            id: invite.game.into(),
            first_player: players.first.into(),
            second_player: players.second.into(),
            rules: invite.rules.canonical(),
            rematch_of: invite.rematch_of.map(Key::from),
            rated: invite.rated,
            status: Word(Status::Active),
            winner: None,
            reason: None,
            rounds: 0,
            first_points: 0,
            second_points: 0,
            first_wins: 0,
            second_wins: 0,
            last_seq: None,
            started_at: at,
            ended_at: None,
            voided_at: None,
        }
    }
}

fn count<T: TryFrom<i64>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::inconsistent("a score"))
}

impl TryFrom<GameRow> for Summary {
    type Error = StoreError;
    fn try_from(row: GameRow) -> Result<Self, StoreError> {
        let ending = match row.status.0 {
            Status::Active => None,
            status => Some(Ending {
                status,
                winner: row.winner.map(seat).transpose()?,
                reason: row.reason.unwrap_or_default(),
            }),
        };
        Ok(Self {
            game: row.id.id(),
            players: BySeat::new(row.first_player.id(), row.second_player.id()),
            rules: rules(&row.rules)?,
            rematch_of: row.rematch_of.map(Key::id),
            rated: row.rated,
            ending,
            rounds: count(row.rounds)?,
            points: BySeat::new(count(row.first_points)?, count(row.second_points)?),
            wins: BySeat::new(count(row.first_wins)?, count(row.second_wins)?),
            started_at: row.started_at.time(),
            ended_at: row.ended_at.map(Ts::time),
            voided_at: row.voided_at.map(Ts::time),
        })
    }
}
