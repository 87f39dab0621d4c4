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
}
