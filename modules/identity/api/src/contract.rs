//! What every implementation of the identity port does: the fake, the real one, and either behind a carrier.
//!
//! Each case takes the port, and a stage that can bring accounts into being by whatever means the implementation has.

use std::time::Duration;

use async_trait::async_trait;
use kernel::id::{AccountId, RedemptionId, RelationshipId, Uuid};
use kernel::{AccountType, Actor, CallContext, Clock, TypedId};

use crate::account::{AccountStanding, AccountStatus};
use crate::port::{BearerToken, Cancellation, Identity, IdentityError, Link, Sanction, Vip};

/// Brings about what a case needs.
#[async_trait]
pub trait Stage: Send + Sync {
    /// The port under test.
    fn port(&self) -> &dyn Identity;
    /// The clock it lives by.
    fn clock(&self) -> &dyn Clock;
    /// An active player under this name.
    async fn player(&self, username: &str) -> AccountId;
    /// An account as registration with a redemption ticket leaves it.
    async fn redeemed(&self, username: &str, redemption: RedemptionId) -> AccountId;
}

/// Runs every case. User names are taken from `tag` so that it can run again.
///
/// # Panics
/// At the first case that does not hold.
#[expect(clippy::expect_used, reason = "a contract case that gets an error has failed")]
pub async fn run(stage: &dyn Stage, tag: &str) {
    finds_accounts_by_id_and_by_name(stage, tag).await.expect("lookup");
    suspends_and_reinstates(stage, tag).await.expect("standing");
    the_first_to_decide_a_redemption_wins(stage, tag).await.expect("redemption");
    a_relationship_makes_a_customer_and_its_end_a_player(stage, tag).await.expect("relationship");
    unknown_things_are_refused(stage).await;
}

fn call(stage: &dyn Stage) -> CallContext {
    let request_id = kernel::RequestId::fresh(&kernel::SeededRandom::new(1));
    CallContext::new(Actor::system("contract"), request_id, stage.clock().now(), Duration::from_secs(10))
}

async fn standing(stage: &dyn Stage, account: AccountId) -> Result<AccountStanding, IdentityError> {
    stage.port().accounts(&call(stage), vec![account]).await?.pop().ok_or(IdentityError::UnknownAccount)
}

async fn finds_accounts_by_id_and_by_name(stage: &dyn Stage, tag: &str) -> Result<(), IdentityError> {
    let name = format!("{tag}_look");
    let account = stage.player(&name).await;
    let nobody = AccountId::from_uuid(Uuid::from_u128(1));
    let found = stage.port().accounts(&call(stage), vec![account, nobody]).await?;
    assert_eq!(found.iter().map(|a| a.account).collect::<Vec<_>>(), [account], "unknown ones are left out");
    let found = stage.port().account_by_username(&call(stage), name.to_uppercase()).await?;
    assert_eq!(found.map(|a| (a.account, a.username)), Some((account, name)), "case does not matter");
    assert_eq!(stage.port().account_by_username(&call(stage), format!("{tag}_none")).await?, None);
    Ok(())
}

async fn suspends_and_reinstates(stage: &dyn Stage, tag: &str) -> Result<(), IdentityError> {
    let account = stage.player(&format!("{tag}_susp")).await;
    let sanction = Sanction { account, reason: "contract".to_owned() };
    for _ in 0..2 {
        stage.port().suspend(&call(stage), sanction.clone()).await?;
        assert_eq!(standing(stage, account).await?.status, AccountStatus::Suspended);
    }
    for _ in 0..2 {
        stage.port().reinstate(&call(stage), sanction.clone()).await?;
        assert!(standing(stage, account).await?.is_active());
    }
    stage.port().set_vip(&call(stage), Vip { account, enabled: true }).await?;
    assert!(standing(stage, account).await?.vip);
    Ok(())
}

async fn the_first_to_decide_a_redemption_wins(stage: &dyn Stage, tag: &str) -> Result<(), IdentityError> {
    let redemption =
        RedemptionId::from_uuid(Uuid::from_u128(u128::from(call(stage).deadline.unix_millis()) << 64 | 7));
    let account = stage.redeemed(&format!("{tag}_red"), redemption).await;
    assert_eq!(standing(stage, account).await?.status, AccountStatus::PendingLink);
    assert_eq!(stage.port().cancel_redemption(&call(stage), redemption).await?, Cancellation::TooLate);
    let link = Link { account, relationship: some_relationship(1), redemption: Some(redemption) };
    for _ in 0..2 {
        stage.port().activate_redeemed(&call(stage), link).await?;
        assert_eq!(standing(stage, account).await?.status, AccountStatus::Active);
    }
    let other = RedemptionId::from_uuid(Uuid::from_u128(redemption.uuid().as_u128() + 1));
    for _ in 0..2 {
        assert_eq!(stage.port().cancel_redemption(&call(stage), other).await?, Cancellation::Cancelled);
    }
    Ok(())
}

async fn a_relationship_makes_a_customer_and_its_end_a_player(
    stage: &dyn Stage,
    tag: &str,
) -> Result<(), IdentityError> {
    let account = stage.player(&format!("{tag}_rel")).await;
    let link = Link { account, relationship: some_relationship(2), redemption: None };
    for _ in 0..2 {
        stage.port().attach_relationship(&call(stage), link).await?;
        assert_eq!(standing(stage, account).await?.account_type, AccountType::Customer);
    }
    for _ in 0..2 {
        stage.port().detach_relationship(&call(stage), link).await?;
        assert_eq!(standing(stage, account).await?.account_type, AccountType::Player);
    }
    Ok(())
}

async fn unknown_things_are_refused(stage: &dyn Stage) {
    let account = AccountId::from_uuid(Uuid::from_u128(1));
    let sanction = Sanction { account, reason: "contract".to_owned() };
    assert_eq!(stage.port().suspend(&call(stage), sanction).await, Err(IdentityError::UnknownAccount));
    let refused = stage.port().verify_token(&call(stage), BearerToken("junk".to_owned())).await;
    assert!(matches!(refused, Err(IdentityError::InvalidToken { .. })));
}

fn some_relationship(number: u128) -> RelationshipId {
    RelationshipId::from_uuid(Uuid::from_u128(number))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use kernel::ManualClock;
    use kernel::port::{Disturbance, Loopback};

    use super::*;
    use crate::fake::FakeIdentity;
    use crate::port::{IdentityProvider, IdentityVia};

    struct InMemory {
        fake: Arc<FakeIdentity>,
        port: Arc<dyn Identity>,
        clock: ManualClock,
        ids: kernel::IdSource,
    }

    #[async_trait]
    impl Stage for InMemory {
        fn port(&self) -> &dyn Identity {
            self.port.as_ref()
        }
        fn clock(&self) -> &dyn Clock {
            &self.clock
        }
        async fn player(&self, username: &str) -> AccountId {
            let account = self.ids.next();
            self.fake.add(account, username, AccountType::Player);
            account
        }
        async fn redeemed(&self, username: &str, redemption: RedemptionId) -> AccountId {
            let account = self.ids.next();
            self.fake.add_redeemed(account, username, redemption);
            account
        }
    }

    fn stage(through_loopback: bool) -> InMemory {
        let fake = Arc::new(FakeIdentity::default());
        let clock = ManualClock::default();
        let ids = kernel::IdSource::new(Arc::new(clock.clone()), Arc::new(kernel::SeededRandom::new(5)));
        let port: Arc<dyn Identity> = if through_loopback {
            let provider = Arc::new(IdentityProvider(fake.clone()));
            Arc::new(IdentityVia(Loopback::new(provider, Arc::new(clock.clone()), Disturbance::default())))
        } else {
            fake.clone()
        };
        InMemory { fake, port, clock, ids }
    }

    #[test]
    fn the_fake_keeps_the_contract() {
        run(&stage(false), "fake").now_or_never().unwrap();
    }

    #[test]
    fn the_fake_behind_the_loopback_keeps_the_contract() {
        run(&stage(true), "loop").now_or_never().unwrap();
    }
}
