//! Rows and their translation into the domain. A row that does not translate is an inconsistency, never a panic.

use diesel::prelude::*;
use identity_api::{AccountStatus, DistributorStanding};
use kernel::{AccountType, Role, Roles};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};

use super::schema::{
    accounts, activation_tokens, credentials, distributors, persons, revocations, sessions, signing_keys,
};
use super::{Credential, StoredKey};
use crate::domain::account::{Account, AccountState};
use crate::domain::activation::{Activation, Purpose};
use crate::domain::distributor::Distributor;
use crate::domain::revocation::{Revocation, Revoked};
use crate::domain::session::{Device, Session};
use crate::domain::signing_key::{Algorithm, KeyState};

#[expect(
    clippy::struct_excessive_bools,
    reason = "roles are columns, so that the database checks their pairs"
)]
#[derive(Queryable, Selectable)]
#[diesel(table_name = persons)]
pub(super) struct PersonRow {
    moderator: bool,
    approver: bool,
    legal: bool,
    support: bool,
    auditor: bool,
    admin: bool,
}

impl PersonRow {
    pub(super) fn roles(&self) -> Roles {
        [
            (self.moderator, Role::Moderator),
            (self.approver, Role::Approver),
            (self.legal, Role::Legal),
            (self.support, Role::Support),
            (self.auditor, Role::Auditor),
            (self.admin, Role::Admin),
        ]
        .into_iter()
        .filter_map(|(held, role)| held.then_some(role))
        .collect()
    }
}

#[derive(Insertable)]
#[diesel(table_name = persons)]
pub(super) struct NewPersonRow {
    pub(super) id: Key,
    pub(super) admin: bool,
    pub(super) created_at: Ts,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(super) struct AccountRow {
    id: Key,
    person_id: Key,
    username: String,
    email: Option<String>,
    account_type: Word<AccountType>,
    status: Word<AccountStatus>,
    suspended_from: Option<Word<AccountStatus>>,
    standing: Option<Word<DistributorStanding>>,
    epoch: i64,
    vip: bool,
    relationship_id: Option<Key>,
    created_at: Ts,
}

/// An account row beside its person's.
pub(super) fn account_of((row, person): (AccountRow, PersonRow)) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.id.id(),
        person: row.person_id.id(),
        username: row.username.parse().map_err(|_| StoreError::inconsistent("a username"))?,
        email: row
            .email
            .map(|email| email.parse().map_err(|_| StoreError::inconsistent("an email address")))
            .transpose()?,
        account_type: row.account_type.0,
        state: AccountState {
            status: row.status.0,
            suspended_from: row.suspended_from.map(|word| word.0),
            standing: row.standing.map(|word| word.0),
        },
        staff_roles: person.roles(),
        epoch: row.epoch,
        vip: row.vip,
        relationship: row.relationship_id.map(Key::id),
        created_at: row.created_at.time(),
    })
}

#[derive(Insertable)]
#[diesel(table_name = accounts)]
pub(super) struct NewAccountRow {
    pub(super) id: Key,
    pub(super) person_id: Key,
    pub(super) username: String,
    pub(super) username_key: String,
    pub(super) email: Option<String>,
    pub(super) email_key: Option<String>,
    pub(super) account_type: Word<AccountType>,
    pub(super) status: Word<AccountStatus>,
    pub(super) standing: Option<Word<DistributorStanding>>,
    pub(super) redemption_id: Option<Key>,
    pub(super) created_at: Ts,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = credentials)]
pub(super) struct CredentialRow {
    phc: String,
    pepper_version: i32,
}

impl From<CredentialRow> for Credential {
    fn from(row: CredentialRow) -> Self {
        Self { phc: row.phc.into(), pepper_version: row.pepper_version }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub(super) struct SessionRow {
    pub(super) id: Key,
    pub(super) account_id: Key,
    pub(super) generation: i32,
    pub(super) used_generation: i32,
    pub(super) rotated_at: Ts,
    pub(super) amr: String,
    pub(super) auth_time: Ts,
    pub(super) device_id: Option<String>,
    pub(super) device_name: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) created_at: Ts,
    pub(super) last_used_at: Ts,
    pub(super) idle_expires_at: Ts,
    pub(super) expires_at: Ts,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id.id(),
            account: row.account_id.id(),
            generation: row.generation,
            device: Device { id: row.device_id, name: row.device_name, user_agent: row.user_agent },
            amr: row.amr,
            auth_time: row.auth_time.time(),
            created_at: row.created_at.time(),
            last_used_at: row.last_used_at.time(),
            idle_expires_at: row.idle_expires_at.time(),
            expires_at: row.expires_at.time(),
        }
    }
}

kernel::words! {
    /// The kinds of revocation as the log spells them.
    pub(super) enum RevocationKind as "revocation kind" {
        /// One session.
        Session = "session",
        /// An account's earlier epochs, by suspension.
        Suspension = "suspension",
        /// Only a change.
        Change = "change",
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = revocations)]
pub(super) struct RevocationRow {
    id: Key,
    kind: Word<RevocationKind>,
    account_id: Key,
    session_id: Option<Key>,
    epoch: Option<i64>,
    at: Ts,
}

impl From<Revocation> for RevocationRow {
    fn from(revocation: Revocation) -> Self {
        let (kind, session, epoch) = match revocation.what {
            Revoked::Session(session) => (RevocationKind::Session, Some(session), None),
            Revoked::Suspension { epoch } => (RevocationKind::Suspension, None, Some(epoch)),
            Revoked::Change => (RevocationKind::Change, None, None),
        };
        Self {
            id: Key(revocation.id),
            kind: Word(kind),
            account_id: revocation.account.into(),
            session_id: session.map(Key::from),
            epoch,
            at: revocation.at.into(),
        }
    }
}

impl TryFrom<RevocationRow> for Revocation {
    type Error = StoreError;
    fn try_from(row: RevocationRow) -> Result<Self, StoreError> {
        let what = match (row.kind.0, row.session_id, row.epoch) {
            (RevocationKind::Session, Some(session), _) => Revoked::Session(session.id()),
            (RevocationKind::Suspension, _, Some(epoch)) => Revoked::Suspension { epoch },
            (RevocationKind::Change, ..) => Revoked::Change,
            _ => return Err(StoreError::inconsistent("a revocation")),
        };
        Ok(Self { id: row.id.0, account: row.account_id.id(), what, at: row.at.time() })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = activation_tokens)]
pub(super) struct ActivationRow {
    account_id: Key,
    purpose: Word<Purpose>,
    expires_at: Ts,
    spent_at: Option<Ts>,
    voided_at: Option<Ts>,
}

impl From<ActivationRow> for Activation {
    fn from(row: ActivationRow) -> Self {
        Self {
            account: row.account_id.id(),
            purpose: row.purpose.0,
            expires_at: row.expires_at.time(),
            spent: row.spent_at.is_some(),
            voided: row.voided_at.is_some(),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = distributors)]
pub(super) struct DistributorRow {
    account_id: Key,
    label: Option<String>,
    requested_by: Key,
    requested_at: Ts,
    decided_by: Option<Key>,
    decided_at: Option<Ts>,
    one_person: bool,
    invited_until: Option<Ts>,
}

/// A distributor row beside its account's name and standing.
pub(super) fn distributor_of(
    (row, username, standing): (DistributorRow, String, Option<Word<DistributorStanding>>),
) -> Result<Distributor, StoreError> {
    Ok(Distributor {
        account: row.account_id.id(),
        username,
        label: row.label,
        standing: standing.ok_or(StoreError::inconsistent("a distributor without a standing"))?.0,
        requested_by: row.requested_by.id(),
        requested_at: row.requested_at.time(),
        decided_by: row.decided_by.map(Key::id),
        decided_at: row.decided_at.map(Ts::time),
        one_person: row.one_person,
        invited_until: row.invited_until.map(Ts::time),
    })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys)]
pub(super) struct SigningKeyRow {
    kid: String,
    algorithm: Word<Algorithm>,
    state: Word<KeyState>,
    public_key: Vec<u8>,
    sealed: Option<Vec<u8>>,
    created_at: Ts,
    since: Ts,
}

impl From<StoredKey> for SigningKeyRow {
    fn from(key: StoredKey) -> Self {
        Self {
            kid: key.kid,
            algorithm: Word(key.algorithm),
            state: Word(key.state),
            public_key: key.public_key,
            sealed: key.sealed,
            created_at: key.created_at.into(),
            since: key.since.into(),
        }
    }
}

impl From<SigningKeyRow> for StoredKey {
    fn from(row: SigningKeyRow) -> Self {
        Self {
            kid: row.kid,
            algorithm: row.algorithm.0,
            state: row.state.0,
            public_key: row.public_key,
            sealed: row.sealed,
            created_at: row.created_at.time(),
            since: row.since.time(),
        }
    }
}
