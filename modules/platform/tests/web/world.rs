//! A floor over a manual clock with tokens by name, and a way to send it requests.

use std::sync::Arc;
use std::time::Duration;

use actix_http::Request;
use actix_web::App;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service};
use async_trait::async_trait;
use kernel::id::{AccountId, PersonId, SessionId};
use kernel::{AccountType, Clock, ManualClock, Principal, Role, Roles, SeededRandom, TypedId};
use platform::crypto::{Mac, SecretBytes};
use platform::web::{AuthFailure, Authenticator, Edge, Routes, Table, Web, WebSettings};
use serde_json::Value;

/// Tokens are named after what they are: `player`, `admin`, `expired`, ...
struct NamedTokens(ManualClock);

#[async_trait]
impl Authenticator for NamedTokens {
    async fn authenticate(&self, bearer: &str) -> Result<Principal, AuthFailure> {
        match bearer {
            "expired" => Err(AuthFailure::Expired),
            "revoked" => Err(AuthFailure::Revoked),
            "suspended" => Err(AuthFailure::Suspended),
            "unknowable" => Err(AuthFailure::Unavailable),
            name => {
                let role = name.split('-').next().unwrap_or(name);
                let role: Role = role.parse().map_err(|_| AuthFailure::Invalid)?;
                Ok(principal(name, role, &self.0))
            }
        }
    }
}

/// The principal behind the token `name`; the same each time.
pub(crate) fn principal(name: &str, role: Role, clock: &ManualClock) -> Principal {
    let number = name.bytes().fold(7_u128, |number, byte| number * 131 + u128::from(byte));
    let uuid = uuid::Uuid::from_u128(number);
    Principal {
        account: AccountId::from_uuid(uuid),
        person: PersonId::from_uuid(uuid),
        session: SessionId::from_uuid(uuid),
        account_type: AccountType::Player,
        roles: Roles::NONE.with(role),
        expires_at: clock.now().plus(Duration::from_mins(5)),
        auth_time: clock.now().minus(Duration::from_mins(10)),
    }
}

pub(crate) struct Floor {
    pub(crate) clock: ManualClock,
    pub(crate) web: Arc<Web>,
}

impl Floor {
    pub(crate) fn new() -> Self {
        Self::with(WebSettings::default())
    }

    pub(crate) fn with(settings: WebSettings) -> Self {
        let clock = ManualClock::default();
        let web = Web::new(
            Arc::new(clock.clone()),
            Arc::new(SeededRandom::new(1)),
            Arc::new(NamedTokens(clock.clone())),
            Mac::new(&SecretBytes::from([3; 32])),
            settings,
        );
        Self { clock, web: Arc::new(web) }
    }

    /// The application that the root would serve.
    pub(crate) async fn serve(
        &self,
        routes: Routes,
    ) -> impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> {
        let table = Table::new([routes]).unwrap();
        let web = self.web.clone();
        init_service(
            App::new().wrap(Edge::new(web.clone())).configure(move |config| table.mount(&web, config)),
        )
        .await
    }

    /// One request to an application of its own.
    pub(crate) async fn send(&self, routes: Routes, request: TestRequest) -> Reply {
        let service = self.serve(routes).await;
        reply(&service, request).await
    }
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The code of the problem it is, after checking that it is a complete one.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert_eq!(problem["type"], format!("/docs#{code}"), "{problem}");
        assert!(!problem["title"].as_str().unwrap().is_empty(), "{problem}");
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(self.header("cache-control"), "no-store");
        code
    }
}

pub(crate) async fn reply<S>(service: &S, request: TestRequest) -> Reply
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    // What becomes an answer only outside the application is turned into one here, as the server does.
    let response = match service.call(request.to_request()).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (head, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(bytes) => bytes.to_vec(),
        Err(body) => actix_web::body::to_bytes(body).await.unwrap().to_vec(),
    };
    Reply { status: head.status().as_u16(), headers: head.headers().clone(), body }
}

pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

pub(crate) fn post(path: &str, json: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header(("content-type", "application/json"))
        .set_payload(json.to_owned())
}

pub(crate) fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}
