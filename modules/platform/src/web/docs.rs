//! The API reference at `/docs`, readable without a network, and the document it shows at `/openapi.json`.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

use super::State;
use super::access::Access;
use super::openapi::Info;
use super::route::{Route, Routes};
use super::table::{Table, TableError};

/// Own script and style, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The document as it is served.
struct Document(Vec<u8>);

impl Table {
    /// The same table with its own reference: `/docs` and `/openapi.json`.
    pub fn with_docs(self, info: &Info) -> Result<Self, TableError> {
        let mut document = serde_json::to_vec_pretty(&self.openapi(info)).unwrap_or_default();
        document.push(b'\n');
        self.with(routes(Arc::new(Document(document))))
    }
}

fn routes(document: Arc<Document>) -> Routes {
    let page = |path, handler: fn() -> std::future::Ready<HttpResponse>| {
        Route::get(path, Access::Process, handler).summary("API reference").hidden()
    };
    Routes::of("process")
        .state(document)
        .add(page("/docs", || asset("text/html; charset=utf-8", include_str!("docs/index.html"))))
        .add(page("/docs/reference.js", || {
            asset("text/javascript; charset=utf-8", include_str!("docs/reference.js"))
        }))
        .add(page("/docs/reference.css", || {
            asset("text/css; charset=utf-8", include_str!("docs/reference.css"))
        }))
        .add(
            Route::get("/openapi.json", Access::Process, serve_document)
                .summary("The OpenAPI document")
                .hidden(),
        )
}

fn asset(media: &'static str, text: &'static str) -> std::future::Ready<HttpResponse> {
    std::future::ready(
        HttpResponse::Ok()
            .content_type(media)
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((CACHE_CONTROL, "public, max-age=300"))
            .body(text),
    )
}

async fn serve_document(document: State<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(document.0.clone())
}
