//! /api/v1/admin/distributors: ask, list, read, approve, reject, suspend, resume

use identity_api::DistributorStanding;
use kernel::id::{AccountId, PersonId};
use kernel::{Limit, Timestamp};
use platform::web::{Answer, Body, Caller, Cursor, Keyed, List, PathId, Problem, Query, State, Web, schema};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::me::DistributorStandingWord;
use super::{parse, problem};
use crate::app::provision_distributor::{self, Request};
use crate::app::{App, find, standing};
use crate::domain::distributor::Distributor;

/// A distributor to be provisioned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDistributor {
    #[schema(min_length = 3, max_length = 32)]
    username: String,
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What staff call it.
    #[schema(max_length = 80)]
    label: Option<String>,
}

/// Why something is done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// A reason code: 1 to 64 of `a-z 0-9 _`. It goes into the audit log.
    #[schema(min_length = 1, max_length = 64)]
    pub(super) reason: String,
}

/// A distributor as staff see it.
#[derive(Serialize, ToSchema)]
pub(super) struct DistributorView {
    /// The distributor's account.
    #[schema(value_type = schema::AccountId)]
    id: AccountId,
    #[schema(value_type = schema::AccountId)]
    account_id: AccountId,
    username: String,
    label: Option<String>,
    #[schema(value_type = DistributorStandingWord)]
    state: DistributorStanding,
    #[schema(value_type = schema::PersonId)]
    requested_by: PersonId,
    #[schema(value_type = schema::Time)]
    requested_at: Timestamp,
    #[schema(value_type = Option<schema::PersonId>)]
    decided_by: Option<PersonId>,
    #[schema(value_type = Option<schema::Time>)]
    decided_at: Option<Timestamp>,
    /// Whether one person both asked and approved.
    one_person: bool,
    /// Until when its activation link is good.
    #[schema(value_type = Option<schema::Time>)]
    invited_until: Option<Timestamp>,
}

impl DistributorView {
    fn new(distributor: Distributor, now: Timestamp) -> Self {
        Self {
            id: distributor.account,
            account_id: distributor.account,
            state: distributor.standing_at(now),
            username: distributor.username,
            label: distributor.label,
            requested_by: distributor.requested_by,
            requested_at: distributor.requested_at,
            decided_by: distributor.decided_by,
            decided_at: distributor.decided_at,
            one_person: distributor.one_person,
            invited_until: distributor.invited_until,
        }
    }
}

/// An approved distributor and its activation token.
#[derive(Serialize, ToSchema)]
pub(super) struct Approved {
    #[serde(flatten)]
    distributor: DistributorView,
    /// Shown once, to be handed to the distributor, who spends it at `/api/v1/auth/activate`.
    activation_token: String,
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Only distributors in this state.
    #[param(value_type = Option<DistributorStandingWord>)]
    state: Option<DistributorStanding>,
    /// 1 to 100, 50 unless told.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    /// From the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

pub(super) async fn request(
    caller: Caller,
    app: State<App>,
    Keyed { body, claim }: Keyed<NewDistributor>,
) -> Result<Answer<DistributorView>, Problem> {
    let asked = Request {
        username: parse::username(&body.username)?,
        email: parse::email(body.email)?,
        label: parse::label(body.label, "/label")?,
    };
    let made = provision_distributor::request(&app, &caller.call, &caller.principal, asked, claim)
        .await
        .map_err(problem::of_create)?;
    let location = format!("/api/v1/admin/distributors/{}", made.account);
    Ok(Answer::created(location, DistributorView::new(made, app.clock.now())))
}

pub(super) async fn list(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    Query(query): Query<ListQuery>,
) -> Result<Answer<List<DistributorView>>, Problem> {
    let filter = format!("identity.distributors:{}", query.state.map_or("", DistributorStanding::as_str));
    let before = query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let page =
        provision_distributor::list(&app, query.state, before, query.limit.unwrap_or_default()).await?;
    let now = app.clock.now();
    let page = page.map(|distributor| DistributorView::new(distributor, now));
    Ok(Answer::ok(List::from_page(page, |key| Cursor::seal(&web, &caller.principal, &filter, key))))
}

pub(super) async fn get(
    _caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
) -> Result<Answer<DistributorView>, Problem> {
    view(&app, account).await
}

pub(super) async fn approve(
    caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
) -> Result<Answer<Approved>, Problem> {
    let approved = provision_distributor::approve(&app, &caller.call, &caller.principal, account)
        .await
        .map_err(problem::of_decide)?;
    Ok(Answer::ok(Approved {
        distributor: DistributorView::new(approved.distributor, app.clock.now()),
        activation_token: approved.activation_token.expose_secret().to_owned(),
    }))
}

pub(super) async fn reject(
    caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
    Body(body): Body<Reason>,
) -> Result<Answer<DistributorView>, Problem> {
    let reason = parse::reason(body.reason)?;
    let rejected = provision_distributor::reject(&app, &caller.call, &caller.principal, account, reason)
        .await
        .map_err(problem::of_decide)?;
    Ok(Answer::ok(DistributorView::new(rejected, app.clock.now())))
}

pub(super) async fn suspend(
    caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
    Body(body): Body<Reason>,
) -> Result<Answer<DistributorView>, Problem> {
    let reason = parse::reason(body.reason)?;
    known(&app, account).await?;
    standing::suspend(&app, &caller.call, account, reason).await.map_err(problem::of_standing)?;
    view(&app, account).await
}

pub(super) async fn resume(
    caller: Caller,
    app: State<App>,
    PathId(account): PathId<AccountId>,
    Body(body): Body<Reason>,
) -> Result<Answer<DistributorView>, Problem> {
    let reason = parse::reason(body.reason)?;
    known(&app, account).await?;
    standing::reinstate(&app, &caller.call, account, reason).await.map_err(problem::of_standing)?;
    view(&app, account).await
}

async fn known(app: &App, account: AccountId) -> Result<Distributor, Problem> {
    find::distributor(app, account).await?.ok_or_else(Problem::not_found)
}

async fn view(app: &App, account: AccountId) -> Result<Answer<DistributorView>, Problem> {
    Ok(Answer::ok(DistributorView::new(known(app, account).await?, app.clock.now())))
}
