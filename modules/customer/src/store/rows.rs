//! Rows as the database holds them, and their way to and from the domain's types.

use diesel::prelude::*;
use kernel::Timestamp;
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};

use super::NewInvite;
use super::schema::{blocks, drives, invite_history, invites, relationship_history, relationships};
use crate::domain::block::Block;
use crate::domain::drive::{Drive, DriveKind};
use crate::domain::invite::{Invite, InviteState, KeyMac, Reservation};
use crate::domain::relationship::{Origin, PastState, Relationship, RelationshipState};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = invites)]
pub(super) struct InviteRow {
    pub(super) id: Key,
    pub(super) distributor: Key,
    pub(super) label: Option<String>,
    pub(super) state: Word<InviteState>,
    pub(super) code: Vec<u8>,
    pub(super) codes: i32,
    pub(super) created_at: Ts,
    pub(super) expires_at: Ts,
    pub(super) redemption: Option<Key>,
    pub(super) reserved_until: Option<Ts>,
    pub(super) reserved_key: Option<Vec<u8>>,
    pub(super) redeemed_by: Option<Key>,
    pub(super) redeemed_at: Option<Ts>,
    pub(super) revoked_at: Option<Ts>,
}

impl InviteRow {
    pub(super) fn new(new: NewInvite, at: Timestamp) -> Self {
        Self {
            id: new.id.into(),
            distributor: new.distributor.into(),
            label: new.label,
            state: Word(InviteState::Open),
            code: new.code.0.to_vec(),
            codes: 1,
            created_at: at.into(),
            expires_at: new.expires_at.into(),
            redemption: None,
            reserved_until: None,
            reserved_key: None,
            redeemed_by: None,
            redeemed_at: None,
            revoked_at: None,
        }
    }

    pub(super) fn read(self) -> Result<Invite, StoreError> {
        let reservation = match (self.redemption, self.reserved_until, self.reserved_key) {
            (Some(redemption), Some(until), Some(key)) => Some(Reservation {
                redemption: redemption.id(),
                until: until.time(),
                key: KeyMac(
                    key.try_into().map_err(|_| StoreError::inconsistent("the key of a reservation"))?,
                ),
            }),
            _ => None,
        };
        Ok(Invite {
            id: self.id.id(),
            distributor: self.distributor.id(),
            label: self.label,
            state: self.state.0,
            created_at: self.created_at.time(),
            expires_at: self.expires_at.time(),
            reservation,
            redeemed: self.redeemed_by.zip(self.redeemed_at).map(|(by, at)| (by.id(), at.time())),
            revoked_at: self.revoked_at.map(Ts::time),
            codes: self.codes,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = invite_history)]
pub(super) struct InviteHistoryRow {
    pub(super) id: Key,
    pub(super) invite: Key,
    pub(super) what: &'static str,
    pub(super) at: Ts,
    pub(super) actor: Option<Key>,
    pub(super) redemption: Option<Key>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = relationships)]
pub(super) struct RelationshipRow {
    pub(super) id: Key,
    pub(super) distributor: Key,
    pub(super) customer: Key,
    pub(super) state: Word<RelationshipState>,
    pub(super) version: i64,
    pub(super) invite: Option<Key>,
    pub(super) redemption: Option<Key>,
    pub(super) started_at: Ts,
    pub(super) changed_at: Ts,
}

impl From<&Relationship> for RelationshipRow {
    fn from(it: &Relationship) -> Self {
        Self {
            id: it.id.into(),
            distributor: it.distributor.into(),
            customer: it.customer.into(),
            state: Word(it.state),
            version: it.version,
            invite: it.origin.map(|origin| origin.invite.into()),
            redemption: it.origin.map(|origin| origin.redemption.into()),
            started_at: it.started_at.into(),
            changed_at: it.changed_at.into(),
        }
    }
}

impl From<RelationshipRow> for Relationship {
    fn from(row: RelationshipRow) -> Self {
        let origin = row.invite.zip(row.redemption);
        Self {
            id: row.id.id(),
            distributor: row.distributor.id(),
            customer: row.customer.id(),
            state: row.state.0,
            version: row.version,
            origin: origin
                .map(|(invite, redemption)| Origin { invite: invite.id(), redemption: redemption.id() }),
            started_at: row.started_at.time(),
            changed_at: row.changed_at.time(),
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = relationship_history)]
pub(super) struct RelationshipHistoryRow {
    pub(super) relationship: Key,
    pub(super) version: i64,
    pub(super) state: Word<RelationshipState>,
    pub(super) at: Ts,
    pub(super) actor: Option<Key>,
}

impl From<RelationshipHistoryRow> for PastState {
    fn from(row: RelationshipHistoryRow) -> Self {
        Self { version: row.version, state: row.state.0, at: row.at.time(), actor: row.actor.map(Key::id) }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = blocks)]
pub(super) struct BlockRow {
    pub(super) blocker: Key,
    pub(super) blocked: Key,
    pub(super) at: Ts,
}

impl From<BlockRow> for Block {
    fn from(row: BlockRow) -> Self {
        Self { blocked: row.blocked.id(), at: row.at.time() }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = drives)]
pub(super) struct DriveRow {
    pub(super) id: Key,
    pub(super) kind: Word<DriveKind>,
    pub(super) account: Key,
    pub(super) relationship: Option<Key>,
    pub(super) redemption: Option<Key>,
    pub(super) cursor: Option<Key>,
    pub(super) attempts: i32,
    pub(super) next_at: Ts,
}

impl From<DriveRow> for Drive {
    fn from(row: DriveRow) -> Self {
        Self {
            id: row.id.0,
            kind: row.kind.0,
            account: row.account.id(),
            relationship: row.relationship.map(Key::id),
            redemption: row.redemption.map(Key::id),
            cursor: row.cursor.map(Key::id),
            attempts: row.attempts,
            next_at: row.next_at.time(),
        }
    }
}
