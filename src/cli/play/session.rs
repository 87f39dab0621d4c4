//! Being signed in: the tokens, kept in memory alone and renewed in one place.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Timestamp};
use platform::clock::SystemClock;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::client::{Answer, Api, ClientError, Person};

/// How long the server may take for an answer while somebody sits there who is not heard meanwhile.
const PATIENCE: Duration = Duration::from_secs(8);

/// Somebody signed in, for whoever calls the API on their behalf.
#[derive(Clone)]
pub(super) struct Session {
    person: Arc<Mutex<Held>>,
    clock: Arc<SystemClock>,
    pub(super) account: String,
    pub(super) username: String,
}

struct Held {
    person: Person,
    /// From when on the access token is renewed.
    renew_at: Timestamp,
}

impl Session {
    pub(super) async fn open(api: &Api, username: &str, password: &str) -> Result<Self, ClientError> {
        let clock = Arc::new(SystemClock::new());
        let person = Person::sign_in(api, username, password).await?;
        Ok(Self::begun(person, clock, username))
    }

    fn begun(person: Person, clock: Arc<SystemClock>, username: &str) -> Self {
        let (account, renew_at) = (person.account.clone(), renewal(&person, clock.now()));
        let person = Arc::new(Mutex::new(Held { person, renew_at }));
        Self { person, clock, account, username: username.to_owned() }
    }

    /// Somebody who has signed in already.
    #[cfg(test)]
    pub(super) fn of(person: Person) -> Self {
        Self::begun(person, Arc::new(SystemClock::new()), "somebody")
    }

    /// The person with a token that is good for a while.
    pub(super) async fn person(&self) -> Result<Person, ClientError> {
        let mut held = self.person.lock().await;
        if self.clock.now() >= held.renew_at {
            self.renew_held(&mut held).await?;
        }
        Ok(held.person.clone())
    }

    /// The person with a new token, unless it was renewed after `person` was given out.
    pub(super) async fn renewed(&self, person: &Person) -> Result<Person, ClientError> {
        let mut held = self.person.lock().await;
        if held.person.refresh_token == person.refresh_token {
            self.renew_held(&mut held).await?;
        }
        Ok(held.person.clone())
    }

    async fn renew_held(&self, held: &mut Held) -> Result<(), ClientError> {
        held.person.refresh().await?;
        held.renew_at = renewal(&held.person, self.clock.now());
        Ok(())
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.person().await?.api.get(path).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Answer, ClientError> {
        self.person().await?.api.post(path, body).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Answer, ClientError> {
        self.person().await?.api.put(path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Answer, ClientError> {
        self.person().await?.api.delete(path).await
    }

    /// Ends the session. Whoever cannot be reached is not told.
    pub(super) async fn close(self) {
        let _ = self.post("/api/v1/auth/logout", json!({})).await;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// An answer in time, or an error that may pass.
pub(super) async fn ask<T>(question: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    timeout(PATIENCE, question).await.unwrap_or(Err(ClientError::Silence(PATIENCE)))
}

/// When a third of the access token's life is left.
fn renewal(person: &Person, now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(person.expires_in_s.saturating_mul(2) / 3))
}
