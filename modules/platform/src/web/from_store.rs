//! Where storage meets the wire: what a failed store call is to a client, and how a keyed request claims its key.

use std::time::Duration;

use kernel::{Principal, Timestamp};

use super::body::ClaimParts;
use super::problem::Problem;
use crate::db::StoreError;
use crate::idempotency::Claim;

const TRY_AGAIN: Duration = Duration::from_secs(1);

impl From<StoreError> for Problem {
    /// For what a context has no better word for. The reason goes to the log and stays there.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "storage is unavailable");
                Self::unavailable(TRY_AGAIN)
            }
            StoreError::LostRace => Self::unavailable(TRY_AGAIN),
            StoreError::Conflict(_) | StoreError::Inconsistent(_) | StoreError::Failed(_) => {
                tracing::error!(%error, "storage failed");
                Self::internal()
            }
        }
    }
}

impl ClaimParts {
    /// The claim of a signed-in caller.
    #[must_use]
    pub fn by(self, principal: &Principal, at: Timestamp) -> Claim {
        self.scoped(principal.account.to_string(), at)
    }

    /// The claim of somebody who is known by something else than an account, for example an invite's MAC in hexadecimal.
    #[must_use]
    pub fn scoped(self, scope: String, at: Timestamp) -> Claim {
        Claim { scope, route: self.route, key: self.key, body_digest: self.digest, at }
    }
}

impl Problem {
    /// 409: another request with the same `Idempotency-Key` is still at work.
    pub fn idempotency_in_flight() -> Self {
        Self::conflict("idempotency_in_flight")
            .detail("A request with this Idempotency-Key is being handled. Repeat it in a moment.")
            .retry_after(TRY_AGAIN)
    }

    /// 422: the `Idempotency-Key` was used with another body.
    pub fn idempotency_key_reused() -> Self {
        Self::invalid("idempotency_key_reused")
            .detail("This Idempotency-Key was sent with another body before.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_failure_tells_a_client_nothing_but_whether_to_try_again() {
        for (error, status) in [
            (StoreError::Unavailable("planted".to_owned()), 503),
            (StoreError::LostRace, 503),
            (StoreError::Failed("planted".to_owned()), 500),
            (StoreError::Conflict("planted".to_owned()), 500),
            (StoreError::inconsistent("planted"), 500),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status().as_u16(), status);
            assert!(!String::from_utf8(problem.body(None)).unwrap().contains("planted"));
        }
    }
}
