//! The two ways an invite is spent: reserved for whoever will register, or redeemed at once by a signed-in player;
//! and the step that turns a reservation into a relationship when identity has created the account.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::DistributorStanding;
use kernel::id::{AccountId, RelationshipId};
use platform::db::StoreError;
use platform::inbox;
use platform::sql::{Key, Ts, Word};

use super::record::{Record, started};
use super::rows::{InviteRow, RelationshipRow};
use super::schema::{distributors, invites, relationships};
use super::{
    Act, AlreadyRelated, Attempt, DieselStore, Held, IDENTITY_CONSUMER, NewLink, Orphan, PlayerRedeemed,
    Posted, Reserved, Stop,
};
use crate::domain::drive::DriveKind;
use crate::domain::invite::{CodeMac, Invite, InviteState, Refused};
use crate::domain::relationship::{Origin, Relationship};

/// The condition under which an invite can be taken, now; the one place where expiry counts.
macro_rules! takeable {
    ($now:expr) => {
        invites::expires_at.gt(Ts::from($now)).and(diesel::dsl::exists(
            distributors::table
                .filter(distributors::account.eq(invites::distributor))
                .filter(distributors::standing.eq(Word(DistributorStanding::Active))),
        ))
    };
}

impl DieselStore {
    pub(super) async fn reserve_invite(&self, attempt: Attempt, act: Act) -> Result<Reserved, StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let taken = diesel::update(invites::table)
                .filter(invites::code.eq(attempt.code.0.to_vec()))
                .filter(invites::state.eq(Word(InviteState::Open)))
                .filter(takeable!(scribe.at()))
                .set((
                    invites::state.eq(Word(InviteState::Reserved)),
                    invites::redemption.eq(Some(Key::from(attempt.redemption))),
                    invites::reserved_until.eq(Some(Ts::from(attempt.until))),
                    invites::reserved_key.eq(Some(attempt.key.0.to_vec())),
                ))
                .returning((invites::id, invites::distributor))
                .get_result::<(Key, Key)>(c)
                .await
                .optional()?;
            // Read whether or not it was taken: every answer costs the same work.
            let found = c.by_code(attempt.code).await?;
            if let Some((invite, distributor)) = taken {
                c.invite_step(scribe, invite.id(), "invite.reserve", Some(attempt.redemption)).await?;
                return Ok(Reserved::Held(Held {
                    redemption: attempt.redemption,
                    distributor: distributor.id(),
                    until: attempt.until,
                }));
            }
            let Some((invite, active)) = found else { return Ok(Reserved::Unusable) };
            let held = |redemption, until| Held { redemption, distributor: invite.distributor, until };
            Ok(match invite.refusal(attempt.key, active, scribe.at()) {
                Refused::Repeat(redemption, until) => Reserved::Held(held(redemption, until)),
                Refused::Lapsed(redemption) => Reserved::Lapsed(invite.id, redemption),
                Refused::Unusable => Reserved::Unusable,
                Refused::Renew(redemption) => {
                    // The row may have moved since it was read (PostgreSQL): the condition is part of the update.
                    let renewed = diesel::update(invites::table.find(Key::from(invite.id)))
                        .filter(invites::state.eq(Word(InviteState::Reserved)))
                        .filter(invites::redemption.eq(Some(Key::from(redemption))))
                        .filter(takeable!(scribe.at()))
                        .set(invites::reserved_until.eq(Some(Ts::from(attempt.until))))
                        .execute(c)
                        .await?;
                    if renewed == 0 {
                        return Err(StoreError::LostRace);
                    }
                    c.invite_step(scribe, invite.id, "invite.reserve", Some(redemption)).await?;
                    Reserved::Held(held(redemption, attempt.until))
                }
            })
        })
    }

    pub(super) async fn redeem_for_player(
        &self,
        attempt: Attempt,
        player: AccountId,
        relationship: RelationshipId,
        act: Act,
    ) -> Result<PlayerRedeemed, Stop<AlreadyRelated>> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let taken = diesel::update(invites::table)
                .filter(invites::code.eq(attempt.code.0.to_vec()))
                .filter(invites::state.eq(Word(InviteState::Open)))
                .filter(takeable!(scribe.at()))
                .set((
                    invites::state.eq(Word(InviteState::Redeemed)),
                    invites::redemption.eq(Some(Key::from(attempt.redemption))),
                    invites::reserved_until.eq(Some(Ts::from(scribe.at()))),
                    invites::reserved_key.eq(Some(attempt.key.0.to_vec())),
                    invites::redeemed_by.eq(Some(Key::from(player))),
                    invites::redeemed_at.eq(Some(Ts::from(scribe.at()))),
                ))
                .returning((invites::id, invites::distributor))
                .get_result::<(Key, Key)>(c)
                .await
                .optional()?;
            let found = c.by_code(attempt.code).await?;
            let Some((invite, distributor)) = taken else {
                let Some((invite, active)) = found else { return Ok(PlayerRedeemed::Unusable) };
                if invite.redeemed.is_some_and(|(by, _)| by == player)
                    && let Some(relationship) = c.from_invite(&invite).await?
                {
                    return Ok(PlayerRedeemed::Related(relationship, Vec::new()));
                }
                return Ok(match invite.refusal(attempt.key, active, scribe.at()) {
                    Refused::Lapsed(redemption) | Refused::Renew(redemption) => {
                        PlayerRedeemed::Lapsed(invite.id, redemption)
                    }
                    Refused::Repeat(..) | Refused::Unusable => PlayerRedeemed::Unusable,
                });
            };
            let origin = Origin { invite: invite.id(), redemption: attempt.redemption };
            let begun = started(relationship, (distributor.id(), player), origin, scribe.at());
            c.invite_step(scribe.clone(), origin.invite, "invite.redeem", Some(origin.redemption)).await?;
            // Giving up rolls the invite back to open.
            let posted = c.begin(scribe, begun.clone(), DriveKind::Attach).await?;
            let posted = posted.ok_or(Stop::Rule(AlreadyRelated))?;
            Ok(PlayerRedeemed::Related(begun, posted))
        })
    }

    pub(super) async fn link_account(&self, link: NewLink, act: Act) -> Result<Vec<Posted>, Stop<Orphan>> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            inbox::advance(c, IDENTITY_CONSUMER, link.event).await?;
            let redeemed = diesel::update(invites::table)
                .filter(invites::redemption.eq(Some(Key::from(link.redemption))))
                .filter(invites::state.eq(Word(InviteState::Reserved)))
                .set((
                    invites::state.eq(Word(InviteState::Redeemed)),
                    invites::redeemed_by.eq(Some(Key::from(link.account))),
                    invites::redeemed_at.eq(Some(Ts::from(scribe.at()))),
                ))
                .returning((invites::id, invites::distributor))
                .get_result::<(Key, Key)>(c)
                .await
                .optional()?;
            let Some((invite, distributor)) = redeemed else {
                // Told twice: what the first telling did stands.
                return if c.was_linked(link).await? { Ok(Vec::new()) } else { Err(Stop::Rule(Orphan)) };
            };
            let origin = Origin { invite: invite.id(), redemption: link.redemption };
            c.invite_step(scribe.clone(), origin.invite, "invite.redeem", Some(link.redemption)).await?;
            let begun = started(link.relationship, (distributor.id(), link.account), origin, scribe.at());
            let posted = c.begin(scribe, begun, DriveKind::Activate).await?;
            posted.ok_or(Stop::Rule(Orphan))
        })
    }
}

platform::dual! {
    /// Lookups inside the transactions above.
    trait Lookup {
        /// The invite that this is the present code of, and whether its distributor is active.
        async fn by_code(c, code: CodeMac) -> Result<Option<(Invite, bool)>, StoreError> {
            let row: Option<(InviteRow, Option<Word<DistributorStanding>>)> = invites::table
                .left_join(distributors::table.on(distributors::account.eq(invites::distributor)))
                .filter(invites::code.eq(code.0.to_vec()))
                .select((InviteRow::as_select(), distributors::standing.nullable()))
                .first(c)
                .await
                .optional()?;
            let Some((row, standing)) = row else { return Ok(None) };
            Ok(Some((row.read()?, standing == Some(Word(DistributorStanding::Active)))))
        }

        /// Whether this account has been linked by this redemption already.
        async fn was_linked(c, link: NewLink) -> Result<bool, StoreError> {
            let invites: i64 = invites::table
                .filter(invites::redemption.eq(Some(Key::from(link.redemption))))
                .filter(invites::redeemed_by.eq(Some(Key::from(link.account))))
                .count()
                .get_result(c)
                .await?;
            Ok(invites > 0)
        }

        /// The relationship that came of an invite.
        async fn from_invite(c, invite: &Invite) -> Result<Option<Relationship>, StoreError> {
            let row: Option<RelationshipRow> = relationships::table
                .filter(relationships::invite.eq(Some(Key::from(invite.id))))
                .select(RelationshipRow::as_select())
                .first(c)
                .await
                .optional()?;
            Ok(row.map(Relationship::from))
        }
    }
}
