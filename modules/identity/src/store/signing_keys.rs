//! The ring of signing keys. Unique indexes keep one active and one next, however many nodes rotate at once.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use platform::db::StoreError;
use platform::sql::{Ts, Word};

use super::diesel_store::DieselStore;
use super::rows::SigningKeyRow;
use super::schema::signing_keys;
use super::statements::Statements;
use super::{KeyChange, KeyStore, Stamp, StoredKey};
use crate::domain::signing_key::KeyState;

/// More keys than a ring ever has that are not gone.
const MOST_KEYS: i64 = 100;

#[async_trait]
impl KeyStore for DieselStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows: Result<Vec<SigningKeyRow>, StoreError> = platform::read!(self.db, |c| {
            Ok(signing_keys::table
                .filter(signing_keys::state.ne(Word(KeyState::Gone)))
                .order(signing_keys::created_at)
                .limit(MOST_KEYS)
                .select(SigningKeyRow::as_select())
                .load(c)
                .await?)
        });
        Ok(rows?.into_iter().map(StoredKey::from).collect())
    }

    async fn change_keys(&self, stamp: Stamp, changes: Vec<KeyChange>) -> Result<(), StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            for change in changes {
                match change {
                    KeyChange::Insert(key) => {
                        let audit =
                            trail.audit_named("signing_key.make", &key.kid).reason(key.state.as_str());
                        let row = SigningKeyRow::from(key);
                        diesel::insert_into(signing_keys::table).values(&row).execute(c).await?;
                        c.record(audit).await?;
                    }
                    KeyChange::Move { kid, from, to } => {
                        let audit = trail.audit_named("signing_key.move", &kid).reason(to.as_str());
                        let key = signing_keys::table.find(kid).filter(signing_keys::state.eq(Word(from)));
                        let values = (
                            signing_keys::state.eq(Word(to)),
                            signing_keys::since.eq(Ts::from(trail.stamp.at)),
                        );
                        let moved = match to {
                            KeyState::Gone => {
                                let destroyed = signing_keys::sealed.eq(None::<Vec<u8>>);
                                diesel::update(key).set((values, destroyed)).execute(c).await?
                            }
                            _ => diesel::update(key).set(values).execute(c).await?,
                        };
                        if moved == 0 {
                            return Err(StoreError::LostRace);
                        }
                        c.record(audit).await?;
                    }
                }
            }
            Ok(())
        })
    }
}
