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
    pub enrolment_token: SecretString,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Why there is no new first admin.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// There is one already.
    #[error("an admin exists already")]
    AdminExists,
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

/// Makes the first admin; with `reissue`, replaces the token of one that was never activated.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    username: &str,
    reissue: bool,
) -> Result<FirstAdmin, BootstrapError> {
    let username: Username = username.parse().map_err(|_| BootstrapError::InvalidUsername)?;
    let stamp = app.stamp(call);
    let minted = app.secrets.mint_activation(&*app.random);
    let expires_at = app.config.enrolment_until(stamp.at);
    let admin = NewAccount { person: app.ids.next(), account: app.ids.next(), username };
    let made = admin.account;
    let token = NewToken { mac: minted.mac, expires_at };
    let account = match app.store.bootstrap(stamp, admin, token, reissue).await? {
        Bootstrapped::Made => made,
        Bootstrapped::Reissued(account) => account,
        Bootstrapped::AdminExists => return Err(BootstrapError::AdminExists),
        Bootstrapped::UsernameTaken => return Err(BootstrapError::UsernameTaken),
    };
    Ok(FirstAdmin { account, enrolment_token: minted.text, expires_at })
}
