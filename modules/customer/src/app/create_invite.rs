//! A distributor makes an invite. The code leaves in this answer and is kept as a MAC only.

use std::time::Duration;

use kernel::CallContext;
use kernel::Timestamp;
use kernel::id::AccountId;
use platform::idempotency::Claim;

use super::{App, Failure, Issued};
use crate::domain::limits::LimitReached;
use crate::store::{CreateRefused, NewInvite, Stop};

/// How often the creation is tried again while identity says that the distributor is active and our copy does not yet.
const CATCH_UP_TRIES: u32 = 40;
const CATCH_UP_PAUSE: Duration = Duration::from_millis(25);

/// What is asked for.
pub(crate) struct Wish {
    pub(crate) label: Option<String>,
    /// Its life in hours; the deployment's default when absent.
    pub(crate) hours: Option<u32>,
    pub(crate) key: String,
    pub(crate) route: String,
    pub(crate) body_digest: [u8; 32],
}

/// Why there is no invite.
#[derive(Debug, PartialEq)]
pub(crate) enum Error {
    DistributorInactive,
    LifeOutOfRange(u32),
    TooManyOpen,
    TooManyToday(Timestamp),
    /// A repeat of a creation whose invite can no longer be used.
    NotOpen,
    InFlight,
    KeyReused,
    Failed(Failure),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    distributor: AccountId,
    wish: Wish,
) -> Result<Issued, Error> {
    let hours = wish.hours.unwrap_or(app.config.invite_hours);
    if hours == 0 || hours > app.config.invite_max_hours {
        return Err(Error::LifeOutOfRange(app.config.invite_max_hours));
    }
    for _ in 0..CATCH_UP_TRIES {
        let (code, mac) = app.mint();
        let act = app.act(call);
        let new = NewInvite {
            id: app.ids.next(),
            distributor,
            code: mac,
            label: wish.label.clone(),
            expires_at: act.at.plus(Duration::from_hours(hours.into())),
        };
        let claim = Claim {
            scope: distributor.to_string(),
            route: wish.route.clone(),
            key: wish.key.clone(),
            body_digest: wish.body_digest,
            at: act.at,
        };
        match app.store.create(new, app.config.limits(), claim, act).await {
            Ok(invite) => {
                metrics::counter!("customer_invites_issued_total").increment(1);
                return Ok(Issued { invite, code });
            }
            Err(Stop::Rule(CreateRefused::DistributorInactive))
                if is_on_its_way(app, call, distributor).await? =>
            {
                app.clock.sleep(CATCH_UP_PAUSE).await;
            }
            Err(Stop::Rule(refused)) => return Err(refused.into()),
            Err(Stop::Store(error)) => return Err(Error::Failed(error.into())),
        }
    }
    Err(Error::Failed(Failure::Port(kernel::PortError::unavailable(
        "the distributor's standing is on its way",
    ))))
}

/// Whether identity already says that this distributor is active, so that its event must arrive here any moment.
async fn is_on_its_way(app: &App, call: &CallContext, distributor: AccountId) -> Result<bool, Error> {
    let standings = app.standings(call, vec![distributor]).await;
    let standings = standings.map_err(|error| Error::Failed(Failure::of_identity(error)))?;
    Ok(standings.first().is_some_and(|account| account.distributor.is_some() && account.is_active()))
}

impl From<CreateRefused> for Error {
    fn from(refused: CreateRefused) -> Self {
        match refused {
            CreateRefused::DistributorInactive => Self::DistributorInactive,
            CreateRefused::Limit(LimitReached::Open) => Self::TooManyOpen,
            CreateRefused::Limit(LimitReached::Daily(room_at)) => Self::TooManyToday(room_at),
            CreateRefused::NotOpen => Self::NotOpen,
            CreateRefused::InFlight => Self::InFlight,
            CreateRefused::KeyReused => Self::KeyReused,
        }
    }
}
