//! The routes of customer: one row each, and nothing else.

mod apple_association;
mod block_account;
mod change_relationship;
mod check_entitlement;
mod create_invite;
mod invite_view;
mod landing;
mod list_blocks;
mod list_invites;
mod list_relationships;
mod mark_vip;
mod problem;
mod read_invite;
mod read_relationship;
mod redeem_invite;
mod reissue_invite;
mod relationship_history;
mod relationship_view;
mod revoke_invite;
#[cfg(test)]
mod tests;

use kernel::Permission;
use platform::web::{Access, Idempotent, List, Rate, Route, Routes};

pub(crate) use apple_association::Association;
pub(crate) use landing::Landing;

use block_account::BlockView;
use check_entitlement::EntitlementView;
use create_invite::NewInvite;
use invite_view::{InviteIssued, InviteView};
use mark_vip::VipMark;
use redeem_invite::{RedeemRequest, Redemption};
use relationship_history::PastStateView;
use relationship_view::RelationshipView;

const INVITES: Access = Access::Permission(Permission::InviteManage);
const REDEEM: Access = Access::Optional(Permission::InviteRedeem);
const READ: Access = Access::Permission(Permission::RelationshipRead);
const MANAGE: Access = Access::Permission(Permission::RelationshipManage);
const ENTITLED: Access = Access::Permission(Permission::EntitlementRead);
const BLOCKS: Access = Access::Permission(Permission::BlockManage);

/// The table, without the state its handlers take.
pub(crate) fn routes() -> Routes {
    Routes::of("customer").merge(invites()).merge(relationships()).merge(people()).merge(pages())
}

fn invites() -> Routes {
    Routes::of("customer")
        .add(
            Route::post("/api/v1/invites", INVITES, create_invite::handle)
                .summary("Create an invite")
                .describe("The code is in this answer and nowhere else. The same key again: the same invite, a new code, and the old one is void.")
                .body::<NewInvite>()
                .answers::<InviteIssued>(201)
                .idempotent(Idempotent::Required)
                .problem(409, "distributor_not_active")
                .problem(409, "too_many_open_invites")
                .problem(409, "invite_not_open")
                .problem(429, "daily_invite_limit")
                .rate(Rate::Create)
                .body_limit(4 * 1024),
        )
        .add(
            Route::get("/api/v1/invites", INVITES, list_invites::handle)
                .summary("Own invites, newest first, and who redeemed them")
                .query::<list_invites::ListQuery>()
                .answers::<List<InviteView>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get("/api/v1/invites/{invite_id}", INVITES, read_invite::handle)
                .summary("One of one's own invites")
                .answers::<InviteView>(200),
        )
        .add(
            Route::post("/api/v1/invites/{invite_id}/resend", INVITES, reissue_invite::handle)
                .summary("Issue a new code for an invite and void the old one")
                .answers::<InviteIssued>(200)
                .problem(409, "invite_not_open")
                .rate(Rate::Create),
        )
        .add(
            Route::delete("/api/v1/invites/{invite_id}", INVITES, revoke_invite::delete)
                .summary("Revoke an invite")
                .answers_nothing()
                .problem(409, "invite_redeemed"),
        )
        .add(
            Route::post("/api/v1/invites/{invite_id}/revoke", INVITES, revoke_invite::post)
                .summary("Revoke an invite and see it")
                .answers::<InviteView>(200)
                .problem(409, "invite_redeemed"),
        )
        .add(
            Route::post("/api/v1/invites/redeem", REDEEM, redeem_invite::by_body)
                .summary("Redeem an invite by its code")
                .describe("Not signed in: reserves the invite and answers a ticket for registration. Signed in as a player: begins the relationship.")
                .body::<RedeemRequest>()
                .answers::<Redemption>(200)
                .idempotent(Idempotent::Required)
                .problem(404, "invite_unusable")
                .problem(409, "already_related")
                .rate(Rate::Redeem)
                .body_limit(1024),
        )
        .add(
            Route::post("/api/v1/invites/{token}/redeem", REDEEM, redeem_invite::by_path)
                .summary("Redeem an invite by its code in the path")
                .describe("As `POST /api/v1/invites/redeem`, which keeps the code out of paths and is preferred.")
                .answers::<Redemption>(200)
                .idempotent(Idempotent::Required)
                .problem(404, "invite_unusable")
                .problem(409, "already_related")
                .rate(Rate::Redeem),
        )
}

fn relationships() -> Routes {
    let change = |summary, route: Route| {
        route
            .summary(summary)
            .answers::<RelationshipView>(200)
            .versioned()
            .problem(403, "not_yours_to_change")
            .problem(409, "wrong_state")
    };
    Routes::of("customer")
        .add(
            Route::get("/api/v1/relationships", READ, list_relationships::handle)
                .summary("The relationships one is part of, newest first")
                .query::<list_relationships::ListQuery>()
                .answers::<List<RelationshipView>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get("/api/v1/relationships/{customer_id}", READ, read_relationship::handle)
                .summary("A customer's relationship, for that customer and its distributor")
                .answers::<RelationshipView>(200)
                .versioned(),
        )
        .add(
            Route::get("/api/v1/relationships/{customer_id}/history", READ, relationship_history::handle)
                .summary("The states a relationship has been in, latest first, at most 100")
                .answers::<List<PastStateView>>(200),
        )
        .add(change(
            "Suspend a relationship",
            Route::post("/api/v1/relationships/{customer_id}/suspend", MANAGE, change_relationship::suspend),
        ))
        .add(change(
            "Resume a suspended relationship",
            Route::post("/api/v1/relationships/{customer_id}/resume", MANAGE, change_relationship::resume),
        ))
        .add(change(
            "End a relationship for good",
            Route::post("/api/v1/relationships/{customer_id}/end", MANAGE, change_relationship::end),
        ))
        .add(
            Route::put("/api/v1/relationships/{customer_id}/vip", MANAGE, mark_vip::handle)
                .summary("Set or clear the VIP flag of one's own customer")
                .body::<VipMark>()
                .answers::<VipMark>(200),
        )
}

fn people() -> Routes {
    Routes::of("customer")
        .add(
            Route::get(
                "/api/v1/entitlements/chat/{first_user_id}/{second_user_id}",
                ENTITLED,
                check_entitlement::chat,
            )
            .summary("Whether this pair may chat")
            .answers::<EntitlementView>(200),
        )
        .add(
            Route::get(
                "/api/v1/entitlements/play/{first_user_id}/{second_user_id}",
                ENTITLED,
                check_entitlement::play,
            )
            .summary("Whether this pair may play")
            .answers::<EntitlementView>(200),
        )
        .add(
            Route::get("/api/v1/blocks", BLOCKS, list_blocks::handle)
                .summary("Whom one blocks")
                .query::<list_blocks::ListQuery>()
                .answers::<List<BlockView>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::put("/api/v1/blocks/{account_id}", BLOCKS, block_account::add)
                .summary("Block somebody")
                .answers_nothing()
                .problem(409, "too_many_blocks")
                .problem(422, "cannot_block_oneself"),
        )
        .add(
            Route::delete("/api/v1/blocks/{account_id}", BLOCKS, block_account::lift)
                .summary("Lift a block")
                .answers_nothing(),
        )
}

fn pages() -> Routes {
    Routes::of("customer")
        .add(
            Route::get("/i", Access::Public, landing::page)
                .summary("Invite landing page; it spends nothing")
                .answers_as(200, "text/html"),
        )
        .add(
            Route::get("/g", Access::Public, landing::game_page)
                .summary("Landing page of an invite to a game; it answers nothing")
                .answers_as(200, "text/html"),
        )
        .add(
            Route::get("/i/landing.css", Access::Public, landing::style).answers_as(200, "text/css").hidden(),
        )
        .add(
            Route::get("/i/landing.js", Access::Public, landing::script)
                .answers_as(200, "text/javascript")
                .hidden(),
        )
        .add(
            Route::get("/.well-known/apple-app-site-association", Access::Public, apple_association::handle)
                .summary("Which links the app opens")
                .answers_as(200, "application/json"),
        )
}
