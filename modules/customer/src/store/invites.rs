//! Invites from creation to revocation, as their distributor handles them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::DistributorStanding;
use kernel::id::{AccountId, InviteId, RedemptionId, RelationshipId};
use kernel::{Limit, Timestamp};
use platform::db::StoreError;
use platform::idempotency::{self, Claim, Claimed};
use platform::sql::{Key, Ts, Word};
use serde_json::json;

use super::record::{Record, Scribe};
use super::rows::InviteRow;
use super::schema::{distributors, invites};
use super::{
    Act, AlreadyRelated, Attempt, CreateRefused, DieselStore, InviteQuery, InviteStore, NewInvite, NewLink,
    Orphan, PlayerRedeemed, Posted, ReissueRefused, Reserved, Stop,
};
use crate::domain::invite::{CodeMac, Invite, InviteShown, InviteState};
use crate::domain::limits::{DAY, InviteCount, InviteLimits};

#[async_trait]
impl InviteStore for DieselStore {
    async fn create(
        &self,
        new: NewInvite,
        limits: InviteLimits,
        claim: Claim,
        act: Act,
    ) -> Result<Invite, Stop<CreateRefused>> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            match idempotency::claim(c, &claim).await? {
                Claimed::New => {}
                Claimed::Repeat(earlier) => return repeat(c, &earlier, new, scribe).await,
                Claimed::InFlight => return Err(Stop::Rule(CreateRefused::InFlight)),
                Claimed::Conflict => return Err(Stop::Rule(CreateRefused::KeyReused)),
            }
            if !c.count_one_more(new.distributor).await? {
                return Err(Stop::Rule(CreateRefused::DistributorInactive));
            }
            let have = c.count(new.distributor, scribe.at()).await?;
            limits
                .one_more(have, scribe.at())
                .map_err(|reached| Stop::Rule(CreateRefused::Limit(reached)))?;
            let row = diesel::insert_into(invites::table)
                .values(InviteRow::new(new.clone(), scribe.at()))
                .returning(InviteRow::as_returning())
                .get_result(c)
                .await?;
            c.invite_step(scribe, new.id, "invite.create", None).await?;
            idempotency::store(c, &claim, json!({ "invite": new.id })).await?;
            Ok(row.read()?)
        })
    }

    async fn reissue(
        &self,
        distributor: AccountId,
        invite: InviteId,
        code: CodeMac,
        act: Act,
    ) -> Result<Invite, Stop<ReissueRefused>> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            if let Some(row) = c.renew_code(distributor, invite, code, scribe).await? {
                return Ok(row.read()?);
            }
            let known: i64 = invites::table
                .filter(invites::id.eq(Key::from(invite)))
                .filter(invites::distributor.eq(Key::from(distributor)))
                .count()
                .get_result(c)
                .await?;
            Err(Stop::Rule(if known == 0 { ReissueRefused::Unknown } else { ReissueRefused::NotOpen }))
        })
    }

    async fn invite(&self, distributor: AccountId, invite: InviteId) -> Result<Option<Invite>, StoreError> {
        let row: Result<Option<InviteRow>, StoreError> = platform::read!(self.db, |c| {
            let row = invites::table
                .find(Key::from(invite))
                .filter(invites::distributor.eq(Key::from(distributor)))
                .select(InviteRow::as_select())
                .first(c)
                .await
                .optional()?;
            Ok(row)
        });
        row?.map(InviteRow::read).transpose()
    }

    async fn invites(&self, query: InviteQuery) -> Result<Vec<Invite>, StoreError> {
        let rows: Result<Vec<InviteRow>, StoreError> = platform::read!(self.db, |c| {
            let now = Ts::from(query.now);
            let mut rows = invites::table
                .filter(invites::distributor.eq(Key::from(query.distributor)))
                .select(InviteRow::as_select())
                .order(invites::id.desc())
                .limit(query.limit.rows() + 1)
                .into_boxed();
            if let Some(before) = query.before {
                rows = rows.filter(invites::id.lt(Key::from(before)));
            }
            let lapsed = invites::reserved_until.le(now).assume_not_null();
            let state = |state| invites::state.eq(Word(state));
            rows = match query.shown {
                None => rows,
                Some(InviteShown::Redeemed) => rows.filter(state(InviteState::Redeemed)),
                Some(InviteShown::Revoked) => rows.filter(state(InviteState::Revoked)),
                Some(InviteShown::Reserved) => rows.filter(
                    state(InviteState::Reserved).and(invites::reserved_until.gt(now).assume_not_null()),
                ),
                Some(InviteShown::Open) => rows
                    .filter(state(InviteState::Open).or(state(InviteState::Reserved).and(lapsed)))
                    .filter(invites::expires_at.gt(now)),
                Some(InviteShown::Expired) => rows
                    .filter(state(InviteState::Open).or(state(InviteState::Reserved).and(lapsed)))
                    .filter(invites::expires_at.le(now)),
            };
            Ok(rows.load(c).await?)
        });
        rows?.into_iter().map(InviteRow::read).collect()
    }

    async fn lapsed(
        &self,
        now: Timestamp,
        limit: Limit,
    ) -> Result<Vec<(InviteId, RedemptionId)>, StoreError> {
        let rows: Result<Vec<(Key, Option<Key>)>, StoreError> = platform::read!(self.db, |c| {
            let rows = invites::table
                .filter(invites::state.eq(Word(InviteState::Reserved)))
                .filter(invites::reserved_until.le(Ts::from(now)))
                .select((invites::id, invites::redemption))
                .order(invites::reserved_until)
                .limit(limit.rows())
                .load(c)
                .await?;
            Ok(rows)
        });
        Ok(rows?.into_iter().filter_map(|(id, redemption)| Some((id.id(), redemption?.id()))).collect())
    }

    async fn reserve(&self, attempt: Attempt, act: Act) -> Result<Reserved, StoreError> {
        self.reserve_invite(attempt, act).await
    }

    async fn redeem_as_player(
        &self,
        attempt: Attempt,
        player: AccountId,
        relationship: RelationshipId,
        act: Act,
    ) -> Result<PlayerRedeemed, Stop<AlreadyRelated>> {
        self.redeem_for_player(attempt, player, relationship, act).await
    }

    async fn link(&self, link: NewLink, act: Act) -> Result<Vec<Posted>, Stop<Orphan>> {
        self.link_account(link, act).await
    }

    async fn release(
        &self,
        invite: InviteId,
        redemption: RedemptionId,
        act: Act,
    ) -> Result<bool, StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let changed = diesel::update(invites::table.find(Key::from(invite)))
                .filter(invites::state.eq(Word(InviteState::Reserved)))
                .filter(invites::redemption.eq(Key::from(redemption)))
                .set((invites::state.eq(Word(InviteState::Open)), NoHold::default()))
                .execute(c)
                .await?;
            if changed == 1 {
                c.invite_step(scribe, invite, "invite.release", Some(redemption)).await?;
            }
            Ok(changed == 1)
        })
    }

    async fn revoke(
        &self,
        invite: InviteId,
        holder: Option<RedemptionId>,
        act: Act,
    ) -> Result<bool, StoreError> {
        let scribe = self.scribe(act);
        platform::write!(self.db, |c| {
            let from = if holder.is_some() { InviteState::Reserved } else { InviteState::Open };
            let changed = diesel::update(invites::table.find(Key::from(invite)))
                .filter(invites::state.eq(Word(from)))
                // An open one has no redemption, a reserved one has exactly one.
                .filter(invites::redemption.is_null().or(invites::redemption.eq(holder.map(Key::from))))
                .set((
                    invites::state.eq(Word(InviteState::Revoked)),
                    invites::revoked_at.eq(Some(Ts::from(scribe.at()))),
                    NoHold::default(),
                ))
                .execute(c)
                .await?;
            if changed == 1 {
                c.invite_step(scribe, invite, "invite.revoke", holder).await?;
            }
            Ok(changed == 1)
        })
    }
}

impl DieselStore {
    pub(super) fn scribe(&self, act: Act) -> Scribe {
        Scribe { ids: self.ids.clone(), act }
    }
}

/// Nobody holds the invite.
#[derive(AsChangeset, Default)]
#[diesel(table_name = invites, treat_none_as_null = true)]
struct NoHold {
    redemption: Option<Key>,
    reserved_until: Option<Ts>,
    reserved_key: Option<Vec<u8>>,
}

async fn repeat<C: Creation>(
    c: &mut C,
    earlier: &serde_json::Value,
    new: NewInvite,
    scribe: Scribe,
) -> Result<Invite, Stop<CreateRefused>> {
    let id: Option<InviteId> =
        earlier.get("invite").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    let id = id.ok_or(StoreError::inconsistent("the answer of an earlier creation"))?;
    match c.renew_code(new.distributor, id, new.code, scribe).await? {
        Some(row) => Ok(row.read()?),
        None => Err(Stop::Rule(CreateRefused::NotOpen)),
    }
}

platform::dual! {
    /// The parts of making an invite that several methods share.
    trait Creation {
        /// Counts one more invite of a distributor that is active; its row is locked until the transaction ends.
        async fn count_one_more(c, distributor: AccountId) -> Result<bool, StoreError> {
            let changed = diesel::update(distributors::table.find(Key::from(distributor)))
                .filter(distributors::standing.eq(Word(DistributorStanding::Active)))
                .set(distributors::invites.eq(distributors::invites + 1))
                .execute(c)
                .await?;
            Ok(changed == 1)
        }

        async fn count(c, distributor: AccountId, now: Timestamp) -> Result<InviteCount, StoreError> {
            let own = || invites::distributor.eq(Key::from(distributor));
            let open = invites::table
                .filter(own())
                .filter(invites::state.eq_any([Word(InviteState::Open), Word(InviteState::Reserved)]))
                .filter(invites::expires_at.gt(Ts::from(now)))
                .count()
                .get_result(c)
                .await?;
            let since = Ts::from(now.minus(DAY));
            let of_day = || invites::table.filter(own()).filter(invites::created_at.gt(since));
            let daily = of_day().count().get_result(c).await?;
            let oldest: Option<Ts> = of_day()
                .select(invites::created_at)
                .order(invites::created_at)
                .first(c)
                .await
                .optional()?;
            Ok(InviteCount { open, daily, oldest_of_day: oldest.map(Ts::time) })
        }

        /// Replaces the code of an invite that can still be reserved.
        async fn renew_code(
            c,
            distributor: AccountId,
            invite: InviteId,
            code: CodeMac,
            scribe: Scribe,
        ) -> Result<Option<InviteRow>, StoreError> {
            let row = diesel::update(invites::table.find(Key::from(invite)))
                .filter(invites::distributor.eq(Key::from(distributor)))
                .filter(invites::state.eq_any([Word(InviteState::Open), Word(InviteState::Reserved)]))
                .filter(invites::expires_at.gt(Ts::from(scribe.at())))
                .set((invites::code.eq(code.0.to_vec()), invites::codes.eq(invites::codes + 1)))
                .returning(InviteRow::as_returning())
                .get_result(c)
                .await
                .optional()?;
            if row.is_some() {
                c.invite_step(scribe, invite, "invite.reissue", None).await?;
            }
            Ok(row)
        }
    }
}
