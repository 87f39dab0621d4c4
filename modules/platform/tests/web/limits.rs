//! Limits by class, address and account, as a client meets them.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::test::TestRequest;
use kernel::Permission;
use platform::web::{Access, ClassLimits, LimitSettings, NoContent, Quota, Rate, Route, Routes, WebSettings};

use crate::world::{Floor, bearer, get, reply};

fn floor() -> Floor {
    let tight = ClassLimits { address: Quota::per(3, 60), account: Quota::per(2, 60) };
    let limits = LimitSettings::default()
        .with(Rate::SignIn, tight)
        .with(Rate::Create, tight)
        .with(Rate::Unmatched, tight);
    Floor::with(WebSettings { limits, ..WebSettings::default() })
}

fn routes() -> Routes {
    let nothing = || async { NoContent };
    Routes::of("test")
        .add(Route::get("/sign-in", Access::Public, nothing).rate(Rate::SignIn))
        .add(Route::get("/sign-in-too", Access::Public, nothing).rate(Rate::SignIn))
        .add(Route::get("/create", Access::Permission(Permission::ProfileRead), nothing).rate(Rate::Create))
        .add(Route::get("/health", Access::Process, nothing).rate(Rate::Unlimited))
}

fn from(request: TestRequest, address: &str) -> TestRequest {
    request.peer_addr(address.parse::<SocketAddr>().unwrap())
}

#[actix_web::test]
async fn an_address_sees_what_is_left_and_is_told_when_to_come_back() {
    let floor = floor();
    let service = floor.serve(routes()).await;
    for left in ["2", "1", "0"] {
        let reply = reply(&service, from(get("/sign-in"), "192.0.2.7:1")).await;
        assert_eq!(reply.status, 204);
        assert!(
            reply.header("ratelimit").starts_with(&format!("\"sign_in\";r={left};t=")),
            "{}",
            reply.header("ratelimit")
        );
        assert_eq!(reply.header("ratelimit-policy"), "\"sign_in\";q=3;w=60");
    }
    let refused = reply(&service, from(get("/sign-in-too"), "192.0.2.7:1")).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "rate_limited"));
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("20", "\"sign_in\";r=0;t=20"));
    assert_eq!(reply(&service, from(get("/sign-in"), "192.0.2.8:1")).await.status, 204, "somebody else");
    floor.clock.advance(Duration::from_secs(20));
    assert_eq!(reply(&service, from(get("/sign-in"), "192.0.2.7:1")).await.status, 204);
}

#[actix_web::test]
async fn one_64_of_ipv6_shares_its_limit() {
    let floor = floor();
    let service = floor.serve(routes()).await;
    for host in 1..=3 {
        assert_eq!(
            reply(&service, from(get("/sign-in"), &format!("[2001:db8::{host}]:1"))).await.status,
            204
        );
    }
    assert_eq!(reply(&service, from(get("/sign-in"), "[2001:db8::ffff:4]:1")).await.status, 429);
    assert_eq!(reply(&service, from(get("/sign-in"), "[2001:db8:0:1::1]:1")).await.status, 204);
}

#[actix_web::test]
async fn an_account_is_limited_wherever_it_calls_from() {
    let floor = floor();
    let service = floor.serve(routes()).await;
    let call = |token: &str, address: &str| {
        reply(&service, from(get("/create").insert_header(bearer(token)), address))
    };
    assert_eq!(call("player", "192.0.2.1:1").await.header("ratelimit-policy"), "\"create\";q=2;w=60");
    assert_eq!(call("player", "192.0.2.2:1").await.status, 204);
    assert_eq!(call("player", "192.0.2.3:1").await.status, 429);
    assert_eq!(call("player-2", "192.0.2.3:1").await.status, 204);
}

#[actix_web::test]
async fn health_is_never_limited() {
    let floor = floor();
    let service = floor.serve(routes()).await;
    for _ in 0..50 {
        let reply = reply(&service, get("/health")).await;
        assert_eq!((reply.status, reply.header("ratelimit")), (204, ""));
    }
}

#[actix_web::test]
async fn what_reaches_no_route_counts_by_address_and_against_no_route() {
    let floor = floor();
    let service = floor.serve(routes()).await;
    let stray = |method: &str, path: &str, address: &str| {
        let request = from(get(path).insert_header(bearer("player")), address);
        reply(&service, request.method(method.parse().unwrap()))
    };
    let (here, there) = ("192.0.2.7:1", "192.0.2.8:1");
    for (left, method, path, status) in
        [("2", "GET", "/nowhere", 404), ("1", "POST", "/sign-in", 405), ("0", "OPTIONS", "/create", 204)]
    {
        let reply = stray(method, path, here).await;
        assert_eq!(reply.status, status, "{method} {path}");
        let shown = reply.header("ratelimit");
        assert!(shown.starts_with(&format!("\"unmatched\";r={left};t=")), "{method} {path}: {shown}");
        assert_eq!(reply.header("ratelimit-policy"), "\"unmatched\";q=3;w=60");
    }
    for (method, path) in [("GET", "/nowhere"), ("POST", "/sign-in"), ("POST", "/health")] {
        let refused = stray(method, path, here).await;
        assert_eq!((refused.status, refused.problem().as_str()), (429, "rate_limited"), "{method} {path}");
        assert_eq!(refused.header("retry-after"), "20");
    }
    assert_eq!(stray("GET", "/nowhere", there).await.status, 404, "somebody else");
    let own = reply(&service, from(get("/create").insert_header(bearer("player")), here)).await;
    assert_eq!(own.header("ratelimit-policy"), "\"create\";q=2;w=60");
    assert!(own.header("ratelimit").starts_with("\"create\";r=1;"), "{}", own.header("ratelimit"));
    assert_eq!(reply(&service, from(get("/sign-in"), here)).await.status, 204);
}
