//! What identity remembers. One method is one transaction, its outbox and audit rows included; no caller sees a row.

mod accounts;
mod activation;
mod claims;
mod diesel_store;
mod provisioning;
mod registration;
mod rows;
mod schema;
mod sessions;
mod signing_keys;
mod staff;
mod statements;
#[cfg(test)]
mod tests;
mod tickets;
mod upkeep;

use async_trait::async_trait;
use identity_api::{AccountStatus, Cancellation, DistributorStanding, Link, RedemptionOrigin};
use kernel::id::{AccountId, PersonId, RedemptionId, SessionId, Uuid};
use kernel::{AccountType, CallContext, Limit, Role, Roles, Timestamp};
use platform::db::StoreError;
use platform::web::ClaimParts;
use secrecy::SecretString;
use serde_json::Value;

use crate::domain::account::Account;
use crate::domain::activation::{Activation, Purpose};
use crate::domain::distributor::{Decided, Distributor, People};
use crate::domain::email::Email;
use crate::domain::revocation::Revocation;
use crate::domain::roles::GrantRefused;
use crate::domain::session::{Device, EndReason, Lifetime, Lifetimes, Session};
use crate::domain::signing_key::{Algorithm, KeyState};
use crate::domain::username::Username;

pub(crate) use diesel_store::DieselStore;

/// Who asks and when.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) call: CallContext,
    pub(crate) at: Timestamp,
}

/// A password's hash.
#[derive(Clone)]
pub(crate) struct Credential {
    /// PHC string.
    pub(crate) phc: SecretString,
    /// Which pepper went into it.
    pub(crate) pepper_version: i32,
}

/// A one-time token as storage keeps it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewToken {
    pub(crate) mac: [u8; 32],
    pub(crate) expires_at: Timestamp,
}

/// Ids and name of an account to be made, with the person behind it.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    pub(crate) person: PersonId,
    pub(crate) account: AccountId,
    pub(crate) username: Username,
}

/// What `admin bootstrap` comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bootstrapped {
    Made,
    AdminExists,
    UsernameTaken,
}

/// What creating something under an idempotency key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    Made,
    /// The same request once more: what it made then.
    Repeat(AccountId),
    UsernameTaken,
    /// The key stands for another request.
    KeyReused,
    /// The same request is being carried out.
    InFlight,
}

/// A request to provision a distributor.
#[derive(Debug, Clone)]
pub(crate) struct NewDistributor {
    pub(crate) account: NewAccount,
    pub(crate) email: Option<Email>,
    pub(crate) label: Option<String>,
    pub(crate) requested_by: PersonId,
}

/// What a decision on such a request says.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// Go ahead; the link's token.
    Approve(NewToken),
    /// No, for this reason code.
    Reject(String),
}

/// What deciding comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DecisionOutcome {
    Decided(Distributor, Decided),
    NoSuchDistributor,
    SamePerson,
    WrongState(DistributorStanding),
}

/// What granting a role comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Granted {
    Now(Roles, Revocation),
    Before(Roles),
    Refused(GrantRefused),
    NoSuchAccount,
}

/// What suspending or reinstating comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StandingChange {
    Changed(Account, Revocation),
    Unchanged(Account),
    NoSuchAccount,
    WrongState,
    /// The last admin who can act stays.
    LastAdmin,
}

/// What spending an activation token comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Activated {
    Done(Box<Account>),
    /// Unknown, spent, voided or expired.
    Unusable,
}

/// An account to be registered.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) account: NewAccount,
    pub(crate) email: Option<Email>,
    pub(crate) credential: Credential,
    /// Set when it comes from a redemption ticket.
    pub(crate) origin: Option<RedemptionOrigin>,
    /// Set when it does not, and the client sent a key.
    pub(crate) claim: Option<ClaimParts>,
}

/// What registering comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registered {
    Created,
    /// The redemption or the key made this account before.
    Existing(AccountId),
    /// The redemption was cancelled, or its distributor may not invite any more.
    Unusable,
    UsernameTaken,
    /// The key stands for another request.
    KeyReused,
    /// The same request is being carried out.
    InFlight,
}

/// What is decided about a redemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RedemptionOutcome {
    Created(AccountId),
    Cancelled,
}

/// What linking an account comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    Done,
    Cancelled,
    NoSuchAccount,
    WrongState,
}

/// What tying an account to a relationship or untying it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tied {
    Changed(Revocation),
    Unchanged,
    NoSuchAccount,
    WrongState,
}

/// Who may be signing in.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) account: Account,
    /// Absent until one was set.
    pub(crate) credential: Option<Credential>,
    /// Whether a session of this account ran on the device before.
    pub(crate) known_device: bool,
}

/// How somebody names an account when signing in, already in the form that is unique.
#[derive(Clone)]
pub(crate) enum LoginKey {
    Username(String),
    Email(String),
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) account: AccountId,
    pub(crate) amr: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) device: Device,
    pub(crate) lifetime: Lifetime,
}

/// What opening a session comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opened {
    Session(Box<Account>, Box<Session>),
    /// The account may not act.
    NotNow(AccountStatus),
    NoSuchAccount,
}

/// A refresh token that was presented; its MAC is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented {
    pub(crate) session: SessionId,
    pub(crate) generation: i32,
    /// The latest generation whose access token this process saw in use.
    pub(crate) seen: Option<i32>,
    pub(crate) lifetimes: Lifetimes,
}

/// A notice that was written, for the sockets that wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) account: AccountId,
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) body: Value,
    pub(crate) at: Timestamp,
}

/// What presenting it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refreshed {
    /// The session with the generation whose tokens are due.
    Tokens(Box<Account>, Box<Session>),
    /// The family was ended just now, and its owner was told.
    Reused(Revocation, Posted),
    /// The account may not act.
    NotNow(AccountStatus),
    /// Unknown, ended or expired.
    Over,
}

/// Where an access token's session and account stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) account: Account,
    pub(crate) auth_time: Timestamp,
    pub(crate) over: bool,
}

/// A ticket for one socket upgrade.
#[derive(Debug, Clone)]
pub(crate) struct NewTicket {
    pub(crate) mac: [u8; 32],
    pub(crate) account: AccountId,
    pub(crate) session: SessionId,
    pub(crate) origin: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// A use of an access token, seen by this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub(crate) session: SessionId,
    pub(crate) generation: i32,
    pub(crate) at: Timestamp,
}

/// A signing key as storage keeps it.
#[derive(Clone)]
pub(crate) struct StoredKey {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) state: KeyState,
    pub(crate) public_key: Vec<u8>,
    /// The private half, sealed; absent once it is gone.
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) created_at: Timestamp,
    pub(crate) since: Timestamp,
}

/// A change to the key ring.
#[derive(Clone)]
pub(crate) enum KeyChange {
    /// From one state to another; fails as a lost race if it has left the first.
    Move { kid: String, from: KeyState, to: KeyState },
    /// A new key.
    Insert(StoredKey),
}

/// How many rows a pruning took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub(crate) rows: usize,
}

/// Accounts and their standing.
#[async_trait]
pub(crate) trait AccountStore: Send + Sync {
    /// The account.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;
    /// These accounts, at most 100; unknown ones are left out.
    async fn accounts(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, StoreError>;
    /// The account that holds this username key.
    async fn account_by_username(&self, key: String) -> Result<Option<Account>, StoreError>;
    /// Sets or clears the VIP flag.
    async fn set_vip(&self, stamp: Stamp, account: AccountId, enabled: bool) -> Result<Tied, StoreError>;
    /// Stops an account and ends its sessions.
    async fn suspend(
        &self,
        stamp: Stamp,
        account: AccountId,
        reason: String,
    ) -> Result<StandingChange, StoreError>;
    /// Restores a stopped account.
    async fn reinstate(
        &self,
        stamp: Stamp,
        account: AccountId,
        reason: String,
    ) -> Result<StandingChange, StoreError>;
}

/// Staff and their roles.
#[async_trait]
pub(crate) trait StaffStore: Send + Sync {
    /// Makes the first admin.
    async fn bootstrap(
        &self,
        stamp: Stamp,
        admin: NewAccount,
        token: NewToken,
    ) -> Result<Bootstrapped, StoreError>;
    /// Replaces the token of a first admin who has not used it; nothing if there is none.
    async fn reissue_bootstrap(&self, stamp: Stamp, token: NewToken)
    -> Result<Option<AccountId>, StoreError>;
    /// Makes a staff account; a repeat replaces the token of one that is not active yet.
    async fn create_staff(
        &self,
        stamp: Stamp,
        staff: NewAccount,
        token: NewToken,
        claim: ClaimParts,
    ) -> Result<Created, StoreError>;
    /// Grants a role under the bootstrap rule.
    async fn grant_role(
        &self,
        stamp: Stamp,
        granter: PersonId,
        account: AccountId,
        role: Role,
    ) -> Result<Granted, StoreError>;
}

/// Distributors on their way to being active.
#[async_trait]
pub(crate) trait ProvisioningStore: Send + Sync {
    /// Records a request for a distributor.
    async fn request_distributor(
        &self,
        stamp: Stamp,
        new: NewDistributor,
        claim: ClaimParts,
    ) -> Result<Created, StoreError>;
    /// Decides such a request.
    async fn decide_distributor(
        &self,
        stamp: Stamp,
        account: AccountId,
        decider: PersonId,
        people: People,
        verdict: Verdict,
    ) -> Result<DecisionOutcome, StoreError>;
    /// One distributor.
    async fn distributor(&self, account: AccountId) -> Result<Option<Distributor>, StoreError>;
    /// Distributors, newest first, at most one more than `limit`.
    async fn distributors(
        &self,
        standing: Option<DistributorStanding>,
        before: Option<AccountId>,
        limit: Limit,
    ) -> Result<Vec<Distributor>, StoreError>;
}

/// Enrolment and activation tokens.
#[async_trait]
pub(crate) trait ActivationStore: Send + Sync {
    /// The activation token with this MAC, and its account.
    async fn activation(&self, mac: [u8; 32]) -> Result<Option<(Activation, Account)>, StoreError>;
    /// Spends it: the account becomes active with this credential.
    async fn activate(
        &self,
        stamp: Stamp,
        mac: [u8; 32],
        credential: Credential,
    ) -> Result<Activated, StoreError>;
}

/// Registration, redemptions and relationships.
#[async_trait]
pub(crate) trait RegistrationStore: Send + Sync {
    /// Registers an account.
    async fn register(&self, stamp: Stamp, registration: Registration) -> Result<Registered, StoreError>;
    /// What was decided about a redemption, if anything.
    async fn redemption(&self, id: RedemptionId) -> Result<Option<RedemptionOutcome>, StoreError>;
    /// Activates an account that a redemption created and customer has linked.
    async fn link_redeemed(&self, stamp: Stamp, link: Link) -> Result<Linked, StoreError>;
    /// Decides a redemption against an account, unless there is one.
    async fn cancel_redemption(&self, stamp: Stamp, id: RedemptionId) -> Result<Cancellation, StoreError>;
    /// A relationship began: a player becomes a customer.
    async fn attach(&self, stamp: Stamp, link: Link) -> Result<Tied, StoreError>;
    /// A relationship ended: a customer becomes a player, unless it has another by now.
    async fn detach(&self, stamp: Stamp, link: Link) -> Result<Tied, StoreError>;
}

/// Credentials and sessions.
#[async_trait]
pub(crate) trait SessionStore: Send + Sync {
    /// Who this login names, and whether `device` is known to them.
    async fn candidate(
        &self,
        login: LoginKey,
        device: Option<String>,
    ) -> Result<Option<Candidate>, StoreError>;
    /// The account's credential, if one was set.
    async fn credential(&self, account: AccountId) -> Result<Option<Credential>, StoreError>;
    /// Replaces a hash by a better one of the same password, unless it changed meanwhile.
    async fn rehash(
        &self,
        stamp: Stamp,
        account: AccountId,
        old: Credential,
        new: Credential,
    ) -> Result<(), StoreError>;
    /// Opens a session, if the account may act.
    async fn open_session(&self, stamp: Stamp, new: NewSession) -> Result<Opened, StoreError>;
    /// Takes a refresh token and decides under the session's lock.
    async fn refresh(&self, stamp: Stamp, presented: Presented) -> Result<Refreshed, StoreError>;
    /// An account's live sessions, newest first, at most one more than `limit`.
    async fn sessions(
        &self,
        account: AccountId,
        before: Option<SessionId>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError>;
    /// Ends one session of the account; nothing if it has no such live session.
    async fn end_session(
        &self,
        stamp: Stamp,
        account: AccountId,
        session: SessionId,
        reason: EndReason,
    ) -> Result<Option<Revocation>, StoreError>;
    /// Ends sessions of the account other than this one, a bounded number at a time; none are left once it ends none.
    async fn end_other_sessions(
        &self,
        stamp: Stamp,
        account: AccountId,
        keep: SessionId,
    ) -> Result<Vec<Revocation>, StoreError>;
    /// Where a session and its account stand.
    async fn bearer(&self, session: SessionId, now: Timestamp) -> Result<Option<Bearer>, StoreError>;
    /// Records uses of access tokens.
    async fn note_uses(&self, uses: Vec<Use>) -> Result<(), StoreError>;
}

/// Tickets for one socket upgrade.
#[async_trait]
pub(crate) trait TicketStore: Send + Sync {
    /// Keeps a socket ticket.
    async fn keep_ticket(&self, stamp: Stamp, ticket: NewTicket) -> Result<(), StoreError>;
    /// Spends a ticket offered from `origin`: once, in time, from where it was asked for.
    async fn spend_ticket(
        &self,
        mac: [u8; 32],
        origin: Option<String>,
        now: Timestamp,
    ) -> Result<Option<(SessionId, Bearer)>, StoreError>;
}

/// The revocation log.
#[async_trait]
pub(crate) trait RevocationStore: Send + Sync {
    /// Revocations at or after `since`, in order, after `after`; at most `limit`.
    async fn revocations(
        &self,
        since: Timestamp,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Revocation>, StoreError>;
}

/// The ring of signing keys.
#[async_trait]
pub(crate) trait KeyStore: Send + Sync {
    /// Every key that is not gone.
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError>;
    /// Changes the ring; a conflict or a lost race means that somebody else changed it.
    async fn change_keys(&self, stamp: Stamp, changes: Vec<KeyChange>) -> Result<(), StoreError>;
}

/// What keeps the store small.
#[async_trait]
pub(crate) trait UpkeepStore: Send + Sync {
    /// Removes what nobody will ask for again, a bounded number of rows.
    async fn prune(&self, now: Timestamp) -> Result<Pruned, StoreError>;
}

/// Everything identity asks of storage.
pub(crate) trait Store:
    AccountStore
    + StaffStore
    + ProvisioningStore
    + ActivationStore
    + RegistrationStore
    + SessionStore
    + TicketStore
    + RevocationStore
    + KeyStore
    + UpkeepStore
{
}

/// What kind of account a registration makes.
pub(crate) const fn registered_type(origin: Option<&RedemptionOrigin>) -> AccountType {
    match origin {
        Some(_) => AccountType::Customer,
        None => AccountType::Player,
    }
}

/// The purpose of a token for this kind of account.
pub(crate) const fn purpose_of(account_type: AccountType) -> Purpose {
    match account_type {
        AccountType::Distributor => Purpose::Activation,
        AccountType::Player | AccountType::Customer | AccountType::Staff => Purpose::Enrolment,
    }
}
