//! What several bodies have in common, and how it is checked on its way in.

use platform::web::{Client, Problem};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::domain::email::Email;
use crate::domain::session::Device;
use crate::domain::username::Username;

/// A text that is kept out of logs and wiped after use.
pub(super) struct Secret(pub(super) SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// The device that somebody signs in on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceBody {
    /// Chosen and kept by the client: 1 to 64 of `A-Z a-z 0-9 . _ -`. Instead of the header `X-Device-Id`.
    #[schema(max_length = 64)]
    id: Option<String>,
    /// What its owner calls it.
    #[schema(max_length = 80)]
    name: Option<String>,
}

/// The device of a request: what its body says, else its headers.
pub(super) fn device(body: Option<DeviceBody>, client: Client) -> Result<Device, Problem> {
    let (id, name) = body.map_or((None, None), |body| (body.id, body.name));
    if id.as_ref().is_some_and(|id| !is_device_id(id)) {
        return Err(invalid("/device/id", "1 to 64 of A-Z a-z 0-9 . _ -"));
    }
    let clean = |name: &String| name.chars().count() <= 80 && !name.chars().any(char::is_control);
    if name.as_ref().is_some_and(|name| !clean(name)) {
        return Err(invalid("/device/name", "At most 80 characters, none of them a control character."));
    }
    Ok(Device { id: id.or(client.device), name, user_agent: client.user_agent })
}

fn is_device_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// A username, or which field is wrong.
pub(super) fn username(text: &str) -> Result<Username, Problem> {
    let rule = "3 to 32 characters of A-Z a-z 0-9 _ . -, beginning with a letter or digit.";
    text.parse().map_err(|_| invalid("/username", rule))
}

/// An email address, or which field is wrong.
pub(super) fn email(text: Option<String>) -> Result<Option<Email>, Problem> {
    text.map(|text| text.parse().map_err(|_| invalid("/email", "Not an email address."))).transpose()
}

/// A short text for staff, or which field is wrong.
pub(super) fn label(text: Option<String>, pointer: &'static str) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > 80 || text.chars().any(char::is_control) => {
            Err(invalid(pointer, "At most 80 characters, none of them a control character."))
        }
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

/// A reason code for the audit log: no free text ever gets there.
pub(super) fn reason(text: String) -> Result<String, Problem> {
    let code = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if code { Ok(text) } else { Err(invalid("/reason", "A reason code: 1 to 64 of a-z 0-9 _.")) }
}

fn invalid(pointer: &'static str, detail: &'static str) -> Problem {
    Problem::invalid("invalid_request")
        .detail("A field is not acceptable.")
        .pointer(pointer, "invalid", detail)
}
