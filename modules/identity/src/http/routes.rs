//! The routes of identity: one entry each, and nothing else.

use kernel::Permission;
use platform::web::{Access, Idempotent, List, Rate, Route, Routes};

use super::{
    accounts, activate, distributors, jwks, live_tickets, login, me, refresh, register, registrations,
    sessions, signed_in, staff,
};

/// What a body that carries a credential may weigh.
const CREDENTIAL_BODY: usize = 8 * 1_024;

/// The table. Its handlers take `State<App>`.
pub(crate) fn routes() -> Routes {
    let people = own(tokens(joining(Routes::of("identity"))));
    standing(provisioning(staffing(people)))
}

/// Coming in: by an invite, or by a token that staff gave out.
fn joining(routes: Routes) -> Routes {
    routes
        .add(
            Route::post("/api/v1/auth/register", Access::Public, register::handle)
                .summary("Register")
                .describe(
                    "With a redemption ticket a customer, without one a player if the deployment is open. The same \
                     request again proves the password and gives a session of the same account.",
                )
                .body::<register::Registration>()
                .answers::<signed_in::SignedIn>(201)
                .answers::<register::Pending>(202)
                .problem(403, "registration_closed")
                .problem(404, "invite_unusable")
                .problem(409, "username_taken")
                .problem(422, "password_unacceptable")
                .problem(503, "busy")
                .idempotent(Idempotent::Optional)
                .body_limit(CREDENTIAL_BODY)
                .rate(Rate::Redeem),
        )
        .add(
            Route::get("/api/v1/auth/registrations/{redemption_id}", Access::Public, registrations::handle)
                .summary("How a registration goes on")
                .describe("Send the `registration_token` of the 202 answer as `X-Registration-Token`.")
                .answers::<registrations::Progress>(200),
        )
        .add(
            Route::post("/api/v1/auth/activate", Access::Public, activate::handle)
                .summary("Spend an enrolment or activation token by setting a credential")
                .body::<activate::Activation>()
                .answers::<signed_in::SignedIn>(200)
                .problem(403, "second_factor_required")
                .problem(404, "activation_unusable")
                .problem(422, "password_unacceptable")
                .problem(503, "busy")
                .body_limit(CREDENTIAL_BODY)
                .rate(Rate::Redeem),
        )
}

/// Signing in, renewing tokens, and the keys behind them.
fn tokens(routes: Routes) -> Routes {
    routes
        .add(
            Route::post("/api/v1/auth/login", Access::Public, login::handle)
                .summary("Sign in with a password")
                .body::<login::Login>()
                .answers::<signed_in::SignedIn>(200)
                .problem(401, "bad_credentials")
                .problem(403, "account_suspended")
                .problem(403, "second_factor_required")
                .problem(409, "registration_pending")
                .problem(503, "busy")
                .body_limit(CREDENTIAL_BODY)
                .rate(Rate::SignIn),
        )
        .add(
            Route::post("/api/v1/auth/refresh", Access::Public, refresh::handle)
                .summary("Renew tokens")
                .describe(
                    "The previous token gives the same successor once more while that is unused or for 30 s; any \
                     other reuse ends the session.",
                )
                .body::<refresh::Refresh>()
                .answers::<signed_in::SignedIn>(200)
                .problem(401, "invalid_refresh_token")
                .problem(401, "refresh_token_reused")
                .problem(403, "account_suspended")
                .body_limit(CREDENTIAL_BODY)
                .rate(Rate::Refresh),
        )
        .add(
            Route::post("/api/v1/live/tickets", Access::Permission(Permission::LiveConnect), live_tickets::handle)
                .summary("A ticket with which a browser opens a socket")
                .describe(
                    "Good for 30 s, once, for a socket opened from the Origin that asked. Offered as the \
                     subprotocol `whot.ticket.<ticket>`.",
                )
                .answers::<live_tickets::Ticket>(201)
                .rate(Rate::Live),
        )
        .add(
            Route::get("/.well-known/jwks.json", Access::Public, jwks::handle)
                .summary("The keys that verify access tokens")
                .answers::<jwks::Jwks>(200),
        )
}

/// One's own profile and sessions.
fn own(routes: Routes) -> Routes {
    routes
        .add(
            Route::post(
                "/api/v1/auth/logout",
                Access::Permission(Permission::SessionManage),
                sessions::sign_out,
            )
            .summary("End the present session")
            .answers_nothing(),
        )
        .add(
            Route::get("/api/v1/users/me", Access::Permission(Permission::ProfileRead), me::handle)
                .summary("One's own profile")
                .answers::<me::Me>(200),
        )
        .add(
            Route::get("/api/v1/sessions", Access::Permission(Permission::SessionManage), sessions::list)
                .summary("One's own sessions")
                .query::<sessions::ListQuery>()
                .answers::<List<sessions::SessionView>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::delete(
                "/api/v1/sessions",
                Access::Permission(Permission::SessionManage),
                sessions::end_others,
            )
            .summary("End all other sessions")
            .answers_nothing(),
        )
        .add(
            Route::delete(
                "/api/v1/sessions/{session_id}",
                Access::Permission(Permission::SessionManage),
                sessions::end,
            )
            .summary("End one of one's own sessions")
            .answers_nothing(),
        )
}

/// Staff and their roles.
fn staffing(routes: Routes) -> Routes {
    routes
        .add(
            Route::post("/api/v1/admin/staff", Access::Permission(Permission::StaffCreate), staff::create)
                .summary("Create a staff account")
                .describe("It has no role yet. The enrolment token is shown once; a repeat replaces it.")
                .body::<staff::NewStaff>()
                .answers::<staff::StaffMade>(201)
                .problem(409, "username_taken")
                .idempotent(Idempotent::Required)
                .rate(Rate::Create),
        )
        .add(
            Route::put(
                "/api/v1/admin/staff/{account_id}/roles/{role}",
                Access::Permission(Permission::RoleGrant),
                staff::grant,
            )
            .summary("Grant a role to a staff account")
            .answers::<staff::StaffRoles>(200)
            .problem(403, "approval_required")
            .problem(403, "own_role")
            .problem(409, "roles_excluded"),
        )
}

/// Distributors: asked for by one person, decided on by another.
fn provisioning(routes: Routes) -> Routes {
    const DECIDERS: Access = Access::AnyOf(&[Permission::DistributorApprove, Permission::DistributorRequest]);
    routes
        .add(
            Route::post(
                "/api/v1/admin/distributors",
                Access::Permission(Permission::DistributorRequest),
                distributors::request,
            )
            .summary("Ask for a distributor to be provisioned")
            .body::<distributors::NewDistributor>()
            .answers::<distributors::DistributorView>(201)
            .problem(409, "username_taken")
            .idempotent(Idempotent::Required)
            .rate(Rate::Create),
        )
        .add(
            Route::get(
                "/api/v1/admin/distributors",
                Access::Permission(Permission::DistributorRead),
                distributors::list,
            )
            .summary("Distributors, newest first")
            .query::<distributors::ListQuery>()
            .answers::<List<distributors::DistributorView>>(200)
            .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get(
                "/api/v1/admin/distributors/{distributor_id}",
                Access::Permission(Permission::DistributorRead),
                distributors::get,
            )
            .summary("One distributor")
            .answers::<distributors::DistributorView>(200),
        )
        .add(
            Route::post("/api/v1/admin/distributors/{distributor_id}/approve", DECIDERS, distributors::approve)
                .summary("Approve a distributor")
                .describe(
                    "By another person than the one who asked. The activation token is shown once; approving again \
                     before it is used replaces it.",
                )
                .answers::<distributors::Approved>(200)
                .problem(403, "same_person")
                .problem(409, "invalid_transition"),
        )
        .add(
            Route::post("/api/v1/admin/distributors/{distributor_id}/reject", DECIDERS, distributors::reject)
                .summary("Reject a distributor")
                .body::<distributors::Reason>()
                .answers::<distributors::DistributorView>(200)
                .problem(403, "same_person")
                .problem(409, "invalid_transition"),
        )
        .add(
            Route::post(
                "/api/v1/admin/distributors/{distributor_id}/suspend",
                Access::Permission(Permission::AccountSuspend),
                distributors::suspend,
            )
            .summary("Suspend a distributor")
            .body::<distributors::Reason>()
            .answers::<distributors::DistributorView>(200)
            .problem(409, "invalid_transition"),
        )
        .add(
            Route::post(
                "/api/v1/admin/distributors/{distributor_id}/resume",
                Access::Permission(Permission::AccountSuspend),
                distributors::resume,
            )
            .summary("Resume a suspended distributor")
            .body::<distributors::Reason>()
            .answers::<distributors::DistributorView>(200)
            .problem(409, "invalid_transition"),
        )
}

/// The standing of any account.
fn standing(routes: Routes) -> Routes {
    routes
        .add(
            Route::get(
                "/api/v1/admin/accounts/{account_id}",
                Access::Permission(Permission::AccountRead),
                accounts::get,
            )
            .summary("The standing of an account")
            .answers::<accounts::AccountView>(200),
        )
        .add(
            Route::post(
                "/api/v1/admin/accounts/{account_id}/suspend",
                Access::Permission(Permission::AccountSuspend),
                accounts::suspend,
            )
            .summary("Suspend an account: its sessions and sockets end at once")
            .body::<distributors::Reason>()
            .answers::<accounts::AccountView>(200)
            .problem(409, "own_account")
            .problem(409, "last_admin")
            .problem(409, "invalid_transition"),
        )
        .add(
            Route::post(
                "/api/v1/admin/accounts/{account_id}/reinstate",
                Access::Permission(Permission::AccountSuspend),
                accounts::reinstate,
            )
            .summary("Reinstate a suspended account")
            .body::<distributors::Reason>()
            .answers::<accounts::AccountView>(200)
            .problem(409, "invalid_transition"),
        )
}
