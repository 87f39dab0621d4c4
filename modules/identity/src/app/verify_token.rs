//! Verifying access tokens. A signature is checked once per token and node; account and session are checked every time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::id::SessionId;
use kernel::{Clock, Principal, Timestamp};
use platform::crypto::sha256;
use platform::db::StoreError;

use super::access_token::{self, Audience, Claims, Fault};
use super::key_ring::KeyRing;
use super::revocation_view::RevocationView;
use crate::store::{Bearer, Store, Use};

/// Shards of the cache, so that workers seldom wait for each other.
const SHARDS: usize = 16;
/// Tokens in one generation of a shard; two generations are kept.
const MOST_PER_SHARD: usize = 1_024;
/// Uses that may wait to be written down.
const MOST_USES: usize = 16_384;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{0}")]
    Token(#[from] Fault),
    /// Its session or epoch is over.
    #[error("revoked")]
    Revoked,
    /// Its account may not act.
    #[error("suspended")]
    Suspended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token whose signature was found good, and who it stands for.
#[derive(Clone)]
struct Known {
    claims: Claims,
    principal: Principal,
    /// How often the account had changed when this was learnt.
    changes: u64,
}

#[derive(Default)]
struct Shard {
    young: HashMap<[u8; 32], Arc<Known>>,
    old: HashMap<[u8; 32], Arc<Known>>,
}

impl Shard {
    fn get(&mut self, key: &[u8; 32]) -> Option<Arc<Known>> {
        if let Some(known) = self.young.get(key) {
            return Some(known.clone());
        }
        let known = self.old.remove(key)?;
        self.put(*key, known.clone());
        Some(known)
    }

    fn put(&mut self, key: [u8; 32], known: Arc<Known>) {
        if self.young.len() >= MOST_PER_SHARD {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }
}

/// The verifier.
pub(crate) struct Verifier {
    keys: Arc<KeyRing>,
    audience: Audience,
    view: Arc<RevocationView>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    cache: [Mutex<Shard>; SHARDS],
    uses: Mutex<HashMap<SessionId, (i32, Timestamp)>>,
}

impl Verifier {
    pub(crate) fn new(
        keys: Arc<KeyRing>,
        audience: Audience,
        view: Arc<RevocationView>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let cache = std::array::from_fn(|_| Mutex::default());
        Self { keys, audience, view, store, clock, cache, uses: Mutex::default() }
    }

    /// Whom tokens are made by and for.
    pub(crate) fn audience(&self) -> &Audience {
        &self.audience
    }

    /// The principal behind a token.
    pub(crate) async fn verify(&self, token: &str) -> Result<Principal, Refused> {
        let key = sha256(&[token.as_bytes()]);
        let known = self.shard(&key).and_then(|mut shard| shard.get(&key));
        if let Some(known) = &known {
            access_token::in_time(&known.claims, self.clock.now())?;
            let (ended, mark) = self.view.look(known.claims.account, known.claims.session);
            if !ended && known.claims.epoch >= mark.epoch && known.changes == mark.changes {
                return Ok(known.principal.clone());
            }
        }
        let claims = match known {
            Some(known) => known.claims,
            None => self.read(token).await?,
        };
        let known = self.learn(claims).await?;
        let principal = known.principal.clone();
        if let Some(mut shard) = self.shard(&key) {
            shard.put(key, Arc::new(known));
        }
        Ok(principal)
    }

    /// Checks everything about the token itself.
    async fn read(&self, token: &str) -> Result<Claims, Refused> {
        let mut read = access_token::read(&self.keys.ring(), &self.audience, token);
        if read == Err(Fault::UnknownKey) && self.keys.reload_for_unknown().await {
            read = access_token::read(&self.keys.ring(), &self.audience, token);
        }
        let claims = read?;
        access_token::in_time(&claims, self.clock.now())?;
        Ok(claims)
    }

    /// Asks storage who the token stands for. The view is looked at before, so that a change in between is noticed at
    /// the next request, and after, so that one that has happened is not missed.
    async fn learn(&self, claims: Claims) -> Result<Known, Refused> {
        let (_, before) = self.view.look(claims.account, claims.session);
        let now = self.clock.now();
        let bearer = self.store.bearer(claims.session, now).await?.ok_or(Refused::Revoked)?;
        let principal = admit(&claims, &bearer)?;
        let (ended, after) = self.view.look(claims.account, claims.session);
        if ended || claims.epoch < after.epoch {
            return Err(Refused::Revoked);
        }
        self.note_use(claims.session, claims.generation, now);
        Ok(Known { claims, principal, changes: before.changes })
    }

    fn shard(&self, key: &[u8; 32]) -> Option<std::sync::MutexGuard<'_, Shard>> {
        let index = usize::from(key.first().copied().unwrap_or(0)) % SHARDS;
        self.cache.get(index).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_use(&self, session: SessionId, generation: i32, at: Timestamp) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < MOST_USES || uses.contains_key(&session) {
            let (latest, seen_at) = uses.entry(session).or_insert((generation, at));
            (*latest, *seen_at) = ((*latest).max(generation), at);
        }
    }

    /// The latest generation whose access token was seen here and is not written down yet.
    pub(crate) fn seen(&self, session: SessionId) -> Option<i32> {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.get(&session).map(|(generation, _)| *generation)
    }

    /// Writes the uses down.
    pub(crate) async fn flush_uses(&self) -> Result<(), StoreError> {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        if uses.is_empty() {
            return Ok(());
        }
        let mut uses: Vec<Use> =
            uses.into_iter().map(|(session, (generation, at))| Use { session, generation, at }).collect();
        // Rows are always locked in the same order, so that two nodes cannot wait for each other.
        uses.sort_by_key(|one| one.session);
        self.store.note_uses(uses).await
    }
}

/// Whether account and session let the token's holder in, and who that is. Roles come from storage, never from the
/// token: a role that was granted or lost counts at once.
fn admit(claims: &Claims, bearer: &Bearer) -> Result<Principal, Refused> {
    let account = &bearer.account;
    if account.id != claims.account {
        return Err(Refused::Token(Fault::Claims));
    }
    if !account.standing().is_active() {
        return Err(Refused::Suspended);
    }
    if bearer.over || claims.epoch < account.epoch {
        return Err(Refused::Revoked);
    }
    Ok(principal(bearer, claims.session, Timestamp::from_seconds(claims.expires)))
}

/// The principal of a session.
pub(crate) fn principal(bearer: &Bearer, session: SessionId, expires_at: Timestamp) -> Principal {
    let account = &bearer.account;
    Principal {
        account: account.id,
        person: account.person,
        session,
        account_type: account.account_type,
        roles: account.roles(),
        expires_at,
        auth_time: bearer.auth_time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MIGRATIONS;
    use crate::app::{live_ticket, sessions, standing};
    use crate::testing::{House, PASSWORD};
    use platform::testing::TestDb;
    use secrecy::ExposeSecret;

    platform::for_each_database! { MIGRATIONS;
        async fn a_node_that_has_heard_of_nothing_learns_from_storage_who_is_let_in(db: TestDb) {
            let here = House::over(&db.db).await;
            let player = here.player("ada").await;
            let (one, two) =
                (here.sign_in("ada", PASSWORD).await.unwrap(), here.sign_in("ada", PASSWORD).await.unwrap());
            // A node of its own for each question: none has anything to remember.
            let verify = async |token: &secrecy::SecretString| {
                House::over(&db.db).await.app.verifier.verify(token.expose_secret()).await
            };
            assert!(verify(&one.access_token).await.is_ok());
            let me = here.principal(&two).await;
            sessions::end(&here.app, &here.call(), &me, one.session.id).await.unwrap();
            assert!(matches!(verify(&one.access_token).await, Err(Refused::Revoked)));
            assert!(verify(&two.access_token).await.is_ok());
            standing::suspend(&here.app, &here.call(), player, "spam".to_owned()).await.unwrap();
            assert!(matches!(verify(&two.access_token).await, Err(Refused::Suspended)));
            let there = House::over(&db.db).await;
            assert!(matches!(live_ticket::principal_of(&there.app, me.session).await, Err(Refused::Suspended)));
            standing::reinstate(&here.app, &here.call(), player, "appeal".to_owned()).await.unwrap();
            assert!(matches!(verify(&two.access_token).await, Err(Refused::Revoked)));
        }

        async fn storage_alone_refuses_an_ended_session_and_an_earlier_epoch(db: TestDb) {
            let house = House::over(&db.db).await;
            house.player("ada").await;
            let tokens = house.sign_in("ada", PASSWORD).await.unwrap();
            let (app, token) = (&house.app, tokens.access_token.expose_secret());
            let claims = access_token::read(&app.keys.ring(), app.verifier.audience(), token).unwrap();
            let bearer = app.store.bearer(tokens.session.id, house.clock.now()).await.unwrap();
            let mut bearer = bearer.unwrap();
            assert!(admit(&claims, &bearer).is_ok());
            bearer.over = true;
            assert!(matches!(admit(&claims, &bearer), Err(Refused::Revoked)));
            bearer.over = false;
            bearer.account.epoch += 1;
            assert!(matches!(admit(&claims, &bearer), Err(Refused::Revoked)));
        }
    }
}
