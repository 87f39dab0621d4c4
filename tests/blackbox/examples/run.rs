//! Runs one example: a server of its own, what is given, then each step against the wire.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use whot::client::{Answer, Api, ClientError, Socket};

use super::cast;
use super::pattern::{Known, differences};
use super::transcript::{self, Closed, Deed, Open, Request, Response, Step};
use crate::harness::Server;
use crate::spec::{asyncapi, openapi};

/// How often a request is repeated that waits for something, and how long it pauses in between.
const REPEATS: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);

struct Stage {
    server: Server,
    known: Known,
    sockets: HashMap<String, Socket>,
}

/// Says at which step the wire differs from the example, and how.
pub(super) async fn run(name: &str) -> Result<(), String> {
    let example = transcript::read(name);
    let settings: Vec<(&str, &str)> =
        example.given.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let server = tokio::task::block_in_place(|| Server::start_with(&settings));
    let mut stage = Stage { server, known: Known::default(), sockets: HashMap::new() };
    cast::prepare(&stage.server, &example.given, &mut stage.known).await;
    for (number, step) in (1..).zip(&example.steps) {
        let step_name = step.id.as_deref().unwrap_or("unnamed");
        stage.play(step).await.map_err(|fault| format!("step {number} ({step_name}): {fault}"))?;
    }
    Ok(())
}

impl Stage {
    async fn play(&mut self, step: &Step) -> Result<(), String> {
        let learnt = match step.deed()? {
            Deed::Ask(request, response) if step.until => self.ask_until(request, response).await?,
            Deed::Ask(request, response) => self.ask(request, response).await?,
            Deed::Open(name, open) => self.open(name, open).await?,
            Deed::Refused(open, refusal) => self.refused(open, refusal).await?,
            Deed::Send(name, frame) => self.send(name, frame).await?,
            Deed::Receive(name, frame) => self.receive(name, frame).await?,
            Deed::Closed(name, closed) => self.closed(name, closed).await?,
            Deed::Cut(name) => {
                self.sockets.remove(name).ok_or_else(|| format!("no socket is called {name}"))?.cut();
                Value::Null
            }
        };
        if let Some(id) = &step.id {
            self.known.learn(id, learnt);
        }
        Ok(())
    }

    async fn ask_until(&mut self, request: &Request, response: &Response) -> Result<Value, String> {
        let mut last = self.ask(request, response).await;
        for _ in 0..REPEATS {
            if last.is_ok() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            last = self.ask(request, response).await;
        }
        last
    }

    async fn ask(&mut self, request: &Request, response: &Response) -> Result<Value, String> {
        let path = self.known.fill_str(&request.path)?;
        let body = request.body.as_ref().map(|body| self.known.fill(body)).transpose()?;
        let method: Method = request.method.parse().map_err(|_| format!("no method: {}", request.method))?;
        let mut asked = self.server.api.anonymous().request(method, &path);
        for (name, value) in &request.headers {
            asked = asked.header(name, self.known.fill_str(value)?);
        }
        if let Some(body) = &body {
            asked = asked.json(body);
        }
        let answer = Api::send(asked).await.map_err(|error| error.to_string())?;
        self.compare(response, &answer)?;
        let faults = openapi().exchange(&request.method, &path, body.as_ref(), &answer);
        if faults.is_empty() { Ok(answer.body) } else { Err(format!("openapi.json: {}", faults.join("; "))) }
    }

    fn compare(&mut self, expected: &Response, answer: &Answer) -> Result<(), String> {
        if answer.status != expected.status {
            return Err(format!("status {} instead of {}: {}", answer.status, expected.status, answer.text));
        }
        let mut found = Vec::new();
        for (name, value) in &expected.headers {
            let pattern = Value::String(self.known.fill_str(value)?);
            let got = answer.header(name).map_or(Value::Null, Value::from);
            found.extend(
                differences(&pattern, &got).into_iter().map(|difference| format!("{name}: {difference}")),
            );
        }
        match &expected.body {
            Some(body) => found.extend(differences(&self.known.fill(body)?, &answer.body)),
            None if answer.text.is_empty() => {}
            None => found.push(format!("a body is there and not expected: {}", answer.text)),
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(format!("{}\nthe answer was {}", found.join("\n"), answer.text))
        }
    }

    async fn connect(&mut self, open: &Open) -> Result<Result<Socket, ClientError>, String> {
        let (mut api, mut protocols) = (self.server.api.anonymous(), String::new());
        for (name, value) in &open.headers {
            let value = self.known.fill_str(value)?;
            match name.to_ascii_lowercase().as_str() {
                "authorization" => {
                    let token = value.strip_prefix("Bearer ").ok_or("Authorization is a bearer token")?;
                    api = api.with_token(token);
                }
                "sec-websocket-protocol" => protocols = value,
                _ => return Err(format!("the runner does not know the header {name}")),
            }
        }
        let path = self.known.fill_str(&open.path)?;
        Ok(Socket::connect(&api, &path, &protocols).await)
    }

    async fn open(&mut self, name: &str, open: &Open) -> Result<Value, String> {
        let socket = self.connect(open).await?.map_err(|error| error.to_string())?;
        self.sockets.insert(name.to_owned(), socket);
        Ok(Value::Null)
    }

    async fn refused(&mut self, open: &Open, expected: &Response) -> Result<Value, String> {
        match self.connect(open).await? {
            Ok(_) => Err("the upgrade went through".to_owned()),
            Err(ClientError::Refused { status, problem, .. }) => {
                let body = expected.body.as_ref().ok_or("a refusal has a body")?;
                let found = differences(&self.known.fill(body)?, &problem);
                if status == expected.status && found.is_empty() {
                    return Ok(problem);
                }
                Err(format!("{status}: {}: {problem}", found.join("\n")))
            }
            Err(other) => Err(other.to_string()),
        }
    }

    fn socket(&mut self, name: &str) -> Result<&mut Socket, String> {
        self.sockets.get_mut(name).ok_or_else(|| format!("no socket is called {name}"))
    }

    async fn send(&mut self, name: &str, frame: &Value) -> Result<Value, String> {
        let frame = self.known.fill(frame)?;
        let faults = asyncapi().faults_of_client_frame(&frame);
        if !faults.is_empty() {
            return Err(format!("asyncapi.yaml: {}", faults.join("; ")));
        }
        self.socket(name)?.send(&frame).await.map_err(|error| error.to_string())?;
        Ok(frame)
    }

    /// Frames of one topic are expected in their order; those of different topics may come in any.
    async fn receive(&mut self, name: &str, pattern: &Value) -> Result<Value, String> {
        let pattern = self.known.fill(pattern)?;
        let same = |frame: &Value, member: &str| {
            pattern.get(member).is_none_or(|wanted| frame.get(member) == Some(wanted))
        };
        let wanted =
            |frame: &Value| ["t", "topic", "context", "cid"].into_iter().all(|member| same(frame, member));
        let socket = self.socket(name)?;
        let frame = socket.find(wanted).await.map_err(|error| format!("{error}, waiting for {pattern}"))?;
        let mut faults = differences(&pattern, &frame);
        faults.extend(
            asyncapi()
                .faults_of_server_frame(&frame)
                .into_iter()
                .map(|fault| format!("asyncapi.yaml: {fault}")),
        );
        if faults.is_empty() {
            Ok(frame)
        } else {
            Err(format!("{}\nthe frame was {frame}", faults.join("\n")))
        }
    }

    async fn closed(&mut self, name: &str, expected: &Closed) -> Result<Value, String> {
        let mut socket = self.sockets.remove(name).ok_or_else(|| format!("no socket is called {name}"))?;
        let (code, reason) = socket.closed().await;
        let fits =
            differences(&Value::String(expected.reason.clone()), &Value::String(reason.clone())).is_empty();
        if code == expected.code && fits {
            Ok(Value::Null)
        } else {
            Err(format!("closed with {code} {reason:?}"))
        }
    }
}
