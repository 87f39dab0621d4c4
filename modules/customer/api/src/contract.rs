//! What every implementation of the customer port does: the fake, the real one, and either behind a carrier.

use std::time::Duration;

use async_trait::async_trait;
use kernel::id::{AccountId, Uuid};
use kernel::{Actor, CallContext, Clock, Limit, TypedId};

use crate::port::{Capability, Check, Customer, CustomerError, Denial, NetworkQuery};

/// Brings about what a case needs.
#[async_trait]
pub trait Stage: Send + Sync {
    /// The port under test.
    fn port(&self) -> &dyn Customer;
    /// The clock it lives by.
    fn clock(&self) -> &dyn Clock;
    /// An active distributor.
    async fn distributor(&self) -> AccountId;
    /// An active customer of this distributor.
    async fn customer_of(&self, distributor: AccountId) -> AccountId;
    /// A block.
    async fn block(&self, by: AccountId, blocked: AccountId);
}

/// Runs every case.
///
/// # Panics
/// At the first that does not hold.
#[expect(clippy::expect_used, reason = "a contract case that gets an error has failed")]
pub async fn run(stage: &dyn Stage) {
    a_network_plays_together_and_only_a_pair_chats(stage).await.expect("entitlement");
    a_block_in_either_direction_denies_everything(stage).await.expect("blocks");
    a_network_is_paged_without_gap_or_repeat(stage).await.expect("network");
}

fn call(stage: &dyn Stage) -> CallContext {
    let request_id = kernel::RequestId::fresh(&kernel::SeededRandom::new(1));
    CallContext::new(Actor::system("contract"), request_id, stage.clock().now(), Duration::from_secs(10))
}

async fn denial(
    stage: &dyn Stage,
    subject: AccountId,
    capability: Capability,
    object: AccountId,
) -> Result<Option<Denial>, CustomerError> {
    let check = Check { subject, capability, object };
    let decision = stage.port().check(&call(stage), check).await?;
    if capability == Capability::Play {
        let mirrored = Check { subject: object, object: subject, ..check };
        let other_side = stage.port().check(&call(stage), mirrored).await?;
        assert_eq!(other_side.denial, decision.denial, "play is asked of a pair, from whichever side");
    }
    Ok(decision.denial)
}

async fn a_network_plays_together_and_only_a_pair_chats(stage: &dyn Stage) -> Result<(), CustomerError> {
    let (head, stranger) = (stage.distributor().await, stage.distributor().await);
    let (one, two) = (stage.customer_of(head).await, stage.customer_of(head).await);
    for (a, b) in [(head, one), (one, head), (one, two)] {
        assert_eq!(denial(stage, a, Capability::Play, b).await?, None);
    }
    assert_eq!(denial(stage, head, Capability::Chat, one).await?, None);
    assert_eq!(denial(stage, one, Capability::Chat, head).await?, None);
    assert_eq!(denial(stage, one, Capability::Chat, two).await?, Some(Denial::NoRelationship));
    assert_eq!(denial(stage, one, Capability::Chat, stranger).await?, Some(Denial::NoRelationship));
    assert_eq!(denial(stage, one, Capability::Play, stranger).await?, Some(Denial::OtherNetwork));
    assert_eq!(denial(stage, one, Capability::Play, one).await?, Some(Denial::UnknownPair));
    let nobody = AccountId::from_uuid(Uuid::from_u128(1));
    assert!(denial(stage, one, Capability::Play, nobody).await?.is_some());
    Ok(())
}

async fn a_block_in_either_direction_denies_everything(stage: &dyn Stage) -> Result<(), CustomerError> {
    let head = stage.distributor().await;
    let one = stage.customer_of(head).await;
    stage.block(one, head).await;
    for (a, b) in [(one, head), (head, one)] {
        for capability in Capability::ALL {
            assert_eq!(denial(stage, a, *capability, b).await?, Some(Denial::Blocked));
        }
    }
    Ok(())
}

async fn a_network_is_paged_without_gap_or_repeat(stage: &dyn Stage) -> Result<(), CustomerError> {
    let head = stage.distributor().await;
    let mut members = vec![head];
    for _ in 0..5 {
        members.push(stage.customer_of(head).await);
    }
    let Some(asker) = members.pop() else { return Ok(()) };
    members.sort();
    let (mut seen, mut after) = (Vec::new(), None);
    let limit = Limit::try_from(2).unwrap_or_default();
    loop {
        let page = stage.port().network(&call(stage), NetworkQuery { account: asker, after, limit }).await?;
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, members);
    for member in members.into_iter().chain([asker]) {
        assert_eq!(stage.port().head(&call(stage), member).await?, head);
    }
    let nobody = AccountId::from_uuid(Uuid::from_u128(1));
    assert_eq!(stage.port().head(&call(stage), nobody).await?, nobody);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use kernel::port::{Disturbance, Loopback};
    use kernel::{IdSource, ManualClock, SeededRandom};

    use super::*;
    use crate::fake::FakeCustomer;
    use crate::port::{CustomerProvider, CustomerVia};

    struct InMemory {
        fake: Arc<FakeCustomer>,
        port: Arc<dyn Customer>,
        clock: ManualClock,
        ids: IdSource,
    }

    #[async_trait]
    impl Stage for InMemory {
        fn port(&self) -> &dyn Customer {
            self.port.as_ref()
        }
        fn clock(&self) -> &dyn Clock {
            &self.clock
        }
        async fn distributor(&self) -> AccountId {
            self.ids.next()
        }
        async fn customer_of(&self, distributor: AccountId) -> AccountId {
            let account = self.ids.next();
            self.fake.relate(distributor, account);
            account
        }
        async fn block(&self, by: AccountId, blocked: AccountId) {
            self.fake.block(by, blocked);
        }
    }

    fn stage(through_loopback: bool) -> InMemory {
        let clock = ManualClock::default();
        let ids = IdSource::new(Arc::new(clock.clone()), Arc::new(SeededRandom::new(5)));
        let fake = Arc::new(FakeCustomer::new(ids.clone()));
        let port: Arc<dyn Customer> = if through_loopback {
            let provider = Arc::new(CustomerProvider(fake.clone()));
            Arc::new(CustomerVia(Loopback::new(provider, Arc::new(clock.clone()), Disturbance::default())))
        } else {
            fake.clone()
        };
        InMemory { fake, port, clock, ids }
    }

    #[test]
    fn the_fake_keeps_the_contract() {
        run(&stage(false)).now_or_never().unwrap();
    }

    #[test]
    fn the_fake_behind_the_loopback_keeps_the_contract() {
        run(&stage(true)).now_or_never().unwrap();
    }
}
