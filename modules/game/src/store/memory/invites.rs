//! Invites in memory: created once per key, closed once, accepted once.

use std::time::Duration;

use async_trait::async_trait;
use game_api::GameEvent;
use game_engine::Seat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId};
use platform::idempotency::Claim;

use super::games::{Game, Line, Running};
use super::{Letters, MemoryStore, Tables, announcement, rows};
use crate::domain::invite::{CancelCause, Invite, InviteState};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::shuffle::Entropy;
use crate::store::{
    Acceptance, Accepting, Cancelling, Closing, Creation, Cursor, InviteStore, InvitesQuery, NewInvite,
    Stamp, StoreError, Told,
};

/// How long a finished claim answers repeats.
const KEPT: Duration = Duration::from_hours(24);
/// Expired invites told of in one transaction at most.
const EXPIRED_AT_ONCE: usize = 100;

/// An idempotency key that made an invite.
#[derive(Debug, Clone)]
pub(super) struct KeptClaim {
    body_digest: [u8; 32],
    made: GameInviteId,
    expires_at: Timestamp,
}

fn is_open(invite: &Invite, now: Timestamp) -> bool {
    invite.recorded == InviteState::Pending && invite.expires_at > now
}

impl Tables {
    fn open_invite(&mut self, id: GameInviteId, now: Timestamp) -> Option<&mut Invite> {
        self.invites.get_mut(&id).filter(|invite| is_open(invite, now))
    }

    /// Why nothing is created, if something stands against it.
    fn against(&self, new: &NewInvite, claim: &Claim, now: Timestamp) -> Option<Creation> {
        let key = (claim.scope.clone(), claim.route.clone(), claim.key.clone());
        if let Some(kept) = self.claims.get(&key).filter(|kept| kept.expires_at > claim.at) {
            let same = kept.body_digest == claim.body_digest;
            return Some(if same { Creation::Repeated(kept.made) } else { Creation::KeyReused });
        }
        let counted = |invite: &&Invite| {
            invite.creator == new.invite.creator
                && (!new.invite.is_practice() || invite.invitee == new.invite.invitee)
        };
        let theirs = self.invites.values().filter(counted);
        let open = theirs.filter(|invite| is_open(invite, now)).count();
        if open >= usize::try_from(new.open_at_most).unwrap_or(usize::MAX) {
            return Some(Creation::TooManyOpen);
        }
        if new.invite.is_practice() && self.practises(new.invite.invitee) >= new.practice_at_most {
            return Some(Creation::TooMuchPractice);
        }
        let rematch = new.invite.rematch_of?;
        let mut offers = self.invites.values().filter(|invite| invite.rematch_of == Some(rematch));
        offers.find(|invite| is_open(invite, now)).map(|invite| Creation::RematchOffered(invite.id))
    }

    /// Marks invites as over, without a word to anybody. A seed without a game is not kept.
    fn close(&mut self, ids: &[GameInviteId], state: InviteState, reason: Option<&str>, at: Timestamp) {
        for id in ids {
            if let Some(invite) = self.invites.get_mut(id) {
                if state != InviteState::Accepted {
                    self.seeds.remove(&invite.game);
                }
                invite.recorded = state;
                invite.reason = reason.map(str::to_owned).or(invite.reason.take());
                invite.closed_at = Some(at);
            }
        }
    }

    fn ends(&self, ids: &[GameInviteId]) -> Vec<(GameInviteId, AccountId)> {
        let invites = ids.iter().filter_map(|id| self.invites.get(id));
        invites.flat_map(|invite| [(invite.id, invite.creator), (invite.id, invite.invitee)]).collect()
    }
}

#[async_trait]
impl InviteStore for MemoryStore {
    async fn create_invite(
        &self,
        new: NewInvite,
        claim: Claim,
        stamp: Stamp,
    ) -> Result<Creation, StoreError> {
        let invite = &new.invite;
        let letters = Letters::of(Addressed::invitation(invite, new.quiet))?;
        self.with(|tables| {
            if let Some(creation) = tables.against(&new, &claim, stamp.at) {
                return Ok(creation);
            }
            if tables.seeds.contains_key(&invite.game) {
                return Err(StoreError::Conflict("game_invites_game_key".to_owned()));
            }
            if let Some(game) = invite.rematch_of {
                // One that has run out makes room, whether or not that was recorded.
                let pending =
                    tables.invites.values().filter(|invite| invite.recorded == InviteState::Pending);
                let over: Vec<GameInviteId> = pending
                    .filter(|invite| invite.rematch_of == Some(game))
                    .map(|invite| invite.id)
                    .collect();
                tables.close(&over, InviteState::Expired, None, stamp.at);
            }
            let key = (claim.scope, claim.route, claim.key);
            let expires_at = claim.at.plus(KEPT);
            let kept = KeptClaim { body_digest: claim.body_digest, made: invite.id, expires_at };
            tables.claims.insert(key, kept);
            tables.seeds.insert(invite.game, new.sealed_seed.clone());
            tables.record(&self.ids, &stamp, "game_invite.create", invite.id.to_string(), |event| {
                event.related("game", invite.game).digest("commitment", &invite.commitment.bytes())
            });
            tables.invites.insert(invite.id, invite.clone());
            Ok(Creation::Made(tables.tell(letters, stamp.at)))
        })
    }

    async fn invite(&self, id: GameInviteId) -> Result<Option<Invite>, StoreError> {
        Ok(self.with(|tables| tables.invites.get(&id).cloned()))
    }

    async fn sealed_seed(&self, game: GameId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.with(|tables| tables.seeds.get(&game).cloned()))
    }

    async fn invites(&self, query: InvitesQuery) -> Result<Vec<Invite>, StoreError> {
        let wanted = |invite: &&Invite| {
            invite.side_of(query.account) == Some(query.side)
                && query.open_at.is_none_or(|now| is_open(invite, now))
                && query.before.is_none_or(|before| invite.id < before)
        };
        Ok(self.with(|tables| {
            tables.invites.values().rev().filter(wanted).take(rows(query.rows)).cloned().collect()
        }))
    }

    async fn put_entropy(
        &self,
        id: GameInviteId,
        entropy: Entropy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.with(|tables| {
            let Some(invite) = tables.open_invite(id, now) else { return false };
            invite.entropy = Some(entropy);
            invite.entropy_rev += 1;
            true
        }))
    }

    async fn close_invite(&self, closing: Closing, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        let letters = Letters::of(closing.notices)?;
        Ok(self.with(|tables| {
            tables.open_invite(closing.invite, stamp.at)?;
            tables.close(&[closing.invite], closing.state, Some(&closing.reason), stamp.at);
            let action = match closing.state {
                InviteState::Declined => "game_invite.decline",
                _ => "game_invite.cancel",
            };
            tables.record(&self.ids, &stamp, action, closing.invite.to_string(), |event| {
                event.reason(closing.reason)
            });
            Some(tables.tell(letters, stamp.at))
        }))
    }

    async fn accept_invite(&self, acceptance: Acceptance, stamp: Stamp) -> Result<Accepting, StoreError> {
        let Acceptance { invite, lines, due_at, practice_since, practice_at_most, notices } = acceptance;
        let (game, players) = (invite.game, invite.players());
        let seq = lines.last().map_or(0, |line| line.seq);
        let (lines, letters) = (Line::all(&lines)?, Letters::of(notices)?);
        let event = GameEvent::GameStarted { game, players: [players.first, players.second] };
        let event = announcement(&self.ids, &event, stamp.at)?;
        Ok(self.with(|tables| {
            let open = tables.open_invite(invite.id, stamp.at);
            if open.is_none_or(|open| open.entropy_rev != invite.entropy_rev) {
                return Accepting::Changed;
            }
            if invite.is_practice() && tables.practises(invite.invitee) >= practice_at_most {
                return Accepting::TooMuchPractice;
            }
            tables.close(&[invite.id], InviteState::Accepted, None, stamp.at);
            let begun = Game::begun(&invite, stamp.at, lines);
            tables.games.insert(game, begun);
            for seat in Seat::ALL {
                tables.participants.insert((*players.get(*seat), game), *seat);
            }
            tables.running.insert(game, Running { seq, due_at, practice_since });
            tables.record(&self.ids, &stamp, "game.start", game.to_string(), |event| {
                event.related("invite", invite.id)
            });
            tables.outbox.push(event);
            Accepting::Begun(tables.tell(letters, stamp.at))
        }))
    }

    async fn cancel_invites(
        &self,
        which: Cancelling,
        cursor: Option<Cursor>,
        stamp: Stamp,
    ) -> Result<Vec<Told>, StoreError> {
        let cause = CancelCause::NotAvailable.as_str();
        let concerns = |invite: &Invite| match which {
            Cancelling::Between(one, other) => {
                let ends = (invite.creator, invite.invitee);
                ends == (one, other) || ends == (other, one)
            }
            Cancelling::AllOf(account) => invite.side_of(account).is_some(),
        };
        self.with(|tables| {
            if let Some(cursor) = cursor {
                tables.may_advance(cursor)?;
            }
            let open = tables.invites.values().filter(|invite| is_open(invite, stamp.at));
            let over: Vec<GameInviteId> =
                open.filter(|invite| concerns(invite)).map(|invite| invite.id).collect();
            let notice = |(invite, to)| Addressed {
                to,
                notice: Notice::Cancelled { invite, reason: cause.to_owned() },
            };
            let letters = Letters::of(tables.ends(&over).into_iter().map(notice).collect())?;
            tables.close(&over, InviteState::Cancelled, Some(cause), stamp.at);
            for invite in over {
                tables.record(&self.ids, &stamp, "game_invite.cancel", invite.to_string(), |event| {
                    event.reason(cause)
                });
            }
            if let Some(cursor) = cursor {
                tables.advance(cursor);
            }
            Ok(tables.tell(letters, stamp.at))
        })
    }

    async fn record_expired(&self, now: Timestamp) -> Result<Vec<Told>, StoreError> {
        self.with(|tables| {
            let pending = tables.invites.values().filter(|invite| invite.recorded == InviteState::Pending);
            let mut due: Vec<(Timestamp, GameInviteId)> = pending
                .filter(|invite| invite.expires_at <= now)
                .map(|invite| (invite.expires_at, invite.id))
                .collect();
            due.sort_unstable();
            let due: Vec<GameInviteId> = due.into_iter().take(EXPIRED_AT_ONCE).map(|(_, id)| id).collect();
            let notice = |(invite, to)| Addressed { to, notice: Notice::Expired { invite } };
            let letters = Letters::of(tables.ends(&due).into_iter().map(notice).collect())?;
            tables.close(&due, InviteState::Expired, None, now);
            Ok(tables.tell(letters, now))
        })
    }

    async fn forget_invites(&self, before: Timestamp, limit: i64) -> Result<bool, StoreError> {
        Ok(self.with(|tables| {
            let closed = |invite: &&Invite| invite.closed_at.is_some_and(|at| at < before);
            let old: Vec<GameInviteId> =
                tables.invites.values().filter(closed).take(rows(limit)).map(|invite| invite.id).collect();
            for id in &old {
                tables.invites.remove(id);
            }
            old.len() == rows(limit)
        }))
    }
}
