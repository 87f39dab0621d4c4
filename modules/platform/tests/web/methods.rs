//! Methods and matching: HEAD, OPTIONS, which of two patterns wins, and tables that are refused.

use std::net::TcpListener;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::{App, HttpServer};
use platform::web::{Access, Answer, Edge, NoContent, Route, Routes, Table, TableError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{Floor, get};

fn routes() -> Routes {
    Routes::of("test")
        .add(Route::get("/users/{id}", Access::Public, || async { "somebody" }))
        .add(Route::get("/users/me", Access::Public, || async { "me" }))
        .add(Route::delete("/users/{user_id}", Access::Public, || async { NoContent }))
        .add(Route::get("/files/{tail:.*}", Access::Public, || async { "file" }))
        .add(Route::get("/panic", Access::Public, panics))
}

async fn panics() -> Answer<u8> {
    panic!("on purpose")
}

#[actix_web::test]
async fn options_says_what_is_allowed_and_knows_what_is_not_there() {
    let options = |path| TestRequest::default().method(Method::OPTIONS).uri(path);
    let reply = Floor::new().send(routes(), options("/users/7")).await;
    assert_eq!((reply.status, reply.header("allow")), (204, "DELETE, GET, HEAD, OPTIONS"));
    assert_eq!(Floor::new().send(routes(), options("/nowhere")).await.problem(), "not_found");
}

#[actix_web::test]
async fn a_literal_segment_wins_over_a_variable_whatever_the_order() {
    assert_eq!(Floor::new().send(routes(), get("/users/me")).await.text(), "me");
    assert_eq!(Floor::new().send(routes(), get("/users/you")).await.text(), "somebody");
    assert_eq!(Floor::new().send(routes(), get("/files/a/b")).await.text(), "file");
    assert_eq!(Floor::new().send(routes(), get("/users/me/")).await.status, 404);
}

#[test]
fn a_table_with_a_route_twice_or_a_crooked_path_is_refused() {
    let nothing = || async { NoContent };
    let twice = routes().add(Route::get("/users/{other_name}", Access::Public, nothing));
    let error = Table::new([twice]).err();
    assert!(matches!(error, Some(TableError::Twice { .. })), "{error:?}");
    for path in ["users", "/users/", "//users", ""] {
        let crooked = Routes::of("test").add(Route::get(path, Access::Public, nothing));
        assert_eq!(Table::new([crooked]).err(), Some(TableError::NotAPath { path }));
    }
}

/// One request over a real connection: the head and the body that came back.
async fn raw(address: std::net::SocketAddr, request: &str) -> (String, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[actix_web::test]
async fn over_a_real_connection_head_has_no_body_and_a_panic_is_answered() {
    let web = Floor::new().web;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(move || {
        let (table, web) = (Table::new([routes()]).unwrap(), web.clone());
        App::new().wrap(Edge::new(web.clone())).configure(move |config| table.mount(&web, config))
    });
    let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    actix_web::rt::spawn(server);

    let request = |method: &str, path: &str| {
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    };
    let (head, body) = raw(address, &request("HEAD", "/users/me")).await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 2"), "{head}");
    assert_eq!(body, "");
    let (head, body) = raw(address, &request("GET", "/panic")).await;
    assert!(head.starts_with("HTTP/1.1 500") && head.contains("x-frame-options: DENY"), "{head}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert!(
        head.contains(&format!("x-request-id: {}", problem["request_id"].as_str().unwrap())),
        "{head} {problem}"
    );
    let (_, body) = raw(address, &request("GET", "/users/me")).await;
    assert_eq!(body, "me", "the worker lives on");
    handle.stop(true).await;
}
