//! The `Store` traits, one method = one transaction with its outbox, audit and notice rows, and their diesel
//! implementation. All SQL of this context is in this folder, and no row type leaves it.

mod blocks;
mod drives;
mod invites;
mod pairs;
mod record;
mod relationships;
mod reserve;
mod rows;
mod schema;

use async_trait::async_trait;
use identity_api::DistributorStanding;
use kernel::id::{AccountId, InviteId, RedemptionId, RelationshipId, Uuid};
use kernel::{CallContext, IdSource, Limit, Timestamp};
use platform::db::{Db, StoreError};
use platform::idempotency::Claim;

use crate::domain::block::Block;
use crate::domain::drive::Drive;
use crate::domain::entitlement::PairFacts;
use crate::domain::invite::{CodeMac, Invite, InviteShown, KeyMac};
use crate::domain::limits::{InviteLimits, LimitReached};
use crate::domain::relationship::{PastState, Relationship, RelationshipState};

/// The name under which this context's consumer of identity's events keeps its place.
pub(crate) const IDENTITY_CONSUMER: &str = "customer.identity";

/// Who does something, and when.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) call: CallContext,
    pub(crate) at: Timestamp,
}

/// A notice that stands in its reader's stream and may be pushed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Posted {
    pub(crate) account: AccountId,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) kind: &'static str,
    pub(crate) body: serde_json::Value,
}

/// Why a transaction was given up: a rule said no, or storage failed. Either way nothing changed.
#[derive(Debug, PartialEq)]
pub(crate) enum Stop<R> {
    Rule(R),
    Store(StoreError),
}

impl<R> From<StoreError> for Stop<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<R> From<diesel::result::Error> for Stop<R> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An invite about to be made.
#[derive(Clone)]
pub(crate) struct NewInvite {
    pub(crate) id: InviteId,
    pub(crate) distributor: AccountId,
    pub(crate) code: CodeMac,
    pub(crate) label: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// Why no invite is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateRefused {
    /// Not active in our own copy of its standing.
    DistributorInactive,
    Limit(LimitReached),
    /// A repeat, but the invite it made can no longer be used.
    NotOpen,
    /// The same key is being worked on.
    InFlight,
    /// The same key came with another body.
    KeyReused,
}

/// Why no new code is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReissueRefused {
    Unknown,
    NotOpen,
}

/// An attempt to reserve an invite.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) code: CodeMac,
    pub(crate) key: KeyMac,
    /// The redemption this attempt would begin.
    pub(crate) redemption: RedemptionId,
    pub(crate) until: Timestamp,
}

/// What a ticket is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) redemption: RedemptionId,
    pub(crate) distributor: AccountId,
    pub(crate) until: Timestamp,
}

/// What came of an attempt to reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    Held(Held),
    /// Somebody else's hold has lapsed: release it, if identity agrees, and try again.
    Lapsed(InviteId, RedemptionId),
    Unusable,
}

/// What came of a signed-in player's attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PlayerRedeemed {
    /// Its relationship stands, since now or since an earlier attempt.
    Related(Relationship, Vec<Posted>),
    Lapsed(InviteId, RedemptionId),
    Unusable,
}

/// The player belongs to a distributor already; the invite stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlreadyRelated;

/// An account that identity created from a ticket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewLink {
    /// The number of identity's event.
    pub(crate) event: i64,
    pub(crate) redemption: RedemptionId,
    pub(crate) account: AccountId,
    /// The relationship this begins.
    pub(crate) relationship: RelationshipId,
}

/// No reserved invite waits for this redemption, although identity let it win: an invariant is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orphan;

/// Which invites to list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InviteQuery {
    pub(crate) distributor: AccountId,
    pub(crate) shown: Option<InviteShown>,
    /// Older than this one.
    pub(crate) before: Option<InviteId>,
    pub(crate) limit: Limit,
    pub(crate) now: Timestamp,
}

/// Whose relationships to list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelationshipQuery {
    pub(crate) of: AccountId,
    pub(crate) state: Option<RelationshipState>,
    /// Older than this one.
    pub(crate) before: Option<RelationshipId>,
    pub(crate) limit: Limit,
}

/// Why no block is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyBlocks;

/// Invites.
#[async_trait]
pub(crate) trait InviteStore: Send + Sync {
    /// Makes an invite, or gives the one that the same key made a new code.
    async fn create(
        &self,
        new: NewInvite,
        limits: InviteLimits,
        claim: Claim,
        act: Act,
    ) -> Result<Invite, Stop<CreateRefused>>;
    /// Gives an invite a new code and voids the old one.
    async fn reissue(
        &self,
        distributor: AccountId,
        invite: InviteId,
        code: CodeMac,
        act: Act,
    ) -> Result<Invite, Stop<ReissueRefused>>;
    /// This distributor's invite.
    async fn invite(&self, distributor: AccountId, invite: InviteId) -> Result<Option<Invite>, StoreError>;
    /// One more than a page of a distributor's invites, newest first.
    async fn invites(&self, query: InviteQuery) -> Result<Vec<Invite>, StoreError>;
    /// Holds and their redemptions that have lapsed, oldest first.
    async fn lapsed(&self, now: Timestamp, limit: Limit)
    -> Result<Vec<(InviteId, RedemptionId)>, StoreError>;
    /// Reserves by one conditional update.
    async fn reserve(&self, attempt: Attempt, act: Act) -> Result<Reserved, StoreError>;
    /// Redeems and begins the relationship of a signed-in player.
    async fn redeem_as_player(
        &self,
        attempt: Attempt,
        player: AccountId,
        relationship: RelationshipId,
        act: Act,
    ) -> Result<PlayerRedeemed, Stop<AlreadyRelated>>;
    /// Redeems and begins the relationship of an account that identity created; advances the consumer.
    async fn link(&self, link: NewLink, act: Act) -> Result<Vec<Posted>, Stop<Orphan>>;
    /// `reserved -> open`, if it is still this redemption that holds it. Identity has cancelled that.
    async fn release(&self, invite: InviteId, redemption: RedemptionId, act: Act)
    -> Result<bool, StoreError>;
    /// `open -> revoked`, or `reserved -> revoked` if it is this redemption that holds it and identity has cancelled that.
    async fn revoke(
        &self,
        invite: InviteId,
        holder: Option<RedemptionId>,
        act: Act,
    ) -> Result<bool, StoreError>;
}

/// Relationships, the distributors' standing, and what they entitle to.
#[async_trait]
pub(crate) trait RelationshipStore: Send + Sync {
    /// Records what identity says of a distributor, owes everybody concerned a notice, advances the consumer.
    async fn set_standing(
        &self,
        event: i64,
        distributor: AccountId,
        standing: DistributorStanding,
        act: Act,
    ) -> Result<(), StoreError>;
    /// Owes everybody related to this account a notice, and advances the consumer.
    async fn account_changed(&self, event: i64, account: AccountId, act: Act) -> Result<(), StoreError>;
    /// A customer's relationship: the live one, else the last.
    async fn of_customer(&self, customer: AccountId) -> Result<Option<Relationship>, StoreError>;
    /// The last relationship of exactly these two.
    async fn between(
        &self,
        distributor: AccountId,
        customer: AccountId,
    ) -> Result<Option<Relationship>, StoreError>;
    /// One more than a page of the relationships that someone is part of, newest first.
    async fn relationships(&self, query: RelationshipQuery) -> Result<Vec<Relationship>, StoreError>;
    /// The states a relationship has been in, at most 100, latest first.
    async fn history(&self, relationship: RelationshipId) -> Result<Vec<PastState>, StoreError>;
    /// Moves a relationship on; `LostRace` when it is no longer at the version that was decided on.
    async fn change(
        &self,
        relationship: Relationship,
        to: RelationshipState,
        act: Act,
    ) -> Result<(Relationship, Vec<Posted>), StoreError>;
    /// Records that a distributor set or cleared its customer's VIP flag.
    async fn vip_marked(
        &self,
        relationship: RelationshipId,
        enabled: bool,
        act: Act,
    ) -> Result<(), StoreError>;
    /// What our own rows say about a pair.
    async fn pair(&self, subject: AccountId, object: AccountId) -> Result<PairFacts, StoreError>;
    /// One more than a page of an account's network, by account id, itself left out.
    async fn network(
        &self,
        account: AccountId,
        after: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<AccountId>, StoreError>;
    /// The distributor of an account's active relationship, or the account itself.
    async fn head(&self, account: AccountId) -> Result<AccountId, StoreError>;
}

/// Blocks.
#[async_trait]
pub(crate) trait BlockStore: Send + Sync {
    /// Adds a block; adding it again changes nothing.
    async fn block(
        &self,
        by: AccountId,
        blocked: AccountId,
        most: i64,
        act: Act,
    ) -> Result<Vec<Posted>, Stop<TooManyBlocks>>;
    /// Lifts a block; lifting none changes nothing.
    async fn unblock(&self, by: AccountId, blocked: AccountId, act: Act) -> Result<Vec<Posted>, StoreError>;
    /// One more than a page of somebody's own blocks, by account id.
    async fn blocks(
        &self,
        by: AccountId,
        after: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<Block>, StoreError>;
}

/// Steps that are owed.
#[async_trait]
pub(crate) trait DriveStore: Send + Sync {
    /// The first owed step of each account, where it is due.
    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Drive>, StoreError>;
    /// Takes a step until `until`; false when somebody else has it.
    async fn lease(&self, drive: &Drive, until: Timestamp) -> Result<bool, StoreError>;
    /// The step is acknowledged and no longer owed.
    async fn acknowledge(&self, drive: Uuid) -> Result<(), StoreError>;
    /// The step failed and is tried again at `at`.
    async fn postpone(&self, drive: Uuid, at: Timestamp) -> Result<(), StoreError>;
    /// Writes the next page of an announcement; the last page acknowledges it.
    async fn announce(&self, drive: Drive, limit: i64, act: Act) -> Result<Vec<Posted>, StoreError>;
    /// How many steps are owed, for the gauge.
    async fn owed(&self) -> Result<i64, StoreError>;
}

/// Everything this context keeps.
pub(crate) trait Store: InviteStore + RelationshipStore + BlockStore + DriveStore {}
impl<T: InviteStore + RelationshipStore + BlockStore + DriveStore> Store for T {}

/// The store over a real database.
#[derive(Clone)]
pub(crate) struct DieselStore {
    db: Db,
    ids: IdSource,
}

impl DieselStore {
    /// A store over this database, which takes the ids of its own rows from `ids`.
    pub(crate) fn new(db: Db, ids: IdSource) -> Self {
        Self { db, ids }
    }
}
