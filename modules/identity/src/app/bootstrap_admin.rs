//! Making the first admin. There is no default account, ever.

use kernel::id::AccountId;
use kernel::{CallContext, Timestamp};
use platform::db::StoreError;
use secrecy::SecretString;

use super::App;
use crate::domain::username::Username;
use crate::store::{Bootstrapped, NewAccount, NewToken};

/// The first admin and its one-time token.
pub struct FirstAdmin {
    /// The admin's account.
    pub account: AccountId,
    /// Spent by `POST /api/v1/auth/activate`. Shown once.
    pub token: SecretString,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Why there is no new first admin.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// There is one already.
    #[error("an admin exists already")]
    AdminExists,
    /// There is no first admin, or one who has enrolled.
    #[error("there is no first admin who has yet to enrol")]
    NobodyWaits,
    /// Not a name an account can have.
    #[error("a username has 3 to 32 characters of A-Z a-z 0-9 _ . - and begins with a letter or digit")]
    InvalidUsername,
    /// Somebody else has the name.
    #[error("the username is taken")]
    UsernameTaken,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the first admin.
pub(crate) async fn run(app: &App, call: &CallContext, username: &str) -> Result<FirstAdmin, BootstrapError> {
    let username: Username = username.parse().map_err(|_| BootstrapError::InvalidUsername)?;
    let stamp = app.stamp(call);
    let (text, token) = mint(app, stamp.at);
    let admin = NewAccount { person: app.ids.next(), account: app.ids.next(), username };
    let account = admin.account;
    match app.store.bootstrap(stamp, admin, token).await? {
        Bootstrapped::Made => Ok(FirstAdmin { account, token: text, expires_at: token.expires_at }),
        Bootstrapped::AdminExists => Err(BootstrapError::AdminExists),
        Bootstrapped::UsernameTaken => Err(BootstrapError::UsernameTaken),
    }
}

/// Gives a first admin who never used its token another one; the old one is void.
pub(crate) async fn reissue(app: &App, call: &CallContext) -> Result<FirstAdmin, BootstrapError> {
    let stamp = app.stamp(call);
    let (text, token) = mint(app, stamp.at);
    let account = app.store.reissue_bootstrap(stamp, token).await?.ok_or(BootstrapError::NobodyWaits)?;
    Ok(FirstAdmin { account, token: text, expires_at: token.expires_at })
}

fn mint(app: &App, now: Timestamp) -> (SecretString, NewToken) {
    let minted = app.secrets.mint_activation(&*app.random);
    (minted.text, NewToken { mac: minted.mac, expires_at: app.config.enrolment_until(now) })
}
