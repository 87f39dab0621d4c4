//! What an example file may say: what must be there before, and steps one after another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// One file of the folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transcript {
    /// What it shows, for whoever opens it.
    pub(super) about: String,
    #[serde(default)]
    pub(super) given: Given,
    pub(super) steps: Vec<Step>,
}

/// What stands before the first step; how it came about is another example's matter.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Given {
    /// Customers of one distributor, signed in: `{{ada.access_token}}` and so on.
    pub(super) people: Vec<String>,
    /// A fresh invite: `{{invite.code}}`, `{{invite.link}}`.
    pub(super) invite: bool,
    /// A game of the first two people, in which the first begins and holds a plain card that fits: `{{game.id}}`, `{{game.card}}`.
    pub(super) game: bool,
    /// What that game is played by, as it stands in an invite; without it the default rules.
    pub(super) rules: Option<Rules>,
    /// Rounds of it that have been played when the example begins.
    pub(super) finished_rounds: u32,
    /// Settings of the server.
    pub(super) settings: BTreeMap<String, String>,
}

/// The members of an invite that say what is played.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    pub(super) rule_set: Value,
    #[serde(default, rename = "match")]
    pub(super) match_rule: Option<String>,
}

/// One step: a request with its answer, or one thing that happens on a socket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The name under which later steps and the guide refer to it.
    pub(super) id: Option<String>,
    /// A remark for readers.
    #[serde(default, rename = "say")]
    _say: Option<String>,
    pub(super) request: Option<Request>,
    pub(super) response: Option<Response>,
    /// The request is repeated until this is the answer, as an app does that waits for something.
    #[serde(default)]
    pub(super) until: bool,
    pub(super) socket: Option<String>,
    pub(super) open: Option<Open>,
    pub(super) refused: Option<Response>,
    pub(super) send: Option<Value>,
    pub(super) receive: Option<Value>,
    pub(super) closed: Option<Closed>,
    /// The connection breaks without a word.
    #[serde(default)]
    pub(super) cut: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closed {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// What a step does.
pub(super) enum Deed<'a> {
    Ask(&'a Request, &'a Response),
    Open(&'a str, &'a Open),
    Refused(&'a Open, &'a Response),
    Send(&'a str, &'a Value),
    Receive(&'a str, &'a Value),
    Closed(&'a str, &'a Closed),
    Cut(&'a str),
}

impl Step {
    pub(super) fn deed(&self) -> Result<Deed<'_>, String> {
        let socket = self.socket.as_deref();
        let deeds = [
            self.request
                .as_ref()
                .zip(self.response.as_ref())
                .map(|(request, response)| Deed::Ask(request, response)),
            self.open.as_ref().zip(self.refused.as_ref()).map(|(open, refused)| Deed::Refused(open, refused)),
            self.open
                .as_ref()
                .filter(|_| self.refused.is_none())
                .zip(socket)
                .map(|(open, name)| Deed::Open(name, open)),
            self.send.as_ref().zip(socket).map(|(frame, name)| Deed::Send(name, frame)),
            self.receive.as_ref().zip(socket).map(|(frame, name)| Deed::Receive(name, frame)),
            self.closed.as_ref().zip(socket).map(|(closed, name)| Deed::Closed(name, closed)),
            socket.filter(|_| self.cut).map(Deed::Cut),
        ];
        let mut deeds = deeds.into_iter().flatten();
        match (deeds.next(), deeds.next()) {
            (Some(deed), None) => Ok(deed),
            _ => Err("a step is one request with its response, or one deed of one socket".to_owned()),
        }
    }
}

/// The folder of the examples.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ios-api-spec/examples")
}

/// Every file in the folder, by name. A file of another kind would be one that no test runs.
pub(super) fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("the folder of the examples");
    let mut names: Vec<String> = files
        .map(|file| file.expect("a file").file_name().into_string().expect("a plain name"))
        .map(|name| name.strip_suffix(".json").unwrap_or_else(|| panic!("{name} is no example")).to_owned())
        .collect();
    names.sort();
    names
}

/// The file as it is written.
pub(super) fn raw(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).expect("the example");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

pub(super) fn read(name: &str) -> Transcript {
    serde_json::from_value(raw(name)).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}
