//! The two documents of `ios-api-spec` that machines read, as something to hold real traffic against.

mod asyncapi;
mod openapi;
mod schema;
mod traffic;

use std::sync::LazyLock;

pub(crate) use asyncapi::AsyncApi;
pub(crate) use openapi::OpenApi;

/// asyncapi.yaml, read once.
pub(crate) fn asyncapi() -> &'static AsyncApi {
    static DOCUMENT: LazyLock<AsyncApi> = LazyLock::new(AsyncApi::read);
    &DOCUMENT
}

/// openapi.json, read once.
pub(crate) fn openapi() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(OpenApi::read);
    &DOCUMENT
}
