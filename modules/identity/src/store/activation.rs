//! Spending enrolment and activation tokens.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use identity_api::IdentityEvent;
use platform::db::StoreError;
use platform::sql::{Key, Ts};

use super::diesel_store::DieselStore;
use super::rows::ActivationRow;
use super::schema::activation_tokens;
use super::statements::Statements;
use super::{Activated, ActivationStore, Credential, Stamp};
use crate::domain::account::Account;
use crate::domain::activation::Activation;

#[async_trait]
impl ActivationStore for DieselStore {
    async fn activation(&self, mac: [u8; 32]) -> Result<Option<(Activation, Account)>, StoreError> {
        platform::read!(self.db, |c| {
            let row: Option<ActivationRow> = activation_tokens::table
                .find(mac.to_vec())
                .select(ActivationRow::as_select())
                .first(c)
                .await
                .optional()?;
            let Some(activation) = row.map(Activation::from) else { return Ok(None) };
            let account = c.load_account(activation.account).await?;
            Ok(account.map(|account| (activation, account)))
        })
    }

    async fn activate(
        &self,
        stamp: Stamp,
        mac: [u8; 32],
        credential: Credential,
    ) -> Result<Activated, StoreError> {
        let trail = self.trail(stamp);
        platform::write!(self.db, |c| {
            let at = trail.stamp.at;
            let spent: Option<Key> = diesel::update(
                activation_tokens::table
                    .find(mac.to_vec())
                    .filter(activation_tokens::spent_at.is_null())
                    .filter(activation_tokens::voided_at.is_null())
                    .filter(activation_tokens::expires_at.gt(Ts::from(at))),
            )
            .set(activation_tokens::spent_at.eq(Some(Ts::from(at))))
            .returning(activation_tokens::account_id)
            .get_result(c)
            .await
            .optional()?;
            let Some(account) = spent.map(Key::id) else { return Ok(Activated::Unusable) };
            let before =
                c.lock_account(account).await?.ok_or(StoreError::inconsistent("a token without account"))?;
            // Suspended or rejected meanwhile: the token stays unspent, so that it works after a reinstatement.
            let state = before.state.activated().map_err(|_| StoreError::LostRace)?;
            c.write_state(account, state, 0).await?;
            c.write_credential(account, credential, at).await?;
            c.announce(trail.clone(), IdentityEvent::AccountActivated { account }).await?;
            if let Some(standing) = state.standing {
                c.announce(trail.clone(), IdentityEvent::DistributorChanged { account, standing }).await?;
            }
            c.record(trail.audit("account.activate", account)).await?;
            Ok(Activated::Done(Box::new(Account { state, ..before })))
        })
        .or_else(
            |error: StoreError| {
                if error == StoreError::LostRace { Ok(Activated::Unusable) } else { Err(error) }
            },
        )
    }
}
