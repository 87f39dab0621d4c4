//! What people chose about being found, and who of those who want it seen is online.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::{AccountId, NodeId};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};
use platform::{read, write, write_one};

use super::Stamp;
use super::diesel_store::{DieselStore, audit};
use super::finding_rows::PreferencesRow;
use super::schema::{online_leases, play_preferences};
use crate::domain::preferences::{Preferences, PresenceChoice};

/// Preferences and which version of them this is; version 0 is what everybody has who never chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Chosen {
    pub(crate) version: i64,
    pub(crate) preferences: Preferences,
}

#[async_trait]
pub(crate) trait PreferenceStore: Send + Sync {
    async fn preferences(&self, account: AccountId) -> Result<Chosen, StoreError>;
    /// The next version, or `None` if `seen` is not the newest. Whoever is not to be seen any more is forgotten at once.
    async fn choose(
        &self,
        account: AccountId,
        seen: i64,
        preferences: Preferences,
        stamp: Stamp,
    ) -> Result<Option<Chosen>, StoreError>;
    /// This node vouches for those of these accounts that want to be seen: they are returned. Nothing is written about
    /// the others.
    async fn vouch(
        &self,
        node: NodeId,
        accounts: Vec<AccountId>,
        until: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError>;
    /// This node vouches for them no longer.
    async fn withdraw(&self, node: NodeId, accounts: Vec<AccountId>) -> Result<(), StoreError>;
    /// Which of these accounts are online and want that seen.
    async fn online(&self, accounts: Vec<AccountId>, now: Timestamp) -> Result<Vec<AccountId>, StoreError>;
    /// Forgets what nobody has vouched for since.
    async fn forget_online(&self, now: Timestamp) -> Result<(), StoreError>;
}

fn keys(accounts: Vec<AccountId>) -> Vec<Key> {
    accounts.into_iter().map(Key::from).collect()
}

#[async_trait]
impl PreferenceStore for DieselStore {
    async fn preferences(&self, account: AccountId) -> Result<Chosen, StoreError> {
        let row: Result<Option<PreferencesRow>, StoreError> = read!(self.db, |c| {
            let row = play_preferences::table.find(Key::from(account)).select(PreferencesRow::as_select());
            Ok(row.first(c).await.optional()?)
        });
        let Some(row) = row? else { return Ok(Chosen::default()) };
        Ok(Chosen { version: row.version, preferences: row.try_into()? })
    }

    async fn choose(
        &self,
        account: AccountId,
        seen: i64,
        preferences: Preferences,
        stamp: Stamp,
    ) -> Result<Option<Chosen>, StoreError> {
        let ids = self.ids.clone();
        let chosen = Chosen { version: seen.saturating_add(1), preferences };
        let key = Key::from(account);
        let row = PreferencesRow::of(key, chosen.version, &chosen.preferences);
        let hidden = chosen.preferences.presence == PresenceChoice::Off;
        let done: Result<bool, StoreError> = write!(self.db, |c| {
            let changed = if seen == 0 {
                let new = diesel::insert_into(play_preferences::table).values(row);
                new.on_conflict_do_nothing().execute(c).await?
            } else {
                let old = play_preferences::table.find(key).filter(play_preferences::version.eq(seen));
                diesel::update(old).set(row).execute(c).await?
            };
            if changed == 0 {
                return Ok(false);
            }
            if hidden {
                let seen = online_leases::table.filter(online_leases::account.eq(key));
                diesel::delete(seen).execute(c).await?;
            }
            audit(c, &ids, &stamp, "preferences.choose", account.to_string(), |event| event).await?;
            Ok(true)
        });
        Ok(done?.then_some(chosen))
    }

    async fn vouch(
        &self,
        node: NodeId,
        accounts: Vec<AccountId>,
        until: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        let (node, accounts) = (Key::from(node), keys(accounts));
        let wanting: Result<Vec<Key>, StoreError> = read!(self.db, |c| {
            let wanting = play_preferences::table
                .filter(play_preferences::account.eq_any(accounts))
                .filter(play_preferences::presence.eq(Word(PresenceChoice::Network)))
                .order(play_preferences::account)
                .select(play_preferences::account);
            Ok(wanting.load(c).await?)
        });
        let wanting = wanting?;
        let vouched = wanting.iter().copied().map(Key::id).collect();
        if wanting.is_empty() {
            return Ok(vouched);
        }
        let done: Result<(), StoreError> = write!(self.db, |c| {
            let held = online_leases::table
                .filter(online_leases::node.eq(node))
                .filter(online_leases::account.eq_any(wanting.clone()));
            let held: Vec<Key> = diesel::update(held)
                .set(online_leases::seen_until.eq(Ts(until)))
                .returning(online_leases::account)
                .get_results(c)
                .await?;
            for account in wanting.into_iter().filter(|account| !held.contains(account)) {
                diesel::insert_into(online_leases::table)
                    .values((
                        online_leases::account.eq(account),
                        online_leases::node.eq(node),
                        online_leases::seen_until.eq(Ts(until)),
                    ))
                    .on_conflict((online_leases::account, online_leases::node))
                    .do_update()
                    .set(online_leases::seen_until.eq(Ts(until)))
                    .execute(c)
                    .await?;
            }
            Ok(())
        });
        done?;
        Ok(vouched)
    }

    async fn withdraw(&self, node: NodeId, accounts: Vec<AccountId>) -> Result<(), StoreError> {
        let (node, accounts) = (Key::from(node), keys(accounts));
        write_one!(self.db, |c| {
            let held = online_leases::table
                .filter(online_leases::node.eq(node))
                .filter(online_leases::account.eq_any(accounts));
            diesel::delete(held).execute(c).await?;
            Ok(())
        })
    }

    async fn online(&self, accounts: Vec<AccountId>, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
        let accounts = keys(accounts);
        let online: Result<Vec<Key>, StoreError> = read!(self.db, |c| {
            // The choice is asked for again: a lease may have been written while somebody chose not to be seen.
            let online = online_leases::table
                .inner_join(play_preferences::table.on(play_preferences::account.eq(online_leases::account)))
                .filter(online_leases::account.eq_any(accounts))
                .filter(online_leases::seen_until.gt(Ts(now)))
                .filter(play_preferences::presence.eq(Word(PresenceChoice::Network)))
                .select(online_leases::account)
                .distinct();
            Ok(online.load(c).await?)
        });
        Ok(online?.into_iter().map(Key::id).collect())
    }

    async fn forget_online(&self, now: Timestamp) -> Result<(), StoreError> {
        write_one!(self.db, |c| {
            let over = online_leases::table.filter(online_leases::seen_until.le(Ts(now)));
            diesel::delete(over).execute(c).await?;
            Ok(())
        })
    }
}
