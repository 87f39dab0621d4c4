//! The HTTP side of the process: one table of routes from all contexts, the live socket, the listener.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{Data, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use kernel::Permission;
use platform::health::{self, Checks};
use platform::live::Door;
use platform::web::{Access, Edge, Info, Problem, Rate, Route, Routes, Table, TableError, Web};
use serde_json::Value;

const INFO: Info = Info {
    title: "Whot",
    version: env!("CARGO_PKG_VERSION"),
    description: "Live WHOT with an invite-only network around it. Errors are RFC 9457 problems with a stable `code`; \
                  what happens live comes over the socket described in asyncapi.yaml.",
};

/// All routes, with their state.
pub(crate) fn table(
    contexts: Vec<Routes>,
    door: Arc<Door>,
    checks: Arc<Checks>,
) -> Result<Table, TableError> {
    let mut all = contexts;
    all.push(live_routes().state(door));
    all.push(health::routes(checks));
    Table::new(all)?.with_docs(&INFO)
}

/// The document of all routes; nothing is started for it.
pub(crate) fn openapi() -> Result<Value, TableError> {
    let contexts = [identity::routes(), customer::routes(), game::routes(), live_routes(), health::table()];
    Ok(Table::new(contexts)?.openapi(&INFO))
}

fn live_routes() -> Routes {
    Routes::of("live").add(
        Route::get("/api/v1/live", Access::Upgrade(Permission::LiveConnect), upgrade)
            .summary("One socket for every topic (WebSocket, protocol whot.v1)")
            .describe("Bearer token, or a one-use ticket offered as Sec-WebSocket-Protocol `whot.ticket.<ticket>` beside `whot.v1`.")
            .answers_as(101, "")
            .rate(Rate::Live),
    )
}

async fn upgrade(request: HttpRequest, payload: Payload, door: Data<Door>) -> Result<HttpResponse, Problem> {
    door.upgrade(&request, payload, None).await
}

/// Binds the listener and starts answering; the caller runs the server and stops it.
pub(crate) fn listen(
    address: &str,
    workers: usize,
    web: Arc<Web>,
    table: Arc<Table>,
) -> std::io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    let local = listener.local_addr()?;
    let mut server = HttpServer::new(move || {
        let (web, table) = (web.clone(), table.clone());
        App::new().wrap(Edge::new(web.clone())).configure(move |config| table.mount(&web, config))
    })
    .tcp_nodelay(true)
    .keep_alive(std::time::Duration::from_secs(75))
    .client_request_timeout(std::time::Duration::from_secs(5))
    .client_disconnect_timeout(std::time::Duration::from_secs(1))
    .disable_signals()
    .shutdown_timeout(20);
    if workers > 0 {
        server = server.workers(workers);
    }
    Ok((server.listen(listener)?.run(), local))
}
