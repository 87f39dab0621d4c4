//! What every answer carries.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use kernel::Permission;
use platform::web::{Access, Answer, Route, Routes, WebSettings};

use crate::world::{Floor, bearer, get};

fn routes() -> Routes {
    Routes::of("test")
        .add(Route::get("/public", Access::Public, || async { Answer::ok(1) }))
        .add(Route::get("/keys", Access::Public, || async { Answer::ok(1).public_for(60) }))
        .add(Route::get("/mine", Access::Permission(Permission::ProfileRead), || async {
            Answer::ok(1).public_for(60)
        }))
        .add(Route::get("/page", Access::Public, || async {
            HttpResponse::Ok().insert_header(("content-security-policy", "default-src 'self'")).body("x")
        }))
}

#[actix_web::test]
async fn every_answer_is_hardened_even_where_there_is_no_route() {
    for path in ["/public", "/mine", "/nowhere"] {
        let reply = Floor::new().send(routes(), get(path)).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert_eq!(reply.header("server"), "");
    }
    let page = Floor::new().send(routes(), get("/page")).await;
    assert_eq!(page.header("content-security-policy"), "default-src 'self'", "a page knows its own policy");
}

#[actix_web::test]
async fn only_what_belongs_to_nobody_may_be_kept() {
    assert_eq!(Floor::new().send(routes(), get("/keys")).await.header("cache-control"), "public, max-age=60");
    let mine = Floor::new().send(routes(), get("/mine").insert_header(bearer("player"))).await;
    assert_eq!((mine.status, mine.header("cache-control")), (200, "no-store"));
}

#[actix_web::test]
async fn transport_security_is_announced_where_there_is_some() {
    assert_eq!(Floor::new().send(routes(), get("/public")).await.header("strict-transport-security"), "");
    let floor = Floor::with(WebSettings { hsts: true, ..WebSettings::default() });
    let header = floor.send(routes(), get("/nowhere")).await;
    assert_eq!(header.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
}

fn preflight(origin: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/mine")
        .insert_header(("origin", origin.to_owned()))
        .insert_header(("access-control-request-method", "GET"))
}

#[actix_web::test]
async fn other_origins_are_let_in_only_by_name() {
    let open = || {
        let cors_origins = vec!["https://console.example".to_owned()];
        Floor::with(WebSettings { cors_origins, ..WebSettings::default() })
    };
    for (floor, origin, allowed) in [
        (Floor::new(), "https://console.example", ""),
        (open(), "https://console.example", "https://console.example"),
        (open(), "https://console.example.evil", ""),
        (open(), "null", ""),
    ] {
        let asked = floor.send(routes(), preflight(origin)).await;
        assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, allowed), "{origin}");
        assert_eq!(asked.header("access-control-allow-methods").is_empty(), allowed.is_empty());
        assert_eq!(asked.header("access-control-allow-credentials"), "");
        let called = floor.send(routes(), get("/nowhere").insert_header(("origin", origin))).await;
        assert_eq!(called.header("access-control-allow-origin"), allowed, "problems can be read too");
    }
}
