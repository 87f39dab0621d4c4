//! Invites at rest: created once per key, closed once, accepted once.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_api::GameEvent;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId};
use platform::db::StoreError;
use platform::idempotency::{self, Claim, Claimed};
use platform::sql::{Key, Ts, Word};
use platform::{read, write, write_one};

use super::begin::{Beginnings, Begun};
use super::diesel_store::{DieselStore, Undone, announce, audit, tell};
use super::people::Cursor;
use super::practice::Practising;
use super::rows::InviteRow;
use super::schema::{game_invites, game_seeds};
use super::{Stamp, Told};
use crate::domain::entry::Recorded;
use crate::domain::invite::{CancelCause, Invite, InviteState, Side};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::shuffle::Entropy;

/// An invite about to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewInvite {
    pub(crate) invite: Invite,
    pub(crate) sealed_seed: Vec<u8>,
    /// How many the creator may have open, this one included.
    pub(crate) open_at_most: u32,
    /// How many practice games the invitee may play at once, this one included, if it is one.
    pub(crate) practice_at_most: u32,
    /// Whether it comes in the invitee's quiet hours.
    pub(crate) quiet: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Creation {
    Made(Vec<Told>),
    /// The same key and body were used before: this is what they made.
    Repeated(GameInviteId),
    KeyReused,
    InFlight,
    TooManyOpen,
    TooMuchPractice,
    /// A rematch of that game is on offer already.
    RematchOffered(GameInviteId),
}

/// A pending invite about to be declined or cancelled.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    pub(crate) invite: GameInviteId,
    pub(crate) state: InviteState,
    pub(crate) reason: String,
    pub(crate) notices: Vec<Addressed>,
}

/// A pending invite about to become its game.
#[derive(Debug, Clone)]
pub(crate) struct Acceptance {
    pub(crate) invite: Invite,
    /// The first lines of the journal, dealt with the entropy of that revision.
    pub(crate) lines: Vec<Recorded>,
    pub(crate) due_at: Option<Timestamp>,
    /// Since when a practice opponent is to act, if it begins.
    pub(crate) practice_since: Option<Timestamp>,
    /// How many practice games the invitee may play at once, this one included, if it is one.
    pub(crate) practice_at_most: u32,
    pub(crate) notices: Vec<Addressed>,
}

/// What became of an acceptance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Accepting {
    Begun(Vec<Told>),
    /// It was not open any more, or its entropy has changed; nothing changed then.
    Changed,
    TooMuchPractice,
}

/// Whose pending invites and watching end, because the people may not play each other any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancelling {
    Between(AccountId, AccountId),
    AllOf(AccountId),
}

/// One end's invites, newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvitesQuery {
    pub(crate) account: AccountId,
    pub(crate) side: Side,
    /// Only those that can still be accepted.
    pub(crate) open_at: Option<Timestamp>,
    pub(crate) before: Option<GameInviteId>,
    /// Rows at most.
    pub(crate) rows: i64,
}

/// Expired invites told of in one transaction at most.
const EXPIRED_AT_ONCE: i64 = 100;

#[async_trait]
pub(crate) trait InviteStore: Send + Sync {
    async fn create_invite(&self, new: NewInvite, claim: Claim, stamp: Stamp)
    -> Result<Creation, StoreError>;
    async fn invite(&self, id: GameInviteId) -> Result<Option<Invite>, StoreError>;
    /// The sealed seed of an invite's game.
    async fn sealed_seed(&self, game: GameId) -> Result<Option<Vec<u8>>, StoreError>;
    async fn invites(&self, query: InvitesQuery) -> Result<Vec<Invite>, StoreError>;
    /// Whether the invite was still open.
    async fn put_entropy(
        &self,
        id: GameInviteId,
        entropy: Entropy,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// `None` if it was not open any more; nothing changed then.
    async fn close_invite(&self, closing: Closing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError>;
    async fn accept_invite(&self, acceptance: Acceptance, stamp: Stamp) -> Result<Accepting, StoreError>;
    /// Cancels pending invites and moves the consumer's cursor, if it is for one.
    async fn cancel_invites(
        &self,
        which: Cancelling,
        cursor: Option<Cursor>,
        stamp: Stamp,
    ) -> Result<Vec<Told>, StoreError>;
    /// Records invites that have run out and tells both ends; some of them at a time.
    async fn record_expired(&self, now: Timestamp) -> Result<Vec<Told>, StoreError>;
    /// Forgets invites that were closed before an instant; whether there may be more. Their games stay.
    async fn forget_invites(&self, before: Timestamp, rows: i64) -> Result<bool, StoreError>;
}

#[async_trait]
impl InviteStore for DieselStore {
    async fn create_invite(
        &self,
        new: NewInvite,
        claim: Claim,
        stamp: Stamp,
    ) -> Result<Creation, StoreError> {
        let ids = self.ids.clone();
        let outcome = write!(self.db, |c| {
            match idempotency::claim(c, &claim).await? {
                Claimed::New => {}
                Claimed::Conflict => return Err(Undone::Not(Creation::KeyReused)),
                Claimed::InFlight => return Err(Undone::Not(Creation::InFlight)),
                Claimed::Repeat(value) => return Err(Undone::Not(repeated(&value)?)),
            }
            let invite = &new.invite;
            let mut open = game_invites::table
                .filter(game_invites::creator.eq(Key::from(invite.creator)))
                .filter(game_invites::state.eq(Word(InviteState::Pending)))
                .filter(game_invites::expires_at.gt(Ts(stamp.at)))
                .into_boxed();
            if invite.is_practice() {
                // An opponent invites everybody; each person's are counted alone.
                open = open.filter(game_invites::invitee.eq(Key::from(invite.invitee)));
            }
            let open: i64 = open.count().get_result(c).await?;
            if open >= i64::from(new.open_at_most) {
                return Err(Undone::Not(Creation::TooManyOpen));
            }
            if invite.is_practice() {
                let running = c.practice_games_of(Key::from(invite.invitee)).await?;
                if running >= i64::from(new.practice_at_most) {
                    return Err(Undone::Not(Creation::TooMuchPractice));
                }
            }
            if let Some(game) = invite.rematch_of {
                // One that has run out makes room, whether or not that was recorded.
                let expired: Vec<Key> = diesel::update(game_invites::table)
                    .filter(game_invites::rematch_of.eq(Key::from(game)))
                    .filter(game_invites::state.eq(Word(InviteState::Pending)))
                    .filter(game_invites::expires_at.le(Ts(stamp.at)))
                    .set((
                        game_invites::state.eq(Word(InviteState::Expired)),
                        game_invites::closed_at.eq(Some(Ts(stamp.at))),
                    ))
                    .returning(game_invites::game)
                    .get_results(c)
                    .await?;
                c.drop_seeds(expired).await?;
                let offered: Option<Key> = game_invites::table
                    .filter(game_invites::rematch_of.eq(Key::from(game)))
                    .filter(game_invites::state.eq(Word(InviteState::Pending)))
                    .select(game_invites::id)
                    .first(c)
                    .await
                    .optional()?;
                if let Some(id) = offered {
                    return Err(Undone::Not(Creation::RematchOffered(id.id())));
                }
            }
            diesel::insert_into(game_invites::table).values(InviteRow::from(invite)).execute(c).await?;
            diesel::insert_into(game_seeds::table)
                .values((
                    game_seeds::game.eq(Key::from(invite.game)),
                    game_seeds::sealed.eq(&new.sealed_seed),
                ))
                .execute(c)
                .await?;
            audit(c, &ids, &stamp, "game_invite.create", invite.id.to_string(), |event| {
                event.related("game", invite.game).digest("commitment", &invite.commitment.bytes())
            })
            .await?;
            let told = tell(c, Addressed::invitation(invite, new.quiet), stamp.at).await?;
            idempotency::store(c, &claim, serde_json::json!({ "invite": invite.id })).await?;
            Ok(told)
        });
        match outcome {
            Ok(told) => Ok(Creation::Made(told)),
            Err(Undone::Not(creation)) => Ok(creation),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    async fn invite(&self, id: GameInviteId) -> Result<Option<Invite>, StoreError> {
        let row: Result<Option<InviteRow>, StoreError> = read!(self.db, |c| {
            let row = game_invites::table.find(Key::from(id)).select(InviteRow::as_select());
            Ok(row.first(c).await.optional()?)
        });
        row?.map(Invite::try_from).transpose()
    }

    async fn sealed_seed(&self, game: GameId) -> Result<Option<Vec<u8>>, StoreError> {
        read!(self.db, |c| {
            let sealed = game_seeds::table.find(Key::from(game)).select(game_seeds::sealed);
            Ok(sealed.first(c).await.optional()?)
        })
    }

    async fn invites(&self, query: InvitesQuery) -> Result<Vec<Invite>, StoreError> {
        let rows: Result<Vec<InviteRow>, StoreError> = read!(self.db, |c| {
            let mut rows = game_invites::table.select(InviteRow::as_select()).into_boxed();
            let account = Key::from(query.account);
            rows = match query.side {
                Side::Creator => rows.filter(game_invites::creator.eq(account)),
                Side::Invitee => rows.filter(game_invites::invitee.eq(account)),
            };
            if let Some(now) = query.open_at {
                rows = rows
                    .filter(game_invites::state.eq(Word(InviteState::Pending)))
                    .filter(game_invites::expires_at.gt(Ts(now)));
            }
            if let Some(before) = query.before {
                rows = rows.filter(game_invites::id.lt(Key::from(before)));
            }
            Ok(rows.order(game_invites::id.desc()).limit(query.rows).load(c).await?)
        });
        rows?.into_iter().map(Invite::try_from).collect()
    }

    async fn put_entropy(
        &self,
        id: GameInviteId,
        entropy: Entropy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        write_one!(self.db, |c| {
            let open = game_invites::table
                .find(Key::from(id))
                .filter(game_invites::state.eq(Word(InviteState::Pending)))
                .filter(game_invites::expires_at.gt(Ts(now)));
            let changed = diesel::update(open)
                .set((
                    game_invites::entropy.eq(Some(entropy.bytes().to_vec())),
                    game_invites::entropy_rev.eq(game_invites::entropy_rev + 1),
                ))
                .execute(c)
                .await?;
            Ok(changed == 1)
        })
    }

    async fn close_invite(&self, closing: Closing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let open = game_invites::table
                .find(Key::from(closing.invite))
                .filter(game_invites::state.eq(Word(InviteState::Pending)))
                .filter(game_invites::expires_at.gt(Ts(stamp.at)));
            let closed: Vec<Key> = diesel::update(open)
                .set((
                    game_invites::state.eq(Word(closing.state)),
                    game_invites::reason.eq(Some(&closing.reason)),
                    game_invites::closed_at.eq(Some(Ts(stamp.at))),
                ))
                .returning(game_invites::game)
                .get_results(c)
                .await?;
            if closed.is_empty() {
                return Ok(None);
            }
            c.drop_seeds(closed).await?;
            let action = match closing.state {
                InviteState::Declined => "game_invite.decline",
                _ => "game_invite.cancel",
            };
            audit(c, &ids, &stamp, action, closing.invite.to_string(), |event| event.reason(closing.reason))
                .await?;
            Ok(Some(tell(c, closing.notices, stamp.at).await?))
        })
    }

    async fn accept_invite(&self, acceptance: Acceptance, stamp: Stamp) -> Result<Accepting, StoreError> {
        let ids = self.ids.clone();
        let Acceptance { invite, lines, due_at, practice_since, practice_at_most, notices } = acceptance;
        let (game, players) = (invite.game, invite.players());
        let begun = Begun::of(invite.clone(), &lines, due_at, practice_since, stamp.at)?;
        let outcome = write!(self.db, |c| {
            let open = game_invites::table
                .find(Key::from(invite.id))
                .filter(game_invites::state.eq(Word(InviteState::Pending)))
                .filter(game_invites::expires_at.gt(Ts(stamp.at)))
                .filter(game_invites::entropy_rev.eq(invite.entropy_rev));
            let changed = diesel::update(open)
                .set((
                    game_invites::state.eq(Word(InviteState::Accepted)),
                    game_invites::closed_at.eq(Some(Ts(stamp.at))),
                ))
                .execute(c)
                .await?;
            if changed == 0 {
                return Err(Undone::Not(Accepting::Changed));
            }
            c.begin_game(begun).await?;
            audit(c, &ids, &stamp, "game.start", game.to_string(), |event| {
                event.related("invite", invite.id)
            })
            .await?;
            let event = GameEvent::GameStarted { game, players: [players.first, players.second] };
            announce(c, &ids, &event, stamp.at).await?;
            let told = tell(c, notices, stamp.at).await?;
            if invite.is_practice() {
                // Last, with the inbox held: whoever accepts several at once is counted one by one.
                let running = c.practice_games_of(Key::from(invite.invitee)).await?;
                if running > i64::from(practice_at_most) {
                    return Err(Undone::Not(Accepting::TooMuchPractice));
                }
            }
            Ok(told)
        });
        match outcome {
            Ok(told) => Ok(Accepting::Begun(told)),
            Err(Undone::Not(accepting)) => Ok(accepting),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    async fn cancel_invites(
        &self,
        which: Cancelling,
        cursor: Option<Cursor>,
        stamp: Stamp,
    ) -> Result<Vec<Told>, StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let cause = CancelCause::NotAvailable.as_str();
            let set = (
                game_invites::state.eq(Word(InviteState::Cancelled)),
                game_invites::reason.eq(Some(cause)),
                game_invites::closed_at.eq(Some(Ts(stamp.at))),
            );
            let pending = game_invites::state.eq(Word(InviteState::Pending));
            let running = game_invites::expires_at.gt(Ts(stamp.at));
            let ends = (game_invites::id, game_invites::game, game_invites::creator, game_invites::invitee);
            let cancelled: Vec<(Key, Key, Key, Key)> = match which {
                Cancelling::Between(one, other) => {
                    let (one, other) = (Key::from(one), Key::from(other));
                    let there = game_invites::creator.eq(one).and(game_invites::invitee.eq(other));
                    let back = game_invites::creator.eq(other).and(game_invites::invitee.eq(one));
                    diesel::update(game_invites::table)
                        .filter(pending.and(running).and(there.or(back)))
                        .set(set)
                        .returning(ends)
                        .get_results(c)
                        .await?
                }
                Cancelling::AllOf(account) => {
                    let account = Key::from(account);
                    let theirs = game_invites::creator.eq(account).or(game_invites::invitee.eq(account));
                    diesel::update(game_invites::table)
                        .filter(pending.and(running).and(theirs))
                        .set(set)
                        .returning(ends)
                        .get_results(c)
                        .await?
                }
            };
            c.drop_seeds(cancelled.iter().map(|(_, game, ..)| *game).collect()).await?;
            let mut notices = Vec::with_capacity(cancelled.len() * 2);
            for (id, _, creator, invitee) in cancelled {
                let invite: GameInviteId = id.id();
                audit(c, &ids, &stamp, "game_invite.cancel", invite.to_string(), |event| event.reason(cause))
                    .await?;
                for to in [creator.id(), invitee.id()] {
                    let notice = Notice::Cancelled { invite, reason: cause.to_owned() };
                    notices.push(Addressed { to, notice });
                }
            }
            let told = tell(c, notices, stamp.at).await?;
            if let Some(cursor) = cursor {
                platform::inbox::advance(c, cursor.consumer, cursor.number).await?;
            }
            Ok(told)
        })
    }

    async fn record_expired(&self, now: Timestamp) -> Result<Vec<Told>, StoreError> {
        write!(self.db, |c| {
            let due = game_invites::table
                .filter(game_invites::state.eq(Word(InviteState::Pending)))
                .filter(game_invites::expires_at.le(Ts(now)))
                .order(game_invites::expires_at)
                .limit(EXPIRED_AT_ONCE)
                .select(game_invites::id);
            let due: Vec<Key> = due.load(c).await?;
            let mut notices = Vec::with_capacity(due.len() * 2);
            let mut games = Vec::with_capacity(due.len());
            for id in due {
                let expired: Option<(Key, Key, Key)> = diesel::update(
                    game_invites::table.find(id).filter(game_invites::state.eq(Word(InviteState::Pending))),
                )
                .set((
                    game_invites::state.eq(Word(InviteState::Expired)),
                    game_invites::closed_at.eq(Some(Ts(now))),
                ))
                .returning((game_invites::game, game_invites::creator, game_invites::invitee))
                .get_result(c)
                .await
                .optional()?;
                let Some((game, creator, invitee)) = expired else { continue };
                games.push(game);
                for to in [creator.id(), invitee.id()] {
                    notices.push(Addressed { to, notice: Notice::Expired { invite: id.id() } });
                }
            }
            c.drop_seeds(games).await?;
            tell(c, notices, now).await
        })
    }

    async fn forget_invites(&self, before: Timestamp, rows: i64) -> Result<bool, StoreError> {
        write!(self.db, |c| {
            let old = game_invites::table.filter(game_invites::closed_at.lt(Ts(before))).limit(rows);
            let columns = (game_invites::id, game_invites::game, game_invites::state);
            let old: Vec<(Key, Key, Word<InviteState>)> = old.select(columns).load(c).await?;
            let found = i64::try_from(old.len()).unwrap_or(i64::MAX);
            // Those closed by an earlier version kept theirs.
            let without_game = old.iter().filter(|(_, _, state)| state.0 != InviteState::Accepted);
            c.drop_seeds(without_game.map(|(_, game, _)| *game).collect()).await?;
            let ids: Vec<Key> = old.into_iter().map(|(id, ..)| id).collect();
            diesel::delete(game_invites::table.filter(game_invites::id.eq_any(ids))).execute(c).await?;
            Ok(found == rows)
        })
    }
}

fn repeated(value: &serde_json::Value) -> Result<Creation, StoreError> {
    let id = value.get("invite").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    id.map(Creation::Repeated).ok_or(StoreError::inconsistent("the result of an idempotency key"))
}
