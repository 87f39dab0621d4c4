//! The OpenAPI 3.1 document, made from the route table alone. The same table gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::access::Access;
use super::limit::Rate;
use super::problem::PROBLEM_JSON;
use super::route::{AnswerSpec, Idempotent, Spec};
use super::schema::SchemaSource;
use super::table::Table;

/// What the document says of the whole.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// The title.
    pub title: &'static str,
    /// The version of the API.
    pub version: &'static str,
    /// A few sentences for whoever opens it.
    pub description: &'static str,
}

impl Table {
    /// The document. Hidden routes are left out.
    pub fn openapi(&self, info: &Info) -> Value {
        let mut components = Components::default();
        let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let mut tags = BTreeSet::new();
        for spec in self.iter().map(|route| &route.spec).filter(|spec| !spec.hidden) {
            let method = spec.method.as_str().to_ascii_lowercase();
            paths.entry(spec.path).or_default().insert(method, operation(spec, &mut components));
            tags.insert(spec.module);
        }
        let tags: Vec<Value> = tags.into_iter().map(|tag| json!({ "name": tag })).collect();
        sorted(json!({
            "openapi": "3.1.0",
            "info": { "title": info.title, "version": info.version, "description": info.description },
            "servers": [{ "url": "/" }],
            "tags": tags,
            "paths": paths,
            "components": {
                "schemas": components.schemas(),
                "securitySchemes": {
                    "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }
                }
            }
        }))
    }
}

#[derive(Default)]
struct Components(BTreeMap<String, Value>);

impl Components {
    /// Remembers the type and all it is made of, and gives the reference to it.
    fn reference(&mut self, source: &SchemaSource) -> Value {
        let name = (source.name)().into_owned();
        let mut parts = vec![(name.clone(), (source.schema)())];
        (source.parts)(&mut parts);
        for (part, schema) in parts {
            let schema = serde_json::to_value(schema).unwrap_or_default();
            self.0.entry(part).or_insert(schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    fn schemas(mut self) -> BTreeMap<String, Value> {
        self.0.insert("Problem".to_owned(), problem_schema());
        self.0
    }
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457. `code` is stable; `errors` points into the body, or names a query parameter, header or path segment.",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": { "type": "string", "pattern": "^[a-z0-9_]+$" },
            "detail": { "type": "string" },
            "request_id": { "type": "string" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "JSON Pointer (RFC 6901)" },
                        "in": { "type": "string", "enum": ["query", "header", "path"] },
                        "code": { "type": "string" },
                        "detail": { "type": "string" }
                    }
                }
            }
        }
    })
}

fn operation(spec: &Spec, components: &mut Components) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), operation_id(spec).into());
    operation.insert("tags".into(), json!([spec.module]));
    operation.insert("summary".into(), spec.summary.into());
    if !spec.description.is_empty() {
        operation.insert("description".into(), spec.description.into());
    }
    let parameters = parameters(spec);
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = &spec.body {
        let schema = components.reference(body);
        operation.insert(
            "requestBody".into(),
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }
    operation.insert("responses".into(), responses(spec, components));
    operation.insert("security".into(), security(spec.access));
    access_extensions(spec, &mut operation);
    Value::Object(operation)
}

fn security(access: Access) -> Value {
    match access {
        Access::Public | Access::Process => json!([]),
        Access::Optional(_) => json!([{}, { "bearer": [] }]),
        Access::Permission(_) | Access::AnyOf(_) | Access::Upgrade(_) => json!([{ "bearer": [] }]),
    }
}

fn access_extensions(spec: &Spec, operation: &mut Map<String, Value>) {
    let permissions: Vec<&str> =
        spec.access.permissions().iter().map(|permission| permission.as_str()).collect();
    let kind = match spec.access {
        Access::Public => "public",
        Access::Process => "process",
        Access::Optional(_) => "optional",
        Access::Permission(_) | Access::AnyOf(_) => "permission",
        Access::Upgrade(_) => "upgrade",
    };
    operation.insert("x-access".into(), kind.into());
    if !permissions.is_empty() {
        operation.insert("x-permission".into(), permissions.into());
    }
    operation.insert("x-rate-class".into(), spec.rate.as_str().into());
    if spec.body.is_some() {
        operation.insert("x-body-limit".into(), spec.body_limit.into());
    }
}

/// `GET /api/v1/games/{game_id}/play` is `get_games_game_id_play`.
fn operation_id(spec: &Spec) -> String {
    let path = spec.path.strip_prefix("/api/v1").unwrap_or(spec.path);
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let method = spec.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn parameters(spec: &Spec) -> Vec<Value> {
    let mut parameters: Vec<Value> = path_variables(spec.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if let Some(query) = spec.query {
        parameters.extend((query.0)().iter().filter_map(|parameter| serde_json::to_value(parameter).ok()));
    }
    if spec.idempotent != Idempotent::No {
        parameters.push(header(
            "Idempotency-Key",
            spec.idempotent == Idempotent::Required,
            "Chosen by the client, kept when it tries again; remembered for 24 hours.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
        ));
    }
    if spec.versioned && spec.method != actix_web::http::Method::GET {
        parameters.push(header("If-Match", true, "The `ETag` that was read.", json!({ "type": "string" })));
    }
    parameters
}

#[allow(clippy::needless_pass_by_value, reason = "the schema is written where it is used")]
fn header(name: &str, required: bool, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema })
}

fn path_variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next())
}

fn responses(spec: &Spec, components: &mut Components) -> Value {
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for answer in &spec.answers {
        responses.insert(answer.status.to_string(), answered(spec, answer, components));
    }
    for (status, codes) in problems(spec) {
        let codes: Vec<&str> = codes.into_iter().collect();
        responses.insert(
            status.to_string(),
            json!({
                "description": codes.join(", "),
                "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
                "x-codes": codes,
            }),
        );
    }
    json!(responses)
}

fn answered(spec: &Spec, answer: &AnswerSpec, components: &mut Components) -> Value {
    let description = match answer.status {
        101 => "Switching protocols",
        201 => "Created",
        202 => "Accepted",
        204 => "Done",
        304 => "Not modified",
        _ => "OK",
    };
    let mut response = Map::from_iter([("description".to_owned(), description.into())]);
    let mut headers = Map::new();
    if matches!(answer.status, 201 | 202) {
        headers.insert("Location".into(), json!({ "schema": { "type": "string" } }));
    }
    if spec.versioned && answer.status == 200 {
        headers.insert("ETag".into(), json!({ "schema": { "type": "string" } }));
    }
    if !headers.is_empty() {
        response.insert("headers".into(), headers.into());
    }
    if let Some(schema) = &answer.schema {
        let schema = components.reference(schema);
        response.insert("content".into(), json!({ answer.media: { "schema": schema } }));
    } else if !answer.media.is_empty() {
        response.insert("content".into(), json!({ answer.media: { "schema": { "type": "string" } } }));
    }
    Value::Object(response)
}

/// What the route can fail with: what it declares, and what the floor does for every route of its kind.
fn problems(spec: &Spec) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut problems: BTreeMap<u16, BTreeSet<&'static str>> = BTreeMap::new();
    let mut add = |status: u16, code: &'static str| {
        problems.entry(status).or_default().insert(code);
    };
    if spec.access.needs_credential() || matches!(spec.access, Access::Optional(_)) {
        for code in ["unauthenticated", "token_expired", "session_revoked"] {
            add(401, code);
        }
        add(400, "invalid_request");
        add(403, "forbidden");
        add(403, "account_suspended");
    }
    if spec.path.contains('{') {
        add(404, "not_found");
    }
    if spec.body.is_some() {
        add(400, "malformed_json");
        add(408, "request_timeout");
        add(413, "payload_too_large");
        add(415, "unsupported_media_type");
        add(422, "invalid_request");
        add(422, "unknown_field");
    }
    if spec.query.is_some() {
        add(400, "invalid_request");
        add(400, "unknown_field");
    }
    if spec.idempotent != Idempotent::No {
        add(400, "invalid_idempotency_key");
        add(409, "idempotency_in_flight");
        add(422, "idempotency_key_reused");
    }
    if spec.idempotent == Idempotent::Required {
        add(400, "idempotency_key_required");
    }
    if spec.versioned && spec.method != actix_web::http::Method::GET {
        add(412, "stale");
        add(428, "precondition_required");
    }
    if spec.rate != Rate::Unlimited {
        add(429, "rate_limited");
    }
    add(500, "internal");
    if spec.access != Access::Process {
        add(503, "unavailable");
    }
    for (status, code) in &spec.problems {
        add(*status, code);
    }
    problems
}

/// Members in alphabetical order, whatever order the JSON library keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().collect();
            Value::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        scalar => scalar,
    }
}
