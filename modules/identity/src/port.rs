//! Identity's port for callers in this process.

use std::sync::Arc;

use async_trait::async_trait;
use identity_api::{
    AccountStanding, BearerToken, Cancellation, Identity, IdentityError, Link, Sanction, Vip,
};
use kernel::id::{AccountId, RedemptionId};
use kernel::{CallContext, PortError, Principal};
use platform::db::StoreError;

use crate::app::App;
use crate::app::standing::{self, StandingError};
use crate::app::verify_token::Refused;
use crate::domain::account::Account;
use crate::domain::username::Username;
use crate::store::Linked;

/// The port over the use cases.
pub(crate) struct Port(pub(crate) Arc<App>);

/// Refuses to begin what nobody waits for any more.
fn in_time(app: &App, call: &CallContext) -> Result<(), IdentityError> {
    if app.clock.now() > call.deadline { Err(PortError::DeadlineExceeded.into()) } else { Ok(()) }
}

fn unavailable(error: StoreError) -> IdentityError {
    IdentityError::Port { source: error.into() }
}

fn refused(error: StandingError) -> IdentityError {
    match error {
        StandingError::NoSuchAccount => IdentityError::UnknownAccount,
        StandingError::WrongState | StandingError::LastAdmin | StandingError::OwnAccount => {
            IdentityError::WrongState
        }
        StandingError::Store(error) => unavailable(error),
    }
}

/// What a token's fault is called where it is logged.
fn invalid(error: Refused) -> IdentityError {
    match error {
        Refused::Store(error) => unavailable(error),
        Refused::Token(fault) => IdentityError::InvalidToken { reason: fault.to_string() },
        Refused::Revoked | Refused::Suspended => IdentityError::InvalidToken { reason: error.to_string() },
    }
}

#[async_trait]
impl Identity for Port {
    async fn accounts(
        &self,
        call: &CallContext,
        ids: Vec<AccountId>,
    ) -> Result<Vec<AccountStanding>, IdentityError> {
        in_time(&self.0, call)?;
        let found = self.0.store.accounts(ids).await.map_err(unavailable)?;
        Ok(found.iter().map(Account::standing).collect())
    }

    async fn account_by_username(
        &self,
        call: &CallContext,
        username: String,
    ) -> Result<Option<AccountStanding>, IdentityError> {
        in_time(&self.0, call)?;
        let Ok(username) = username.parse::<Username>() else { return Ok(None) };
        let found = self.0.store.account_by_username(username.key()).await.map_err(unavailable)?;
        Ok(found.as_ref().map(Account::standing))
    }

    async fn verify_token(&self, call: &CallContext, token: BearerToken) -> Result<Principal, IdentityError> {
        in_time(&self.0, call)?;
        self.0.verifier.verify(&token.0).await.map_err(invalid)
    }

    async fn suspend(&self, call: &CallContext, sanction: Sanction) -> Result<(), IdentityError> {
        in_time(&self.0, call)?;
        standing::suspend(&self.0, call, sanction.account, sanction.reason).await.map(drop).map_err(refused)
    }

    async fn reinstate(&self, call: &CallContext, sanction: Sanction) -> Result<(), IdentityError> {
        in_time(&self.0, call)?;
        standing::reinstate(&self.0, call, sanction.account, sanction.reason).await.map(drop).map_err(refused)
    }

    async fn set_vip(&self, call: &CallContext, vip: Vip) -> Result<(), IdentityError> {
        in_time(&self.0, call)?;
        standing::set_vip(&self.0, call, vip).await.map_err(refused)
    }

    async fn activate_redeemed(&self, call: &CallContext, link: Link) -> Result<(), IdentityError> {
        in_time(&self.0, call)?;
        match standing::link_redeemed(&self.0, call, link).await.map_err(unavailable)? {
            Linked::Done => Ok(()),
            Linked::Cancelled => Err(IdentityError::Cancelled),
            Linked::NoSuchAccount => Err(IdentityError::UnknownAccount),
            Linked::WrongState => Err(IdentityError::WrongState),
        }
    }

    async fn cancel_redemption(
        &self,
        call: &CallContext,
        redemption: RedemptionId,
    ) -> Result<Cancellation, IdentityError> {
        in_time(&self.0, call)?;
        standing::cancel_redemption(&self.0, call, redemption).await.map_err(unavailable)
    }

    async fn attach_relationship(&self, call: &CallContext, link: Link) -> Result<(), IdentityError> {
        in_time(&self.0, call)?;
        standing::attach(&self.0, call, link).await.map_err(refused)
    }

    async fn detach_relationship(&self, call: &CallContext, link: Link) -> Result<(), IdentityError> {
        in_time(&self.0, call)?;
        standing::detach(&self.0, call, link).await.map_err(refused)
    }
}
