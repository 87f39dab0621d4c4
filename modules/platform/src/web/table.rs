//! The route table of the whole process, checked as a whole and mounted from one place.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, guard, web};

use super::app::Web;
use super::guard::{Guard, count_stray};
use super::problem::Problem;
use super::route::{Provide, Route, Routes};

/// Why a table cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Two routes have the same method and the same path, up to the names of its variables.
    #[error("{method} {path} is declared twice")]
    Twice {
        /// The method.
        method: String,
        /// The path of the second.
        path: &'static str,
    },
    /// A path is not absolute, ends in a slash or has an empty segment.
    #[error("{path} is not a path")]
    NotAPath {
        /// The path.
        path: &'static str,
    },
}

/// All routes of the process.
#[derive(Clone)]
pub struct Table {
    routes: Vec<Route>,
    states: Vec<Provide>,
}

impl Table {
    /// One table of all contexts' routes.
    pub fn new(contexts: impl IntoIterator<Item = Routes>) -> Result<Self, TableError> {
        let mut table = Self { routes: Vec::new(), states: Vec::new() };
        for routes in contexts {
            table = table.with(routes)?;
        }
        Ok(table)
    }

    /// The same table and these routes.
    pub fn with(mut self, routes: Routes) -> Result<Self, TableError> {
        self.routes.extend(routes.iter().cloned());
        self.states.extend(routes.states);
        // Literal segments before variables, so that `/users/me` is never taken for `/users/{id}`.
        self.routes.sort_by(|a, b| {
            (shape(a.path()), a.method().as_str()).cmp(&(shape(b.path()), b.method().as_str()))
        });
        for route in &self.routes {
            let path = route.path();
            let segments = path.strip_prefix('/').ok_or(TableError::NotAPath { path })?;
            if path != "/" && segments.split('/').any(str::is_empty) {
                return Err(TableError::NotAPath { path });
            }
        }
        for (first, second) in self.routes.iter().zip(self.routes.iter().skip(1)) {
            if first.method() == second.method() && shape(first.path()) == shape(second.path()) {
                return Err(TableError::Twice { method: second.method().to_string(), path: second.path() });
            }
        }
        Ok(self)
    }

    /// The routes, in the order in which they are matched.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Mounts every route, and what answers where there is none.
    pub fn mount(&self, web: &Arc<Web>, config: &mut ServiceConfig) {
        config.app_data(Data::from(web.clone()));
        for provide in &self.states {
            provide(config);
        }
        let mut resources: BTreeMap<Vec<Segment<'static>>, Vec<&Route>> = BTreeMap::new();
        for route in &self.routes {
            resources.entry(shape(route.path())).or_default().push(route);
        }
        for routes in resources.values() {
            config.service(resource(routes, web));
        }
        config.default_service(web::to(|request: HttpRequest, web: Data<Web>| async move {
            count_stray(&web, &request)?;
            Err::<HttpResponse, _>(Problem::not_found())
        }));
    }
}

fn resource(routes: &[&Route], web: &Arc<Web>) -> actix_web::Resource {
    let path = routes.first().map_or("/", |route| route.path());
    let allow = allowed(routes);
    let resource = routes.iter().fold(web::resource(path), |resource, route| {
        let guard = Guard { spec: Arc::new(route.spec.clone()), web: web.clone() };
        let matched = actix_web::Route::new().guard(method_guard(route.method().clone()));
        resource.route((route.attach)(matched).wrap(guard))
    });
    resource.default_service(web::to(move |request: HttpRequest, web: Data<Web>| {
        let allow = allow.clone();
        async move {
            count_stray(&web, &request)?;
            if request.method() == Method::OPTIONS {
                return Ok(HttpResponse::NoContent().insert_header((ALLOW, allow)).finish());
            }
            let refused = Problem::of_status(actix_web::http::StatusCode::METHOD_NOT_ALLOWED);
            Err(refused.header(ALLOW, &allow))
        }
    }))
}

/// Whoever answers GET answers HEAD: the transport leaves out the body.
fn method_guard(method: Method) -> impl guard::Guard {
    guard::fn_guard(move |context| {
        let asked = &context.head().method;
        *asked == method || (method == Method::GET && *asked == Method::HEAD)
    })
}

fn allowed(routes: &[&Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method().as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.join(", ")
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Literal(&'a str),
    Variable,
    /// `{tail:.*}`: everything below.
    Rest,
}

fn shape(path: &str) -> Vec<Segment<'_>> {
    path.split('/')
        .map(|segment| match segment {
            _ if segment.ends_with(":.*}") => Segment::Rest,
            _ if segment.contains('{') => Segment::Variable,
            literal => Segment::Literal(literal),
        })
        .collect()
}
