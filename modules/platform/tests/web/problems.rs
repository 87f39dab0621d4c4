//! Every way in which a request can fail is an RFC 9457 problem with the request's id.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use platform::web::{Access, Answer, Body, NoContent, Problem, Route, Routes};
use serde::Deserialize;
use serde_json::json;

use crate::world::{Floor, bearer, get, post};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    text: String,
}

async fn note(Body(note): Body<Note>) -> Answer<usize> {
    Answer::ok(note.text.len())
}

fn routes() -> Routes {
    Routes::of("test")
        .add(Route::get("/things/{id}", Access::Public, || async {
            Err::<NoContent, _>(Problem::not_found())
        }))
        .add(Route::post("/notes", Access::Public, note).body_limit(64).body_depth(3))
        .add(Route::get("/panic", Access::Public, panics))
        .add(Route::get("/plain", Access::Public, || async {
            Err::<NoContent, _>(actix_web::error::ErrorConflict("secret"))
        }))
        .add(Route::get("/bare", Access::Public, || async { HttpResponse::new(StatusCode::IM_A_TEAPOT) }))
        .add(Route::get("/number/{n}", Access::Public, |n: web::Path<u8>| async move { n.to_string() }))
        .add(Route::get("/page", Access::Public, || async {
            HttpResponse::NotFound().content_type("text/html").body("<p>no")
        }))
}

async fn panics() -> HttpResponse {
    let planted = String::from("planted");
    panic!("{planted}")
}

#[actix_web::test]
async fn what_is_not_there_is_a_404_and_a_wrong_method_a_405_that_says_what_is_allowed() {
    let floor = Floor::new();
    let reply = floor.send(routes(), get("/nowhere")).await;
    assert_eq!((reply.status, reply.problem().as_str()), (404, "not_found"));
    let reply = floor.send(routes(), get("/things/7")).await;
    assert_eq!((reply.status, reply.problem().as_str()), (404, "not_found"));
    let reply = floor.send(routes(), get("/notes")).await;
    assert_eq!((reply.status, reply.problem().as_str()), (405, "method_not_allowed"));
    assert_eq!(reply.header("allow"), "OPTIONS, POST");
    let reply = floor.send(routes(), post("/things/7", "{}")).await;
    assert_eq!((reply.status, reply.header("allow")), (405, "GET, HEAD, OPTIONS"));
}

#[actix_web::test]
async fn a_body_too_long_is_refused_whether_it_says_so_or_not() {
    let long = json!({ "text": "x".repeat(100) }).to_string();
    let reply = Floor::new().send(routes(), post("/notes", &long)).await;
    assert_eq!((reply.status, reply.problem().as_str()), (413, "payload_too_large"));
    assert_eq!(reply.json()["max_bytes"], 64);
    let announced = post("/notes", "{}").insert_header(("content-length", "5000000"));
    assert_eq!(Floor::new().send(routes(), announced).await.problem(), "payload_too_large");
}

#[actix_web::test]
async fn only_plain_json_is_taken_for_json() {
    for media in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let request = post("/notes", r#"{"text":"a"}"#).insert_header(("content-type", media));
        let reply = Floor::new().send(routes(), request).await;
        assert_eq!((reply.status, reply.problem().as_str()), (415, "unsupported_media_type"), "{media}");
        assert_eq!(reply.header("accept"), "application/json");
    }
    let zipped = post("/notes", r#"{"text":"a"}"#).insert_header(("content-encoding", "gzip"));
    assert_eq!(Floor::new().send(routes(), zipped).await.status, 415);
    let spelled =
        post("/notes", r#"{"text":"a"}"#).insert_header(("content-type", "Application/JSON; charset=utf-8"));
    assert_eq!(Floor::new().send(routes(), spelled).await.status, 200);
}

#[actix_web::test]
async fn a_body_that_is_wrong_says_where() {
    let cases = [
        ("{", 400, "malformed_json", ""),
        (r#"{"text":"a","txet":"b"}"#, 422, "unknown_field", "/txet"),
        (r#"{"text":7}"#, 422, "invalid_request", "/text"),
        ("{}", 422, "invalid_request", "/text"),
        (r#"{"text":[[[[1]]]]}"#, 400, "malformed_json", ""),
    ];
    for (body, status, code, pointer) in cases {
        let reply = Floor::new().send(routes(), post("/notes", body)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{body}");
        if !pointer.is_empty() {
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    let brackets_in_text = post("/notes", r#"{"text":"[[[[\"[["}"#);
    assert_eq!(Floor::new().send(routes(), brackets_in_text).await.text(), "7");
}

#[actix_web::test]
async fn a_panic_is_a_plain_500_and_the_next_request_is_served() {
    let floor = Floor::new();
    let service = floor.serve(routes()).await;
    let reply = crate::world::reply(&service, get("/panic").insert_header(bearer("player"))).await;
    assert_eq!((reply.status, reply.problem().as_str()), (500, "internal"));
    assert!(!reply.text().contains("planted"));
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "the answer is as complete as any other");
    assert_eq!(crate::world::reply(&service, post("/notes", r#"{"text":"abc"}"#)).await.text(), "3");
}

#[actix_web::test]
async fn a_handler_that_never_ends_is_let_go() {
    let stuck =
        Route::get("/stuck", Access::Public, std::future::pending::<NoContent>).patience(Duration::ZERO);
    let reply = Floor::new().send(Routes::of("test").add(stuck), get("/stuck")).await;
    assert_eq!(
        (reply.status, reply.problem().as_str(), reply.header("retry-after")),
        (503, "unavailable", "2")
    );
}

#[actix_web::test]
async fn an_error_that_the_framework_words_itself_becomes_a_problem_without_its_words() {
    for (path, status, code) in [
        ("/plain", 409, "invalid_request"),
        ("/bare", 418, "invalid_request"),
        ("/number/300", 404, "not_found"),
    ] {
        let reply = Floor::new().send(routes(), get(path)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{path}");
        assert!(!reply.text().contains("secret"));
    }
    let page = Floor::new().send(routes(), get("/page")).await;
    assert_eq!(page.text(), "<p>no", "a page made for people stays one");
}
