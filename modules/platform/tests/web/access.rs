//! Who may call what: the guard decides before a handler runs.

use std::time::Duration;

use actix_web::test::TestRequest;
use kernel::{Actor, Permission};
use platform::web::{
    Access, Anonymous, Answer, Caller, MaybeCaller, NoContent, Problem, Route, Routes, State, Web,
};

use crate::world::{Floor, bearer, get};

async fn whoami(caller: Caller) -> Answer<String> {
    assert_eq!(caller.call.actor, Actor::from(&caller.principal));
    Answer::ok(caller.principal.roles.to_string())
}

async fn perhaps(caller: MaybeCaller) -> Answer<bool> {
    assert_eq!(caller.call.actor.account(), caller.principal.as_ref().map(|principal| principal.account));
    Answer::ok(caller.principal.is_some())
}

async fn anybody(caller: Anonymous) -> Answer<bool> {
    Answer::ok(caller.call.actor == Actor::Anonymous)
}

async fn sensitive(caller: Caller, web: State<Web>) -> Result<NoContent, Problem> {
    caller.fresh(web.clock().now(), Duration::from_mins(5))?;
    Ok(NoContent)
}

fn routes() -> Routes {
    Routes::of("test")
        .add(Route::get("/games", Access::Permission(Permission::GameRead), whoami))
        .add(Route::get(
            "/either",
            Access::AnyOf(&[Permission::StaffCreate, Permission::InviteManage]),
            whoami,
        ))
        .add(Route::get("/optional", Access::Optional(Permission::InviteRedeem), perhaps))
        .add(Route::get("/public", Access::Public, anybody))
        .add(Route::get("/sensitive", Access::Permission(Permission::ProfileRead), sensitive))
        .add(Route::get("/mistake", Access::Public, whoami))
}

async fn status(request: TestRequest) -> (u16, String, String) {
    let reply = Floor::new().send(routes(), request).await;
    let code = if reply.status >= 400 { reply.problem() } else { reply.text().to_owned() };
    (reply.status, code, reply.header("www-authenticate").to_owned())
}

#[actix_web::test]
async fn nobody_comes_in_without_a_credential() {
    let (status, code, challenge) = status(get("/games")).await;
    assert_eq!(
        (status, code.as_str(), challenge.as_str()),
        (401, "unauthenticated", "Bearer realm=\"whot\"")
    );
}

#[actix_web::test]
async fn every_bad_credential_has_its_own_answer() {
    let cases = [
        ("Bearer nonsense", 401, "unauthenticated", "invalid_token"),
        ("Bearer expired", 401, "token_expired", "invalid_token"),
        ("Bearer revoked", 401, "session_revoked", "invalid_token"),
        ("Bearer suspended", 403, "account_suspended", ""),
        ("Bearer unknowable", 503, "unavailable", ""),
        ("Bearer", 401, "unauthenticated", "invalid_token"),
        ("Bearer ", 401, "unauthenticated", "invalid_token"),
        ("Bearer a b", 401, "unauthenticated", "invalid_token"),
        ("Bearer player,player", 401, "unauthenticated", "invalid_token"),
        ("Basic cGxheWVyOg==", 401, "unauthenticated", "Bearer realm"),
    ];
    for (credential, expected, code, challenge) in cases {
        let found = status(get("/games").insert_header(("authorization", credential))).await;
        assert_eq!((found.0, found.1.as_str()), (expected, code), "{credential}");
        assert!(found.2.contains(challenge), "{credential}: {}", found.2);
    }
    let long = format!("Bearer {}", "a".repeat(5_000));
    assert_eq!(status(get("/games").insert_header(("authorization", long))).await.0, 401);
    let twice = get("/games").append_header(bearer("player")).append_header(bearer("player"));
    let found = status(twice).await;
    assert_eq!((found.0, found.1.as_str()), (400, "invalid_request"));
}

#[actix_web::test]
async fn the_scheme_is_read_without_regard_to_case() {
    let found = status(get("/games").insert_header(("authorization", "bEARER player"))).await;
    assert_eq!(found.0, 200);
}

#[actix_web::test]
async fn a_role_without_the_permission_is_forbidden_and_told_what_it_lacks() {
    assert_eq!(status(get("/games").insert_header(bearer("player"))).await.0, 200);
    let (status_code, code, challenge) = status(get("/games").insert_header(bearer("admin"))).await;
    assert_eq!((status_code, code.as_str()), (403, "forbidden"));
    assert!(challenge.contains("scope=\"game:read\""), "{challenge}");
    for (token, expected) in [("admin", 200), ("distributor", 200), ("player", 403)] {
        assert_eq!(status(get("/either").insert_header(bearer(token))).await.0, expected, "{token}");
    }
}

#[actix_web::test]
async fn an_optional_credential_must_be_good_when_it_is_there() {
    let answer = |token: Option<&'static str>| async move {
        let request = get("/optional");
        status(if let Some(token) = token { request.insert_header(bearer(token)) } else { request }).await
    };
    assert_eq!(answer(None).await.1, "false");
    assert_eq!(answer(Some("player")).await.1, "true");
    assert_eq!(answer(Some("expired")).await.0, 401);
    assert_eq!(answer(Some("admin")).await.0, 403);
}

#[actix_web::test]
async fn a_public_route_does_not_look_at_credentials() {
    for token in ["expired", "player", "unknowable"] {
        assert_eq!(status(get("/public").insert_header(bearer(token))).await.1, "true");
    }
}

#[actix_web::test]
async fn a_sensitive_act_asks_for_a_fresh_credential() {
    let (status, code, challenge) = status(get("/sensitive").insert_header(bearer("player"))).await;
    assert_eq!((status, code.as_str()), (401, "fresh_sign_in_required"));
    assert!(challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=300"));
}

#[actix_web::test]
async fn a_handler_that_wants_a_caller_where_nobody_is_checked_fails_closed() {
    assert_eq!(status(get("/mistake").insert_header(bearer("player"))).await.0, 500);
}
