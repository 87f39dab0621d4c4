//! One route as its context declares it. The table mounts it, the guard enforces it and the API document shows it:
//! there is no second place that says what a route needs.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{FromRequest, Handler, Responder};
use utoipa::{IntoParams, ToSchema};

use super::access::Access;
use super::limit::Rate;
use super::schema::{Parameters, SchemaSource};

/// Bodies are at most this long unless the route says otherwise.
const BODY_LIMIT: usize = 16 * 1024;
/// Bodies nest at most this deep unless the route says otherwise.
const BODY_DEPTH: usize = 16;
/// What a call may take unless the route says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a route takes an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotent {
    /// The header is ignored: the route is idempotent by itself, or its body carries an id.
    No,
    /// The header may be there.
    Optional,
    /// 400 without the header.
    Required,
}

/// One answer that a route gives when all is well.
#[derive(Debug, Clone)]
pub(crate) struct AnswerSpec {
    pub(crate) status: u16,
    pub(crate) media: &'static str,
    pub(crate) schema: Option<SchemaSource>,
}

/// Everything about a route but its handler.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) module: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) body: Option<SchemaSource>,
    pub(crate) query: Option<Parameters>,
    pub(crate) answers: Vec<AnswerSpec>,
    pub(crate) problems: Vec<(u16, &'static str)>,
    pub(crate) idempotent: Idempotent,
    pub(crate) body_limit: usize,
    pub(crate) body_depth: usize,
    pub(crate) rate: Rate,
    pub(crate) patience: Duration,
    pub(crate) versioned: bool,
    pub(crate) hidden: bool,
}

type Attach = Arc<dyn Fn(actix_web::Route) -> actix_web::Route + Send + Sync>;

/// One route: method, path, what it asks of its caller, its handler, and what the API document says of it.
#[derive(Clone)]
pub struct Route {
    pub(crate) spec: Spec,
    pub(crate) attach: Attach,
}

impl Route {
    /// A route for `GET`, and so for `HEAD`.
    pub fn get<F, Args>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::GET, path, access, handler)
    }

    /// A route for `POST`.
    pub fn post<F, Args>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::POST, path, access, handler)
    }

    /// A route for `PUT`.
    pub fn put<F, Args>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::PUT, path, access, handler)
    }

    /// A route for `PATCH`.
    pub fn patch<F, Args>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::PATCH, path, access, handler)
    }

    /// A route for `DELETE`.
    pub fn delete<F, Args>(path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::DELETE, path, access, handler)
    }

    fn new<F, Args>(method: Method, path: &'static str, access: Access, handler: F) -> Self
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let rate = if method == Method::GET { Rate::Read } else { Rate::Write };
        let spec = Spec {
            module: "",
            method,
            path,
            access,
            summary: "",
            description: "",
            body: None,
            query: None,
            answers: Vec::new(),
            problems: Vec::new(),
            idempotent: Idempotent::No,
            body_limit: BODY_LIMIT,
            body_depth: BODY_DEPTH,
            rate,
            patience: PATIENCE,
            versioned: false,
            hidden: false,
        };
        Self { spec, attach: Arc::new(move |route| route.to(handler.clone())) }
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.spec.summary = summary;
        self
    }

    /// What a caller should know beyond the summary.
    #[must_use]
    pub fn describe(mut self, description: &'static str) -> Self {
        self.spec.description = description;
        self
    }

    /// Takes a JSON body of this shape.
    #[must_use]
    pub fn body<T: ToSchema>(mut self) -> Self {
        self.spec.body = Some(SchemaSource::of::<T>());
        self
    }

    /// Takes these query parameters.
    #[must_use]
    pub fn query<T: IntoParams>(mut self) -> Self {
        self.spec.query = Some(Parameters::of::<T>());
        self
    }

    /// Answers JSON of this shape with this status. May be said several times.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, status: u16) -> Self {
        let schema = Some(SchemaSource::of::<T>());
        self.spec.answers.push(AnswerSpec { status, media: "application/json", schema });
        self
    }

    /// Answers something that is not JSON.
    #[must_use]
    pub fn answers_as(mut self, status: u16, media: &'static str) -> Self {
        self.spec.answers.push(AnswerSpec { status, media, schema: None });
        self
    }

    /// Answers 204.
    #[must_use]
    pub fn answers_nothing(self) -> Self {
        self.answers_as(204, "")
    }

    /// Can fail with this status and code, beyond what every route of its kind can (see `openapi`).
    #[must_use]
    pub fn problem(mut self, status: u16, code: &'static str) -> Self {
        self.spec.problems.push((status, code));
        self
    }

    /// Takes an `Idempotency-Key`.
    #[must_use]
    pub fn idempotent(mut self, idempotent: Idempotent) -> Self {
        self.spec.idempotent = idempotent;
        self
    }

    /// Refuses bodies longer than this many bytes. 16 KiB unless said.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.spec.body_limit = bytes;
        self
    }

    /// Refuses bodies that nest deeper than this. 16 unless said.
    #[must_use]
    pub fn body_depth(mut self, levels: usize) -> Self {
        self.spec.body_depth = levels;
        self
    }

    /// Counts against this class of limits. `Read` for GET and `Write` for the others unless said.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.spec.rate = rate;
        self
    }

    /// The deadline that calls made for this route carry. 10 s unless said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.spec.patience = patience;
        self
    }

    /// The resource carries an `ETag`; a write takes `If-Match`.
    #[must_use]
    pub fn versioned(mut self) -> Self {
        self.spec.versioned = true;
        self
    }

    /// Stays out of the API document.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.spec.hidden = true;
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.spec.method
    }

    /// The path pattern, for example `/api/v1/games/{game_id}`.
    pub fn path(&self) -> &'static str {
        self.spec.path
    }

    /// What it asks of its caller.
    pub fn access(&self) -> Access {
        self.spec.access
    }

    /// The context it belongs to.
    pub fn module(&self) -> &'static str {
        self.spec.module
    }

    /// Whether it takes an `Idempotency-Key`.
    pub fn idempotency(&self) -> Idempotent {
        self.spec.idempotent
    }
}

pub(crate) type Provide = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// The routes of one context, with the state their handlers take.
#[derive(Clone)]
pub struct Routes {
    module: &'static str,
    rows: Vec<Route>,
    pub(crate) states: Vec<Provide>,
}

impl Routes {
    /// The routes of the context with this name; none yet.
    pub fn of(module: &'static str) -> Self {
        Self { module, rows: Vec::new(), states: Vec::new() }
    }

    /// Gives handlers of this context `State<T>`. Each context has a state type of its own.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, state: Arc<T>) -> Self {
        self.states.push(Arc::new(move |config| {
            config.app_data(Data::from(state.clone()));
        }));
        self
    }

    /// Adds a route.
    #[allow(clippy::should_implement_trait, reason = "it adds a row to a table; there is nothing to sum")]
    #[must_use]
    pub fn add(mut self, mut route: Route) -> Self {
        route.spec.module = self.module;
        self.rows.push(route);
        self
    }

    /// Adds another table; its routes keep their own context's name.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.states.extend(other.states);
        self
    }

    /// The routes, as declared.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.rows.iter()
    }
}
