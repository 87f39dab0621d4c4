//! Requests over HTTP.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

/// What can go wrong for a client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, or it broke.
    #[error("cannot reach the server: {0}")]
    Unreachable(String),
    /// The server answered with a problem.
    #[error("{method} {path}: {status} {code}")]
    Refused {
        /// The request's method.
        method: String,
        /// The request's path.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The problem's stable code.
        code: String,
        /// The whole problem.
        problem: Value,
    },
    /// An answer lacks a member that the API promises.
    #[error("the answer has no {0}")]
    Incomplete(&'static str),
    /// Nothing came in time.
    #[error("nothing came within {0:?}")]
    Silence(Duration),
    /// The server closed the socket.
    #[error("the socket closed with {code}: {reason}")]
    Closed {
        /// The close code; 1006 when the connection simply broke.
        code: u16,
        /// The reason given.
        reason: String,
    },
}

impl ClientError {
    /// Whether the same question may be answered a little later.
    pub fn passes(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            Self::Incomplete(_) => false,
            Self::Unreachable(_) | Self::Silence(_) | Self::Closed { .. } => true,
        }
    }
}

impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        // The URL stays out of the message: an invite code may stand in it.
        Self::Unreachable(error.without_url().to_string())
    }
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: reqwest::header::HeaderMap,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The problem's code, or an empty string.
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// A text member of the body, found by JSON Pointer.
    pub fn text_at(&self, pointer: &'static str) -> Result<String, ClientError> {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.map(str::to_owned).ok_or(ClientError::Incomplete(pointer))
    }
}

/// One server, as seen by one caller.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Api {
    /// A caller who is not signed in; `base` is like `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
        Ok(Self { http, base: base.into(), token: None })
    }

    /// The same server for a caller with this access token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same server for a caller who is not signed in.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The access token, if signed in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Begins a request with any method, signed in or not as this caller is.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and takes whatever comes back.
    pub async fn send(request: reqwest::RequestBuilder) -> Result<Answer, ClientError> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body, text })
    }

    /// A request whose answer may be of any status.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ClientError> {
        let creates = method == Method::POST;
        let mut request = self.request(method, path);
        if creates {
            request = request.header("idempotency-key", fresh_id());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::send(request).await
    }

    /// A GET that must succeed.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.expect(Method::GET, path, None).await
    }

    /// A POST that must succeed.
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer, ClientError> {
        self.expect(Method::POST, path, Some(&body)).await
    }

    /// A PUT that must succeed.
    pub async fn put(&self, path: &str, body: Value) -> Result<Answer, ClientError> {
        self.expect(Method::PUT, path, Some(&body)).await
    }

    /// A DELETE that must succeed.
    pub async fn delete(&self, path: &str) -> Result<Answer, ClientError> {
        self.expect(Method::DELETE, path, None).await
    }

    async fn expect(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, ClientError> {
        let answer = self.call(method.clone(), path, body).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(ClientError::Refused {
            method: method.to_string(),
            path: path.to_owned(),
            status: answer.status,
            code: answer.code().to_owned(),
            problem: answer.body,
        })
    }
}

/// A fresh id for an idempotency key or a command; uniqueness is all it needs.
pub fn fresh_id() -> String {
    use kernel::Random;
    let mut bytes = [0; 16];
    platform::random::OsRandom.fill(&mut bytes);
    let millis = kernel::Clock::now(&platform::clock::SystemClock::new()).unix_millis();
    let mut random = [0; 10];
    random.copy_from_slice(bytes.split_at(10).0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_waited_for_and_what_is_refused_is_not() {
        let refused = |status| ClientError::Refused {
            method: String::new(),
            path: String::new(),
            status,
            code: String::new(),
            problem: Value::Null,
        };
        for (status, later) in
            [(401, false), (403, false), (408, true), (409, false), (429, true), (503, true)]
        {
            assert_eq!(refused(status).passes(), later, "{status}");
        }
        assert!(ClientError::Unreachable(String::new()).passes());
        assert!(ClientError::Silence(Duration::ZERO).passes());
        assert!(!ClientError::Incomplete("all").passes(), "another answer would be no better");
    }
}
