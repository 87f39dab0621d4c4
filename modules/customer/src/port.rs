//! The customer port for callers in this process.

use std::sync::Arc;

use async_trait::async_trait;
use customer_api::{Check, Customer, CustomerError, Decision, NetworkQuery};
use kernel::id::AccountId;
use kernel::{CallContext, Page, PortError};

use crate::app::{App, Failure, check_entitlement, list_network};

/// Answers from this context's own application.
pub(crate) struct LocalCustomer(pub(crate) Arc<App>);

#[async_trait]
impl Customer for LocalCustomer {
    async fn check(&self, call: &CallContext, check: Check) -> Result<Decision, CustomerError> {
        Ok(check_entitlement::run(&self.0, call, check).await)
    }

    async fn network(
        &self,
        _: &CallContext,
        query: NetworkQuery,
    ) -> Result<Page<AccountId, AccountId>, CustomerError> {
        list_network::run(&self.0, query).await.map_err(|failure| match failure {
            Failure::Port(source) => source.into(),
            Failure::Store(error) => PortError::from(error).into(),
        })
    }

    async fn head(&self, _: &CallContext, account: AccountId) -> Result<AccountId, CustomerError> {
        let head = self.0.store.head(account).await;
        head.map_err(|error| PortError::from(error).into())
    }
}

#[cfg(test)]
mod tests {
    use customer_api::contract;
    use customer_api::{CustomerProvider, CustomerVia};
    use kernel::Clock;
    use kernel::port::{Disturbance, Loopback};
    use platform::testing::TestDb;

    use super::*;
    use crate::MIGRATIONS;
    use crate::app::block_account;
    use crate::house::House;

    struct Real {
        house: House,
        port: Arc<dyn Customer>,
    }

    #[async_trait]
    impl contract::Stage for Real {
        fn port(&self) -> &dyn Customer {
            &*self.port
        }
        fn clock(&self) -> &dyn Clock {
            &self.house.clock
        }
        async fn distributor(&self) -> AccountId {
            self.house.distributor().await
        }
        async fn customer_of(&self, distributor: AccountId) -> AccountId {
            self.house.customer_of(distributor).await
        }
        async fn block(&self, by: AccountId, blocked: AccountId) {
            block_account::add(&self.house.app, &self.house.call_of(by), by, blocked).await.unwrap();
        }
    }

    platform::for_each_database! { MIGRATIONS;
        async fn the_port_keeps_its_contract(db: TestDb) {
            let house = House::new(&db.db);
            let port = Arc::new(LocalCustomer(house.app.clone()));
            contract::run(&Real { house, port }).await;
        }

        async fn the_port_behind_the_loopback_keeps_its_contract(db: TestDb) {
            let house = House::new(&db.db);
            let provider = Arc::new(CustomerProvider(Arc::new(LocalCustomer(house.app.clone()))));
            let clock = Arc::new(house.clock.clone());
            let port = Arc::new(CustomerVia(Loopback::new(provider, clock, Disturbance::default())));
            contract::run(&Real { house, port }).await;
        }
    }
}
