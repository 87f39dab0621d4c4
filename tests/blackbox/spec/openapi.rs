//! openapi.json: whether a request and its answer are what the document says of their route.

use serde_json::Value;
use whot::client::Answer;

use super::schema::Checker;

/// The committed document. That it is what the code says is another test's matter.
pub(crate) struct OpenApi(Value);

impl OpenApi {
    pub(super) fn read() -> Self {
        Self(
            serde_json::from_str(include_str!("../../../ios-api-spec/openapi.json"))
                .expect("openapi.json is JSON"),
        )
    }

    /// Everything in which this exchange is not as documented.
    pub(crate) fn exchange(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        answer: &Answer,
    ) -> Vec<String> {
        let path = path.split('?').next().unwrap_or(path);
        let Some(operation) = self.operation(method, path) else {
            let unknown = matches!(answer.code(), "not_found" | "method_not_allowed");
            return if unknown {
                Vec::new()
            } else {
                vec![format!("{method} {path} is not in the document")]
            };
        };
        let mut faults = self.answer(operation, answer);
        if answer.status < 300
            && let Some(body) = body
        {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            faults.extend(self.check(schema, body).into_iter().map(|fault| format!("the request: {fault}")));
        }
        faults
    }

    /// The schema of that name.
    pub(crate) fn component(&self, name: &str) -> &Value {
        let component = &self.0["components"]["schemas"][name];
        assert!(component.is_object(), "openapi.json has no component {name}");
        component
    }

    /// The answers of a route.
    pub(crate) fn responses(&self, method: &str, path: &str) -> &Value {
        let responses = &self.0["paths"][path][method]["responses"];
        assert!(responses.is_object(), "openapi.json has no {method} {path}");
        responses
    }

    /// The routes with a query parameter of that name, and their answers.
    pub(crate) fn routes_with(&self, parameter: &str) -> Vec<(&str, &Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        let lists = paths.map(|(path, operations)| (path.as_str(), &operations["get"]));
        let takes = |operation: &Value| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.into_iter().any(|one| one["in"] == "query" && one["name"] == parameter)
        };
        lists.filter(|(_, get)| takes(get)).map(|(path, get)| (path, &get["responses"])).collect()
    }

    fn answer(&self, operation: &Value, answer: &Answer) -> Vec<String> {
        let status = answer.status.to_string();
        let Some(response) = operation["responses"].get(&status) else {
            return vec![format!("status {status} is not in the document")];
        };
        let media = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        let mut faults = match (&response["content"], answer.text.is_empty()) {
            (Value::Null, true) => Vec::new(),
            (content, _) => match content.get(media) {
                Some(documented) => self.check(&documented["schema"], &answer.body),
                None => vec![format!("{status} as {media:?} is not in the document")],
            },
        };
        let codes = response["x-codes"].as_array();
        if codes.is_some_and(|codes| !codes.iter().any(|code| code == answer.code())) {
            faults.push(format!("{status} with the code {:?} is not in the document", answer.code()));
        }
        faults
    }

    fn check(&self, schema: &Value, value: &Value) -> Vec<String> {
        if schema.is_null() {
            vec!["no schema is in the document".to_owned()]
        } else {
            Checker { document: &self.0 }.faults(schema, value)
        }
    }

    /// The operation of a path; one without placeholders goes before one with.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let paths = self.0["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        let exact = fitting.min_by_key(|(template, _)| template.matches('{').count());
        exact.and_then(|(_, operations)| operations.get(method.to_ascii_lowercase()))
    }
}

fn fits(template: &str, path: &str) -> bool {
    let same =
        |(wanted, there): (&str, &str)| wanted == there || (wanted.starts_with('{') && !there.is_empty());
    template.split('/').count() == path.split('/').count()
        && template.split('/').zip(path.split('/')).all(same)
}
