//! Idempotency keys of requests that make an account, and the name that such a request may find taken.

use kernel::id::AccountId;
use platform::db::StoreError;
use platform::idempotency::Claim;
use platform::web::ClaimParts;
use serde_json::{Value, json};

use super::{Created, Stamp};

/// The unique index over usernames, by the name both databases give it.
pub(super) const USERNAME_KEY: &str = "accounts_username_key_key";

/// Rolls a transaction back because the username is taken; [`name_taken`] turns it into an outcome.
pub(super) fn taken() -> StoreError {
    StoreError::Conflict(USERNAME_KEY.to_owned())
}

/// The outcome of a transaction that found its username taken.
pub(super) fn name_taken(error: StoreError) -> Result<Created, StoreError> {
    if error.conflicts_on(USERNAME_KEY) { Ok(Created::UsernameTaken) } else { Err(error) }
}

/// The claim that `parts` make on behalf of whoever calls.
pub(super) fn claim_of(stamp: &Stamp, parts: ClaimParts) -> Claim {
    let scope =
        stamp.call.actor.account().map_or_else(|| "anonymous".to_owned(), |account| account.to_string());
    Claim { scope, route: parts.route, key: parts.key, body_digest: parts.digest, at: stamp.at }
}

/// What is kept under a key: which account the request made.
pub(super) fn claim_value(account: AccountId) -> Value {
    json!({ "account": account })
}

/// The account that an earlier request under the same key made.
pub(super) fn claimed_account(value: &Value) -> Result<AccountId, StoreError> {
    value
        .get("account")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or(StoreError::inconsistent("an idempotency key's value"))
}
